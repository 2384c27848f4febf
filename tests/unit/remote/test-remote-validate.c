/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls whose XML virtccwd validates, and calls whose answers it extends: its work before libvirt's answer, and after
 * it.
 */
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../main-loop.h"
#include "proxy-fixture.h"
#include "rpc/wire.h"
#include "rpc/xdr.h"
#include "util/endian.h"

static guint32 serial; /* of the client's last call */

#define DEVICE(devno, rest)                                                                                            \
    "<hostdev mode='subsystem' type='ccw'><source><address devno='" devno "'/></source>" rest "</hostdev>"
#define HOSTDEV DEVICE("0x1234", "")
#define MDEV                                                                                                           \
    "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source>"                                                  \
    "<address uuid='cc390000-0001-8000-8000-000000001234'/></source></hostdev>"
#define DOMAIN(hostdev)                                                                                                \
    "<domain type='kvm'><name>guest</name><uuid>" GUEST_UUID "</uuid><devices>" hostdev "</devices></domain>"
#define OUTSIDE "<address type='ccw' cssid='0x0' ssid='0x0' devno='0x1234'/>"
#define CAPS                                                                                                           \
    "<domainCapabilities>\n  <path>/usr/bin/qemu-system-s390x</path>\n  <domain>kvm</domain>\n"                        \
    "  <machine>s390-ccw-virtio-7.2</machine>\n  <arch>s390x</arch>\n"                                                 \
    "  <devices>\n    <hostdev supported='yes'>\n      <enum name='mode'>\n        <value>subsystem</value>\n"         \
    "      </enum>\n      <enum name='subsysType'>\n        <value>pci</value>%s\n      </enum>\n    </hostdev>\n"     \
    "  </devices>\n  <features>\n    <s390-pv supported='no'/>%s\n  </features>\n</domainCapabilities>\n"

static GByteArray *payload_xml(const char *xml, gboolean has_flags, guint32 flags)
{
    GByteArray *out = payload_string(xml);

    if (has_flags)
        rpc_xdr_write_u32(out, flags);
    return out;
}

static void call(Proxy *proxy, gint32 procedure, const GByteArray *payload)
{
    proxy_send(proxy, proxy->client, RPC_TYPE_CALL, procedure, ++serial, RPC_STATUS_OK, payload);
}

/* libvirt gets the client's last call, of this procedure, and answers it. NULL: with an error. */
static Frame answer(Proxy *proxy, gint32 procedure, const GByteArray *payload)
{
    g_autoptr(GByteArray) error = payload_error(VIR_ERR_ACCESS_DENIED, "access denied");
    Frame frame = proxy_receive(proxy, proxy->backend);

    g_assert_cmpint(frame.header.procedure, ==, procedure);
    proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, procedure, frame.header.serial,
               payload ? RPC_STATUS_OK : RPC_STATUS_ERROR, payload ? payload : error);
    return frame;
}

/* The client gets the reply to its last call. */
static void expect_reply(Proxy *proxy, gint32 procedure, guint32 status)
{
    g_auto(Frame) frame = proxy_receive(proxy, proxy->client);

    g_assert_cmpint(frame.header.procedure, ==, procedure);
    g_assert_cmpuint(frame.header.serial, ==, serial);
    g_assert_cmpuint(frame.header.status, ==, status);
}

typedef struct {
    guint wanted;
    guint seen;
} Lookups;

static gboolean have_all_come(gpointer data)
{
    Lookups *lookups = data;

    lookups->seen += host_take_lookups();
    return lookups->seen >= lookups->wanted;
}

/* Waits until the host was asked for this many devices. */
static void expect_lookups(guint count)
{
    Lookups lookups = { count, 0 };

    main_loop_wait(have_all_come, &lookups);
    g_assert_cmpuint(lookups.seen, ==, count);
}

static const struct {
    gint32 procedure;
    gboolean has_flags;
    guint32 flags;
    gboolean starts;
} defines[] = {
    { CREATE_XML, TRUE, VIR_DOMAIN_START_AUTODESTROY, TRUE },
    { CREATE_XML, TRUE, VIR_DOMAIN_START_VALIDATE, TRUE },
    { DEFINE, FALSE, 0, FALSE },
    { CREATE_XML_WITH_FILES, TRUE, VIR_DOMAIN_START_VALIDATE, TRUE },
    { DEFINE_FLAGS, TRUE, 0, FALSE },
    { DEFINE_FLAGS, TRUE, VIR_DOMAIN_DEFINE_VALIDATE, FALSE },
};

