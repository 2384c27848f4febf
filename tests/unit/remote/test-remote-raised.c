/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory of raised replies: it answers only for the same bytes, and keeps its bounds. */
#include <string.h>

#include "procedures.h"
#include "remote/raised.h"

static RpcHeader reply_header(gint32 procedure, guint32 serial)
{
    return (RpcHeader){
        .program = RPC_PROGRAM_REMOTE,
        .version = RPC_PROGRAM_VERSION,
        .procedure = procedure,
        .type = RPC_TYPE_REPLY,
        .serial = serial,
        .status = RPC_STATUS_OK,
    };
}

static void keep(RemoteRaised *raised, gint32 procedure, const guint8 *payload, gsize length, const char *text)
{
    const RpcHeader header = reply_header(procedure, 1);
    g_autoptr(GByteArray) frame = rpc_frame_new(&header, payload, length);
    g_autoptr(GBytes) raised_payload = g_bytes_new(text, strlen(text));

    remote_raised_keep(raised, frame, raised_payload);
}

/* text: the expected reply; NULL: none is remembered */
static void expect(RemoteRaised *raised, const RpcHeader *header, const guint8 *payload, gsize length, const char *text)
{
    g_autoptr(GByteArray) found = remote_raised_find(raised, header, payload, length);
    RpcHeader of_found;

    g_assert_true((found != NULL) == (text != NULL));
    if (!found)
        return;
    g_assert_true(rpc_header_decode(found->data, &of_found, NULL));
    g_assert_cmpuint(of_found.serial, ==, header->serial);
    g_assert_cmpuint(of_found.length, ==, found->len);
    g_assert_cmpmem(found->data + RPC_FRAME_HEAD, found->len - RPC_FRAME_HEAD, text, strlen(text));
}

static void only_the_same(void)
{
    g_autoptr(RemoteRaised) raised = remote_raised_new();
    RpcHeader header = reply_header(GET_XML_DESC, 9);
    guint8 payload[1000];

    memset(payload, 'x', sizeof(payload));
    expect(NULL, &header, payload, sizeof(payload), NULL);
    expect(raised, &header, payload, sizeof(payload), NULL);
    keep(raised, GET_XML_DESC, payload, sizeof(payload), "raised");
    expect(raised, &header, payload, sizeof(payload), "raised");
    expect(raised, &header, payload, sizeof(payload) - 1, NULL);
    for (gsize i = 0; i < sizeof(payload); i++) {
        payload[i]++;
        expect(raised, &header, payload, sizeof(payload), NULL);
        payload[i]--;
    }
    header.procedure = NODE_GET_XML_DESC;
    expect(raised, &header, payload, sizeof(payload), NULL);
    header = reply_header(GET_XML_DESC, 9);
    header.program = RPC_PROGRAM_QEMU;
    expect(raised, &header, payload, sizeof(payload), NULL);
    header = reply_header(GET_XML_DESC, 9);
    header.status = RPC_STATUS_ERROR;
    expect(raised, &header, payload, sizeof(payload), NULL);
}

/* Two replies with one slot: the newer one stays. */
static void newer_one(void)
{
    g_autoptr(RemoteRaised) raised = remote_raised_new();
    const RpcHeader header = reply_header(GET_XML_DESC, 1);
    guint8 payload[1000] = { 0 };

    keep(raised, GET_XML_DESC, payload, sizeof(payload), "older");
    payload[sizeof(payload) - 1] = 1;
    keep(raised, GET_XML_DESC, payload, sizeof(payload), "newer");
    expect(raised, &header, payload, sizeof(payload), "newer");
    payload[sizeof(payload) - 1] = 0;
    expect(raised, &header, payload, sizeof(payload), NULL);
}

/* The memory stays within its bounds, however many replies are added. */
static void bounds(void)
{
    g_autoptr(RemoteRaised) raised = remote_raised_new();
    const RpcHeader header = reply_header(GET_XML_DESC, 1);
    g_autofree guint8 *payload = g_malloc0(REMOTE_RAISED_MAX + 1);
    g_autofree char *text = g_strnfill(REMOTE_RAISED_MAX + 1, 'y');
    guint found = 0;

    keep(raised, GET_XML_DESC, payload, REMOTE_RAISED_MAX + 1, "raised");
    expect(raised, &header, payload, REMOTE_RAISED_MAX + 1, NULL);
    keep(raised, GET_XML_DESC, payload, 1, text);
    expect(raised, &header, payload, 1, NULL);
    for (guint i = 0; i < 10 * REMOTE_RAISED_SLOTS; i++) {
        memcpy(payload, &i, sizeof(i));
        keep(raised, GET_XML_DESC, payload, REMOTE_RAISED_MAX, "raised");
    }
    for (guint i = 0; i < 10 * REMOTE_RAISED_SLOTS; i++) {
        g_autoptr(GByteArray) frame = NULL;

        memcpy(payload, &i, sizeof(i));
        frame = remote_raised_find(raised, &header, payload, REMOTE_RAISED_MAX);
        found += frame != NULL;
    }
    g_assert_cmpuint(found, >, 0);
    g_assert_cmpuint(found, <=, REMOTE_RAISED_SLOTS);
}

/* A reply with a password is not remembered. */
static void passwords(void)
{
    static const char xml[] = "<domain><graphics type='vnc' passwd='secret'/></domain>";
    g_autoptr(RemoteRaised) raised = remote_raised_new();
    const RpcHeader header = reply_header(GET_XML_DESC, 1);

    keep(raised, GET_XML_DESC, (const guint8 *)xml, sizeof(xml), "raised");
    expect(raised, &header, (const guint8 *)xml, sizeof(xml), NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/remote/raised/only-the-same", only_the_same);
    g_test_add_func("/remote/raised/newer-one", newer_one);
    g_test_add_func("/remote/raised/bounds", bounds);
    g_test_add_func("/remote/raised/passwords", passwords);
    return g_test_run();
}
