/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attach and detach step by step: the order of questions to libvirt and of calls to the host, and the roll-back. */
#include <libvirt/virterror.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/conf.h"
#include "proxy-fixture.h"
#include "rpc/wire.h"

#define GUEST_ADDRESS "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0005'/>"
#define HOSTDEV(managed, address)                                                                                      \
    "<hostdev mode='subsystem' type='ccw' managed='" managed "'><source><address devno='0x1234'/></source>" address    \
    "</hostdev>"
#define UUID "cc390000-0001-8000-8000-000000001234"
#define MISSING "mediated device '" UUID "' not found"
#define SERIAL 21

static void send_call(Proxy *proxy, gint32 procedure, const char *xml)
{
    g_autoptr(GByteArray) payload = payload_attach(xml, 1);

    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, procedure, SERIAL, RPC_STATUS_OK, payload);
}

/* Returns the XML of the attach or detach that libvirt gets: lowered, under the client's serial. */
static char *expect_call(Proxy *proxy, gint32 procedure)
{
    g_auto(Frame) call = proxy_receive(proxy, proxy->backend);
    char *xml;

    g_assert_cmpint(call.header.procedure, ==, procedure);
    g_assert_cmpuint(call.header.serial, ==, SERIAL);
    xml = payload_read_attach_xml(&call);
    g_assert_nonnull(strstr(xml, UUID));
    return xml;
}

static void reply_error(Proxy *proxy, gint32 procedure, guint32 serial, gint32 code, const char *message)
{
    g_autoptr(GByteArray) payload = payload_error(code, message);

    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, procedure, serial, RPC_STATUS_ERROR, payload);
}

static void reply_ok(Proxy *proxy, gint32 procedure)
{
    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, procedure, SERIAL, RPC_STATUS_OK, NULL);
}

static void expect_ok(Proxy *proxy, gint32 procedure)
{
    g_auto(Frame) reply = proxy_receive(proxy, proxy->client);

    g_assert_cmpint(reply.header.procedure, ==, procedure);
    g_assert_cmpuint(reply.header.serial, ==, SERIAL);
    g_assert_cmpuint(reply.header.status, ==, RPC_STATUS_OK);
}

static void expect_host(const char *log)
{
    g_autofree char *got = host_take_log();

    g_assert_cmpstr(got, ==, log);
}

/* Runs an attach up to libvirt's answer that the device is missing. */
static void attach_until_missing(Proxy *proxy)
{
    send_call(proxy, ATTACH, HOSTDEV("yes", GUEST_ADDRESS));
    g_free(expect_call(proxy, ATTACH));
    expect_host("");
    reply_error(proxy, ATTACH, SERIAL, VIR_ERR_DEVICE_MISSING, MISSING);
}

static void attached(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *xml = NULL;

    attach_until_missing(proxy);
    xml = expect_call(proxy, ATTACH);
    g_assert_nonnull(strstr(xml, "0x0005"));
    expect_host("modules claim 0.0.1234 ");
    proxy_assert_quiet(proxy, proxy->client);
    reply_ok(proxy, ATTACH);
    expect_ok(proxy, ATTACH);
    expect_host("confirm 0.0.1234 ");
}

/* The mdev was removed while libvirt looked at it. */
static void vanished(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    send_call(proxy, ATTACH, HOSTDEV("yes", GUEST_ADDRESS));
    g_free(expect_call(proxy, ATTACH));
    reply_error(proxy, ATTACH, SERIAL, VIR_ERR_SYSTEM_ERROR,
                "failed to read '/sys/bus/mdev/devices/" UUID "/mdev_type/device_api': No such file or directory");
    g_free(expect_call(proxy, ATTACH));
    expect_host("modules claim 0.0.1234 ");
    reply_ok(proxy, ATTACH);
    expect_ok(proxy, ATTACH);
    expect_host("confirm 0.0.1234 ");
}

static void rolled_back(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    attach_until_missing(proxy);
    g_free(expect_call(proxy, ATTACH));
    reply_error(proxy, ATTACH, SERIAL, VIR_ERR_INTERNAL_ERROR, "QEMU does not like " UUID);
    proxy_expect_error(proxy, SERIAL, ATTACH, VIR_ERR_INTERNAL_ERROR, "0.0.1234");
    expect_host("modules claim 0.0.1234 back 0.0.1234 ");
}

