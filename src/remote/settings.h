/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtccwd's settings, in the words and the syntax of libvirtd.conf, with its defaults: who may connect, and how many.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef enum {
    CCW_AUTH_NONE,   /* whoever may connect to the socket is let in */
    CCW_AUTH_POLKIT, /* but for root, polkit decides */
} CcwAuth;

typedef struct {
    char *unix_sock_dir;   /* NULL: not given */
    char *unix_sock_group; /* NULL: not given */
    guint unix_sock_perms[2];
    CcwAuth auth_unix[2]; /* of the read-write socket, then of the read-only one */
    guint max_clients;
    guint max_queued_clients;
    guint max_anonymous_clients; /* 0: no limit */
    guint max_user_clients;      /* of one user other than root; 0: a quarter of max_clients. Not one of libvirtd's */
} CcwSettings;

CcwSettings *ccw_settings_new(void);
void ccw_settings_free(CcwSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwSettings, ccw_settings_free)

/* text: of a file; name: its name, for messages. Errors: CCW_ERROR_INVALID, with the line and the word. */
gboolean ccw_settings_parse(CcwSettings *settings, const char *text, const char *name, GError **error);

/* The same of a file. Errors besides: CCW_ERROR_NOT_FOUND, CCW_ERROR_DENIED, CCW_ERROR_SYSTEM. */
gboolean ccw_settings_load(CcwSettings *settings, const char *path, GError **error);
