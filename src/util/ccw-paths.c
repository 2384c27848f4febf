/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/ccw-paths.h"

#include "ccw-config.h"
#include "util/ccw-error.h"

/* Folders of a build tree, relative to the running program's own, then of an installation. */
static const char *const places[] = {
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
    CCW_BINDIR,
    CCW_SBINDIR,
    CCW_PKGLIBDIR,
    CCW_PKGDATADIR,
};

char *ccw_paths_find(const char *name, GError **error)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *self_dir = self ? g_path_get_dirname(self) : g_strdup("/");

    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *candidate = g_canonicalize_filename(places[i], self_dir);
        g_autofree char *path = g_build_filename(candidate, name, NULL);

        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            return g_steal_pointer(&path);
    }
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "%s is neither beside %s nor in %s, %s, %s or %s", name,
                self ? self : "this program", CCW_BINDIR, CCW_SBINDIR, CCW_PKGLIBDIR, CCW_PKGDATADIR);
    return NULL;
}