/* virtccwd checks the host after libvirt's success, and sends the reply before that. */
static void define(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) yes = payload_string("guest");

    for (gsize i = 0; i < G_N_ELEMENTS(defines); i++) {
        g_autoptr(GByteArray) payload = payload_xml(DOMAIN(HOSTDEV), defines[i].has_flags, defines[i].flags);
        g_auto(Frame) frame = { 0 };
        g_autofree char *text = NULL;

        g_test_message("procedure %d", defines[i].procedure);
        host_block_lookups(TRUE);
        call(proxy, defines[i].procedure, payload);
        frame = proxy_receive(proxy, proxy->backend);
        g_assert_cmpuint(frame.header.serial, ==, serial);
        text = payload_read_string(&frame);
        g_assert_nonnull(strstr(text, "type='mdev'"));
        if (defines[i].has_flags)
            g_assert_cmpuint(ccw_load_be32(frame.payload->data + frame.payload->len - 4), ==, defines[i].flags);
        g_assert_cmpuint(host_take_lookups(), ==, 0);
        proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, defines[i].procedure, serial, RPC_STATUS_OK, yes);
        expect_reply(proxy, defines[i].procedure, RPC_STATUS_OK);
        host_block_lookups(FALSE);
        expect_lookups(1);
    }
}

/* After an error, virtccwd does not check the host. A failed start may have left a device to release. */
static void define_rejected(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    for (gsize i = 0; i < G_N_ELEMENTS(defines); i++) {
        g_autoptr(GByteArray) payload = payload_xml(DOMAIN(HOSTDEV), defines[i].has_flags, defines[i].flags);
        g_auto(Frame) frame = { 0 };

        proxy->changed = 0;
        call(proxy, defines[i].procedure, payload);
        frame = answer(proxy, defines[i].procedure, NULL);
        proxy_expect_error(proxy, serial, defines[i].procedure, VIR_ERR_ACCESS_DENIED, "access denied");
        proxy_turn(proxy);
        g_assert_cmpuint(host_take_lookups(), ==, 0);
        g_assert_cmpuint(proxy->changed, ==, defines[i].starts);
    }
}

/* virtccwd rejects XML that contradicts itself, and libvirt does not get it. */
static void invalid(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        const char *xml;
        gint32 code;
        const char *words;
    } rows[] = {
        { DOMAIN(HOSTDEV HOSTDEV), VIR_ERR_XML_ERROR, "XML error: line 1: Hostdev already exists" },
        { DOMAIN(DEVICE("0x1234", "<rom/>")), VIR_ERR_CONFIG_UNSUPPORTED,
          "unsupported configuration: line 1: ROM tuning is only supported for PCI devices" },
        { DOMAIN(DEVICE("0x1234", OUTSIDE)), VIR_ERR_XML_ERROR, "contradicts <s390-map-css state='on'/>" },
        { DOMAIN(DEVICE("0x00001234", "")), VIR_ERR_XML_ERROR, "write 0x1234" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (gsize k = 0; k < G_N_ELEMENTS(defines); k++) {
            g_autoptr(GByteArray) payload = payload_xml(rows[i].xml, defines[k].has_flags, defines[k].flags);

            call(proxy, defines[k].procedure, payload);
            proxy_expect_error(proxy, serial, defines[k].procedure, rows[i].code, rows[i].words);
            proxy_assert_quiet(proxy, proxy->backend);
        }
    }
    g_assert_cmpuint(host_take_lookups(), ==, 0);
}

/* A client may use the serial of a call again once it has the reply, also while virtccwd still checks the host. */
static void serial_again(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) payload = payload_xml(DOMAIN(HOSTDEV), FALSE, 0);
    g_autoptr(GByteArray) yes = payload_string("guest");

    host_block_lookups(TRUE);
    for (guint i = 0; i < 2; i++) {
        g_auto(Frame) frame = { 0 };

        call(proxy, DEFINE, payload);
        frame = answer(proxy, DEFINE, yes);
        expect_reply(proxy, DEFINE, RPC_STATUS_OK);
        serial--;
    }
    host_block_lookups(FALSE);
    expect_lookups(2);
}

/* XML without our element, or with libvirt's own form of it, is not validated. */
static void stock(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const documents[] = { DOMAIN(""), DOMAIN(MDEV MDEV), "<domain><name>ccw hostdev</domain>" };

    for (gsize i = 0; i < G_N_ELEMENTS(documents); i++) {
        g_autoptr(GByteArray) payload = payload_xml(documents[i], TRUE, VIR_DOMAIN_DEFINE_VALIDATE);
        g_auto(Frame) frame = { 0 };

        call(proxy, DEFINE_FLAGS, payload);
        frame = proxy_receive(proxy, proxy->backend);
        g_assert_cmpmem(frame.payload->data, frame.payload->len, payload->data, payload->len);
    }
}

