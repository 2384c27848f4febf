/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ccw_* node devices that libvirt drops while they are detached, in lists and by name. */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <time.h>

#include "peers.h"
#include "remote/connection-private.h"
#include "rpc/xdr.h"
#include "util/endian.h"

#define SERIAL 21
#define DETACHED "ccw_0_0_1236" /* on css_0_0_0036, as fake-host.c has it */
#define PARENT "css_0_0_0036"
#define ATTACHED "ccw_0_0_1234"
#define CSS_XML                                                                                                        \
    "<device><name>" PARENT "</name><path>/sys/devices/css0/0.0.0036</path><parent>computer</parent></device>"

static void call(Peers *peers, gint32 procedure, const GByteArray *payload)
{
    peers_send(peers, peers->client, CCW_TYPE_CALL, procedure, SERIAL, CCW_STATUS_OK, payload);
}

static void call_name(Peers *peers, gint32 procedure, const char *name)
{
    g_autoptr(GByteArray) payload = payload_string(name);

    if (procedure == 114 || procedure == 117)
        ccw_xdr_write_u32(payload, procedure == 117 ? 16 : 0);
    call(peers, procedure, payload);
}

static void reply(Peers *peers, gint32 procedure, guint32 serial, const GByteArray *payload)
{
    peers_send(peers, peers->backend, CCW_TYPE_REPLY, procedure, serial, CCW_STATUS_OK, payload);
}

static GByteArray *names_of(const char *const *names)
{
    GByteArray *out = g_byte_array_new();

    ccw_xdr_write_u32(out, g_strv_length((char **)names));
    for (gsize i = 0; names[i]; i++)
        ccw_xdr_write_string(out, names[i], strlen(names[i]));
    return out;
}

static guint32 expect_question(Peers *peers, gint32 procedure, const char *name)
{
    g_auto(Frame) question = peers_receive(peers, peers->backend);

    g_assert_cmpint(question.header.procedure, ==, procedure);
    g_assert_cmpuint(question.header.serial, !=, SERIAL);
    if (name) {
        g_autofree char *got = payload_read_string(&question);

        g_assert_cmpstr(got, ==, name);
    }
    return question.header.serial;
}

static void expect_reply(Peers *peers, gint32 procedure, const GByteArray *expected)
{
    g_auto(Frame) got = peers_receive(peers, peers->client);

    g_assert_cmpint(got.header.procedure, ==, procedure);
    g_assert_cmpuint(got.header.serial, ==, SERIAL);
    g_assert_cmpuint(got.header.status, ==, CCW_STATUS_OK);
    g_assert_cmpmem(got.payload->data, got.payload->len, expected->data, expected->len);
}

/* The client's own call. */
static void expect_call(Peers *peers, gint32 procedure)
{
    g_auto(Frame) got = peers_receive(peers, peers->backend);

    g_assert_cmpint(got.header.procedure, ==, procedure);
    g_assert_cmpuint(got.header.serial, ==, SERIAL);
}

static void by_name(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        gint32 procedure;
        gint32 asked;
    } rows[] = { { 113, 113 }, { 115, 113 }, { 116, 113 }, { 117, 113 }, { 433, 433 }, { 435, 435 }, { 436, 436 } };
    g_autoptr(GByteArray) found = payload_string(PARENT);
    g_autoptr(GByteArray) number = g_byte_array_new();

    ccw_xdr_write_u32(number, 1);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) expected = g_byte_array_new();

        if (rows[i].procedure == 113)
            ccw_xdr_write_string(expected, DETACHED, strlen(DETACHED));
        else if (rows[i].procedure == 115)
            ccw_xdr_write_optional(expected, PARENT);
        else
            ccw_xdr_write_u32(expected, 1);
        if (rows[i].procedure == 117)
            ccw_xdr_write_string(expected, "ccw", 3);
        call_name(peers, rows[i].procedure, DETACHED);
        reply(peers, rows[i].asked, expect_question(peers, rows[i].asked, PARENT),
              rows[i].asked == 113 ? found : number);
        expect_reply(peers, rows[i].procedure, expected);
    }
}

