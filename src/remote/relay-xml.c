/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/relay-xml.h"

#include <string.h>

#include "conf/conf.h"
#include "conf/nodedev.h"
#include "remote/rewrite.h"
#include "rpc/rpc-error.h"
#include "util/error.h"
#include "util/log.h"

/* A reply's XML contains one of these words if virtccwd has to raise it, or to advertise a device in it. */
static const char *const domain_words[] = { "hostdev", "s390-map-css" };
static const char *const node_words[] = { "devno" };
/* The digits in all UUIDs of ours (conf/uuid.h). The letters around them may be upper or lower case. */
#define UUID_DIGITS "390000-0001-8000-8000-000"

/*
 * Every REPLY of these programs with status ERROR has the same payload; so has the frame that ends a stream with an
 * error.
 */
gboolean remote_relay_has_error(const RpcHeader *header)
{
    return (header->type == RPC_TYPE_REPLY || header->type == RPC_TYPE_STREAM) && header->status == RPC_STATUS_ERROR &&
           (header->program == RPC_PROGRAM_REMOTE || header->program == RPC_PROGRAM_QEMU);
}

static char *raise_xml(const char *xml, gpointer data G_GNUC_UNUSED, gboolean *ret_changed, GError **error)
{
    return conf_raise(xml, ret_changed, error);
}

static char *advertise(const char *xml, gpointer data G_GNUC_UNUSED, gboolean *ret_changed, GError **error)
{
    return conf_advertise(xml, ret_changed, error);
}

static char *raise_text(const char *text, gpointer data G_GNUC_UNUSED, gboolean *ret_changed,
                        GError **error G_GNUC_UNUSED)
{
    g_autofree char *reason = rpc_error_hook_reason(text);
    char *raised = conf_raise_text(reason ? reason : text);

    *ret_changed = g_strcmp0(raised, text) != 0;
    return raised;
}

static gboolean has_any(const guint8 *payload, gsize length, const char *const *words, gsize count)
{
    for (gsize i = 0; i < count; i++)
        if (memmem(payload, length, words[i], strlen(words[i])))
            return TRUE;
    return FALSE;
}

gboolean remote_relay_must_parse_reply(const RemoteProcedure *procedure, const RpcHeader *header, const guint8 *payload,
                                       gsize length)
{
    if (!procedure || !procedure->reply[0] || header->status != RPC_STATUS_OK)
        return FALSE;
    if (length > REMOTE_RELAY_SEARCH_MAX)
        return TRUE;
    return procedure->xml == REMOTE_XML_NODE_DEVICE
               ? has_any(payload, length, node_words, G_N_ELEMENTS(node_words))
               : has_any(payload, length, domain_words, G_N_ELEMENTS(domain_words));
}

/* Searches an error's payload in linear time; it is not XML. */
static gboolean must_raise_error(const RpcHeader *header, const guint8 *payload, gsize length)
{
    return remote_relay_has_error(header) && (memmem(payload, length, UUID_DIGITS, strlen(UUID_DIGITS)) ||
                                              memmem(payload, length, RPC_ERROR_HOOK, strlen(RPC_ERROR_HOOK)));
}

GByteArray *remote_relay_raise(const RemoteProcedure *procedure, const RpcHeader *header, const guint8 *payload,
                               gsize length)
{
    static CcwLogLimit limit;
    g_autoptr(GByteArray) raised = NULL;
    g_autoptr(GError) error = NULL;
    RemoteRewrite result = REMOTE_REWRITE_SAME;

    if (must_raise_error(header, payload, length))
        result = remote_rewrite_frame(remote_error_fields, header, payload, length, raise_text, NULL, &raised, &error);
    else if (remote_relay_must_parse_reply(procedure, header, payload, length))
        result = remote_rewrite_frame(procedure->reply, header, payload, length,
                                      procedure->xml == REMOTE_XML_NODE_DEVICE ? advertise : raise_xml, NULL, &raised,
                                      &error);
    if (result == REMOTE_REWRITE_FAILED)
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "a reply of procedure %d stays as libvirt wrote it: %s",
                        header->procedure, error->message);
    if (result == REMOTE_REWRITE_CHANGED)
        return g_steal_pointer(&raised);
    return rpc_frame_new(header, payload, length);
}
