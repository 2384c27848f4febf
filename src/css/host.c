/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host: where its trees are, and what really changes it.
 */
#include "css/host.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "css/host-private.h"
#include "util/file.h"
#include "util/thread.h"

#define SETTLE_MS 10000  /* recognising a device takes a few I/Os, each with the kernel's own retries */
#define PATIENCE_MS 2000 /* libvirt has waited for QEMU's end before it calls the hook */

static int real_attr_write(const char *path, const char *value, gpointer data G_GNUC_UNUSED)
{
    return ccw_attr_write(path, value);
}

static int real_open_node(const char *path, int flags, gpointer data G_GNUC_UNUSED)
{
    int fd;

    do
        fd = open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

static const CcwHostOps real_ops = { .attr_write = real_attr_write, .open_node = real_open_node };

CcwHost *ccw_host_new(const char *sysfs_root, const char *proc_root, const char *run_dir)
{
    CcwHost *host = g_new0(CcwHost, 1);

    host->sysfs_root = g_strdup(sysfs_root);
    host->proc_root = g_strdup(proc_root);
    host->dev_root = g_strdup("/dev");
    host->devices_dir = g_build_filename(run_dir, "devices", NULL);
    host->ops = &real_ops;
    host->parallel = CCW_PARALLEL_MAX;
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

gint64 ccw_host_clock(void)
{
    struct timespec now = { 0 };

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}
