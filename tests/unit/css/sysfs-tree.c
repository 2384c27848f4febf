/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sysfs-tree.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "css/host.h"

#define DATA_DIR "sysfsdata"

static char *data_path(const char *name)
{
    return g_test_build_filename(G_TEST_DIST, DATA_DIR, name, NULL);
}

void remove_recursively(const char *path)
{
    if (!g_file_test(path, G_FILE_TEST_IS_SYMLINK) && g_file_test(path, G_FILE_TEST_IS_DIR)) {
        GDir *dir = g_dir_open(path, 0, NULL);
        const char *name;

        while ((name = g_dir_read_name(dir))) {
            g_autofree char *below = g_build_filename(path, name, NULL);

            remove_recursively(below);
        }
        g_dir_close(dir);
    }
    remove(path);
}

void tree_write(Tree *tree, const char *path, const char *text)
{
    g_autofree char *full = g_build_filename(tree->root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(full);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    g_file_set_contents(full, text, -1, &error);
    g_assert_no_error(error);
}

void tree_remove(Tree *tree, const char *path)
{
    g_autofree char *full = g_build_filename(tree->root, path, NULL);

    remove_recursively(full);
}

CssHost *tree_host(Tree *tree)
{
    CssHost *host = css_host_new(tree->sysfs, tree->proc, tree->run_dir);

    css_host_set_dev_root(host, tree->dev);
    css_host_set_udev_dir(host, tree->udev);
    return host;
}

gboolean tree_node(Tree *tree, mode_t type, const char *name, const char *number)
{
    g_autofree char *path = g_build_filename(tree->dev, name, NULL);
    g_autofree char *folder = g_path_get_dirname(path);
    guint major_number, minor_number;

    g_assert_cmpint(sscanf(number, "%u:%u", &major_number, &minor_number), ==, 2);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
    return mknod(path, type | 0600, makedev(major_number, minor_number)) == 0;
}

void tree_open(Tree *tree, const char *pid, const char *comm, const char *path)
{
    g_autofree char *fds = g_build_filename(tree->proc, pid, "fd", NULL);
    g_autofree char *comm_path = g_strdup_printf("proc/%s/comm", pid);
    g_autofree char *target = g_build_filename(tree->root, path, NULL);
    g_autofree char *link = NULL;
    g_autoptr(GDir) dir = NULL;
    guint fd = 3;

    tree_write(tree, comm_path, comm);
    g_assert_cmpint(g_mkdir_with_parents(fds, 0755), ==, 0);
    for (dir = g_dir_open(fds, 0, NULL); g_dir_read_name(dir);)
        fd++;
    link = g_strdup_printf("%s/%u", fds, fd);
    g_assert_cmpint(symlink(target, link), ==, 0);
}

/* "DIR  /PATH/", "LINK /PATH -> TARGET", "ATTR /PATH=VALUE (MODE)"; "|" stands for a newline in a value. */
static void add_line(Tree *tree, const char *line)
{
    g_autofree char *full = NULL;
    g_autofree char *folder = NULL;

    if (*line == '\0' || *line == '#')
        return;
    g_assert_cmpuint(strlen(line), >, 5);
    if (g_str_has_prefix(line, "DIR  ")) {
        full = g_strconcat(tree->root, line + 5, NULL);
        g_assert_cmpint(g_mkdir_with_parents(full, 0755), ==, 0);
    } else if (g_str_has_prefix(line, "LINK ")) {
        const char *arrow = strstr(line, " -> ");

        g_assert_nonnull(arrow);
        full = g_strdup_printf("%s%.*s", tree->root, (int)(arrow - line - 5), line + 5);
        folder = g_path_get_dirname(full);
        g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
        g_assert_cmpint(symlink(arrow + 4, full), ==, 0);
    } else {
        const char *equals = strchr(line, '=');
        const char *mode = strrchr(line, '(');
        g_autofree char *value = NULL;

        g_assert_true(g_str_has_prefix(line, "ATTR ") && equals && mode);
        value = g_strndup(equals + 1, (gsize)(mode - equals - 2));
        g_strdelimit(value, "|", '\n');
        if (value[0] == '<')
            value[0] = '\0';
        full = g_strndup(line + 5, (gsize)(equals - line - 5));
        tree_write(tree, full + 1, value);
        g_free(full);
        full = NULL;
    }
}

Tree *tree_new(const char *recording)
{
    Tree *tree = g_new0(Tree, 1);
    g_autofree char *path = data_path(recording);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    g_autoptr(GError) error = NULL;

    /* Use a file system in memory if there is one: the journal is synced at each step, hundreds of times in a test. */
    tree->root = g_strdup("/dev/shm/test-sysfs-XXXXXX");
    if (!g_mkdtemp(tree->root)) {
        g_free(tree->root);
        tree->root = g_dir_make_tmp("test-sysfs-XXXXXX", &error);
        g_assert_no_error(error);
    }
    tree->sysfs = g_build_filename(tree->root, "sys", NULL);
    tree->proc = g_build_filename(tree->root, "proc", NULL);
    tree->dev = g_build_filename(tree->root, "dev", NULL);
    tree->udev = g_build_filename(tree->root, "udev", NULL);
    tree->run_dir = g_build_filename(tree->root, "run", NULL);
    tree->status = g_build_filename(tree->root, "status", NULL);
    tree_write(tree, "proc/self/mountinfo", "");
    tree_write(tree, "proc/filesystems", "nodev\tproc\nnodev\tfuse\n\text4\n\tbtrfs\n\txfs\n\tfuseblk\n");
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    lines = g_strsplit(text, "\n", -1);
    for (gsize i = 0; lines[i]; i++)
        add_line(tree, lines[i]);
    return tree;
}

void tree_free(Tree *tree)
{
    if (!tree)
        return;
    remove_recursively(tree->root);
    g_free(tree->root);
    g_free(tree->sysfs);
    g_free(tree->proc);
    g_free(tree->dev);
    g_free(tree->udev);
    g_free(tree->run_dir);
    g_free(tree->status);
    g_free(tree);
}

static gint compare_lines(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void dump(GPtrArray *lines, const char *path, const char *shown)
{
    g_autofree char *target = g_file_read_link(path, NULL);
    g_autofree char *text = NULL;
    GDir *dir;
    const char *name;

    if (target) {
        g_ptr_array_add(lines, g_strdup_printf("%s -> %s", shown, target));
        return;
    }
    dir = g_dir_open(path, 0, NULL);
    if (!dir) {
        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        g_ptr_array_add(lines, g_strdup_printf("%s=%s", shown, g_strchomp(text)));
        return;
    }
    g_ptr_array_add(lines, g_strdup_printf("%s/", shown));
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *below = g_build_filename(path, name, NULL);
        g_autofree char *below_shown = g_build_filename(shown, name, NULL);

        dump(lines, below, below_shown);
    }
    g_dir_close(dir);
}

char *tree_dump(Tree *tree)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);

    dump(lines, tree->sysfs, "/sys");
    g_ptr_array_sort(lines, compare_lines);
    g_ptr_array_add(lines, NULL);
    return g_strjoinv("\n", (char **)lines->pdata);
}

void assert_golden(const char *name, const char *text)
{
    g_autofree char *path = data_path(name);
    g_autofree char *golden = NULL;
    g_autoptr(GError) error = NULL;

    if (g_strcmp0(g_getenv("LIBVIRT_CCW_REGENERATE"), "1") == 0)
        g_file_set_contents(path, text, -1, &error);
    g_assert_no_error(error);
    g_file_get_contents(path, &golden, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, golden);
}
