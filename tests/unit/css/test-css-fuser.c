/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the processes that have a device open, on trees like /proc: by device numbers only, and within bounds. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "css/fuser.h"
#include "css/host-private.h"
#include "css/vfio-group.h"
#include "hostdev/modules.h"
#include "model-kernel.h"
#include "node_device/node-detach.h"

#define UUID "cc390000-0000-8000-8000-000000001234" /* the recording's */
#define USER 4711
#define FILES 6000 /* more than one user's share of a scan */

static GArray *nodes_of(const char *dev1, const char *dev2)
{
    GArray *nodes = g_array_new(FALSE, FALSE, sizeof(CssNode));
    CssNode node = css_node_of_number(S_IFBLK, dev1);

    g_array_append_val(nodes, node);
    node = css_node_of_number(S_IFBLK, dev2);
    g_array_append_val(nodes, node);
    return nodes;
}

static void expect(CssHost *host, const GArray *nodes, gint node, const char *user)
{
    g_autofree char *pid = NULL;
    g_autofree char *found_user = NULL;
    guint found = nodes->len;

    g_assert_cmpint(css_fuser_find(host, CSS_SCAN_ALL, nodes, &found, &pid), ==, user != NULL);
    found_user = pid ? css_process_describe(host, pid) : NULL;
    g_assert_cmpstr(found_user, ==, user);
    if (user)
        g_assert_cmpint((gint)found, ==, node);
}

/* A regular file is no device, whatever its name and its mount namespace. */
static void not_by_name(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(GArray) nodes = nodes_of("94:0", "94:1");
    g_autofree char *fds = g_build_filename(tree->proc, "9/fd", NULL);
    g_autofree char *fd = g_build_filename(fds, "0", NULL);

    tree_write(tree, "dev/dasda1", "");
    tree_open(tree, "8", "dd\n", "dev/dasda1");
    tree_write(tree, "proc/9/comm", "cat\n");
    g_assert_cmpint(g_mkdir_with_parents(fds, 0755), ==, 0);
    g_assert_cmpint(symlink("/dev/dasda1", fd), ==, 0);
    expect(host, nodes, 0, NULL);
}

/* In a container, /dev/dasda1 may be another disk, and /srv/disk may be this one. */
static void by_number(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(GArray) nodes = nodes_of("94:0", "94:1");
    g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(CssNode));

    if (!tree_node(tree, S_IFBLK, "dasda1", "94:2") || !tree_node(tree, S_IFCHR, "disk", "94:1") ||
        !tree_node(tree, S_IFBLK, "srv", "94:1") || !tree_node(tree, S_IFBLK, "whole", "94:0")) {
        g_test_skip("device nodes cannot be made here");
        return;
    }
    tree_open(tree, "7", "cat\n", "dev/dasda1");
    tree_open(tree, "7", "cat\n", "dev/disk");
    tree_open(tree, "nobody", "x\n", "dev/srv");
    tree_write(tree, "proc/10/comm", "gone\n"); /* and its fd/ must not be read */
    expect(host, nodes, 0, NULL);
    tree_open(tree, "812", "dd\n", "dev/srv");
    expect(host, nodes, 1, "process 812 (dd)");
    expect(host, none, 0, NULL);
    tree_open(tree, "81", "a\033[1m)\n", "dev/whole");
    expect(host, nodes, 0, "process 81 (a?[1m))");
    tree_remove(tree, "proc/81/comm");
    expect(host, nodes, 0, "process 81");
}

/* Adds processes of USER with many open files. */
static void fill(Tree *tree, guint pid, gboolean dumpable)
{
    g_autofree char *name = g_strdup_printf("%u", pid);
    g_autofree char *dir = g_build_filename(tree->proc, name, NULL);
    g_autofree char *fds = g_build_filename(dir, "fd", NULL);
    g_autofree char *status = g_strdup_printf("proc/%u/status", pid);

    g_assert_cmpint(g_mkdir_with_parents(fds, 0755), ==, 0);
    for (guint i = 0; i < FILES; i++) {
        g_autofree char *fd = g_strdup_printf("%s/%u", fds, i);

        g_assert_cmpint(symlink("/dev/null", fd), ==, 0);
    }
    tree_write(tree, status, "Name:\tx\nState:\tR (running)\nUid:\t4711\t4711\t4711\t4711\n");
    if (dumpable)
        g_assert_cmpint(chown(dir, USER, USER), ==, 0);
}

