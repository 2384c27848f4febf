/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The outbox queues what a socket does not accept at once, in order, with descriptors among the bytes. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../sockets.h"
#include "rpc/outbox.h"

#define BIG (4u * 1024 * 1024)

typedef struct {
    RpcOutbox outbox;
    int fds[2]; /* the outbox writes to the second one */
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fixture->fds), ==, 0);
    rpc_outbox_init(&fixture->outbox, fixture->fds[1]);
}

static void tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    rpc_outbox_clear(&fixture->outbox);
    if (fixture->fds[0] >= 0)
        close(fixture->fds[0]);
    close(fixture->fds[1]);
}

/* Reads all bytes; counts the descriptors that come with them. */
static void drain(Fixture *fixture, GByteArray *into, guint *ret_fds)
{
    guint8 buffer[65536];
    ssize_t n;
    int fd;

    while ((n = socket_receive_fd(fixture->fds[0], buffer, sizeof(buffer), &fd)) > 0) {
        g_byte_array_append(into, buffer, (guint)n);
        if (fd >= 0) {
            close(fd);
            (*ret_fds)++;
        }
    }
}

static void at_once(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GByteArray) got = g_byte_array_new();
    guint fds = 0;

    rpc_outbox_write(&fixture->outbox, (const guint8 *)"hello", 5);
    g_assert_true(rpc_outbox_is_empty(&fixture->outbox));
    drain(fixture, got, &fds);
    g_assert_cmpmem(got->data, got->len, "hello", 5);
}

static void queued(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree guint8 *big = g_malloc(BIG);
    g_autoptr(GByteArray) got = g_byte_array_new();
    guint fds = 0;

    for (guint i = 0; i < BIG; i++)
        big[i] = (guint8)(i * 7 + i / 251);
    rpc_outbox_write(&fixture->outbox, big, BIG);
    g_assert_false(rpc_outbox_is_empty(&fixture->outbox));
    g_assert_cmpuint(fixture->outbox.bytes, >, 0);
    rpc_outbox_write_fd(&fixture->outbox, open("/dev/null", O_RDONLY | O_CLOEXEC));
    rpc_outbox_write(&fixture->outbox, (const guint8 *)"tail", 4);
    while (!rpc_outbox_is_empty(&fixture->outbox)) {
        drain(fixture, got, &fds);
        rpc_outbox_flush(&fixture->outbox);
    }
    drain(fixture, got, &fds);
    g_assert_cmpuint(fixture->outbox.bytes, ==, 0);
    g_assert_cmpuint(fds, ==, 1);
    g_assert_cmpuint(got->len, ==, BIG + 1 + 4);
    g_assert_cmpint(memcmp(got->data, big, BIG), ==, 0);
    g_assert_cmpmem(got->data + BIG + 1, 4, "tail", 4);
}

static void broken(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree guint8 *big = g_malloc0(BIG);

    rpc_outbox_write(&fixture->outbox, big, BIG);
    rpc_outbox_write_fd(&fixture->outbox, open("/dev/null", O_RDONLY | O_CLOEXEC));
    close(fixture->fds[0]);
    fixture->fds[0] = -1;
    rpc_outbox_flush(&fixture->outbox);
    g_assert_true(fixture->outbox.failed);
    g_assert_true(rpc_outbox_is_empty(&fixture->outbox));
    rpc_outbox_write(&fixture->outbox, big, BIG); /* after the other end was closed */
    rpc_outbox_write_fd(&fixture->outbox, open("/dev/null", O_RDONLY | O_CLOEXEC));
    g_assert_true(rpc_outbox_is_empty(&fixture->outbox));
}

static GByteArray *frame_of(const char *text)
{
    return g_byte_array_append(g_byte_array_new(), (const guint8 *)text, (guint)strlen(text));
}

static void assert_sent(Fixture *fixture, const char *text)
{
    g_autoptr(GByteArray) got = g_byte_array_new();
    guint fds = 0;

    drain(fixture, got, &fds);
    g_assert_cmpmem(got->data, got->len, text, strlen(text));
}

/* One thread at a time may send a frame directly, until the owner writes. */
static void shared(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    RpcOutbox *outbox = &fixture->outbox;

    g_assert_false(rpc_outbox_acquire(outbox));
    rpc_outbox_share(outbox);
    for (guint i = 0; i < 2; i++) {
        g_assert_true(rpc_outbox_acquire(outbox));
        g_assert_true(rpc_outbox_is_acquired(outbox));
        g_assert_false(rpc_outbox_acquire(outbox));
        g_assert_true(rpc_outbox_send_acquired(outbox, frame_of("frame")));
        g_assert_false(rpc_outbox_is_acquired(outbox));
        assert_sent(fixture, "frame");
    }
    rpc_outbox_write(outbox, (const guint8 *)"own", 3);
    assert_sent(fixture, "own");
    g_assert_false(rpc_outbox_acquire(outbox));
    g_assert_cmpuint(outbox->sent, ==, strlen("frameframeown"));
    rpc_outbox_share(outbox);
    rpc_outbox_unshare(outbox);
    g_assert_false(rpc_outbox_acquire(outbox));
}

