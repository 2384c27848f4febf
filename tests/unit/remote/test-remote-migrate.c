/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Migration: refused by name when it begins, on either side, for a domain with a ccw device; else it goes its way. */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "peers.h"
#include "rpc/wire.h"
#include "rpc/xdr.h"

static guint32 serial; /* of the last call */

#define OURS                                                                                                           \
    "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source>"                                                  \
    "<address uuid='cc390000-0001-8000-8000-000000001234'/></source></hostdev>"
#define WITH "<domain type='kvm'><name>guest</name><uuid>" GUEST_UUID "</uuid><devices>" OURS "</devices></domain>"
#define WITHOUT "<domain type='kvm'><name>guest</name><uuid>" GUEST_UUID "</uuid><devices/></domain>"
#define PERFORM3_PARAMS 305
#define REFUSAL "cannot migrate a domain with <hostdev mode='subsystem' type='ccw'>: detach ccw device 0.0.1234 first"

static void write_domain(GByteArray *out)
{
    g_autoptr(GByteArray) attach = payload_attach("", 0);

    g_byte_array_append(out, attach->data, attach->len - 8); /* without the XML and the flags */
}

static void write_u64(GByteArray *out, guint64 value)
{
    ccw_xdr_write_u32(out, (guint32)(value >> 32));
    ccw_xdr_write_u32(out, (guint32)value);
}

static void write_dest_xml(GByteArray *out, const char *xml)
{
    ccw_xdr_write_u32(out, xml != NULL);
    if (!xml)
        return;
    ccw_xdr_write_string(out, VIR_MIGRATE_PARAM_DEST_XML, strlen(VIR_MIGRATE_PARAM_DEST_XML));
    ccw_xdr_write_u32(out, VIR_TYPED_PARAM_STRING);
    ccw_xdr_write_string(out, xml, strlen(xml));
}

/* The arguments of each procedure as src/remote/remote_protocol.x has them. */
static GByteArray *arguments(gint32 procedure, guint32 flags, const char *xml)
{
    GByteArray *out = g_byte_array_new();

    switch (procedure) {
    case 62:
        write_domain(out);
        ccw_xdr_write_string(out, "cookie", 6);
        ccw_xdr_write_string(out, "tcp:there", 9);
        write_u64(out, flags);
        ccw_xdr_write_optional(out, NULL);
        write_u64(out, 0);
        break;
    case 108:
        ccw_xdr_write_optional(out, "tcp:there");
        write_u64(out, flags);
        ccw_xdr_write_optional(out, "guest");
        write_u64(out, 0);
        ccw_xdr_write_string(out, xml, strlen(xml));
        break;
    case 148:
    case 215:
        if (procedure == 215)
            ccw_xdr_write_string(out, "cookie", 6);
        write_u64(out, flags);
        ccw_xdr_write_optional(out, NULL);
        write_u64(out, 0);
        ccw_xdr_write_string(out, xml, strlen(xml));
        break;
    case 213:
        write_domain(out);
        ccw_xdr_write_optional(out, xml);
        write_u64(out, flags);
        ccw_xdr_write_optional(out, NULL);
        write_u64(out, 0);
        break;
    case 214:
        ccw_xdr_write_string(out, "cookie", 6);
        ccw_xdr_write_optional(out, NULL);
        write_u64(out, flags);
        ccw_xdr_write_optional(out, NULL);
        write_u64(out, 0);
        ccw_xdr_write_string(out, xml, strlen(xml));
        break;
    case 216:
        write_domain(out);
        ccw_xdr_write_optional(out, xml);
        ccw_xdr_write_string(out, "", 0);
        ccw_xdr_write_optional(out, "qemu://there/system");
        ccw_xdr_write_optional(out, NULL);
        write_u64(out, flags);
        ccw_xdr_write_optional(out, NULL);
        write_u64(out, 0);
        break;
    case 302:
        write_domain(out);
        write_dest_xml(out, xml);
        ccw_xdr_write_u32(out, flags);
        break;
    case 303:
    case 304:
        write_dest_xml(out, xml);
        ccw_xdr_write_string(out, "cookie", 6);
        ccw_xdr_write_u32(out, flags);
        break;
    case PERFORM3_PARAMS:
        write_domain(out);
        ccw_xdr_write_optional(out, "qemu://there/system");
        write_dest_xml(out, xml);
        ccw_xdr_write_string(out, "", 0);
        ccw_xdr_write_u32(out, flags);
        break;
    default:
        g_assert_not_reached();
    }
    return out;
}

/* The first call on the side where the domain runs. */
static const struct {
    gint32 procedure;
    guint32 flags;
} sources[] = {
    { 62, VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER },
    { 213, VIR_MIGRATE_LIVE },
    { 216, VIR_MIGRATE_PEER2PEER },
    { 302, VIR_MIGRATE_LIVE },
    { PERFORM3_PARAMS, VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_TUNNELLED },
};

/* libvirt is asked for the domain's XML, and answers. */
static void answer_xml(Peers *peers, guint32 status, const char *xml)
{
    g_auto(Frame) question = peers_receive(peers, peers->backend);
    g_autoptr(GByteArray) answer =
        status == CCW_STATUS_OK ? payload_string(xml) : payload_error(VIR_ERR_NO_DOMAIN, xml);

    g_assert_cmpint(question.header.procedure, ==, 14);
    peers_send(peers, peers->backend, CCW_TYPE_REPLY, 14, question.header.serial, status, answer);
}

