/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <unistd.h>

#include "node_device/ccw-in-use.h"
#include "sysfs-tree.h"
#include "util/ccw-error.h"

typedef struct {
    const char *path; /* of the tree; NULL: none */
    const char *text;
    const char *message; /* NULL: not in use */
} Case;

#define DASD "sys/devices/css0/0.0.0000/0.0.1234/block/dasda/"
#define USED "ccw device 0.0.1234 is in use by this host: "

static const Case cases[] = {
    { NULL, NULL, NULL },
    { "proc/self/mountinfo", "22 1 94:1 / /mnt/my\\040data rw,relatime shared:1 - ext4 /dev/dasda1 rw\n",
      USED "dasda1 is mounted on /mnt/my data" },
    { "proc/self/mountinfo", "1 0 94:2 / / rw - ext4 /dev/root rw\n", USED "dasda2 holds its root file system" },
    { "proc/self/mountinfo", "30 1 94:0 /sub /mnt rw master:1 shared:3 - xfs /dev/dasda rw\n",
      USED "dasda is mounted on /mnt" },
    /* btrfs: a number of its own */
    { "proc/self/mountinfo", "31 1 0:45 / /srv rw shared:9 - btrfs /dev/dasda2 rw,space_cache\n",
      USED "dasda2 is mounted on /srv" },
    { "proc/self/mountinfo",
      "31 1 94:11 / /srv rw - ext4 /dev/dasda11 rw\n22 1 8:1 / / rw - ext4 /dev/sda1 rw\nodd\n1 0 94:1\n", NULL },
    { "proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/dasda2   partition\t1\t0\t-2\n",
      USED "dasda2 is swap space: swapoff it" },
    { "proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/dasdb2   partition\t1\t0\t-2\n", NULL },
    { DASD "dasda1/holders/dm-3", "", USED "dasda1 is part of dm-3 (vg0-root)" },
    { DASD "holders/md127", "", USED "dasda is part of md127" },
};

static void one(gconstpointer data)
{
    const Case *c = data;
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CcwHost) host = ccw_host_new(tree->sysfs, tree->proc, tree->run_dir);
    g_autoptr(CcwHostDevice) device = NULL;
    g_autoptr(GError) error = NULL;
    CcwBusId id = { .devno = 0x1234 };

    tree_write(tree, "sys/class/block/dm-3/dm/name", "vg0-root\n");
    if (c->path)
        tree_write(tree, c->path, c->text);
    device = ccw_host_lookup(host, &id, &error);
    g_assert_no_error(error);
    if (!c->message) {
        g_assert_true(ccw_in_use_check(host, device, &error));
        g_assert_no_error(error);
        return;
    }
    g_assert_false(ccw_in_use_check(host, device, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_BUSY);
    g_assert_cmpstr(error->message, ==, c->message);
}

static void virtio(void)
{
    g_autoptr(Tree) tree = tree_new("virtio.txt");
    g_autoptr(CcwHost) host = ccw_host_new(tree->sysfs, tree->proc, tree->run_dir);
    g_autoptr(CcwHostDevice) device = NULL;
    g_autoptr(GError) error = NULL;
    CcwBusId id = { .devno = 0x1234 };

    tree_write(tree, "proc/self/mountinfo", "1 0 254:0 / / rw - ext4 /dev/vda rw\n");
    device = ccw_host_lookup(host, &id, NULL);
    g_assert_false(ccw_in_use_check(host, device, &error));
    g_assert_cmpstr(error->message, ==, USED "vda holds its root file system");
}

/* What cannot be looked up is not taken for unused. */
static void no_mountinfo(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CcwHost) host = ccw_host_new(tree->sysfs, tree->proc, tree->run_dir);
    g_autoptr(CcwHostDevice) device = NULL;
    g_autoptr(GError) error = NULL;
    CcwBusId id = { .devno = 0x1234 };

    tree_remove(tree, "proc");
    device = ccw_host_lookup(host, &id, NULL);
    g_assert_false(ccw_in_use_check(host, device, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_SYSTEM);
}

static void group(void)
{
    g_autoptr(Tree) tree = tree_new("virtio.txt");
    g_autoptr(CcwHost) host = ccw_host_new(tree->sysfs, tree->proc, tree->run_dir);
    g_autofree char *link = g_build_filename(tree->sysfs, "devices/css0/0.0.0001/0.0.0009/group_device", NULL);
    g_autoptr(CcwHostDevice) device = NULL;
    g_autoptr(GError) error = NULL;
    CcwBusId id = { .devno = 0x0009 };

    g_assert_cmpint(symlink("../../../qeth/0.0.0009", link), ==, 0);
    device = ccw_host_lookup(host, &id, NULL);
    g_assert_false(ccw_in_use_check(host, device, &error));
    g_assert_cmpstr(error->message, ==,
                    "ccw device 0.0.0009 is in use by this host: it belongs to group device 0.0.0009");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *name = g_strdup_printf("/node_device/in-use/%zu", i);

        g_test_add_data_func(name, &cases[i], one);
    }
    g_test_add_func("/node_device/in-use/virtio", virtio);
    g_test_add_func("/node_device/in-use/no-mountinfo", no_mountinfo);
    g_test_add_func("/node_device/in-use/group", group);
    return g_test_run();
}
