/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-captive.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "image/image-cpio.h"
#include "image/image-data.h"
#include "image/image-programs.h"
#include "util/error.h"
#include "util/file.h"

#define KERNEL "kernel"
#define INITRAMFS "initramfs"
#define MEMBER_MAX (1024u << 20)

/* The programs that guest/init and its parts run. */
static const char *const needed_programs[] = { "mount", "umount", "mkdir", "ln",    "cat",    "insmod",
                                               "sleep", "chroot", "tar",   "fdasd", "dasdfmt" };
/* What helps a user of the rescue mode. setsid and stty are for a terminal. */
static const char *const useful_programs[] = { "bash",      "ls",       "cp",         "rm",      "mv",
                                               "dd",        "df",       "dmesg",      "setsid",  "stty",
                                               "blkid",     "dasdview", "sync",       "findmnt", "lsblk",
                                               "lsdasd",    "lscss",    "chccwdev",   "e2fsck",  "fsck.ext4",
                                               "resize2fs", "tune2fs",  "xfs_repair", "btrfs",   "sha256sum" };
static const char *const useful_files[] = { "etc/mke2fs.conf", "etc/ld.so.cache" };

/* The parts of this project: files of src/image/guest. */
static const struct {
    const char *path;
    const char *resource;
    guint mode;
} own_files[] = {
    { "init", "/libvirt-ccw/image/init", 0755 },
    { "virt-ccw/build", "/libvirt-ccw/image/build", 0644 },
    { "virt-ccw/run", "/libvirt-ccw/image/run", 0644 },
};
#define SHELL "/bin/sh"
#define MODULE_FOLDER "virt-ccw/modules"
#define MODULE_LIST "virt-ccw/module-list"

void image_captive_free(ImageCaptive *captive)
{
    if (!captive)
        return;
    g_clear_pointer(&captive->kernel, g_bytes_unref);
    g_clear_pointer(&captive->initramfs, g_bytes_unref);
    g_free(captive);
}

static gboolean add_needed(const ImageRoot *root, const char *name, ImageCpio *cpio, GError **error)
{
    g_autofree char *path = image_programs_find(root, name);

    if (path)
        return image_programs_add(root, path, cpio, error);
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                "the root file system has no program %s, which the build runs: install it there", name);
    return FALSE;
}

/* Adds a program if the root has it, and everything that it needs. */
static gboolean add_useful(const ImageRoot *root, const char *name, ImageCpio *cpio, GError **error)
{
    g_autofree char *path = image_programs_find(root, name);
    g_autoptr(GError) failure = NULL;

    if (!path || image_programs_add(root, path, cpio, &failure) ||
        g_error_matches(failure, CCW_ERROR, CCW_ERROR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}

static gboolean add_programs(const ImageRoot *root, ImageFileSystem file_system, ImageCpio *cpio, GError **error)
{
    g_autofree char *mkfs = g_strconcat("mkfs.", image_file_system_name(file_system), NULL);

    if (!image_programs_add(root, SHELL, cpio, error)) /* the interpreter of guest/init */
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(needed_programs); i++)
        if (!add_needed(root, needed_programs[i], cpio, error))
            return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(useful_programs); i++)
        if (!add_useful(root, useful_programs[i], cpio, error))
            return FALSE;
    return add_needed(root, mkfs, cpio, error);
}

static gboolean add_files(const ImageRoot *root, ImageCpio *cpio, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(useful_files); i++) {
        g_autoptr(GBytes) data =
            image_root_has(root, useful_files[i]) ? image_root_read(root, useful_files[i], NULL) : NULL;

        if (data && !image_cpio_add_file(cpio, useful_files[i], data, 0644, error))
            return FALSE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(own_files); i++) {
        g_autoptr(GBytes) data = g_resource_lookup_data(image_data_get_resource(), own_files[i].resource,
                                                        G_RESOURCE_LOOKUP_FLAGS_NONE, error);

        if (!data || !image_cpio_add_file(cpio, own_files[i].path, data, own_files[i].mode, error))
            return FALSE;
    }
    return TRUE;
}

/* Reads the only member of a raw archive, or the current one of any other. */
static GBytes *read_member(struct archive *archive, const char *name, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autofree guint8 *buffer = g_malloc(65536);
    la_ssize_t n;

    while ((n = archive_read_data(archive, buffer, 65536)) > 0 && bytes->len <= MEMBER_MAX)
        g_byte_array_append(bytes, buffer, (guint)n);
    if (n == 0)
        return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "cannot read %s: %s", name,
                n < 0 ? archive_error_string(archive) : "it is longer than 1 GiB");
    return NULL;
}

/* Decompresses a module, so that every insmod can load it. */
static GBytes *inflate(GBytes *data, const char *name, GError **error)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    GBytes *plain = NULL;
    gsize size;
    const void *bytes = g_bytes_get_data(data, &size);

    archive_read_support_filter_all(archive);
    archive_read_support_format_raw(archive);
    if (archive_read_open_memory(archive, bytes, size) == ARCHIVE_OK &&
        archive_read_next_header(archive, &entry) == ARCHIVE_OK)
        plain = read_member(archive, name, error);
    else
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "cannot decompress %s: %s", name,
                    archive_error_string(archive));
    archive_read_free(archive);
    return plain;
}

