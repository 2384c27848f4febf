/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compares the whole tree, in each state, with golden files, and tests hostile writes to it. LIBVIRT_CCW_REGENERATE=1
 * writes the golden files anew.
 */
#include <errno.h>
#include <string.h>

#include "lab/lab-tree.h"

#define UUID "cc390000-0001-8000-8000-000000001234"
#define S "devices/css0/0.0.0000"

static const char *const mount_points[] = { "class/net", "devices/system", "devices/virtual/net", NULL };

typedef struct {
    LabModel *model;
    LabTree *tree;
} Fixture;

static void set_up(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    const LabDevice devices[] = {
        { { 0, 0, 0x1234 }, 0x3990, 0x3390, 0xe9, 0x0c, 10017, -1, FALSE },
        { { 0, 0, 0x1235 }, 0x3990, 0x3390, 0xe9, 0x0a, 3339, -1, TRUE },
    };

    f->model = lab_model_new(devices, G_N_ELEMENTS(devices));
    f->tree = lab_tree_new(f->model, mount_points);
}

static void tear_down(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    lab_tree_free(f->tree);
    lab_model_free(f->model);
}

static int write_text(Fixture *f, const char *path, const char *text)
{
    return lab_tree_write(f->tree, path, text, strlen(text));
}

static void take(Fixture *f)
{
    g_assert_cmpint(write_text(f, "bus/ccw/devices/0.0.1234/online", "0\n"), ==, ENODEV); /* through a link */
    g_assert_cmpint(write_text(f, S "/0.0.1234/online", "0\n"), ==, 0);
    g_assert_cmpint(write_text(f, S "/driver_override", "vfio_ccw\n"), ==, 0);
    g_assert_cmpint(write_text(f, "bus/css/drivers/io_subchannel/unbind", "0.0.0000\n"), ==, 0);
    g_assert_cmpint(write_text(f, "bus/css/drivers/vfio_ccw/bind", "0.0.0000\n"), ==, 0);
}

static void make(Fixture *f)
{
    g_assert_cmpint(write_text(f, S "/mdev_supported_types/vfio_ccw-io/create", UUID "\n"), ==, 0);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    return strcmp(((const LabEntry *)a)->name, ((const LabEntry *)b)->name);
}

/* Lists the tree, one line for each entry. Each listed name can be looked up, and is the same inode. */
static void dump(Fixture *f, const char *folder, GString *text)
{
    g_autoptr(GArray) entries = lab_tree_list(f->tree, folder);

    g_assert_nonnull(entries);
    g_array_sort(entries, by_name);
    for (guint i = 0; i < entries->len; i++) {
        const LabEntry *entry = &g_array_index(entries, LabEntry, i);
        g_autofree char *path = *folder ? g_strdup_printf("%s/%s", folder, entry->name) : g_strdup(entry->name);
        g_autofree char *target = lab_tree_target(f->tree, path);
        g_autoptr(GString) content = g_string_new(NULL);
        LabEntry found;

        g_assert_true(lab_tree_lookup(f->tree, path, &found));
        g_assert_cmpint(found.kind, ==, entry->kind);
        g_assert_cmpuint(found.mode, ==, entry->mode);
        g_assert_cmpint(target != NULL, ==, entry->kind == LAB_NODE_LINK);
        if (entry->kind == LAB_NODE_LINK) {
            g_string_append_printf(text, "LINK /sys/%s -> %s\n", path, target);
        } else if (entry->kind == LAB_NODE_DIR) {
            g_string_append_printf(text, "DIR  /sys/%s/\n", path);
            dump(f, path, text);
        } else if (!(entry->mode & 0444)) {
            g_string_append_printf(text, "ATTR /sys/%s=<write-only> (%03o)\n", path, entry->mode);
        } else {
            int result = lab_tree_read(f->tree, path, content);

            g_strdelimit(content->str, "\n", '|');
            g_string_append_printf(text, "ATTR /sys/%s=%s (%03o)\n", path, result ? g_strerror(result) : content->str,
                                   entry->mode);
        }
    }
}

/* Shows only the first different line of two trees. */
static void compare_lines(const char *got, const char *expected)
{
    g_auto(GStrv) ours = g_strsplit(got, "\n", -1);
    g_auto(GStrv) theirs = g_strsplit(expected, "\n", -1);

    for (guint i = 0; ours[i] || theirs[i]; i++) {
        g_assert_cmpstr(ours[i], ==, theirs[i]);
        if (!ours[i])
            break;
    }
}

static void check_golden(Fixture *f, const char *name)
{
    g_autofree char *file = g_strdup_printf("tree-%s.txt", name);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, file, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *expected = NULL;

    dump(f, "", text);
    if (g_strcmp0(g_getenv("LIBVIRT_CCW_REGENERATE"), "1") == 0)
        g_assert_true(g_file_set_contents(path, text->str, -1, NULL));
    g_assert_true(g_file_get_contents(path, &expected, NULL, NULL));
    compare_lines(text->str, expected);
}

