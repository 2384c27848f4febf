/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How libvirt learns who a client is: no call that depends on it gets there before. */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy-fixture.h"
#include "rpc/wire.h"
#include "rpc/xdr.h"
#include "util/log.h"

static gboolean is_root; /* whether the client is root */

/* data: the user's number */
static void set_up(Proxy *proxy, gconstpointer data)
{
    RemoteClientProcess *process = g_new0(RemoteClientProcess, 1);

    is_root = GPOINTER_TO_INT(data) == 0;
    process->pid = 4321;
    process->uid = (uid_t)GPOINTER_TO_INT(data);
    process->start_time = 99;
    process->label = g_strdup("label");
    proxy_set_up_as(proxy, process);
}

static void call_open(Proxy *proxy, const char *uri, guint32 flags, guint32 serial)
{
    g_autoptr(GByteArray) payload = g_byte_array_new();

    rpc_xdr_write_optional(payload, uri);
    rpc_xdr_write_u32(payload, flags);
    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, OPEN, serial, RPC_STATUS_OK, payload);
}

static void call(Proxy *proxy, gint32 procedure, guint32 serial)
{
    if (procedure == OPEN)
        call_open(proxy, "qemu:///system", 0, serial);
    else
        proxy_send(proxy, proxy->client, RPC_TYPE_CALL, procedure, serial, RPC_STATUS_OK, NULL);
}

/* Receives the next call at libvirt's end. Returns its serial. */
static guint32 expect_call(Proxy *proxy, gint32 procedure)
{
    g_auto(Frame) frame = proxy_receive(proxy, proxy->backend);

    g_assert_cmpint(frame.header.procedure, ==, procedure);
    g_assert_cmpuint(frame.header.type, ==, RPC_TYPE_CALL);
    return frame.header.serial;
}

static void reply(Proxy *proxy, gint32 procedure, guint32 serial, GByteArray *payload, gint32 error)
{
    g_autoptr(GByteArray) bytes = error ? payload_error(error, "no") : payload;

    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, procedure, serial, error ? RPC_STATUS_ERROR : RPC_STATUS_OK,
               bytes);
}

static void greet(Proxy *proxy, guint32 type)
{
    guint32 serial = expect_call(proxy, AUTH_LIST);
    GByteArray *types = g_byte_array_new();

    rpc_xdr_write_u32(types, 1);
    rpc_xdr_write_u32(types, type);
    reply(proxy, AUTH_LIST, serial, types, 0);
}

static void expect_ok(Proxy *proxy, gint32 procedure, guint32 serial)
{
    g_auto(Frame) frame = proxy_receive(proxy, proxy->client);

    g_assert_cmpint(frame.header.procedure, ==, procedure);
    g_assert_cmpuint(frame.header.serial, ==, serial);
    g_assert_cmpuint(frame.header.status, ==, RPC_STATUS_OK);
}

/* virtccwd itself answers root's AUTH_LIST. */
static void greet_root(Proxy *proxy)
{
    call(proxy, AUTH_LIST, 0);
    g_assert_cmpuint(expect_call(proxy, AUTH_LIST), ==, 0);
    reply(proxy, AUTH_LIST, 0, NULL, 0);
    expect_ok(proxy, AUTH_LIST, 0);
}

/* Runs up to SET_IDENTITY, and returns its serial. root has the reply to AUTH_LIST by then. */
static guint32 open_uri_until_identity(Proxy *proxy, const char *uri, guint32 flags)
{
    g_auto(Frame) frame = { 0 };

    call_open(proxy, uri, flags, 1);
    g_assert_cmpuint(expect_call(proxy, OPEN), ==, 1);
    reply(proxy, OPEN, 1, NULL, 0);
    frame = proxy_receive(proxy, proxy->backend);
    g_assert_cmpint(frame.header.procedure, ==, SET_IDENTITY);
    for (gsize i = 0; i < 3; i++) {
        static const char *const names[] = { "unix-user-id", "process-time", "selinux-context" };

        g_assert_nonnull(memmem(frame.payload->data, frame.payload->len, names[i], strlen(names[i])));
    }
    if (is_root)
        expect_ok(proxy, OPEN, 1);
    proxy_assert_quiet(proxy, proxy->client);
    return frame.header.serial;
}

