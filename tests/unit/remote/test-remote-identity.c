/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How libvirt learns who a client is, and that nothing which depends on it gets there before. */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peers.h"
#include "rpc/wire.h"
#include "rpc/xdr.h"
#include "util/log.h"

#define OPEN 1
#define FEATURE 60
#define AUTH_LIST 66
#define SET_IDENTITY 419
#define OTHER 4
#define GET_URI 110

static gboolean is_root; /* the client */

/* data: the user */
static void set_up(Peers *peers, gconstpointer data)
{
    CcwPeer *peer = g_new0(CcwPeer, 1);

    is_root = GPOINTER_TO_INT(data) == 0;
    peer->pid = 4321;
    peer->uid = (uid_t)GPOINTER_TO_INT(data);
    peer->start_time = 99;
    peer->label = g_strdup("label");
    peers_set_up_as(peers, peer);
}

static void call_open(Peers *peers, const char *uri, guint32 flags, guint32 serial)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();

    ccw_xdr_write_optional(payload, uri);
    ccw_xdr_write_u32(payload, flags);
    peers_send(peers, peers->client, CCW_TYPE_CALL, OPEN, serial, CCW_STATUS_OK, payload);
}

static void call(Peers *peers, gint32 procedure, guint32 serial)
{
    if (procedure == OPEN)
        call_open(peers, "qemu:///system", 0, serial);
    else
        peers_send(peers, peers->client, CCW_TYPE_CALL, procedure, serial, CCW_STATUS_OK, NULL);
}

/* The next call that libvirt gets; its serial. */
static guint32 expect_call(Peers *peers, gint32 procedure)
{
    g_auto(Frame) frame = peers_receive(peers, peers->backend);

    g_assert_cmpint(frame.header.procedure, ==, procedure);
    g_assert_cmpuint(frame.header.type, ==, CCW_TYPE_CALL);
    return frame.header.serial;
}

static void reply(Peers *peers, gint32 procedure, guint32 serial, GByteArray *payload, gint32 error)
{
    g_autoptr(GByteArray) bytes = error ? payload_error(error, "no") : payload;

    peers_send(peers, peers->backend, CCW_TYPE_REPLY, procedure, serial, error ? CCW_STATUS_ERROR : CCW_STATUS_OK,
               bytes);
}

static void greet(Peers *peers, guint32 type)
{
    guint32 serial = expect_call(peers, AUTH_LIST);
    GByteArray *types = g_byte_array_new();

    ccw_xdr_write_u32(types, 1);
    ccw_xdr_write_u32(types, type);
    reply(peers, AUTH_LIST, serial, types, 0);
}

static void expect_ok(Peers *peers, gint32 procedure, guint32 serial)
{
    g_auto(Frame) frame = peers_receive(peers, peers->client);

    g_assert_cmpint(frame.header.procedure, ==, procedure);
    g_assert_cmpuint(frame.header.serial, ==, serial);
    g_assert_cmpuint(frame.header.status, ==, CCW_STATUS_OK);
}

/* root's AUTH_LIST is the client's own. */
static void greet_root(Peers *peers)
{
    call(peers, AUTH_LIST, 0);
    g_assert_cmpuint(expect_call(peers, AUTH_LIST), ==, 0);
    reply(peers, AUTH_LIST, 0, NULL, 0);
    expect_ok(peers, AUTH_LIST, 0);
}

/* Up to the identity, whose serial it returns. root has the reply by then. */
static guint32 open_uri_until_identity(Peers *peers, const char *uri, guint32 flags)
{
    g_auto(Frame) frame = { 0 };

    call_open(peers, uri, flags, 1);
    g_assert_cmpuint(expect_call(peers, OPEN), ==, 1);
    reply(peers, OPEN, 1, NULL, 0);
    frame = peers_receive(peers, peers->backend);
    g_assert_cmpint(frame.header.procedure, ==, SET_IDENTITY);
    for (gsize i = 0; i < 3; i++) {
        static const char *const names[] = { "unix-user-id", "process-time", "selinux-context" };

        g_assert_nonnull(memmem(frame.payload->data, frame.payload->len, names[i], strlen(names[i])));
    }
    if (is_root)
        expect_ok(peers, OPEN, 1);
    peers_assert_quiet(peers, peers->client);
    return frame.header.serial;
}

