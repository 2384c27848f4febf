/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ccw_* node devices, which libvirt drops while they are detached, in lists and by name. */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <time.h>

#include "proxy-fixture.h"
#include "remote/connection-private.h"
#include "rpc/xdr.h"
#include "util/endian.h"

#define SERIAL 21
#define DETACHED "ccw_0_0_1236" /* on css_0_0_0036, as in fake-host.c */
#define PARENT "css_0_0_0036"
#define ATTACHED "ccw_0_0_1234"
#define CSS_XML                                                                                                        \
    "<device><name>" PARENT "</name><path>/sys/devices/css0/0.0.0036</path><parent>computer</parent></device>"

static void call(Proxy *proxy, gint32 procedure, const GByteArray *payload)
{
    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, procedure, SERIAL, RPC_STATUS_OK, payload);
}

static void call_name(Proxy *proxy, gint32 procedure, const char *name)
{
    g_autoptr(GByteArray) payload = payload_string(name);

    if (procedure == NODE_GET_XML_DESC || procedure == NODE_LIST_CAPS)
        rpc_xdr_write_u32(payload, procedure == NODE_LIST_CAPS ? 16 : 0);
    call(proxy, procedure, payload);
}

static void reply(Proxy *proxy, gint32 procedure, guint32 serial, const GByteArray *payload)
{
    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, procedure, serial, RPC_STATUS_OK, payload);
}

static GByteArray *names_of(const char *const *names)
{
    GByteArray *out = g_byte_array_new();

    rpc_xdr_write_u32(out, g_strv_length((char **)names));
    for (gsize i = 0; names[i]; i++)
        rpc_xdr_write_string(out, names[i], strlen(names[i]));
    return out;
}

static guint32 expect_question(Proxy *proxy, gint32 procedure, const char *name)
{
    g_auto(Frame) question = proxy_receive(proxy, proxy->backend);

    g_assert_cmpint(question.header.procedure, ==, procedure);
    g_assert_cmpuint(question.header.serial, !=, SERIAL);
    if (name) {
        g_autofree char *got = payload_read_string(&question);

        g_assert_cmpstr(got, ==, name);
    }
    return question.header.serial;
}

static void expect_reply(Proxy *proxy, gint32 procedure, const GByteArray *expected)
{
    g_auto(Frame) got = proxy_receive(proxy, proxy->client);

    g_assert_cmpint(got.header.procedure, ==, procedure);
    g_assert_cmpuint(got.header.serial, ==, SERIAL);
    g_assert_cmpuint(got.header.status, ==, RPC_STATUS_OK);
    g_assert_cmpmem(got.payload->data, got.payload->len, expected->data, expected->len);
}

/* Sends the client's own call. */
static void expect_call(Proxy *proxy, gint32 procedure)
{
    g_auto(Frame) got = proxy_receive(proxy, proxy->backend);

    g_assert_cmpint(got.header.procedure, ==, procedure);
    g_assert_cmpuint(got.header.serial, ==, SERIAL);
}

static void by_name(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        gint32 procedure;
        gint32 asked;
    } rows[] = { { LOOKUP_NODE, LOOKUP_NODE },
                 { NODE_GET_PARENT, LOOKUP_NODE },
                 { NODE_NUM_OF_CAPS, LOOKUP_NODE },
                 { NODE_LIST_CAPS, LOOKUP_NODE },
                 { NODE_GET_AUTOSTART, NODE_GET_AUTOSTART },
                 { NODE_IS_PERSISTENT, NODE_IS_PERSISTENT },
                 { NODE_IS_ACTIVE, NODE_IS_ACTIVE } };
    g_autoptr(GByteArray) found = payload_string(PARENT);
    g_autoptr(GByteArray) number = g_byte_array_new();

    rpc_xdr_write_u32(number, 1);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) expected = g_byte_array_new();

        if (rows[i].procedure == LOOKUP_NODE)
            rpc_xdr_write_string(expected, DETACHED, strlen(DETACHED));
        else if (rows[i].procedure == NODE_GET_PARENT)
            rpc_xdr_write_optional(expected, PARENT);
        else
            rpc_xdr_write_u32(expected, 1);
        if (rows[i].procedure == NODE_LIST_CAPS)
            rpc_xdr_write_string(expected, "ccw", 3);
        call_name(proxy, rows[i].procedure, DETACHED);
        reply(proxy, rows[i].asked, expect_question(proxy, rows[i].asked, PARENT),
              rows[i].asked == LOOKUP_NODE ? found : number);
        expect_reply(proxy, rows[i].procedure, expected);
    }
}

