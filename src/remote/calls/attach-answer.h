/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Interprets libvirt's answer to an attach. libvirt's protocol has one number for many errors, and names the device
 * only in the texts. So these functions rely on a number only together with a name or a path that virtccwd has sent or
 * knows.
 */
#pragma once

#include "conf/conf.h"
#include "rpc/wire.h"

typedef enum {
    REMOTE_ATTACH_ACCEPTED,
    REMOTE_ATTACH_REJECTED,  /* for a reason to be reported to the client */
    REMOTE_ATTACH_MISSING,   /* libvirt does not find the mediated device of one of the devices */
    REMOTE_ATTACH_NO_VFIO,   /* libvirt does not find the kernel's support for VFIO */
    REMOTE_ATTACH_DUPLICATE, /* another device of the domain has the guest address */
} RemoteAttachAnswer;

/**
 * remote_attach_answer:
 * @hostdevs: of ConfHostdev: the devices of the call
 * @ret_missing: with REMOTE_ATTACH_MISSING: the device
 *
 * Interprets libvirt's reply to an attach.
 */
RemoteAttachAnswer remote_attach_answer(const RpcHeader *header, const guint8 *payload, gsize length,
                                        const GArray *hostdevs, ConfHostdev *ret_missing);

/**
 * remote_attach_is_past_access:
 * @element: name of the element in the call, which libvirt does not know
 *
 * Returns: whether libvirt's access check has accepted the client.
 */
gboolean remote_attach_is_past_access(const RpcHeader *header, const guint8 *payload, gsize length,
                                      const char *element);