static guint32 open_until_identity(Peers *peers)
{
    return open_uri_until_identity(peers, "qemu:///system", 0);
}

static void root(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    guint32 identity;

    call(peers, OTHER, 9);
    peers_expect_error(peers, 9, OTHER, VIR_ERR_RPC, "authentication required"); /* as libvirt says it */
    greet_root(peers);
    call(peers, OTHER, 9);
    peers_expect_error(peers, 9, OTHER, VIR_ERR_INTERNAL_ERROR, "not open");
    identity = open_until_identity(peers);
    call(peers, SET_IDENTITY, 2); /* is not read before libvirt knows who the client is */
    peers_assert_quiet(peers, peers->backend);
    reply(peers, SET_IDENTITY, identity, NULL, 0);
    g_assert_cmpuint(expect_call(peers, SET_IDENTITY), ==, 2);
    call(peers, OTHER, 3);
    g_assert_cmpuint(expect_call(peers, OTHER), ==, 3);
}

/* libvirt does not take the identity, when root has the reply already: nothing else of it reaches libvirt. */
static void root_not_taken(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    guint32 identity;

    greet_root(peers);
    identity = open_until_identity(peers);
    call(peers, OTHER, 2);
    reply(peers, SET_IDENTITY, identity, NULL, VIR_ERR_INTERNAL_ERROR);
    peers_expect_error(peers, 2, OTHER, VIR_ERR_INTERNAL_ERROR, "not open");
    peers_assert_quiet(peers, peers->backend);
    peers_assert_quiet(peers, peers->client);
}

/* One question more. What is answered to it does not matter, but for one thing. */
static void user(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    call(peers, AUTH_LIST, 0); /* is not read before */
    greet(peers, 0);
    g_assert_cmpuint(expect_call(peers, AUTH_LIST), ==, 0);
    reply(peers, AUTH_LIST, 0, NULL, 0);
    expect_ok(peers, AUTH_LIST, 0);
    reply(peers, SET_IDENTITY, open_until_identity(peers), NULL, 0);
    reply(peers, FEATURE, expect_call(peers, FEATURE), NULL, VIR_ERR_NO_SUPPORT);
    expect_ok(peers, OPEN, 1);
    call(peers, SET_IDENTITY, 2);
    peers_expect_error(peers, 2, SET_IDENTITY, VIR_ERR_ACCESS_DENIED, "only root");
    call(peers, OTHER, 3);
    g_assert_cmpuint(expect_call(peers, OTHER), ==, 3);
}

#define ATTACH 160
#define HOSTDEV                                                                                                        \
    "<hostdev mode='subsystem' type='ccw' managed='yes'><source><address devno='0x1234'/></source>"                    \
    "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0005'/></hostdev>"

/* The attach, or, before that, the question whether he may: with the serial that it returns. Nobody else is held up. */
static guint32 expect_attach(Peers *peers, gboolean question)
{
    g_auto(Frame) frame = peers_receive(peers, peers->backend);
    g_autofree char *xml = payload_read_attach_xml(&frame);

    g_assert_cmpint(frame.header.procedure, ==, ATTACH);
    if (question)
        g_assert_cmpstr(xml, ==, "<no-device/>");
    else
        g_assert_nonnull(strstr(xml, "cc390000-0001-8000-8000-000000001234"));
    g_assert_true(host_is_announced() == !question);
    return frame.header.serial;
}

static void attach(Peers *peers, guint32 serial)
{
    g_autoptr(GByteArray) payload = payload_attach(HOSTDEV, 1);

    peers_send(peers, peers->client, CCW_TYPE_CALL, ATTACH, serial, CCW_STATUS_OK, payload);
}

