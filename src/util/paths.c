/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/paths.h"

#include <stdlib.h>

#include "util/ccw-config.h"
#include "util/error.h"

/* Folders of a build tree, relative to the folder of the running program. */
static const char *const build_dirs[] = {
    ".",
    "../tools",
    "../vfio",
    "../conf/schemas",
    "../src/tools",
    "../src/vfio",
    "../src/conf/schemas",
    "../../src/tools",
    "../../src/vfio",
    "../../src/conf/schemas",
    "../../../src/tools",
    "../../../src/vfio",
    "../../../src/conf/schemas",
    NULL,
};

static const char *const installed_dirs[] = { CCW_BINDIR, CCW_SBINDIR, CCW_PKGLIBDIR, CCW_PKGDATADIR, NULL };

/*
 * An installed program must not search the folders of a build tree: from /usr/local/bin, "../src" is /usr/local/src,
 * which users other than root may be able to write.
 */
static gboolean is_installed(const char *self_dir)
{
    for (const char *const *dir = installed_dirs; *dir; dir++) {
        g_autofree char *real = realpath(*dir, NULL);

        if (g_strcmp0(real, self_dir) == 0)
            return TRUE;
    }
    return FALSE;
}

static char *find_in(const char *const *dirs, const char *self_dir, const char *name)
{
    for (; *dirs; dirs++) {
        g_autofree char *folder = g_canonicalize_filename(*dirs, self_dir);
        g_autofree char *path = g_build_filename(folder, name, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            return g_steal_pointer(&path);
    }
    return NULL;
}

char *ccw_paths_find(const char *name, GError **error)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *self_dir = self ? g_path_get_dirname(self) : NULL;
    char *path = NULL;

    if (self_dir && !is_installed(self_dir))
        path = find_in(build_dirs, self_dir, name);
    if (!path)
        path = find_in(installed_dirs, "/", name);
    if (!path)
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "%s is neither beside %s nor in %s, %s, %s or %s", name,
                    self ? self : "this program", CCW_BINDIR, CCW_SBINDIR, CCW_PKGLIBDIR, CCW_PKGDATADIR);
    return path;
}
