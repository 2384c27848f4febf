/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "css/device.h"
#include "css/host-private.h"
#include "css/in-use.h"
#include "sysfs-tree.h"
#include "util/error.h"

typedef struct {
    const char *name;
    const char *message; /* NULL: not in use */
    struct {
        const char *path; /* in the tree */
        const char *text; /* "-> TARGET": a link to it */
    } files[7];
} Case;

#define DASD "sys/devices/css0/0.0.0000/0.0.1234/block/dasda/"
#define USED "ccw device 0.0.1234 is in use by this host: "
#define MOUNTS "proc/self/mountinfo"
#define SWAPS "proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n"
#define BLOCK "sys/class/block/"
#define HOME BLOCK "dm-3/dm/name", "vg0-home\n"
#define HOME_UUID BLOCK "dm-3/dm/uuid", "LVM-eyPZJq0vhFJbhNDTMsPJRlIGXvNmRvUb\n"
#define CONTAINER "0::/system.slice/docker-1f3c9a0b5d7e1f3c9a0b5d7e1f3c9a0b.scope\n"

static const Case cases[] = {
    { "nothing", NULL, { { NULL, NULL } } },
    { "mount",
      USED "dasda1 is mounted on /mnt/my data; umount '/mnt/my data' first",
      { { MOUNTS, "22 1 94:1 / /mnt/my\\040data rw,relatime shared:1 - ext4 /dev/dasda1 rw\n" } } },
    { "mount-hostile",
      USED "dasda1 is mounted on /mnt/?[2J;\345\255\227? x; umount '/mnt/?[2J;\345\255\227? x' first",
      { { MOUNTS, "22 1 94:1 / /mnt/\033[2J;\345\255\227\377\\012x rw - ext4 /dev/dasda1 rw\n" } } },
    { "root", USED "dasda2 holds the root file system", { { MOUNTS, "1 0 94:2 / / rw - ext4 /dev/root rw\n" } } },
    { "mount-tags",
      USED "dasda is mounted on /mnt; umount /mnt first",
      { { MOUNTS, "30 1 94:0 /sub /mnt rw master:1 shared:3 - xfs /dev/dasda rw\n" } } },
    { "btrfs", /* its device number is not the disk's */
      USED "dasda2 is mounted on /srv; umount /srv first",
      { { MOUNTS, "31 1 0:45 / /srv rw shared:9 - btrfs /dev/dasda2 rw,space_cache\n" } } },
    { "btrfs-of-two",
      USED "dasda2 is part of btrfs 6b7e, which is mounted on /srv; umount /srv first",
      { { "sys/fs/btrfs/6b7e/devices/dasda2/dev", "94:2\n" },
        { "sys/fs/btrfs/6b7e/devices/dasdq1/dev", "94:65\n" },
        { MOUNTS, "31 1 0:45 / /srv rw shared:9 - btrfs /dev/dasdq1 rw,space_cache\n" } } },
    { "fuse", /* any user can mount it with any source: only the device number counts */
      NULL,
      { { MOUNTS, "31 1 0:51 / /home/user/mnt rw,nosuid - fuse.dasda1 /dev/dasda1 rw,user_id=1000\n"
                  "32 1 0:52 / /home/user/two rw,nosuid - fuse /dev/dasda2 rw,user_id=1000\n"
                  "33 1 0:53 / /home/user/three rw,nosuid - fuse.btrfs /dev/dasda2 rw,user_id=1000\n"
                  "34 1 0:54 / /tmp/four rw,nosuid - tmpfs /dev/dasda rw,uid=1000\n" } } },
    { "fuse-elsewhere",
      NULL,
      { { "proc/self/ns/mnt", "-> mnt:[4026531841]" },
        { "proc/90/ns/mnt", "-> mnt:[4026532250]" },
        { "proc/90/comm", "fuse\n" },
        { "proc/90/mountinfo",
          "31 1 0:51 / / rw - fuse /dev/dasda1 rw\n32 1 0:60 / /x rw - tmpfs /dev/dasda1 rw\n" } } },
    { "file-of-its-name", /* in another mount namespace */
      NULL,
      { { "proc/90/comm", "cat\n" }, { "proc/90/fd/3", "-> /nowhere/dev/dasda1" } } },
    { "others",
      NULL,
      { { MOUNTS,
          "31 1 94:11 / /srv rw - ext4 /dev/dasda11 rw\n22 1 8:1 / / rw - ext4 /dev/sda1 rw\nodd\n1 0 94:1\n" } } },
    { "mount-behind-an-odd-line",
      USED "dasda1 is mounted on /srv; umount /srv first",
      { { MOUNTS,
          "22 1 8:1 / / rw - ext4 /dev/sda1 rw\nodd\n1 0 94:2\n31 1 94:1 / /srv rw - ext4 /dev/dasda1 rw\n" } } },
    { "swap",
      USED "dasda2 is swap space; swapoff /dev/dasda2 first",
      { { SWAPS "/dev/dasda2   partition\t1\t0\t-2\n" } } },
    { "swap-behind-a-file",
      USED "dasda2 is swap space; swapoff /dev/dasda2 first",
      { { SWAPS "/var/swap\\040file file\t1\t0\t-2\n/dev/dasda2 partition\t1\t0\t-3\n" } } },
    { "swap-of-another", NULL, { { SWAPS "/dev/dasdb2   partition\t1\t0\t-2\n" } } },
    { "lvm",
      USED "dasda1 is part of logical volume vg0/home (dm-3); lvchange -an vg0/home first",
      { { DASD "dasda1/holders/dm-3", "" }, { HOME }, { HOME_UUID } } },
    { "lvm-hyphens",
      USED "dasda1 is part of logical volume my-vg/lv-1 (dm-3); lvchange -an my-vg/lv-1 first",
      { { DASD "dasda1/holders/dm-3", "" }, { BLOCK "dm-3/dm/name", "my--vg-lv--1\n" }, { HOME_UUID } } },
    { "lvm-mounted",
      USED "dasda1 is part of logical volume vg0/home (dm-3), which is mounted on /home; umount /home first",
      { { DASD "dasda1/holders/dm-3", "" },
        { HOME },
        { HOME_UUID },
        { BLOCK "dm-3/dev", "253:3\n" },
        { MOUNTS, "40 1 253:3 / /home rw - ext4 /dev/mapper/vg0-home rw\n" } } },
    { "lvm-root",
      USED "dasda1 is part of logical volume vg0/home (dm-3), which holds the root file system",
      { { DASD "dasda1/holders/dm-3", "" },
        { HOME },
        { HOME_UUID },
        { BLOCK "dm-3/dev", "253:3\n" },
        { MOUNTS, "1 0 253:3 / / rw - ext4 /dev/root rw\n" } } },
    { "lvm-swap",
      USED "dasda1 is part of logical volume vg0/home (dm-3), which is swap space; swapoff /dev/dm-3 first",
      { { DASD "dasda1/holders/dm-3", "" },
        { HOME },
        { HOME_UUID },
        { BLOCK "dm-3/dev", "253:3\n" },
        { SWAPS "/dev/dm-3 partition\t1\t0\t-2\n" } } },
    { "lvm-open",
      USED "dasda1 is part of logical volume vg0/home (dm-3), which is open by process 812 (qemu-system-x86)",
      { { DASD "dasda1/holders/dm-3", "" },
        { HOME },
        { HOME_UUID },
        { BLOCK "dm-3/dev", "253:3\n" },
        { "proc/811/fd/3", "-> /dev/dasda1" },
        { "proc/812/comm", "qemu-system-x86\n" },
        { "proc/812/fd/9", "-> /dev/dm-3" } } },
    { "encrypted-on-raid", /* the message names the topmost layer */
      USED "dasda is part of encrypted volume secret (dm-5); cryptsetup close secret first",
      { { DASD "holders/md127", "" },
        { BLOCK "md127/holders/dm-5", "" },
        { BLOCK "dm-5/dm/name", "secret\n" },
        { BLOCK "dm-5/dm/uuid", "CRYPT-LUKS2-6b7e-secret\n" } } },
    { "raid",
      USED "dasda is part of RAID array md127; mdadm --stop /dev/md127 first",
      { { DASD "holders/md127", "" } } },
    { "multipath", /* multipathd has the paths open */
      USED "dasda is part of multipath device mpatha (dm-1); multipath -f mpatha first",
      { { DASD "holders/dm-1", "" },
        { BLOCK "dm-1/dm/name", "mpatha\n" },
        { BLOCK "dm-1/dm/uuid", "mpath-360050\n" },
        { "proc/55/comm", "multipathd\n" },
        { "proc/55/fd/9", "-> /dev/dasda" } } },
    { "device-mapper",
      USED "dasda1 is part of device-mapper device odd-name (dm-3); dmsetup remove odd-name first",
      { { DASD "dasda1/holders/dm-3", "" }, { BLOCK "dm-3/dm/name", "odd-name\n" } } },
    { "something", USED "dasda1 is part of bcache0", { { DASD "dasda1/holders/bcache0", "" } } },
    { "circle", /* a real kernel never shows a circle */
      USED "dasda1 is part of RAID array md0; mdadm --stop /dev/md0 first",
      { { DASD "dasda1/holders/md0", "" }, { BLOCK "md0/holders/md0", "" }, { BLOCK "md0/holders/dasda", "" } } },
    { "loop",
      USED "dasda1 is part of loop device loop7, which is mounted on /srv; umount /srv first",
      { { BLOCK "loop7/loop/backing_file", "/dev/dasda1\n" },
        { BLOCK "loop7/dev", "7:7\n" },
        { BLOCK "loop8/loop/backing_file", "/srv/image\n" },
        { MOUNTS, "40 1 7:7 / /srv rw - ext4 /dev/loop7 rw\n" } } },
    /* The kernel guards a DASD by itself: then the message explains the kernel's error. */
    { "open",
      USED "dasda1 is open by process 812 (dd)",
      { { "proc/812/comm", "dd\n" }, { "proc/812/fd/3", "-> /dev/dasda1" } } },
    { "container",
      USED "dasda1 is mounted on /var/lib/db for process 90 (postgres), docker container 1f3c9a0b5d7e",
      { { "proc/self/ns/mnt", "-> mnt:[4026531841]" },
        { "proc/90/ns/mnt", "-> mnt:[4026532250]" },
        { "proc/90/comm", "postgres\n" },
        { "proc/90/cgroup", CONTAINER },
        { "proc/90/mountinfo", "22 1 94:1 / /var/lib/db rw - ext4 /dev/dasda1 rw\n" } } },
    { "namespace-root",
      USED "dasda1 holds the root file system of process 90 (init), LXC container web",
      { { "proc/90/ns/mnt", "-> mnt:[4026532250]" },
        { "proc/90/comm", "init\n" },
        { "proc/90/cgroup", "0::/lxc.payload.web/init.scope\n" },
        { "proc/90/mountinfo", "22 1 94:1 / / rw - ext4 /dev/dasda1 rw\n" } } },
};

