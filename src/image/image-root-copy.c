/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copies a folder or a tar archive of any compression into an uncompressed pax archive, and notes where in it each file
 * is. libarchive reads and writes both.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/image-root-private.h"
#include "util/error.h"

#define ENTRIES_MAX 4000000u
#define BUFFER_SIZE 1048576u

typedef struct {
    ImageRoot *root;
    const char *folder; /* NULL: the root is an archive */
    struct archive *from;
    struct archive *to;
    struct archive_entry_linkresolver *links; /* finds the hard links of a folder; an archive names them itself */
    guint64 written;                          /* bytes of the new archive */
    int saved_errno;                          /* of a write that failed */
} Copy;

static gboolean fail(const Copy *copy, struct archive *archive, const char *path, GError **error)
{
    if (archive == copy->to && copy->saved_errno) {
        ccw_error_set_errno(error, copy->saved_errno, "cannot write a copy of %s to a temporary file in %s",
                            copy->root->name, copy->root->work_dir);
        return FALSE;
    }
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "cannot read %s%s%s: %s", copy->root->name, path ? ": " : "",
                path ? path : "", archive_error_string(archive));
    return FALSE;
}

static la_ssize_t write_part(struct archive *archive G_GNUC_UNUSED, void *opaque, const void *bytes, size_t length)
{
    Copy *copy = opaque;
    ssize_t n;

    do
        n = pwrite(copy->root->fd, bytes, length, (off_t)copy->written);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        copy->saved_errno = errno;
        return -1;
    }
    copy->written += (guint64)n;
    return n;
}

/*
 * Returns: the path in the root, without '/' at its begin; "" for the root itself; NULL for a path that leads out of
 * the root. path: "./usr/bin", "/usr/bin", or with the name of the folder before it
 */
static char *path_in_root(const Copy *copy, const char *path)
{
    g_auto(GStrv) parts = NULL;
    GString *inside = g_string_new(NULL);

    if (copy->folder && g_str_has_prefix(path, copy->folder))
        path += strlen(copy->folder);
    parts = g_strsplit(path, "/", -1);
    for (char **part = parts; *part; part++) {
        if (strcmp(*part, "..") == 0) {
            g_string_free(inside, TRUE);
            return NULL;
        }
        if (**part && strcmp(*part, ".") != 0)
            g_string_append_printf(inside, "%s%s", inside->len > 0 ? "/" : "", *part);
    }
    return g_string_free(inside, FALSE);
}

static gboolean copy_data(Copy *copy, const char *path, guint64 size, GError **error)
{
    g_autofree guint8 *zeros = NULL;
    const void *bytes;
    la_int64_t offset;
    size_t length;
    guint64 done = 0;
    int rc;

    while ((rc = archive_read_data_block(copy->from, &bytes, &length, &offset)) == ARCHIVE_OK) {
        while (done < (guint64)offset) { /* a hole */
            gsize part = MIN((guint64)offset - done, BUFFER_SIZE);

            zeros = zeros ? zeros : g_malloc0(BUFFER_SIZE);
            if (archive_write_data(copy->to, zeros, part) != (la_ssize_t)part)
                return fail(copy, copy->to, path, error);
            done += part;
        }
        if (archive_write_data(copy->to, bytes, length) != (la_ssize_t)length)
            return fail(copy, copy->to, path, error);
        done += length;
    }
    if (rc != ARCHIVE_EOF)
        return fail(copy, copy->from, path, error);
    if (done <= size) /* the writer adds the zeros of a hole at the end */
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s: %s grew while it was read", copy->root->name, path);
    return FALSE;
}

static ImageRootKind kind_of(struct archive_entry *entry)
{
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
        return IMAGE_ROOT_FILE;
    case AE_IFDIR:
        return IMAGE_ROOT_FOLDER;
    case AE_IFLNK:
        return IMAGE_ROOT_LINK;
    default:
        return IMAGE_ROOT_OTHER;
    }
}

