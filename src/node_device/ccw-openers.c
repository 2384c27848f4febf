/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node_device/ccw-openers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node_device/ccw-host-private.h"
#include "util/ccw-file.h"

#define DELETED " (deleted)" /* d_path() of the kernel puts it behind the name of a node that was removed */

CcwNode *ccw_node_new(mode_t type, const char *name, const char *dev)
{
    CcwNode *node = g_new0(CcwNode, 1);

    node->type = type;
    node->name = g_strdup(name);
    node->dev = g_strdup(dev);
    return node;
}

void ccw_node_free(CcwNode *node)
{
    g_free(node->name);
    g_free(node->dev);
    g_free(node);
}

static gboolean has_number(const CcwNode *node, dev_t number)
{
    g_autofree char *text = ccw_dev_format(number);

    return g_strcmp0(node->dev, text) == 0;
}

static gboolean has_name(const CcwNode *node, const char *target)
{
    gsize length = strlen(node->name);

    if (!g_str_has_prefix(target, "/dev/") || strncmp(target + strlen("/dev/"), node->name, length) != 0)
        return FALSE;
    target += strlen("/dev/") + length;
    return *target == '\0' || strcmp(target, DELETED) == 0;
}

/*
 * A device node is known by its number, also where another mount namespace has it under another name. The lab's nodes
 * are ordinary files, and a target that cannot be looked at has no number either: these are known by name.
 */
static gboolean is_open_as(const CcwNode *node, const char *target, const struct stat *st)
{
    if (st && (S_ISBLK(st->st_mode) || S_ISCHR(st->st_mode)) && node->dev)
        return (st->st_mode & S_IFMT) == node->type && has_number(node, st->st_rdev);
    return has_name(node, target);
}

/* The index of the node that this descriptor has open, or n_nodes. */
static guint find_node(int fd_dir, const char *name, CcwNode *const *nodes, guint n_nodes)
{
    char target[PATH_MAX];
    struct stat st;
    ssize_t length = readlinkat(fd_dir, name, target, sizeof(target) - 1);
    gboolean known;
    guint i;

    if (length <= 0 || target[0] != '/') /* "socket:[1]", "anon_inode:..." */
        return n_nodes;
    target[length] = '\0';
    known = fstatat(fd_dir, name, &st, 0) == 0;
    for (i = 0; i < n_nodes && !is_open_as(nodes[i], target, known ? &st : NULL); i++)
        ;
    return i;
}

/* How the control groups of containers are called: PREFIX, its name, and ".scope" or ".service" or nothing. */
static const struct {
    const char *prefix;
    const char *kind;
} containers[] = {
    { "docker-", "docker container" }, { "libpod-", "podman container" },   { "cri-containerd-", "container" },
    { "crio-", "container" },          { "lxc.payload.", "LXC container" }, { "systemd-nspawn@", "nspawn container" },
};
#define CONTAINER_ID_SHOWN 12 /* of 64 digits: as docker and podman show it themselves */

static char *container_of(const char *process_dir)
{
    g_autofree char *path = g_build_filename(process_dir, "cgroup", NULL);
    g_autofree char *text = ccw_attr_read(path, NULL);
    g_auto(GStrv) names = g_strsplit_set(text ? text : "", "/\n", -1);

    for (gsize i = 0; names[i]; i++) {
        for (gsize c = 0; c < G_N_ELEMENTS(containers); c++) {
            const char *name = names[i] + strlen(containers[c].prefix);
            gsize length;

            if (!g_str_has_prefix(names[i], containers[c].prefix))
                continue;
            length = strspn(name, "0123456789abcdef");
            if (length > CONTAINER_ID_SHOWN)
                return g_strdup_printf(", %s %.*s", containers[c].kind, CONTAINER_ID_SHOWN, name);
            length = g_str_has_suffix(name, ".service") ? strlen(name) - strlen(".service") : strcspn(name, ".");
            return g_strdup_printf(", %s %.*s", containers[c].kind, (int)length, name);
        }
    }
    return g_strdup("");
}

