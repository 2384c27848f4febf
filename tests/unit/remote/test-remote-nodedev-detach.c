/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nodedev-detach and its like step by step: libvirt is asked who may, and only past that is the host touched. */
#include <libvirt/virterror.h>
#include <string.h>

#include "peers.h"
#include "rpc/wire.h"
#include "rpc/xdr.h"
#include "util/error.h"

#define SERIAL 21
#define DEVICE "ccw_0_0_1234"
#define SUBCHANNEL "css_0_0_0034"
#define HOSTDEV                                                                                                        \
    "<hostdev mode='subsystem' type='ccw' managed='yes'><source><address devno='0x1234'/></source></hostdev>"

static void send_call(Peers *peers, gint32 procedure, const GByteArray *payload)
{
    peers_send(peers, peers->client, CCW_TYPE_CALL, procedure, SERIAL, CCW_STATUS_OK, payload);
}

static void call(Peers *peers, gint32 procedure, const char *name)
{
    g_autoptr(GByteArray) payload = payload_string(name);

    send_call(peers, procedure, payload);
}

static void call_flags(Peers *peers, const char *name, const char *driver, guint32 flags)
{
    g_autoptr(GByteArray) payload = payload_string(name);

    ccw_xdr_write_optional(payload, driver);
    ccw_xdr_write_u32(payload, flags);
    send_call(peers, 301, payload);
}

/* Our own question: under a serial that is not the client's. Returns that. */
static guint32 expect_question_of(Peers *peers, gint32 procedure, const char *node)
{
    g_auto(Frame) question = peers_receive(peers, peers->backend);
    g_autofree char *name = payload_read_string(&question);

    g_assert_cmpint(question.header.procedure, ==, procedure);
    g_assert_cmpuint(question.header.serial, !=, SERIAL);
    g_assert_cmpstr(name, ==, node);
    return question.header.serial;
}

static guint32 expect_question(Peers *peers, gint32 procedure)
{
    return expect_question_of(peers, procedure, SUBCHANNEL);
}

static void answer(Peers *peers, gint32 procedure, guint32 serial, gint32 code, const char *message)
{
    g_autoptr(GByteArray) payload = payload_error(code, message);

    peers_send(peers, peers->backend, CCW_TYPE_REPLY, procedure, serial, CCW_STATUS_ERROR, payload);
}

static void let_past(Peers *peers, gint32 question)
{
    answer(peers, question, expect_question(peers, question), VIR_ERR_INVALID_ARG,
           "device " SUBCHANNEL " is not a PCI device");
}

static void expect_ok(Peers *peers, gint32 procedure)
{
    g_auto(Frame) reply = peers_receive(peers, peers->client);

    g_assert_cmpint(reply.header.procedure, ==, procedure);
    g_assert_cmpuint(reply.header.serial, ==, SERIAL);
    g_assert_cmpuint(reply.header.type, ==, CCW_TYPE_REPLY);
    g_assert_cmpuint(reply.header.status, ==, CCW_STATUS_OK);
    g_assert_cmpuint(reply.payload->len, ==, 0);
}

static void expect_host(const char *log)
{
    g_autofree char *got = host_take_log();

    g_assert_cmpstr(got, ==, log);
}

static void done(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    call(peers, 118, DEVICE);
    let_past(peers, 119);
    expect_ok(peers, 118);
    expect_host("modules detach 0.0.1234 ");
    call(peers, 119, SUBCHANNEL);
    let_past(peers, 119);
    expect_ok(peers, 119);
    expect_host("reattach 0.0.1234 ");
    call(peers, 120, DEVICE);
    let_past(peers, 120);
    expect_ok(peers, 120);
    expect_host("reset 0.0.1234 ");
}

static void drivers(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const known[] = { NULL, "vfio_ccw", "vfio" };

    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        call_flags(peers, DEVICE, known[i], 0);
        let_past(peers, 119);
        expect_ok(peers, 301);
        expect_host("modules detach 0.0.1234 ");
    }
}

