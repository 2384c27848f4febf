/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/fuser.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "css/host-private.h"
#include "css/sysfs.h"

CssNode css_node_of_number(mode_t type, const char *dev)
{
    guint major_number, minor_number;

    if (!dev || sscanf(dev, "%u:%u", &major_number, &minor_number) != 2)
        return (CssNode){ 0 };
    return (CssNode){ .type = type, .number = makedev(major_number, minor_number) };
}

CssNode css_node_of_path(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return (CssNode){ 0 };
    if (S_ISREG(st.st_mode))
        return (CssNode){ .type = S_IFREG, .number = st.st_dev, .inode = st.st_ino };
    return (CssNode){ .type = st.st_mode & S_IFMT, .number = st.st_rdev };
}

static gboolean is_node(const CssNode *node, const struct statx *stx)
{
    if ((stx->stx_mode & S_IFMT) != node->type)
        return FALSE;
    if (node->type == S_IFREG)
        return makedev(stx->stx_dev_major, stx->stx_dev_minor) == node->number && stx->stx_ino == node->inode;
    return node->type && makedev(stx->stx_rdev_major, stx->stx_rdev_minor) == node->number;
}

/*
 * Returns the index of the node that this descriptor has open, or nodes->len. Reads the kernel's cached attributes
 * only: the file may be on a FUSE file system whose server does not answer.
 */
static guint find_node(int fd_dir, const char *name, const GArray *nodes)
{
    struct statx stx;
    guint i = 0;

    if (statx(fd_dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_INO, &stx) < 0)
        return nodes->len;
    while (i < nodes->len && !is_node(&g_array_index(nodes, CssNode, i), &stx))
        i++;
    return i;
}

/*
 * Searches the descriptors of one process; ignores the descriptor named own. A process without a folder has ended, and
 * has nothing open. After any other error (no permission, no free descriptor) the scan is incomplete.
 */
static gboolean search_process(CssScan *scan, const char *fds, const char *own, const GArray *nodes, guint *ret_node)
{
    DIR *dir = opendir(fds);
    guint found = nodes->len;
    struct dirent *entry;

    if (!dir && errno != ENOENT && errno != ESRCH)
        css_scan_miss(scan);
    while (dir && found == nodes->len && (entry = readdir(dir)) && css_scan_spend(scan, 1))
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, own) != 0)
            found = find_node(dirfd(dir), entry->d_name, nodes);
    if (dir)
        closedir(dir);
    if (found < nodes->len)
        *ret_node = found;
    return found < nodes->len;
}

static gboolean search(CssScan *scan, CssHost *host, const GArray *nodes, int own, guint *ret_node, char **ret_pid)
{
    g_autofree char *self = css_sysfs_link_name(host->proc_root, "self");
    g_autofree char *own_name = g_strdup_printf("%d", own);
    const char *pid;

    while (nodes->len && (pid = css_scan_next(scan))) {
        g_autofree char *fds = g_build_filename(host->proc_root, pid, "fd", NULL);

        if (!search_process(scan, fds, g_strcmp0(pid, self) == 0 ? own_name : "", nodes, ret_node))
            continue;
        *ret_pid = g_strdup(pid);
        return TRUE;
    }
    return FALSE;
}

gboolean css_fuser_find(CssHost *host, CssScanOf of, const GArray *nodes, guint *ret_node, char **ret_pid)
{
    g_autoptr(CssScan) scan = css_scan_new(host, of);

    return search(scan, host, nodes, -1, ret_node, ret_pid);
}

CssFuser css_fuser_decide(CssHost *host, const GArray *nodes, const GArray *accesses, int own, guint *ret_node,
                          char **ret_pid)
{
    g_autoptr(CssScan) scan = css_scan_new_deciding(host, accesses);

    if (search(scan, host, nodes, own, ret_node, ret_pid))
        return CSS_FUSER_FOUND;
    return css_scan_is_complete(scan) ? CSS_FUSER_NONE : CSS_FUSER_UNKNOWN;
}

/* --- mediated devices --- */

static void add_node(GArray *nodes, CssHost *host, const char *class_name, const char *name)
{
    g_autofree char *dir = css_host_path(host, "class/%s/%s", class_name, name);
    g_autofree char *dev = css_sysfs_attr(dir, "dev");
    g_autofree char *path = g_build_filename(host->dev_root, "vfio", name, NULL);
    CssNode node = css_node_of_number(S_IFCHR, dev);

    g_array_append_val(nodes, node);
    node = css_node_of_path(path);
    if (node.type == S_IFREG) /* a lab's */
        g_array_append_val(nodes, node);
}

char *css_mdev_describe_user(CssHost *host, const char *uuid)
{
    g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(CssNode));
    g_autofree char *mdev = css_host_path(host, "bus/mdev/devices/%s", uuid);
    g_autofree char *group = css_sysfs_link_name(mdev, "iommu_group");
    g_autofree char *noiommu = group ? g_strconcat("noiommu-", group, NULL) : NULL;
    g_autofree char *device_dir = g_build_filename(mdev, "vfio-dev", NULL);
    g_autoptr(GPtrArray) devices = css_sysfs_names(device_dir);
    g_autofree char *pid = NULL;
    guint found;

    /* drivers/vfio/vfio_main.c: groups have the class "vfio", and devices that open without a group "vfio-dev". */
    if (group) {
        add_node(nodes, host, "vfio", group);
        add_node(nodes, host, "vfio", noiommu);
    }
    for (guint i = 0; i < devices->len; i++)
        add_node(nodes, host, "vfio-dev", devices->pdata[i]);
    return css_fuser_find(host, CSS_SCAN_ALL, nodes, &found, &pid) ? css_process_describe(host, pid)
                                                                   : g_strdup("a process");
}