static gboolean may_take(CssHost *host, const CssDevice *device, GError **error)
{
    g_auto(CssDiskFd) disk_fd = -1;

    return css_in_use_check(host, device, &disk_fd, error);
}

/* The device nodes in /dev. */
static const struct {
    const char *name;
    const char *number;
} nodes[] = {
    { "dasda", "94:0" }, { "dasda1", "94:1" },  { "dasda2", "94:2" }, { "dasdb2", "94:6" }, { "dasda11", "94:11" },
    { "dm-3", "253:3" }, { "dasdq1", "94:65" }, { "loop7", "7:7" },   { "vda", "254:0" },
};

static gboolean make_nodes(Tree *tree)
{
    gboolean made = TRUE;

    for (gsize i = 0; i < G_N_ELEMENTS(nodes) && made; i++)
        made = tree_node(tree, S_IFBLK, nodes[i].name, nodes[i].number);
    if (!made)
        g_test_skip("device nodes cannot be made here");
    return made;
}

static void put(Tree *tree, const char *path, const char *text)
{
    g_autofree char *node = g_str_has_prefix(text, "-> /dev/") ? g_strconcat(tree->root, text + 3, NULL) : NULL;
    g_autofree char *full = g_build_filename(tree->root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(full);

    if (!g_str_has_prefix(text, "-> ")) {
        tree_write(tree, path, text);
        return;
    }
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_assert_cmpint(symlink(node ? node : text + 3, full), ==, 0);
}

static void one(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(CssDevice) device = NULL;
    g_autoptr(GError) error = NULL;
    CcwBusId id = { .devno = 0x1234 };

    if (!make_nodes(tree))
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(c->files) && c->files[i].path; i++)
        put(tree, c->files[i].path, c->files[i].text);
    device = css_host_lookup(host, &id, &error);
    g_assert_no_error(error);
    if (!c->message) {
        g_assert_true(may_take(host, device, &error));
        g_assert_no_error(error);
        g_assert_false(css_in_use_explain(host, &id, &error));
        g_assert_cmpstr(error->message, ==,
                        "cannot set ccw device 0.0.1234 offline: the kernel says that it is in use; unmount it, or "
                        "close what has it open");
        return;
    }
    g_assert_false(css_in_use_explain(host, &id, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_BUSY);
    g_assert_cmpstr(error->message, ==, c->message);
}

/* Uses that the kernel does not guard against are found before the device is touched. */
static void open_virtio(void)
{
    g_autoptr(Tree) tree = tree_new("virtio.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(CssDevice) device = NULL;
    g_autoptr(GError) error = NULL;
    CcwBusId id = { .devno = 0x1234 };

    if (!make_nodes(tree))
        return;
    put(tree, "proc/812/comm", "dd\n");
    put(tree, "proc/812/fd/3", "-> /dev/vda");
    device = css_host_lookup(host, &id, NULL);
    g_assert_false(may_take(host, device, &error));
    g_assert_cmpstr(error->message, ==, USED "vda is open by process 812 (dd)");
}

static int claim_answer;

static int open_exclusively(const char *path, int flags, gpointer data G_GNUC_UNUSED)
{
    g_assert_true(g_str_has_suffix(path, "/dev/vda") && flags & O_EXCL);
    return claim_answer < 0 ? claim_answer : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/*
 * A disk that the kernel does not guard is opened exclusively. Mounts in other namespaces only add names to the
 * message.
 */
static void claimed(void)
{
    g_autoptr(Tree) tree = tree_new("virtio.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(CssDevice) device = css_host_lookup(host, &(CcwBusId){ .devno = 0x1234 }, NULL);
    g_autoptr(GError) error = NULL;
    CssHostOps ops = *host->ops;

    if (!make_nodes(tree))
        return;
    ops.open_node = open_exclusively;
    host->ops = &ops;
    put(tree, "proc/90/ns/mnt", "-> mnt:[4026532250]");
    put(tree, "proc/90/comm", "postgres\n");
    put(tree, "proc/90/mountinfo", "");
    claim_answer = 0;
    g_assert_true(may_take(host, device, NULL));
    claim_answer = -EBUSY;
    g_assert_false(may_take(host, device, &error));
    g_assert_cmpstr(error->message, ==,
                    USED "vda cannot be opened exclusively: it or a partition is mounted, swap space or part of "
                         "another block device; see lsblk");
    g_clear_error(&error);
    put(tree, "proc/90/mountinfo", "22 1 254:0 / /srv rw - ext4 /dev/vda rw\n");
    g_assert_false(may_take(host, device, &error));
    g_assert_cmpstr(error->message, ==, USED "vda is mounted on /srv for process 90 (postgres)");
}

static char *numbers(guint count)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < count; i++)
        g_string_append_printf(text, "%u ", 1000 + i);
    return g_string_free(text, FALSE);
}

static guint other_groups; /* groups of a process before its last one */

/* Adds a process of a user and a group, whose open files are no devices. */
static void run_process(Tree *tree, guint pid, guint user, guint group, guint files)
{
    g_autofree char *others = numbers(other_groups);
    g_autofree char *dir = g_strdup_printf("%s/%u", tree->proc, pid);
    g_autofree char *fds = g_build_filename(dir, "fd", NULL);
    g_autofree char *status = g_strdup_printf("proc/%u/status", pid);
    g_autofree char *comm = g_strdup_printf("proc/%u/comm", pid);
    g_autofree char *text = g_strdup_printf("Name:\tx\nUid:\t%u\t%u\t%u\t%u\nGid:\t100\t100\t100\t100\n"
                                            "FDSize:\t64\nGroups:\t100 %s%u \n",
                                            user, user, user, user, others, group);

    g_assert_cmpint(g_mkdir_with_parents(fds, 0755), ==, 0);
    for (guint i = 0; i < files; i++) {
        g_autofree char *fd = g_strdup_printf("%s/%u", fds, i);

        g_assert_cmpint(symlink("/dev/null", fd), ==, 0);
    }
    tree_write(tree, status, text);
    tree_write(tree, comm, "qemu-system-s39\n");
    g_assert_cmpint(chown(dir, user, user), ==, 0);
}

#define DISK_GROUP 6
#define SHARE 4096 /* open files that are scanned for a user who may not open a disk */

static const GArray *guests; /* process ids (guint64) */

static char *no_name(const char *domain_uuid G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    return NULL;
}

static char *disk_of(const char *dev, gconstpointer name)
{
    return strcmp(dev, "254:0") == 0 ? g_strdup(name) : NULL;
}

static GArray *pids_of(gconstpointer data G_GNUC_UNUSED)
{
    return g_array_copy((GArray *)guests);
}

static const CssKnownDomains known = { .name = no_name, .disk_user = disk_of, .pids = pids_of };

/* Adds three processes, the last of which has the disk open. Together they have more open files than a share. */
static void expect_found(guint user, guint group, const char *message)
{
    g_autoptr(Tree) tree = tree_new("virtio.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(CssDevice) device = css_host_lookup(host, &(CcwBusId){ .devno = 0x1234 }, NULL);
    g_autofree char *node = g_build_filename(tree->dev, "vda", NULL);
    g_autoptr(GError) error = NULL;
    gboolean may;

    if (!make_nodes(tree)) {
        g_test_skip("device nodes cannot be made here");
        return;
    }
    g_assert_cmpint(chown(node, 0, DISK_GROUP), ==, 0);
    g_assert_cmpint(chmod(node, 0660), ==, 0);
    css_host_know_domains(host, &known, NULL);
    for (guint pid = 100; pid < 103; pid++)
        run_process(tree, pid, user, group, SHARE / 2);
    put(tree, "proc/103/fd/3", "-> /dev/vda");
    run_process(tree, 103, user, group, 0);
    may = may_take(host, device, &error);
    g_assert_cmpint(may, ==, message == NULL);
    g_assert_cmpstr(error ? error->message : NULL, ==, message);
}

/*
 * Processes that may open the disk are scanned without a bound, and so are those of the user who runs libvirt's guests.
 */
static void many_files(void)
{
    const char *found = USED "vda is open by process 103 (qemu-system-s39)";
    g_autoptr(GArray) some = g_array_new(FALSE, FALSE, sizeof(guint64));
    guint64 pid = 101;

    guests = some;
    expect_found(0, 0, found);
    expect_found(4711, DISK_GROUP, found);
    expect_found(4711, 100, NULL); /* this user may not open it; many open files of that user must not block others */
    other_groups = 2000;           /* more groups than virtccwd reads, so that one of the others may be the disk's */
    expect_found(4711, DISK_GROUP, found);
    other_groups = 0;
    g_array_append_val(some, pid);
    expect_found(4711, 100, found);
}

static void disk_of_domain(void)
{
    g_autoptr(Tree) tree = tree_new("virtio.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(CssDevice) device = css_host_lookup(host, &(CcwBusId){ .devno = 0x1234 }, NULL);
    g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GError) error = NULL;

    guests = none;
    css_host_know_domains(host, &known, "web");
    g_assert_false(may_take(host, device, &error));
    g_assert_cmpstr(error->message, ==, USED "vda is a disk of domain web; detach it from that domain first");
}

/* A process of root whose descriptors cannot be read may have the disk open. */
static void unknown_processes(void)
{
    g_autoptr(Tree) tree = tree_new("virtio.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(CssDevice) device = css_host_lookup(host, &(CcwBusId){ .devno = 0x1234 }, NULL);
    g_autoptr(GError) error = NULL;

    tree_write(tree, "proc/90/comm", "dd\n");
    tree_write(tree, "proc/90/fd", ""); /* ENOTDIR */
    g_assert_false(may_take(host, device, &error));
    g_assert_true(g_str_has_prefix(error->message, USED "vda may be open: "));
}

static int open_path(const char *path, int flags G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED)
{
    return open(path, O_PATH | O_CLOEXEC); /* the disk itself does not exist */
}

/*
 * The descriptor of css_in_use_check() does not count as a use. Another one in this process, as that of a client, does.
 */
static void opened_by_itself(void)
{
    g_autoptr(Tree) tree = tree_new("virtio.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autofree char *node = g_build_filename(tree->dev, "vda", NULL);
    g_autofree char *user = g_strdup_printf(USED "vda is open by process %d (", (int)getpid());
    g_autoptr(CssDevice) device = NULL;
    g_autoptr(GError) error = NULL;
    CssHostOps ops = *host->ops;
    int second;

    tree_write(tree, "sys/devices/css0/0.0.0000/0.0.1234/virtio1/block/vda/dev", "254:987654\n");
    if (!tree_node(tree, S_IFBLK, "vda", "254:987654")) {
        g_test_skip("device nodes cannot be made here");
        return;
    }
    ops.open_node = open_path;
    host->ops = &ops;
    g_free(host->proc_root);
    host->proc_root = g_strdup("/proc");
    device = css_host_lookup(host, &(CcwBusId){ .devno = 0x1234 }, NULL);
    may_take(host, device, &error);
    g_assert_no_error(error);
    second = open(node, O_PATH | O_CLOEXEC);
    g_assert_false(may_take(host, device, &error));
    g_assert_true(g_str_has_prefix(error->message, user));
    close(second);
}

/* A process that closes the disk by itself, or has closed it since the kernel answered EBUSY. */
static void momentary(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    CcwBusId id = { .devno = 0x1234 };

    if (!make_nodes(tree))
        return;
    g_assert_true(css_in_use_is_momentary(host, &id));
    put(tree, MOUNTS, "1 0 94:1 / /srv rw - ext4 /dev/dasda1 rw\n");
    g_assert_false(css_in_use_is_momentary(host, &id));
    put(tree, MOUNTS, "");
    put(tree, "proc/812/comm", "(udev-worker)\n");
    put(tree, "proc/812/fd/3", "-> /dev/dasda");
    g_assert_true(css_in_use_is_momentary(host, &id));
    put(tree, "proc/81/comm", "dd\n");
    put(tree, "proc/81/fd/3", "-> /dev/dasda");
    g_assert_false(css_in_use_is_momentary(host, &id));
}

static void console(void)
{
    g_autoptr(Tree) tree = tree_new("virtio.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    CcwBusId id = { .devno = 0x0009 };

    for (guint online = 0; online <= 1; online++) {
        for (guint active = 0; active <= 1; active++) {
            g_autoptr(CssDevice) device = NULL;
            g_autoptr(GError) error = NULL;

            tree_write(tree, "sys/class/tty/console/active", active ? "ttysclp0 3270/tty1\n" : "ttysclp0\n");
            tree_write(tree, "sys/devices/css0/0.0.0001/0.0.0009/online", online ? "1\n" : "0\n");
            device = css_host_lookup(host, &id, NULL);
            g_assert_cmpint(may_take(host, device, &error), ==, !(online && active));
            if (error)
                g_assert_cmpstr(error->message, ==,
                                "ccw device 0.0.0009 is in use by this host: it is its console 3270/tty1");
        }
    }
}

static void virtio(void)
{
    g_autoptr(Tree) tree = tree_new("virtio.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(CssDevice) device = NULL;
    g_autoptr(GError) error = NULL;
    CcwBusId id = { .devno = 0x1234 };

    tree_write(tree, "proc/self/mountinfo", "1 0 254:0 / / rw - ext4 /dev/vda rw\n");
    device = css_host_lookup(host, &id, NULL);
    g_assert_false(may_take(host, device, &error));
    g_assert_cmpstr(error->message, ==, USED "vda holds the root file system");
}

/*
 * SCSI disks and network interfaces that the kernel removes with the device; not those of other devices, nor its own
 * disk.
 */
static void beyond(void)
{
    static const struct {
        const char *class_name;
        const char *name;
        const char *target; /* below /sys/devices/css0 */
        const char *why;
    } links[] = {
        { "block", "sda", "0.0.0001/0.0.0009/host0/target0:0:0/0:0:0:1/block/sda", NULL },
        { "block", "vda", "0.0.0000/0.0.1234/virtio1/block/vda", NULL },
        { "block", "vda1", "0.0.0000/0.0.1234/virtio1/block/vda/vda1", NULL },
        { "net", "eth0", "0.0.0000/0.0.1234/virtio1/net/eth0",
          "it is network interface eth0, which is up; ip link set eth0 down first" },
        { "block", "sdb", "0.0.0000/0.0.1234/virtio1/host1/target1:0:0/1:0:0:1/block/sdb",
          "disk sdb is reached through it" },
    };
    g_autoptr(Tree) tree = tree_new("virtio.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(CssDevice) device = css_host_lookup(host, &(CcwBusId){ .devno = 0x1234 }, NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(links); i++) {
        g_autofree char *dir = g_strdup_printf("%s/class/%s", tree->sysfs, links[i].class_name);
        g_autofree char *link = g_build_filename(dir, links[i].name, NULL);
        g_autofree char *target = g_strconcat("../../devices/css0/", links[i].target, NULL);
        g_autofree char *flags = g_strdup_printf("sys/devices/css0/%s/flags", links[i].target);
        g_autoptr(GError) error = NULL;

        g_mkdir_with_parents(dir, 0755);
        if (!g_file_test(link, G_FILE_TEST_EXISTS))
            g_assert_cmpint(symlink(target, link), ==, 0);
        tree_write(tree, flags, "0x1002\n");
        if (strcmp(links[i].class_name, "net") == 0) {
            g_assert_true(may_take(host, device, NULL)); /* the interface is down */
            tree_write(tree, flags, "0x1003\n");
        }
        g_assert_cmpint(may_take(host, device, &error), ==, !links[i].why);
        if (links[i].why)
            g_assert_true(g_str_has_suffix(error->message, links[i].why));
    }
}

/* If a lookup fails, the device does not count as unused. */
static void no_mountinfo(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autoptr(CssDevice) device = NULL;
    g_autoptr(GError) error = NULL;
    CcwBusId id = { .devno = 0x1234 };

    tree_remove(tree, "proc");
    device = css_host_lookup(host, &id, NULL);
    g_assert_false(may_take(host, device, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_SYSTEM);
}

static void group(void)
{
    g_autoptr(Tree) tree = tree_new("virtio.txt");
    g_autoptr(CssHost) host = tree_host(tree);
    g_autofree char *link = g_build_filename(tree->sysfs, "devices/css0/0.0.0001/0.0.0009/group_device", NULL);
    g_autoptr(CssDevice) device = NULL;
    g_autoptr(GError) error = NULL;
    CcwBusId id = { .devno = 0x0009 };

    g_assert_cmpint(symlink("../../../qeth/0.0.0009", link), ==, 0);
    device = css_host_lookup(host, &id, NULL);
    g_assert_false(may_take(host, device, &error));
    g_assert_cmpstr(error->message, ==,
                    "ccw device 0.0.0009 is in use by this host: it belongs to group device 0.0.0009");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strconcat("/css/in-use/", cases[i].name, NULL);

        g_test_add_data_func(name, &cases[i], one);
    }
    g_test_add_func("/css/in-use/open-virtio", open_virtio);
    g_test_add_func("/css/in-use/claimed", claimed);
    g_test_add_func("/css/in-use/opened-by-itself", opened_by_itself);
    g_test_add_func("/css/in-use/many-files", many_files);
    g_test_add_func("/css/in-use/disk-of-domain", disk_of_domain);
    g_test_add_func("/css/in-use/unknown-processes", unknown_processes);
    g_test_add_func("/css/in-use/momentary", momentary);
    g_test_add_func("/css/in-use/console", console);
    g_test_add_func("/css/in-use/virtio", virtio);
    g_test_add_func("/css/in-use/beyond", beyond);
    g_test_add_func("/css/in-use/no-mountinfo", no_mountinfo);
    g_test_add_func("/css/in-use/group", group);
    return g_test_run();
}