static void golden(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    check_golden(f, "online");
    take(f);
    check_golden(f, "vfio_ccw");
    make(f);
    check_golden(f, "mdev");
}

static void released(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    take(f);
    make(f);
    g_assert_cmpint(write_text(f, S "/" UUID "/remove", "1\n"), ==, 0);
    g_assert_cmpint(write_text(f, S "/" UUID "/remove", "1\n"), ==, ENODEV);
    g_assert_cmpint(write_text(f, "bus/css/drivers/vfio_ccw/unbind", "0.0.0000\n"), ==, 0);
    g_assert_cmpint(write_text(f, S "/driver_override", "\n"), ==, 0);
    g_assert_cmpint(write_text(f, "bus/css/drivers/io_subchannel/bind", "0.0.0000\n"), ==, 0);
    g_assert_cmpint(write_text(f, S "/0.0.1234/online", "1\n"), ==, 0);
    check_golden(f, "online");
}

static void not_there(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const paths[] = {
        "x",
        "/",
        "bus/",
        "/bus",
        "bus//css",
        "bus/css/devices/0.0.0002",
        "bus/css/devices/0.0.1234",
        "bus/css/drivers/x",
        "bus/css/drivers/vfio_ccw/0.0.0000",
        S "/0.0.1235",
        S "/" UUID,
        S "/%D",
        "%S",
        "..",
        "devices/css0/0.0.0000/",
        S "/mdev_supported_types",
        "class/mdev_bus/0.0.0000",
        "kernel/iommu_groups/0",
        "devices/virtual/n",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
        LabEntry entry = { NULL, LAB_NODE_LINK, 7 };
        GString *text = g_string_new(NULL);

        g_assert_false(lab_tree_lookup(f->tree, paths[i], &entry));
        g_assert_cmpuint(entry.mode, ==, 7);
        g_assert_null(lab_tree_list(f->tree, paths[i]));
        g_assert_null(lab_tree_target(f->tree, paths[i]));
        g_assert_cmpint(lab_tree_read(f->tree, paths[i], text), ==, ENODEV);
        g_assert_cmpint(write_text(f, paths[i], "1"), ==, ENODEV);
        g_string_free(text, TRUE);
    }
    g_assert_null(lab_tree_list(f->tree, S "/type"));
}

static void odd_writes(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    static const char nul_inside[] = "0.0.0000\0junk";
    static const char binary[] = "\xff\xfe\0\n\x01%s%n";
    static const struct {
        const char *path;
        int empty, binary, huge; /* the errno for each kind of text */
    } rows[] = {
        { "bus/css/drivers/io_subchannel/unbind", ENODEV, ENODEV, ENODEV },
        { "bus/css/drivers/vfio_ccw/bind", ENODEV, ENODEV, ENODEV },
        { "bus/css/drivers_probe", ENODEV, ENODEV, ENODEV },
        { "bus/ccw/drivers/dasd-eckd/bind", ENODEV, ENODEV, ENODEV },
        { "bus/ccw/drivers_probe", ENODEV, ENODEV, ENODEV },
        { S "/driver_override", 0, 0, EINVAL },
        { S "/0.0.1234/online", EINVAL, EINVAL, ERANGE },
        { S "/uevent", EINVAL, EINVAL, EINVAL },
        { S "/type", EIO, EIO, EIO },
    };
    g_autofree char *huge = g_strnfill(1 << 20, '7');

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        /* The kernel does not pass an empty write on. A shell writes at least a newline. */
        g_assert_cmpint(lab_tree_write(f->tree, rows[i].path, "\n", 1), ==, rows[i].empty);
        g_assert_cmpint(lab_tree_write(f->tree, rows[i].path, binary, sizeof(binary)), ==, rows[i].binary);
        g_assert_cmpint(lab_tree_write(f->tree, rows[i].path, huge, 1 << 20), ==, rows[i].huge);
    }
    write_text(f, S "/driver_override", "\n");
    check_golden(f, "online");
    /* A name ends at a NUL, as in the kernel. The newline is optional. */
    g_assert_cmpint(lab_tree_write(f->tree, "bus/css/drivers/io_subchannel/unbind", nul_inside, sizeof(nul_inside)), ==,
                    0);
    g_assert_cmpint(lab_tree_write(f->tree, "bus/css/drivers/vfio_ccw/bind", "0.0.0000", 8), ==, 0);
    g_assert_cmpint(lab_tree_write(f->tree, S "/mdev_supported_types/vfio_ccw-io/create", huge, 1 << 20), ==, EINVAL);
    g_assert_cmpint(lab_tree_write(f->tree, S "/mdev_supported_types/vfio_ccw-io/create", binary, sizeof(binary)), ==,
                    EINVAL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/lab/tree/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("golden", golden);
    ADD("released", released);
    ADD("not-there", not_there);
    ADD("odd-writes", odd_writes);
    return g_test_run();
}
