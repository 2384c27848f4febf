/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-programs.h"

#include <string.h>

#include "image/image-elf.h"
#include "util/error.h"

#define FILES_MAX 4096u /* of one program, with its libraries */

static const char *const program_folders[] = { "usr/sbin", "usr/bin", "sbin", "bin", NULL };

/* Where the dynamic loaders of the distributions look without being told. */
static const char *const library_folders[] = {
    "lib/s390x-linux-gnu", "usr/lib/s390x-linux-gnu", "lib64", "usr/lib64", "lib", "usr/lib", NULL
};

static char *find_in(const ImageRoot *root, const char *const *folders, const char *name)
{
    for (; *folders; folders++) {
        g_autofree char *path = g_build_filename(*folders, name, NULL);

        if (image_root_has(root, path))
            return g_steal_pointer(&path);
    }
    return NULL;
}

char *image_programs_find(const ImageRoot *root, const char *name)
{
    return find_in(root, program_folders, name);
}

/* Returns: the folders of a run path in the root, with $ORIGIN replaced, and last the folder of the file itself. */
static GStrv own_folders(const ImageElf *elf, const char *path)
{
    g_autofree char *origin = g_path_get_dirname(path);
    g_autofree char *own = g_strconcat(elf->run_path ? elf->run_path : "", ":", origin, NULL);
    g_auto(GStrv) folders = g_strsplit(own, ":", -1);
    GStrvBuilder *builder = g_strv_builder_new();
    GStrv found;

    for (char **folder = folders; *folder; folder++) {
        g_autoptr(GString) text = g_string_new(*folder);

        g_string_replace(text, "$ORIGIN", origin, 0);
        g_string_replace(text, "${ORIGIN}", origin, 0);
        if (text->len > 0)
            g_strv_builder_add(builder, text->str);
    }
    found = g_strv_builder_end(builder);
    g_strv_builder_unref(builder);
    return found;
}

/* Puts what an ELF file needs on the list of files to add. */
static gboolean push_needed(const ImageRoot *root, const char *path, GBytes *data, GPtrArray *rest, GError **error)
{
    g_autoptr(ImageElf) elf = image_elf_read(data, path, error);
    g_auto(GStrv) own = elf ? own_folders(elf, path) : NULL;

    if (!elf)
        return FALSE;
    if (elf->interpreter)
        g_ptr_array_add(rest, g_strdup(elf->interpreter));
    for (guint i = 0; i < elf->needed->len; i++) {
        const char *name = g_ptr_array_index(elf->needed, i);
        char *library = find_in(root, library_folders, name);

        library = library ? library : find_in(root, (const char *const *)own, name);
        if (!library) {
            g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "the root file system has no library %s, which %s needs",
                        name, path);
            return FALSE;
        }
        g_ptr_array_add(rest, library);
    }
    return TRUE;
}

/* Puts the interpreter of a script on the list. Its first line is "#! /bin/sh -e", for example. */
static void push_interpreter(GBytes *data, GPtrArray *rest)
{
    gsize size;
    const char *text = g_bytes_get_data(data, &size);
    const char *end = memchr(text, '\n', size);
    g_autofree char *line = end ? g_strndup(text + 2, (gsize)(end - text) - 2) : NULL;
    g_auto(GStrv) words = line ? g_strsplit_set(g_strstrip(line), " \t", 2) : NULL;

    if (words && words[0] && *words[0])
        g_ptr_array_add(rest, g_strdup(words[0]));
}

static gboolean add_links(const ImageRoot *root, GPtrArray *links, ImageCpio *cpio, GError **error)
{
    for (guint i = 0; i < links->len; i++) {
        const char *link = g_ptr_array_index(links, i);

        if (!image_cpio_add_link(cpio, link, image_root_link(root, link), error))
            return FALSE;
    }
    return TRUE;
}

/* Adds one file with the links that lead to it. seen: paths without links, of files that were added */
static gboolean add_one(const ImageRoot *root, const char *path, GPtrArray *rest, GHashTable *seen, ImageCpio *cpio,
                        GError **error)
{
    g_autoptr(GPtrArray) links = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *found = image_root_resolve(root, path, links);
    g_autoptr(GBytes) data = image_root_read(root, path, error);
    gsize size;
    const char *bytes;

    if (!data || !add_links(root, links, cpio, error))
        return FALSE;
    if (!g_hash_table_add(seen, g_strdup(found)))
        return TRUE;
    if (!image_cpio_add_file(cpio, found, data, 0755, error))
        return FALSE;
    if (image_elf_is(data))
        return push_needed(root, found, data, rest, error);
    bytes = g_bytes_get_data(data, &size);
    if (size > 2 && memcmp(bytes, "#!", 2) == 0)
        push_interpreter(data, rest);
    return TRUE;
}

gboolean image_programs_add(const ImageRoot *root, const char *path, ImageCpio *cpio, GError **error)
{
    g_autoptr(GPtrArray) rest = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    g_ptr_array_add(rest, g_strdup(path));
    while (rest->len > 0) {
        g_autofree char *next = g_ptr_array_steal_index(rest, rest->len - 1);

        if (g_hash_table_size(seen) >= FILES_MAX) {
            g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s needs more than %u libraries", path, FILES_MAX);
            return FALSE;
        }
        if (!add_one(root, next, rest, seen, cpio, error))
            return FALSE;
    }
    return TRUE;
}
