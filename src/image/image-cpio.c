/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-cpio.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

#include "util/error.h"

struct _ImageCpio {
    struct archive *archive;
    GByteArray *bytes;
    GHashTable *paths; /* what is in the archive */
    gint64 number;     /* of the last file: its inode */
};

static la_ssize_t append(struct archive *archive G_GNUC_UNUSED, void *opaque, const void *bytes, size_t length)
{
    ImageCpio *cpio = opaque;

    if (length > G_MAXUINT32 - 1024 - cpio->bytes->len) {
        archive_set_error(archive, EFBIG, "the initramfs is larger than 4 GiB");
        return -1;
    }
    g_byte_array_append(cpio->bytes, bytes, (guint)length);
    return (la_ssize_t)length;
}

ImageCpio *image_cpio_new(void)
{
    ImageCpio *cpio = g_new0(ImageCpio, 1);

    cpio->bytes = g_byte_array_new();
    cpio->paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    cpio->archive = archive_write_new();
    archive_write_set_format_cpio_newc(cpio->archive);
    archive_write_open(cpio->archive, cpio, NULL, append, NULL);
    return cpio;
}

void image_cpio_free(ImageCpio *cpio)
{
    if (!cpio)
        return;
    archive_write_free(cpio->archive);
    g_byte_array_unref(cpio->bytes);
    g_hash_table_unref(cpio->paths);
    g_free(cpio);
}

static gboolean fail(ImageCpio *cpio, const char *path, GError **error)
{
    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot add %s to the initramfs: %s", path,
                archive_error_string(cpio->archive));
    return FALSE;
}

/* Adds what the caller has described: mode, and data or a link's target. */
static gboolean add(ImageCpio *cpio, const char *path, struct archive_entry *entry, GBytes *data, GError **error)
{
    gsize size = 0;
    const void *bytes = data ? g_bytes_get_data(data, &size) : NULL;

    archive_entry_set_pathname(entry, path);
    archive_entry_set_size(entry, (la_int64_t)size);
    archive_entry_set_ino64(entry, ++cpio->number);
    archive_entry_set_nlink(entry, 1);
    g_hash_table_add(cpio->paths, g_strdup(path));
    if (archive_write_header(cpio->archive, entry) != ARCHIVE_OK ||
        archive_write_data(cpio->archive, bytes, size) != (la_ssize_t)size)
        return fail(cpio, path, error);
    return TRUE;
}

static gboolean add_parents(ImageCpio *cpio, const char *path, GError **error)
{
    g_autofree char *parent = g_path_get_dirname(path);

    return g_str_equal(parent, ".") || image_cpio_add_folder(cpio, parent, error);
}

static gboolean add_entry(ImageCpio *cpio, const char *path, guint mode, const char *target, GBytes *data,
                          GError **error)
{
    struct archive_entry *entry;
    gboolean ok;

    if (g_hash_table_contains(cpio->paths, path))
        return TRUE;
    if (!add_parents(cpio, path, error))
        return FALSE;
    entry = archive_entry_new();
    archive_entry_set_mode(entry, mode);
    if (target)
        archive_entry_set_symlink(entry, target);
    ok = add(cpio, path, entry, data, error);
    archive_entry_free(entry);
    return ok;
}

gboolean image_cpio_add_file(ImageCpio *cpio, const char *path, GBytes *data, guint mode, GError **error)
{
    return add_entry(cpio, path, AE_IFREG | (mode & 0777), NULL, data, error);
}

gboolean image_cpio_add_link(ImageCpio *cpio, const char *path, const char *target, GError **error)
{
    return add_entry(cpio, path, AE_IFLNK | 0777, target, NULL, error);
}

gboolean image_cpio_add_folder(ImageCpio *cpio, const char *path, GError **error)
{
    return add_entry(cpio, path, AE_IFDIR | 0755, NULL, NULL, error);
}

GBytes *image_cpio_finish(ImageCpio *cpio, GError **error)
{
    GByteArray *bytes;

    if (archive_write_close(cpio->archive) != ARCHIVE_OK) {
        fail(cpio, "its end", error);
        return NULL;
    }
    bytes = cpio->bytes;
    cpio->bytes = g_byte_array_new();
    return g_byte_array_free_to_bytes(bytes);
}
