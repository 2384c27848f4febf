/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lab as a source of devices; see vfio-source.h and util/ccw-lab-protocol.h. */
#include "vfio/vfio-source.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/ccw-lab-protocol.h"
#include "vfio/vfio-log.h"

#define ANSWER_TIMEOUT_SECONDS 10 /* QEMU's main loop waits with us */

static int dial(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_SECONDS };
    int fd;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
        connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        int errnum = errno;

        close(fd);
        return -errnum;
    }
    return fd;
}

/* The descriptor that came with a message; any others are closed. -1 if none. */
static int take_fd(struct msghdr *message)
{
    int taken = -1;

    for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(message); cmsg; cmsg = CMSG_NXTHDR(message, cmsg)) {
        if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
            continue;
        for (gsize at = 0; CMSG_LEN(at + sizeof(int)) <= cmsg->cmsg_len; at += sizeof(int)) {
            int fd;

            memcpy(&fd, CMSG_DATA(cmsg) + at, sizeof(fd));
            if (taken < 0)
                taken = fd;
            else
                close(fd);
        }
    }
    return taken;
}

static int receive_opened(int fd, CcwLabOpened *ret_opened, int *ret_image_fd)
{
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec iov = { .iov_base = ret_opened, .iov_len = sizeof(*ret_opened) };
    struct msghdr message = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
    };
    ssize_t got;

    do
        got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    *ret_image_fd = take_fd(&message);
    if (got != sizeof(*ret_opened) || ret_opened->magic != CCW_LAB_MAGIC)
        return -EPROTO;
    return 0;
}

/* Only what was checked goes on into the process. */
static int accept_opened(const CcwLabOpened *opened, VfioSource *source)
{
    if (opened->status != 0)
        return opened->status > 0 && opened->status < 4096 ? -opened->status : -EPROTO;
    if (source->image_fd < 0 || opened->uuid[sizeof(opened->uuid) - 1] != '\0' ||
        !memchr(opened->bus_id, '\0', sizeof(opened->bus_id)) ||
        !ccw_bus_id_parse(opened->bus_id, &source->device.bus_id, NULL))
        return -EPROTO;
    memcpy(source->uuid, opened->uuid, sizeof(source->uuid));
    source->device.chpid = opened->chpid;
    source->device.read_only = opened->flags & CCW_LAB_READ_ONLY ? TRUE : FALSE;
    source->device.sync = opened->flags & CCW_LAB_SYNC ? TRUE : FALSE;
    return 0;
}

static int ask(VfioSource *source, const CcwLabToken *token)
{
    CcwLabOpen open_packet = { .magic = CCW_LAB_MAGIC, .token = *token };
    CcwLabOpened opened = { 0 };
    int result;

    if (send(source->lab_fd, &open_packet, sizeof(open_packet), MSG_NOSIGNAL) < 0)
        return -errno;
    result = receive_opened(source->lab_fd, &opened, &source->image_fd);
    return result < 0 ? result : accept_opened(&opened, source);
}

int vfio_source_connect(const char *socket_path, guint group, const CcwLabToken *token, VfioSource **ret_source)
{
    VfioSource *source = g_new0(VfioSource, 1);
    int result;

    source->group = group;
    source->image_fd = source->node_fd = -1;
    source->lab_fd = dial(socket_path);
    result = source->lab_fd < 0 ? source->lab_fd : ask(source, token);
    if (result < 0) {
        vfio_source_free(source);
        if (result != -EBUSY && result != -ENODEV && result != -ENOENT)
            vfio_log("cannot open group %u at the lab's socket %s: %s", group, socket_path, g_strerror(-result));
        return result == -EPROTO || result == -EAGAIN ? -EIO : result;
    }
    *ret_source = source;
    return 0;
}

void vfio_source_set_in_use(const VfioSource *source, gboolean in_use)
{
    CcwLabInUse packet = { .magic = CCW_LAB_MAGIC, .in_use = in_use ? 1 : 0 };

    if (source->lab_fd >= 0 && send(source->lab_fd, &packet, sizeof(packet), MSG_NOSIGNAL) < 0)
        vfio_log("the lab is gone: %s", g_strerror(errno));
}

gboolean vfio_source_wait_request(const VfioSource *source, int stop_fd)
{
    if (source->lab_fd < 0)
        return FALSE;
    for (;;) {
        struct pollfd fds[] = { { .fd = stop_fd, .events = POLLIN }, { .fd = source->lab_fd, .events = POLLIN } };
        CcwLabRequest request;
        ssize_t got;

        if (poll(fds, G_N_ELEMENTS(fds), -1) < 0) {
            if (errno == EINTR)
                continue;
            return FALSE;
        }
        if (fds[0].revents)
            return FALSE;
        got = recv(source->lab_fd, &request, sizeof(request), MSG_DONTWAIT);
        if (got == sizeof(request) && request.magic == CCW_LAB_MAGIC)
            return TRUE;
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
            return FALSE;
    }
}