/* A read-only connection causes no work: its call passes unread. */
static void readonly(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) payload = payload_xml(DOMAIN(HOSTDEV HOSTDEV), TRUE, VIR_DOMAIN_DEFINE_VALIDATE);
    g_auto(Frame) frame = { 0 };

    remote_connection_set_readonly(proxy->connection);
    call(proxy, DEFINE_FLAGS, payload);
    frame = proxy_receive(proxy, proxy->backend);
    g_assert_cmpmem(frame.payload->data, frame.payload->len, payload->data, payload->len);
}

static GByteArray *payload_create_with_files(const char *document)
{
    g_autoptr(GByteArray) xml = payload_xml(document, TRUE, 0);
    GByteArray *out = g_byte_array_new();

    rpc_xdr_write_u32(out, 2); /* number of descriptors */
    return g_byte_array_append(out, xml->data, xml->len);
}

/* DOMAIN_CREATE_XML_WITH_FILES: its descriptors wait with the call, and are passed on or closed with it. */
static void with_files(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) yes = payload_string("guest");

    for (guint refuse = 0; refuse < 2; refuse++) {
        g_autoptr(GByteArray) payload = payload_create_with_files(refuse ? DOMAIN(HOSTDEV HOSTDEV) : DOMAIN(HOSTDEV));
        g_auto(Frame) frame = { 0 };
        int pipes[2];
        char byte = 'p';

        g_assert_cmpint(pipe(pipes), ==, 0);
        proxy_send(proxy, proxy->client, RPC_TYPE_CALL_WITH_FDS, CREATE_XML_WITH_FILES, ++serial, RPC_STATUS_OK,
                   payload);
        g_assert_true(proxy_send_fd(proxy->client, pipes[1]));
        g_assert_true(proxy_send_fd(proxy->client, pipes[1]));
        close(pipes[1]);
        if (refuse) {
            proxy_expect_error(proxy, serial, CREATE_XML_WITH_FILES, VIR_ERR_XML_ERROR, "already exists");
        } else {
            frame = proxy_receive(proxy, proxy->backend);
            g_assert_cmpuint(frame.header.type, ==, RPC_TYPE_CALL_WITH_FDS);
            g_assert_cmpuint(ccw_load_be32(frame.payload->data), ==, 2);
            g_assert_nonnull(g_strstr_len((const char *)frame.payload->data + 8, frame.payload->len - 8, "mdev"));
            for (guint i = 0; i < 2; i++) {
                int fd = proxy_receive_fd(proxy->backend);

                g_assert_cmpint(write(fd, &byte, 1), ==, 1);
                close(fd);
                g_assert_cmpint(read(pipes[0], &byte, 1), ==, 1);
            }
            proxy_send(proxy, proxy->backend, RPC_TYPE_REPLY, CREATE_XML_WITH_FILES, serial, RPC_STATUS_OK, yes);
            expect_reply(proxy, CREATE_XML_WITH_FILES, RPC_STATUS_OK);
        }
        g_assert_cmpint(read(pipes[0], &byte, 1), ==, 0); /* no other descriptor of the pipe is open */
        close(pipes[0]);
    }
}

/* virtccwd asks libvirt for the domain's feature. The answer says that it is state. */
static void answer_feature(Proxy *proxy, const char *state)
{
    g_autofree char *xml = g_strdup_printf("<domain><uuid>" GUEST_UUID "</uuid><metadata><ccw:s390-map-css "
                                           "xmlns:ccw='urn:libvirt-ccw:domain:1.0' state='%s'/></metadata></domain>",
                                           state);
    g_autoptr(GByteArray) domain = payload_string(xml);
    g_auto(Frame) question = answer(proxy, GET_XML_DESC, domain);

    g_assert_cmpuint(question.header.serial, !=, serial);
}

static void attach_invalid(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) payload = payload_attach(DEVICE("0x1234", OUTSIDE), 1);

    call(proxy, ATTACH, payload);
    answer_feature(proxy, "on");
    proxy_expect_error(proxy, serial, ATTACH, VIR_ERR_XML_ERROR, "contradicts <s390-map-css state='on'/>");
    proxy_assert_quiet(proxy, proxy->backend);
    g_assert_cmpuint(host_take_lookups(), ==, 0);
}

