/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is judged before libvirt gets it, or told besides what it says: with a judge that does as it is told. */
#include <fcntl.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peers.h"
#include "remote/ccw-judge.h"
#include "remote/ccw-xdr.h"
#include "util/ccw-endian.h"

static guint32 serial; /* of the last call */

#define HOSTDEV "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1234'/></source></hostdev>"
#define MDEV                                                                                                           \
    "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source>"                                                  \
    "<address uuid='cc390000-0001-8000-8000-000000001234'/></source></hostdev>"
#define DOMAIN(hostdev)                                                                                                \
    "<domain type='kvm'><name>guest</name><uuid>" GUEST_UUID "</uuid><devices>" hostdev "</devices></domain>"
#define CAPS                                                                                                           \
    "<domainCapabilities>\n  <path>/usr/bin/qemu-system-s390x</path>\n  <machine>s390-ccw-virtio-7.2</machine>\n"      \
    "  <devices>\n    <hostdev supported='yes'>\n      <enum name='mode'>\n        <value>subsystem</value>\n"         \
    "      </enum>\n      <enum name='subsysType'>\n        <value>pci</value>%s\n      </enum>\n    </hostdev>\n"     \
    "  </devices>\n  <features>\n    <s390-pv supported='no'/>%s\n  </features>\n</domainCapabilities>\n"

/* What it was asked, and what it is to say. Touched by one thread at a time. */
static struct {
    char *log;
    CcwError code;
    const char *refusal; /* NULL: it agrees */
    const char *warning;
    gboolean capable;
} script;

static gboolean judge_document(const CcwJudged *judged, gpointer data G_GNUC_UNUSED, GError **error)
{
    g_free(script.log);
    script.log = g_strdup_printf("%s schema=%d domain=%d map=%d", judged->xml, judged->by_schema, judged->has_domain,
                                 judged->map_css);
    if (judged->warnings && script.warning)
        g_ptr_array_add(judged->warnings, g_strdup(script.warning));
    if (script.refusal)
        g_set_error_literal(error, CCW_ERROR, (gint)script.code, script.refusal);
    return !script.refusal;
}

static gboolean judge_emulator(const char *path, gpointer data G_GNUC_UNUSED)
{
    g_assert_cmpstr(path, ==, "/usr/bin/qemu-system-s390x");
    return script.capable;
}

static const CcwJudge judge = { judge_document, judge_emulator, NULL };

static void set_up(Peers *peers, gconstpointer data)
{
    peers_set_up(peers, data);
    peers->services.judge = &judge;
    memset(&script, 0, sizeof(script));
}

static void tear_down(Peers *peers, gconstpointer data)
{
    peers_tear_down(peers, data);
    g_clear_pointer(&script.log, g_free);
}

static GByteArray *payload_xml(const char *xml, gboolean has_flags, guint32 flags)
{
    GByteArray *out = payload_string(xml);

    if (has_flags)
        ccw_xdr_write_u32(out, flags);
    return out;
}

static const struct {
    gint32 procedure;
    gboolean has_flags;
    guint32 flags;
    gboolean by_schema;
} defines[] = {
    { 10, TRUE, VIR_DOMAIN_START_AUTODESTROY, FALSE },
    { 10, TRUE, VIR_DOMAIN_START_VALIDATE, TRUE },
    { 11, FALSE, 0, FALSE },
    { 309, TRUE, VIR_DOMAIN_START_VALIDATE, TRUE },
    { 350, TRUE, 0, FALSE },
    { 350, TRUE, VIR_DOMAIN_DEFINE_VALIDATE, TRUE },
};

static void define(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    for (gsize i = 0; i < G_N_ELEMENTS(defines); i++) {
        g_autoptr(GByteArray) call = payload_xml(DOMAIN(HOSTDEV), defines[i].has_flags, defines[i].flags);
        g_autofree char *expected =
            g_strdup_printf("%s schema=%d domain=0 map=0", DOMAIN(HOSTDEV), defines[i].by_schema);
        g_auto(Frame) frame = { 0 };
        g_autofree char *text = NULL;

        g_test_message("procedure %d", defines[i].procedure);
        script.refusal = NULL;
        peers_send(peers, peers->client, CCW_TYPE_CALL, defines[i].procedure, ++serial, CCW_STATUS_OK, call);
        frame = peers_receive(peers, peers->backend);
        g_assert_cmpint(frame.header.procedure, ==, defines[i].procedure);
        g_assert_cmpuint(frame.header.serial, ==, serial);
        text = payload_read_string(&frame);
        g_assert_nonnull(strstr(text, "type='mdev'"));
        g_assert_cmpstr(script.log, ==, expected);
        script.refusal = "it contradicts itself";
        script.code = CCW_ERROR_INVALID;
        peers_send(peers, peers->client, CCW_TYPE_CALL, defines[i].procedure, ++serial, CCW_STATUS_OK, call);
        peers_expect_error(peers, serial, defines[i].procedure, VIR_ERR_XML_ERROR, "XML error: it contradicts itself");
        peers_assert_quiet(peers, peers->backend);
    }
}