/* libvirt answers "missing" twice: there is no third attempt. */
static void missing_still(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    attach_until_missing(proxy);
    g_free(expect_call(proxy, ATTACH));
    reply_error(proxy, ATTACH, SERIAL, VIR_ERR_DEVICE_MISSING, MISSING);
    proxy_expect_error(proxy, SERIAL, ATTACH, VIR_ERR_DEVICE_MISSING, "0.0.1234");
    expect_host("modules claim 0.0.1234 back 0.0.1234 ");
}

static void claim_fails(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    host_fail_claim(CCW_ERROR_BUSY, "device 0.0.1234 is in use: /dev/dasda1 is mounted on /srv");
    attach_until_missing(proxy);
    proxy_expect_error(proxy, SERIAL, ATTACH, VIR_ERR_OPERATION_INVALID, "mounted on /srv");
    expect_host("modules claim 0.0.1234 ");
    proxy_assert_quiet(proxy, proxy->backend);
}

/* Without VFIO, the client gets our error, unless the device does not exist. */
static void no_modules(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    host_fail_modules("kernel module vfio_ccw cannot be loaded: no such file");
    send_call(proxy, ATTACH, HOSTDEV("yes", GUEST_ADDRESS));
    g_free(expect_call(proxy, ATTACH));
    reply_error(proxy, ATTACH, SERIAL, VIR_ERR_CONFIG_UNSUPPORTED,
                "Mediated host device assignment requires VFIO support");
    proxy_expect_error(proxy, SERIAL, ATTACH, VIR_ERR_CONFIG_UNSUPPORTED, "vfio_ccw cannot be loaded: no such file");
    expect_host("modules ");

    host_fail_claim(CCW_ERROR_UNSUPPORTED, "the kernel module vfio_ccw is not loaded");
    attach_until_missing(proxy);
    proxy_expect_error(proxy, SERIAL, ATTACH, VIR_ERR_CONFIG_UNSUPPORTED, "vfio_ccw cannot be loaded: no such file");
    host_fail_claim(CCW_ERROR_NOT_FOUND, "there is no ccw device 0.0.1234");
    expect_host("modules claim 0.0.1234 ");
    attach_until_missing(proxy);
    proxy_expect_error(proxy, SERIAL, ATTACH, VIR_ERR_DEVICE_MISSING, "there is no ccw device");
    expect_host("modules claim 0.0.1234 ");
}

/* libvirt checks for VFIO before the device. virtccwd loads the modules only then, after libvirt's access check. */
static void modules_loaded(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    send_call(proxy, ATTACH, HOSTDEV("yes", GUEST_ADDRESS));
    for (guint i = 0; i < 2; i++) {
        g_free(expect_call(proxy, ATTACH));
        expect_host(i ? "modules " : "");
        reply_error(proxy, ATTACH, SERIAL, VIR_ERR_CONFIG_UNSUPPORTED,
                    "Mediated host device assignment requires VFIO support");
    }
    proxy_expect_error(proxy, SERIAL, ATTACH, VIR_ERR_CONFIG_UNSUPPORTED, "requires VFIO support");
    expect_host("");
    send_call(proxy, ATTACH, HOSTDEV("no", GUEST_ADDRESS));
    g_free(expect_call(proxy, ATTACH));
    reply_error(proxy, ATTACH, SERIAL, VIR_ERR_CONFIG_UNSUPPORTED, "requires VFIO support");
    proxy_expect_error(proxy, SERIAL, ATTACH, VIR_ERR_CONFIG_UNSUPPORTED, "requires VFIO support");
    expect_host("");
}

static void send_second(Proxy *proxy, gint32 procedure, guint32 flags)
{
    g_autoptr(GByteArray) payload = payload_attach(HOSTDEV("yes", GUEST_ADDRESS), flags);
    g_auto(Frame) call = { 0 };

    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, procedure, SERIAL + 1, RPC_STATUS_OK, payload);
    call = proxy_receive(proxy, proxy->backend);
    g_assert_cmpuint(call.header.serial, ==, SERIAL + 1);
}

static void reply_second(Proxy *proxy, gboolean success)
{
    g_autoptr(GByteArray) payload = success ? NULL : payload_error(VIR_ERR_OPERATION_FAILED, "no");
    g_auto(Frame) reply = { 0 };

    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, ATTACH, SERIAL + 1, success ? RPC_STATUS_OK : RPC_STATUS_ERROR,
               payload);
    reply = proxy_receive(proxy, proxy->client);
    g_assert_cmpuint(reply.header.serial, ==, SERIAL + 1);
}

