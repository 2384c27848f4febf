/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nodedev-detach, -reattach and -reset step by step: virtccwd touches the host only after libvirt has checked access.
 */
#include <libvirt/virterror.h>
#include <string.h>

#include "proxy-fixture.h"
#include "rpc/wire.h"
#include "rpc/xdr.h"
#include "util/error.h"

#define SERIAL 21
#define DEVICE "ccw_0_0_1234"
#define SUBCHANNEL "css_0_0_0034"
#define HOSTDEV                                                                                                        \
    "<hostdev mode='subsystem' type='ccw' managed='yes'><source><address devno='0x1234'/></source></hostdev>"

static void send_call(Proxy *proxy, gint32 procedure, const GByteArray *payload)
{
    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, procedure, SERIAL, RPC_STATUS_OK, payload);
}

static void call(Proxy *proxy, gint32 procedure, const char *name)
{
    g_autoptr(GByteArray) payload = payload_string(name);

    send_call(proxy, procedure, payload);
}

static void call_flags(Proxy *proxy, const char *name, const char *driver, guint32 flags)
{
    g_autoptr(GByteArray) payload = payload_string(name);

    rpc_xdr_write_optional(payload, driver);
    rpc_xdr_write_u32(payload, flags);
    send_call(proxy, NODE_DETACH_FLAGS, payload);
}

/* Receives virtccwd's own question, under a serial that differs from the client's. Returns that serial. */
static guint32 expect_question_of(Proxy *proxy, gint32 procedure, const char *node)
{
    g_auto(Frame) question = proxy_receive(proxy, proxy->backend);
    g_autofree char *name = payload_read_string(&question);

    g_assert_cmpint(question.header.procedure, ==, procedure);
    g_assert_cmpuint(question.header.serial, !=, SERIAL);
    g_assert_cmpstr(name, ==, node);
    return question.header.serial;
}

static guint32 expect_question(Proxy *proxy, gint32 procedure)
{
    return expect_question_of(proxy, procedure, SUBCHANNEL);
}

static void answer(Proxy *proxy, gint32 procedure, guint32 serial, gint32 code, const char *message)
{
    g_autoptr(GByteArray) payload = payload_error(code, message);

    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, procedure, serial, RPC_STATUS_ERROR, payload);
}

static void let_past(Proxy *proxy, gint32 question)
{
    answer(proxy, question, expect_question(proxy, question), VIR_ERR_INVALID_ARG,
           "device " SUBCHANNEL " is not a PCI device");
}

static void expect_ok(Proxy *proxy, gint32 procedure)
{
    g_auto(Frame) reply = proxy_receive(proxy, proxy->client);

    g_assert_cmpint(reply.header.procedure, ==, procedure);
    g_assert_cmpuint(reply.header.serial, ==, SERIAL);
    g_assert_cmpuint(reply.header.type, ==, RPC_TYPE_REPLY);
    g_assert_cmpuint(reply.header.status, ==, RPC_STATUS_OK);
    g_assert_cmpuint(reply.payload->len, ==, 0);
}

static void expect_host(const char *log)
{
    g_autofree char *got = host_take_log();

    g_assert_cmpstr(got, ==, log);
}

static void done(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    call(proxy, NODE_DETTACH, DEVICE);
    let_past(proxy, NODE_RE_ATTACH);
    expect_ok(proxy, NODE_DETTACH);
    expect_host("modules detach 0.0.1234 ");
    call(proxy, NODE_RE_ATTACH, SUBCHANNEL);
    let_past(proxy, NODE_RE_ATTACH);
    expect_ok(proxy, NODE_RE_ATTACH);
    expect_host("reattach 0.0.1234 ");
    call(proxy, NODE_RESET, DEVICE);
    let_past(proxy, NODE_RESET);
    expect_ok(proxy, NODE_RESET);
    expect_host("reset 0.0.1234 ");
}

static void drivers(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const known[] = { NULL, "vfio_ccw", "vfio" };

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        call_flags(proxy, DEVICE, known[i], 0);
        let_past(proxy, NODE_RE_ATTACH);
        expect_ok(proxy, NODE_DETACH_FLAGS);
        expect_host("modules detach 0.0.1234 ");
    }
}

/* Passes the client's call to libvirt unchanged, and answers it. */
static void expect_passed(Proxy *proxy, gint32 procedure, const char *name)
{
    g_auto(Frame) passed = proxy_receive(proxy, proxy->backend);
    g_autofree char *got = payload_read_string(&passed);

    g_assert_cmpint(passed.header.procedure, ==, procedure);
    g_assert_cmpuint(passed.header.serial, ==, SERIAL);
    g_assert_cmpstr(got, ==, name);
    answer(proxy, procedure, SERIAL, VIR_ERR_INVALID_ARG, "libvirt's own words");
    proxy_expect_error(proxy, SERIAL, procedure, VIR_ERR_INVALID_ARG, "libvirt's own words");
    expect_host("");
}