static guint32 open_until_identity(Proxy *proxy)
{
    return open_uri_until_identity(proxy, "qemu:///system", 0);
}

static void root(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    guint32 identity;

    call(proxy, GET_VERSION, 9);
    proxy_expect_error(proxy, 9, GET_VERSION, VIR_ERR_RPC, "authentication required"); /* in libvirt's words */
    greet_root(proxy);
    call(proxy, GET_VERSION, 9);
    proxy_expect_error(proxy, 9, GET_VERSION, VIR_ERR_INTERNAL_ERROR, "not open");
    identity = open_until_identity(proxy);
    call(proxy, SET_IDENTITY, 2); /* virtccwd does not read this before libvirt knows the client */
    proxy_assert_quiet(proxy, proxy->backend);
    reply(proxy, SET_IDENTITY, identity, NULL, 0);
    g_assert_cmpuint(expect_call(proxy, SET_IDENTITY), ==, 2);
    call(proxy, GET_VERSION, 3);
    g_assert_cmpuint(expect_call(proxy, GET_VERSION), ==, 3);
}

/*
 * A part of one of root's calls has passed when libvirt opens the connection. virtccwd reads the rest of that call, and
 * no other call, before it tells libvirt who root is.
 */
static void root_half_call(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const guint8 feature[4] = { 0 };
    const RpcHeader half = { .program = RPC_PROGRAM_REMOTE, .version = 1, .procedure = SUPPORTS_FEATURE, .serial = 2 };
    const RpcHeader next = { .program = RPC_PROGRAM_REMOTE, .version = 1, .procedure = GET_VERSION, .serial = 3 };
    g_autoptr(GByteArray) bytes = rpc_frame_new(&half, feature, sizeof(feature));
    g_autoptr(GByteArray) other = rpc_frame_new(&next, NULL, 0);
    const guint sent = bytes->len - 1;
    guint32 identity;

    g_byte_array_append(bytes, other->data, other->len);
    greet_root(proxy);
    call(proxy, OPEN, 1);
    g_assert_cmpuint(expect_call(proxy, OPEN), ==, 1);
    g_assert_cmpint(send(proxy->client, bytes->data, sent, MSG_NOSIGNAL), ==, sent);
    proxy_turn(proxy);
    reply(proxy, OPEN, 1, NULL, 0);
    expect_ok(proxy, OPEN, 1);
    g_assert_cmpint(send(proxy->client, bytes->data + sent, bytes->len - sent, MSG_NOSIGNAL), ==, bytes->len - sent);
    g_assert_cmpuint(expect_call(proxy, SUPPORTS_FEATURE), ==, 2);
    identity = expect_call(proxy, SET_IDENTITY);
    proxy_assert_quiet(proxy, proxy->backend);
    reply(proxy, SET_IDENTITY, identity, NULL, 0);
    g_assert_cmpuint(expect_call(proxy, GET_VERSION), ==, 3);
}

/* libvirt rejects the identity after root has received its reply: no other call of root reaches libvirt. */
static void root_identity_rejected(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    guint32 identity;

    greet_root(proxy);
    identity = open_until_identity(proxy);
    call(proxy, GET_VERSION, 2);
    reply(proxy, SET_IDENTITY, identity, NULL, VIR_ERR_INTERNAL_ERROR);
    proxy_expect_error(proxy, 2, GET_VERSION, VIR_ERR_INTERNAL_ERROR, "not open");
    proxy_assert_quiet(proxy, proxy->backend);
    proxy_assert_quiet(proxy, proxy->client);
}