/* Bytes that the owner writes while a thread sends a frame come after that frame. */
static void unshared(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    RpcOutbox *outbox = &fixture->outbox;

    rpc_outbox_share(outbox);
    g_assert_true(rpc_outbox_acquire(outbox));
    rpc_outbox_write(outbox, (const guint8 *)"own", 3);
    rpc_outbox_flush(outbox);
    g_assert_cmpuint(outbox->bytes, ==, 3);
    g_assert_false(rpc_outbox_send_acquired(outbox, frame_of("frame")));
    rpc_outbox_share(outbox); /* the queue is not empty */
    g_assert_false(rpc_outbox_acquire(outbox));
    rpc_outbox_flush(outbox);
    assert_sent(fixture, "frameown");
    g_assert_cmpuint(outbox->bytes, ==, 0);
    rpc_outbox_cork(outbox);
    rpc_outbox_share(outbox);
    g_assert_false(rpc_outbox_acquire(outbox));
    rpc_outbox_uncork(outbox);
}

/*
 * If the socket does not accept a whole frame, the owner sends the rest, before the bytes that it has written
 * meanwhile.
 */
static void rest_of_frame(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    RpcOutbox *outbox = &fixture->outbox;
    GByteArray *frame = g_byte_array_new();
    g_autoptr(GByteArray) got = g_byte_array_new();
    guint fds = 0;

    g_byte_array_set_size(frame, BIG);
    memset(frame->data, 'f', BIG);
    rpc_outbox_share(outbox);
    g_assert_true(rpc_outbox_acquire(outbox));
    rpc_outbox_write(outbox, (const guint8 *)"own", 3);
    g_assert_false(rpc_outbox_send_acquired(outbox, frame));
    rpc_outbox_collect(outbox);
    g_assert_cmpuint(outbox->sent, >, 0);
    g_assert_cmpuint(outbox->bytes + outbox->sent, ==, BIG + 3);
    while (!rpc_outbox_is_empty(outbox)) {
        drain(fixture, got, &fds);
        rpc_outbox_flush(outbox);
    }
    drain(fixture, got, &fds);
    g_assert_cmpuint(got->len, ==, BIG + 3);
    g_assert_cmpint(got->data[BIG - 1], ==, 'f');
    g_assert_cmpmem(got->data + BIG, 3, "own", 3);
}

static void cleared_while_acquired(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    RpcOutbox *outbox = &fixture->outbox;
    GByteArray *frame = g_byte_array_new();

    g_byte_array_set_size(frame, BIG);
    rpc_outbox_share(outbox);
    g_assert_true(rpc_outbox_acquire(outbox));
    rpc_outbox_clear(outbox);
    g_assert_true(rpc_outbox_is_acquired(outbox));
    g_assert_false(rpc_outbox_send_acquired(outbox, frame));
    g_assert_false(rpc_outbox_is_acquired(outbox));
    rpc_outbox_collect(outbox);
    g_assert_true(rpc_outbox_is_empty(outbox));
    rpc_outbox_share(outbox);
    g_assert_false(rpc_outbox_acquire(outbox));
}

static void broken_while_acquired(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    RpcOutbox *outbox = &fixture->outbox;

    rpc_outbox_share(outbox);
    close(fixture->fds[0]);
    fixture->fds[0] = -1;
    g_assert_true(rpc_outbox_acquire(outbox));
    g_assert_false(rpc_outbox_send_acquired(outbox, frame_of("frame")));
    g_assert_false(outbox->failed);
    rpc_outbox_collect(outbox);
    g_assert_true(outbox->failed);
    g_assert_true(rpc_outbox_is_empty(outbox));
}

#define FRAMES 2000u /* of each thread */
#define FRAME 64u

/* Sends frames of one letter as often as allowed. */
static gpointer send_frames(gpointer data)
{
    Fixture *fixture = data;

    for (guint i = 0; i < FRAMES;) {
        GByteArray *frame;

        if (!rpc_outbox_acquire(&fixture->outbox))
            continue;
        frame = g_byte_array_new();
        g_byte_array_set_size(frame, FRAME);
        memset(frame->data, 'w', FRAME);
        rpc_outbox_send_acquired(&fixture->outbox, frame);
        i++;
    }
    return NULL;
}

/* Frames of several threads, and of the owner, which writes each in two parts: each frame arrives in one piece. */
static void threads(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    GThread *others[2];
    g_autoptr(GByteArray) got = g_byte_array_new();
    guint8 half[FRAME / 2];
    guint fds = 0;

    memset(half, 'o', sizeof(half));
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        others[i] = g_thread_new("worker", send_frames, fixture);
    for (guint own = 0; got->len < 3 * FRAMES * FRAME; own++) {
        if (own < FRAMES) {
            rpc_outbox_write(&fixture->outbox, half, sizeof(half));
            rpc_outbox_write(&fixture->outbox, half, sizeof(half));
        }
        rpc_outbox_collect(&fixture->outbox);
        rpc_outbox_flush(&fixture->outbox);
        rpc_outbox_share(&fixture->outbox);
        drain(fixture, got, &fds);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        g_thread_join(others[i]);
    rpc_outbox_unshare(&fixture->outbox);
    g_assert_cmpuint(fixture->outbox.sent, ==, 3 * FRAMES * FRAME);
    for (guint i = 0; i < got->len; i++)
        g_assert_cmpint(got->data[i], ==, got->data[i - i % FRAME]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/rpc/outbox/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("at-once", at_once);
    ADD("queued", queued);
    ADD("broken", broken);
    ADD("shared", shared);
    ADD("unshared", unshared);
    ADD("rest-of-frame", rest_of_frame);
    ADD("cleared-while-acquired", cleared_while_acquired);
    ADD("broken-while-acquired", broken_while_acquired);
    ADD("threads", threads);
    return g_test_run();
}