/* Adds the modules, decompressed, and a list of them in the order in which /init loads them. */
static gboolean add_modules(const ImageRoot *root, GPtrArray *modules, ImageCpio *cpio, GError **error)
{
    g_autoptr(GString) list = g_string_new(NULL);
    g_autoptr(GBytes) bytes = NULL;

    for (guint i = 0; i < modules->len; i++) {
        const char *path = g_ptr_array_index(modules, i);
        g_autofree char *base = g_path_get_basename(path);
        g_autofree char *added = NULL;
        g_autoptr(GBytes) data = image_root_read(root, path, error);
        g_autoptr(GBytes) plain = data ? inflate(data, path, error) : NULL;

        if (!plain)
            return FALSE;
        *strstr(base, ".ko") = '\0'; /* image_modules_parse() has found one in it */
        added = g_strdup_printf(MODULE_FOLDER "/%s.ko", base);
        g_string_append_printf(list, "/%s\n", added);
        if (!image_cpio_add_file(cpio, added, plain, 0644, error))
            return FALSE;
    }
    bytes = g_bytes_new(list->str, list->len);
    return image_cpio_add_file(cpio, MODULE_LIST, bytes, 0644, error);
}

static gboolean add_folders(ImageCpio *cpio, GError **error)
{
    static const char *const folders[] = { "dev", "mnt", "proc", "root", "run", "sys", "tmp" };

    for (gsize i = 0; i < G_N_ELEMENTS(folders); i++)
        if (!image_cpio_add_folder(cpio, folders[i], error))
            return FALSE;
    return TRUE;
}

ImageCaptive *image_captive_make(const ImageRoot *root, const ImageKernel *kernel, ImageFileSystem file_system,
                                 GError **error)
{
    g_autoptr(ImageCaptive) captive = g_new0(ImageCaptive, 1);
    g_autoptr(ImageCpio) cpio = image_cpio_new();
    g_autoptr(GPtrArray) modules = image_kernel_modules(root, kernel, file_system, error);

    /* The programs come first: their folders may be symbolic links. */
    if (!modules || !add_programs(root, file_system, cpio, error) || !add_files(root, cpio, error) ||
        !add_modules(root, modules, cpio, error) || !add_folders(cpio, error))
        return NULL;
    captive->kernel = image_root_read(root, kernel->kernel, error);
    captive->initramfs = captive->kernel ? image_cpio_finish(cpio, error) : NULL;
    return captive->initramfs ? g_steal_pointer(&captive) : NULL;
}

static gboolean load_member(ImageCaptive *captive, struct archive *archive, struct archive_entry *entry,
                            const char *path, GError **error)
{
    const char *name = archive_entry_pathname(entry);
    GBytes **member = g_strcmp0(name, KERNEL) == 0      ? &captive->kernel
                      : g_strcmp0(name, INITRAMFS) == 0 ? &captive->initramfs
                                                        : NULL;

    if (!member || *member) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "%s does not hold a captive guest: a file in it is neither " KERNEL " nor " INITRAMFS
                    ", or there twice",
                    path);
        return FALSE;
    }
    *member = read_member(archive, path, error);
    return *member != NULL;
}

static gboolean load_all(ImageCaptive *captive, struct archive *archive, const char *path, GError **error)
{
    struct archive_entry *entry;
    int rc = archive_read_open_filename(archive, path, 65536);

    while (rc == ARCHIVE_OK && (rc = archive_read_next_header(archive, &entry)) == ARCHIVE_OK)
        if (!load_member(captive, archive, entry, path, error))
            return FALSE;
    if (rc == ARCHIVE_EOF && captive->kernel && captive->initramfs)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s does not hold a captive guest of 'virt-ccw image build': %s",
                path, rc == ARCHIVE_EOF ? "the kernel or the initramfs is missing" : archive_error_string(archive));
    return FALSE;
}

ImageCaptive *image_captive_load(const char *path, GError **error)
{
    g_autoptr(ImageCaptive) captive = g_new0(ImageCaptive, 1);
    struct archive *archive = archive_read_new();
    gboolean ok;

    archive_read_support_format_cpio(archive);
    ok = load_all(captive, archive, path, error);
    archive_read_free(archive);
    return ok ? g_steal_pointer(&captive) : NULL;
}

gboolean image_captive_save(const ImageCaptive *captive, const char *path, GError **error)
{
    g_autoptr(ImageCpio) cpio = image_cpio_new();
    g_autoptr(GBytes) bytes = NULL;
    gsize size;
    const char *data;

    if (!image_cpio_add_file(cpio, KERNEL, captive->kernel, 0644, error) ||
        !image_cpio_add_file(cpio, INITRAMFS, captive->initramfs, 0644, error))
        return FALSE;
    bytes = image_cpio_finish(cpio, error);
    if (!bytes)
        return FALSE;
    data = g_bytes_get_data(bytes, &size);
    return ccw_file_replace(path, data, size, 0644, error);
}