static void xml(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) css = payload_string(CSS_XML);
    g_autofree char *text = NULL;
    g_auto(Frame) got = { 0 };

    call_name(peers, 114, DETACHED);
    reply(peers, 114, expect_question(peers, 114, PARENT), css);
    got = peers_receive(peers, peers->client);
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

static guint32 expect_number_question(Peers *peers, gint32 procedure, gboolean has_xml, gboolean has_number)
{
    g_auto(Frame) got = peers_receive(peers, peers->backend);
    g_autoptr(GByteArray) expected = payload_string(PARENT);

    if (has_xml)
        ccw_xdr_write_string(expected, PLAIN_CSS, strlen(PLAIN_CSS));
    if (has_number)
        ccw_xdr_write_u32(expected, 5);
    g_assert_cmpint(got.header.procedure, ==, procedure);
    g_assert_cmpmem(got.payload->data, got.payload->len, expected->data, expected->len);
    return got.header.serial;
}

/* Destroyed, undefined, started: libvirt says of its subchannel what it would say of the device. */
static void not_possible(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        gint32 procedure;
        gboolean has_number;
        const char *xml;
    } rows[] = { { 124, FALSE },
                 { 429, TRUE },
                 { 430, TRUE },
                 { 434, TRUE },
                 { 447, TRUE, "<device/>" },
                 { 447, TRUE, "<device><capability type='ccw'/></device>" } };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) payload = payload_string(DETACHED);
        g_autoptr(GByteArray) error = payload_error(VIR_ERR_CONFIG_UNSUPPORTED, "Unsupported device type");
        guint32 serial;

        if (rows[i].xml)
            ccw_xdr_write_string(payload, rows[i].xml, strlen(rows[i].xml));
        if (rows[i].has_number)
            ccw_xdr_write_u32(payload, 5);
        call(peers, rows[i].procedure, payload);
        serial = expect_number_question(peers, rows[i].procedure, rows[i].xml != NULL, rows[i].has_number);
        peers_send(peers, peers->backend, CCW_TYPE_REPLY, rows[i].procedure, serial, CCW_STATUS_ERROR, error);
        peers_expect_error(peers, SERIAL, rows[i].procedure, VIR_ERR_CONFIG_UNSUPPORTED, "Unsupported device type");
    }
}

/* What the client may not know of its subchannel it may not know of the device. */
static void hidden(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) none = payload_error(VIR_ERR_NO_NODE_DEVICE, "no node device with matching name");
    g_auto(Frame) got = { 0 };

    call_name(peers, 113, DETACHED);
    peers_send(peers, peers->backend, CCW_TYPE_REPLY, 113, expect_question(peers, 113, PARENT), CCW_STATUS_ERROR, none);
    got = peers_receive(peers, peers->client);
    g_assert_cmpint(got.header.procedure, ==, 113);
    g_assert_cmpuint(got.header.serial, ==, SERIAL);
    g_assert_cmpuint(got.header.status, ==, CCW_STATUS_ERROR);
}

static void attached(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const names[] = { ATTACHED, "ccw_0_0_4321", "pci_0000_00_02_0", PARENT };
    g_autoptr(GByteArray) stock = payload_string("<device><capability type='pci'/></device>");

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        call_name(peers, 114, names[i]);
        expect_call(peers, 114);
        reply(peers, 114, SERIAL, stock);
        expect_reply(peers, 114, stock);
    }
}

static void note_waited(gpointer data, const char *node)
{
    g_string_append_printf(data, "%s ", node);
}

static void reply_unknown(Peers *peers)
{
    g_autoptr(GByteArray) none = payload_error(VIR_ERR_NO_NODE_DEVICE, "no node device with matching name");

    expect_call(peers, 113);
    peers_send(peers, peers->backend, CCW_TYPE_REPLY, 113, SERIAL, CCW_STATUS_ERROR, none);
}

