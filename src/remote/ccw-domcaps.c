/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Domain capabilities: libvirt's, with the host device type and the feature that there are besides. */
#include "conf/ccw-domcaps.h"

#include <string.h>

#include "remote/ccw-action.h"
#include "remote/ccw-connection-private.h"
#include "remote/ccw-relay.h"
#include "remote/ccw-xdr.h"

typedef struct {
    CcwAction action;
    GByteArray *reply; /* libvirt's */
    char *xml;         /* in it */
    char *emulator;    /* of which that is */
    gboolean capable;
} Domcaps;

static void domcaps_free(CcwAction *action)
{
    Domcaps *domcaps = (Domcaps *)action;

    g_clear_pointer(&domcaps->reply, g_byte_array_unref);
    g_free(domcaps->xml);
    g_free(domcaps->emulator);
    g_free(domcaps);
}

static void end(CcwAction *action)
{
    ccw_action_end(action, g_steal_pointer(&((Domcaps *)action)->reply));
}

static void judge_work(CcwAction *action)
{
    const CcwJudge *judge = action->connection->services->judge;
    Domcaps *domcaps = (Domcaps *)action;

    domcaps->capable = judge->emulator(domcaps->emulator, judge->data);
}

static void judged(CcwAction *action)
{
    Domcaps *domcaps = (Domcaps *)action;
    g_autoptr(GByteArray) payload = NULL;
    g_autofree char *xml = NULL;
    gboolean changed;

    if (domcaps->capable)
        xml = ccw_conf_domcaps_raise(domcaps->xml, &changed, NULL);
    if (!xml || strlen(xml) > CCW_XDR_STRING_MAX) {
        end(action);
        return;
    }
    payload = g_byte_array_new();
    ccw_xdr_write_string(payload, xml, strlen(xml));
    ccw_action_end(action, ccw_action_success(action, payload));
}

static void got_domcaps(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    Domcaps *domcaps = (Domcaps *)action;
    CcwXdrReader reader;
    gsize text_length = 0;
    const char *text = NULL;

    domcaps->reply = ccw_relay_raise(header, payload, length);
    ccw_xdr_reader_init(&reader, payload, length);
    if (header->status == CCW_STATUS_OK)
        text = ccw_xdr_read_string(&reader, &text_length);
    domcaps->xml = text ? g_strndup(text, text_length) : NULL;
    domcaps->emulator = text ? ccw_conf_domcaps_emulator(domcaps->xml) : NULL;
    if (domcaps->emulator)
        ccw_action_work(action, CCW_WORK_HOST, judge_work, judged);
    else
        end(action);
}

gboolean ccw_domcaps_begin(CcwConnection *connection, const CcwProcedure *procedure, const CcwHeader *header,
                           const guint8 *payload, gsize length)
{
    g_autoptr(GByteArray) frame = NULL;
    CcwArguments arguments;
    Domcaps *domcaps;

    if (!connection->services->judge || !ccw_arguments_read(&arguments, procedure->call, payload, length))
        return FALSE;
    frame = ccw_frame_new(header, payload, length);
    domcaps = g_new0(Domcaps, 1);
    domcaps->action.free = domcaps_free;
    ccw_action_begin(&domcaps->action, connection, header, &arguments);
    ccw_action_call(&domcaps->action, frame, got_domcaps, end);
    return TRUE;
}