/*
 * A second attach finds the mdev of the first one and succeeds. The first one's failure must not remove the mdev,
 * whichever reply comes first.
 */
static void two_at_once(Proxy *proxy, gconstpointer data)
{
    gboolean first_told_first = GPOINTER_TO_INT(data);

    attach_until_missing(proxy);
    g_free(expect_call(proxy, ATTACH));
    expect_host("modules claim 0.0.1234 ");
    send_second(proxy, ATTACH, 1);
    if (!first_told_first) {
        reply_second(proxy, TRUE);
        expect_host("confirm 0.0.1234 ");
    }
    reply_error(proxy, ATTACH, SERIAL, VIR_ERR_OPERATION_INVALID, "mediated device " UUID " is in use");
    proxy_expect_error(proxy, SERIAL, ATTACH, VIR_ERR_OPERATION_INVALID, "is in use");
    if (first_told_first) {
        expect_host("");
        reply_second(proxy, TRUE);
        expect_host("confirm 0.0.1234 ");
    }
    expect_host("");
}

/* Both attaches fail: the last one rolls back the claim of the first. */
static void two_at_once_rejected(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    attach_until_missing(proxy);
    g_free(expect_call(proxy, ATTACH));
    send_second(proxy, ATTACH, 1);
    reply_error(proxy, ATTACH, SERIAL, VIR_ERR_OPERATION_FAILED, "no");
    proxy_expect_error(proxy, SERIAL, ATTACH, VIR_ERR_OPERATION_FAILED, "no");
    expect_host("modules claim 0.0.1234 ");
    reply_second(proxy, FALSE);
    expect_host("back 0.0.1234 ");
}

/*
 * An attach to the configuration neither claims nor releases a device. After a call with unknown effect, the watcher
 * looks.
 */
static void flags(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    attach_until_missing(proxy);
    g_free(expect_call(proxy, ATTACH));
    expect_host("modules claim 0.0.1234 ");
    send_second(proxy, ATTACH, 2);
    reply_second(proxy, TRUE);
    g_assert_cmpuint(proxy->changed, ==, 0);
    expect_host("");
    send_second(proxy, ATTACH, 0);
    reply_second(proxy, TRUE);
    g_assert_cmpuint(proxy->changed, ==, 1);
    expect_host("open 0.0.1234 ");
    reply_ok(proxy, ATTACH);
    expect_ok(proxy, ATTACH);
}

/* libvirt decides first: if it rejects the call for another reason, virtccwd does not touch the host. */
static void rejected(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        gint32 code;
        const char *message;
    } rows[] = {
        { VIR_ERR_ACCESS_DENIED, "access denied" },
        { VIR_ERR_OPERATION_FAILED, "Hostdev already exists: " UUID },
        { VIR_ERR_DEVICE_MISSING, "mediated device 'cc390000-0001-8000-8000-000000009999' not found" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        send_call(proxy, ATTACH, HOSTDEV("yes", GUEST_ADDRESS));
        g_free(expect_call(proxy, ATTACH));
        reply_error(proxy, ATTACH, SERIAL, rows[i].code, rows[i].message);
        proxy_expect_error(proxy, SERIAL, ATTACH, rows[i].code, "");
        expect_host("");
    }
}

static void unmanaged(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    send_call(proxy, ATTACH, HOSTDEV("no", GUEST_ADDRESS));
    g_free(expect_call(proxy, ATTACH));
    reply_error(proxy, ATTACH, SERIAL, VIR_ERR_DEVICE_MISSING, MISSING);
    proxy_expect_error(proxy, SERIAL, ATTACH, VIR_ERR_OPERATION_INVALID, "virsh nodedev-detach ccw_0_0_1234");
    expect_host("");
}

/* Without a guest address, virtccwd asks libvirt for the domain, in the client's name and unseen by the client. */
static Frame expect_question(Proxy *proxy)
{
    Frame question = proxy_receive(proxy, proxy->backend);

    g_assert_cmpint(question.header.procedure, ==, GET_XML_DESC);
    g_assert_cmpuint(question.header.serial, !=, SERIAL);
    return question;
}