/* virtccwd asks one more question, whose answer matters in one case only. */
static void user(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    call(proxy, AUTH_LIST, 0); /* virtccwd does not read this before */
    greet(proxy, 0);
    g_assert_cmpuint(expect_call(proxy, AUTH_LIST), ==, 0);
    reply(proxy, AUTH_LIST, 0, NULL, 0);
    expect_ok(proxy, AUTH_LIST, 0);
    reply(proxy, SET_IDENTITY, open_until_identity(proxy), NULL, 0);
    reply(proxy, SUPPORTS_FEATURE, expect_call(proxy, SUPPORTS_FEATURE), NULL, VIR_ERR_NO_SUPPORT);
    expect_ok(proxy, OPEN, 1);
    call(proxy, SET_IDENTITY, 2);
    proxy_expect_error(proxy, 2, SET_IDENTITY, VIR_ERR_ACCESS_DENIED, "only root");
    call(proxy, GET_VERSION, 3);
    g_assert_cmpuint(expect_call(proxy, GET_VERSION), ==, 3);
}

#define HOSTDEV                                                                                                        \
    "<hostdev mode='subsystem' type='ccw' managed='yes'><source><address devno='0x1234'/></source>"                    \
    "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0005'/></hostdev>"

/*
 * libvirt gets the attach, or first the question whether the client may attach; returns its serial. Other clients are
 * served.
 */
static guint32 expect_attach(Proxy *proxy, gboolean question)
{
    g_auto(Frame) frame = proxy_receive(proxy, proxy->backend);
    g_autofree char *xml = payload_read_attach_xml(&frame);

    g_assert_cmpint(frame.header.procedure, ==, ATTACH);
    if (question)
        g_assert_cmpstr(xml, ==, "<no-device/>");
    else
        g_assert_nonnull(strstr(xml, "cc390000-0001-8000-8000-000000001234"));
    g_assert_true(host_is_announced() == !question);
    return frame.header.serial;
}

static void attach(Proxy *proxy, guint32 serial)
{
    g_autoptr(GByteArray) payload = payload_attach(HOSTDEV, 1);

    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, ATTACH, serial, RPC_STATUS_OK, payload);
}

/* A client that libvirt rejects announces nothing. A client that it allows attaches as root does. */
static void user_attaches(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        gint32 code;
        const char *words;
    } rejections[] = {
        { VIR_ERR_ACCESS_DENIED, "'QEMU' denied access" },
        { VIR_ERR_NO_DOMAIN, "no domain with matching name 'no-device'" }, /* the name that the client has sent */
        { VIR_ERR_OPERATION_INVALID, "domain is not running" },
    };
    g_autoptr(GByteArray) no_device = NULL;
    guint32 serial = 10;

    greet(proxy, 0);
    reply(proxy, SET_IDENTITY, open_until_identity(proxy), NULL, 0);
    reply(proxy, SUPPORTS_FEATURE, expect_call(proxy, SUPPORTS_FEATURE), NULL, VIR_ERR_NO_SUPPORT);
    expect_ok(proxy, OPEN, 1);
    for (gsize i = 0; i < G_N_ELEMENTS(rejections); i++) {
        g_autoptr(GByteArray) rejection = payload_error(rejections[i].code, rejections[i].words);

        attach(proxy, ++serial);
        proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, ATTACH, expect_attach(proxy, TRUE), RPC_STATUS_ERROR,
                   rejection);
        proxy_expect_error(proxy, serial, ATTACH, rejections[i].code, rejections[i].words);
        g_assert_false(host_is_announced());
    }
    attach(proxy, ++serial);
    no_device = payload_error(VIR_ERR_CONFIG_UNSUPPORTED, "unknown device type 'no-device'");
    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, ATTACH, expect_attach(proxy, TRUE), RPC_STATUS_ERROR, no_device);
    g_assert_cmpuint(expect_attach(proxy, FALSE), ==, serial);
    reply(proxy, ATTACH, serial, NULL, 0);
    expect_ok(proxy, ATTACH, serial);
    attach(proxy, ++serial);
    expect_attach(proxy, TRUE);
    proxy_hang_up(&proxy->backend);
}