static void expect_forwarded(Peers *peers, gint32 procedure, const GByteArray *call)
{
    g_auto(Frame) frame = peers_receive(peers, peers->backend);

    g_assert_cmpint(frame.header.procedure, ==, procedure);
    g_assert_cmpuint(frame.header.serial, ==, serial);
    g_assert_cmpmem(frame.payload->data, frame.payload->len, call->data, call->len);
}

static void source(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
        gint32 procedure = sources[i].procedure;
        g_autoptr(GByteArray) call = arguments(procedure, sources[i].flags, NULL);
        g_autoptr(GByteArray) offline = arguments(procedure, sources[i].flags | VIR_MIGRATE_OFFLINE, NULL);

        g_test_message("procedure %d", procedure);
        peers_send(peers, peers->client, CCW_TYPE_CALL, procedure, ++serial, CCW_STATUS_OK, call);
        answer_xml(peers, CCW_STATUS_OK, WITH);
        peers_expect_error(peers, serial, procedure, VIR_ERR_OPERATION_UNSUPPORTED, REFUSAL);
        peers_assert_quiet(peers, peers->backend);
        /* a domain without: as it is */
        peers_send(peers, peers->client, CCW_TYPE_CALL, procedure, ++serial, CCW_STATUS_OK, call);
        answer_xml(peers, CCW_STATUS_OK, WITHOUT);
        expect_forwarded(peers, procedure, call);
        /* who may not know is told so by libvirt */
        peers_send(peers, peers->client, CCW_TYPE_CALL, procedure, ++serial, CCW_STATUS_OK, call);
        answer_xml(peers, CCW_STATUS_ERROR, "no domain");
        expect_forwarded(peers, procedure, call);
        peers_send(peers, peers->client, CCW_TYPE_CALL, procedure, ++serial, CCW_STATUS_OK, offline);
        expect_forwarded(peers, procedure, offline);
    }
    peers_assert_quiet(peers, peers->client);
}

/* What follows on MIGRATE_BEGIN3 asks no more. */
static void second_call(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const gint32 procedures[] = { 62, 216, PERFORM3_PARAMS };

    for (gsize i = 0; i < G_N_ELEMENTS(procedures); i++) {
        g_autoptr(GByteArray) call = arguments(procedures[i], VIR_MIGRATE_LIVE, NULL);

        peers_send(peers, peers->client, CCW_TYPE_CALL, procedures[i], ++serial, CCW_STATUS_OK, call);
        expect_forwarded(peers, procedures[i], call);
    }
}

static void destination(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const gint32 procedures[] = { 108, 148, 214, 215, 303, 304 };

    for (gsize i = 0; i < G_N_ELEMENTS(procedures); i++) {
        g_autoptr(GByteArray) with = arguments(procedures[i], VIR_MIGRATE_LIVE, WITH);
        g_autoptr(GByteArray) without = arguments(procedures[i], VIR_MIGRATE_LIVE, WITHOUT);

        g_test_message("procedure %d", procedures[i]);
        peers_send(peers, peers->client, CCW_TYPE_CALL, procedures[i], ++serial, CCW_STATUS_OK, with);
        peers_expect_error(peers, serial, procedures[i], VIR_ERR_OPERATION_UNSUPPORTED, REFUSAL);
        peers_send(peers, peers->client, CCW_TYPE_CALL, procedures[i], ++serial, CCW_STATUS_OK, without);
        expect_forwarded(peers, procedures[i], without);
    }
}

/* A definition moves; its XML may come from the user (virsh migrate --offline --persistent-xml). */
static void offline_xml(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const gint32 procedures[] = { 108, 148, 213, 214, 215, 216, 302, 303, 304, PERFORM3_PARAMS };
    static const char ours[] =
        "<domain type='kvm'><devices><hostdev mode='subsystem' type='ccw'><source><address devno='0x1234'/></source>"
        "</hostdev></devices></domain>";

    for (gsize i = 0; i < G_N_ELEMENTS(procedures); i++) {
        g_autoptr(GByteArray) call = arguments(procedures[i], VIR_MIGRATE_OFFLINE, ours);
        g_auto(Frame) frame = { 0 };
        g_autofree char *text = NULL;

        g_test_message("procedure %d", procedures[i]);
        peers_send(peers, peers->client, CCW_TYPE_CALL, procedures[i], ++serial, CCW_STATUS_OK, call);
        frame = peers_receive(peers, peers->backend);
        text = g_malloc0(frame.payload->len + 1);
        for (guint at = 0; at < frame.payload->len; at++)
            text[at] = frame.payload->data[at] ? (char)frame.payload->data[at] : ' ';
        g_assert_nonnull(strstr(text, "uuid='cc390000-0001-8000-8000-000000001234'"));
        g_assert_null(strstr(text, "0x1234'/></source>"));
    }
}

/* What begins a migration is handed on to the other host, which need not know us: it stays libvirt's own. */
static void begun(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) reply = g_byte_array_new();
    g_auto(Frame) frame = { 0 };

    ccw_xdr_write_string(reply, "cookie", 6);
    ccw_xdr_write_string(reply, WITH, strlen(WITH));
    peers_send(peers, peers->backend, CCW_TYPE_REPLY, 302, serial, CCW_STATUS_OK, reply);
    frame = peers_receive(peers, peers->client);
    g_assert_cmpmem(frame.payload->data, frame.payload->len, reply->data, reply->len);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
#define ADD(name, func) g_test_add("/remote/migrate/" name, Peers, NULL, peers_set_up, func, peers_tear_down)
    ADD("source", source);
    ADD("second-call", second_call);
    ADD("destination", destination);
    ADD("offline-xml", offline_xml);
    ADD("begun", begun);
    return g_test_run();
}