static void answer(Proxy *proxy, const Frame *question, const char *inside)
{
    g_autofree char *xml =
        g_strdup_printf("<domain type='kvm' id='3'><name>guest</name><uuid>" GUEST_UUID "</uuid>%s</domain>", inside);
    /* The form that libvirt has. */
    g_autofree char *lowered = conf_lower(xml, CONF_MAP_CSS_ABSENT, &(gboolean){ FALSE }, NULL);
    g_autoptr(GByteArray) payload = payload_string(lowered);

    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, GET_XML_DESC, question->header.serial, RPC_STATUS_OK, payload);
}

static void default_address(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        const char *features;
        const char *cssid;
    } rows[] = {
        { "", "cssid='0xfe'" },
        { "<features><s390-map-css state='on'/></features>", "cssid='0xfe'" },
        { "<features><s390-map-css state='off'/></features>", "cssid='0x0'" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *xml = NULL;
        g_auto(Frame) question = { 0 };

        send_call(proxy, ATTACH, HOSTDEV("yes", ""));
        question = expect_question(proxy);
        answer(proxy, &question, rows[i].features);
        xml = expect_call(proxy, ATTACH);
        g_test_message("%s", xml);
        g_assert_nonnull(strstr(xml, rows[i].cssid));
        g_assert_nonnull(strstr(xml, "devno='0x1234'"));
        reply_ok(proxy, ATTACH);
        expect_ok(proxy, ATTACH);
        expect_host("");
    }
}

#define PRESENT                                                                                                        \
    "<devices><hostdev mode='subsystem' type='mdev' managed='yes' model='vfio-ccw'><source><address uuid='" UUID       \
    "'/></source><address type='ccw' cssid='0xfe' ssid='0x0' devno='0x1234'/></hostdev></devices>"

/*
 * libvirt's error names the address, which the user has not written: the client's error names the device, if the domain
 * has it.
 */
static void twice(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        const char *devices;
        gint32 code;
        const char *words;
    } rows[] = {
        { PRESENT, VIR_ERR_OPERATION_INVALID, "the domain already has ccw device 0.0.1234" },
        { "", VIR_ERR_XML_ERROR, "The CCW devno 'fe.0.1234' is in use already" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Frame) question = { 0 };

        send_call(proxy, ATTACH, HOSTDEV("yes", ""));
        question = expect_question(proxy);
        answer(proxy, &question, rows[i].devices);
        g_free(expect_call(proxy, ATTACH));
        reply_error(proxy, ATTACH, SERIAL, VIR_ERR_XML_ERROR, "The CCW devno 'fe.0.1234' is in use already");
        proxy_expect_error(proxy, SERIAL, ATTACH, rows[i].code, rows[i].words);
        expect_host("");
    }
}

static void no_such_domain(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Frame) question = { 0 };

    send_call(proxy, ATTACH, HOSTDEV("yes", ""));
    question = expect_question(proxy);
    reply_error(proxy, GET_XML_DESC, question.header.serial, VIR_ERR_NO_DOMAIN, "no domain with matching uuid");
    proxy_expect_error(proxy, SERIAL, ATTACH, VIR_ERR_NO_DOMAIN, "no domain");
}

static void send_all(Proxy *proxy, int fd, const GByteArray *bytes)
{
    for (guint sent = 0; sent < bytes->len;) {
        ssize_t n = send(fd, bytes->data + sent, bytes->len - sent, MSG_NOSIGNAL);

        sent += n > 0 ? (guint)n : 0;
        proxy_turn(proxy);
    }
}

/* While virtccwd handles a call that takes much memory, it does not read the next one. */
static void much_memory(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *comment = g_strnfill(2 * 1024 * 1024, 'x');
    g_autofree char *xml = g_strdup_printf("<!--%s-->%s", comment, HOSTDEV("yes", ""));
    g_autoptr(GByteArray) payload = payload_attach(xml, 1);
    const RpcHeader header = { .program = RPC_PROGRAM_REMOTE, .version = 1, .procedure = ATTACH, .serial = SERIAL };
    g_autoptr(GByteArray) frame = rpc_frame_new(&header, payload->data, payload->len);
    g_auto(Frame) question = { 0 };
    g_auto(Frame) next = { 0 };

    send_all(proxy, proxy->client, frame);
    question = expect_question(proxy);
    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, CREATE, 50, RPC_STATUS_OK, NULL);
    proxy_assert_quiet(proxy, proxy->backend);
    reply_error(proxy, GET_XML_DESC, question.header.serial, VIR_ERR_NO_DOMAIN, "no domain");
    proxy_expect_error(proxy, SERIAL, ATTACH, VIR_ERR_NO_DOMAIN, "no domain");
    next = proxy_receive(proxy, proxy->backend);
    g_assert_cmpint(next.header.procedure, ==, CREATE);
}