/* virtccwd asks no question if the connection has another identity. */
static void root_attaches(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    greet_root(proxy);
    reply(proxy, SET_IDENTITY, open_until_identity(proxy), NULL, 0);
    attach(proxy, 2);
    g_assert_cmpuint(expect_attach(proxy, FALSE), ==, 2);
    reply(proxy, ATTACH, 2, NULL, 0);
    expect_ok(proxy, ATTACH, 2);
    call(proxy, SET_IDENTITY, 3);
    g_assert_cmpuint(expect_call(proxy, SET_IDENTITY), ==, 3);
    reply(proxy, SET_IDENTITY, 3, NULL, 0);
    expect_ok(proxy, SET_IDENTITY, 3);
    attach(proxy, 4);
    reply(proxy, ATTACH, expect_attach(proxy, TRUE), NULL, VIR_ERR_ACCESS_DENIED);
    proxy_expect_error(proxy, 4, ATTACH, VIR_ERR_ACCESS_DENIED, "no");
}

static void open_uri(Proxy *proxy, const char *uri, guint32 flags)
{
    greet(proxy, 0);
    reply(proxy, SET_IDENTITY, open_uri_until_identity(proxy, uri, flags), NULL, 0);
    reply(proxy, SUPPORTS_FEATURE, expect_call(proxy, SUPPORTS_FEATURE), NULL, VIR_ERR_NO_SUPPORT);
    expect_ok(proxy, OPEN, 1);
}

/* The next attach passes unchanged: no question, no announcement. */
static void expect_untouched(Proxy *proxy)
{
    g_auto(Frame) frame = { 0 };
    g_autofree char *xml = NULL;

    attach(proxy, 2);
    frame = proxy_receive(proxy, proxy->backend);
    xml = payload_read_attach_xml(&frame);
    g_assert_cmpuint(frame.header.serial, ==, 2);
    g_assert_cmpstr(xml, ==, HOSTDEV);
    g_assert_false(host_is_announced());
}

/* data: the URI. root may open it, but that libvirt's answers prove nothing to virtccwd. */
static void elsewhere(Proxy *proxy, gconstpointer data)
{
    set_up(proxy, GINT_TO_POINTER(0));
    greet_root(proxy);
    reply(proxy, SET_IDENTITY, open_uri_until_identity(proxy, data, 0), NULL, 0);
    expect_untouched(proxy);
    proxy_tear_down(proxy, NULL);
}

/* Every user may open the test driver, which checks no rights. */
static void test_driver(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    open_uri(proxy, "test:///default", 0);
    expect_untouched(proxy);
}

#define STOCK                                                                                                          \
    "<domain><devices><hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source>"                                 \
    "<address uuid='cc390000-0001-8000-8000-000000001234'/></source></hostdev></devices></domain>"

/* Calls to such a libvirt, and its replies with their XML and errors, pass byte for byte. */
static void reply_of_test_driver(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) xml = payload_string(STOCK);
    g_autoptr(GByteArray) error =
        payload_error(VIR_ERR_NO_NODE_DEVICE, "no mediated device cc390000-0001-8000-8000-000000001234");
    const GByteArray *payloads[] = { xml, error };

    open_uri(proxy, "test:///default", 0);
    for (guint32 i = 0; i < G_N_ELEMENTS(payloads); i++) {
        g_auto(Frame) frame = { 0 };

        call(proxy, GET_XML_DESC, 5 + i);
        g_assert_cmpuint(expect_call(proxy, GET_XML_DESC), ==, 5 + i);
        proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, GET_XML_DESC, 5 + i, i ? RPC_STATUS_ERROR : RPC_STATUS_OK,
                   payloads[i]);
        frame = proxy_receive(proxy, proxy->client);
        g_assert_cmpuint(frame.header.serial, ==, 5 + i);
        g_assert_cmpmem(frame.payload->data, frame.payload->len, payloads[i]->data, payloads[i]->len);
    }
}

