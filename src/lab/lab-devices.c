/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-devices.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/lab-image.h"
#include "util/closer.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/lab-protocol.h"
#include "util/sockaddr.h"

/* Bounds of the connections that have not sent a token yet. After its token a connection belongs to one open group. */
#define MAX_WAITING 64
#define MAX_WAITING_OF_PROCESS 4
#define WAITING_SECONDS 10
#define PASSED_MAX 2        /* descriptors of a packet: the image and its snapshot */
#define ACCEPT_PAUSE_MS 100 /* a connection waits in the queue while there is no descriptor or memory for it */

typedef struct {
    int fd;
    guint64 serial; /* the open of a group; 0: the client has not sent its token yet */
    pid_t pid;      /* the client's process; 0: it is in another pid namespace */
    gint64 since;   /* when the client connected, monotonic, in us */
} Connection;

struct _LabDevices {
    LabModel *model;
    int listener;
    int stop; /* an eventfd that ends the thread */
    GThread *thread;
    CcwCloser *closer;
    GArray *received;    /* gint: descriptors that arrived with a packet; only the thread uses it */
    GMutex lock;         /* protects connections; comes after the model's lock, so its holder must not call the model */
    GArray *connections; /* Connection, oldest first; only the thread changes it */
};

/* Lets root and the group of the guests' QEMU connect. */
static gboolean set_access(const char *path, gid_t gid)
{
    return chmod(path, 0600) == 0 && (gid == getegid() || chown(path, (uid_t)-1, gid) == 0) && chmod(path, 0660) == 0;
}

