/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host: where its trees are, what really changes it, and the kernel modules it needs.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "node_device/ccw-host-private.h"
#include "node_device/ccw-modules.h"
#include "node_device/ccw-side-by-side.h"
#include "util/ccw-error.h"
#include "util/ccw-file.h"

#define SETTLE_MS 10000  /* recognising a device takes a few I/Os, each with the kernel's own retries */
#define PATIENCE_MS 2000 /* libvirt has waited for QEMU's end before it calls the hook */

static int real_attr_write(const char *path, const char *value, gpointer data G_GNUC_UNUSED)
{
    return ccw_attr_write(path, value);
}

static gboolean real_load_module(const char *name, gpointer data G_GNUC_UNUSED, GError **error)
{
    return ccw_module_load(name, error);
}

static int real_open_node(const char *path, int flags, gpointer data G_GNUC_UNUSED)
{
    int fd;

    do
        fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

static const CcwHostOps real_ops = { real_attr_write, real_load_module, real_open_node };

CcwHost *ccw_host_new(const char *sysfs_root, const char *proc_root, const char *run_dir)
{
    CcwHost *host = g_new0(CcwHost, 1);

    host->sysfs_root = g_strdup(sysfs_root);
    host->proc_root = g_strdup(proc_root);
    host->dev_root = g_strdup("/dev");
    host->devices_dir = g_build_filename(run_dir, "devices", NULL);
    host->ops = &real_ops;
    host->side_by_side = CCW_SIDE_BY_SIDE;
    host->settle_ms = SETTLE_MS;
    host->patience_ms = PATIENCE_MS;
    return host;
}

void ccw_host_free(CcwHost *host)
{
    if (!host)
        return;
    g_free(host->sysfs_root);
    g_free(host->proc_root);
    g_free(host->dev_root);
    g_free(host->devices_dir);
    g_free(host);
}

void ccw_host_set_dev_root(CcwHost *host, const char *dev_root)
{
    g_free(host->dev_root);
    host->dev_root = g_strdup(dev_root);
}

void ccw_host_know_domains(CcwHost *host, const CcwKnownDomains *domains, gconstpointer data)
{
    host->domains = domains;
    host->domains_data = data;
}

/* What shows that a module, or the same built in, is there. */
static const struct {
    const char *module;
    const char *shown_by;
} modules[] = {
    /* vfio_ccw last: loaded, it finds the others. */
    { "vfio_iommu_type1", "module/vfio_iommu_type1" },
    { "vfio_ccw", "bus/css/drivers/vfio_ccw" },
};

gboolean ccw_host_load_modules(CcwHost *host, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(modules); i++) {
        g_autofree char *shown_by = ccw_host_path(host, "%s", modules[i].shown_by);

        if (g_file_test(shown_by, G_FILE_TEST_IS_DIR))
            continue;
        /* A tree that is not the running kernel's cannot be helped by loading a module into that kernel. */
        if (host->ops == &real_ops && strcmp(host->sysfs_root, CCW_HOST_SYSFS) != 0) {
            g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED, "kernel module %s is not loaded: there is no %s",
                        modules[i].module, shown_by);
            return FALSE;
        }
        if (!host->ops->load_module(modules[i].module, host->ops_data, error))
            return FALSE;
        if (!g_file_test(shown_by, G_FILE_TEST_IS_DIR)) {
            g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                        "kernel module %s was loaded, but there is still no %s", modules[i].module, shown_by);
            return FALSE;
        }
    }
    return TRUE;
}

gint64 ccw_host_clock(void)
{
    struct timespec now = { 0 };

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}