/* The connection serves other calls while the kernel works on the device. */
static void meanwhile(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Frame) call = { 0 };
    g_auto(Frame) reply = { 0 };

    host_block_claims(TRUE);
    attach_until_missing(proxy);
    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, CREATE, 50, RPC_STATUS_OK, NULL);
    call = proxy_receive(proxy, proxy->backend);
    g_assert_cmpint(call.header.procedure, ==, CREATE);
    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, CREATE, 50, RPC_STATUS_OK, NULL);
    reply = proxy_receive(proxy, proxy->client);
    g_assert_cmpuint(reply.header.serial, ==, 50);
    host_block_claims(FALSE);
    g_free(expect_call(proxy, ATTACH));
    reply_ok(proxy, ATTACH);
    expect_ok(proxy, ATTACH);
}

/* The client leaves while virtccwd acquires the device: virtccwd still makes the call, and handles its reply. */
static void client_leaves_in_claim(Proxy *proxy, gconstpointer data)
{
    gboolean succeeds = GPOINTER_TO_INT(data);

    host_block_claims(TRUE);
    attach_until_missing(proxy);
    proxy_hang_up(&proxy->client);
    proxy_turn(proxy);
    host_block_claims(FALSE);
    g_free(expect_call(proxy, ATTACH));
    if (succeeds)
        reply_ok(proxy, ATTACH);
    else
        reply_error(proxy, ATTACH, SERIAL, VIR_ERR_INTERNAL_ERROR, "no");
    proxy_wait_ended(proxy);
    expect_host(succeeds ? "modules claim 0.0.1234 confirm 0.0.1234 " : "modules claim 0.0.1234 back 0.0.1234 ");
    g_assert_cmpuint(proxy->changed, ==, 0);
}

/* The client leaves before that: virtccwd does not acquire the device. */
static void client_leaves_before(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    send_call(proxy, ATTACH, HOSTDEV("yes", GUEST_ADDRESS));
    g_free(expect_call(proxy, ATTACH));
    proxy_hang_up(&proxy->client);
    proxy_turn(proxy);
    reply_error(proxy, ATTACH, SERIAL, VIR_ERR_DEVICE_MISSING, MISSING);
    proxy_wait_ended(proxy);
    expect_host("");
}

/* libvirtd sends a ping, and virtccwd answers it, as the client has left. */
static void ping_without_client(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    const RpcHeader ping = {
        .program = RPC_PROGRAM_KEEPALIVE,
        .version = 1,
        .procedure = RPC_KEEPALIVE_PING,
        .type = RPC_TYPE_MESSAGE,
    };
    g_autoptr(GByteArray) frame = rpc_frame_new(&ping, NULL, 0);
    g_auto(Frame) pong = { 0 };

    attach_until_missing(proxy);
    g_free(expect_call(proxy, ATTACH));
    proxy_hang_up(&proxy->client);
    proxy_turn(proxy);
    g_assert_cmpint(send(proxy->backend, frame->data, frame->len, 0), ==, frame->len);
    pong = proxy_receive(proxy, proxy->backend);
    g_assert_cmphex(pong.header.program, ==, RPC_PROGRAM_KEEPALIVE);
    g_assert_cmpint(pong.header.procedure, ==, RPC_KEEPALIVE_PONG);
    reply_ok(proxy, ATTACH);
    proxy_wait_ended(proxy);
}

/* libvirt leaves without a reply: virtccwd does not release the device, and wakes the watcher. */
static void backend_leaves(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    attach_until_missing(proxy);
    g_free(expect_call(proxy, ATTACH));
    proxy_hang_up(&proxy->backend);
    proxy_wait_ended(proxy);
    expect_host("modules claim 0.0.1234 open 0.0.1234 ");
    g_assert_cmpuint(proxy->changed, ==, 1);
}

#define STOCK                                                                                                          \
    "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source><address uuid='" UUID "'/></source></hostdev>"

/* libvirt leaves before it gets the call: no domain has the device, so virtccwd does not wake the watcher. */
static void backend_leaves_before(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Frame) question = { 0 };

    send_call(proxy, ATTACH, STOCK);
    question = expect_question(proxy);
    proxy_block_parsers(proxy, TRUE);
    answer(proxy, &question, "");
    while (g_main_context_iteration(NULL, FALSE))
        ;
    proxy_hang_up(&proxy->backend);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    proxy_block_parsers(proxy, FALSE);
    proxy_wait_ended(proxy);
    expect_host("");
    g_assert_cmpuint(proxy->changed, ==, 0);
}