/* Whoever is refused by libvirt has announced nothing; whoever may attaches as root does. */
static void user_attaches(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        gint32 code;
        const char *words;
    } refusals[] = {
        { VIR_ERR_ACCESS_DENIED, "'QEMU' denied access" },
        { VIR_ERR_NO_DOMAIN, "no domain with matching name 'no-device'" }, /* as the client has called it */
        { VIR_ERR_OPERATION_INVALID, "domain is not running" },
    };
    g_autoptr(GByteArray) no_device = NULL;
    guint32 serial = 10;

    greet(peers, 0);
    reply(peers, SET_IDENTITY, open_until_identity(peers), NULL, 0);
    reply(peers, FEATURE, expect_call(peers, FEATURE), NULL, VIR_ERR_NO_SUPPORT);
    expect_ok(peers, OPEN, 1);
    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_autoptr(GByteArray) refusal = payload_error(refusals[i].code, refusals[i].words);

        attach(peers, ++serial);
        peers_send(peers, peers->backend, CCW_TYPE_REPLY, ATTACH, expect_attach(peers, TRUE), CCW_STATUS_ERROR,
                   refusal);
        peers_expect_error(peers, serial, ATTACH, refusals[i].code, refusals[i].words);
        g_assert_false(host_is_announced());
    }
    attach(peers, ++serial);
    no_device = payload_error(VIR_ERR_CONFIG_UNSUPPORTED, "unknown device type 'no-device'");
    peers_send(peers, peers->backend, CCW_TYPE_REPLY, ATTACH, expect_attach(peers, TRUE), CCW_STATUS_ERROR, no_device);
    g_assert_cmpuint(expect_attach(peers, FALSE), ==, serial);
    reply(peers, ATTACH, serial, NULL, 0);
    expect_ok(peers, ATTACH, serial);
    attach(peers, ++serial);
    expect_attach(peers, TRUE);
    peers_hang_up(&peers->backend);
}

/* Not asked, but in another's name. */
static void root_attaches(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    greet_root(peers);
    reply(peers, SET_IDENTITY, open_until_identity(peers), NULL, 0);
    attach(peers, 2);
    g_assert_cmpuint(expect_attach(peers, FALSE), ==, 2);
    reply(peers, ATTACH, 2, NULL, 0);
    expect_ok(peers, ATTACH, 2);
    call(peers, SET_IDENTITY, 3);
    g_assert_cmpuint(expect_call(peers, SET_IDENTITY), ==, 3);
    reply(peers, SET_IDENTITY, 3, NULL, 0);
    expect_ok(peers, SET_IDENTITY, 3);
    attach(peers, 4);
    reply(peers, ATTACH, expect_attach(peers, TRUE), NULL, VIR_ERR_ACCESS_DENIED);
    peers_expect_error(peers, 4, ATTACH, VIR_ERR_ACCESS_DENIED, "no");
}

static void open_uri(Peers *peers, const char *uri, guint32 flags)
{
    greet(peers, 0);
    reply(peers, SET_IDENTITY, open_uri_until_identity(peers, uri, flags), NULL, 0);
    reply(peers, FEATURE, expect_call(peers, FEATURE), NULL, VIR_ERR_NO_SUPPORT);
    expect_ok(peers, OPEN, 1);
}

/* The next attach passes as it is: no question, no announcement. */
static void expect_untouched(Peers *peers)
{
    g_auto(Frame) frame = { 0 };
    g_autofree char *xml = NULL;

    attach(peers, 2);
    frame = peers_receive(peers, peers->backend);
    xml = payload_read_attach_xml(&frame);
    g_assert_cmpuint(frame.header.serial, ==, 2);
    g_assert_cmpstr(xml, ==, HOSTDEV);
    g_assert_false(host_is_announced());
}

/* data: the URI. root may open it; what answers there checks nothing for virtccwd. */
static void elsewhere(Peers *peers, gconstpointer data)
{
    set_up(peers, GINT_TO_POINTER(0));
    greet_root(peers);
    reply(peers, SET_IDENTITY, open_uri_until_identity(peers, data, 0), NULL, 0);
    expect_untouched(peers);
    peers_tear_down(peers, NULL);
}

/* The test driver is open to everybody, and checks nothing. */
static void test_driver(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    open_uri(peers, "test:///default", 0);
    expect_untouched(peers);
}

#define GET_XML_DESC 14
#define STOCK                                                                                                          \
    "<domain><devices><hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source>"                                 \
    "<address uuid='cc390000-0001-8000-8000-000000001234'/></source></hostdev></devices></domain>"