/* data: the URI. A user may not make libvirt connect there, and may open another one after that. */
static void not_elsewhere(Proxy *proxy, gconstpointer data)
{
    set_up(proxy, GINT_TO_POINTER(1));
    greet(proxy, 0);
    call_open(proxy, data, 0, 7);
    proxy_expect_error(proxy, 7, OPEN, VIR_ERR_ACCESS_DENIED, "only root");
    proxy_assert_quiet(proxy, proxy->backend);
    reply(proxy, SET_IDENTITY, open_until_identity(proxy), NULL, 0);
    reply(proxy, SUPPORTS_FEATURE, expect_call(proxy, SUPPORTS_FEATURE), NULL, VIR_ERR_NO_SUPPORT);
    expect_ok(proxy, OPEN, 1);
    proxy_tear_down(proxy, NULL);
}

static void here(Proxy *proxy, gconstpointer data)
{
    set_up(proxy, GINT_TO_POINTER(1));
    open_uri(proxy, data, 0);
    attach(proxy, 2);
    expect_attach(proxy, TRUE);
    proxy_tear_down(proxy, NULL);
}

/* A user who names no URI, where this one is libvirt's default. */
static void open_default(Proxy *proxy, const char *uri)
{
    g_autoptr(GByteArray) text = g_byte_array_new();

    set_up(proxy, GINT_TO_POINTER(1));
    greet(proxy, 0);
    reply(proxy, SET_IDENTITY, open_uri_until_identity(proxy, NULL, 0), NULL, 0);
    reply(proxy, SUPPORTS_FEATURE, expect_call(proxy, SUPPORTS_FEATURE), NULL, VIR_ERR_NO_SUPPORT);
    rpc_xdr_write_string(text, uri, strlen(uri));
    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, GET_URI, expect_call(proxy, GET_URI), RPC_STATUS_OK, text);
    expect_ok(proxy, OPEN, 1);
}

static void default_here(Proxy *proxy, gconstpointer data)
{
    open_default(proxy, data);
    attach(proxy, 2);
    expect_attach(proxy, TRUE);
    proxy_tear_down(proxy, NULL);
}

static void default_elsewhere(Proxy *proxy, gconstpointer data)
{
    open_default(proxy, data);
    expect_untouched(proxy);
    proxy_tear_down(proxy, NULL);
}

/* virtqemud connects to virtnodedevd as root for the user. */
static void node_devices(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    open_uri(proxy, "nodedev:///system", 0);
    expect_untouched(proxy);
}

/* On the read-write socket, a client may declare that it changes nothing, and may not open again without that. */
static void opened_readonly(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    open_uri(proxy, "qemu:///system", VIR_CONNECT_RO);
    call_open(proxy, "qemu:///system", 0, 5);
    g_assert_cmpuint(expect_call(proxy, OPEN), ==, 5);
    expect_untouched(proxy);
}

/* A second open, which libvirt must reject, does not make virtccwd trust another libvirt. */
static void opened_twice(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    open_uri(proxy, "test:///default", 0);
    call_open(proxy, "qemu:///system", 0, 5);
    g_assert_cmpuint(expect_call(proxy, OPEN), ==, 5);
    reply(proxy, OPEN, 5, NULL, VIR_ERR_INTERNAL_ERROR);
    proxy_expect_error(proxy, 5, OPEN, VIR_ERR_INTERNAL_ERROR, "no");
    expect_untouched(proxy);
}

static void expect_shut_out(Proxy *proxy, gint32 error)
{
    greet(proxy, 0);
    reply(proxy, SET_IDENTITY, open_until_identity(proxy), NULL, 0);
    reply(proxy, SUPPORTS_FEATURE, expect_call(proxy, SUPPORTS_FEATURE), NULL, error);
    proxy_expect_error(proxy, 1, OPEN, error, "no");
    for (guint32 i = 2; i < 5; i++) {
        call(proxy, i == 2 ? OPEN : i == 3 ? SUPPORTS_FEATURE : GET_VERSION, i);
        proxy_expect_error(proxy, i,
                           i == 2   ? OPEN
                           : i == 3 ? SUPPORTS_FEATURE
                                    : GET_VERSION,
                           VIR_ERR_INTERNAL_ERROR, "not open");
    }
    proxy_assert_quiet(proxy, proxy->backend);
}

