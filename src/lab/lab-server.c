/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lab/lab-control.h"
#include "lab/lab-devices.h"
#include "lab/lab-fuse.h"
#include "lab/lab-uevent.h"
#include "util/ccw-lab-protocol.h"

typedef struct {
    int uevents;
    guint64 seqnum;
    LabDevices *devices;
    LabFuse *fuse;
} Server;

static void on_uevent(const char *action, const char *devpath, const char *subsystem, const char *env, gpointer opaque)
{
    Server *server = opaque;
    g_autoptr(GByteArray) message = lab_uevent_message(action, devpath, subsystem, env, ++server->seqnum);

    lab_uevent_send(server->uevents, message);
}

/* A regular file: opening a character node without a driver fails, and libvirt opens it. QEMU's library knows better.
 */
static void on_node(guint group, gboolean present, gpointer opaque G_GNUC_UNUSED)
{
    g_autofree char *path = g_strdup_printf("/dev/vfio/%u", group);
    int fd = -1;

    if (!present ? unlink(path) != 0 : (fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) < 0)
        g_warning("cannot %s %s: %s", present ? "make" : "remove", path, g_strerror(errno));
    if (fd >= 0)
        close(fd);
}

static void on_request(guint64 serial, gpointer opaque)
{
    Server *server = opaque;

    lab_devices_request(server->devices, serial);
    lab_fuse_changed(server->fuse); /* while its remover waits, the mdev is off its bus already */
}

static void on_control(gpointer opaque)
{
    lab_fuse_changed(((Server *)opaque)->fuse);
}

static const LabModelEvents events = { on_uevent, on_node, on_request };

static gboolean start(Server *server, LabModel *model, LabTree *tree, GError **error)
{
    server->uevents = lab_uevent_open(error);
    if (server->uevents < 0)
        return FALSE;
    server->devices = lab_devices_start(model, CCW_LAB_SOCKET, error);
    if (!server->devices)
        return FALSE;
    server->fuse = lab_fuse_mount(tree, "/sys", error);
    return server->fuse && lab_control_start(model, LAB_CONTROL_SOCKET, on_control, server, error);
}

void lab_server_run(const GArray *devices, const char *const *mount_points, int ready_fd)
{
    LabModel *model = lab_model_new((const LabDevice *)(const void *)devices->data, devices->len);
    LabTree *tree = lab_tree_new(model, mount_points);
    g_autoptr(GError) error = NULL;
    static Server server;

    if (!start(&server, model, tree, &error)) {
        g_printerr("%s: error: %s\n", g_get_prgname(), error->message);
        exit(EXIT_FAILURE);
    }
    lab_model_set_events(model, &events, &server);
    if (write(ready_fd, "", 1) == 1)
        close(ready_fd);
    lab_fuse_run(server.fuse);
    g_printerr("%s: error: the lab's file system was unmounted\n", g_get_prgname());
    exit(EXIT_FAILURE);
}
