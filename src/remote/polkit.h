/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks polkit whether a client may connect, about the client's own process, so that a prompt finds its user's agent.
 * What the answer means for the client's connection does not belong here.
 */
#pragma once

#include <gio/gio.h>

#include "remote/peer.h"
#include "rpc/poll.h"

/* What libvirt's own daemons ask (libvirt src/remote/libvirtd.policy). */
#define CCW_POLKIT_MANAGE "org.libvirt.unix.manage"
#define CCW_POLKIT_MONITOR "org.libvirt.unix.monitor"

typedef enum {
    CCW_POLKIT_YES,
    CCW_POLKIT_NO,
    CCW_POLKIT_NO_AGENT,  /* the user would have to be asked, and no agent is there to do it */
    CCW_POLKIT_DISMISSED, /* the user did not want to be asked */
    CCW_POLKIT_FAILED,    /* polkit does not answer */
} CcwPolkitAnswer;

/* message: with CCW_POLKIT_FAILED why; else NULL. */
typedef void (*CcwPolkitFunc)(CcwPolkitAnswer answer, const char *message, gpointer data);

/* Begins to connect to the system bus now, while there are descriptors for it. */
void ccw_polkit_prepare(CcwPoll *poll);

/*
 * func is called once, from the main loop and not from within this function: as long as a person takes to answer; soon
 * after cancellable is cancelled, with CCW_POLKIT_FAILED.
 */
void ccw_polkit_check(CcwPoll *poll, const CcwPeer *peer, const char *action, GCancellable *cancellable,
                      CcwPolkitFunc func, gpointer data);