static void denied(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    expect_shut_out(proxy, VIR_ERR_ACCESS_DENIED);
}

/* An access driver that cannot decide (polkit is missing): a CONNECT_OPEN that the driver has to check fails, too. */
static void not_checked(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    expect_shut_out(proxy, VIR_ERR_DBUS_SERVICE);
}

/* libvirt rejects the identity, and gets no call of this client. */
static void identity_rejected(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    greet(proxy, 0);
    reply(proxy, SET_IDENTITY, open_until_identity(proxy), NULL, VIR_ERR_RPC);
    proxy_expect_error(proxy, 1, OPEN, VIR_ERR_RPC, "no");
    call(proxy, GET_VERSION, 2);
    proxy_expect_error(proxy, 2, GET_VERSION, VIR_ERR_INTERNAL_ERROR, "not open");
    proxy_assert_quiet(proxy, proxy->backend);
}

/* libvirt authenticates the socket in another way: SASL. */
static void no_way_in(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "*does not let root in*");
    greet(proxy, 1);
    call(proxy, OPEN, 1);
    proxy_expect_error(proxy, 1, OPEN, VIR_ERR_INTERNAL_ERROR, "auth_unix_rw");
    proxy_assert_quiet(proxy, proxy->backend);
    g_test_assert_expected_messages();
}

/* A client may repeat a rejected open. */
static void rejected_open(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    greet(proxy, 0);
    call(proxy, OPEN, 1);
    expect_call(proxy, OPEN);
    reply(proxy, OPEN, 1, NULL, VIR_ERR_NO_CONNECT);
    proxy_expect_error(proxy, 1, OPEN, VIR_ERR_NO_CONNECT, "no");
    reply(proxy, SET_IDENTITY, open_until_identity(proxy), NULL, 0);
    expect_call(proxy, SUPPORTS_FEATURE);
}

/* Calls that arrive with CONNECT_OPEN, or while it is pending, do not reach libvirt. */
static void overtaking(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    guint32 serial;

    greet(proxy, 0);
    call(proxy, GET_VERSION, 10);
    call(proxy, SUPPORTS_FEATURE, 11);
    proxy_expect_error(proxy, 10, GET_VERSION, VIR_ERR_INTERNAL_ERROR, "hypervisor connection not open");
    g_assert_cmpuint(expect_call(proxy, SUPPORTS_FEATURE), ==, 11);
    serial = open_until_identity(proxy);
    call(proxy, GET_VERSION, 12);
    call(proxy, OPEN, 13);
    proxy_expect_error(proxy, 12, GET_VERSION, VIR_ERR_INTERNAL_ERROR, "hypervisor connection not open");
    proxy_expect_error(proxy, 13, OPEN, VIR_ERR_INTERNAL_ERROR, "already open");
    proxy_assert_quiet(proxy, proxy->backend);
    reply(proxy, SET_IDENTITY, serial, NULL, 0);
    serial = expect_call(proxy, SUPPORTS_FEATURE);
    call(proxy, GET_VERSION, 14);
    proxy_expect_error(proxy, 14, GET_VERSION, VIR_ERR_INTERNAL_ERROR, "hypervisor connection not open");
    reply(proxy, SUPPORTS_FEATURE, serial, NULL, 0);
    expect_ok(proxy, OPEN, 1);
}

