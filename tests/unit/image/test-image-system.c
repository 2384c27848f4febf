/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests the search in a root file system: image/image-kernel.h, image/image-system.h and image/image-programs.h. */
#include "image/image-system.h"

#include <archive.h>
#include <archive_entry.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "image/image-programs.h"
#include "util/error.h"

static char *folder;     /* the root file system */
static GPtrArray *paths; /* the files in it, to remove them */

static void put(const char *path, const char *text)
{
    char *full = g_build_filename(folder, path, NULL);
    g_autofree char *parent = g_path_get_dirname(full);

    g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
    g_assert_true(g_file_set_contents(full, text, -1, NULL));
    g_ptr_array_add(paths, full);
}

static void put_link(const char *path, const char *target)
{
    char *full = g_build_filename(folder, path, NULL);

    g_assert_cmpint(symlink(target, full), ==, 0);
    g_ptr_array_add(paths, full);
}

static void remove_all(void)
{
    for (guint i = paths->len; i > 0; i--) {
        g_autofree char *parent = g_strdup(g_ptr_array_index(paths, i - 1));

        unlink(parent);
        do { /* remove the folders that are empty now */
            char *up = g_path_get_dirname(parent);

            g_free(parent);
            parent = up;
        } while (strcmp(parent, folder) != 0 && rmdir(parent) == 0);
    }
    g_ptr_array_set_size(paths, 0);
}

static ImageRoot *open_root(void)
{
    g_autoptr(GError) error = NULL;
    ImageRoot *root = image_root_open(folder, g_get_tmp_dir(), &error);

    g_assert_no_error(error);
    return root;
}

/* Makes a root with two kernels. The newer one has its files where Fedora puts them, and so no initramfs in /boot. */
static void put_kernels(void)
{
    put("usr/lib/modules/6.1.9-s390x/modules.dep",
        "kernel/dasd_mod.ko:\nkernel/dasd_eckd_mod.ko: kernel/dasd_mod.ko\n");
    put("usr/lib/modules/6.1.9-s390x/modules.builtin",
        "kernel/virtio_blk.ko\nkernel/virtio_console.ko\nkernel/ext4.ko\n");
    put("boot/vmlinuz-6.1.9-s390x", "kernel 9");
    put("boot/initrd.img-6.1.9-s390x", "initrd 9");
    put("usr/lib/modules/6.1.10-s390x/modules.dep", "");
    put("usr/lib/modules/6.1.10-s390x/vmlinuz", "kernel 10");
    put("usr/lib/modules/7.0-no-kernel/modules.dep", "");
    put("usr/sbin/zipl", "zipl");
}

static ImageKernel *find_kernel(const ImageRoot *root)
{
    g_autoptr(GError) error = NULL;
    ImageKernel *kernel = image_kernel_find(root, &error);

    g_assert_no_error(error);
    return kernel;
}

static void test_newest_kernel(void)
{
    g_autoptr(ImageRoot) root = NULL;
    g_autoptr(ImageKernel) kernel = NULL;

    put_kernels();
    root = open_root();
    kernel = find_kernel(root);
    g_assert_cmpstr(kernel->version, ==, "6.1.10-s390x");
    g_assert_cmpstr(kernel->kernel, ==, "usr/lib/modules/6.1.10-s390x/vmlinuz");
    g_assert_null(kernel->initramfs);
    remove_all();
}

