/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests image/image-root.h, image/image-cpio.h and image/image-plan.h with archives that libarchive writes and reads.
 */
#include "image/image-root.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/image-cpio.h"
#include "image/image-plan.h"
#include "util/error.h"

static char *folder;

typedef struct {
    const char *path;
    guint mode;
    const char *text; /* a file's content, or a link's target */
    gboolean is_hard_link;
} Member;

static void add_member(struct archive *archive, const Member *member)
{
    struct archive_entry *entry = archive_entry_new();
    gsize size = AE_IFREG == (member->mode & AE_IFMT) && !member->is_hard_link ? strlen(member->text) : 0;

    archive_entry_set_pathname(entry, member->path);
    archive_entry_set_mode(entry, member->mode);
    archive_entry_set_size(entry, (la_int64_t)size);
    archive_entry_set_uid(entry, 1234);
    archive_entry_set_gid(entry, 4321);
    if (member->is_hard_link)
        archive_entry_set_hardlink(entry, member->text);
    else if ((member->mode & AE_IFMT) == AE_IFLNK)
        archive_entry_set_symlink(entry, member->text);
    else if (size > 0)
        archive_entry_xattr_add_entry(entry, "security.capability", "\1\0\0\2\0\40\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    g_assert_cmpint(archive_write_header(archive, entry), ==, ARCHIVE_OK);
    g_assert_cmpint(archive_write_data(archive, member->text, size), ==, (la_ssize_t)size);
    archive_entry_free(entry);
}

static char *make_tar(const char *name, int (*filter)(struct archive *), const Member *members, gsize n)
{
    char *path = g_build_filename(folder, name, NULL);
    struct archive *archive = archive_write_new();

    archive_write_set_format_pax(archive);
    filter(archive);
    g_assert_cmpint(archive_write_open_filename(archive, path), ==, ARCHIVE_OK);
    for (gsize i = 0; i < n; i++)
        add_member(archive, &members[i]);
    g_assert_cmpint(archive_write_close(archive), ==, ARCHIVE_OK);
    archive_write_free(archive);
    return path;
}

static const Member members[] = {
    { "./", AE_IFDIR | 0755, NULL, FALSE },
    { "./usr/", AE_IFDIR | 0755, NULL, FALSE },
    { "./usr/bin/", AE_IFDIR | 0755, NULL, FALSE },
    { "./bin", AE_IFLNK | 0777, "usr/bin", FALSE },
    { "./usr/bin/busy", AE_IFREG | 04755, "the program", FALSE },
    { "./usr/bin/other", AE_IFREG | 04755, "./usr/bin/busy", TRUE },
    { "./usr/bin/sh", AE_IFLNK | 0777, "/bin/busy", FALSE },
    { "./usr/bin/loop", AE_IFLNK | 0777, "../bin/loop", FALSE },
    { "./usr/bin/out", AE_IFLNK | 0777, "../../../../../../bin/busy", FALSE },
    { "./empty", AE_IFREG | 0600, "", FALSE },
};

static void check_text(const ImageRoot *root, const char *path, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bytes = image_root_read(root, path, &error);
    gsize size;
    const char *data;

    g_assert_no_error(error);
    data = g_bytes_get_data(bytes, &size);
    g_assert_cmpmem(data, size, expected, strlen(expected));
}

static void check_missing(const ImageRoot *root, const char *path, int code)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(image_root_read(root, path, &error));
    g_assert_error(error, CCW_ERROR, code);
    g_assert_nonnull(strstr(error->message, path));
}

static void check_root(const ImageRoot *root)
{
    g_autoptr(GPtrArray) links = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *found = image_root_resolve(root, "/bin/sh", links);

    g_assert_cmpstr(found, ==, "usr/bin/busy");
    g_assert_cmpuint(links->len, ==, 3);
    g_assert_cmpstr(g_ptr_array_index(links, 0), ==, "bin");
    g_assert_cmpstr(g_ptr_array_index(links, 1), ==, "usr/bin/sh");
    check_text(root, "bin/sh", "the program");
    check_text(root, "/usr/./bin/../bin//other", "the program");
    check_text(root, "usr/bin/out", "the program");
    check_text(root, "empty", "");
    check_missing(root, "usr/bin/loop", CCW_ERROR_NOT_FOUND);
    check_missing(root, "usr/bin/none", CCW_ERROR_NOT_FOUND);
    check_missing(root, "bin", CCW_ERROR_INVALID);
    g_assert_true(image_root_has(root, "bin/../bin/busy")); /* bin is usr/bin, so bin/.. is usr */
    g_assert_cmpuint(image_root_size(root), >=, 4096);
}

