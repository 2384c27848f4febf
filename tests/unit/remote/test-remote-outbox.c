/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a socket does not take at once is queued, in order, descriptors among the bytes. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../sockets.h"
#include "remote/ccw-outbox.h"

#define BIG (4u * 1024 * 1024)

typedef struct {
    CcwOutbox outbox;
    int fds[2]; /* the outbox writes to the second */
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fixture->fds), ==, 0);
    ccw_outbox_init(&fixture->outbox, fixture->fds[1]);
}

static void tear_down(Fixture *fixture, gconstpointer data G_GNUC_UNUSED)
{
    ccw_outbox_clear(&fixture->outbox);
    if (fixture->fds[0] >= 0)
        close(fixture->fds[0]);
    close(fixture->fds[1]);
}

/* Reads all there is; counts the descriptors that come along. */
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

    ccw_outbox_write(&fixture->outbox, (const guint8 *)"hello", 5);
    g_assert_true(ccw_outbox_is_empty(&fixture->outbox));
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
    ccw_outbox_write(&fixture->outbox, big, BIG);
    g_assert_false(ccw_outbox_is_empty(&fixture->outbox));
    g_assert_cmpuint(fixture->outbox.bytes, >, 0);
    ccw_outbox_write_fd(&fixture->outbox, open("/dev/null", O_RDONLY | O_CLOEXEC));
    ccw_outbox_write(&fixture->outbox, (const guint8 *)"tail", 4);
    while (!ccw_outbox_is_empty(&fixture->outbox)) {
        drain(fixture, got, &fds);
        ccw_outbox_flush(&fixture->outbox);
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

    ccw_outbox_write(&fixture->outbox, big, BIG);
    ccw_outbox_write_fd(&fixture->outbox, open("/dev/null", O_RDONLY | O_CLOEXEC));
    close(fixture->fds[0]);
    fixture->fds[0] = -1;
    ccw_outbox_flush(&fixture->outbox);
    g_assert_true(fixture->outbox.failed);
    g_assert_true(ccw_outbox_is_empty(&fixture->outbox));
    ccw_outbox_write(&fixture->outbox, big, BIG); /* into nothing */
    ccw_outbox_write_fd(&fixture->outbox, open("/dev/null", O_RDONLY | O_CLOEXEC));
    g_assert_true(ccw_outbox_is_empty(&fixture->outbox));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/remote/outbox/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("at-once", at_once);
    ADD("queued", queued);
    ADD("broken", broken);
    return g_test_run();
}
