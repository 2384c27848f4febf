/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-relay.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/log.h"
#include "util/sockaddr.h"

#define CLIENTS_MAX 64 /* others wait in the queue of the socket */
#define BUFFER_SIZE 65536
#define PAUSE_US 100000 /* when this process has no descriptors or memory left */

typedef struct {
    int from, to;
    gsize start, end; /* of the bytes in data that wait to be sent */
    gboolean has_ended;
    guint8 data[BUFFER_SIZE];
} Flow;

typedef struct {
    int client;
    const char *target;
} Job;

/* Counts the clients that are served now. */
static struct {
    GMutex lock;
    GCond changed;
    guint count;
} clients;

static gboolean is_empty(const Flow *flow)
{
    return flow->start == flow->end;
}

static void fill(Flow *flow)
{
    ssize_t got = ccw_fd_receive_bytes(flow->from, flow->data, sizeof(flow->data));

    flow->start = 0;
    flow->end = got > 0 ? (gsize)got : 0;
    flow->has_ended = got < 0;
    if (flow->has_ended)
        shutdown(flow->to, SHUT_WR);
}

/* A receiver that has gone ends the flow. The other direction may still have its last words. */
static void drain(Flow *flow)
{
    ssize_t sent = send(flow->to, flow->data + flow->start, flow->end - flow->start, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent > 0) {
        flow->start += (gsize)sent;
    } else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        flow->start = flow->end;
        flow->has_ended = TRUE;
    }
}

/* Moves what can be moved now. */
static void move(Flow *flow, const struct pollfd *from, const struct pollfd *to)
{
    if (!is_empty(flow)) {
        if (to->revents & (POLLOUT | POLLERR | POLLHUP))
            drain(flow);
    } else if (!flow->has_ended && (from->revents & (POLLIN | POLLERR | POLLHUP))) {
        fill(flow);
    }
}

/* Asks for the events that a flow waits for. */
static void want(const Flow *flow, struct pollfd *from, struct pollfd *to)
{
    if (!is_empty(flow))
        to->events |= POLLOUT;
    else if (!flow->has_ended)
        from->events |= POLLIN;
}

void lab_relay_pump(int client, int libvirt)
{
    g_autofree Flow *flows = g_new0(Flow, 2);

    flows[0].from = flows[1].to = client;
    flows[0].to = flows[1].from = libvirt;
    while (!flows[0].has_ended || !flows[1].has_ended) {
        struct pollfd polls[] = { { .fd = client }, { .fd = libvirt } };

        want(&flows[0], &polls[0], &polls[1]);
        want(&flows[1], &polls[1], &polls[0]);
        /* poll(2) reports the end of a connection unasked, and for ever. */
        for (gsize i = 0; i < G_N_ELEMENTS(polls); i++)
            if (!polls[i].events)
                polls[i].fd = -1;
        if (poll(polls, G_N_ELEMENTS(polls), -1) < 0 && errno != EINTR)
            return;
        move(&flows[0], &polls[0], &polls[1]);
        move(&flows[1], &polls[1], &polls[0]);
    }
}

static gpointer serve(gpointer data)
{
    static CcwLogLimit limit;
    g_autofree Job *job = data;
    int libvirt = ccw_sockaddr_connect(job->target, SOCK_STREAM);

    if (libvirt >= 0) {
        lab_relay_pump(job->client, libvirt);
        close(libvirt);
    } else {
        ccw_log_limited(&limit, G_LOG_LEVEL_WARNING, "a client outside cannot reach the lab's libvirt: %s",
                        g_strerror(errno));
    }
    close(job->client);
    g_mutex_lock(&clients.lock);
    clients.count--;
    g_cond_signal(&clients.changed);
    g_mutex_unlock(&clients.lock);
    return NULL;
}

gboolean lab_relay_admits(pid_t pid, uid_t uid)
{
    return pid == 0 && uid == geteuid();
}

static gboolean is_admitted(int fd)
{
    struct ucred peer;
    socklen_t length = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && lab_relay_admits(peer.pid, peer.uid);
}

static void start_serving(int fd, const char *target)
{
    Job *job = g_new(Job, 1);
    GThread *thread;

    *job = (Job){ fd, target };
    g_mutex_lock(&clients.lock);
    while (clients.count >= CLIENTS_MAX)
        g_cond_wait(&clients.changed, &clients.lock);
    clients.count++;
    g_mutex_unlock(&clients.lock);
    thread = g_thread_try_new("relay", serve, job, NULL);
    if (thread) {
        g_thread_unref(thread);
        return;
    }
    g_mutex_lock(&clients.lock);
    clients.count--;
    g_mutex_unlock(&clients.lock);
    close(fd);
    g_free(job);
}

void lab_relay_run(int fd, const char *target)
{
    ccw_fd_reject_fds(fd, TRUE);
    for (;;) {
        int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

        if (client < 0) {
            if (errno != EINTR && errno != ECONNABORTED)
                g_usleep(PAUSE_US);
        } else if (is_admitted(client)) {
            start_serving(client, target);
        } else {
            close(client);
        }
    }
}

pid_t lab_relay_start(int fd)
{
    pid_t pid = fork();

    if (pid != 0)
        return pid;
    prctl(PR_SET_NAME, "virt-ccw-relay");
    setsid();
    lab_relay_run(fd, LAB_RELAY_TARGET);
}
