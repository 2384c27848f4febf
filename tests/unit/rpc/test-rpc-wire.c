/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames: their header, and the inbox that divides a stream into them. */
#include <string.h>
#include <unistd.h>

#include "rpc/inbox.h"
#include "rpc/wire.h"
#include "util/endian.h"
#include "util/error.h"

/* Procedures of even numbers pass, those of odd numbers are handed over, 98 is dropped, 99 stops. */
typedef struct {
    RpcInbox inbox;
    guint frames_left; /* the number of frames after which the inbox stops reading; 0: no limit */
    GByteArray *passed;
    guint runs; /* calls of pass */
    GString *log;
} Fixture;

static RpcInboxHandling on_header(const RpcHeader *header, gpointer data)
{
    Fixture *fixture = data;

    g_string_append_printf(fixture->log, "h%d ", header->procedure);
    if (header->procedure == 99)
        return RPC_INBOX_STOP;
    if (header->procedure == 98)
        return RPC_INBOX_DROP;
    return header->procedure & 1 ? RPC_INBOX_HOLD : RPC_INBOX_PASS;
}

static void on_pass(const guint8 *bytes, gsize length, gpointer data)
{
    Fixture *fixture = data;

    g_byte_array_append(fixture->passed, bytes, (guint)length);
    fixture->runs++;
}

static void on_pass_fd(int fd, gpointer data)
{
    Fixture *fixture = data;

    g_string_append_printf(fixture->log, "fd%u ", fixture->passed->len);
    close(fd);
}

static gboolean on_frame(const RpcHeader *header, const guint8 *payload, gsize length, GArray *fds, gpointer data)
{
    Fixture *fixture = data;

    g_string_append_printf(fixture->log, "f%d:%.*s ", header->procedure, (int)length, (const char *)payload);
    g_assert_cmpuint(fds ? fds->len : 0, ==, header->fds);
    if (header->fds)
        g_string_append_printf(fixture->log, "with %u ", header->fds);
    return TRUE;
}

static void on_boundary(gpointer data)
{
    Fixture *fixture = data;

    g_string_append_printf(fixture->log, "b%u ", fixture->passed->len);
}

static gboolean on_ready(gpointer data)
{
    Fixture *fixture = data;

    return fixture->frames_left == 0 || --fixture->frames_left > 0;
}

static const RpcInboxOps ops = { on_header, on_pass, on_pass_fd, on_frame, on_boundary, on_ready };

static void set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    rpc_inbox_init(&fixture->inbox, &ops, fixture);
    fixture->passed = g_byte_array_new();
    fixture->log = g_string_new(NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    rpc_inbox_clear(&fixture->inbox);
    g_byte_array_unref(fixture->passed);
    g_string_free(fixture->log, TRUE);
}

/* payload is everything after the header, with the count of descriptors for types that have one, right or wrong. */
static GByteArray *frame(gint32 procedure, guint32 type, const char *payload, gsize length)
{
    const RpcHeader header = { .program = RPC_PROGRAM_REMOTE, .version = 1, .procedure = procedure, .serial = 7 };
    GByteArray *bytes = rpc_frame_new(&header, (const guint8 *)payload, length);

    ccw_store_be32(bytes->data + 16, type);
    return bytes;
}

static void append(GByteArray *stream, gint32 procedure, const char *payload)
{
    g_autoptr(GByteArray) one = frame(procedure, RPC_TYPE_CALL, payload, strlen(payload));

    g_byte_array_append(stream, one->data, one->len);
}

static gboolean feed(Fixture *fixture, const guint8 *bytes, gsize length, guint fd_count, GError **error)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(gint));
    gboolean stopped = FALSE;
    gboolean ok;

    for (guint i = 0; i < fd_count; i++) {
        gint fd = dup(0);

        g_array_append_val(fds, fd);
    }
    ok = rpc_inbox_feed(&fixture->inbox, bytes, length, fds, &stopped, error);
    for (guint i = 0; i < fds->len; i++)
        close(g_array_index(fds, gint, i));
    if (stopped)
        g_string_append(fixture->log, "stop ");
    return ok;
}