/*
 * The many processes and files of one user cost a scan no more than the user's share, whether the processes reveal
 * their user or hide it (PR_SET_DUMPABLE). They do not hide the process of another user.
 */
static void bounded(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(GArray) nodes = nodes_of("94:0", "94:1");

    if (!tree_node(tree, S_IFBLK, "dasda1", "94:1")) {
        g_test_skip("device nodes cannot be made here");
        return;
    }
    for (guint pid = 100; pid < 110; pid++)
        fill(tree, pid, pid % 2);
    expect(host, nodes, 0, NULL);
    g_test_message("%d looks at 10 processes with %d files each", host->scanned, FILES);
    g_assert_cmpint(host->scanned, <=, 4096);
    g_assert_cmpint(host->scanned, >, 2000);
    tree_open(tree, "4000", "dd\n", "dev/dasda1");
    expect(host, nodes, 1, "process 4000 (dd)"); /* process 4000 is root's */
    g_assert_cmpint(host->scanned, <, 2 * 4096);
}

static void only_root(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(GArray) nodes = nodes_of("94:0", "94:1");
    g_autofree char *dir = g_build_filename(tree->proc, "70", NULL);
    g_autofree char *pid = NULL;
    guint found;

    if (!tree_node(tree, S_IFBLK, "dasda1", "94:1")) {
        g_test_skip("device nodes cannot be made here");
        return;
    }
    tree_open(tree, "70", "(udev-worker)\n", "dev/dasda1");
    g_assert_cmpint(chown(dir, USER, USER), ==, 0);
    g_assert_false(css_fuser_find(host, CSS_SCAN_ROOT, nodes, &found, &pid));
    expect(host, nodes, 1, "process 70 ((udev-worker))");
}

typedef struct {
    CssHost *host;
    GArray *nodes;
    gint ended; /* atomic */
} Search;

static gpointer search(gpointer data)
{
    Search *search = data;

    expect(search->host, search->nodes, 0, NULL);
    g_atomic_int_set(&search->ended, TRUE);
    return NULL;
}