/* Half of an attach on the read-only socket arrived before libvirt knew the client. */
static void readonly_overtaking(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    const RpcHeader header = { .program = RPC_PROGRAM_REMOTE, .version = 1, .procedure = ATTACH, .serial = 20 };
    g_autoptr(GByteArray) payload =
        payload_attach("<hostdev mode='subsystem' type='ccw' managed='yes'><source><address devno='0x1234'/></source>"
                       "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x1234'/></hostdev>",
                       1);
    g_autoptr(GByteArray) bytes = rpc_frame_new(&header, payload->data, payload->len);
    g_auto(Frame) frame = { 0 };
    guint32 serial;

    remote_connection_set_readonly(proxy->connection);
    greet(proxy, 0);
    serial = open_until_identity(proxy);
    g_assert_cmpint(send(proxy->client, bytes->data, 40, MSG_NOSIGNAL), ==, 40);
    proxy_turn(proxy);
    reply(proxy, SET_IDENTITY, serial, NULL, 0);
    reply(proxy, SUPPORTS_FEATURE, expect_call(proxy, SUPPORTS_FEATURE), NULL, 0);
    expect_ok(proxy, OPEN, 1);
    g_assert_cmpint(send(proxy->client, bytes->data + 40, bytes->len - 40, MSG_NOSIGNAL), ==, bytes->len - 40);
    frame = proxy_receive(proxy, proxy->backend);
    g_assert_cmpint(frame.header.procedure, ==, ATTACH);
    g_assert_cmpmem(frame.payload->data, frame.payload->len, payload->data, payload->len);
}

static void with_descriptors(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) none = g_byte_array_new();

    greet(proxy, 0);
    rpc_xdr_write_u32(none, 0);
    proxy_send(proxy, proxy->client, RPC_TYPE_CALL_WITH_FDS, OPEN, 1, RPC_STATUS_OK, none);
    proxy_wait_ended(proxy);
}

static void answer_identity(Proxy *proxy, guint32 identity)
{
    reply(proxy, SET_IDENTITY, identity, NULL, 0);
    reply(proxy, SUPPORTS_FEATURE, expect_call(proxy, SUPPORTS_FEATURE), NULL, VIR_ERR_NO_SUPPORT);
}

static void finish_open(Proxy *proxy, guint32 identity)
{
    answer_identity(proxy, identity);
    expect_ok(proxy, OPEN, 1);
}

/* When the client sends its frame. During NEW and OPENING virtccwd does not read from the client. */
typedef enum { NEW, GREETED, OPENING, OPENED, PHASES } Phase;

static void send_in_phase(Proxy *proxy, Phase phase, guint32 type, const GByteArray *payload)
{
    guint32 identity = 0;

    if (phase != NEW)
        greet(proxy, 0);
    if (phase == OPENING || phase == OPENED)
        identity = open_until_identity(proxy);
    if (phase == OPENED)
        finish_open(proxy, identity);
    proxy_send(proxy, proxy->client, type, GET_VERSION, 5, RPC_STATUS_OK, payload);
    if (phase == NEW)
        greet(proxy, 0);
    else if (phase == OPENING)
        answer_identity(proxy, identity);
}

/* Up to its end, libvirt gets only frames that virtccwd itself makes. */
static void expect_nothing_of_client(int backend)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 part[4096];
    RpcHeader header;
    ssize_t n;

    while ((n = recv(backend, part, sizeof(part), 0)) > 0)
        g_byte_array_append(bytes, part, (guint)n);
    for (gsize at = 0; at < bytes->len; at += header.length) {
        g_assert_true(rpc_header_decode(bytes->data + at, &header, NULL));
        g_assert_cmpuint(header.type, ==, RPC_TYPE_CALL);
        g_assert_cmpint(header.procedure, !=, GET_VERSION);
    }
}

/* Only libvirt sends these types. After one with descriptors, libvirt would read as frames what is payload here. */
static void only_from_libvirt(Proxy *unused G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    static const guint32 types[] = { RPC_TYPE_REPLY, RPC_TYPE_MESSAGE, RPC_TYPE_REPLY_WITH_FDS, 7, 8, G_MAXUINT32 };
    g_autoptr(GByteArray) payload = g_byte_array_new();

    rpc_xdr_write_u32(payload, 1);
    for (gsize i = 0; i < PHASES * G_N_ELEMENTS(types); i++) {
        Proxy proxy = { 0 };

        set_up(&proxy, GINT_TO_POINTER(1));
        if (i < CCW_LOG_LINES_MAX)
            g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "a client sent a frame of type *");
        send_in_phase(&proxy, (Phase)(i % PHASES), types[i / PHASES], payload);
        proxy_wait_ended(&proxy);
        g_test_assert_expected_messages();
        expect_nothing_of_client(proxy.backend);
        proxy_tear_down(&proxy, NULL);
    }
}