/* What such a libvirt answers passes byte for byte, as what it is asked does: its XML and its errors. */
static void reply_of_test_driver(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) xml = payload_string(STOCK);
    g_autoptr(GByteArray) error =
        payload_error(VIR_ERR_NO_NODE_DEVICE, "no mediated device cc390000-0001-8000-8000-000000001234");
    const GByteArray *payloads[] = { xml, error };

    open_uri(peers, "test:///default", 0);
    for (guint32 i = 0; i < G_N_ELEMENTS(payloads); i++) {
        g_auto(Frame) frame = { 0 };

        call(peers, GET_XML_DESC, 5 + i);
        g_assert_cmpuint(expect_call(peers, GET_XML_DESC), ==, 5 + i);
        peers_send(peers, peers->backend, CCW_TYPE_REPLY, GET_XML_DESC, 5 + i, i ? CCW_STATUS_ERROR : CCW_STATUS_OK,
                   payloads[i]);
        frame = peers_receive(peers, peers->client);
        g_assert_cmpuint(frame.header.serial, ==, 5 + i);
        g_assert_cmpmem(frame.payload->data, frame.payload->len, payloads[i]->data, payloads[i]->len);
    }
}

/* data: the URI. A user may not have libvirt connect there, and may open another one afterwards. */
static void not_elsewhere(Peers *peers, gconstpointer data)
{
    set_up(peers, GINT_TO_POINTER(1));
    greet(peers, 0);
    call_open(peers, data, 0, 7);
    peers_expect_error(peers, 7, OPEN, VIR_ERR_ACCESS_DENIED, "only root");
    peers_assert_quiet(peers, peers->backend);
    reply(peers, SET_IDENTITY, open_until_identity(peers), NULL, 0);
    reply(peers, FEATURE, expect_call(peers, FEATURE), NULL, VIR_ERR_NO_SUPPORT);
    expect_ok(peers, OPEN, 1);
    peers_tear_down(peers, NULL);
}

static void here(Peers *peers, gconstpointer data)
{
    set_up(peers, GINT_TO_POINTER(1));
    open_uri(peers, data, 0);
    attach(peers, 2);
    expect_attach(peers, TRUE);
    peers_tear_down(peers, NULL);
}

/* A user who names no URI; libvirt's default is this one. */
static void open_default(Peers *peers, const char *uri)
{
    g_autoptr(GByteArray) text = g_byte_array_new();

    set_up(peers, GINT_TO_POINTER(1));
    greet(peers, 0);
    reply(peers, SET_IDENTITY, open_uri_until_identity(peers, NULL, 0), NULL, 0);
    reply(peers, FEATURE, expect_call(peers, FEATURE), NULL, VIR_ERR_NO_SUPPORT);
    ccw_xdr_write_string(text, uri, strlen(uri));
    peers_send(peers, peers->backend, CCW_TYPE_REPLY, GET_URI, expect_call(peers, GET_URI), CCW_STATUS_OK, text);
    expect_ok(peers, OPEN, 1);
}

static void default_here(Peers *peers, gconstpointer data)
{
    open_default(peers, data);
    attach(peers, 2);
    expect_attach(peers, TRUE);
    peers_tear_down(peers, NULL);
}

static void default_elsewhere(Peers *peers, gconstpointer data)
{
    open_default(peers, data);
    expect_untouched(peers);
    peers_tear_down(peers, NULL);
}

/* virtqemud connects as root to virtnodedevd for it. */
static void node_devices(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    open_uri(peers, "nodedev:///system", 0);
    expect_untouched(peers);
}

/* A client may say on the read-write socket that it changes nothing; and may not open anew without that. */
static void opened_readonly(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    open_uri(peers, "qemu:///system", VIR_CONNECT_RO);
    call_open(peers, "qemu:///system", 0, 5);
    g_assert_cmpuint(expect_call(peers, OPEN), ==, 5);
    expect_untouched(peers);
}

/* Nor does a second open, which is libvirt's to refuse, make a libvirt elsewhere one that is believed. */
static void opened_twice(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    open_uri(peers, "test:///default", 0);
    call_open(peers, "qemu:///system", 0, 5);
    g_assert_cmpuint(expect_call(peers, OPEN), ==, 5);
    reply(peers, OPEN, 5, NULL, VIR_ERR_INTERNAL_ERROR);
    peers_expect_error(peers, 5, OPEN, VIR_ERR_INTERNAL_ERROR, "no");
    expect_untouched(peers);
}