static void codes(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        CcwError code;
        gint32 number;
        const char *words;
    } rows[] = {
        { CCW_ERROR_XML, VIR_ERR_XML_INVALID_SCHEMA, "XML document failed to validate against schema: no" },
        { CCW_ERROR_UNSUPPORTED, VIR_ERR_CONFIG_UNSUPPORTED, "unsupported configuration: no" },
    };
    g_autoptr(GByteArray) call = payload_xml(DOMAIN(HOSTDEV), FALSE, 0);

    script.refusal = "no";
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        script.code = rows[i].code;
        peers_send(peers, peers->client, CCW_TYPE_CALL, 11, ++serial, CCW_STATUS_OK, call);
        peers_expect_error(peers, serial, 11, rows[i].number, rows[i].words);
    }
}

/* What has nothing of ours in it, or has it in libvirt's own form, is not judged. */
static void stock(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const documents[] = { DOMAIN(""), DOMAIN(MDEV), "<domain><name>ccw hostdev</domain>" };

    script.refusal = "no";
    for (gsize i = 0; i < G_N_ELEMENTS(documents); i++) {
        g_autoptr(GByteArray) call = payload_xml(documents[i], TRUE, VIR_DOMAIN_DEFINE_VALIDATE);
        g_auto(Frame) frame = { 0 };

        peers_send(peers, peers->client, CCW_TYPE_CALL, 350, ++serial, CCW_STATUS_OK, call);
        frame = peers_receive(peers, peers->backend);
        g_assert_cmpmem(frame.payload->data, frame.payload->len, call->data, call->len);
    }
    g_assert_null(script.log);
}

/* Whoever may change nothing makes nobody work. */
static void readonly(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) call = payload_xml(DOMAIN(HOSTDEV), TRUE, VIR_DOMAIN_DEFINE_VALIDATE);
    g_auto(Frame) frame = { 0 };

    ccw_connection_set_readonly(peers->connection);
    script.refusal = "no";
    peers_send(peers, peers->client, CCW_TYPE_CALL, 350, ++serial, CCW_STATUS_OK, call);
    frame = peers_receive(peers, peers->backend);
    g_assert_cmpint(frame.header.procedure, ==, 350);
    g_assert_null(script.log);
}

static void send_fd(int to, int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    char byte = 0;
    struct iovec iov = { &byte, 1 };
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.space)
    };
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&message);

    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(cmsg), &fd, sizeof(int));
    g_assert_cmpint(sendmsg(to, &message, MSG_NOSIGNAL), ==, 1);
}

static int receive_fd(int from)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    char byte;
    struct iovec iov = { &byte, 1 };
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control.space)
    };
    int fd;

    g_assert_cmpint(recvmsg(from, &message, 0), ==, 1);
    g_assert_nonnull(CMSG_FIRSTHDR(&message));
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    return fd;
}

static GByteArray *payload_create_with_files(void)
{
    g_autoptr(GByteArray) xml = payload_xml(DOMAIN(HOSTDEV), TRUE, 0);
    GByteArray *out = g_byte_array_new();

    ccw_xdr_write_u32(out, 2); /* descriptors */
    return g_byte_array_append(out, xml->data, xml->len);
}

/* DOMAIN_CREATE_XML_WITH_FILES: its descriptors wait with it, and go or are closed with it. */
static void with_files(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) call = payload_create_with_files();

    for (guint refuse = 0; refuse < 2; refuse++) {
        g_auto(Frame) frame = { 0 };
        int pipes[2];
        char byte = 'p';

        script.refusal = refuse ? "no" : NULL;
        g_assert_cmpint(pipe(pipes), ==, 0);
        peers_send(peers, peers->client, CCW_TYPE_CALL_WITH_FDS, 309, ++serial, CCW_STATUS_OK, call);
        send_fd(peers->client, pipes[1]);
        send_fd(peers->client, pipes[1]);
        close(pipes[1]);
        if (refuse) {
            peers_expect_error(peers, serial, 309, VIR_ERR_XML_ERROR, "no");
        } else {
            frame = peers_receive(peers, peers->backend);
            g_assert_cmpuint(frame.header.type, ==, CCW_TYPE_CALL_WITH_FDS);
            g_assert_cmpuint(ccw_load_be32(frame.payload->data), ==, 2);
            g_assert_nonnull(g_strstr_len((const char *)frame.payload->data + 8, frame.payload->len - 8, "mdev"));
            for (guint i = 0; i < 2; i++) {
                int fd = receive_fd(peers->backend);

                g_assert_cmpint(write(fd, &byte, 1), ==, 1);
                close(fd);
                g_assert_cmpint(read(pipes[0], &byte, 1), ==, 1);
            }
        }
        g_assert_cmpint(read(pipes[0], &byte, 1), ==, 0); /* nobody else holds it */
        close(pipes[0]);
    }
}