/* The copy has the root's owners, modes and extended attributes. */
static void check_copy(const ImageRoot *root, guint owner)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    const char *name;
    const void *value;
    size_t size;
    gboolean is_found = FALSE;

    archive_read_support_format_tar(archive);
    g_assert_cmpint(lseek(image_root_fd(root), 0, SEEK_SET), ==, 0);
    g_assert_cmpint(archive_read_open_fd(archive, image_root_fd(root), 10240), ==, ARCHIVE_OK);
    while (archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
        if (strcmp(archive_entry_pathname(entry), "usr/bin/busy") != 0)
            continue;
        is_found = TRUE;
        g_assert_cmpuint(archive_entry_perm(entry), ==, 04755); /* a hard link has no type */
        g_assert_cmpuint(archive_entry_uid(entry), ==, owner);
        if (owner != 1234) /* a folder of the test has no attributes of its own */
            continue;
        g_assert_cmpint(archive_entry_xattr_reset(entry), >, 0); /* libarchive has written it in two spellings */
        archive_entry_xattr_next(entry, &name, &value, &size);
        g_assert_cmpstr(name, ==, "security.capability");
        g_assert_cmpuint(size, ==, 20);
    }
    g_assert_true(is_found);
    archive_read_free(archive);
}

static void test_tar(void)
{
    int (*const filters[])(struct archive *) = { archive_write_add_filter_none, archive_write_add_filter_gzip,
                                                 archive_write_add_filter_xz };

    for (gsize i = 0; i < G_N_ELEMENTS(filters); i++) {
        g_autofree char *path = make_tar("root.tar", filters[i], members, G_N_ELEMENTS(members));
        g_autoptr(GError) error = NULL;
        g_autoptr(ImageRoot) root = image_root_open(path, folder, &error);

        g_assert_no_error(error);
        check_root(root);
        check_copy(root, 1234);
        unlink(path);
    }
}

static void make_folder(const char *top)
{
    for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
        g_autofree char *path = g_build_filename(top, members[i].path, NULL);
        g_autofree char *target = g_build_filename(top, members[i].text ? members[i].text : "", NULL);

        if ((members[i].mode & AE_IFMT) == AE_IFDIR)
            g_assert_cmpint(g_mkdir_with_parents(path, 0755), ==, 0);
        else if (members[i].is_hard_link)
            g_assert_cmpint(link(target, path), ==, 0);
        else if ((members[i].mode & AE_IFMT) == AE_IFLNK)
            g_assert_cmpint(symlink(members[i].text, path), ==, 0);
        else
            g_assert_true(g_file_set_contents(path, members[i].text, -1, NULL) &&
                          chmod(path, members[i].mode & 07777) == 0);
    }
}

static void remove_tree(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        g_autofree char *child = g_build_filename(path, name, NULL);

        if (g_file_test(child, G_FILE_TEST_IS_DIR) && !g_file_test(child, G_FILE_TEST_IS_SYMLINK))
            remove_tree(child);
        else
            unlink(child);
    }
    g_clear_pointer(&dir, g_dir_close);
    rmdir(path);
}