static void expect_shut_out(Peers *peers, gint32 error)
{
    greet(peers, 0);
    reply(peers, SET_IDENTITY, open_until_identity(peers), NULL, 0);
    reply(peers, FEATURE, expect_call(peers, FEATURE), NULL, error);
    peers_expect_error(peers, 1, OPEN, error, "no");
    for (guint32 i = 2; i < 5; i++) {
        call(peers, i == 2 ? OPEN : i == 3 ? FEATURE : OTHER, i);
        peers_expect_error(peers, i, i == 2 ? OPEN : i == 3 ? FEATURE : OTHER, VIR_ERR_INTERNAL_ERROR, "not open");
    }
    peers_assert_quiet(peers, peers->backend);
}

static void denied(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    expect_shut_out(peers, VIR_ERR_ACCESS_DENIED);
}

/* An access driver that cannot tell (polkit is not there): a CONNECT_OPEN that is judged fails, too. */
static void not_judged(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    expect_shut_out(peers, VIR_ERR_DBUS_SERVICE);
}

/* libvirt does not take it: then it has no call of this client's. */
static void not_taken(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    greet(peers, 0);
    reply(peers, SET_IDENTITY, open_until_identity(peers), NULL, VIR_ERR_RPC);
    peers_expect_error(peers, 1, OPEN, VIR_ERR_RPC, "no");
    call(peers, OTHER, 2);
    peers_expect_error(peers, 2, OTHER, VIR_ERR_INTERNAL_ERROR, "not open");
    peers_assert_quiet(peers, peers->backend);
}

/* libvirt has it as another client's socket: SASL. */
static void no_way_in(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*does not let root in*");
    greet(peers, 1);
    call(peers, OPEN, 1);
    peers_expect_error(peers, 1, OPEN, VIR_ERR_INTERNAL_ERROR, "auth_unix_rw");
    peers_assert_quiet(peers, peers->backend);
    g_test_assert_expected_messages();
}

/* A refused open may be tried again. */
static void refused_open(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    greet(peers, 0);
    call(peers, OPEN, 1);
    expect_call(peers, OPEN);
    reply(peers, OPEN, 1, NULL, VIR_ERR_NO_CONNECT);
    peers_expect_error(peers, 1, OPEN, VIR_ERR_NO_CONNECT, "no");
    reply(peers, SET_IDENTITY, open_until_identity(peers), NULL, 0);
    expect_call(peers, FEATURE);
}

/* Calls that come with the open, or in its midst, do not reach libvirt. */
static void overtaking(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    guint32 serial;

    greet(peers, 0);
    call(peers, OTHER, 10);
    call(peers, FEATURE, 11);
    peers_expect_error(peers, 10, OTHER, VIR_ERR_INTERNAL_ERROR, "hypervisor connection not open");
    g_assert_cmpuint(expect_call(peers, FEATURE), ==, 11);
    serial = open_until_identity(peers);
    call(peers, OTHER, 12);
    call(peers, OPEN, 13);
    peers_expect_error(peers, 12, OTHER, VIR_ERR_INTERNAL_ERROR, "hypervisor connection not open");
    peers_expect_error(peers, 13, OPEN, VIR_ERR_INTERNAL_ERROR, "already open");
    peers_assert_quiet(peers, peers->backend);
    reply(peers, SET_IDENTITY, serial, NULL, 0);
    serial = expect_call(peers, FEATURE);
    call(peers, OTHER, 14);
    peers_expect_error(peers, 14, OTHER, VIR_ERR_INTERNAL_ERROR, "hypervisor connection not open");
    reply(peers, FEATURE, serial, NULL, 0);
    expect_ok(peers, OPEN, 1);
}