static void backend_leaves_in_claim(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    host_block_claims(TRUE);
    attach_until_missing(proxy);
    proxy_turn(proxy);
    proxy_hang_up(&proxy->backend);
    proxy_turn(proxy);
    host_block_claims(FALSE);
    proxy_wait_ended(proxy);
    expect_host("modules claim 0.0.1234 back 0.0.1234 ");
}

static void serial_twice(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Frame) question = { 0 };

    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "a client used serial * twice*");
    send_call(proxy, ATTACH, HOSTDEV("yes", ""));
    question = expect_question(proxy);
    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, GET_XML_DESC, question.header.serial, RPC_STATUS_OK, NULL);
    proxy_turn(proxy);
    answer(proxy, &question, ""); /* the client has left: its attach ends here */
    proxy_wait_ended(proxy);
    g_test_assert_expected_messages();
    expect_host("");
}

/* The reply to another call of the same procedure and serial would be mistaken for that to the attach. */
static void serial_of_attach(Proxy *proxy, gconstpointer data)
{
    gboolean before = GPOINTER_TO_INT(data);
    g_autoptr(GByteArray) other = payload_string("an attach of something else");

    g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "a client used serial * twice*");
    if (!before)
        send_call(proxy, ATTACH, HOSTDEV("yes", ""));
    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, ATTACH, SERIAL, RPC_STATUS_OK, other);
    if (before)
        send_call(proxy, ATTACH, HOSTDEV("yes", ""));
    proxy_turn(proxy);
    proxy_hang_up(&proxy->backend);
    proxy_wait_ended(proxy);
    g_test_assert_expected_messages();
    expect_host("");
}

/* A client that guesses the serials of our questions could otherwise answer them itself. */
static void serial_guessed(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const guint32 ranges[] = { 0xcc390000u, 0x4c390000u };
    g_auto(Frame) question = { 0 };

    for (gsize i = 0; i < G_N_ELEMENTS(ranges); i++) {
        g_auto(Frame) passed = { 0 };

        proxy_send(proxy, proxy->client, RPC_TYPE_CALL, CREATE, ranges[i], RPC_STATUS_OK, NULL);
        passed = proxy_receive(proxy, proxy->backend);
        g_assert_cmpuint(passed.header.serial, ==, ranges[i]);
    }
    send_call(proxy, ATTACH, HOSTDEV("yes", ""));
    question = expect_question(proxy);
    for (gsize i = 0; i < G_N_ELEMENTS(ranges); i++)
        g_assert_cmpuint(question.header.serial, !=, ranges[i]);
    answer(proxy, &question, "");
    g_free(expect_call(proxy, ATTACH));
    reply_error(proxy, ATTACH, SERIAL, VIR_ERR_ACCESS_DENIED, "no");
    proxy_expect_error(proxy, SERIAL, ATTACH, VIR_ERR_ACCESS_DENIED, "no");
    expect_host("");
}

/* libvirt rejects these calls: virtccwd announces nothing, and looks up no device. */
static void readonly(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const gint32 procedures[] = { ATTACH_DEVICE, ATTACH, DETACH_DEVICE, DETACH };

    remote_connection_set_readonly(proxy->connection);
    for (gsize i = 0; i < G_N_ELEMENTS(procedures); i++) {
        g_auto(Frame) frame = { 0 };

        send_call(proxy, procedures[i], HOSTDEV("yes", ""));
        proxy_turn(proxy);
        g_assert_false(host_is_announced());
        frame = proxy_receive(proxy, proxy->backend);
        g_assert_cmpint(frame.header.procedure, ==, procedures[i]);
        g_assert_nonnull(memmem(frame.payload->data, frame.payload->len, "type='ccw'", 10));
        reply_error(proxy, procedures[i], SERIAL, VIR_ERR_OPERATION_DENIED, "read only access");
        proxy_expect_error(proxy, SERIAL, procedures[i], VIR_ERR_OPERATION_DENIED, "read only");
    }
    expect_host("");
}

