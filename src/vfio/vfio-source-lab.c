/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lab as a source of devices; see vfio-source.h and util/lab-protocol.h. */
#include "vfio/vfio-source.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/lab-protocol.h"
#include "util/sockaddr.h"
#include "vfio/vfio-log.h"

#define ANSWER_TIMEOUT_SECONDS 10 /* QEMU's main loop waits, too */

/* Returns TRUE if data arrives within the timeout. */
static gboolean wait_readable(int fd)
{
    gint64 deadline = g_get_monotonic_time() + ANSWER_TIMEOUT_SECONDS * G_TIME_SPAN_SECOND;
    gint64 left;

    while ((left = deadline - g_get_monotonic_time()) > 0) {
        struct pollfd ready = { .fd = fd, .events = POLLIN };

        if (poll(&ready, 1, (int)(left / 1000) + 1) > 0)
            return TRUE;
    }
    return FALSE;
}

/* Takes the first two descriptors over, and closes the others. */
static void take_fds(const GArray *fds, VfioSource *source)
{
    if (fds->len > 0)
        source->image_fd = g_array_index(fds, gint, 0);
    if (fds->len > 1)
        source->snapshot_fd = g_array_index(fds, gint, 1);
    for (guint i = 2; i < fds->len; i++)
        close(g_array_index(fds, gint, i));
}

static int receive_opened(VfioSource *source, CcwLabOpened *ret_opened)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(gint));
    ssize_t got;

    if (!wait_readable(source->lab_fd))
        return -ETIMEDOUT;
    got = ccw_fd_receive(source->lab_fd, ret_opened, sizeof(*ret_opened), fds);
    take_fds(fds, source);
    if (got != sizeof(*ret_opened) || ret_opened->magic != CCW_LAB_MAGIC)
        return -EPROTO;
    return 0;
}

/* Only checked values get into the process. */
static int accept_opened(const CcwLabOpened *opened, VfioSource *source)
{
    if (opened->status != 0)
        return opened->status > 0 && opened->status < 4096 ? -opened->status : -EPROTO;
    if (source->image_fd < 0 || (source->snapshot_fd >= 0) != ((opened->flags & CCW_LAB_SNAPSHOT) != 0) ||
        opened->uuid[sizeof(opened->uuid) - 1] != '\0' || !memchr(opened->bus_id, '\0', sizeof(opened->bus_id)) ||
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
    result = receive_opened(source, &opened);
    return result < 0 ? result : accept_opened(&opened, source);
}

int vfio_source_connect(const char *socket_path, guint group, const CcwLabToken *token, VfioSource **ret_source)
{
    VfioSource *source = g_new0(VfioSource, 1);
    int result;

    source->group = group;
    source->image_fd = source->snapshot_fd = source->node_fd = -1;
    source->lab_fd = ccw_sockaddr_connect(socket_path, SOCK_SEQPACKET);
    result = source->lab_fd < 0 ? -errno : ask(source, token);
    if (result < 0) {
        vfio_source_free(source);
        if (result != -EBUSY && result != -ENODEV && result != -ENOENT)
            vfio_log("cannot open group %u at the lab's socket %s: %s", group, socket_path, g_strerror(-result));
        return result == -EPROTO || result == -ETIMEDOUT ? -EIO : result;
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

/* Receives one packet. Returns FALSE if the lab is gone. */
static gboolean receive_request(int fd, gboolean *ret_requested)
{
    CcwLabRequest request = { 0 };
    ssize_t got = ccw_fd_receive_bytes(fd, &request, sizeof(request));

    *ret_requested = got == sizeof(request) && request.magic == CCW_LAB_MAGIC;
    return got >= 0;
}

gboolean vfio_source_wait_request(const VfioSource *source, int stop_fd)
{
    gboolean requested = FALSE;

    if (source->lab_fd < 0)
        return FALSE;
    while (!requested) {
        struct pollfd fds[] = { { .fd = stop_fd, .events = POLLIN }, { .fd = source->lab_fd, .events = POLLIN } };

        if (poll(fds, G_N_ELEMENTS(fds), -1) < 0) {
            if (errno == EINTR)
                continue;
            return FALSE;
        }
        if (fds[0].revents || !receive_request(source->lab_fd, &requested))
            return FALSE;
    }
    return TRUE;
}