static void not_ours(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const names[] = { "pci_0000_00_02_0", "ccw_0_0_4321", "css_0_0_0099", "ccw_0_0_12345", "" };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        call(proxy, NODE_DETTACH, names[i]);
        expect_passed(proxy, NODE_DETTACH, names[i]);
    }
    call_flags(proxy, DEVICE, "kvm", 0);
    expect_passed(proxy, NODE_DETACH_FLAGS, DEVICE);
    call_flags(proxy, DEVICE, "vfio_ccw", 1);
    expect_passed(proxy, NODE_DETACH_FLAGS, DEVICE);
}

/* Any other answer than "no PCI device" goes to the client, and virtccwd does not touch the host. */
static void denied(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        gint32 code;
        const char *message;
    } answers[] = {
        { VIR_ERR_ACCESS_DENIED, "access denied" },
        { VIR_ERR_OPERATION_DENIED, "read only access prevents virNodeDeviceReAttach" },
        { VIR_ERR_INVALID_ARG, "something else is wrong" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
        call(proxy, NODE_DETTACH, DEVICE);
        answer(proxy, NODE_RE_ATTACH, expect_question(proxy, NODE_RE_ATTACH), answers[i].code, answers[i].message);
        proxy_expect_error(proxy, SERIAL, NODE_DETTACH, answers[i].code, answers[i].message);
        expect_host("");
    }
}

/*
 * libvirt does not know the subchannel, which is newer than libvirt: the access check uses the device, if it is listed.
 */
static void unlisted(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const char gone[] = "no node device with matching name '" SUBCHANNEL "'";

    call(proxy, NODE_DETTACH, DEVICE);
    answer(proxy, NODE_RE_ATTACH, expect_question(proxy, NODE_RE_ATTACH), VIR_ERR_NO_NODE_DEVICE, gone);
    answer(proxy, NODE_RE_ATTACH, expect_question_of(proxy, NODE_RE_ATTACH, DEVICE), VIR_ERR_INVALID_ARG,
           "device " DEVICE " is not a PCI device");
    expect_ok(proxy, NODE_DETTACH);
    expect_host("modules detach 0.0.1234 ");
    call(proxy, NODE_DETTACH, DEVICE);
    answer(proxy, NODE_RE_ATTACH, expect_question(proxy, NODE_RE_ATTACH), VIR_ERR_NO_NODE_DEVICE, gone);
    answer(proxy, NODE_RE_ATTACH, expect_question_of(proxy, NODE_RE_ATTACH, DEVICE), VIR_ERR_ACCESS_DENIED,
           "access denied");
    proxy_expect_error(proxy, SERIAL, NODE_DETTACH, VIR_ERR_ACCESS_DENIED, "access denied");
    call(proxy, NODE_DETTACH, DEVICE);
    answer(proxy, NODE_RE_ATTACH, expect_question(proxy, NODE_RE_ATTACH), VIR_ERR_NO_NODE_DEVICE, gone);
    answer(proxy, NODE_RE_ATTACH, expect_question_of(proxy, NODE_RE_ATTACH, DEVICE), VIR_ERR_NO_NODE_DEVICE,
           "no node device " DEVICE);
    proxy_expect_error(proxy, SERIAL, NODE_DETTACH, VIR_ERR_NO_NODE_DEVICE, DEVICE);
    call(proxy, NODE_DETTACH, SUBCHANNEL);
    answer(proxy, NODE_RE_ATTACH, expect_question(proxy, NODE_RE_ATTACH), VIR_ERR_NO_NODE_DEVICE, gone);
    proxy_expect_error(proxy, SERIAL, NODE_DETTACH, VIR_ERR_NO_NODE_DEVICE, SUBCHANNEL);
    expect_host("");
}

/* libvirt has read the subchannel's attributes while its driver changed. */
static void changing(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const char gone[] = "Failed to read file '/sys/devices/css0/0.0.0034/mdev_supported_types/vfio_ccw-io/"
                               "device_api': No such device";
    static const char unbound[] =
        "cannot resolve driver link /sys/devices/css0/0.0.0034/driver: No such file or directory";

    call(proxy, NODE_RE_ATTACH, DEVICE);
    answer(proxy, NODE_RE_ATTACH, expect_question(proxy, NODE_RE_ATTACH), VIR_ERR_SYSTEM_ERROR, gone);
    answer(proxy, NODE_RE_ATTACH, expect_question(proxy, NODE_RE_ATTACH), VIR_ERR_SYSTEM_ERROR, unbound);
    let_past(proxy, NODE_RE_ATTACH);
    expect_ok(proxy, NODE_RE_ATTACH);
    expect_host("reattach 0.0.1234 ");
    call(proxy, NODE_RE_ATTACH, DEVICE);
    for (guint i = 0; i < 6; i++)
        answer(proxy, NODE_RE_ATTACH, expect_question(proxy, NODE_RE_ATTACH), VIR_ERR_SYSTEM_ERROR, gone);
    proxy_expect_error(proxy, SERIAL, NODE_RE_ATTACH, VIR_ERR_SYSTEM_ERROR, "device_api");
    expect_host("");
}