/* May the client see the subchannel of the device that libvirt does not know? */
static void answer_subchannel(Peers *peers, gboolean visible)
{
    guint32 serial = expect_question(peers, 113, "css_0_0_0034");
    g_autoptr(GByteArray) found = payload_string("css_0_0_0034");
    g_autoptr(GByteArray) denied = payload_error(VIR_ERR_ACCESS_DENIED, "access denied");

    peers_send(peers, peers->backend, CCW_TYPE_REPLY, 113, serial, visible ? CCW_STATUS_OK : CCW_STATUS_ERROR,
               visible ? found : denied);
}

/*
 * The host has the device again, and libvirt has not heard of it yet. One that the host does not have is unknown, and
 * so is one whose subchannel the client may not see: virtccwd does not wait for that.
 */
static void not_listed_yet(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) found = payload_string(ATTACHED);
    g_autoptr(GString) waited = g_string_new(NULL);

    peers->services.wait_listed = note_waited;
    peers->services.look_data = waited;
    call_name(peers, 113, ATTACHED);
    reply_unknown(peers);
    answer_subchannel(peers, TRUE);
    expect_call(peers, 113);
    reply(peers, 113, SERIAL, found);
    expect_reply(peers, 113, found);
    g_assert_cmpstr(waited->str, ==, ATTACHED " ");

    call_name(peers, 113, ATTACHED);
    reply_unknown(peers);
    answer_subchannel(peers, TRUE);
    reply_unknown(peers);
    peers_expect_error(peers, SERIAL, 113, VIR_ERR_NO_NODE_DEVICE, "no node device");

    call_name(peers, 113, ATTACHED);
    reply_unknown(peers);
    answer_subchannel(peers, FALSE);
    peers_expect_error(peers, SERIAL, 113, VIR_ERR_NO_NODE_DEVICE, "no node device");

    call_name(peers, 113, "ccw_0_0_4321");
    reply_unknown(peers);
    peers_expect_error(peers, SERIAL, 113, VIR_ERR_NO_NODE_DEVICE, "no node device");
    g_assert_cmpstr(waited->str, ==, ATTACHED " " ATTACHED " ");
}

static void call_list(Peers *peers, guint32 need_results, guint32 flags)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();

    ccw_xdr_write_u32(payload, need_results);
    ccw_xdr_write_u32(payload, flags);
    call(peers, 285, payload);
    expect_call(peers, 285);
}

static void reply_list(Peers *peers, guint32 serial, const char *const *names, guint32 count)
{
    g_autoptr(GByteArray) payload = names_of(names);

    ccw_xdr_write_u32(payload, count);
    reply(peers, 285, serial, payload);
}

static void expect_list(Peers *peers, const char *const *names, guint32 count)
{
    g_autoptr(GByteArray) payload = names_of(names);

    ccw_xdr_write_u32(payload, count);
    expect_reply(peers, 285, payload);
}

static guint32 expect_list_question(Peers *peers, guint32 flags)
{
    g_auto(Frame) got = peers_receive(peers, peers->backend);
    g_autoptr(GByteArray) expected = g_byte_array_new();

    ccw_xdr_write_u32(expected, 1);
    ccw_xdr_write_u32(expected, flags);
    g_assert_cmpint(got.header.procedure, ==, 285);
    g_assert_cmpmem(got.payload->data, got.payload->len, expected->data, expected->len);
    return got.header.serial;
}

#define NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_NAMES ((const char *const[]){ NULL })

