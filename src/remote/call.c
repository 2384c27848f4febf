/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/call.h"

#include <string.h>

#include "remote/relay-xml.h"

/* XML with a device or a feature of ours has one of these words: the name of an element has one spelling only. */
static const char *const domain_words[] = { "hostdev", "s390-map-css" };
/* In the capability that ccw_conf_unadvertise() removes. */
static const char *const node_words[] = { "capability" };

CcwCall *ccw_call_new(const CcwProcedure *procedure, const CcwHeader *header, const guint8 *payload, gsize length,
                      GArray *fds, const CcwFdCloser *closer)
{
    CcwCall *call = g_new0(CcwCall, 1);

    call->closer = closer;
    call->procedure = procedure;
    call->header = *header;
    call->payload = g_byte_array_sized_new((guint)length);
    g_byte_array_append(call->payload, payload, (guint)length);
    if (fds && fds->len) {
        call->fds = g_array_new(FALSE, FALSE, sizeof(gint));
        g_array_append_vals(call->fds, fds->data, fds->len);
        g_array_set_size(fds, 0);
    }
    return call;
}

void ccw_call_free(CcwCall *call)
{
    if (!call)
        return;
    if (call->fds)
        ccw_fds_close(call->closer, call->fds);
    g_clear_pointer(&call->fds, g_array_unref);
    g_byte_array_unref(call->payload);
    ccw_arguments_clear(&call->arguments);
    g_clear_pointer(&call->hostdevs, g_array_unref);
    g_clear_pointer(&call->frame, g_byte_array_unref);
    g_clear_error(&call->error);
    g_free(call);
}

gboolean ccw_call_has_xml(const CcwProcedure *procedure)
{
    for (gsize i = 0; i < CCW_FIELDS_MAX; i++)
        if (procedure->call[i] == CCW_FIELD_XML || procedure->call[i] == CCW_FIELD_OPT_XML ||
            procedure->call[i] == CCW_FIELD_PARAMS)
            return TRUE;
    return FALSE;
}

gboolean ccw_call_may_have_ours(const CcwProcedure *procedure, const guint8 *payload, gsize length)
{
    const char *const *words = procedure->of_node ? node_words : domain_words;
    gsize count = procedure->of_node ? G_N_ELEMENTS(node_words) : G_N_ELEMENTS(domain_words);

    if (!ccw_call_has_xml(procedure))
        return FALSE;
    for (gsize i = 0; i < count; i++)
        if (memmem(payload, length, words[i], strlen(words[i])))
            return TRUE;
    return FALSE;
}

/* The payload is at the end of a frame, behind the count of descriptors where there is one. */
static gboolean has_payload(const GByteArray *frame, const guint8 *payload, gsize length)
{
    return frame->len >= length && memcmp(frame->data + frame->len - length, payload, length) == 0;
}

/* An attach or a detach is of one device. libvirt refuses a whole domain, so virtccwd touches no device in it. */
static gboolean may_collect(const CcwCall *call)
{
    return (call->procedure->action != CCW_ACTION_ATTACH && call->procedure->action != CCW_ACTION_DETACH) ||
           ccw_conf_is_hostdev(call->arguments.xml);
}

void ccw_call_decode(CcwCall *call)
{
    const guint8 *payload = call->payload->data;
    gsize length = call->payload->len;

    call->matches = ccw_arguments_read(&call->arguments, call->procedure->call, payload, length);
    if (!call->matches)
        return;
    if (!ccw_call_may_have_ours(call->procedure, payload, length)) {
        call->frame = ccw_frame_new(&call->header, payload, length);
        return;
    }
    if (!call->procedure->of_node && call->arguments.xml && may_collect(call))
        call->hostdevs = ccw_conf_collect(call->arguments.xml, &call->map, NULL);
    if (call->hostdevs && call->hostdevs->len == 0)
        g_clear_pointer(&call->hostdevs, g_array_unref);
    call->frame = ccw_relay_lower(call->procedure, &call->header, payload, length, CCW_MAP_CSS_ABSENT, &call->error);
    call->is_lowered = call->frame && !has_payload(call->frame, payload, length);
}