/* Data of a stream passes, and so do pings. */
static void streams_and_pings(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const guint32 types[] = { RPC_TYPE_STREAM, RPC_TYPE_STREAM_HOLE };
    const RpcHeader ping = {
        .program = RPC_PROGRAM_KEEPALIVE, .version = 1, .procedure = RPC_KEEPALIVE_PING, .type = RPC_TYPE_MESSAGE
    };
    g_autoptr(GByteArray) bytes = rpc_frame_new(&ping, NULL, 0);

    greet(proxy, 0);
    finish_open(proxy, open_until_identity(proxy));
    for (gsize i = 0; i < G_N_ELEMENTS(types); i++) {
        g_auto(Frame) frame = { 0 };

        proxy_send(proxy, proxy->client, types[i], GET_VERSION, 5, RPC_STATUS_CONTINUE, NULL);
        frame = proxy_receive(proxy, proxy->backend);
        g_assert_cmpuint(frame.header.type, ==, types[i]);
    }
    proxy_send_all(proxy, proxy->client, bytes);
    {
        g_auto(Frame) frame = proxy_receive(proxy, proxy->backend);

        g_assert_cmphex(frame.header.program, ==, RPC_PROGRAM_KEEPALIVE);
    }
}

/* Either side leaves first, at any time. */
static void gone(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    greet(proxy, 0);
    open_until_identity(proxy);
    proxy_hang_up(&proxy->backend);
    proxy_wait_ended(proxy);
}

static void gone_at_once(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    proxy_hang_up(&proxy->client);
    proxy_turn(proxy);
    proxy_hang_up(&proxy->backend);
    proxy_wait_ended(proxy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, uid, func)                                                                                           \
    g_test_add("/remote/identity/" name, Proxy, GINT_TO_POINTER(uid), set_up, func, proxy_tear_down)
    ADD("root", 0, root);
    ADD("root-half-call", 0, root_half_call);
    ADD("root-identity-rejected", 0, root_identity_rejected);
    ADD("user", 1, user); /* every system has the user daemon */
    ADD("denied", 1, denied);
    ADD("not-checked", 1, not_checked);
    ADD("identity-rejected", 1, identity_rejected);
    ADD("no-way-in", 1, no_way_in);
    ADD("rejected-open", 1, rejected_open);
    ADD("overtaking", 1, overtaking);
    ADD("readonly-overtaking", 1, readonly_overtaking);
    ADD("with-descriptors", 1, with_descriptors);
    ADD("user-attaches", 1, user_attaches);
    ADD("root-attaches", 0, root_attaches);
    ADD("opened-readonly", 1, opened_readonly);
    ADD("opened-twice", 1, opened_twice);
    ADD("test-driver", 1, test_driver);
    ADD("reply-of-test-driver", 1, reply_of_test_driver);
#define ADD_URI(name, uri, func) g_test_add("/remote/identity/" name, Proxy, uri, NULL, func, NULL)
    ADD_URI("elsewhere-socket", "qemu+unix:///system?socket=/tmp/own", elsewhere);
    ADD_URI("elsewhere-parameter", "qemu:///system?socket=/tmp/own", elsewhere);
    ADD_URI("not-elsewhere-socket", "qemu+unix:///system?socket=/tmp/own", not_elsewhere);
    ADD_URI("not-elsewhere-parameter", "qemu:///system?socket=/tmp/own", not_elsewhere);
    ADD_URI("not-elsewhere-host", "qemu://host/system", not_elsewhere);
    ADD_URI("not-elsewhere-transport", "qemu+ssh://host/system", not_elsewhere);
    ADD_URI("not-elsewhere-alias", "alias", not_elsewhere);
    g_test_add("/remote/identity/only-from-libvirt", Proxy, NULL, NULL, only_from_libvirt, NULL);
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