static void listed(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    call_list(peers, 1, 0);
    reply_list(peers, SERIAL, NAMES("computer", ATTACHED), 2);
    reply_list(peers, expect_question(peers, 285, NULL), NAMES(ATTACHED, PARENT), 2);
    expect_list(peers, NAMES("computer", ATTACHED, DETACHED), 3);

    call_list(peers, 0, VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV); /* how many */
    reply_list(peers, SERIAL, NO_NAMES, 1);
    reply_list(peers, expect_question(peers, 285, NULL), NAMES(ATTACHED, PARENT), 2);
    expect_list(peers, NO_NAMES, 2);

    call_list(peers, 1, VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV); /* not seen by this client */
    reply_list(peers, SERIAL, NAMES(ATTACHED), 1);
    reply_list(peers, expect_question(peers, 285, NULL), NAMES(ATTACHED), 1);
    expect_list(peers, NAMES(ATTACHED), 1);

    call_list(peers, 1, VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV); /* libvirt has not noticed yet */
    reply_list(peers, SERIAL, NAMES(DETACHED), 1);
    reply_list(peers, expect_question(peers, 285, NULL), NAMES(DETACHED, PARENT), 2);
    expect_list(peers, NAMES(DETACHED), 1);
}

static void filtered(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const guint32 flags[] = { VIR_CONNECT_LIST_NODE_DEVICES_CAP_CSS_DEV,
                                     VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE };

    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++) {
        call_list(peers, 1, flags[i]);
        reply_list(peers, SERIAL, NAMES(PARENT), 1);
        expect_list(peers, NAMES(PARENT), 1);
    }
}

/* PERSISTENT, TRANSIENT, both, and with a capability: the subchannel is asked for with the same. */
static void persistence(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const guint32 css_ccw =
        VIR_CONNECT_LIST_NODE_DEVICES_CAP_CSS_DEV | VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV;
    static const guint32 caps[] = { 0, VIR_CONNECT_LIST_NODE_DEVICES_CAP_CCW_DEV };

    for (gsize i = 0; i < G_N_ELEMENTS(caps); i++)
        for (guint32 bits = 1; bits <= 3; bits++) {
            gboolean persistent = bits & 1;
            guint32 serial;

            call_list(peers, 1, caps[i] | bits << 28);
            reply_list(peers, SERIAL, NAMES(ATTACHED), 1);
            serial = expect_list_question(peers, css_ccw | bits << 28);
            if (persistent) {
                reply_list(peers, serial, NAMES(ATTACHED, PARENT), 2);
                expect_list(peers, NAMES(ATTACHED, DETACHED), 2);
            } else {
                reply_list(peers, serial, NO_NAMES, 0);
                expect_list(peers, NAMES(ATTACHED), 1);
            }
        }
}

static void strange_reply(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) strange = payload_string("what is this");

    call_list(peers, 1, 0);
    reply(peers, 285, SERIAL, strange);
    reply_list(peers, expect_question(peers, 285, NULL), NAMES(PARENT), 1);
    expect_reply(peers, 285, strange);
    call_list(peers, 1, 0);
    reply_list(peers, SERIAL, NAMES("computer"), 1);
    reply(peers, 285, expect_question(peers, 285, NULL), strange);
    expect_list(peers, NAMES("computer"), 1);
}

/* The calls that were there before 285. */
static void old_calls(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    for (guint32 max = 1; max <= 2; max++) {
        g_autoptr(GByteArray) arguments = g_byte_array_new();
        g_autoptr(GByteArray) one = names_of(NAMES(ATTACHED));
        g_autoptr(GByteArray) two = names_of(NAMES(ATTACHED, DETACHED));

        ccw_xdr_write_optional(arguments, "ccw");
        ccw_xdr_write_u32(arguments, max);
        ccw_xdr_write_u32(arguments, 0);
        call(peers, 112, arguments);
        expect_call(peers, 112);
        reply(peers, 112, SERIAL, one);
        reply_list(peers, expect_question(peers, 285, NULL), NAMES(ATTACHED, PARENT), 2);
        expect_reply(peers, 112, max == 1 ? one : two);
    }
    for (guint i = 0; i < 2; i++) {
        g_autoptr(GByteArray) arguments = g_byte_array_new();
        g_autoptr(GByteArray) stock = g_byte_array_new();
        g_autoptr(GByteArray) more = g_byte_array_new();

        ccw_xdr_write_optional(arguments, i ? "pci" : NULL);
        ccw_xdr_write_u32(arguments, 0);
        ccw_xdr_write_u32(stock, 5);
        ccw_xdr_write_u32(more, 6);
        call(peers, 111, arguments);
        expect_call(peers, 111);
        reply(peers, 111, SERIAL, stock);
        if (!i)
            reply_list(peers, expect_question(peers, 285, NULL), NAMES(PARENT), 1);
        expect_reply(peers, 111, i ? stock : more);
    }
}

