/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks polkit whether a client may connect. It names the client's own process, so that polkit prompts at the agent of
 * that user. The consequences for the client's connection do not belong here.
 */
#pragma once

#include <gio/gio.h>

#include "remote/client-process.h"
#include "rpc/poll.h"

/* The actions that libvirt's own daemons check (libvirt src/remote/libvirtd.policy). */
#define REMOTE_POLKIT_MANAGE "org.libvirt.unix.manage"
#define REMOTE_POLKIT_MONITOR "org.libvirt.unix.monitor"

typedef enum {
    REMOTE_POLKIT_YES,
    REMOTE_POLKIT_NO,
    REMOTE_POLKIT_NO_AGENT,  /* polkit would have to ask the user, and no agent is there */
    REMOTE_POLKIT_DISMISSED, /* the user cancelled the prompt */
    REMOTE_POLKIT_FAILED,    /* polkit did not answer */
} RemotePolkitAnswer;

/* @message: the reason, with REMOTE_POLKIT_FAILED; else NULL */
typedef void (*RemotePolkitFunc)(RemotePolkitAnswer answer, const char *message, gpointer data);

/* Begins to connect to the system bus at the start of virtccwd, while the process has descriptors left. */
void remote_polkit_prepare(RpcPoll *poll);

/* Closes the connection to the system bus, after the last check, and before the poll is freed. */
void remote_polkit_end(void);

/**
 * remote_polkit_check:
 * @action: the polkit action to check for the client
 * @func: called once, from the main loop and not from within this function, when polkit has answered; or with
 * REMOTE_POLKIT_FAILED soon after @cancellable is cancelled
 *
 * Begins to check whether @process may do @action.
 */
void remote_polkit_check(RpcPoll *poll, const RemoteClientProcess *process, const char *action,
                         GCancellable *cancellable, RemotePolkitFunc func, gpointer data);
