/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A migration of a domain with a ccw device is rejected by name when it begins, on either side; others pass. */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "proxy-fixture.h"
#include "rpc/wire.h"
#include "rpc/xdr.h"

static guint32 serial; /* of the client's last call */

#define OURS                                                                                                           \
    "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source>"                                                  \
    "<address uuid='cc390000-0001-8000-8000-000000001234'/></source></hostdev>"
#define WITH "<domain type='kvm'><name>guest</name><uuid>" GUEST_UUID "</uuid><devices>" OURS "</devices></domain>"
#define WITHOUT "<domain type='kvm'><name>guest</name><uuid>" GUEST_UUID "</uuid><devices/></domain>"
#define REJECTION "cannot migrate a domain with <hostdev mode='subsystem' type='ccw'>: detach ccw device 0.0.1234 first"

static void write_domain(GByteArray *out)
{
    g_autoptr(GByteArray) attach = payload_attach("", 0);

    g_byte_array_append(out, attach->data, attach->len - 8); /* without the XML and the flags */
}

static void write_u64(GByteArray *out, guint64 value)
{
    rpc_xdr_write_u32(out, (guint32)(value >> 32));
    rpc_xdr_write_u32(out, (guint32)value);
}

static void write_dest_xml(GByteArray *out, const char *xml)
{
    rpc_xdr_write_u32(out, xml != NULL);
    if (!xml)
        return;
    rpc_xdr_write_string(out, VIR_MIGRATE_PARAM_DEST_XML, strlen(VIR_MIGRATE_PARAM_DEST_XML));
    rpc_xdr_write_u32(out, VIR_TYPED_PARAM_STRING);
    rpc_xdr_write_string(out, xml, strlen(xml));
}

/* A field of the arguments, and its value in these tests. */
typedef enum {
    END,
    DOMAIN,
    EMPTY_COOKIE,
    COOKIE,
    URI,
    OPT_URI,
    OPT_CONNECT_URI,
    OPT_NAME,
    OPT_NONE,
    FLAGS,
    LONG_FLAGS,
    BANDWIDTH, /* 0 */
    XML,
    OPT_XML,
    PARAMS,
} Field;

/* The arguments of each procedure, from libvirt's src/remote/remote_protocol.x. */
static const struct {
    gint32 procedure;
    Field fields[9]; /* up to END */
} layouts[] = {
    { PERFORM, { DOMAIN, COOKIE, URI, LONG_FLAGS, OPT_NONE, BANDWIDTH } },
    { PREPARE2, { OPT_URI, LONG_FLAGS, OPT_NAME, BANDWIDTH, XML } },
    { PREPARE_TUNNEL, { LONG_FLAGS, OPT_NONE, BANDWIDTH, XML } },
    { PREPARE_TUNNEL3, { COOKIE, LONG_FLAGS, OPT_NONE, BANDWIDTH, XML } },
    { BEGIN3, { DOMAIN, OPT_XML, LONG_FLAGS, OPT_NONE, BANDWIDTH } },
    { PREPARE3, { COOKIE, OPT_NONE, LONG_FLAGS, OPT_NONE, BANDWIDTH, XML } },
    { PERFORM3, { DOMAIN, OPT_XML, EMPTY_COOKIE, OPT_CONNECT_URI, OPT_NONE, LONG_FLAGS, OPT_NONE, BANDWIDTH } },
    { BEGIN3_PARAMS, { DOMAIN, PARAMS, FLAGS } },
    { PREPARE3_PARAMS, { PARAMS, COOKIE, FLAGS } },
    { PREPARE_TUNNEL3_PARAMS, { PARAMS, COOKIE, FLAGS } },
    { PERFORM3_PARAMS, { DOMAIN, OPT_CONNECT_URI, PARAMS, EMPTY_COOKIE, FLAGS } },
};

static const struct {
    const char *text;
    gboolean is_optional;
} texts[] = {
    [EMPTY_COOKIE] = { "", FALSE },
    [COOKIE] = { "cookie", FALSE },
    [URI] = { "tcp:there", FALSE },
    [OPT_URI] = { "tcp:there", TRUE },
    [OPT_CONNECT_URI] = { "qemu://there/system", TRUE },
    [OPT_NAME] = { "guest", TRUE },
    [OPT_NONE] = { NULL, TRUE },
};