static void xml(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) css = payload_string(CSS_XML);
    g_autofree char *text = NULL;
    g_auto(Frame) got = { 0 };

    call_name(proxy, NODE_GET_XML_DESC, DETACHED);
    reply(proxy, NODE_GET_XML_DESC, expect_question(proxy, NODE_GET_XML_DESC, PARENT), css);
    got = proxy_receive(proxy, proxy->client);
    g_assert_cmpuint(got.header.serial, ==, SERIAL);
    text = payload_read_string(&got);
    g_assert_nonnull(strstr(text, "<name>" DETACHED "</name>"));
    g_assert_nonnull(strstr(text, "<path>/sys/devices/css0/0.0.0036</path>"));
    g_assert_nonnull(strstr(text, "<parent>" PARENT "</parent>"));
    g_assert_nonnull(strstr(text, "<name>vfio_ccw</name>"));
    g_assert_nonnull(strstr(text, "<uuid>cc390000-0001-8000-8000-000100001236</uuid>"));
}

#define PLAIN_CSS                                                                                                      \
    "<device><name>" PARENT "</name><capability type='css'><cssid>0x0</cssid><ssid>0x0</ssid><devno>0x0036</devno>"    \
    "</capability></device>"

static guint32 expect_number_question(Proxy *proxy, gint32 procedure, gboolean has_xml, gboolean has_number)
{
    g_auto(Frame) got = proxy_receive(proxy, proxy->backend);
    g_autoptr(GByteArray) expected = payload_string(PARENT);

    if (has_xml)
        rpc_xdr_write_string(expected, PLAIN_CSS, strlen(PLAIN_CSS));
    if (has_number)
        rpc_xdr_write_u32(expected, 5);
    g_assert_cmpint(got.header.procedure, ==, procedure);
    g_assert_cmpmem(got.payload->data, got.payload->len, expected->data, expected->len);
    return got.header.serial;
}

/* For destroy, undefine and start, libvirt answers about the subchannel as it would about the device. */
static void not_possible(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        gint32 procedure;
        gboolean has_number;
        const char *xml;
    } rows[] = { { NODE_DESTROY, FALSE },
                 { NODE_UNDEFINE, TRUE },
                 { NODE_CREATE, TRUE },
                 { NODE_SET_AUTOSTART, TRUE },
                 { NODE_UPDATE, TRUE, "<device/>" },
                 { NODE_UPDATE, TRUE, "<device><capability type='ccw'/></device>" } };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) payload = payload_string(DETACHED);
        g_autoptr(GByteArray) error = payload_error(VIR_ERR_CONFIG_UNSUPPORTED, "Unsupported device type");
        guint32 serial;

        if (rows[i].xml)
            rpc_xdr_write_string(payload, rows[i].xml, strlen(rows[i].xml));
        if (rows[i].has_number)
            rpc_xdr_write_u32(payload, 5);
        call(proxy, rows[i].procedure, payload);
        serial = expect_number_question(proxy, rows[i].procedure, rows[i].xml != NULL, rows[i].has_number);
        proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, rows[i].procedure, serial, RPC_STATUS_ERROR, error);
        proxy_expect_error(proxy, SERIAL, rows[i].procedure, VIR_ERR_CONFIG_UNSUPPORTED, "Unsupported device type");
    }
}

