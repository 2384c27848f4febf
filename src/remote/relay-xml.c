/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/relay-xml.h"

#include <string.h>

#include "conf/conf.h"
#include "conf/nodedev.h"
#include "remote/rewrite.h"
#include "rpc/rpc-error.h"
#include "util/error.h"
#include "util/log.h"

/* A reply's XML has one of these words if there is something to raise, or to advertise in a node device's. */
static const char *const domain_words[] = { "hostdev", "s390-map-css" };
static const char *const node_words[] = { "devno" };
/* The digits that all UUIDs of ours have (conf/uuid.h), whatever the case of the letters before and behind. */
#define UUID_DIGITS "390000-0001-8000-8000-000"

const CcwProcedure *ccw_relay_lookup(const CcwHeader *header)
{
    return header->version == CCW_PROGRAM_VERSION ? ccw_procedure_lookup(header->program, header->procedure) : NULL;
}

/* Every REPLY of these programs with status ERROR has the same payload; so has what ends a stream with one. */
gboolean ccw_relay_has_error(const CcwHeader *header)
{
    return (header->type == CCW_TYPE_REPLY || header->type == CCW_TYPE_STREAM) && header->status == CCW_STATUS_ERROR &&
           (header->program == CCW_PROGRAM_REMOTE || header->program == CCW_PROGRAM_QEMU);
}

static char *lower(const char *xml, gpointer data, gboolean *ret_changed, GError **error)
{
    const int *map = data;

    return ccw_conf_lower(xml, (CcwMapCss)*map, ret_changed, error);
}

static char *raise_xml(const char *xml, gpointer data G_GNUC_UNUSED, gboolean *ret_changed, GError **error)
{
    return ccw_conf_raise(xml, ret_changed, error);
}

static char *advertise(const char *xml, gpointer data G_GNUC_UNUSED, gboolean *ret_changed, GError **error)
{
    return ccw_conf_advertise(xml, ret_changed, error);
}

static char *unadvertise(const char *xml, gpointer data G_GNUC_UNUSED, gboolean *ret_changed, GError **error)
{
    return ccw_conf_unadvertise(xml, ret_changed, error);
}

static char *raise_text(const char *text, gpointer data G_GNUC_UNUSED, gboolean *ret_changed,
                        GError **error G_GNUC_UNUSED)
{
    g_autofree char *reason = ccw_rpc_error_hook_reason(text);
    char *raised = ccw_conf_raise_text(reason ? reason : text);

    *ret_changed = g_strcmp0(raised, text) != 0;
    return raised;
}

GByteArray *ccw_relay_lower(const CcwProcedure *procedure, const CcwHeader *header, const guint8 *payload, gsize length,
                            int map, GError **error)
{
    g_autoptr(GByteArray) lowered = NULL;
    g_autoptr(GError) local = NULL;

    switch (ccw_rewrite_frame(procedure->call, header, payload, length, procedure->of_node ? unadvertise : lower, &map,
                              &lowered, &local)) {
    case CCW_REWRITE_CHANGED:
        return g_steal_pointer(&lowered);
    case CCW_REWRITE_FAILED:
        if (!g_error_matches(local, CCW_ERROR, CCW_ERROR_XML)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return NULL;
        }
        break; /* not well-formed: libvirt says it in its own words */
    case CCW_REWRITE_SAME:
        break;
    }
    return ccw_frame_new(header, payload, length);
}

static gboolean has_any(const guint8 *payload, gsize length, const char *const *words, gsize count)
{
    for (gsize i = 0; i < count; i++)
        if (memmem(payload, length, words[i], strlen(words[i])))
            return TRUE;
    return FALSE;
}

gboolean ccw_relay_must_parse_reply(const CcwHeader *header, const guint8 *payload, gsize length)
{
    const CcwProcedure *procedure = header->status == CCW_STATUS_OK ? ccw_relay_lookup(header) : NULL;

    if (!procedure || !procedure->reply[0])
        return FALSE;
    if (length > CCW_RELAY_LOOK_MAX)
        return TRUE;
    return procedure->of_node ? has_any(payload, length, node_words, G_N_ELEMENTS(node_words))
                              : has_any(payload, length, domain_words, G_N_ELEMENTS(domain_words));
}

/* An error's text is no XML, and looked through in linear time. */
static gboolean must_raise_error(const CcwHeader *header, const guint8 *payload, gsize length)
{
    return ccw_relay_has_error(header) && (memmem(payload, length, UUID_DIGITS, strlen(UUID_DIGITS)) ||
                                           memmem(payload, length, CCW_RPC_ERROR_HOOK, strlen(CCW_RPC_ERROR_HOOK)));
}

GByteArray *ccw_relay_raise(const CcwHeader *header, const guint8 *payload, gsize length)
{
    static CcwLogLimit limit;
    const CcwProcedure *procedure = ccw_relay_lookup(header);
    g_autoptr(GByteArray) raised = NULL;
    g_autoptr(GError) error = NULL;
    CcwRewrite result = CCW_REWRITE_SAME;

    if (must_raise_error(header, payload, length))
        result = ccw_rewrite_frame(ccw_error_fields, header, payload, length, raise_text, NULL, &raised, &error);
    else if (ccw_relay_must_parse_reply(header, payload, length))
        result = ccw_rewrite_frame(procedure->reply, header, payload, length,
                                   procedure->of_node ? advertise : raise_xml, NULL, &raised, &error);
    if (result == CCW_REWRITE_FAILED)
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "a reply of procedure %d stays as libvirt wrote it: %s",
                        header->procedure, error->message);
    if (result == CCW_REWRITE_CHANGED)
        return g_steal_pointer(&raised);
    return ccw_frame_new(header, payload, length);
}