static void write_field(GByteArray *out, Field field, guint32 flags, const char *xml)
{
    switch (field) {
    case DOMAIN:
        write_domain(out);
        break;
    case FLAGS:
        rpc_xdr_write_u32(out, flags);
        break;
    case LONG_FLAGS:
        write_u64(out, flags);
        break;
    case BANDWIDTH:
        write_u64(out, 0);
        break;
    case XML:
        rpc_xdr_write_string(out, xml, strlen(xml));
        break;
    case OPT_XML:
        rpc_xdr_write_optional(out, xml);
        break;
    case PARAMS:
        write_dest_xml(out, xml);
        break;
    default:
        if (texts[field].is_optional)
            rpc_xdr_write_optional(out, texts[field].text);
        else
            rpc_xdr_write_string(out, texts[field].text, strlen(texts[field].text));
    }
}

static GByteArray *arguments(gint32 procedure, guint32 flags, const char *xml)
{
    GByteArray *out = g_byte_array_new();
    gsize row = 0;

    while (layouts[row].procedure != procedure)
        g_assert_cmpuint(++row, <, G_N_ELEMENTS(layouts));
    for (const Field *field = layouts[row].fields; *field != END; field++)
        write_field(out, *field, flags, xml);
    return out;
}

/* The first call on the side where the domain runs. */
static const struct {
    gint32 procedure;
    guint32 flags;
} sources[] = {
    { PERFORM, VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER },
    { BEGIN3, VIR_MIGRATE_LIVE },
    { PERFORM3, VIR_MIGRATE_PEER2PEER },
    { BEGIN3_PARAMS, VIR_MIGRATE_LIVE },
    { PERFORM3_PARAMS, VIR_MIGRATE_PEER2PEER | VIR_MIGRATE_TUNNELLED },
};

/* virtccwd asks libvirt for the domain's XML, and libvirt answers. */
static void answer_xml(Proxy *proxy, guint32 status, const char *xml)
{
    g_auto(Frame) question = proxy_receive(proxy, proxy->backend);
    g_autoptr(GByteArray) answer =
        status == RPC_STATUS_OK ? payload_string(xml) : payload_error(VIR_ERR_NO_DOMAIN, xml);

    g_assert_cmpint(question.header.procedure, ==, GET_XML_DESC);
    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, GET_XML_DESC, question.header.serial, status, answer);
}

static void expect_forwarded(Proxy *proxy, gint32 procedure, const GByteArray *call)
{
    g_auto(Frame) frame = proxy_receive(proxy, proxy->backend);

    g_assert_cmpint(frame.header.procedure, ==, procedure);
    g_assert_cmpuint(frame.header.serial, ==, serial);
    g_assert_cmpmem(frame.payload->data, frame.payload->len, call->data, call->len);
}

static void source(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    for (gsize i = 0; i < G_N_ELEMENTS(sources); i++) {
        gint32 procedure = sources[i].procedure;
        g_autoptr(GByteArray) call = arguments(procedure, sources[i].flags, NULL);
        g_autoptr(GByteArray) offline = arguments(procedure, sources[i].flags | VIR_MIGRATE_OFFLINE, NULL);

        g_test_message("procedure %d", procedure);
        proxy_send(proxy, proxy->client, RPC_TYPE_CALL, procedure, ++serial, RPC_STATUS_OK, call);
        answer_xml(proxy, RPC_STATUS_OK, WITH);
        proxy_expect_error(proxy, serial, procedure, VIR_ERR_OPERATION_UNSUPPORTED, REJECTION);
        proxy_assert_quiet(proxy, proxy->backend);
        /* a domain without a ccw device: the call passes */
        proxy_send(proxy, proxy->client, RPC_TYPE_CALL, procedure, ++serial, RPC_STATUS_OK, call);
        answer_xml(proxy, RPC_STATUS_OK, WITHOUT);
        expect_forwarded(proxy, procedure, call);
        /* a client without rights gets libvirt's error */
        proxy_send(proxy, proxy->client, RPC_TYPE_CALL, procedure, ++serial, RPC_STATUS_OK, call);
        answer_xml(proxy, RPC_STATUS_ERROR, "no domain");
        expect_forwarded(proxy, procedure, call);
        proxy_send(proxy, proxy->client, RPC_TYPE_CALL, procedure, ++serial, RPC_STATUS_OK, offline);
        expect_forwarded(proxy, procedure, offline);
    }
    proxy_assert_quiet(proxy, proxy->client);
}

