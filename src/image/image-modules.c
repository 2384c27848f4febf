/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-modules.h"

#include <string.h>

#include "util/error.h"

#define DEPTH_MAX 64 /* modules that need each other in a chain; Linux has fewer than ten */

struct _ImageModules {
    GHashTable *files;   /* name -> path, both char * */
    GHashTable *needs;   /* path -> GStrv of paths */
    GHashTable *builtin; /* names */
};

void image_modules_free(ImageModules *modules)
{
    if (!modules)
        return;
    g_hash_table_unref(modules->files);
    g_hash_table_unref(modules->needs);
    g_hash_table_unref(modules->builtin);
    g_free(modules);
}

/* Returns: "dasd_eckd_mod" of "kernel/drivers/s390/block/dasd-eckd_mod.ko.xz"; NULL if that is no module. */
static char *name_of(const char *path)
{
    const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    const char *suffix = strstr(base, ".ko");
    char *name;

    if (!suffix || suffix == base || (suffix[3] != '\0' && suffix[3] != '.'))
        return NULL;
    name = g_strndup(base, (gsize)(suffix - base));
    g_strdelimit(name, "-", '_');
    return name;
}

static gboolean is_safe(const char *path)
{
    return *path && *path != '/' && !strstr(path, "..");
}

static gboolean refuse(const char *file, gsize number, GError **error)
{
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s is damaged: line %zu names no module", file, number);
    return FALSE;
}

/* Adds "PATH: PATH PATH...". */
static gboolean add_line(ImageModules *modules, const char *line, gsize number, GError **error)
{
    const char *colon = strchr(line, ':');
    g_autofree char *path = colon ? g_strndup(line, (gsize)(colon - line)) : NULL;
    g_autofree char *name = path ? name_of(path) : NULL;
    g_auto(GStrv) needs = NULL;

    if (!name || !is_safe(path))
        return refuse("modules.dep", number, error);
    needs = g_strsplit_set(g_strstrip((char *)colon + 1), " \t", -1);
    for (char **need = needs; *need; need++)
        if (**need && !is_safe(*need))
            return refuse("modules.dep", number, error);
    g_hash_table_replace(modules->files, g_steal_pointer(&name), g_strdup(path));
    g_hash_table_replace(modules->needs, g_steal_pointer(&path), g_steal_pointer(&needs));
    return TRUE;
}

static gboolean parse_dep(ImageModules *modules, const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (gsize i = 0; lines[i]; i++)
        if (*lines[i] && !add_line(modules, lines[i], i + 1, error))
            return FALSE;
    return TRUE;
}

static gboolean parse_builtin(ImageModules *modules, const char *text, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (gsize i = 0; lines[i]; i++) {
        char *name = *lines[i] ? name_of(lines[i]) : NULL;

        if (*lines[i] && !name)
            return refuse("modules.builtin", i + 1, error);
        if (name)
            g_hash_table_add(modules->builtin, name);
    }
    return TRUE;
}

ImageModules *image_modules_parse(const char *dep, const char *builtin, GError **error)
{
    g_autoptr(ImageModules) modules = g_new0(ImageModules, 1);

    modules->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    modules->needs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_strfreev);
    modules->builtin = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!parse_dep(modules, dep, error) || (builtin && !parse_builtin(modules, builtin, error)))
        return NULL;
    return g_steal_pointer(&modules);
}

/* open: the paths whose needs are being added; a path that is met again among them needs itself. */
static gboolean add_path(const ImageModules *modules, const char *path, GHashTable *open, GPtrArray *paths,
                         GError **error)
{
    char *const *needs = g_hash_table_lookup(modules->needs, path);

    if (g_ptr_array_find_with_equal_func(paths, path, g_str_equal, NULL))
        return TRUE;
    if (!needs || g_hash_table_size(open) >= DEPTH_MAX || !g_hash_table_add(open, (gpointer)path)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "modules.dep is damaged: %s %s", path,
                    needs ? "needs itself, or too long a chain of modules" : "has no line");
        return FALSE;
    }
    for (; *needs; needs++)
        if (**needs && !add_path(modules, *needs, open, paths, error))
            return FALSE;
    g_hash_table_remove(open, path);
    g_ptr_array_add(paths, g_strdup(path));
    return TRUE;
}

gboolean image_modules_add(const ImageModules *modules, const char *name, GPtrArray *paths, GError **error)
{
    g_autofree char *key = g_strdelimit(g_strdup(name), "-", '_');
    const char *path = g_hash_table_lookup(modules->files, key);
    g_autoptr(GHashTable) open = g_hash_table_new(g_str_hash, g_str_equal);

    if (path)
        return add_path(modules, path, open, paths, error);
    if (g_hash_table_contains(modules->builtin, key))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "the kernel has no module %s, and does not have it built in",
                name);
    return FALSE;
}