static void header(void)
{
    g_autoptr(GByteArray) bytes = frame(-5, RPC_TYPE_REPLY, "abcd", 4);
    g_autoptr(GError) error = NULL;
    RpcHeader decoded;

    g_assert_true(rpc_header_decode(bytes->data, &decoded, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(decoded.length, ==, 32);
    g_assert_cmphex(decoded.program, ==, RPC_PROGRAM_REMOTE);
    g_assert_cmpint(decoded.procedure, ==, -5);
    g_assert_cmpuint(decoded.type, ==, RPC_TYPE_REPLY);
    g_assert_cmpuint(decoded.serial, ==, 7);
    g_assert_cmpuint(decoded.status, ==, RPC_STATUS_OK);
}

static void hostile_lengths(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    const guint32 lengths[] = { 0, 4, 27, RPC_FRAME_MAX + 1, 0x80000000u, G_MAXUINT32 };

    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autoptr(GByteArray) bytes = frame(2, RPC_TYPE_CALL, "", 0);
        g_autoptr(GError) error = NULL;

        ccw_store_be32(bytes->data, lengths[i]);
        rpc_inbox_init(&fixture->inbox, &ops, fixture);
        g_assert_false(feed(fixture, bytes->data, bytes->len, 0, &error));
        g_assert_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL);
    }
    g_assert_cmpstr(fixture->log->str, ==, "");
    g_assert_cmpuint(fixture->passed->len, ==, 0);
}

/* A large length costs nothing before the bytes arrive. */
static void announced_only(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) bytes = frame(3, RPC_TYPE_CALL, "some", 4);

    ccw_store_be32(bytes->data, RPC_FRAME_MAX);
    g_assert_true(feed(fixture, bytes->data, bytes->len, 0, NULL));
    g_assert_cmpuint(fixture->inbox.held->len, ==, 4);
    g_assert_cmpstr(fixture->log->str, ==, "h3 ");
}

static GByteArray *mixed_stream(void)
{
    GByteArray *stream = g_byte_array_new();

    append(stream, 2, "two");
    append(stream, 4, "");
    append(stream, 3, "three");
    append(stream, 1, "");
    append(stream, 6, "six");
    append(stream, 8, "eight");
    return stream;
}

#define MIXED_LOG "h2 h4 h3 f3:three h1 f1: h6 h8 "
#define MIXED_PASSED (4 * RPC_FRAME_HEAD + 3 + 3 + 5)

static void whole(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = mixed_stream();

    g_assert_true(feed(fixture, stream->data, stream->len, 0, NULL));
    g_assert_cmpstr(fixture->log->str, ==, MIXED_LOG);
    g_assert_cmpuint(fixture->passed->len, ==, MIXED_PASSED);
    g_assert_cmpuint(fixture->runs, ==, 2); /* consecutive frames that pass go together */
    g_assert_cmpmem(fixture->passed->data, RPC_FRAME_HEAD + 3, stream->data, RPC_FRAME_HEAD + 3);
}

/* Wherever the stream is divided, the result is the same. */
static void cut_anywhere(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = mixed_stream();
    g_autoptr(GByteArray) expected = NULL;

    feed(fixture, stream->data, stream->len, 0, NULL);
    expected = g_steal_pointer(&fixture->passed);
    for (guint cut = 1; cut < stream->len; cut++) {
        fixture->passed = g_byte_array_new();
        g_string_truncate(fixture->log, 0);
        g_assert_true(feed(fixture, stream->data, cut, 0, NULL));
        g_assert_true(feed(fixture, stream->data + cut, stream->len - cut, 0, NULL));
        g_assert_cmpstr(fixture->log->str, ==, MIXED_LOG);
        g_assert_cmpmem(fixture->passed->data, fixture->passed->len, expected->data, expected->len);
        g_byte_array_unref(fixture->passed);
    }
    fixture->passed = g_byte_array_new();
}

static void byte_by_byte(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = mixed_stream();

    for (guint i = 0; i < stream->len; i++)
        g_assert_true(feed(fixture, stream->data + i, 1, 0, NULL));
    g_assert_cmpstr(fixture->log->str, ==, MIXED_LOG);
    g_assert_cmpuint(fixture->passed->len, ==, MIXED_PASSED);
}