/* A client that may not see the subchannel may not see the device. */
static void hidden(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) none = payload_error(VIR_ERR_NO_NODE_DEVICE, "no node device with matching name");
    g_auto(Frame) got = { 0 };

    call_name(proxy, LOOKUP_NODE, DETACHED);
    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, LOOKUP_NODE, expect_question(proxy, LOOKUP_NODE, PARENT),
               RPC_STATUS_ERROR, none);
    got = proxy_receive(proxy, proxy->client);
    g_assert_cmpint(got.header.procedure, ==, LOOKUP_NODE);
    g_assert_cmpuint(got.header.serial, ==, SERIAL);
    g_assert_cmpuint(got.header.status, ==, RPC_STATUS_ERROR);
}

static void attached(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const names[] = { ATTACHED, "ccw_0_0_4321", "pci_0000_00_02_0", PARENT };
    g_autoptr(GByteArray) stock = payload_string("<device><capability type='pci'/></device>");

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        call_name(proxy, NODE_GET_XML_DESC, names[i]);
        expect_call(proxy, NODE_GET_XML_DESC);
        reply(proxy, NODE_GET_XML_DESC, SERIAL, stock);
        expect_reply(proxy, NODE_GET_XML_DESC, stock);
    }
}

static void note_waited(gpointer data, const char *node)
{
    g_string_append_printf(data, "%s ", node);
}

static void reply_unknown(Proxy *proxy)
{
    g_autoptr(GByteArray) none = payload_error(VIR_ERR_NO_NODE_DEVICE, "no node device with matching name");

    expect_call(proxy, LOOKUP_NODE);
    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, LOOKUP_NODE, SERIAL, RPC_STATUS_ERROR, none);
}

/* virtccwd asks whether the client may see the subchannel of the device that libvirt does not know. */
static void answer_subchannel(Proxy *proxy, gboolean visible)
{
    guint32 serial = expect_question(proxy, LOOKUP_NODE, "css_0_0_0034");
    g_autoptr(GByteArray) found = payload_string("css_0_0_0034");
    g_autoptr(GByteArray) denied = payload_error(VIR_ERR_ACCESS_DENIED, "access denied");

    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, LOOKUP_NODE, serial, visible ? RPC_STATUS_OK : RPC_STATUS_ERROR,
               visible ? found : denied);
}

/*
 * The host has the device again, and libvirt has not noticed yet. A device that the host does not have is unknown, and
 * so is one whose subchannel the client may not see: virtccwd does not wait for these.
 */
static void not_listed_yet(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) found = payload_string(ATTACHED);
    g_autoptr(GString) waited = g_string_new(NULL);

    proxy->services.wait_listed = note_waited;
    proxy->services.query_data = waited;
    call_name(proxy, LOOKUP_NODE, ATTACHED);
    reply_unknown(proxy);
    answer_subchannel(proxy, TRUE);
    expect_call(proxy, LOOKUP_NODE);
    reply(proxy, LOOKUP_NODE, SERIAL, found);
    expect_reply(proxy, LOOKUP_NODE, found);
    g_assert_cmpstr(waited->str, ==, ATTACHED " ");

    call_name(proxy, LOOKUP_NODE, ATTACHED);
    reply_unknown(proxy);
    answer_subchannel(proxy, TRUE);
    reply_unknown(proxy);
    proxy_expect_error(proxy, SERIAL, LOOKUP_NODE, VIR_ERR_NO_NODE_DEVICE, "no node device");

    call_name(proxy, LOOKUP_NODE, ATTACHED);
    reply_unknown(proxy);
    answer_subchannel(proxy, FALSE);
    proxy_expect_error(proxy, SERIAL, LOOKUP_NODE, VIR_ERR_NO_NODE_DEVICE, "no node device");

    call_name(proxy, LOOKUP_NODE, "ccw_0_0_4321");
    reply_unknown(proxy);
    proxy_expect_error(proxy, SERIAL, LOOKUP_NODE, VIR_ERR_NO_NODE_DEVICE, "no node device");
    g_assert_cmpstr(waited->str, ==, ATTACHED " " ATTACHED " ");
}