char *ccw_process_describe(CcwHost *host, const char *pid)
{
    g_autofree char *dir = g_build_filename(host->proc_root, pid, NULL);
    g_autofree char *comm = ccw_sysfs_attr(dir, "comm");
    g_autofree char *container = container_of(dir);
    char *text = comm && *comm ? g_strdup_printf("process %s (%s)%s", pid, comm, container)
                               : g_strdup_printf("process %s%s", pid, container);

    for (char *p = text; *p; p++) /* whatever the process has called itself */
        if (!g_ascii_isprint(*p))
            *p = '?';
    return text;
}

GPtrArray *ccw_processes(CcwHost *host)
{
    GPtrArray *names = ccw_sysfs_names(host->proc_root);

    for (guint i = names->len; i > 0; i--) {
        const char *name = names->pdata[i - 1];

        if (strspn(name, "0123456789") != strlen(name))
            g_ptr_array_remove_index(names, i - 1);
    }
    return names;
}

/* A process that ends meanwhile has nothing open. */
static gboolean search_process(CcwHost *host, const char *pid, CcwNode *const *nodes, guint n_nodes, guint *ret_node,
                               char **ret_user)
{
    g_autofree char *fds = g_build_filename(host->proc_root, pid, "fd", NULL);
    int fd_dir = open(fds, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    GDir *handle = fd_dir < 0 ? NULL : g_dir_open(fds, 0, NULL);
    guint found = n_nodes;
    const char *name;

    while (handle && found == n_nodes && (name = g_dir_read_name(handle)))
        found = find_node(fd_dir, name, nodes, n_nodes);
    if (handle)
        g_dir_close(handle);
    if (fd_dir >= 0)
        close(fd_dir);
    if (found == n_nodes)
        return FALSE;
    *ret_node = found;
    *ret_user = ccw_process_describe(host, pid);
    return TRUE;
}

gboolean ccw_openers_find(CcwHost *host, CcwNode *const *nodes, guint n_nodes, guint *ret_node, char **ret_user)
{
    g_autoptr(GPtrArray) pids = n_nodes ? ccw_processes(host) : NULL;

    for (guint i = 0; pids && i < pids->len; i++)
        if (search_process(host, pids->pdata[i], nodes, n_nodes, ret_node, ret_user))
            return TRUE;
    return FALSE;
}

/* --- of a mediated device --- */

static void add_node(CcwHost *host, GPtrArray *nodes, const char *class_name, const char *format, const char *name)
{
    g_autofree char *dir = ccw_host_path(host, "class/%s/%s", class_name, name);
    g_autofree char *dev = ccw_sysfs_attr(dir, "dev");
    g_autofree char *node = g_strdup_printf("%s%s", format, name);

    g_ptr_array_add(nodes, ccw_node_new(S_IFCHR, node, dev));
}

gboolean ccw_mdev_in_use(CcwHost *host, const char *uuid, char **ret_user)
{
    g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func((GDestroyNotify)ccw_node_free);
    g_autofree char *lower = g_ascii_strdown(uuid, -1);
    g_autofree char *mdev = ccw_host_path(host, "bus/mdev/devices/%s", lower);
    g_autofree char *group = ccw_sysfs_link_name(mdev, "iommu_group");
    g_autofree char *noiommu = group ? g_strconcat("noiommu-", group, NULL) : NULL;
    g_autofree char *device_dir = g_build_filename(mdev, "vfio-dev", NULL);
    g_autoptr(GPtrArray) devices = ccw_sysfs_names(device_dir);
    guint found;

    /* drivers/vfio/vfio_main.c: the class of groups is "vfio", that of devices opened by themselves "vfio-dev". */
    if (group)
        add_node(host, nodes, "vfio", "vfio/", group);
    if (group)
        add_node(host, nodes, "vfio", "vfio/", noiommu);
    for (guint i = 0; i < devices->len; i++)
        add_node(host, nodes, "vfio-dev", "vfio/devices/", devices->pdata[i]);
    return ccw_openers_find(host, (CcwNode *const *)nodes->pdata, nodes->len, &found, ret_user);
}
