/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/calls/attach-answer.h"

#include <libvirt/virterror.h>

#include "conf/uuid.h"
#include "rpc/rpc-error.h"

/*
 * Returns: whether libvirt does not find the mediated device. The device may also have gone while libvirt read it
 * (src/util/virmdev.c), because another process detached it or rolled its attach back.
 */
static gboolean is_missing(const RpcError *error, const char *uuid)
{
    g_autofree char *inside = g_strdup_printf("/sys/bus/mdev/devices/%s/", uuid);

    if (error->code == VIR_ERR_DEVICE_MISSING)
        return rpc_error_mentions(error, uuid);
    return error->code == VIR_ERR_SYSTEM_ERROR && rpc_error_mentions(error, inside);
}

/* Returns: the device that libvirt does not find, or NULL if the error has another reason. */
static const ConfHostdev *find_missing(const GArray *hostdevs, const RpcError *error)
{
    const ConfHostdev *found = NULL;

    for (guint i = 0; i < hostdevs->len; i++) {
        const ConfHostdev *hostdev = &g_array_index(hostdevs, ConfHostdev, i);
        char uuid[CONF_UUID_STR_LEN];

        if (is_missing(error, conf_uuid_encode(&hostdev->source, uuid)))
            found = hostdev;
    }
    return found;
}

/*
 * libvirt says "Mediated host device assignment requires VFIO support". Every unsupported configuration has the same
 * code and domain, so the name in the text decides. virtccwd's own message names the missing module.
 */
static gboolean is_no_vfio(const RpcError *error)
{
    return error->code == VIR_ERR_CONFIG_UNSUPPORTED && rpc_error_mentions(error, "VFIO");
}

/*
 * libvirt recognises a device that is attached twice by its guest address, and names only the address. Every error of
 * the XML has the same code and domain. In another language the text may lack these words: the client then gets
 * libvirt's own message.
 */
static gboolean is_duplicate(const RpcError *error)
{
    return error->code == VIR_ERR_XML_ERROR && rpc_error_mentions(error, "CCW devno");
}

RemoteAttachAnswer remote_attach_answer(const RpcHeader *header, const guint8 *payload, gsize length,
                                        const GArray *hostdevs, ConfHostdev *ret_missing)
{
    RemoteAttachAnswer answer = REMOTE_ATTACH_REJECTED;
    const ConfHostdev *missing;
    RpcError error;

    if (header->status == RPC_STATUS_OK)
        return REMOTE_ATTACH_ACCEPTED;
    if (!rpc_error_decode(&error, payload, length))
        return REMOTE_ATTACH_REJECTED;
    missing = find_missing(hostdevs, &error);
    if (missing) {
        *ret_missing = *missing;
        answer = REMOTE_ATTACH_MISSING;
    } else if (is_no_vfio(&error)) {
        answer = REMOTE_ATTACH_NO_VFIO;
    } else if (is_duplicate(&error)) {
        answer = REMOTE_ATTACH_DUPLICATE;
    }
    rpc_error_clear(&error);
    return answer;
}

/*
 * libvirt's error number differs between versions, so this function searches for the element's name. Before the access
 * check, an error names at most the domain.
 */
gboolean remote_attach_is_past_access(const RpcHeader *header, const guint8 *payload, gsize length, const char *element)
{
    RpcError error;
    gboolean is_past;

    if (header->status != RPC_STATUS_ERROR || !rpc_error_decode(&error, payload, length))
        return header->status == RPC_STATUS_OK;
    is_past = error.code != VIR_ERR_NO_DOMAIN && error.code != VIR_ERR_ACCESS_DENIED &&
              error.code != VIR_ERR_OPERATION_DENIED && rpc_error_mentions(&error, element);
    rpc_error_clear(&error);
    return is_past;
}