static int listen_at(const char *path, gid_t gid, GError **error)
{
    struct sockaddr_un address;
    int fd = ccw_sockaddr_set(&address, path) ? socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;

    if (fd >= 0)
        ccw_fd_reject_fds(fd, TRUE);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && set_access(path, gid) &&
        listen(fd, SOMAXCONN) == 0)
        return fd;
    ccw_error_set_errno(error, errno, "cannot listen at %s", path);
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Sends a packet with up to PASSED_MAX descriptors. */
static gboolean send_packet(int fd, const void *packet, gsize length, const int *passed_fds, gsize n_passed)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(PASSED_MAX * sizeof(int))];
    } control = { .header = { .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
    struct iovec data = { (void *)packet, length };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };

    if (n_passed) {
        control.header.cmsg_len = CMSG_LEN(n_passed * sizeof(int));
        memcpy(CMSG_DATA(&control.header), passed_fds, n_passed * sizeof(int));
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(n_passed * sizeof(int));
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length;
}

static gboolean send_request(int fd)
{
    CcwLabRequest packet = { .magic = CCW_LAB_MAGIC };

    return send_packet(fd, &packet, sizeof(packet), NULL, 0);
}

/* Only the thread calls this. It changes the connections itself, so it needs no lock to read them. */
static gboolean is_connected(LabDevices *devices, guint64 serial)
{
    for (guint i = 0; i < devices->connections->len; i++)
        if (g_array_index(devices->connections, Connection, i).serial == serial)
            return TRUE;
    return FALSE;
}

/* Finds the group, and opens its image. Returns: 0, or an errno for the client. */
static int open_group(LabDevices *devices, const CcwLabToken *token, LabGroup *ret_group, int *ret_image_fd)
{
    int errnum = lab_group_find(devices->model, token, ret_group);
    g_autoptr(GError) error = NULL;

    if (errnum)
        return errnum;
    if (is_connected(devices, ret_group->serial))
        return EBUSY;
    *ret_image_fd = lab_image_open(ret_group, &error);
    if (*ret_image_fd >= 0)
        return 0;
    g_warning("%s", error->message);
    return g_error_matches(error, CCW_ERROR, CCW_ERROR_BUSY) ? EBUSY : EIO;
}

static gboolean serve_open(LabDevices *devices, Connection *connection, const CcwLabOpen *packet)
{
    CcwLabOpened answer = { .magic = CCW_LAB_MAGIC, .chpid = LAB_CHPID };
    LabGroup group;
    int image_fd;
    gboolean is_sent;

    G_STATIC_ASSERT(sizeof(answer.uuid) == sizeof(group.uuid));
    G_STATIC_ASSERT(sizeof(answer.bus_id) == sizeof(group.bus_id));
    answer.status = open_group(devices, &packet->token, &group, &image_fd);
    if (answer.status) {
        send_packet(connection->fd, &answer, sizeof(answer), NULL, 0);
        return FALSE;
    }
    g_mutex_lock(&devices->lock);
    connection->serial = group.serial;
    g_mutex_unlock(&devices->lock);
    answer.flags = (group.is_read_only ? CCW_LAB_READ_ONLY : 0) | (group.is_sync ? CCW_LAB_SYNC : 0) |
                   (group.is_snapshot ? CCW_LAB_SNAPSHOT : 0);
    memcpy(answer.uuid, group.uuid, sizeof(answer.uuid));
    memcpy(answer.bus_id, group.bus_id, sizeof(answer.bus_id));
    is_sent = send_packet(connection->fd, &answer, sizeof(answer), (const int[]){ image_fd, group.snapshot_fd },
                          group.is_snapshot ? 2 : 1);
    close(image_fd);
    return is_sent;
}

static gboolean serve_in_use(LabDevices *devices, Connection *connection, const CcwLabInUse *packet)
{
    if (lab_group_set_in_use(devices->model, connection->serial, packet->in_use != 0) || !packet->in_use)
        return TRUE;
    return send_request(connection->fd);
}

/* Returns: the packet's length; 0 if there is no packet; -1 if the client has gone, or has sent descriptors. */
static ssize_t receive(LabDevices *devices, const Connection *connection, gpointer packet, gsize size)
{
    ssize_t length = ccw_fd_receive(connection->fd, packet, size, devices->received);

    if (devices->received->len == 0)
        return length;
    ccw_closer_push_all(devices->closer, connection->pid, devices->received);
    return -1;
}

/* Returns: FALSE if the client has closed the connection or violates the protocol. */
static gboolean serve(LabDevices *devices, Connection *connection)
{
    union {
        guint32 magic;
        CcwLabOpen open;
        CcwLabInUse in_use;
        char bytes[64];
    } packet = { 0 };
    ssize_t length = receive(devices, connection, &packet, sizeof(packet));

    if (length <= 0)
        return length == 0;
    if ((gsize)length < sizeof(packet.magic) || packet.magic != CCW_LAB_MAGIC)
        return FALSE;
    if (!connection->serial && length == sizeof(packet.open))
        return serve_open(devices, connection, &packet.open);
    if (connection->serial && length == sizeof(packet.in_use))
        return serve_in_use(devices, connection, &packet.in_use);
    return FALSE;
}

/* The client sees the end at once, although the close may take long. */
static void close_connection(LabDevices *devices, const Connection *connection)
{
    shutdown(connection->fd, SHUT_RDWR);
    ccw_closer_push(devices->closer, connection->pid, connection->fd);
}

static void drop_connection(LabDevices *devices, guint index)
{
    Connection connection = g_array_index(devices->connections, Connection, index);

    g_mutex_lock(&devices->lock);
    g_array_remove_index(devices->connections, index);
    g_mutex_unlock(&devices->lock);
    close_connection(devices, &connection);
    if (connection.serial)
        lab_group_set_in_use(devices->model, connection.serial, FALSE);
}

/*
 * Finds the oldest connection without a token.
 * pid: counts only the connections of this process; NULL: of all processes
 *
 * Returns: the number of connections without a token.
 */
static guint oldest_waiting(const LabDevices *devices, const pid_t *pid, guint *ret_index)
{
    guint count = 0;

    for (guint i = devices->connections->len; i-- > 0;) {
        const Connection *connection = &g_array_index(devices->connections, Connection, i);

        if (connection->serial || (pid && connection->pid != *pid))
            continue;
        count++;
        *ret_index = i;
    }
    return count;
}

/* A client that opens connections and sends nothing must not block others: it loses its own oldest connection first. */
static void enforce_bounds(LabDevices *devices, pid_t pid)
{
    guint index;

    if (oldest_waiting(devices, &pid, &index) >= MAX_WAITING_OF_PROCESS ||
        oldest_waiting(devices, NULL, &index) >= MAX_WAITING)
        drop_connection(devices, index);
}

/* Returns: FALSE if the lab has no descriptor or memory for a connection now. */
static gboolean accept_connection(LabDevices *devices)
{
    Connection connection = { .fd = accept4(devices->listener, NULL, NULL, SOCK_CLOEXEC) };
    struct ucred peer = { 0 };
    socklen_t length = sizeof(peer);

    if (connection.fd < 0)
        return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
    /* MAX_WAITING_OF_PROCESS needs the client's process. */
    if (getsockopt(connection.fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) {
        g_warning("rejecting a connection to the lab's devices: cannot read its credentials: %s", g_strerror(errno));
        close_connection(devices, &connection);
        return TRUE;
    }
    connection.pid = peer.pid;
    connection.since = g_get_monotonic_time();
    enforce_bounds(devices, peer.pid);
    g_mutex_lock(&devices->lock);
    g_array_append_val(devices->connections, connection);
    g_mutex_unlock(&devices->lock);
    return TRUE;
}

/* Drops connections that have sent no token in time. Returns: the milliseconds until the next may expire; -1: never. */
static int drop_expired(LabDevices *devices)
{
    guint index;

    while (oldest_waiting(devices, NULL, &index)) {
        gint64 since = g_array_index(devices->connections, Connection, index).since;
        gint64 left = since + WAITING_SECONDS * G_TIME_SPAN_SECOND - g_get_monotonic_time();

        if (left > 0)
            return (int)(left / 1000) + 1;
        drop_connection(devices, index);
    }
    return -1;
}

/* Lists the eventfd that stops the thread, the listening socket, and the connections in their order. */
static struct pollfd *list_polls(const LabDevices *devices, gboolean can_accept, GArray *polls)
{
    struct pollfd *poll_at;

    g_array_set_size(polls, devices->connections->len + 2);
    poll_at = (struct pollfd *)(void *)polls->data;
    poll_at[0] = (struct pollfd){ devices->stop, POLLIN, 0 };
    poll_at[1] = (struct pollfd){ can_accept ? devices->listener : -1, POLLIN, 0 };
    for (guint i = 0; i < devices->connections->len; i++)
        poll_at[i + 2] = (struct pollfd){ g_array_index(devices->connections, Connection, i).fd, POLLIN, 0 };
    return poll_at;
}

static gpointer serve_connections(gpointer opaque)
{
    LabDevices *devices = opaque;
    GArray *connections = devices->connections;
    g_autoptr(GArray) polls = g_array_new(FALSE, TRUE, sizeof(struct pollfd));
    gboolean can_accept = TRUE;

    for (;;) {
        int timeout = drop_expired(devices);
        struct pollfd *poll_at = list_polls(devices, can_accept, polls);

        if (!can_accept && (timeout < 0 || timeout > ACCEPT_PAUSE_MS))
            timeout = ACCEPT_PAUSE_MS;
        if (poll(poll_at, polls->len, timeout) < 0)
            continue;
        if (poll_at[0].revents)
            return NULL;
        for (guint i = connections->len; i-- > 0;)
            if (poll_at[i + 2].revents && !serve(devices, &g_array_index(connections, Connection, i)))
                drop_connection(devices, i);
        can_accept = !poll_at[1].revents || accept_connection(devices);
    }
}

LabDevices *lab_devices_start(LabModel *model, const char *path, gid_t gid, GError **error)
{
    LabDevices *devices;
    int listener = listen_at(path, gid, error);

    if (listener < 0)
        return NULL;
    devices = g_new0(LabDevices, 1);
    devices->model = model;
    devices->listener = listener;
    devices->stop = eventfd(0, EFD_CLOEXEC);
    devices->connections = g_array_new(FALSE, TRUE, sizeof(Connection));
    devices->closer = ccw_closer_new();
    devices->received = g_array_new(FALSE, FALSE, sizeof(gint));
    g_mutex_init(&devices->lock);
    devices->thread = g_thread_new("lab-devices", serve_connections, devices);
    return devices;
}

void lab_devices_request(LabDevices *devices, guint64 serial)
{
    g_mutex_lock(&devices->lock);
    for (guint i = 0; i < devices->connections->len; i++) {
        const Connection *connection = &g_array_index(devices->connections, Connection, i);

        if (connection->serial == serial)
            send_request(connection->fd);
    }
    g_mutex_unlock(&devices->lock);
}

void lab_devices_stop(LabDevices *devices)
{
    eventfd_write(devices->stop, 1);
    g_thread_join(devices->thread);
    while (devices->connections->len)
        drop_connection(devices, devices->connections->len - 1);
    ccw_closer_free(devices->closer);
    g_array_unref(devices->received);
    g_array_unref(devices->connections);
    close(devices->listener);
    close(devices->stop);
    g_mutex_clear(&devices->lock);
    g_free(devices);
}