/* A user's FUSE file system whose daemon does not answer, and a process that has a file on it open. */
static void fuse_without_answer(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(GArray) nodes = nodes_of("94:0", "94:1");
    Search work = { .host = host, .nodes = nodes };
    g_autofree char *where = g_build_filename(tree->root, "fuse", NULL);
    g_autofree char *fds = g_build_filename(tree->proc, "70/fd", NULL);
    g_autofree char *fd = g_build_filename(fds, "3", NULL);
    int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    g_autofree char *options = g_strdup_printf("fd=%d,rootmode=40000,user_id=0,group_id=0", fuse);
    gint64 until = g_get_monotonic_time() + 5 * G_TIME_SPAN_SECOND;
    g_autofree char *opened = NULL;
    GThread *thread;
    gboolean ended;
    int inside;

    g_assert_cmpint(g_mkdir(where, 0755), ==, 0);
    if (fuse < 0 || mount("/dev/dasda1", where, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
        g_test_skip("FUSE cannot be mounted here");
        return;
    }
    inside = open(where, O_PATH | O_CLOEXEC);
    g_assert_cmpint(inside, >=, 0);
    opened = g_strdup_printf("/proc/self/fd/%d", inside);
    g_assert_cmpint(g_mkdir_with_parents(fds, 0755), ==, 0);
    g_assert_cmpint(symlink(opened, fd), ==, 0);
    thread = g_thread_new("search", search, &work);
    while (!g_atomic_int_get(&work.ended) && g_get_monotonic_time() < until)
        g_thread_yield();
    ended = g_atomic_int_get(&work.ended);
    umount2(where, MNT_DETACH);
    close(inside);
    close(fuse); /* ends the requests that wait for an answer, with an error */
    g_thread_join(thread);
    g_assert_true(ended);
}

/* --- whether a guest has a mediated device: the result of open(2) of its group --- */

static int answer;

static int open_node(const char *path, int flags G_GNUC_UNUSED, gpointer tree)
{
    g_autofree char *group = g_build_filename(((Tree *)tree)->dev, "vfio/0", NULL);

    g_assert_cmpstr(path, ==, group);
    return answer < 0 ? answer : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static CssVfioUse use_of(CssHost *host, const char *uuid, gboolean is_open)
{
    g_auto(CssVfioGroupFd) group_fd = 77;
    CssVfioUse use = css_vfio_group_open(host, uuid, &group_fd, NULL);

    g_assert_cmpint(group_fd >= 0, ==, is_open);
    return use;
}

static void group(void)
{
    g_autoptr(Tree) tree = tree_new("virtio-mdev.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    CssHostOps ops = *host->ops;
    g_autofree char *link = g_build_filename(tree->sysfs, "bus/mdev/devices/" UUID "/iommu_group", NULL);
    g_autoptr(GError) error = NULL;
    CssVfioGroupFd group_fd;

    ops.open_node = open_node;
    host->ops = &ops;
    host->ops_data = tree;
    tree_write(tree, "sys/class/vfio/0/dev", "1:3\n");             /* the number of /dev/null */
    g_assert_cmpint(use_of(host, UUID, FALSE), ==, CSS_VFIO_FREE); /* the device is in no group */
    g_assert_cmpint(symlink("../../../../kernel/iommu_groups/0", link), ==, 0);
    answer = -EBUSY;
    g_assert_cmpint(use_of(host, UUID, FALSE), ==, CSS_VFIO_IN_USE);
    g_assert_cmpint(use_of(host, "cc390000-0001-8000-8000-000000004321", FALSE), ==,
                    CSS_VFIO_FREE); /* does not exist */
    answer = -ENODEV;               /* the group is being removed */
    g_assert_cmpint(use_of(host, UUID, FALSE), ==, CSS_VFIO_FREE);
    answer = 0;
    g_assert_cmpint(use_of(host, UUID, TRUE), ==, CSS_VFIO_FREE);
    tree_write(tree, "sys/class/vfio/0/dev", "243:0\n"); /* now the node belongs to another device */
    g_assert_cmpint(use_of(host, UUID, FALSE), ==, CSS_VFIO_UNKNOWN);
    answer = -ENOENT;
    g_assert_cmpint(css_vfio_group_open(host, UUID, &group_fd, &error), ==, CSS_VFIO_UNKNOWN);
    g_assert_nonnull(strstr(error->message, "vfio/0 whether a guest has mediated device " UUID));
}

/* A regular file with the name of a group's node proves nothing. */
static void group_by_name(void)
{
    g_autoptr(Model) model = model_new("dasd.txt");
    const CcwBusId id = { .devno = 0x1234 };
    g_autofree char *fds = g_build_filename(model->tree->proc, "666/fd", NULL);
    g_autofree char *fd = g_build_filename(fds, "3", NULL);

    g_assert_true(hostdev_load_modules(model->host, NULL));
    g_assert_true(nodedev_detach(model->host, &id, NULL));
    tree_write(model->tree, "proc/666/comm", "attacker\n");
    g_assert_cmpint(g_mkdir_with_parents(fds, 0755), ==, 0);
    g_assert_cmpint(symlink("/dev/vfio/0", fd), ==, 0);
    g_assert_true(nodedev_reattach(model->host, &id, NULL));
    g_assert_true(model->open_at_remove);
    g_assert_cmpuint(model->n_opens, ==, 1);
}

static void mdev_user(void)
{
    g_autoptr(Model) model = model_new("virtio-mdev.txt");
    g_autofree char *link = g_build_filename(model->tree->sysfs, "bus/mdev/devices/" UUID "/iommu_group", NULL);
    g_autofree char *unknown = NULL;
    g_autofree char *user = NULL;

    g_assert_cmpint(symlink("../../../../kernel/iommu_groups/0", link), ==, 0);
    unknown = css_mdev_describe_user(model->host, UUID);
    g_assert_cmpstr(unknown, ==, "a process");
    model_open_mdev(model, "813");
    user = css_mdev_describe_user(model->host, UUID);
    g_assert_cmpstr(user, ==, "process 813 (qemu-system-s39)");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/css/fuser/not-by-name", not_by_name);
    g_test_add_func("/css/fuser/by-number", by_number);
    g_test_add_func("/css/fuser/bounded", bounded);
    g_test_add_func("/css/fuser/only-root", only_root);
    g_test_add_func("/css/fuser/fuse-without-answer", fuse_without_answer);
    g_test_add_func("/css/fuser/group", group);
    g_test_add_func("/css/fuser/group-by-name", group_by_name);
    g_test_add_func("/css/fuser/mdev-user", mdev_user);
    return g_test_run();
}
