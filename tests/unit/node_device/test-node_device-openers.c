/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "node_device/ccw-openers.h"
#include "sysfs-tree.h"

#define UUID "cc390000-0001-8000-8000-000000001234"

static void open_as(Tree *tree, const char *pid, const char *comm, const char *fd, const char *target)
{
    g_autofree char *comm_path = g_strdup_printf("proc/%s/comm", pid);
    g_autofree char *folder = g_strdup_printf("%s/%s/fd", tree->proc, pid);
    g_autofree char *link = g_build_filename(folder, fd, NULL);

    if (comm)
        tree_write(tree, comm_path, comm);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_cmpint(symlink(target, link), ==, 0);
}

static void expect(Tree *tree, CcwNode *const *nodes, guint n_nodes, gint node, const char *user)
{
    g_autoptr(CcwHost) host = ccw_host_new(tree->sysfs, tree->proc, tree->run_dir);
    g_autofree char *found_user = NULL;
    guint found = n_nodes;

    g_assert_cmpint(ccw_openers_find(host, nodes, n_nodes, &found, &found_user), ==, user != NULL);
    g_assert_cmpstr(found_user, ==, user);
    if (user)
        g_assert_cmpint((gint)found, ==, node);
}

static void by_name(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    CcwNode *nodes[] = { ccw_node_new(S_IFBLK, "dasda", "94:0"), ccw_node_new(S_IFBLK, "dasda1", "94:1") };

    expect(tree, nodes, 2, 0, NULL);
    open_as(tree, "9", "kthreadd\n", "0", "socket:[94]");
    open_as(tree, "9", NULL, "1", "/dev/dasda11");
    open_as(tree, "9", NULL, "2", "/dev/dasda1 (deletedly)");
    open_as(tree, "9", NULL, "3", "/srv/dev/dasda1");
    open_as(tree, "9", NULL, "4", "anon_inode:[eventpoll]");
    open_as(tree, "nobody", "x\n", "0", "/dev/dasda1");
    tree_write(tree, "proc/10/comm", "gone\n"); /* and its fd/ is not to be looked at */
    expect(tree, nodes, 2, 0, NULL);
    open_as(tree, "812", "dd\n", "0", "/dev/null");
    open_as(tree, "812", NULL, "1", "/dev/dasda1");
    expect(tree, nodes, 2, 1, "process 812 (dd)");
    expect(tree, nodes, 0, 0, NULL);
    open_as(tree, "81", "a\033[1m)\n", "1", "/dev/dasda (deleted)");
    expect(tree, nodes, 2, 0, "process 81 (a?[1m))");
    tree_remove(tree, "proc/81/comm");
    expect(tree, nodes, 2, 0, "process 81");
    ccw_node_free(nodes[0]);
    ccw_node_free(nodes[1]);
}

/* In a container /dev/dasda1 may be another disk, and /srv/disk this one. */
static void by_number(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autofree char *other = g_build_filename(tree->root, "dasda1", NULL);
    g_autofree char *disk = g_build_filename(tree->root, "disk", NULL);
    CcwNode *node = ccw_node_new(S_IFBLK, "dasda1", "94:1");

    if (mknod(other, S_IFBLK | 0600, makedev(94, 2)) < 0 || mknod(disk, S_IFCHR | 0600, makedev(94, 1)) < 0) {
        g_test_skip("device nodes cannot be made here");
    } else {
        open_as(tree, "7", "cat\n", "3", other);
        open_as(tree, "7", NULL, "4", disk);
        expect(tree, &node, 1, 0, NULL);
        g_assert_cmpint(g_remove(disk), ==, 0);
        g_assert_cmpint(mknod(disk, S_IFBLK | 0600, makedev(94, 1)), ==, 0);
        expect(tree, &node, 1, 0, "process 7 (cat)");
    }
    ccw_node_free(node);
}

static void mdev(void)
{
    g_autoptr(Tree) tree = tree_new("virtio-mdev.txt");
    g_autoptr(CcwHost) host = ccw_host_new(tree->sysfs, tree->proc, tree->run_dir);
    const char *uuid = "CC390000-0000-8000-8000-000000001234";
    g_autofree char *group =
        g_build_filename(tree->sysfs, "bus/mdev/devices/cc390000-0000-8000-8000-000000001234/iommu_group", NULL);
    g_autofree char *user = NULL;

    g_assert_false(ccw_mdev_in_use(host, uuid, &user));
    g_assert_cmpint(symlink("../../../../kernel/iommu_groups/0", group), ==, 0);
    open_as(tree, "812", "qemu-system-s39\n", "20", "/dev/vfio/vfio");
    open_as(tree, "812", NULL, "21", "/dev/vfio/10");
    g_assert_false(ccw_mdev_in_use(host, uuid, &user));
    open_as(tree, "813", "qemu-system-s39\n", "21", "/dev/vfio/0");
    g_assert_false(ccw_mdev_in_use(host, UUID, &user)); /* no such */
    g_assert_null(user);
    g_assert_true(ccw_mdev_in_use(host, uuid, &user));
    g_assert_cmpstr(user, ==, "process 813 (qemu-system-s39)");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/node_device/openers/by-name", by_name);
    g_test_add_func("/node_device/openers/by-number", by_number);
    g_test_add_func("/node_device/openers/mdev", mdev);
    return g_test_run();
}