/* A hard link gets the bytes of the file to which it leads, which is in the archive already. */
static gboolean add_hard_link(Copy *copy, const char *path, const char *target, GError **error)
{
    const ImageRootEntry *first = target ? g_hash_table_lookup(copy->root->entries, target) : NULL;
    ImageRootEntry *added;

    if (!first) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "cannot read %s: the hard link %s leads to a file that does not precede it", copy->root->name,
                    path);
        return FALSE;
    }
    added = g_memdup2(first, sizeof(*first));
    added->target = g_strdup(first->target);
    g_hash_table_replace(copy->root->entries, g_strdup(path), added);
    return TRUE;
}

static void add_entry(Copy *copy, const char *path, struct archive_entry *entry, guint64 size)
{
    ImageRootEntry *added = g_new0(ImageRootEntry, 1);

    added->kind = kind_of(entry);
    added->target = added->kind == IMAGE_ROOT_LINK ? g_strdup(archive_entry_symlink(entry)) : NULL;
    added->size = size;
    added->offset = copy->written;
    copy->root->size += (size / IMAGE_ROOT_BLOCK + 1) * IMAGE_ROOT_BLOCK;
    g_hash_table_replace(copy->root->entries, g_strdup(path), added);
}

static gboolean copy_entry(Copy *copy, const char *path, struct archive_entry *entry, GError **error)
{
    g_autofree char *hard = archive_entry_hardlink(entry) ? path_in_root(copy, archive_entry_hardlink(entry)) : NULL;
    gboolean is_hard = archive_entry_hardlink(entry) != NULL;
    guint64 size = !is_hard && kind_of(entry) == IMAGE_ROOT_FILE ? (guint64)archive_entry_size(entry) : 0;

    if (size > IMAGE_ROOT_SIZE_MAX || copy->root->size > IMAGE_ROOT_SIZE_MAX - size) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "%s: with %s, of %" G_GUINT64_FORMAT " bytes, the files are larger than the largest 3390 (a sparse "
                    "file counts with its holes): remove or truncate it",
                    copy->root->name, path, size);
        return FALSE;
    }
    archive_entry_set_pathname(entry, path);
    archive_entry_sparse_clear(entry);
    if (is_hard)
        archive_entry_set_hardlink(entry, hard);
    if (is_hard && !add_hard_link(copy, path, hard, error))
        return FALSE;
    archive_entry_set_size(entry, (la_int64_t)size);
    if (archive_write_header(copy->to, entry) < ARCHIVE_WARN)
        return fail(copy, copy->to, path, error);
    if (!is_hard)
        add_entry(copy, path, entry, size);
    return size == 0 || copy_data(copy, path, size, error);
}

/* Copies an entry. Skips sockets, and the root folder itself, which mkfs makes. */
static gboolean copy_next(Copy *copy, struct archive_entry *entry, GError **error)
{
    const char *name = archive_entry_pathname(entry);
    g_autofree char *path = name && strlen(name) < PATH_MAX ? path_in_root(copy, name) : NULL;

    if (!path) {
        const char *why = !name                      ? "the name of a file is not UTF-8"
                          : strlen(name) >= PATH_MAX ? "the path of a file is too long"
                                                     : "a path leads out of the root file system";

        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s: %s: '%.80s'", copy->root->name, why, name ? name : "?");
        return FALSE;
    }
    if (g_hash_table_size(copy->root->entries) >= ENTRIES_MAX) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s has more than %u files", copy->root->name, ENTRIES_MAX);
        return FALSE;
    }
    if (copy->folder && archive_entry_filetype(entry) == AE_IFDIR)
        archive_read_disk_descend(copy->from);
    if (!*path || archive_entry_filetype(entry) == AE_IFSOCK)
        return TRUE;
    return copy_entry(copy, path, entry, error);
}

static gboolean copy_linked(Copy *copy, struct archive_entry *entry, GError **error)
{
    struct archive_entry *rest = NULL;

    if (copy->folder)
        archive_entry_linkify(copy->links, &entry, &rest);
    return copy_next(copy, entry, error);
}

