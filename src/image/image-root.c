/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/image-root-private.h"
#include "util/error.h"
#include "util/file.h"

#define LINKS_MAX 40u /* as Linux */

static void entry_free(gpointer data)
{
    ImageRootEntry *entry = data;

    g_free(entry->target);
    g_free(entry);
}

ImageRoot *image_root_open(const char *path, const char *work_dir, GError **error)
{
    g_autoptr(ImageRoot) root = g_new0(ImageRoot, 1);

    root->name = g_strdup(strcmp(path, "-") == 0 ? "standard input" : path);
    root->work_dir = g_strdup(work_dir);
    root->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
    root->fd = ccw_file_open_nameless(work_dir);
    if (root->fd < 0) {
        ccw_error_set_errno(error, errno, "cannot create a temporary file in %s", work_dir);
        return NULL;
    }
    return image_root_copy(root, path, error) ? g_steal_pointer(&root) : NULL;
}

void image_root_free(ImageRoot *root)
{
    if (!root)
        return;
    if (root->fd >= 0)
        close(root->fd);
    g_hash_table_unref(root->entries);
    g_free(root->name);
    g_free(root->work_dir);
    g_free(root);
}

int image_root_fd(const ImageRoot *root)
{
    return root->fd;
}

guint64 image_root_size(const ImageRoot *root)
{
    return root->size;
}

/* Pushes the parts of a path onto the stack of parts to resolve. rest: its last element is the next part. */
static void push_parts(GPtrArray *rest, const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);

    for (guint i = g_strv_length(parts); i > 0; i--)
        if (*parts[i - 1] && strcmp(parts[i - 1], ".") != 0)
            g_ptr_array_add(rest, g_strdup(parts[i - 1]));
}

static void go_up(GString *path)
{
    const char *slash = strrchr(path->str, '/');

    g_string_truncate(path, slash ? (gsize)(slash - path->str) : 0);
}

char *image_root_resolve(const ImageRoot *root, const char *path, GPtrArray *links)
{
    g_autoptr(GPtrArray) rest = g_ptr_array_new_with_free_func(g_free);
    GString *here = g_string_new(NULL);
    guint followed = 0;

    push_parts(rest, path);
    while (rest->len > 0) {
        g_autofree char *part = g_ptr_array_steal_index(rest, rest->len - 1);
        gsize before = here->len;
        const char *target;

        if (strcmp(part, "..") == 0) {
            go_up(here);
            continue;
        }
        g_string_append_printf(here, "%s%s", before > 0 ? "/" : "", part);
        target = image_root_link(root, here->str);
        if (!target)
            continue;
        if (++followed > LINKS_MAX) {
            g_string_free(here, TRUE);
            return NULL;
        }
        if (links)
            g_ptr_array_add(links, g_strdup(here->str));
        g_string_truncate(here, *target == '/' ? 0 : before);
        push_parts(rest, target);
    }
    if (here->len == 0 || g_hash_table_contains(root->entries, here->str))
        return g_string_free(here, FALSE);
    g_string_free(here, TRUE);
    return NULL;
}

const char *image_root_link(const ImageRoot *root, const char *path)
{
    const ImageRootEntry *entry = g_hash_table_lookup(root->entries, path);

    return entry && entry->kind == IMAGE_ROOT_LINK ? entry->target : NULL;
}

gboolean image_root_has(const ImageRoot *root, const char *path)
{
    g_autofree char *found = image_root_resolve(root, path, NULL);

    return found != NULL;
}

static GBytes *read_entry(const ImageRoot *root, const ImageRootEntry *entry, const char *path, GError **error)
{
    g_autofree guint8 *bytes = g_malloc(entry->size + 1);

    for (guint64 done = 0; done < entry->size;) {
        ssize_t n = pread(root->fd, bytes + done, entry->size - done, (off_t)(entry->offset + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            ccw_error_set_errno(error, n < 0 ? errno : EIO, "cannot read %s of %s", path, root->name);
            return NULL;
        }
        done += (guint64)n;
    }
    return g_bytes_new_take(g_steal_pointer(&bytes), entry->size);
}

GBytes *image_root_read(const ImageRoot *root, const char *path, GError **error)
{
    g_autofree char *found = image_root_resolve(root, path, NULL);
    const ImageRootEntry *entry = found ? g_hash_table_lookup(root->entries, found) : NULL;

    if (!entry) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "%s has no file %s", root->name, path);
        return NULL;
    }
    if (entry->kind != IMAGE_ROOT_FILE || entry->size > IMAGE_ROOT_FILE_MAX) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s: %s is %s", root->name, path,
                    entry->kind == IMAGE_ROOT_FILE ? "too long" : "no regular file");
        return NULL;
    }
    return read_entry(root, entry, path, error);
}

void image_root_foreach(const ImageRoot *root, void (*func)(const char *path, gpointer data), gpointer data)
{
    GHashTableIter iter;
    gpointer path;

    g_hash_table_iter_init(&iter, root->entries);
    while (g_hash_table_iter_next(&iter, &path, NULL))
        func(path, data);
}
