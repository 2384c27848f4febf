/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/sysfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "css/host-private.h"
#include "util/file.h"

char *css_host_path(CssHost *host, const char *format, ...)
{
    g_autofree char *rest = NULL;
    va_list args;

    va_start(args, format);
    rest = g_strdup_vprintf(format, args);
    va_end(args);
    return g_strconcat(host->sysfs_root, "/", rest, NULL);
}

char *css_sysfs_link_name(const char *dir, const char *link)
{
    g_autofree char *path = g_build_filename(dir, link, NULL);
    g_autofree char *target = g_file_read_link(path, NULL);

    return target ? g_path_get_basename(target) : NULL;
}

char *css_sysfs_attr(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    char *value = ccw_attr_read(path, NULL);

    return value ? g_strstrip(value) : NULL;
}

gboolean css_sysfs_has(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    return g_file_test(path, G_FILE_TEST_EXISTS);
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *read_names(const char *dir, gboolean only_dirs)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    DIR *handle = opendir(dir);
    struct dirent *entry;

    while (handle && (entry = readdir(handle))) {
        struct stat st;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (only_dirs && entry->d_type == DT_UNKNOWN &&
            fstatat(dirfd(handle), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
            entry->d_type = DT_DIR;
        if (!only_dirs || entry->d_type == DT_DIR)
            g_ptr_array_add(names, g_strdup(entry->d_name));
    }
    if (handle)
        closedir(handle);
    g_ptr_array_sort(names, compare_names);
    return names;
}

GPtrArray *css_sysfs_names(const char *dir)
{
    return read_names(dir, FALSE);
}

GPtrArray *css_sysfs_dirs(const char *dir)
{
    return read_names(dir, TRUE);
}
