/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-server.h"

#include <stdlib.h>
#include <unistd.h>

#include "lab/lab-control.h"
#include "lab/lab-devices.h"
#include "lab/lab-fuse.h"
#include "lab/lab-image.h"
#include "lab/lab-nodes.h"
#include "lab/lab-uevent.h"
#include "util/lab-protocol.h"

typedef struct {
    const GArray *images; /* LabDevice */
    LabModel *model;
    int uevents;
    guint64 seqnum;
    LabDevices *devices;
    LabFuse *fuse;
    LabNodes *nodes;
} Server;

static void on_uevent(const char *action, const char *devpath, const char *subsystem, const char *env, gpointer opaque)
{
    Server *server = opaque;
    g_autoptr(GByteArray) message = lab_uevent_message(action, devpath, subsystem, env, ++server->seqnum);

    lab_uevent_send(server->uevents, message);
}

static void on_node(guint group, gboolean is_present, gpointer opaque)
{
    lab_nodes_set(((Server *)opaque)->nodes, group, is_present);
}

static void on_request(guint64 serial, gpointer opaque)
{
    Server *server = opaque;

    lab_devices_request(server->devices, serial);
    lab_fuse_changed(server->fuse); /* the mdev is off its bus already while its removal waits */
}

/* The image of an unplugged device is free for other programs. */
static void on_control(gpointer opaque)
{
    Server *server = opaque;
    char bus_id[CCW_BUS_ID_STR_LEN];
    LabState state;

    for (guint i = 0; i < server->images->len; i++) {
        const LabDevice *device = &g_array_index(server->images, LabDevice, i);

        if (lab_hardware_get(server->model, ccw_bus_id_format(&device->id, bus_id), &state) == 0 &&
            state == LAB_STATE_UNPLUGGED)
            lab_image_release(device);
    }
    lab_fuse_changed(server->fuse);
}

static const LabModelEvents events = { on_uevent, on_node, on_request };

static gboolean start(Server *server, LabModel *model, LabTree *tree, gid_t guest_gid, GError **error)
{
    server->uevents = lab_uevent_open(error);
    if (server->uevents < 0)
        return FALSE;
    server->devices = lab_devices_start(model, CCW_LAB_SOCKET, guest_gid, error);
    if (!server->devices)
        return FALSE;
    server->nodes = lab_nodes_mount(model, "/dev/vfio", error);
    if (!server->nodes)
        return FALSE;
    server->fuse = lab_fuse_mount(tree, "/sys", error);
    return server->fuse && lab_control_start(model, LAB_CONTROL_SOCKET, on_control, server, error);
}

void lab_server_run(const GArray *devices, const char *const *mount_points, gid_t guest_gid, int ready_fd)
{
    LabModel *model = lab_model_new((const LabDevice *)(const void *)devices->data, devices->len);
    LabTree *tree = lab_tree_new(model, mount_points);
    g_autoptr(GError) error = NULL;
    static Server server;

    server.images = devices;
    server.model = model;
    if (!start(&server, model, tree, guest_gid, &error)) {
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
