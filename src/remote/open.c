/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/open.h"

#include <libvirt/libvirt.h>
#include <string.h>

#include "rpc/xdr.h"
#include "util/error.h"

#define URI_SHOWN_MAX 100 /* bytes of a URI in an error */

/*
 * libvirtd's own drivers check access for each call. virtccwd trusts the answers of the drivers in trusted_uris only.
 *
 * libvirtd also connects, as root, to any other libvirt that a client names (qemu+unix:///system?socket=...). The other
 * libvirt may be a program of the client's own, which answers virtccwd's questions as it likes; or it may be libvirtd's
 * or virtccwd's own socket, where the client would then be root. Therefore only root may name another libvirt. For
 * other users the client's library itself resolves such a URI.
 *
 * The test driver checks no access. qemu:///session is the same driver as qemu:///system if libvirt runs as root.
 * virtqemud has no node device driver, and connects as root to virtnodedevd for nodedev:///system. virtccwd cannot
 * distinguish virtqemud from libvirtd, which has the driver, so it trusts that URI for root only.
 */
#define NODE_DEVICES_URI "nodedev:///system"
static const char *const trusted_uris[] = { "qemu:///system", "qemu:///session" };

gboolean remote_open_is_trusted(const char *uri, gboolean is_root)
{
    for (gsize i = 0; i < G_N_ELEMENTS(trusted_uris); i++)
        if (strcmp(uri, trusted_uris[i]) == 0)
            return TRUE;
    return is_root && strcmp(uri, NODE_DEVICES_URI) == 0;
}

/*
 * Returns: whether a URI names a driver, but no transport, host or parameters. Any other URI may lead to the remote
 * driver. libvirt decodes escaped characters, and so would open a trusted URI that remote_open_is_trusted() does not
 * recognise.
 */
static gboolean is_plain(const char *uri)
{
    gsize scheme = strspn(uri, "abcdefghijklmnopqrstuvwxyz");

    return uri[0] == '\0' || (scheme > 0 && g_str_has_prefix(uri + scheme, ":///") && !strpbrk(uri, "?#%"));
}

/* The arguments of CONNECT_OPEN are a name and flags. */
gboolean remote_open_read(RemoteOpenArguments *ret_arguments, const guint8 *payload, gsize length, gboolean is_root,
                          GError **error)
{
    RpcXdrReader reader;
    g_autofree char *uri = NULL;
    const char *text = NULL;
    gsize text_length = 0;
    gboolean is_default;
    guint32 flags;

    rpc_xdr_reader_init(&reader, payload, length);
    if (rpc_xdr_read_present(&reader))
        text = rpc_xdr_read_string(&reader, &text_length);
    uri = text ? g_strndup(text, text_length) : g_strdup("");
    flags = rpc_xdr_read_u32(&reader);
    if (!is_root && (reader.failed || strlen(uri) != text_length || !is_plain(uri))) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "only root may have libvirt connect to '%.*s': name a driver of this host, such as "
                    "qemu:///system, or connect to the other libvirt yourself",
                    URI_SHOWN_MAX, uri);
        return FALSE;
    }
    is_default = uri[0] == '\0';
    *ret_arguments = (RemoteOpenArguments){
        .is_default = is_default,
        .is_elsewhere = reader.failed || !(is_default || remote_open_is_trusted(uri, is_root)),
        .is_readonly = (flags & VIR_CONNECT_RO) != 0,
    };
    return TRUE;
}