/* The client's call as it is, and the answer to it. */
static void expect_passed(Peers *peers, gint32 procedure, const char *name)
{
    g_auto(Frame) passed = peers_receive(peers, peers->backend);
    g_autofree char *got = payload_read_string(&passed);

    g_assert_cmpint(passed.header.procedure, ==, procedure);
    g_assert_cmpuint(passed.header.serial, ==, SERIAL);
    g_assert_cmpstr(got, ==, name);
    answer(peers, procedure, SERIAL, VIR_ERR_INVALID_ARG, "libvirt's own words");
    peers_expect_error(peers, SERIAL, procedure, VIR_ERR_INVALID_ARG, "libvirt's own words");
    expect_host("");
}

static void not_ours(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const names[] = { "pci_0000_00_02_0", "ccw_0_0_4321", "css_0_0_0099", "ccw_0_0_12345", "" };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        call(peers, 118, names[i]);
        expect_passed(peers, 118, names[i]);
    }
    call_flags(peers, DEVICE, "kvm", 0);
    expect_passed(peers, 301, DEVICE);
    call_flags(peers, DEVICE, "vfio_ccw", 1);
    expect_passed(peers, 301, DEVICE);
}

/* Any other answer than that it is no PCI device is the client's answer, and nothing is touched. */
static void denied(Peers *peers, gconstpointer data G_GNUC_UNUSED)
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
        call(peers, 118, DEVICE);
        answer(peers, 119, expect_question(peers, 119), answers[i].code, answers[i].message);
        peers_expect_error(peers, SERIAL, 118, answers[i].code, answers[i].message);
        expect_host("");
    }
}

/* Its subchannel has come after libvirt: who may is asked of the device, if that is listed. */
static void unlisted(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const char gone[] = "no node device with matching name '" SUBCHANNEL "'";

    call(peers, 118, DEVICE);
    answer(peers, 119, expect_question(peers, 119), VIR_ERR_NO_NODE_DEVICE, gone);
    answer(peers, 119, expect_question_of(peers, 119, DEVICE), VIR_ERR_INVALID_ARG,
           "device " DEVICE " is not a PCI device");
    expect_ok(peers, 118);
    expect_host("modules detach 0.0.1234 ");
    call(peers, 118, DEVICE);
    answer(peers, 119, expect_question(peers, 119), VIR_ERR_NO_NODE_DEVICE, gone);
    answer(peers, 119, expect_question_of(peers, 119, DEVICE), VIR_ERR_ACCESS_DENIED, "access denied");
    peers_expect_error(peers, SERIAL, 118, VIR_ERR_ACCESS_DENIED, "access denied");
    call(peers, 118, DEVICE);
    answer(peers, 119, expect_question(peers, 119), VIR_ERR_NO_NODE_DEVICE, gone);
    answer(peers, 119, expect_question_of(peers, 119, DEVICE), VIR_ERR_NO_NODE_DEVICE, "no node device " DEVICE);
    peers_expect_error(peers, SERIAL, 118, VIR_ERR_NO_NODE_DEVICE, DEVICE);
    call(peers, 118, SUBCHANNEL);
    answer(peers, 119, expect_question(peers, 119), VIR_ERR_NO_NODE_DEVICE, gone);
    peers_expect_error(peers, SERIAL, 118, VIR_ERR_NO_NODE_DEVICE, SUBCHANNEL);
    expect_host("");
}

/* libvirt has read the subchannel's attributes while its driver changed. */
static void changing(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const char gone[] = "Failed to read file '/sys/devices/css0/0.0.0034/mdev_supported_types/vfio_ccw-io/"
                               "device_api': No such device";

    call(peers, 119, DEVICE);
    answer(peers, 119, expect_question(peers, 119), VIR_ERR_SYSTEM_ERROR, gone);
    answer(peers, 119, expect_question(peers, 119), VIR_ERR_SYSTEM_ERROR, gone);
    let_past(peers, 119);
    expect_ok(peers, 119);
    expect_host("reattach 0.0.1234 ");
    call(peers, 119, DEVICE);
    for (guint i = 0; i < 6; i++)
        answer(peers, 119, expect_question(peers, 119), VIR_ERR_SYSTEM_ERROR, gone);
    peers_expect_error(peers, SERIAL, 119, VIR_ERR_SYSTEM_ERROR, "device_api");
    expect_host("");
}