static void attach(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) call = payload_attach(HOSTDEV, 1);
    g_autoptr(GByteArray) domain =
        payload_string("<domain><uuid>" GUEST_UUID "</uuid><metadata><ccw:s390-map-css "
                       "xmlns:ccw='https://libvirt.org/schemas/ccw/1.0' state='off'/></metadata></domain>");
    g_auto(Frame) question = { 0 };

    script.refusal = "no";
    script.code = CCW_ERROR_INVALID;
    peers_send(peers, peers->client, CCW_TYPE_CALL, 160, ++serial, CCW_STATUS_OK, call);
    question = peers_receive(peers, peers->backend);
    g_assert_cmpint(question.header.procedure, ==, 14);
    peers_send(peers, peers->backend, CCW_TYPE_REPLY, 14, question.header.serial, CCW_STATUS_OK, domain);
    peers_expect_error(peers, serial, 160, VIR_ERR_XML_ERROR, "no");
    g_assert_cmpstr(script.log, ==, HOSTDEV " schema=0 domain=1 map=2");
    peers_assert_quiet(peers, peers->backend);
}

static GByteArray *payload_domain(guint32 flags)
{
    g_autoptr(GByteArray) call = payload_attach("", 0);

    g_byte_array_set_size(call, call->len - 8);
    ccw_xdr_write_u32(call, flags);
    return g_steal_pointer(&call);
}

/* The warning behind libvirt's own messages; the rest of the reply as it was. */
static void messages(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        guint32 flags;
        const char *xml; /* NULL: not asked for */
        const char *warning;
    } rows[] = {
        { 0, DOMAIN(MDEV), "line 9: mind the css" },
        { 0, DOMAIN(MDEV), NULL },
        { 0, DOMAIN(""), "not looked at" },
        { VIR_DOMAIN_MESSAGE_TAINTING, NULL, "not asked for" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) call = payload_domain(rows[i].flags);
        g_autoptr(GByteArray) stock_reply = g_byte_array_new();
        g_auto(Frame) first = { 0 };
        g_auto(Frame) reply = { 0 };

        g_test_message("row %zu", i);
        script.warning = rows[i].warning;
        ccw_xdr_write_u32(stock_reply, 1);
        ccw_xdr_write_string(stock_reply, "tainted: by itself", 18);
        peers_send(peers, peers->client, CCW_TYPE_CALL, 426, ++serial, CCW_STATUS_OK, call);
        first = peers_receive(peers, peers->backend);
        g_assert_cmpint(first.header.procedure, ==, 426);
        peers_send(peers, peers->backend, CCW_TYPE_REPLY, 426, serial, CCW_STATUS_OK, stock_reply);
        if (rows[i].xml) {
            g_auto(Frame) question = peers_receive(peers, peers->backend);
            g_autoptr(GByteArray) xml = payload_string(rows[i].xml);

            g_assert_cmpint(question.header.procedure, ==, 14);
            peers_send(peers, peers->backend, CCW_TYPE_REPLY, 14, question.header.serial, CCW_STATUS_OK, xml);
        }
        reply = peers_receive(peers, peers->client);
        if (i == 0) {
            ccw_store_be32(stock_reply->data, 2);
            ccw_xdr_write_string(stock_reply, "mind the css", 12);
        }
        g_assert_cmpmem(reply.payload->data, reply.payload->len, stock_reply->data, stock_reply->len);
    }
}

static void domcaps(Peers *peers, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *plain = g_strdup_printf(CAPS, "", "");
    g_autofree char *other = g_strdup_printf("%s", "<domainCapabilities><path>/q</path><machine>pc</machine>"
                                                   "</domainCapabilities>");
    g_autofree char *more =
        g_strdup_printf(CAPS, "\n        <value>ccw</value>", "\n    <s390-map-css supported='yes'/>");
    const struct {
        const char *reply;
        gboolean capable;
        const char *expected;
    } rows[] = { { plain, TRUE, more }, { plain, FALSE, plain }, { other, TRUE, other } };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) call = g_byte_array_new();
        g_autoptr(GByteArray) answer = payload_string(rows[i].reply);
        g_auto(Frame) asked = { 0 };
        g_auto(Frame) reply = { 0 };
        g_autofree char *text = NULL;

        for (guint n = 0; n < 4; n++)
            ccw_xdr_write_optional(call, n == 1 ? "s390x" : NULL);
        ccw_xdr_write_u32(call, 0);
        script.capable = rows[i].capable;
        peers_send(peers, peers->client, CCW_TYPE_CALL, 342, ++serial, CCW_STATUS_OK, call);
        asked = peers_receive(peers, peers->backend);
        g_assert_cmpmem(asked.payload->data, asked.payload->len, call->data, call->len);
        peers_send(peers, peers->backend, CCW_TYPE_REPLY, 342, serial, CCW_STATUS_OK, answer);
        reply = peers_receive(peers, peers->client);
        g_assert_cmpint(reply.header.procedure, ==, 342);
        text = payload_read_string(&reply);
        g_assert_cmpstr(text, ==, rows[i].expected);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
#define ADD(name, func) g_test_add("/remote/judge/" name, Peers, NULL, set_up, func, tear_down)
    ADD("define", define);
    ADD("codes", codes);
    ADD("stock", stock);
    ADD("readonly", readonly);
    ADD("with-files", with_files);
    ADD("attach", attach);
    ADD("messages", messages);
    ADD("domcaps", domcaps);
    return g_test_run();
}