/* virtccwd asks no question for the calls after MIGRATE_BEGIN3. */
static void second_call(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const gint32 procedures[] = { PERFORM, PERFORM3, PERFORM3_PARAMS };

    for (gsize i = 0; i < G_N_ELEMENTS(procedures); i++) {
        g_autoptr(GByteArray) call = arguments(procedures[i], VIR_MIGRATE_LIVE, NULL);

        proxy_send(proxy, proxy->client, RPC_TYPE_CALL, procedures[i], ++serial, RPC_STATUS_OK, call);
        expect_forwarded(proxy, procedures[i], call);
    }
}

static void destination(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const gint32 procedures[] = { PREPARE2,        PREPARE_TUNNEL,  PREPARE3,
                                         PREPARE_TUNNEL3, PREPARE3_PARAMS, PREPARE_TUNNEL3_PARAMS };

    for (gsize i = 0; i < G_N_ELEMENTS(procedures); i++) {
        g_autoptr(GByteArray) with = arguments(procedures[i], VIR_MIGRATE_LIVE, WITH);
        g_autoptr(GByteArray) without = arguments(procedures[i], VIR_MIGRATE_LIVE, WITHOUT);

        g_test_message("procedure %d", procedures[i]);
        proxy_send(proxy, proxy->client, RPC_TYPE_CALL, procedures[i], ++serial, RPC_STATUS_OK, with);
        proxy_expect_error(proxy, serial, procedures[i], VIR_ERR_OPERATION_UNSUPPORTED, REJECTION);
        proxy_send(proxy, proxy->client, RPC_TYPE_CALL, procedures[i], ++serial, RPC_STATUS_OK, without);
        expect_forwarded(proxy, procedures[i], without);
    }
}

/* The migration of a definition: its XML may come from the user (virsh migrate --offline --persistent-xml). */
static void offline_xml(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const gint32 procedures[] = { PREPARE2,       PREPARE_TUNNEL,  BEGIN3,
                                         PREPARE3,       PREPARE_TUNNEL3, PERFORM3,
                                         BEGIN3_PARAMS,  PREPARE3_PARAMS, PREPARE_TUNNEL3_PARAMS,
                                         PERFORM3_PARAMS };
    static const char ours[] =
        "<domain type='kvm'><devices><hostdev mode='subsystem' type='ccw'><source><address devno='0x1234'/></source>"
        "</hostdev></devices></domain>";

    for (gsize i = 0; i < G_N_ELEMENTS(procedures); i++) {
        g_autoptr(GByteArray) call = arguments(procedures[i], VIR_MIGRATE_OFFLINE, ours);
        g_auto(Frame) frame = { 0 };
        g_autofree char *text = NULL;

        g_test_message("procedure %d", procedures[i]);
        proxy_send(proxy, proxy->client, RPC_TYPE_CALL, procedures[i], ++serial, RPC_STATUS_OK, call);
        frame = proxy_receive(proxy, proxy->backend);
        text = g_malloc0(frame.payload->len + 1);
        for (guint at = 0; at < frame.payload->len; at++)
            text[at] = frame.payload->data[at] ? (char)frame.payload->data[at] : ' ';
        g_assert_nonnull(strstr(text, "uuid='cc390000-0001-8000-8000-000000001234'"));
        g_assert_null(strstr(text, "0x1234'/></source>"));
    }
}

/* The reply to a migration's begin goes to the other host, which may lack virtccwd: it stays in libvirt's form. */
static void begun(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) reply = g_byte_array_new();
    g_auto(Frame) frame = { 0 };

    rpc_xdr_write_string(reply, "cookie", 6);
    rpc_xdr_write_string(reply, WITH, strlen(WITH));
    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, BEGIN3_PARAMS, serial, RPC_STATUS_OK, reply);
    frame = proxy_receive(proxy, proxy->client);
    g_assert_cmpmem(frame.payload->data, frame.payload->len, reply->data, reply->len);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
#define ADD(name, func) g_test_add("/remote/migrate/" name, Proxy, NULL, proxy_set_up, func, proxy_tear_down)
    ADD("source", source);
    ADD("second-call", second_call);
    ADD("destination", destination);
    ADD("offline-xml", offline_xml);
    ADD("begun", begun);
    return g_test_run();
}