static void call_list(Proxy *proxy, guint32 need_results, guint32 flags)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();

    rpc_xdr_write_u32(payload, need_results);
    rpc_xdr_write_u32(payload, flags);
    call(proxy, LIST_ALL_NODES, payload);
    expect_call(proxy, LIST_ALL_NODES);
}

static void reply_list(Proxy *proxy, guint32 serial, const char *const *names, guint32 count)
{
    g_autoptr(GByteArray) payload = names_of(names);

    rpc_xdr_write_u32(payload, count);
    reply(proxy, LIST_ALL_NODES, serial, payload);
}

static void expect_list(Proxy *proxy, const char *const *names, guint32 count)
{
    g_autoptr(GByteArray) payload = names_of(names);

    rpc_xdr_write_u32(payload, count);
    expect_reply(proxy, LIST_ALL_NODES, payload);
}

static guint32 expect_list_question(Proxy *proxy, guint32 flags)
{
    g_auto(Frame) got = proxy_receive(proxy, proxy->backend);
    g_autoptr(GByteArray) expected = g_byte_array_new();

    rpc_xdr_write_u32(expected, 1);
    rpc_xdr_write_u32(expected, flags);
    g_assert_cmpint(got.header.procedure, ==, LIST_ALL_NODES);
    g_assert_cmpmem(got.payload->data, got.payload->len, expected->data, expected->len);
    return got.header.serial;
}

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_NAMES ((const char *const[]){ NULL })

static void listed(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    call_list(proxy, 1, 0);
    reply_list(proxy, SERIAL, NAMES("computer", ATTACHED), 2);
    reply_list(proxy, expect_question(proxy, LIST_ALL_NODES, NULL), NAMES(ATTACHED, PARENT), 2);
    expect_list(proxy, NAMES("computer", ATTACHED, DETACHED), 3);

    call_list(proxy, 0, VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV); /* asks only for the number */
    reply_list(proxy, SERIAL, NO_NAMES, 1);
    reply_list(proxy, expect_question(proxy, LIST_ALL_NODES, NULL), NAMES(ATTACHED, PARENT), 2);
    expect_list(proxy, NO_NAMES, 2);

    call_list(proxy, 1, VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV); /* this client may not see it */
    reply_list(proxy, SERIAL, NAMES(ATTACHED), 1);
    reply_list(proxy, expect_question(proxy, LIST_ALL_NODES, NULL), NAMES(ATTACHED), 1);
    expect_list(proxy, NAMES(ATTACHED), 1);

    call_list(proxy, 1, VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV); /* libvirt has not noticed the device yet */
    reply_list(proxy, SERIAL, NAMES(DETACHED), 1);
    reply_list(proxy, expect_question(proxy, LIST_ALL_NODES, NULL), NAMES(DETACHED, PARENT), 2);
    expect_list(proxy, NAMES(DETACHED), 1);
}

static void filtered(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const guint32 flags[] = { VIR_CONNECT_LIST_NODE_DEVICES_CAP_CSS_DEV,
                                     VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE };

    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++) {
        call_list(proxy, 1, flags[i]);
        reply_list(proxy, SERIAL, NAMES(PARENT), 1);
        expect_list(proxy, NAMES(PARENT), 1);
    }
}

