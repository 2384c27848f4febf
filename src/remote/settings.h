/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtccwd's settings: who may connect, and how many clients. Their names, syntax and defaults are those of
 * libvirtd.conf.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef enum {
    REMOTE_AUTH_NONE,   /* virtccwd lets every client in that can connect to the socket */
    REMOTE_AUTH_POLKIT, /* virtccwd asks polkit, except for root */
} RemoteAuth;

typedef struct {
    char *unix_sock_dir;   /* NULL: not given */
    char *unix_sock_group; /* NULL: not given */
    guint unix_sock_perms[2];
    RemoteAuth auth_unix[2]; /* for the read-write socket, then for the read-only one */
    guint max_clients;
    guint max_queued_clients;
    guint max_anonymous_clients; /* 0: no limit */
    guint max_user_clients;      /* for a user other than root; 0: a quarter of max_clients. Not in libvirtd.conf */
} RemoteSettings;

/* Returns: settings with the defaults. */
RemoteSettings *remote_settings_new(void);
void remote_settings_free(RemoteSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RemoteSettings, remote_settings_free)

/**
 * remote_settings_parse:
 * @text: the content of a file
 * @name: its name, for messages
 *
 * Returns: FALSE and CCW_ERROR_INVALID, whose message has the line and the word.
 */
gboolean remote_settings_parse(RemoteSettings *settings, const char *text, const char *name, GError **error);

/* As remote_settings_parse(), for a file. Errors also: CCW_ERROR_NOT_FOUND, CCW_ERROR_DENIED, CCW_ERROR_SYSTEM. */
gboolean remote_settings_load(RemoteSettings *settings, const char *path, GError **error);