static void test_no_kernel(void)
{
    g_autoptr(ImageRoot) root = NULL;
    g_autoptr(GError) error = NULL;

    put("usr/lib/modules/7.0/modules.dep", "");
    put("boot/vmlinuz-6.0", "another version");
    root = open_root();
    g_assert_null(image_kernel_find(root, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
    remove_all();
}

static void test_modules(void)
{
    g_autoptr(ImageRoot) root = NULL;
    g_autoptr(ImageKernel) kernel = NULL;
    g_autoptr(GPtrArray) modules = NULL;
    g_autoptr(GError) error = NULL;

    put_kernels();
    g_assert_cmpint(unlink(g_ptr_array_index(paths, 4)), ==, 0); /* modules.dep of 6.1.10 */
    root = open_root();
    kernel = find_kernel(root);
    g_assert_cmpstr(kernel->initramfs, ==, "boot/initrd.img-6.1.9-s390x");
    modules = image_kernel_modules(root, kernel, IMAGE_EXT4, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(modules->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(modules, 0), ==, "usr/lib/modules/6.1.9-s390x/kernel/dasd_mod.ko");
    g_assert_cmpstr(g_ptr_array_index(modules, 1), ==, "usr/lib/modules/6.1.9-s390x/kernel/dasd_eckd_mod.ko");
    g_assert_null(image_kernel_modules(root, kernel, IMAGE_XFS, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "xfs"));
    remove_all();
}

/* Returns the text of a plan. */
static char *plan_text(GBytes *cpio)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    g_autofree char *text = g_malloc0(8192);
    gsize size;
    const void *data = g_bytes_get_data(cpio, &size);

    archive_read_support_format_cpio(archive);
    g_assert_cmpint(archive_read_open_memory(archive, data, size), ==, ARCHIVE_OK);
    while (archive_read_next_header(archive, &entry) == ARCHIVE_OK)
        if (archive_entry_filetype(entry) == AE_IFREG)
            g_assert_cmpint(archive_read_data(archive, text, 8191), >, 0);
    archive_read_free(archive);
    return g_steal_pointer(&text);
}

static char *make_plan(const char *parameters, GError **error)
{
    g_autoptr(ImageRoot) root = open_root();
    g_autoptr(ImageKernel) kernel = find_kernel(root);
    g_autoptr(ImagePlan) plan = image_plan_new("build");
    g_autoptr(GBytes) cpio = NULL;

    if (!image_system_plan(root, kernel, "0.0.1234", parameters, plan, error))
        return NULL;
    cpio = image_plan_finish(plan, NULL);
    return plan_text(cpio);
}

static void check_plan(const char *parameters, const char *const *lines)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = make_plan(parameters, &error);

    g_assert_no_error(error);
    for (; *lines; lines++) {
        g_autofree char *line = g_strconcat("\n", *lines, "\n", NULL);

        if (!strstr(text, line))
            g_error("the plan has no line %s:\n%s", *lines, text);
    }
}

static void check_no_plan(const char *parameters, int code, const char *message)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(make_plan(parameters, &error));
    g_assert_error(error, CCW_ERROR, code);
    g_assert_nonnull(strstr(error->message, message));
}

static void put_one_kernel(void)
{
    put("usr/lib/modules/6.1/modules.dep", "");
    put("boot/vmlinuz-6.1", "kernel");
    put("usr/sbin/zipl", "zipl");
}

static void test_plain_plan(void)
{
    const char *const lines[] = { "parameters='root=/dev/disk/by-path/ccw-0.0.1234-part1 quiet'",
                                  "zipl='made'",
                                  "reipl='no'",
                                  "kernel='/boot/vmlinuz-6.1'",
                                  "initramfs='/boot/initrd.img-6.1'",
                                  "old_kernel=''",
                                  "activation='none'",
                                  NULL };

    put_one_kernel();
    put("boot/initrd.img-6.1", "initrd");
    check_plan("quiet", lines);
    check_no_plan("a \"b\"", CCW_ERROR_INVALID, "double quote");
    check_no_plan("a\nb", CCW_ERROR_INVALID, "line break");
    remove_all();
}

/* A distribution's links, its tools, and its own zipl.conf. */
static void test_distribution_plan(void)
{
    const char *const debian[] = { "kernel='/boot/vmlinuz'",
                                   "initramfs='/boot/initrd.img'",
                                   "old_kernel='/boot/vmlinuz.old'",
                                   "activation='sysconfig'",
                                   "reipl='yes'",
                                   NULL };
    const char *const own[] = { "zipl='own'", "activation='zdev'", NULL };
    const char *const dracut[] = { "parameters='root=/dev/disk/by-path/ccw-0.0.1234-part1 rd.dasd=0.0.1234'", NULL };

    put_one_kernel();
    put_link("boot/vmlinuz", "vmlinuz-6.1");
    put("boot/initrd.img-6.1", "initrd");
    put_link("boot/initrd.img", "initrd.img-6.1");
    put("etc/sysconfig/hardware/config", "");
    put("usr/sbin/chzdev", "");
    put("usr/lib/tmpfiles.d/etc.conf", "");
    check_plan(NULL, debian);
    put("usr/lib/dracut/dracut-functions.sh", "");
    check_plan(NULL, dracut);
    remove_all();
    put_one_kernel();
    put("usr/sbin/chzdev", "");
    put("etc/zipl.conf", "");
    check_plan(NULL, own); /* this distribution needs no initramfs */
    check_no_plan("quiet", CCW_ERROR_INVALID, "/etc/zipl.conf");
    remove_all();
}