/* An attach by the read-only socket of which half came before libvirt knew who calls. */
static void readonly_overtaking(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    const CcwHeader header = { .program = CCW_PROGRAM_REMOTE, .version = 1, .procedure = 160, .serial = 20 };
    g_autoptr(GByteArray) payload =
        payload_attach("<hostdev mode='subsystem' type='ccw' managed='yes'><source><address devno='0x1234'/></source>"
                       "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x1234'/></hostdev>",
                       1);
    g_autoptr(GByteArray) bytes = ccw_frame_new(&header, payload->data, payload->len);
    g_auto(Frame) frame = { 0 };
    guint32 serial;

    ccw_connection_set_readonly(peers->connection);
    greet(peers, 0);
    serial = open_until_identity(peers);
    g_assert_cmpint(send(peers->client, bytes->data, 40, MSG_NOSIGNAL), ==, 40);
    peers_turn(peers);
    reply(peers, SET_IDENTITY, serial, NULL, 0);
    reply(peers, FEATURE, expect_call(peers, FEATURE), NULL, 0);
    expect_ok(peers, OPEN, 1);
    g_assert_cmpint(send(peers->client, bytes->data + 40, bytes->len - 40, MSG_NOSIGNAL), ==, bytes->len - 40);
    frame = peers_receive(peers, peers->backend);
    g_assert_cmpint(frame.header.procedure, ==, 160);
    g_assert_cmpmem(frame.payload->data, frame.payload->len, payload->data, payload->len);
}

static void with_descriptors(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) none = g_byte_array_new();

    greet(peers, 0);
    ccw_xdr_write_u32(none, 0);
    peers_send(peers, peers->client, CCW_TYPE_CALL_WITH_FDS, OPEN, 1, CCW_STATUS_OK, none);
    peers_wait_ended(peers);
}

static void answer_identity(Peers *peers, guint32 identity)
{
    reply(peers, SET_IDENTITY, identity, NULL, 0);
    reply(peers, FEATURE, expect_call(peers, FEATURE), NULL, VIR_ERR_NO_SUPPORT);
}

static void finish_open(Peers *peers, guint32 identity)
{
    answer_identity(peers, identity);
    expect_ok(peers, OPEN, 1);
}

/* When the client sends its frame. During NEW and OPENING virtccwd does not read from the client. */
typedef enum { NEW, GREETED, OPENING, OPENED, PHASES } Phase;

static void send_in_phase(Peers *peers, Phase phase, guint32 type, const GByteArray *payload)
{
    guint32 identity = 0;

    if (phase != NEW)
        greet(peers, 0);
    if (phase == OPENING || phase == OPENED)
        identity = open_until_identity(peers);
    if (phase == OPENED)
        finish_open(peers, identity);
    peers_send(peers, peers->client, type, OTHER, 5, CCW_STATUS_OK, payload);
    if (phase == NEW)
        greet(peers, 0);
    else if (phase == OPENING)
        answer_identity(peers, identity);
}

/* Up to its end, libvirt gets frames of virtccwd's own only. */
static void expect_nothing_of_client(int backend)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 part[4096];
    CcwHeader header;
    ssize_t n;

    while ((n = recv(backend, part, sizeof(part), 0)) > 0)
        g_byte_array_append(bytes, part, (guint)n);
    for (gsize at = 0; at < bytes->len; at += header.length) {
        g_assert_true(ccw_header_decode(bytes->data + at, &header, NULL));
        g_assert_cmpuint(header.type, ==, CCW_TYPE_CALL);
        g_assert_cmpint(header.procedure, !=, OTHER);
    }
}

/* Only libvirt sends these. Behind the one with descriptors libvirt would take what is payload here for frames. */
static void only_from_libvirt(Peers *unused G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    static const guint32 types[] = { CCW_TYPE_REPLY, CCW_TYPE_MESSAGE, CCW_TYPE_REPLY_WITH_FDS, 7, 8, G_MAXUINT32 };
    g_autoptr(GByteArray) payload = g_byte_array_new();

    ccw_xdr_write_u32(payload, 1);
    for (gsize i = 0; i < PHASES * G_N_ELEMENTS(types); i++) {
        Peers peers = { 0 };

        set_up(&peers, GINT_TO_POINTER(1));
        if (i < CCW_LOG_LINES_MAX)
            g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "a client sent a frame of type *");
        send_in_phase(&peers, (Phase)(i % PHASES), types[i / PHASES], payload);
        peers_wait_ended(&peers);
        g_test_assert_expected_messages();
        expect_nothing_of_client(peers.backend);
        peers_tear_down(&peers, NULL);
    }
}