static void detached(Proxy *proxy, gconstpointer data)
{
    gboolean still_there = GPOINTER_TO_INT(data);
    g_auto(Frame) question = { 0 };

    send_call(proxy, DETACH, HOSTDEV("yes", ""));
    g_free(expect_call(proxy, DETACH));
    reply_ok(proxy, DETACH);
    question = expect_question(proxy);
    proxy_assert_quiet(proxy, proxy->client);
    answer(proxy, &question,
           still_there
               ? "<devices><hostdev mode='subsystem' type='mdev' managed='yes' model='vfio-ccw'><source><address "
                 "uuid='" UUID "'/></source>" GUEST_ADDRESS "</hostdev></devices>"
               : "");
    expect_ok(proxy, DETACH);
    expect_host(still_there ? "reconcile one:1 " : "reconcile one:0 ");
}

static void detach_rejected(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    send_call(proxy, DETACH, HOSTDEV("yes", ""));
    g_free(expect_call(proxy, DETACH));
    reply_error(proxy, DETACH, SERIAL, VIR_ERR_DEVICE_MISSING, MISSING);
    proxy_expect_error(proxy, SERIAL, DETACH, VIR_ERR_DEVICE_MISSING,
                       "device not found: the domain has no ccw device 0.0.1234");
    expect_host("");
}

/* An attach that succeeds after the live XML was made outdates it. */
static void detach_meets_attach(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_auto(Frame) stale = { 0 };
    g_auto(Frame) fresh = { 0 };
    const CcwBusId id = { 0, 0, 0x1234 };
    g_autoptr(GArray) ids = g_array_append_vals(g_array_new(FALSE, FALSE, sizeof(CcwBusId)), &id, 1);

    send_call(proxy, DETACH, HOSTDEV("yes", ""));
    g_free(expect_call(proxy, DETACH));
    reply_ok(proxy, DETACH);
    stale = expect_question(proxy);
    hostdev_manager_begin_attach(proxy->services.manager, ids);
    g_assert_false(hostdev_manager_end_attach(proxy->services.manager, GUEST_UUID, ids, HOSTDEV_ATTACH_LIVE));
    answer(proxy, &stale, "");
    fresh = expect_question(proxy);
    expect_host("");
    answer(proxy, &fresh, "");
    expect_ok(proxy, DETACH);
    expect_host("reconcile one:0 ");
}

/* reconcile skips a device whose attach libvirt has not answered, and handles it after that. */
static void detach_beside_attach(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    const CcwBusId id = { 0, 0, 0x1234 };
    g_autoptr(GArray) ids = g_array_append_vals(g_array_new(FALSE, FALSE, sizeof(CcwBusId)), &id, 1);
    g_auto(Frame) question = { 0 };

    hostdev_manager_begin_attach(proxy->services.manager, ids);
    send_call(proxy, DETACH, HOSTDEV("yes", ""));
    g_free(expect_call(proxy, DETACH));
    reply_ok(proxy, DETACH);
    question = expect_question(proxy);
    answer(proxy, &question, "");
    expect_ok(proxy, DETACH);
    expect_host("reconcile one:0 but 0.0.1234 ");
    g_assert_true(hostdev_manager_end_attach(proxy->services.manager, GUEST_UUID, ids, HOSTDEV_ATTACH_NONE));
}

/* Each attach and detach has a log line with the domain's name, whether it succeeds or fails. */
static void logged(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_test_expect_message(NULL, G_LOG_LEVEL_INFO,
                          "attached ccw device 0.0.1234 to domain 'guest' (" GUEST_UUID ") for virtccwd itself");
    attached(proxy, NULL);
    g_test_assert_expected_messages();
    g_test_expect_message(NULL, G_LOG_LEVEL_INFO,
                          "cannot attach ccw device 0.0.1234 to domain 'guest' (*) for *: *no such*");
    send_call(proxy, ATTACH, HOSTDEV("yes", GUEST_ADDRESS));
    g_free(expect_call(proxy, ATTACH));
    reply_error(proxy, ATTACH, SERIAL, VIR_ERR_OPERATION_FAILED, "no such\nhost");
    proxy_expect_error(proxy, SERIAL, ATTACH, VIR_ERR_OPERATION_FAILED, "no such");
    g_test_assert_expected_messages();
    g_test_expect_message(NULL, G_LOG_LEVEL_INFO, "cannot detach ccw device 0.0.1234 from domain 'guest' (*) for *");
    detach_rejected(proxy, NULL);
    g_test_assert_expected_messages();
}