/* A newer libvirt can detach the device by itself. Then it may not have checked access. */
static void unknown_libvirt(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    call(proxy, NODE_DETTACH, DEVICE);
    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, NODE_RE_ATTACH, expect_question(proxy, NODE_RE_ATTACH),
               RPC_STATUS_OK, NULL);
    proxy_expect_error(proxy, SERIAL, NODE_DETTACH, VIR_ERR_CONFIG_UNSUPPORTED, SUBCHANNEL);
    expect_host("");
}

static gboolean libvirt_is_away;

static HostdevLive *look(gpointer data, GError **error)
{
    Proxy *proxy = data;
    g_autoptr(HostdevLive) live = hostdev_live_new(proxy->services.manager);

    if (libvirt_is_away)
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "libvirt does not say");
    else if (hostdev_live_add(live, GUEST_UUID, "guest", "<domain><devices>" HOSTDEV "</devices></domain>", error))
        return g_steal_pointer(&live);
    return NULL;
}

static void in_use(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const gint32 procedures[] = { NODE_DETTACH, NODE_RE_ATTACH, NODE_RESET };

    proxy->services.query = look;
    proxy->services.query_data = proxy;
    for (gsize i = 0; i < G_N_ELEMENTS(procedures); i++) {
        call(proxy, procedures[i], DEVICE);
        let_past(proxy, procedures[i] == NODE_DETTACH ? NODE_RE_ATTACH : procedures[i]);
        proxy_expect_error(proxy, SERIAL, procedures[i], VIR_ERR_OPERATION_INVALID,
                           "ccw device 0.0.1234 is in use by driver QEMU, domain guest");
    }
    expect_host("modules ");
    libvirt_is_away = TRUE;
    call(proxy, NODE_RE_ATTACH, DEVICE);
    let_past(proxy, NODE_RE_ATTACH);
    proxy_expect_error(proxy, SERIAL, NODE_RE_ATTACH, VIR_ERR_OPERATION_FAILED, "libvirt does not say");
    libvirt_is_away = FALSE;
    expect_host("");
}

static void failed(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    host_fail_claim(CCW_ERROR_BUSY, "ccw device 0.0.1234 is in use by this host: dasda1 is mounted on /srv");
    call(proxy, NODE_DETTACH, DEVICE);
    let_past(proxy, NODE_RE_ATTACH);
    proxy_expect_error(proxy, SERIAL, NODE_DETTACH, VIR_ERR_OPERATION_INVALID, "mounted on /srv");
    expect_host("modules detach 0.0.1234 ");
    host_fail_modules("kernel module vfio_ccw cannot be loaded");
    call(proxy, NODE_DETTACH, DEVICE);
    let_past(proxy, NODE_RE_ATTACH);
    proxy_expect_error(proxy, SERIAL, NODE_DETTACH, VIR_ERR_CONFIG_UNSUPPORTED, "vfio_ccw cannot be loaded");
}

/* libvirt or the client leaves midway: the host is unchanged, or the allowed operation is complete. */
static void lost(Proxy *proxy, gconstpointer backend_goes)
{
    guint32 serial;

    call(proxy, NODE_DETTACH, DEVICE);
    serial = expect_question(proxy, NODE_RE_ATTACH);
    if (backend_goes) {
        g_test_expect_message(NULL, G_LOG_LEVEL_INFO,
                              "virtccwd itself wanted to detach ccw device 0.0.1234 from this host: the client or "
                              "libvirt has disconnected");
        proxy_hang_up(&proxy->backend);
    } else {
        proxy_hang_up(&proxy->client);
        answer(proxy, NODE_RE_ATTACH, serial, VIR_ERR_ACCESS_DENIED, "access denied");
    }
    proxy_wait_ended(proxy);
    g_test_assert_expected_messages();
    expect_host("");
}

#define ADD(name, func) g_test_add("/remote/nodedev-detach/" name, Proxy, NULL, proxy_set_up, func, proxy_tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("done", done);
    ADD("drivers", drivers);
    ADD("not-ours", not_ours);
    ADD("denied", denied);
    ADD("unlisted", unlisted);
    ADD("changing", changing);
    ADD("unknown-libvirt", unknown_libvirt);
    ADD("in-use", in_use);
    ADD("failed", failed);
    g_test_add("/remote/nodedev-detach/lost/client", Proxy, NULL, proxy_set_up, lost, proxy_tear_down);
    g_test_add("/remote/nodedev-detach/lost/libvirt", Proxy, GINT_TO_POINTER(TRUE), proxy_set_up, lost,
               proxy_tear_down);
    return g_test_run();
}
