/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domain capabilities: libvirt's, with the host device type and the feature that libvirt-ccw adds, if the emulator can
 * have channel devices. virtccwd runs no emulator to find out. libvirt knows its capabilities:
 *
 *   call    the client's
 *   sample  if libvirt said yes: a domain with that emulator and a channel device, made of libvirt's answer in a worker
 *   ask     CONNECT_DOMAIN_XML_TO_NATIVE of the sample, in the client's name. libvirt checks the same access
 *           (connect.write), touches no device, and answers with an error where the emulator has no vfio-ccw
 *   extend  libvirt's reply to the client's call, in a worker, unless the answer was an error
 */
#include "conf/domcaps.h"

#include <string.h>

#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "remote/relay-xml.h"
#include "rpc/xdr.h"

#define NATIVE_FORMAT "qemu-argv" /* QEMU_ARGV_FORMAT of libvirt's src/qemu/qemu_driver.c */

typedef struct {
    CcwAction action;
    GByteArray *reply; /* libvirt's */
    char *xml;         /* in it */
    char *sample;      /* NULL: there is none for this emulator */
    char *extended;    /* NULL: nothing is added */
} Domcaps;

static void domcaps_free(CcwAction *action)
{
    Domcaps *domcaps = (Domcaps *)action;

    g_clear_pointer(&domcaps->reply, g_byte_array_unref);
    g_free(domcaps->xml);
    g_free(domcaps->sample);
    g_free(domcaps->extended);
    g_free(domcaps);
}

static void end(CcwAction *action)
{
    ccw_action_end(action, g_steal_pointer(&((Domcaps *)action)->reply));
}

static void extend_work(CcwAction *action)
{
    Domcaps *domcaps = (Domcaps *)action;
    gboolean changed;

    domcaps->extended = ccw_conf_domcaps_raise(domcaps->xml, &changed, NULL);
}

static void extended(CcwAction *action)
{
    const char *xml = ((Domcaps *)action)->extended;
    g_autoptr(GByteArray) payload = g_byte_array_new();

    if (!xml || strlen(xml) > CCW_XDR_STRING_MAX) {
        end(action);
        return;
    }
    ccw_xdr_write_string(payload, xml, strlen(xml));
    ccw_action_end(action, ccw_action_success(action, payload));
}

static void got_native(CcwAction *action, const CcwHeader *header, const guint8 *payload G_GNUC_UNUSED,
                       gsize length G_GNUC_UNUSED)
{
    if (header->status == CCW_STATUS_OK)
        ccw_action_work(action, CCW_WORK_PARSE, extend_work, extended);
    else
        end(action);
}

static void sample_work(CcwAction *action)
{
    Domcaps *domcaps = (Domcaps *)action;

    domcaps->sample = ccw_conf_domcaps_sample(domcaps->xml);
}

static void sampled(CcwAction *action)
{
    const char *domain = ((Domcaps *)action)->sample;
    g_autoptr(GByteArray) payload = g_byte_array_new();

    if (!domain || strlen(domain) > CCW_XDR_STRING_MAX) {
        end(action);
        return;
    }
    ccw_xdr_write_string(payload, NATIVE_FORMAT, strlen(NATIVE_FORMAT));
    ccw_xdr_write_string(payload, domain, strlen(domain));
    ccw_xdr_write_u32(payload, 0); /* flags */
    ccw_action_ask(action, CCW_PROC_CONNECT_DOMAIN_XML_TO_NATIVE, payload, got_native, end);
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
    if (domcaps->xml)
        ccw_action_work(action, CCW_WORK_PARSE, sample_work, sampled);
    else
        end(action);
}

gboolean ccw_domcaps_begin(CcwConnection *connection, const CcwProcedure *procedure, const CcwHeader *header,
                           const guint8 *payload, gsize length)
{
    g_autoptr(GByteArray) frame = NULL;
    CcwArguments arguments;
    Domcaps *domcaps;

    if (!ccw_arguments_read(&arguments, procedure->call, payload, length))
        return FALSE;
    frame = ccw_frame_new(header, payload, length);
    domcaps = g_new0(Domcaps, 1);
    domcaps->action.free = domcaps_free;
    ccw_action_begin(&domcaps->action, connection, header, &arguments);
    ccw_action_call(&domcaps->action, frame, got_domcaps, end);
    return TRUE;
}
