/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-nodes.h"

#define FUSE_USE_VERSION 35
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>

#include "util/error.h"

#define CONTAINER "vfio"
#define CONTAINER_NUMBER 2 /* its inode; FUSE_ROOT_ID is 1 */
#define NO_GROUP G_MAXUINT

typedef struct {
    guint64 number; /* the inode's; never used for a second node */
    guint group;    /* NO_GROUP for the container */
    mode_t mode;
    uid_t uid;
    gid_t gid;
} Node;

struct _LabNodes {
    LabModel *model;
    struct fuse_session *session;
    GMutex lock; /* protects the members below; comes after the model's lock, so its holder must not call the model */
    GArray *nodes;
    guint64 last_number;
};

static LabNodes *nodes_of(fuse_req_t request)
{
    return fuse_req_userdata(request);
}

static char *node_name(const Node *node)
{
    return node->group == NO_GROUP ? g_strdup(CONTAINER) : g_strdup_printf("%u", node->group);
}

static gboolean find_by_number(LabNodes *nodes, guint64 number, Node *ret_node)
{
    gboolean found = FALSE;

    g_mutex_lock(&nodes->lock);
    for (guint i = 0; i < nodes->nodes->len && !found; i++) {
        *ret_node = g_array_index(nodes->nodes, Node, i);
        found = ret_node->number == number;
    }
    g_mutex_unlock(&nodes->lock);
    return found;
}

static gboolean find_by_name(LabNodes *nodes, const char *name, Node *ret_node)
{
    gboolean found = FALSE;

    g_mutex_lock(&nodes->lock);
    for (guint i = 0; i < nodes->nodes->len && !found; i++) {
        g_autofree char *its_name = NULL;

        *ret_node = g_array_index(nodes->nodes, Node, i);
        its_name = node_name(ret_node);
        found = strcmp(its_name, name) == 0;
    }
    g_mutex_unlock(&nodes->lock);
    return found;
}

static void fill_stat(const Node *node, struct stat *ret_stat)
{
    *ret_stat = (struct stat){
        .st_ino = node->number,
        .st_mode = S_IFREG | node->mode,
        .st_nlink = 1,
        .st_uid = node->uid,
        .st_gid = node->gid,
    };
}

/*
 * The kernel delays background requests, such as the last close of a file, when there are too many of them. An open of
 * the same node would then overtake its close. A guest that is killed closes all its groups at once.
 */
static void nodes_init(void *opaque G_GNUC_UNUSED, struct fuse_conn_info *connection)
{
    connection->max_background = G_MAXUINT16;
}

static void nodes_lookup(fuse_req_t request, fuse_ino_t parent G_GNUC_UNUSED, const char *name)
{
    struct fuse_entry_param answer = { 0 }; /* the kernel must cache nothing, because nodes vanish */
    Node node;

    if (!find_by_name(nodes_of(request), name, &node)) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    answer.ino = node.number;
    fill_stat(&node, &answer.attr);
    fuse_reply_entry(request, &answer);
}

static void nodes_getattr(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info G_GNUC_UNUSED)
{
    struct stat answer = { .st_ino = number, .st_mode = S_IFDIR | 0755, .st_nlink = 2 };
    Node node;

    if (number != FUSE_ROOT_ID) {
        if (!find_by_number(nodes_of(request), number, &node)) {
            fuse_reply_err(request, ENOENT);
            return;
        }
        fill_stat(&node, &answer);
    }
    fuse_reply_attr(request, &answer, 0);
}

/* libvirt changes the owner of the node to the user of QEMU. A truncation has no effect on a device. */
static void nodes_setattr(fuse_req_t request, fuse_ino_t number, struct stat *wanted, int what,
                          struct fuse_file_info *info)
{
    LabNodes *nodes = nodes_of(request);

    if (number == FUSE_ROOT_ID && (what & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))) {
        fuse_reply_err(request, EPERM);
        return;
    }
    g_mutex_lock(&nodes->lock);
    for (guint i = 0; i < nodes->nodes->len; i++) {
        Node *node = &g_array_index(nodes->nodes, Node, i);

        if (node->number != number)
            continue;
        if (what & FUSE_SET_ATTR_MODE)
            node->mode = wanted->st_mode & 0777;
        if (what & FUSE_SET_ATTR_UID)
            node->uid = wanted->st_uid;
        if (what & FUSE_SET_ATTR_GID)
            node->gid = wanted->st_gid;
    }
    g_mutex_unlock(&nodes->lock);
    nodes_getattr(request, number, info);
}

/* Returns: the LabGroup of an open group, which fh holds, or NULL for the container. */
static LabGroup *group_of(const struct fuse_file_info *info)
{
    return (LabGroup *)(guintptr)info->fh;
}

static void close_group(LabNodes *nodes, LabGroup *group)
{
    if (!group)
        return;
    lab_group_close(nodes->model, group->serial);
    g_free(group);
}

static void nodes_open(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
    LabNodes *nodes = nodes_of(request);
    LabGroup group;
    Node node;
    int result;

    if (!find_by_number(nodes, number, &node)) {
        fuse_reply_err(request, ENODEV);
        return;
    }
    if (node.group != NO_GROUP) {
        result = lab_group_open(nodes->model, node.group, &group);
        if (result) {
            fuse_reply_err(request, result);
            return;
        }
        info->fh = (guintptr)g_memdup2(&group, sizeof(group));
    }
    info->direct_io = 1;
    if (fuse_reply_open(request, info) != 0) /* the kernel sends no release if the caller was killed meanwhile */
        close_group(nodes, group_of(info));
}

static void nodes_release(fuse_req_t request, fuse_ino_t number G_GNUC_UNUSED, struct fuse_file_info *info)
{
    close_group(nodes_of(request), group_of(info));
    fuse_reply_err(request, 0);
}