/* virtccwd checks the host for warnings only after libvirt's success and the client's reply. */
static void attach(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) payload = payload_attach(DEVICE("0x1234", OUTSIDE), 1);
    g_autoptr(GByteArray) yes = g_byte_array_new();

    for (guint accept = 0; accept < 2; accept++) {
        g_auto(Frame) frame = { 0 };

        host_block_lookups(TRUE);
        call(proxy, ATTACH, payload);
        answer_feature(proxy, "off");
        frame = answer(proxy, ATTACH, accept ? yes : NULL);
        expect_reply(proxy, ATTACH, accept ? RPC_STATUS_OK : RPC_STATUS_ERROR);
        host_block_lookups(FALSE);
        proxy_turn(proxy);
        expect_lookups(accept);
    }
}

static GByteArray *payload_domain(guint32 flags)
{
    g_autoptr(GByteArray) payload = payload_attach("", 0);

    g_byte_array_set_size(payload, payload->len - 8);
    rpc_xdr_write_u32(payload, flags);
    return g_steal_pointer(&payload);
}

/* The warning follows libvirt's own messages. The rest of the reply is unchanged. */
static void messages(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        guint32 flags;
        const char *xml; /* NULL: libvirt is not asked for it */
        guint lookups;
        const char *warning;
    } rows[] = {
        { 0, DOMAIN(DEVICE("0x4711", "")), 1, "this host has no channel device 0.0.4711" },
        { 0, DOMAIN(MDEV), 1, NULL },
        { 0, DOMAIN(""), 0, NULL },
        { VIR_DOMAIN_MESSAGE_TAINTING, NULL, 0, NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) payload = payload_domain(rows[i].flags);
        g_autoptr(GByteArray) stock_reply = g_byte_array_new();
        g_auto(Frame) first = { 0 };
        g_auto(Frame) reply = { 0 };

        g_test_message("row %zu", i);
        rpc_xdr_write_u32(stock_reply, 1);
        rpc_xdr_write_string(stock_reply, "tainted: by itself", 18);
        call(proxy, GET_MESSAGES, payload);
        first = answer(proxy, GET_MESSAGES, stock_reply);
        if (rows[i].xml) {
            g_autoptr(GByteArray) xml = payload_string(rows[i].xml);
            g_auto(Frame) question = { 0 };

            proxy_turn(proxy);
            g_assert_cmpuint(host_take_lookups(), ==, 0);
            question = answer(proxy, GET_XML_DESC, xml);
        }
        reply = proxy_receive(proxy, proxy->client);
        if (rows[i].warning) {
            ccw_store_be32(stock_reply->data, 2);
            rpc_xdr_write_string(stock_reply, rows[i].warning, strlen(rows[i].warning));
        }
        g_assert_cmpmem(reply.payload->data, reply.payload->len, stock_reply->data, stock_reply->len);
        g_assert_cmpuint(host_take_lookups(), ==, rows[i].lookups);
    }
}

#define HOST_THREADS 16 /* as in remote/workers.c */

/* Work on the host that waits: it ends when the lock is free. */
static GMutex busy;
static gint waiting; /* atomic */

static void wait_for_lock(gpointer data G_GNUC_UNUSED)
{
    g_atomic_int_inc(&waiting);
    g_main_context_wakeup(NULL);
    g_mutex_lock(&busy);
    g_mutex_unlock(&busy);
}

static void count_done(gpointer data)
{
    ++*(guint *)data;
}

static gboolean do_all_wait(gpointer data G_GNUC_UNUSED)
{
    return g_atomic_int_get(&waiting) >= HOST_THREADS;
}

/* The threads that parse also parse a domain's XML: a domain without our devices does not wait for work on the host. */
static void messages_without_host(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) payload = payload_domain(0);
    g_autoptr(GByteArray) stock_reply = g_byte_array_new();
    g_autoptr(GByteArray) xml = payload_string(DOMAIN(""));
    g_auto(Frame) first = { 0 };
    g_auto(Frame) question = { 0 };
    g_auto(Frame) reply = { 0 };
    guint done = 0;

    g_mutex_lock(&busy);
    for (guint i = 0; i < HOST_THREADS; i++)
        remote_workers_push(proxy->services.workers, REMOTE_WORK_HOST, 0, proxy, wait_for_lock, count_done, &done);
    main_loop_wait(do_all_wait, NULL);
    rpc_xdr_write_u32(stock_reply, 0);
    call(proxy, GET_MESSAGES, payload);
    first = answer(proxy, GET_MESSAGES, stock_reply);
    question = answer(proxy, GET_XML_DESC, xml);
    reply = proxy_receive(proxy, proxy->client);
    g_assert_cmpuint(done, ==, 0);
    g_mutex_unlock(&busy);
    while (done < HOST_THREADS)
        g_main_context_iteration(NULL, TRUE);
}

