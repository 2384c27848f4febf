/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The relay for libvirt's clients outside of a lab: the data that it passes, how it ends, and which clients it admits.
 */
#include "lab/lab-relay.h"
#include "util/sockaddr.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE (1024 * 1024)
#define SECONDS 20

/* The relay between two connections. The test has the other end of each. */
typedef struct {
    int client, libvirt;
    int relayed[2];
    GThread *thread;
} Fixture;

static gpointer run(gpointer data)
{
    Fixture *f = data;

    lab_relay_pump(f->relayed[0], f->relayed[1]);
    close(f->relayed[0]);
    close(f->relayed[1]);
    return NULL;
}

static void set_up(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    int client[2], libvirt[2];

    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, client), ==, 0);
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, libvirt), ==, 0);
    f->client = client[0];
    f->libvirt = libvirt[0];
    f->relayed[0] = client[1];
    f->relayed[1] = libvirt[1];
    f->thread = g_thread_new("relay", run, f);
    alarm(SECONDS); /* ends this test if the relay hangs */
}

/* Waits for the end of the relay, which closes its connections. */
static void tear_down(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    g_thread_join(f->thread);
    alarm(0);
    close(f->client);
    close(f->libvirt);
}

static void expect_text(int fd, const char *text)
{
    char got[64] = { 0 };

    g_assert_cmpint(recv(fd, got, strlen(text), MSG_WAITALL), ==, (gssize)strlen(text));
    g_assert_cmpstr(got, ==, text);
}

static void expect_end(int fd)
{
    char byte;

    g_assert_cmpint(recv(fd, &byte, 1, 0), ==, 0);
}

static void send_text(int fd, const char *text)
{
    g_assert_cmpint(send(fd, text, strlen(text), MSG_NOSIGNAL), ==, (gssize)strlen(text));
}

static void both_ways(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    send_text(f->client, "question");
    expect_text(f->libvirt, "question");
    send_text(f->libvirt, "answer");
    expect_text(f->client, "answer");
    shutdown(f->client, SHUT_WR);
    expect_end(f->libvirt);
    send_text(f->libvirt, "last words"); /* the other direction still works */
    expect_text(f->client, "last words");
    shutdown(f->libvirt, SHUT_WR);
    expect_end(f->client);
}

static gpointer send_much(gpointer data)
{
    const Fixture *f = data;
    g_autofree guint8 *bytes = g_malloc(SIZE);

    for (gsize i = 0; i < SIZE; i++)
        bytes[i] = (guint8)(i * 7 / 3);
    for (gsize sent = 0; sent < SIZE;) {
        ssize_t n = send(f->client, bytes + sent, SIZE - sent, MSG_NOSIGNAL);

        g_assert_cmpint(n, >, 0);
        sent += (gsize)n;
    }
    shutdown(f->client, SHUT_WR);
    return NULL;
}

/* More data than all buffers hold, to a receiver that reads late. */
static void much(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    GThread *sender = g_thread_new("sender", send_much, f);
    g_autofree guint8 *bytes = g_malloc(SIZE);

    send_text(f->libvirt, "meanwhile");
    expect_text(f->client, "meanwhile");
    g_assert_cmpint(recv(f->libvirt, bytes, SIZE, MSG_WAITALL), ==, SIZE);
    for (gsize i = 0; i < SIZE; i++)
        if (bytes[i] != (guint8)(i * 7 / 3))
            g_error("byte %zu is wrong", i);
    expect_end(f->libvirt);
    g_thread_join(sender);
    shutdown(f->libvirt, SHUT_WR);
    expect_end(f->client);
}

/* libvirt sends a reason and closes the connection, while the client still sends. */
static void rejected(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    char byte;

    send_text(f->libvirt, "no");
    close(f->libvirt);
    f->libvirt = -1;
    while (send(f->client, "more", 4, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
        ;
    expect_text(f->client, "no");
    g_assert_cmpint(recv(f->client, &byte, 1, 0), <=, 0); /* ECONNRESET: the relay has not read all */
}

static void test_admits(void)
{
    g_assert_true(lab_relay_admits(0, geteuid()));
    g_assert_false(lab_relay_admits(0, geteuid() + 1));
    g_assert_false(lab_relay_admits(getpid(), geteuid())); /* a process of the lab */
    g_assert_false(lab_relay_admits(1, 0));
}

/* The relay rejects a process of the lab, such as QEMU, although it has the right user. */
static void test_inside(void)
{
    g_autofree char *folder = g_dir_make_tmp("ccw-relay-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "sock", NULL);
    struct sockaddr_un address;
    int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
    pid_t relay;

    g_assert_true(ccw_sockaddr_set(&address, path));
    g_assert_cmpint(bind(listening, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(listening, 1), ==, 0);
    relay = fork();
    g_assert_cmpint(relay, >=, 0);
    if (relay == 0)
        lab_relay_run(listening, path); /* the relay would connect to itself */
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    alarm(SECONDS);
    expect_end(fd);
    alarm(0);
    close(fd);
    kill(relay, SIGKILL);
    waitpid(relay, NULL, 0);
    close(listening);
    g_unlink(path);
    g_rmdir(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/lab/relay/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("both-ways", both_ways);
    ADD("much", much);
    ADD("rejected", rejected);
    g_test_add_func("/lab/relay/admits", test_admits);
    g_test_add_func("/lab/relay/inside", test_inside);
    return g_test_run();
}