/* A call that virtccwd rejects for its XML, without a question to libvirt, has a log line, too. */
static void logged_invalid(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        gint32 procedure;
        const char *line;
    } rows[] = { { ATTACH, "cannot attach a ccw device to domain 'guest' (" GUEST_UUID ") for *: *0x12345*" },
                 { DETACH, "cannot detach a ccw device from domain 'guest' (" GUEST_UUID ") for *: *0x12345*" } };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_test_expect_message(NULL, G_LOG_LEVEL_INFO, rows[i].line);
        send_call(proxy, rows[i].procedure,
                  "<hostdev type='ccw'><source><address devno='0x12345'/></source></hostdev>");
        proxy_expect_error(proxy, SERIAL, rows[i].procedure, VIR_ERR_XML_ERROR, "0x12345");
        g_test_assert_expected_messages();
    }
    proxy_assert_quiet(proxy, proxy->backend);
}

/* So has a call that libvirt does not answer any more. */
static void logged_lost(Proxy *proxy, gconstpointer procedure)
{
    gboolean is_attach = GPOINTER_TO_INT(procedure) == ATTACH;
    g_autofree char *line =
        g_strdup_printf("virtccwd itself wanted to %s domain 'guest' (*: the client or libvirt has disconnected",
                        is_attach ? "attach ccw device 0.0.1234 to" : "detach ccw device 0.0.1234 from");

    g_test_expect_message(NULL, G_LOG_LEVEL_INFO, line);
    send_call(proxy, GPOINTER_TO_INT(procedure), HOSTDEV("yes", GUEST_ADDRESS));
    g_free(expect_call(proxy, GPOINTER_TO_INT(procedure)));
    proxy_hang_up(&proxy->backend);
    proxy_wait_ended(proxy);
    g_test_assert_expected_messages();
    expect_host("");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD_DATA(name, data, func)                                                                                     \
    g_test_add("/remote/" name, Proxy, GINT_TO_POINTER(data), proxy_set_up, func, proxy_tear_down)
#define ADD(name, func) ADD_DATA(name, 0, func)
    ADD("attach/logged", logged); /* first, because the number of log lines is limited */
    ADD("attach/logged-invalid", logged_invalid);
    ADD_DATA("attach/logged-lost-attach", ATTACH, logged_lost);
    ADD_DATA("attach/logged-lost-detach", DETACH, logged_lost);
    ADD("attach/attached", attached);
    ADD("attach/vanished", vanished);
    ADD("attach/rolled-back", rolled_back);
    ADD("attach/missing-still", missing_still);
    ADD("attach/claim-fails", claim_fails);
    ADD("attach/rejected", rejected);
    ADD("attach/unmanaged", unmanaged);
    ADD("attach/no-modules", no_modules);
    ADD("attach/modules-loaded", modules_loaded);
    ADD_DATA("attach/two-at-once/first", TRUE, two_at_once);
    ADD_DATA("attach/two-at-once/second", FALSE, two_at_once);
    ADD("attach/two-at-once/rejected", two_at_once_rejected);
    ADD("attach/flags", flags);
    ADD("attach/default-address", default_address);
    ADD("attach/twice", twice);
    ADD("attach/no-such-domain", no_such_domain);
    ADD("attach/meanwhile", meanwhile);
    ADD("attach/much-memory", much_memory);
    ADD_DATA("attach/client-leaves-in-claim/attached", TRUE, client_leaves_in_claim);
    ADD_DATA("attach/client-leaves-in-claim/rejected", FALSE, client_leaves_in_claim);
    ADD("attach/client-leaves-before", client_leaves_before);
    ADD("attach/ping-without-client", ping_without_client);
    ADD("attach/backend-leaves", backend_leaves);
    ADD("attach/backend-leaves-before", backend_leaves_before);
    ADD("attach/backend-leaves-in-claim", backend_leaves_in_claim);
    ADD("attach/serial-twice", serial_twice);
    ADD_DATA("attach/serial-of-it", FALSE, serial_of_attach);
    ADD_DATA("attach/serial-of-it-before", TRUE, serial_of_attach);
    ADD("attach/serial-guessed", serial_guessed);
    ADD("attach/readonly", readonly);
    ADD_DATA("detach/gone", FALSE, detached);
    ADD_DATA("detach/still-there", TRUE, detached);
    ADD("detach/rejected", detach_rejected);
    ADD("detach/meets-attach", detach_meets_attach);
    ADD("detach/beside-attach", detach_beside_attach);
    return g_test_run();
}