static void boundary(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = mixed_stream();

    g_assert_true(rpc_inbox_at_boundary(&fixture->inbox));
    feed(fixture, stream->data, 10, 0, NULL);
    g_assert_true(rpc_inbox_at_boundary(&fixture->inbox)); /* no byte of that header was passed on */
    feed(fixture, stream->data + 10, 19, 0, NULL);
    g_assert_false(rpc_inbox_at_boundary(&fixture->inbox));
    rpc_inbox_want_boundary(&fixture->inbox);
    feed(fixture, stream->data + 29, stream->len - 29, 0, NULL);
    g_assert_cmpstr(fixture->log->str, ==, "h2 b31 h4 h3 f3:three h1 f1: h6 h8 ");
}

static void stop(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();

    append(stream, 99, "x");
    append(stream, 2, "y");
    g_assert_true(feed(fixture, stream->data, stream->len, 0, NULL));
    g_assert_cmpstr(fixture->log->str, ==, "h99 stop ");
    g_assert_cmpuint(fixture->passed->len, ==, 0);
}

/* In libvirt's form: the frame, then one byte with each descriptor. */
static void with_fds(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = frame(4, RPC_TYPE_CALL_WITH_FDS, "\0\0\0\2rest", 8);
    guint length = stream->len;

    append(stream, 2, "z");
    g_assert_true(feed(fixture, stream->data, length, 0, NULL));
    g_assert_true(feed(fixture, (const guint8 *)"", 1, 1, NULL));
    g_assert_false(rpc_inbox_at_boundary(&fixture->inbox));
    g_assert_true(feed(fixture, (const guint8 *)"", 1, 1, NULL));
    g_assert_true(rpc_inbox_at_boundary(&fixture->inbox));
    g_assert_true(feed(fixture, stream->data + length, stream->len - length, 0, NULL));
    g_assert_cmpstr(fixture->log->str, ==, "h4 fd36 fd36 h2 ");
    g_assert_cmpmem(fixture->passed->data, fixture->passed->len, stream->data, stream->len);
}

/* The inbox hands the frame over with its descriptors, after the last of them has arrived. */
static void taken_with_fds(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = frame(3, RPC_TYPE_CALL_WITH_FDS, "\0\0\0\2rest", 8);
    g_autoptr(GByteArray) none = frame(5, RPC_TYPE_CALL_WITH_FDS, "\0\0\0\0", 4);
    g_autoptr(GByteArray) bare = frame(7, RPC_TYPE_CALL_WITH_FDS, "\0\0\0\1", 4);

    append(stream, 2, "z");
    g_assert_true(feed(fixture, stream->data, 36, 0, NULL));
    g_assert_true(feed(fixture, (const guint8 *)"", 1, 1, NULL));
    g_assert_cmpstr(fixture->log->str, ==, "h3 ");
    g_assert_true(rpc_inbox_at_boundary(&fixture->inbox)); /* no byte of it was passed on */
    g_assert_true(feed(fixture, (const guint8 *)"", 1, 1, NULL));
    g_assert_true(feed(fixture, stream->data + 36, stream->len - 36, 0, NULL));
    g_assert_true(feed(fixture, none->data, none->len, 0, NULL));
    g_assert_true(feed(fixture, bare->data, bare->len, 0, NULL));
    g_assert_true(feed(fixture, (const guint8 *)"", 1, 1, NULL));
    g_assert_cmpstr(fixture->log->str, ==, "h3 f3:rest with 2 h2 h5 f5: h7 f7: with 1 ");
    g_assert_cmpuint(fixture->passed->len, ==, 29);
    /*
     * A client leaves in the middle of a frame: tear_down() must close its descriptors, which ASan and the limit check.
     */
    g_assert_true(feed(fixture, stream->data, 36, 0, NULL));
    g_assert_true(feed(fixture, (const guint8 *)"", 1, 1, NULL));
}

