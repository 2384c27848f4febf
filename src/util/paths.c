/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/paths.h"

#include <stdlib.h>

#include "util/ccw-config.h"
#include "util/error.h"

/* Folders of a build tree, relative to the running program's own. */
static const char *const build_places[] = {
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

static const char *const installed_places[] = { CCW_BINDIR, CCW_SBINDIR, CCW_PKGLIBDIR, CCW_PKGDATADIR, NULL };

/*
 * An installed program must not look into the places of a build tree: from /usr/local/bin "../src" is /usr/local/src,
 * where people other than root may have the right to write.
 */
static gboolean is_installed(const char *self_dir)
{
    for (const char *const *place = installed_places; *place; place++) {
        g_autofree char *real = realpath(*place, NULL);

        if (g_strcmp0(real, self_dir) == 0)
            return TRUE;
    }
    return FALSE;
}

static char *find_in(const char *const *places, const char *self_dir, const char *name)
{
    for (; *places; places++) {
        g_autofree char *folder = g_canonicalize_filename(*places, self_dir);
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
        path = find_in(build_places, self_dir, name);
    if (!path)
        path = find_in(installed_places, "/", name);
    if (!path)
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "%s is neither beside %s nor in %s, %s, %s or %s", name,
                    self ? self : "this program", CCW_BINDIR, CCW_SBINDIR, CCW_PKGLIBDIR, CCW_PKGDATADIR);
    return path;
}
