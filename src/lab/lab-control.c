/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-control.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/lab-volser.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/sockaddr.h"

#define MAX_PACKET 512
#define REQUEST_SECONDS 10 /* a client has this time to send its request */
#define REQUESTS_MAX 64    /* each request has a thread and a descriptor, and may wait for a device */
#define ACCEPT_PAUSE_US (100 * G_TIME_SPAN_MILLISECOND)
#define OK "ok "
#define ERROR "error "
#define VOLSER "volser"  /* no state has this name */
#define VOLSER_SECONDS 1 /* a client waits so long for a serial */

struct _LabControl {
    LabModel *model;
    int listener;
    void (*done)(gpointer);
    gpointer opaque;
    GThreadPool *servers; /* one thread for each request, because a request may wait until a device is free */
    GMutex lock;          /* protects requests */
    GCond ended;          /* a request has ended */
    guint requests;       /* number of open connections */
};

static int open_socket(const char *path, struct sockaddr_un *ret_address, GError **error)
{
    int fd = ccw_sockaddr_set(ret_address, path) ? socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0) : -1;

    if (fd < 0)
        ccw_error_set_errno(error, errno, "cannot make a socket for %s", path);
    return fd;
}

static gboolean parse_state(const char *word, LabState *ret_state)
{
    for (LabState state = 0; state < LAB_STATE_LAST; state++) {
        if (strcmp(word, lab_state_name(state)) == 0) {
            *ret_state = state;
            return TRUE;
        }
    }
    return FALSE;
}

static char *error_answer(int problem, const char *device, const char *word)
{
    if (problem == EEXIST)
        return g_strdup_printf(ERROR "device %s is %s already", device, word);
    if (problem == ENODEV)
        return g_strdup_printf(ERROR "this lab has no device %s: its devices are those of 'virt-ccw lab exec --dasd'",
                               device);
    return g_strdup_printf(
        ERROR "device %s has no state '%s': the states are good, boxed, no-path, alias and unplugged", device, word);
}

static char *serve_volser(LabControl *control, const char *device)
{
    char volser[DASD_VOLSER_MAX + 1];
    int problem = lab_volser_read(control->model, device, volser);

    return problem ? error_answer(problem, device, VOLSER) : g_strconcat(OK, volser, NULL);
}

static char *serve(LabControl *control, const char *packet)
{
    g_auto(GStrv) words = g_strsplit(packet, " ", 2);
    const char *device = words[0] ? words[0] : "";
    LabState state = LAB_STATE_GOOD;
    int problem = 0;

    if (words[0] && g_strcmp0(words[1], VOLSER) == 0)
        return serve_volser(control, device);
    if (words[0] && words[1]) {
        if (!parse_state(words[1], &state))
            return error_answer(EINVAL, device, words[1]);
        problem = lab_hardware_set(control->model, device, state);
        control->done(control->opaque);
    } else {
        problem = lab_hardware_get(control->model, device, &state);
    }
    return problem ? error_answer(problem, device, lab_state_name(state))
                   : g_strconcat(OK, lab_state_name(state), NULL);
}

/* Returns: the length of the packet; 0 or less if the client sends no packet in time. */
static ssize_t receive_request(int fd, char packet[MAX_PACKET])
{
    gint64 deadline = g_get_monotonic_time() + REQUEST_SECONDS * G_TIME_SPAN_SECOND;
    ssize_t length = 0;
    gint64 left;

    while (length == 0 && (left = deadline - g_get_monotonic_time()) > 0) {
        struct pollfd ready = { .fd = fd, .events = POLLIN };

        if (poll(&ready, 1, (int)(left / 1000) + 1) > 0)
            length = ccw_fd_receive_bytes(fd, packet, MAX_PACKET - 1);
    }
    return length;
}

static void request_ended(LabControl *control)
{
    g_mutex_lock(&control->lock);
    control->requests--;
    g_cond_signal(&control->ended);
    g_mutex_unlock(&control->lock);
}

