/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/call.h"

#include <string.h>

#include "conf/nodedev.h"
#include "conf/xml.h"
#include "remote/rewrite.h"
#include "util/error.h"

/*
 * A domain's XML that has a device or a feature of ours contains one of these words: an element's name has only one
 * spelling.
 */
static const char *const domain_words[] = { "hostdev", "s390-map-css" };
/* A node device's XML contains this word if it has the capability that conf_unadvertise() removes. */
static const char *const node_words[] = { "capability" };

RemoteCall *remote_call_new(const RemoteProcedure *procedure, const RpcHeader *header, const guint8 *payload,
                            gsize length, GArray *fds, const CcwFdCloser *closer)
{
    RemoteCall *call = g_new0(RemoteCall, 1);

    call->closer = closer;
    call->procedure = procedure;
    call->header = *header;
    call->frame = rpc_frame_new(header, payload, length);
    if (fds && fds->len) {
        call->fds = g_array_new(FALSE, FALSE, sizeof(gint));
        g_array_append_vals(call->fds, fds->data, fds->len);
        g_array_set_size(fds, 0);
    }
    return call;
}

void remote_call_free(RemoteCall *call)
{
    if (!call)
        return;
    if (call->fds)
        ccw_fds_close(call->closer, call->fds);
    g_clear_pointer(&call->fds, g_array_unref);
    g_clear_pointer(&call->frame, g_byte_array_unref);
    remote_arguments_clear(&call->arguments);
    g_clear_pointer(&call->texts, g_array_unref);
    g_clear_pointer(&call->hostdevs, g_array_unref);
    g_clear_pointer(&call->lowered, g_byte_array_unref);
    remote_remarks_clear(&call->remarks);
    g_clear_error(&call->error);
    g_free(call);
}

gboolean remote_call_has_xml(const RemoteProcedure *procedure)
{
    for (gsize i = 0; i < REMOTE_FIELDS_MAX; i++)
        if (procedure->call[i] == REMOTE_FIELD_XML || procedure->call[i] == REMOTE_FIELD_OPT_XML ||
            procedure->call[i] == REMOTE_FIELD_PARAMS)
            return TRUE;
    return FALSE;
}

gboolean remote_call_may_have_ours(const RemoteProcedure *procedure, const guint8 *payload, gsize length)
{
    gboolean is_node = procedure->xml == REMOTE_XML_NODE_DEVICE;
    const char *const *words = is_node ? node_words : domain_words;
    gsize count = is_node ? G_N_ELEMENTS(node_words) : G_N_ELEMENTS(domain_words);

    if (!remote_call_has_xml(procedure))
        return FALSE;
    for (gsize i = 0; i < count; i++)
        if (memmem(payload, length, words[i], strlen(words[i])))
            return TRUE;
    return FALSE;
}

/* Returns: the payload, which follows the header and, in some types of frame, the count of descriptors. */
static const guint8 *payload_of(const RemoteCall *call, gsize *ret_length)
{
    gsize head = RPC_FRAME_HEAD + (rpc_header_has_fds(&call->header) ? 4 : 0);

    *ret_length = call->frame->len - head;
    return call->frame->data + head;
}

typedef struct {
    ConfXml *first; /* first XML of the call, parsed; NULL: not parsed, or not well-formed */
    ConfMapCss map;
} Lowering;

static char *lower_domain(const char *xml, gpointer data, gboolean *ret_changed, GError **error)
{
    Lowering *lowering = data;
    ConfXml *first = g_steal_pointer(&lowering->first);

    return first ? conf_lower_xml(first, lowering->map, ret_changed, error)
                 : conf_lower(xml, lowering->map, ret_changed, error);
}

static char *unadvertise(const char *xml, gpointer data G_GNUC_UNUSED, gboolean *ret_changed, GError **error)
{
    return conf_unadvertise(xml, ret_changed, error);
}

/* Leaves XML that is not well-formed as it is: libvirt rejects it with its own message. */
static gboolean lower(RemoteCall *call, ConfXml *first, ConfMapCss map, GError **error)
{
    RemoteRewriteFunc func = call->procedure->xml == REMOTE_XML_NODE_DEVICE ? unadvertise : lower_domain;
    Lowering lowering = { first, map };
    g_autoptr(GError) local = NULL;
    gsize length;
    const guint8 *payload = payload_of(call, &length);

    g_clear_pointer(&call->lowered, g_byte_array_unref);
    if (remote_rewrite_texts(call->texts, &call->header, payload, length, func, &lowering, &call->lowered, &local) ==
            REMOTE_REWRITE_FAILED &&
        !g_error_matches(local, CCW_ERROR, CCW_ERROR_XML)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    if (call->lowered && call->lowered->len == call->frame->len &&
        memcmp(call->lowered->data, call->frame->data, call->frame->len) == 0)
        g_clear_pointer(&call->lowered, g_byte_array_unref);
    return TRUE;
}

/*
 * An attach or a detach call carries one device. libvirt rejects a whole domain there, so virtccwd touches no device in
 * it.
 */
static void collect(RemoteCall *call, ConfXml *xml)
{
    if (call->procedure->xml != REMOTE_XML_DEVICE || conf_xml_is_hostdev(xml))
        call->hostdevs = conf_collect_xml(xml, &call->map, NULL);
    if (call->hostdevs && call->hostdevs->len == 0)
        g_clear_pointer(&call->hostdevs, g_array_unref);
}

static void decode_xml(RemoteCall *call)
{
    gboolean is_node = call->procedure->xml == REMOTE_XML_NODE_DEVICE;
    g_autoptr(ConfXml) xml = call->arguments.xml && !is_node ? conf_xml_open(call->arguments.xml, NULL) : NULL;

    if (xml)
        collect(call, xml);
    if (lower(call, xml, CONF_MAP_CSS_ABSENT, &call->error) && call->lowered && xml && call->procedure->is_validated)
        remote_validator_check(xml, NULL, &call->remarks, &call->error);
}

void remote_call_decode(RemoteCall *call)
{
    gsize length;
    const guint8 *payload = payload_of(call, &length);

    call->matches = remote_payload_read(call->procedure->call, payload, length, &call->arguments, &call->texts);
    if (call->matches && remote_call_may_have_ours(call->procedure, payload, length))
        decode_xml(call);
}

GByteArray *remote_call_frame(const RemoteCall *call)
{
    return call->lowered ? call->lowered : call->frame;
}

void remote_call_drop_xml(RemoteCall *call)
{
    g_clear_pointer(&call->arguments.xml, g_free);
    g_clear_pointer(&call->texts, g_array_unref);
    if (call->lowered)
        g_clear_pointer(&call->frame, g_byte_array_unref);
}

void remote_call_drop_frame(RemoteCall *call)
{
    remote_call_drop_xml(call);
    g_clear_pointer(&call->frame, g_byte_array_unref);
    g_clear_pointer(&call->lowered, g_byte_array_unref);
}

gboolean remote_call_lower(RemoteCall *call, const ConfMapCss *map, GError **error)
{
    g_autoptr(ConfXml) xml = conf_xml_open(call->arguments.xml, NULL);

    return lower(call, xml, map ? *map : CONF_MAP_CSS_ABSENT, error) &&
           (!call->lowered || !xml || remote_validator_check(xml, map, &call->remarks, error));
}
