/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-inodes.h"

static void inodes(void)
{
    g_autoptr(LabInodes) table = lab_inodes_new();
    guint64 bus = lab_inodes_lookup(table, "bus", 0), css;
    g_autofree char *root = lab_inodes_path(table, LAB_INODE_ROOT);
    g_autofree char *path = lab_inodes_path(table, bus);
    g_autoptr(GPtrArray) paths = NULL;

    g_assert_cmpstr(root, ==, "");
    g_assert_cmpstr(path, ==, "bus");
    g_assert_cmpuint(lab_inodes_lookup(table, "bus", 0), ==, bus);
    css = lab_inodes_lookup(table, "bus/css", 7);
    g_assert_cmpuint(css, !=, bus);
    lab_inodes_forget(table, bus, 1);
    g_assert_cmpuint(lab_inodes_number(table, "bus"), ==, bus);
    lab_inodes_forget(table, bus, 99);
    g_assert_cmpuint(lab_inodes_number(table, "bus"), ==, 0);
    g_assert_null(lab_inodes_path(table, bus));
    lab_inodes_forget(table, bus, 1);
    lab_inodes_forget(table, LAB_INODE_ROOT, 1);
    lab_inodes_forget(table, 12345, 1);
    paths = lab_inodes_paths(table, 7);
    g_assert_cmpuint(paths->len, ==, 1);
    g_assert_cmpstr(g_ptr_array_index(paths, 0), ==, "bus/css");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lab/inodes", inodes);
    return g_test_run();
}