/* In QEMU's process, src/vfio answers the group's own ioctls. Other programs get the error of an unknown ioctl. */
static void nodes_ioctl(fuse_req_t request, fuse_ino_t number G_GNUC_UNUSED, unsigned int command,
                        void *argument G_GNUC_UNUSED, struct fuse_file_info *info, unsigned int flags G_GNUC_UNUSED,
                        const void *input G_GNUC_UNUSED, size_t input_size G_GNUC_UNUSED, size_t output_size)
{
    const LabGroup *group = group_of(info);

    if (group && command == CCW_LAB_GET_TOKEN && output_size >= sizeof(group->token))
        fuse_reply_ioctl(request, 0, &group->token, sizeof(group->token));
    else
        fuse_reply_err(request, ENOTTY);
}

/* The kernel's descriptor of a group has no read and no write. */
static void nodes_read(fuse_req_t request, fuse_ino_t number G_GNUC_UNUSED, size_t size G_GNUC_UNUSED,
                       off_t offset G_GNUC_UNUSED, struct fuse_file_info *info G_GNUC_UNUSED)
{
    fuse_reply_err(request, EINVAL);
}

static void nodes_write(fuse_req_t request, fuse_ino_t number G_GNUC_UNUSED, const char *data G_GNUC_UNUSED,
                        size_t size G_GNUC_UNUSED, off_t offset G_GNUC_UNUSED,
                        struct fuse_file_info *info G_GNUC_UNUSED)
{
    fuse_reply_err(request, EINVAL);
}

static gsize add_entry(fuse_req_t request, char *buffer, gsize left, const char *name, const struct stat *stat,
                       gsize index)
{
    gsize length = fuse_add_direntry(request, buffer, left, name, stat, (off_t)index + 1);

    return length <= left ? length : 0;
}

static void nodes_readdir(fuse_req_t request, fuse_ino_t number G_GNUC_UNUSED, size_t size, off_t offset,
                          struct fuse_file_info *info G_GNUC_UNUSED)
{
    static const char *const dots[] = { ".", ".." };
    LabNodes *nodes = nodes_of(request);
    g_autofree char *buffer = g_malloc(size);
    gsize used = 0, added = 1;

    g_mutex_lock(&nodes->lock);
    for (gsize i = (gsize)offset; added && i < nodes->nodes->len + G_N_ELEMENTS(dots); i++) {
        struct stat stat = { .st_ino = FUSE_ROOT_ID, .st_mode = S_IFDIR };
        g_autofree char *name = NULL;

        if (i >= G_N_ELEMENTS(dots)) {
            const Node *node = &g_array_index(nodes->nodes, Node, i - G_N_ELEMENTS(dots));

            fill_stat(node, &stat);
            name = node_name(node);
        }
        added = add_entry(request, buffer + used, size - used, name ? name : dots[i], &stat, i);
        used += added;
    }
    g_mutex_unlock(&nodes->lock);
    fuse_reply_buf(request, buffer, used);
}

static const struct fuse_lowlevel_ops operations = {
    .init = nodes_init,
    .lookup = nodes_lookup,
    .getattr = nodes_getattr,
    .setattr = nodes_setattr,
    .open = nodes_open,
    .release = nodes_release,
    .ioctl = nodes_ioctl,
    .read = nodes_read,
    .write = nodes_write,
    .readdir = nodes_readdir,
};

static void add_node(LabNodes *nodes, guint group, mode_t mode)
{
    Node node = { .number = ++nodes->last_number, .group = group, .mode = mode };

    g_array_append_val(nodes->nodes, node);
}

/* Serves from one thread, so that it handles the last close of a node before the next open, in the kernel's order. */
static gpointer serve(gpointer opaque)
{
    LabNodes *nodes = opaque;

    fuse_session_loop(nodes->session);
    g_printerr("%s: error: the lab's /dev/vfio was unmounted\n", g_get_prgname());
    exit(EXIT_FAILURE);
}

LabNodes *lab_nodes_mount(LabModel *model, const char *path, GError **error)
{
    char *argv[] = { (char *)"virt-ccw", (char *)"-o", (char *)"allow_other,default_permissions,fsname=libvirt-ccw-lab",
                     NULL };
    struct fuse_args args = FUSE_ARGS_INIT(3, argv);
    LabNodes *nodes = g_new0(LabNodes, 1);

    nodes->model = model;
    nodes->nodes = g_array_new(FALSE, TRUE, sizeof(Node));
    nodes->last_number = CONTAINER_NUMBER - 1;
    g_mutex_init(&nodes->lock);
    add_node(nodes, NO_GROUP, 0666);
    nodes->session = fuse_session_new(&args, &operations, sizeof(operations), nodes);
    fuse_opt_free_args(&args);
    if (nodes->session && fuse_session_mount(nodes->session, path) == 0) {
        g_thread_unref(g_thread_new("lab-nodes", serve, nodes));
        return nodes;
    }
    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot mount the lab's VFIO nodes at %s: %s", path,
                g_strerror(errno));
    if (nodes->session)
        fuse_session_destroy(nodes->session);
    g_array_unref(nodes->nodes);
    g_mutex_clear(&nodes->lock);
    g_free(nodes);
    return NULL;
}

void lab_nodes_set(LabNodes *nodes, guint group, gboolean is_present)
{
    g_mutex_lock(&nodes->lock);
    for (guint i = 0; i < nodes->nodes->len; i++)
        if (g_array_index(nodes->nodes, Node, i).group == group)
            g_array_remove_index(nodes->nodes, i--);
    if (is_present)
        add_node(nodes, group, 0600);
    g_mutex_unlock(&nodes->lock);
}