static void test_folder(void)
{
    g_autofree char *top = g_build_filename(folder, "tree", NULL);
    g_autofree char *slash = g_strconcat(top, "/", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(ImageRoot) root = NULL;

    make_folder(top);
    root = image_root_open(slash, folder, &error);
    g_assert_no_error(error);
    check_root(root);
    check_copy(root, getuid());
    remove_tree(top);
}

static void check_refused(const Member *bad, gsize n, const char *message)
{
    g_autofree char *path = make_tar("bad.tar", archive_write_add_filter_none, bad, n);
    g_autoptr(GError) error = NULL;

    g_assert_null(image_root_open(path, folder, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, message));
    unlink(path);
}

static void test_refused(void)
{
    const Member outside = { "usr/../../etc/passwd", AE_IFREG | 0644, "x", FALSE };
    const Member hard = { "usr/bin/a", AE_IFREG | 0644, "usr/bin/none", TRUE };
    g_autofree char *path = g_build_filename(folder, "rubbish", NULL);
    g_autoptr(GError) error = NULL;

    check_refused(&outside, 1, "leads out of the root");
    check_refused(&hard, 1, "hard link usr/bin/a");
    check_refused(NULL, 0, "empty");
    g_assert_null(image_root_open(path, folder, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_true(g_file_set_contents(path, "this is no archive", -1, NULL));
    g_assert_null(image_root_open(path, folder, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
    unlink(path);
}

/* An archive that ends in the middle of a file is rejected. */
static void test_truncated(void)
{
    g_autofree char *text = g_strnfill(50000, 'x');
    const Member large = { "file", AE_IFREG | 0644, text, FALSE };
    g_autofree char *path = make_tar("short.tar", archive_write_add_filter_none, &large, 1);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(truncate(path, 20000), ==, 0);
    g_assert_null(image_root_open(path, folder, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
    unlink(path);
}

/* Checks the member of an archive whose path ends in the name. */
static void check_member(GBytes *cpio, const char *expected_path, guint mode, const char *text)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    char buffer[256] = "";
    gsize size;
    const void *data = g_bytes_get_data(cpio, &size);
    guint found = 0;

    archive_read_support_format_cpio(archive);
    g_assert_cmpint(archive_read_open_memory(archive, data, size), ==, ARCHIVE_OK);
    while (archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
        if (strcmp(archive_entry_pathname(entry), expected_path) != 0)
            continue;
        found++;
        g_assert_cmpuint(archive_entry_mode(entry), ==, mode);
        if ((mode & AE_IFMT) == AE_IFLNK)
            g_strlcpy(buffer, archive_entry_symlink(entry), sizeof(buffer));
        else
            g_assert_cmpint(archive_read_data(archive, buffer, sizeof(buffer) - 1), ==, (la_ssize_t)strlen(text));
        g_assert_cmpstr(buffer, ==, text);
    }
    g_assert_cmpuint(found, ==, 1);
    archive_read_free(archive);
}

static void test_cpio(void)
{
    g_autoptr(ImageCpio) cpio = image_cpio_new();
    g_autoptr(GBytes) bytes = g_bytes_new("text", 4), archive = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(image_cpio_add_file(cpio, "usr/bin/a", bytes, 0755, &error));
    g_assert_true(image_cpio_add_file(cpio, "usr/bin/a", bytes, 0755, &error)); /* it exists already */
    g_assert_true(image_cpio_add_link(cpio, "bin", "usr/bin", &error));
    g_assert_true(image_cpio_add_folder(cpio, "usr", &error));
    archive = image_cpio_finish(cpio, &error);
    g_assert_no_error(error);
    check_member(archive, "usr", AE_IFDIR | 0755, "");
    check_member(archive, "usr/bin", AE_IFDIR | 0755, "");
    check_member(archive, "usr/bin/a", AE_IFREG | 0755, "text");
    check_member(archive, "bin", AE_IFLNK | 0777, "usr/bin");
}

/* A shell reads back the same values that were put into a plan. */
static void test_plan(void)
{
    char *const words[] = { (char *)"echo", (char *)"a 'b'", (char *)"$(false)\n\"", NULL };
    g_autoptr(ImagePlan) plan = image_plan_new("run");
    g_autoptr(GBytes) archive = NULL;
    g_autoptr(GError) error = NULL;

    image_plan_set(plan, "value", "it's $HOME");
    image_plan_set_command(plan, words);
    archive = image_plan_finish(plan, &error);
    g_assert_no_error(error);
    check_member(archive, "virt-ccw/plan", AE_IFREG | 0644,
                 "action='run'\nvalue='it'\\''s $HOME'\n"
                 "command_line() {\n    \"$@\" 'echo' 'a '\\''b'\\''' '$(false)\n\"'\n}\n");
}

int main(int argc, char **argv)
{
    int rc;

    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("image-root.XXXXXX", NULL);
    g_test_add_func("/image/root/tar", test_tar);
    g_test_add_func("/image/root/folder", test_folder);
    g_test_add_func("/image/root/refused", test_refused);
    g_test_add_func("/image/root/truncated", test_truncated);
    g_test_add_func("/image/cpio", test_cpio);
    g_test_add_func("/image/plan", test_plan);
    rc = g_test_run();
    rmdir(folder);
    g_free(folder);
    return rc;
}
