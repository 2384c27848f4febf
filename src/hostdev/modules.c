/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/modules.h"
#include "css/host-private.h"
#include "css/sysfs.h"

#include <linux/capability.h>
#include <sys/prctl.h>

#include "util/error.h"

/* Returns the first path that is an executable program, or NULL. */
static const char *find_program(const char *const *paths)
{
    for (; *paths; paths++)
        if (g_file_test(*paths, G_FILE_TEST_IS_EXECUTABLE))
            return *paths;
    return NULL;
}

static gboolean spawn_loader(const char *const *argv, const char *name, GError **error)
{
    g_autoptr(GError) spawn_error = NULL;
    g_autofree char *output = NULL;
    gint status = 0;

    if (g_spawn_sync("/", (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &output, &status,
                     &spawn_error) &&
        g_spawn_check_wait_status(status, &spawn_error))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED, "kernel module %s cannot be loaded: %s", name,
                output && *g_strstrip(output) ? output : spawn_error->message);
    return FALSE;
}

static gboolean run_modprobe(const char *name, GError **error)
{
    static const char *const paths[] = { "/sbin/modprobe", "/usr/sbin/modprobe", NULL };
    const char *argv[] = { find_program(paths), "--", name, NULL };

    if (argv[0])
        return spawn_loader(argv, name, error);
    g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                "kernel module %s is not loaded, and there is no modprobe to load it with", name);
    return FALSE;
}

static gboolean start_unit(const char *name, GError **error)
{
    static const char *const paths[] = { "/bin/systemctl", "/usr/bin/systemctl", NULL };
    const char *argv[] = { find_program(paths), "start", "--quiet", HOSTDEV_MODULES_UNIT, NULL };

    if (argv[0])
        return spawn_loader(argv, name, error);
    g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                "kernel module %s is not loaded, and this process may not load it: run 'modprobe %s'", name, name);
    return FALSE;
}

gboolean hostdev_module_load(const char *name, GError **error)
{
    gboolean is_allowed = prctl(PR_CAPBSET_READ, CAP_SYS_MODULE, 0, 0, 0) == 1;

    return is_allowed ? run_modprobe(name, error) : start_unit(name, error);
}

/* A directory in sysfs shows that a module is loaded, or built in. */
static const struct {
    const char *module;
    const char *shown_by;
} modules[] = {
    /* vfio_ccw comes last: it needs the other one. */
    { "vfio_iommu_type1", "module/vfio_iommu_type1" },
    { "vfio_ccw", "bus/css/drivers/vfio_ccw" },
};

gboolean hostdev_load_modules(CssHost *host, GError **error)
{
    gboolean (*load)(const char *name, gpointer data, GError **error) = host->ops->load_module;

    for (gsize i = 0; i < G_N_ELEMENTS(modules); i++) {
        g_autofree char *shown_by = css_host_path(host, "%s", modules[i].shown_by);

        if (g_file_test(shown_by, G_FILE_TEST_IS_DIR))
            continue;
        /* Loading a module into the running kernel does not change a tree of another kernel. */
        if (!load && strcmp(host->sysfs_root, CSS_HOST_SYSFS) != 0) {
            g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED, "kernel module %s is not loaded: there is no %s",
                        modules[i].module, shown_by);
            return FALSE;
        }
        if (!(load ? load(modules[i].module, host->ops_data, error) : hostdev_module_load(modules[i].module, error)))
            return FALSE;
        if (!g_file_test(shown_by, G_FILE_TEST_IS_DIR)) {
            g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                        "kernel module %s was loaded, but there is still no %s", modules[i].module, shown_by);
            return FALSE;
        }
    }
    return TRUE;
}
