/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/openers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "css/host-private.h"
#include "css/sysfs.h"

CcwNode ccw_node_of_number(mode_t type, const char *dev)
{
    guint major_number, minor_number;

    if (!dev || sscanf(dev, "%u:%u", &major_number, &minor_number) != 2)
        return (CcwNode){ 0 };
    return (CcwNode){ .type = type, .number = makedev(major_number, minor_number) };
}

CcwNode ccw_node_of_path(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return (CcwNode){ 0 };
    if (S_ISREG(st.st_mode))
        return (CcwNode){ .type = S_IFREG, .number = st.st_dev, .inode = st.st_ino };
    return (CcwNode){ .type = st.st_mode & S_IFMT, .number = st.st_rdev };
}

static gboolean is_node(const CcwNode *node, const struct statx *stx)
{
    if ((stx->stx_mode & S_IFMT) != node->type)
        return FALSE;
    if (node->type == S_IFREG)
        return makedev(stx->stx_dev_major, stx->stx_dev_minor) == node->number && stx->stx_ino == node->inode;
    return node->type && makedev(stx->stx_rdev_major, stx->stx_rdev_minor) == node->number;
}

/*
 * The index of the node that this descriptor has open, or nodes->len. The kernel's own copy of the attributes is asked
 * for: the file may be on a FUSE file system of a user whose process does not answer.
 */
static guint find_node(int fd_dir, const char *name, const GArray *nodes)
{
    struct statx stx;
    guint i = 0;

    if (statx(fd_dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO, &stx) < 0)
        return nodes->len;
    while (i < nodes->len && !is_node(&g_array_index(nodes, CcwNode, i), &stx))
        i++;
    return i;
}

/*
 * A process that ends meanwhile has nothing open. own: the descriptor that does not count, or "". Only of a process
 * that ends there is no folder; any other error, as for want of a right or of descriptors, leaves it unknown.
 */
static gboolean search_process(CcwScan *scan, const char *fds, const char *own, const GArray *nodes, guint *ret_node)
{
    DIR *dir = opendir(fds);
    guint found = nodes->len;
    struct dirent *entry;

    if (!dir && errno != ENOENT && errno != ESRCH)
        ccw_scan_miss(scan);
    while (dir && found == nodes->len && (entry = readdir(dir)) && ccw_scan_spend(scan, 1))
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, own) != 0)
            found = find_node(dirfd(dir), entry->d_name, nodes);
    if (dir)
        closedir(dir);
    if (found < nodes->len)
        *ret_node = found;
    return found < nodes->len;
}

static gboolean search(CcwScan *scan, CcwHost *host, const GArray *nodes, int own, guint *ret_node, char **ret_user)
{
    g_autofree char *self = ccw_sysfs_link_name(host->proc_root, "self");
    g_autofree char *own_name = g_strdup_printf("%d", own);
    const char *pid;

    while (nodes->len && (pid = ccw_scan_next(scan))) {
        g_autofree char *fds = g_build_filename(host->proc_root, pid, "fd", NULL);

        if (!search_process(scan, fds, g_strcmp0(pid, self) == 0 ? own_name : "", nodes, ret_node))
            continue;
        *ret_user = ccw_process_describe(host, pid);
        return TRUE;
    }
    return FALSE;
}

gboolean ccw_openers_find(CcwHost *host, CcwScanOf of, const GArray *nodes, guint *ret_node, char **ret_user)
{
    g_autoptr(CcwScan) scan = ccw_scan_new(host, of);

    return search(scan, host, nodes, -1, ret_node, ret_user);
}

CcwOpeners ccw_openers_ask(CcwHost *host, const GArray *nodes, const GArray *accesses, int own, guint *ret_node,
                           char **ret_user)
{
    g_autoptr(CcwScan) scan = ccw_scan_new_deciding(host, accesses);

    if (search(scan, host, nodes, own, ret_node, ret_user))
        return CCW_OPENERS_FOUND;
    return ccw_scan_is_complete(scan) ? CCW_OPENERS_NONE : CCW_OPENERS_UNKNOWN;
}

/* --- of a mediated device --- */

static void add_node(GArray *nodes, CcwHost *host, const char *class_name, const char *name)
{
    g_autofree char *dir = ccw_host_path(host, "class/%s/%s", class_name, name);
    g_autofree char *dev = ccw_sysfs_attr(dir, "dev");
    g_autofree char *path = g_build_filename(host->dev_root, "vfio", name, NULL);
    CcwNode node = ccw_node_of_number(S_IFCHR, dev);

    g_array_append_val(nodes, node);
    node = ccw_node_of_path(path);
    if (node.type == S_IFREG) /* a lab's */
        g_array_append_val(nodes, node);
}

char *ccw_mdev_describe_user(CcwHost *host, const char *uuid)
{
    g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(CcwNode));
    g_autofree char *mdev = ccw_host_path(host, "bus/mdev/devices/%s", uuid);
    g_autofree char *group = ccw_sysfs_link_name(mdev, "iommu_group");
    g_autofree char *noiommu = group ? g_strconcat("noiommu-", group, NULL) : NULL;
    g_autofree char *device_dir = g_build_filename(mdev, "vfio-dev", NULL);
    g_autoptr(GPtrArray) devices = ccw_sysfs_names(device_dir);
    char *user = NULL;
    guint found;

    /* drivers/vfio/vfio_main.c: the class of groups is "vfio", that of devices opened by themselves "vfio-dev". */
    if (group) {
        add_node(nodes, host, "vfio", group);
        add_node(nodes, host, "vfio", noiommu);
    }
    for (guint i = 0; i < devices->len; i++)
        add_node(nodes, host, "vfio-dev", devices->pdata[i]);
    return ccw_openers_find(host, CCW_SCAN_ALL, nodes, &found, &user) ? user : g_strdup("a process");
}