/* Data of a stream passes, and so do pings. */
static void streams_and_pings(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const guint32 types[] = { CCW_TYPE_STREAM, CCW_TYPE_STREAM_HOLE };
    const CcwHeader ping = {
        .program = CCW_PROGRAM_KEEPALIVE, .version = 1, .procedure = CCW_KEEPALIVE_PING, .type = CCW_TYPE_MESSAGE
    };
    g_autoptr(GByteArray) bytes = ccw_frame_new(&ping, NULL, 0);

    greet(peers, 0);
    finish_open(peers, open_until_identity(peers));
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        g_auto(Frame) frame = { 0 };

        peers_send(peers, peers->client, types[i], OTHER, 5, CCW_STATUS_CONTINUE, NULL);
        frame = peers_receive(peers, peers->backend);
        g_assert_cmpuint(frame.header.type, ==, types[i]);
    }
    peers_send_all(peers, peers->client, bytes);
    {
        g_auto(Frame) frame = peers_receive(peers, peers->backend);

        g_assert_cmphex(frame.header.program, ==, CCW_PROGRAM_KEEPALIVE);
    }
}

/* Whoever goes first, and whenever. */
static void gone(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    greet(peers, 0);
    open_until_identity(peers);
    peers_hang_up(&peers->backend);
    peers_wait_ended(peers);
}

static void gone_at_once(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    peers_hang_up(&peers->client);
    peers_turn(peers);
    peers_hang_up(&peers->backend);
    peers_wait_ended(peers);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, uid, func)                                                                                           \
    g_test_add("/remote/identity/" name, Peers, GINT_TO_POINTER(uid), set_up, func, peers_tear_down)
    ADD("root", 0, root);
    ADD("root-not-taken", 0, root_not_taken);
    ADD("user", 1, user); /* daemon: every system has it */
    ADD("denied", 1, denied);
    ADD("not-judged", 1, not_judged);
    ADD("not-taken", 1, not_taken);
    ADD("no-way-in", 1, no_way_in);
    ADD("refused-open", 1, refused_open);
    ADD("overtaking", 1, overtaking);
    ADD("readonly-overtaking", 1, readonly_overtaking);
    ADD("with-descriptors", 1, with_descriptors);
    ADD("user-attaches", 1, user_attaches);
    ADD("root-attaches", 0, root_attaches);
    ADD("opened-readonly", 1, opened_readonly);
    ADD("opened-twice", 1, opened_twice);
    ADD("test-driver", 1, test_driver);
    ADD("reply-of-test-driver", 1, reply_of_test_driver);
#define ADD_URI(name, uri, func) g_test_add("/remote/identity/" name, Peers, uri, NULL, func, NULL)
    ADD_URI("elsewhere-socket", "qemu+unix:///system?socket=/tmp/own", elsewhere);
    ADD_URI("elsewhere-parameter", "qemu:///system?socket=/tmp/own", elsewhere);
    ADD_URI("not-elsewhere-socket", "qemu+unix:///system?socket=/tmp/own", not_elsewhere);
    ADD_URI("not-elsewhere-parameter", "qemu:///system?socket=/tmp/own", not_elsewhere);
    ADD_URI("not-elsewhere-host", "qemu://host/system", not_elsewhere);
    ADD_URI("not-elsewhere-transport", "qemu+ssh://host/system", not_elsewhere);
    ADD_URI("not-elsewhere-alias", "alias", not_elsewhere);
    g_test_add("/remote/identity/only-from-libvirt", Peers, NULL, NULL, only_from_libvirt, NULL);
    ADD("streams-and-pings", 1, streams_and_pings);
    ADD_URI("not-elsewhere-escaped", "qemu:///%73ystem", not_elsewhere);
    ADD_URI("here-session", "qemu:///session", here);
    ADD("node-devices", 1, node_devices);
    ADD_URI("default-here", "qemu:///system", default_here);
    ADD_URI("default-elsewhere", "qemu+unix:///system?socket=/run/other", default_elsewhere);
    ADD("gone", 1, gone);
    ADD("gone-at-once", 1, gone_at_once);
    return g_test_run();
}