static void serve_connection(gpointer data, gpointer opaque)
{
    int fd = GPOINTER_TO_INT(data);
    char packet[MAX_PACKET] = "";

    if (receive_request(fd, packet) > 0) {
        g_autofree char *answer = serve(opaque, packet);

        if (send(fd, answer, strlen(answer), MSG_NOSIGNAL) < 0)
            g_debug("no client waits for the answer '%s'", answer);
    }
    ccw_fd_close_soon(fd);
    request_ended(opaque);
}

static void wait_for_slot(LabControl *control)
{
    g_mutex_lock(&control->lock);
    while (control->requests >= REQUESTS_MAX)
        g_cond_wait(&control->ended, &control->lock);
    control->requests++;
    g_mutex_unlock(&control->lock);
}

static gpointer accept_connections(gpointer opaque)
{
    LabControl *control = opaque;

    for (;;) {
        int errnum, fd;

        wait_for_slot(control);
        fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC);
        errnum = errno;
        if (fd >= 0) {
            g_thread_pool_push(control->servers, GINT_TO_POINTER(fd), NULL);
            continue;
        }
        request_ended(control);
        if (errnum == EMFILE || errnum == ENFILE || errnum == ENOMEM || errnum == ENOBUFS)
            g_usleep(ACCEPT_PAUSE_US); /* the client waits in the queue of the socket */
    }
    return NULL;
}

LabControl *lab_control_start(LabModel *model, const char *path, void (*done)(gpointer), gpointer opaque,
                              GError **error)
{
    struct sockaddr_un address;
    LabControl *control;
    mode_t old = umask(0177);
    int fd = open_socket(path, &address, error);
    gboolean listening =
        fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, SOMAXCONN) == 0;

    umask(old);
    ccw_fd_reject_fds(fd, TRUE);
    if (!listening) {
        if (fd >= 0) {
            ccw_error_set_errno(error, errno, "cannot listen at %s", path);
            close(fd);
        }
        return NULL;
    }
    control = g_new0(LabControl, 1);
    *control = (LabControl){ .model = model, .listener = fd, .done = done, .opaque = opaque };
    g_mutex_init(&control->lock);
    g_cond_init(&control->ended);
    control->servers = g_thread_pool_new(serve_connection, control, -1, FALSE, NULL);
    g_thread_unref(g_thread_new("lab-control", accept_connections, control));
    return control;
}

static gboolean send_request(int fd, const struct sockaddr_un *address, const char *request, GError **error)
{
    if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 &&
        send(fd, request, strlen(request), MSG_NOSIGNAL) >= 0)
        return TRUE;
    if (errno == ENOENT)
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                    "this is not a lab: run the command inside one, with 'virt-ccw lab exec'");
    else
        ccw_error_set_errno(error, errno, "cannot reach the lab at %s", address->sun_path);
    return FALSE;
}

/* seconds: how long to wait for the answer; 0: until the lab ends */
static char *ask(const char *path, const char *request, int seconds, GError **error)
{
    const struct timeval timeout = { .tv_sec = seconds };
    char answer[MAX_PACKET] = "";
    struct sockaddr_un address;
    int fd = open_socket(path, &address, error);
    ssize_t length = -1;

    if (fd < 0)
        return NULL;
    if (seconds) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)); /* for connect(2), too */
    }
    if (send_request(fd, &address, request, error)) {
        length = recv(fd, answer, sizeof(answer) - 1, 0);
        if (length <= 0)
            ccw_error_set_errno(error, length ? errno : ECONNRESET, "the lab did not answer");
    }
    close(fd);
    if (g_str_has_prefix(answer, OK))
        return g_strdup(answer + strlen(OK));
    if (length > 0)
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s",
                    g_str_has_prefix(answer, ERROR) ? answer + strlen(ERROR) : answer);
    return NULL;
}

char *lab_control_ask(const char *path, const char *device, const char *state, GError **error)
{
    g_autofree char *request = state ? g_strdup_printf("%s %s", device, state) : g_strdup(device);

    return ask(path, request, 0, error);
}

char *lab_control_ask_volser(const char *path, const char *device, GError **error)
{
    g_autofree char *request = g_strconcat(device, " " VOLSER, NULL);

    return ask(path, request, VOLSER_SECONDS, error);
}
