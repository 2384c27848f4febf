/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domain capabilities: libvirt's, with the host device type and the feature that libvirt-ccw adds, if the emulator can
 * have channel devices. virtccwd runs no emulator to find out. libvirt knows its capabilities:
 *
 *   call   the client's
 *   ask    if libvirt said yes: CONNECT_DOMAIN_XML_TO_NATIVE, in the client's name, of a domain with that emulator and
 * a channel device. libvirt checks the same access (connect.write), touches no device, and answers with an error where
 * the emulator has no vfio-ccw reply  libvirt's to the client's call, extended unless the answer was an error
 */
#include "conf/ccw-domcaps.h"

#include <string.h>

#include "remote/ccw-action.h"
#include "remote/ccw-connection-private.h"
#include "remote/ccw-relay.h"
#include "remote/ccw-xdr.h"

#define NATIVE_FORMAT "qemu-argv" /* QEMU_ARGV_FORMAT of libvirt's src/qemu/qemu_driver.c */

typedef struct {
    CcwAction action;
    GByteArray *reply; /* libvirt's */
    char *xml;         /* in it */
} Domcaps;

static void domcaps_free(CcwAction *action)
{
    Domcaps *domcaps = (Domcaps *)action;

    g_clear_pointer(&domcaps->reply, g_byte_array_unref);
    g_free(domcaps->xml);
    g_free(domcaps);
}

static void end(CcwAction *action)
{
    ccw_action_end(action, g_steal_pointer(&((Domcaps *)action)->reply));
}

static void end_extended(CcwAction *action)
{
    const Domcaps *domcaps = (Domcaps *)action;
    g_autoptr(GByteArray) payload = g_byte_array_new();
    g_autofree char *xml = NULL;
    gboolean changed;

    xml = ccw_conf_domcaps_raise(domcaps->xml, &changed, NULL);
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
        end_extended(action);
    else
        end(action);
}

static void ask_native(CcwAction *action, const char *domain)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();

    ccw_xdr_write_string(payload, NATIVE_FORMAT, strlen(NATIVE_FORMAT));
    ccw_xdr_write_string(payload, domain, strlen(domain));
    ccw_xdr_write_u32(payload, 0); /* flags */
    ccw_action_ask(action, CCW_PROC_CONNECT_DOMAIN_XML_TO_NATIVE, payload, got_native, end);
}

static void got_domcaps(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    Domcaps *domcaps = (Domcaps *)action;
    g_autofree char *domain = NULL;
    CcwXdrReader reader;
    gsize text_length = 0;
    const char *text = NULL;

    domcaps->reply = ccw_relay_raise(header, payload, length);
    ccw_xdr_reader_init(&reader, payload, length);
    if (header->status == CCW_STATUS_OK)
        text = ccw_xdr_read_string(&reader, &text_length);
    domcaps->xml = text ? g_strndup(text, text_length) : NULL;
    domain = text ? ccw_conf_domcaps_sample(domcaps->xml) : NULL;
    if (domain && strlen(domain) <= CCW_XDR_STRING_MAX)
        ask_native(action, domain);
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
