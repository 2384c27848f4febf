/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/host.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>

#include "css/host-private.h"
#include "util/file.h"
#include "util/thread.h"

#define KERNEL_TIMEOUT_MS 10000 /* the kernel recognises a device by a few I/Os, and retries each */
#define CLOSE_TIMEOUT_MS 2000   /* short: libvirt waits for QEMU's end before it calls the hook */

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

static const CssHostOps real_ops = { .attr_write = real_attr_write, .open_node = real_open_node };

CssHost *css_host_new(const char *sysfs_root, const char *proc_root, const char *run_dir)
{
    CssHost *host = g_new0(CssHost, 1);

    host->sysfs_root = g_strdup(sysfs_root);
    host->proc_root = g_strdup(proc_root);
    host->dev_root = g_strdup("/dev");
    host->udev_dir = g_strdup("/run/udev/data");
    host->devices_dir = g_build_filename(run_dir, "devices", NULL);
    host->ops = &real_ops;
    host->parallel = CCW_PARALLEL_MAX;
    host->kernel_timeout_ms = KERNEL_TIMEOUT_MS;
    host->close_timeout_ms = CLOSE_TIMEOUT_MS;
    return host;
}

void css_host_free(CssHost *host)
{
    if (!host)
        return;
    g_free(host->sysfs_root);
    g_free(host->proc_root);
    g_free(host->dev_root);
    g_free(host->udev_dir);
    g_free(host->devices_dir);
    g_free(host);
}

void css_host_set_dev_root(CssHost *host, const char *dev_root)
{
    g_free(host->dev_root);
    host->dev_root = g_strdup(dev_root);
}

void css_host_set_udev_dir(CssHost *host, const char *udev_dir)
{
    g_free(host->udev_dir);
    host->udev_dir = g_strdup(udev_dir);
}

void css_host_know_domains(CssHost *host, const CssKnownDomains *domains, gconstpointer data)
{
    host->domains = domains;
    host->domains_data = data;
}

gint64 css_host_clock(void)
{
    struct timespec now = { 0 };

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}