static GByteArray *payload_domcaps(void)
{
    GByteArray *payload = g_byte_array_new();

    for (guint n = 0; n < 4; n++)
        rpc_xdr_write_optional(payload, n == 1 ? "s390x" : NULL);
    rpc_xdr_write_u32(payload, 0);
    return payload;
}

/* virtccwd asks libvirt, in the client's name, for the QEMU arguments of a domain with a channel device. */
static void answer_native(Proxy *proxy, gboolean capable)
{
    g_autoptr(GByteArray) line = payload_string("qemu-system-s390x -device vfio-ccw");
    g_auto(Frame) question = answer(proxy, XML_TO_NATIVE, capable ? line : NULL);
    RpcXdrReader reader;
    gsize length;
    const char *text;
    g_autofree char *domain = NULL;

    rpc_xdr_reader_init(&reader, question.payload->data, question.payload->len);
    text = rpc_xdr_read_string(&reader, &length);
    g_assert_cmpmem(text, length, "qemu-argv", 9);
    text = rpc_xdr_read_string(&reader, &length);
    domain = g_strndup(text, length);
    g_assert_cmpuint(rpc_xdr_read_u32(&reader), ==, 0);
    g_assert_false(reader.failed);
    g_assert_nonnull(strstr(domain, "<domain type='kvm'>"));
    g_assert_nonnull(strstr(domain, "<type arch='s390x' machine='s390-ccw-virtio-7.2'>hvm</type>"));
    g_assert_nonnull(strstr(domain, "<emulator>/usr/bin/qemu-system-s390x</emulator>"));
    g_assert_nonnull(strstr(domain, "model='vfio-ccw'"));
}

static void domcaps(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *plain = g_strdup_printf(CAPS, "", "");
    g_autofree char *more =
        g_strdup_printf(CAPS, "\n        <value>ccw</value>", "\n    <s390-map-css supported='yes'/>");
    const char *other = "<domainCapabilities><path>/q</path><domain>kvm</domain><machine>pc</machine>"
                        "<arch>x86_64</arch></domainCapabilities>";
    const struct {
        const char *reply;
        gboolean asked;
        gboolean capable;
        const char *expected;
    } rows[] = { { plain, TRUE, TRUE, more }, { plain, TRUE, FALSE, plain }, { other, FALSE, FALSE, other } };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) payload = payload_domcaps();
        g_autoptr(GByteArray) stock_reply = payload_string(rows[i].reply);
        g_auto(Frame) asked = { 0 };
        g_auto(Frame) reply = { 0 };
        g_autofree char *text = NULL;

        call(proxy, GET_DOMAIN_CAPABILITIES, payload);
        asked = answer(proxy, GET_DOMAIN_CAPABILITIES, stock_reply);
        g_assert_cmpmem(asked.payload->data, asked.payload->len, payload->data, payload->len);
        if (rows[i].asked)
            answer_native(proxy, rows[i].capable);
        reply = proxy_receive(proxy, proxy->client);
        g_assert_cmpint(reply.header.procedure, ==, GET_DOMAIN_CAPABILITIES);
        g_assert_cmpuint(reply.header.serial, ==, serial);
        text = payload_read_string(&reply);
        g_assert_cmpstr(text, ==, rows[i].expected);
    }
}

/* virtccwd asks no question for a client that libvirt rejects. */
static void domcaps_rejected(Proxy *proxy, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) payload = payload_domcaps();
    g_auto(Frame) asked = { 0 };

    call(proxy, GET_DOMAIN_CAPABILITIES, payload);
    asked = answer(proxy, GET_DOMAIN_CAPABILITIES, NULL);
    proxy_expect_error(proxy, serial, GET_DOMAIN_CAPABILITIES, VIR_ERR_ACCESS_DENIED, "access denied");
    proxy_assert_quiet(proxy, proxy->backend);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
#define ADD(name, func) g_test_add("/remote/validate/" name, Proxy, NULL, proxy_set_up, func, proxy_tear_down)
    ADD("define", define);
    ADD("define-rejected", define_rejected);
    ADD("invalid", invalid);
    ADD("serial-again", serial_again);
    ADD("stock", stock);
    ADD("readonly", readonly);
    ADD("with-files", with_files);
    ADD("attach-invalid", attach_invalid);
    ADD("attach", attach);
    ADD("messages", messages);
    ADD("messages-without-host", messages_without_host);
    ADD("domcaps", domcaps);
    ADD("domcaps-rejected", domcaps_rejected);
    return g_test_run();
}