/* The payload of a list with the subchannels of so many detached devices, each of which is visible. */
static GByteArray *many_subchannels(guint count)
{
    GByteArray *out = g_byte_array_new();

    ccw_xdr_write_u32(out, count);
    for (guint i = 0; i < count; i++) {
        g_autofree char *name = ccw_node_name_format(CCW_NODE_CSS, &(CcwBusId){ .ssid = 1, .devno = (guint16)i });

        ccw_xdr_write_string(out, name, strlen(name));
    }
    ccw_xdr_write_u32(out, count);
    return out;
}

static void send_list(Peers *peers, guint32 serial, const GByteArray *payload)
{
    const CcwHeader header = {
        .program = CCW_PROGRAM_REMOTE, .version = 1, .procedure = 285, .type = CCW_TYPE_REPLY, .serial = serial
    };
    g_autoptr(GByteArray) frame = ccw_frame_new(&header, payload->data, payload->len);

    peers_send_all(peers, peers->backend, frame);
}

static gint64 used_processor(void)
{
    struct timespec used;

    g_assert_cmpint(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used), ==, 0);
    return used.tv_sec * G_USEC_PER_SEC + used.tv_nsec / 1000;
}

/* The processor time of the main thread, in microseconds, for a list to which so many names are added. */
static gint64 time_list(Peers *peers, guint count)
{
    g_autoptr(GByteArray) subchannels = many_subchannels(count);
    g_auto(Frame) got = { 0 };
    gint64 before;
    guint32 serial;

    host_detach_many(count);
    call_list(peers, 1, 0);
    before = used_processor();
    send_list(peers, SERIAL, subchannels);
    serial = expect_question(peers, 285, NULL);
    send_list(peers, serial, subchannels);
    got = peers_receive(peers, peers->client);
    g_assert_cmpuint(ccw_load_be32(got.payload->data), ==, 2 * count);
    return used_processor() - before;
}

/* Eight times the names take about eight times as long; 64 times if each were compared with each. */
static void many(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    gint64 few = G_MAXINT64, many = G_MAXINT64;

    for (guint i = 0; i < 3; i++) {
        gint64 few_now = time_list(peers, 1000), many_now = time_list(peers, 8000);

        few = MIN(few, few_now);
        many = MIN(many, many_now);
    }
    g_test_message("1,000 names: %" G_GINT64_FORMAT " us; 8,000: %" G_GINT64_FORMAT " us", few, many);
    g_assert_cmpint(many, <, 24 * few);
}

/* The serials of questions start again while an early question is unanswered: its serial is not used twice. */
static void serial_wraps(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) payload = payload_string(DETACHED);
    g_autoptr(GByteArray) found = payload_string(PARENT);
    guint32 serials[2];

    for (guint i = 0; i < 2; i++) {
        peers_send(peers, peers->client, CCW_TYPE_CALL, 113, SERIAL + i, CCW_STATUS_OK, payload);
        serials[i] = expect_question(peers, 113, PARENT);
        peers->connection->serial_next = (guint16)serials[0];
    }
    g_assert_cmpuint(serials[0], !=, serials[1]);
    for (guint i = 2; i-- > 0;) {
        g_auto(Frame) got = { 0 };

        reply(peers, 113, serials[i], found);
        got = peers_receive(peers, peers->client);
        g_assert_cmpuint(got.header.serial, ==, SERIAL + i);
    }
}

#define ADD(name, func) g_test_add("/remote/nodedev/" name, Peers, NULL, peers_set_up, func, peers_tear_down)

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