static void test_refused_plan(void)
{
    put_one_kernel();
    check_no_plan(NULL, CCW_ERROR_NOT_FOUND, "no initramfs for its kernel 6.1");
    remove_all();
    put("usr/lib/modules/6.1/modules.dep", "");
    put("boot/vmlinuz-6.1", "kernel");
    check_no_plan(NULL, CCW_ERROR_NOT_FOUND, "no program zipl");
    remove_all();
}

static gboolean has_member(GBytes *cpio, const char *path)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    gsize size;
    const void *data = g_bytes_get_data(cpio, &size);
    gboolean found = FALSE;

    archive_read_support_format_cpio(archive);
    g_assert_cmpint(archive_read_open_memory(archive, data, size), ==, ARCHIVE_OK);
    while (archive_read_next_header(archive, &entry) == ARCHIVE_OK)
        found = found || strcmp(archive_entry_pathname(entry), path) == 0;
    archive_read_free(archive);
    return found;
}

/* A script needs its interpreter, and every link on the way to both. */
static void test_script(void)
{
    static const char *const expected[] = { "bin", "usr/bin/tool", "usr/bin/sh", "usr/bin/dash" };
    g_autoptr(ImageCpio) cpio = image_cpio_new();
    g_autoptr(ImageRoot) root = NULL;
    g_autoptr(GBytes) archive = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = NULL;

    put("usr/bin/tool", "#! /bin/sh -e\necho\n");
    put_link("bin", "usr/bin");
    put_link("usr/bin/sh", "dash");
    put("usr/bin/dash", "a shell");
    put("usr/bin/broken", "#!/usr/bin/none\n");
    root = open_root();
    path = image_programs_find(root, "tool");
    g_assert_cmpstr(path, ==, "usr/bin/tool");
    g_assert_null(image_programs_find(root, "none"));
    g_assert_true(image_programs_add(root, path, cpio, &error));
    g_assert_no_error(error);
    g_assert_false(image_programs_add(root, "usr/bin/broken", cpio, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
    archive = image_cpio_finish(cpio, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++)
        g_assert_true(has_member(archive, expected[i]));
    remove_all();
}

static void test_damaged_program(void)
{
    g_autoptr(ImageCpio) cpio = image_cpio_new();
    g_autoptr(ImageRoot) root = NULL;
    g_autoptr(GError) error = NULL;

    put("usr/bin/tool", "\177ELF rubbish");
    root = open_root();
    g_assert_false(image_programs_add(root, "usr/bin/tool", cpio, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "usr/bin/tool"));
    remove_all();
}

int main(int argc, char **argv)
{
    int rc;

    g_test_init(&argc, &argv, NULL);
    folder = g_dir_make_tmp("image-system.XXXXXX", NULL);
    paths = g_ptr_array_new_with_free_func(g_free);
    g_test_add_func("/image/kernel/newest", test_newest_kernel);
    g_test_add_func("/image/kernel/none", test_no_kernel);
    g_test_add_func("/image/kernel/modules", test_modules);
    g_test_add_func("/image/system/plain", test_plain_plan);
    g_test_add_func("/image/system/distribution", test_distribution_plan);
    g_test_add_func("/image/system/refused", test_refused_plan);
    g_test_add_func("/image/programs/script", test_script);
    g_test_add_func("/image/programs/damaged", test_damaged_program);
    rc = g_test_run();
    g_ptr_array_unref(paths);
    rmdir(folder);
    g_free(folder);
    return rc;
}