/* PERSISTENT, TRANSIENT, both, and with a capability: virtccwd asks for the subchannel with the same flags. */
static void persistence(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const guint32 css_ccw =
        VIR_CONNECT_LIST_NODE_DEVICES_CAP_CSS_DEV | VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV;
    static const guint32 caps[] = { 0, VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV };

    for (gsize i = 0; i < G_N_ELEMENTS(caps); i++)
        for (guint32 bits = 1; bits <= 3; bits++) {
            gboolean persistent = bits & 1;
            guint32 serial;

            call_list(proxy, 1, caps[i] | bits << 28);
            reply_list(proxy, SERIAL, NAMES(ATTACHED), 1);
            serial = expect_list_question(proxy, css_ccw | bits << 28);
            if (persistent) {
                reply_list(proxy, serial, NAMES(ATTACHED, PARENT), 2);
                expect_list(proxy, NAMES(ATTACHED, DETACHED), 2);
            } else {
                reply_list(proxy, serial, NO_NAMES, 0);
                expect_list(proxy, NAMES(ATTACHED), 1);
            }
        }
}

static void strange_reply(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) strange = payload_string("what is this");

    call_list(proxy, 1, 0);
    reply(proxy, LIST_ALL_NODES, SERIAL, strange);
    reply_list(proxy, expect_question(proxy, LIST_ALL_NODES, NULL), NAMES(PARENT), 1);
    expect_reply(proxy, LIST_ALL_NODES, strange);
    call_list(proxy, 1, 0);
    reply_list(proxy, SERIAL, NAMES("computer"), 1);
    reply(proxy, LIST_ALL_NODES, expect_question(proxy, LIST_ALL_NODES, NULL), strange);
    expect_list(proxy, NAMES("computer"), 1);
}

/* The older list calls, from before LIST_ALL_NODES. */
static void old_calls(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    for (guint32 max = 1; max <= 2; max++) {
        g_autoptr(GByteArray) arguments = g_byte_array_new();
        g_autoptr(GByteArray) one = names_of(NAMES(ATTACHED));
        g_autoptr(GByteArray) two = names_of(NAMES(ATTACHED, DETACHED));

        rpc_xdr_write_optional(arguments, "ccw");
        rpc_xdr_write_u32(arguments, max);
        rpc_xdr_write_u32(arguments, 0);
        call(proxy, LIST_NODES, arguments);
        expect_call(proxy, LIST_NODES);
        reply(proxy, LIST_NODES, SERIAL, one);
        reply_list(proxy, expect_question(proxy, LIST_ALL_NODES, NULL), NAMES(ATTACHED, PARENT), 2);
        expect_reply(proxy, LIST_NODES, max == 1 ? one : two);
    }
    for (guint i = 0; i < 2; i++) {
        g_autoptr(GByteArray) arguments = g_byte_array_new();
        g_autoptr(GByteArray) stock = g_byte_array_new();
        g_autoptr(GByteArray) more = g_byte_array_new();

        rpc_xdr_write_optional(arguments, i ? "pci" : NULL);
        rpc_xdr_write_u32(arguments, 0);
        rpc_xdr_write_u32(stock, 5);
        rpc_xdr_write_u32(more, 6);
        call(proxy, NUM_OF_NODES, arguments);
        expect_call(proxy, NUM_OF_NODES);
        reply(proxy, NUM_OF_NODES, SERIAL, stock);
        if (!i)
            reply_list(proxy, expect_question(proxy, LIST_ALL_NODES, NULL), NAMES(PARENT), 1);
        expect_reply(proxy, NUM_OF_NODES, i ? stock : more);
    }
}

#define FEW_NAMES 250
#define FACTOR 64

/* Makes the payload of a list of the subchannels of this many detached devices, all of which are visible. */
static GByteArray *many_subchannels(guint count)
{
    GByteArray *out = g_byte_array_new();

    rpc_xdr_write_u32(out, count);
    for (guint i = 0; i < count; i++) {
        g_autofree char *name = conf_node_name_format(CONF_NODE_CSS, &(CcwBusId){ .ssid = 1, .devno = (guint16)i });

        rpc_xdr_write_string(out, name, strlen(name));
    }
    rpc_xdr_write_u32(out, count);
    return out;
}