static gboolean copy_all(Copy *copy, GError **error)
{
    struct archive_entry *entry = archive_entry_new();
    gboolean ok = TRUE;
    int rc = ARCHIVE_OK;

    while (ok && (rc = archive_read_next_header2(copy->from, entry)) != ARCHIVE_EOF) {
        ok = rc >= ARCHIVE_WARN ? copy_linked(copy, entry, error)
                                : fail(copy, copy->from, archive_entry_pathname(entry), error);
        archive_entry_clear(entry);
    }
    archive_entry_free(entry);
    if (ok && archive_write_close(copy->to) != ARCHIVE_OK)
        return fail(copy, copy->to, NULL, error);
    if (ok && g_hash_table_size(copy->root->entries) == 0) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s is empty: give a root file system", copy->root->name);
        return FALSE;
    }
    return ok;
}

static struct archive *open_folder(const char *path, int *ret_rc)
{
    struct archive *archive = archive_read_disk_new();

    archive_read_disk_set_symlink_physical(archive);
    archive_read_disk_set_behavior(archive, ARCHIVE_READDISK_NO_TRAVERSE_MOUNTS | ARCHIVE_READDISK_NO_FFLAGS);
    *ret_rc = archive_read_disk_open(archive, path);
    return archive;
}

static struct archive *open_tar(int fd, int *ret_rc)
{
    struct archive *archive = archive_read_new();

    archive_read_support_filter_all(archive);
    archive_read_support_format_tar(archive);
    *ret_rc = archive_read_open_fd(archive, fd, BUFFER_SIZE);
    return archive;
}

static struct archive *open_pax(Copy *copy, int *ret_rc)
{
    struct archive *archive = archive_write_new();

    archive_write_set_format_pax_restricted(archive);
    archive_write_set_format_option(archive, NULL, "xattrheader", "SCHILY"); /* the one that GNU tar reads */
    archive_write_set_bytes_per_block(archive, 0); /* so that copy->written is where the next byte goes */
    *ret_rc = archive_write_open(archive, copy, NULL, write_part, NULL);
    return archive;
}

static gboolean copy_from(ImageRoot *root, const char *path, int fd, gboolean is_folder, GError **error)
{
    Copy copy = { .root = root, .folder = is_folder ? path : NULL };
    int rc, to_rc;
    gboolean ok;

    copy.from = is_folder ? open_folder(path, &rc) : open_tar(fd, &rc);
    copy.to = open_pax(&copy, &to_rc);
    copy.links = archive_entry_linkresolver_new();
    archive_entry_linkresolver_set_strategy(copy.links, ARCHIVE_FORMAT_TAR);
    if (rc != ARCHIVE_OK)
        ok = fail(&copy, copy.from, NULL, error);
    else if (to_rc != ARCHIVE_OK)
        ok = fail(&copy, copy.to, NULL, error);
    else
        ok = copy_all(&copy, error);
    archive_entry_linkresolver_free(copy.links);
    archive_read_free(copy.from);
    archive_write_free(copy.to);
    return ok;
}

/* Reads names as UTF-8, whatever the user's locale is: a root file system has names in UTF-8. */
static gboolean copy_in_utf8(ImageRoot *root, const char *path, int fd, gboolean is_folder, GError **error)
{
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
    gboolean ok = copy_from(root, path, fd, is_folder, error);

    if (utf8) {
        uselocale(before);
        freelocale(utf8);
    }
    return ok;
}

gboolean image_root_copy(ImageRoot *root, const char *path, GError **error)
{
    gboolean is_stdin = strcmp(path, "-") == 0, ok;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0) {
        ccw_error_set_errno(error, errno, "cannot open the root file system %s", root->name);
        if (fd >= 0)
            close(fd);
        return FALSE;
    }
    ok = copy_in_utf8(root, path, fd, S_ISDIR(st.st_mode), error);
    if (!is_stdin)
        close(fd);
    return ok;
}