/* The count and the descriptors of a frame of ours. */
static void frame_with_fds(void)
{
    const RpcHeader header = { .procedure = 309, .type = RPC_TYPE_CALL_WITH_FDS, .fds = 2 };
    g_autoptr(GByteArray) bytes = rpc_frame_new(&header, (const guint8 *)"abcd", 4);

    g_assert_cmpuint(ccw_load_be32(bytes->data), ==, RPC_FRAME_HEAD + 8);
    g_assert_cmpmem(bytes->data + RPC_FRAME_HEAD, bytes->len - RPC_FRAME_HEAD, "\0\0\0\2abcd", 8);
}

static void hostile_fds(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        const char *payload;
        gsize length;
        guint fds; /* descriptors that come with the bytes */
        const char *message;
    } rows[] = {
        { "\0\0\0\41", 4, 0, "a frame announces 33 file descriptors, 32 are allowed" },
        { "\377\377\377\377", 4, 0, "a frame announces 4294967295 file descriptors, 32 are allowed" },
        { "\0\0", 2, 0, "a frame of 30 bytes has no room for its count of file descriptors" },
        { "\0\0\0\1", 4, 0, "a byte came where a file descriptor was announced" },
        { "\0\0\0\0", 4, 1, "1 file descriptors came that no frame announced" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GByteArray) stream = frame(2, RPC_TYPE_CALL_WITH_FDS, rows[i].payload, rows[i].length);
        g_autoptr(GError) error = NULL;

        append(stream, 2, "more");
        rpc_inbox_init(&fixture->inbox, &ops, fixture);
        g_assert_false(feed(fixture, stream->data, stream->len, rows[i].fds, &error));
        g_assert_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL);
        g_assert_cmpstr(error->message, ==, rows[i].message);
    }
}

/* A dropped frame is not handed over, and the frames before and after it are. */
static void dropped(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = g_byte_array_new();
    g_autoptr(GByteArray) with_fd = frame(98, RPC_TYPE_CALL_WITH_FDS, "\0\0\0\1gone", 8);

    append(stream, 2, "two");
    append(stream, 98, "gone");
    append(stream, 98, "");
    append(stream, 3, "three");
    g_byte_array_append(stream, with_fd->data, with_fd->len);
    g_byte_array_append(stream, (const guint8 *)"", 1);
    g_assert_true(feed(fixture, stream->data, stream->len, 1, NULL));
    g_assert_true(rpc_inbox_at_boundary(&fixture->inbox));
    stream->len = 0;
    append(stream, 4, "four");
    g_assert_true(feed(fixture, stream->data, stream->len, 0, NULL));
    g_assert_cmpstr(fixture->log->str, ==, "h2 h98 h98 h3 f3:three h98 h4 ");
    g_assert_cmpuint(fixture->passed->len, ==, 2 * RPC_FRAME_HEAD + 3 + 4);
}

/* An inbox that is told to stop leaves whole frames, and reads them later. */
static void not_ready(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) stream = mixed_stream();
    gsize at = 0;

    for (guint i = 0; at < stream->len; i++) {
        gsize length = stream->len - at;

        g_assert_cmpuint(i, <, 6);
        fixture->frames_left = 2; /* the first frame, and then no more */
        g_assert_true(feed(fixture, stream->data + at, length, 0, NULL));
        g_assert_cmpuint(fixture->inbox.unread, <, length);
        at = stream->len - fixture->inbox.unread;
    }
    g_assert_cmpstr(fixture->log->str, ==, MIXED_LOG);
    g_assert_cmpuint(fixture->passed->len, ==, MIXED_PASSED);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rpc/wire/header", header);
    g_test_add_func("/rpc/wire/frame-with-fds", frame_with_fds);
#define ADD(name, func) g_test_add("/rpc/inbox/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("whole", whole);
    ADD("cut-anywhere", cut_anywhere);
    ADD("byte-by-byte", byte_by_byte);
    ADD("boundary", boundary);
    ADD("stop", stop);
    ADD("with-fds", with_fds);
    ADD("taken-with-fds", taken_with_fds);
    ADD("hostile-fds", hostile_fds);
    ADD("hostile-lengths", hostile_lengths);
    ADD("announced-only", announced_only);
    ADD("dropped", dropped);
    ADD("not-ready", not_ready);
    return g_test_run();
}