static void send_list(Proxy *proxy, guint32 serial, const GByteArray *payload)
{
    const RpcHeader header = { .program = RPC_PROGRAM_REMOTE,
                               .version = 1,
                               .procedure = LIST_ALL_NODES,
                               .type = RPC_TYPE_REPLY,
                               .serial = serial };
    g_autoptr(GByteArray) frame = rpc_frame_new(&header, payload->data, payload->len);

    proxy_send_all(proxy, proxy->backend, frame);
}

static gint64 used_processor(void)
{
    struct timespec used;

    g_assert_cmpint(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used), ==, 0);
    return used.tv_sec * G_USEC_PER_SEC + used.tv_nsec / 1000;
}

/* Returns the processor time of the main thread, in microseconds, for a list to which this many names are added. */
static gint64 time_list(Proxy *proxy, guint count)
{
    g_autoptr(GByteArray) subchannels = many_subchannels(count);
    g_auto(Frame) got = { 0 };
    gint64 before;
    guint32 serial;

    host_detach_many(count);
    call_list(proxy, 1, 0);
    before = used_processor();
    send_list(proxy, SERIAL, subchannels);
    serial = expect_question(proxy, LIST_ALL_NODES, NULL);
    send_list(proxy, serial, subchannels);
    got = proxy_receive(proxy, proxy->client);
    g_assert_cmpuint(ccw_load_be32(got.payload->data), ==, 2 * count);
    return used_processor() - before;
}

/*
 * FACTOR times the names take about FACTOR times as long. Comparing each name with each would take FACTOR * FACTOR
 * times as long. Other work of the machine may make the time ten times as long.
 */
static void many(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    gint64 few = G_MAXINT64, many = G_MAXINT64;

    for (guint i = 0; i < 3; i++) {
        gint64 few_now = time_list(proxy, FEW_NAMES), many_now = time_list(proxy, FACTOR * FEW_NAMES);

        few = MIN(few, few_now);
        many = MIN(many, many_now);
    }
    g_test_message("%d names: %" G_GINT64_FORMAT " us; %d: %" G_GINT64_FORMAT " us", FEW_NAMES, few, FACTOR * FEW_NAMES,
                   many);
    g_assert_cmpint(many, <, 10 * FACTOR * few);
}

/* The serials of questions start again while an early question is unanswered: its serial is not used twice. */
static void serial_wraps(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) payload = payload_string(DETACHED);
    g_autoptr(GByteArray) found = payload_string(PARENT);
    guint32 serials[2];

    for (guint i = 0; i < 2; i++) {
        proxy_send(proxy, proxy->client, RPC_TYPE_CALL, LOOKUP_NODE, SERIAL + i, RPC_STATUS_OK, payload);
        serials[i] = expect_question(proxy, LOOKUP_NODE, PARENT);
        proxy->connection->serial_next = (guint16)serials[0];
    }
    g_assert_cmpuint(serials[0], !=, serials[1]);
    for (guint i = 2; i-- > 0;) {
        g_auto(Frame) got = { 0 };

        reply(proxy, LOOKUP_NODE, serials[i], found);
        got = proxy_receive(proxy, proxy->client);
        g_assert_cmpuint(got.header.serial, ==, SERIAL + i);
    }
}

#define ADD(name, func) g_test_add("/remote/nodedev/" name, Proxy, NULL, proxy_set_up, func, proxy_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("by-name", by_name);
    ADD("xml", xml);
    ADD("not-possible", not_possible);
    ADD("hidden", hidden);
    ADD("attached", attached);
    ADD("not-listed-yet", not_listed_yet);
    ADD("listed", listed);
    ADD("filtered", filtered);
    ADD("persistence", persistence);
    ADD("strange-reply", strange_reply);
    ADD("old-calls", old_calls);
    ADD("many", many);
    ADD("serial-wraps", serial_wraps);
    return g_test_run();
}