/* A libvirt that can do it: then who may is no longer known to have been asked. */
static void unknown_libvirt(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    call(peers, 118, DEVICE);
    peers_send(peers, peers->backend, CCW_TYPE_REPLY, 119, expect_question(peers, 119), CCW_STATUS_OK, NULL);
    peers_expect_error(peers, SERIAL, 118, VIR_ERR_CONFIG_UNSUPPORTED, SUBCHANNEL);
    expect_host("");
}

static gboolean libvirt_is_away;

static CcwLive *look(gpointer data, GError **error)
{
    Peers *peers = data;
    g_autoptr(CcwLive) live = ccw_live_new(peers->services.manager);

    if (libvirt_is_away)
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "libvirt does not say");
    else if (ccw_live_add(live, GUEST_UUID, "guest", "<domain><devices>" HOSTDEV "</devices></domain>", error))
        return g_steal_pointer(&live);
    return NULL;
}

static void in_use(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const gint32 procedures[] = { 118, 119, 120 };

    peers->services.look = look;
    peers->services.look_data = peers;
    for (gsize i = 0; i < G_N_ELEMENTS(procedures); i++) {
        call(peers, procedures[i], DEVICE);
        let_past(peers, procedures[i] == 118 ? 119 : procedures[i]);
        peers_expect_error(peers, SERIAL, procedures[i], VIR_ERR_OPERATION_INVALID,
                           "ccw device 0.0.1234 is in use by driver QEMU, domain guest");
    }
    expect_host("modules ");
    libvirt_is_away = TRUE;
    call(peers, 119, DEVICE);
    let_past(peers, 119);
    peers_expect_error(peers, SERIAL, 119, VIR_ERR_OPERATION_FAILED, "libvirt does not say");
    libvirt_is_away = FALSE;
    expect_host("");
}

static void failed(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    host_fail_claim(CCW_ERROR_BUSY, "ccw device 0.0.1234 is in use by this host: dasda1 is mounted on /srv");
    call(peers, 118, DEVICE);
    let_past(peers, 119);
    peers_expect_error(peers, SERIAL, 118, VIR_ERR_OPERATION_INVALID, "mounted on /srv");
    expect_host("modules detach 0.0.1234 ");
    host_fail_modules("kernel module vfio_ccw cannot be loaded");
    call(peers, 118, DEVICE);
    let_past(peers, 119);
    peers_expect_error(peers, SERIAL, 118, VIR_ERR_CONFIG_UNSUPPORTED, "vfio_ccw cannot be loaded");
}

/* libvirt or the client goes in the middle: nothing is left behind, and nothing done that was not allowed. */
static void lost(Peers *peers, gconstpointer backend_goes)
{
    guint32 serial;

    call(peers, 118, DEVICE);
    serial = expect_question(peers, 119);
    if (backend_goes) {
        peers_hang_up(&peers->backend);
    } else {
        peers_hang_up(&peers->client);
        answer(peers, 119, serial, VIR_ERR_ACCESS_DENIED, "access denied");
    }
    peers_wait_ended(peers);
    expect_host("");
}

#define ADD(name, func) g_test_add("/remote/nodedev-detach/" name, Peers, NULL, peers_set_up, func, peers_tear_down)

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
    g_test_add("/remote/nodedev-detach/lost/client", Peers, NULL, peers_set_up, lost, peers_tear_down);
    g_test_add("/remote/nodedev-detach/lost/libvirt", Peers, GINT_TO_POINTER(TRUE), peers_set_up, lost,
               peers_tear_down);
    return g_test_run();
}
