/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/in-use.h"

#include <string.h>

#include "css/dependents.h"
#include "css/device.h"
#include "css/sysfs.h"
#include "util/error.h"

static const char *driver_of(const CssDevice *device)
{
    return device->device_driver ? device->device_driver : "";
}

static gboolean is_dasd(const CssDevice *device)
{
    return g_str_has_prefix(driver_of(device), "dasd");
}

static gboolean check_group(CssHost *host, const CssDevice *device, GError **error)
{
    g_autofree char *group = css_device_group(host, &device->bus_id);
    g_autofree char *why = NULL;

    if (!group)
        return TRUE;
    why = g_strdup_printf("it belongs to group device %s", group);
    return css_use_set_error(device, why, error);
}

typedef struct {
    const CssDevice *device;
    gboolean is_free;
    GError **error;
} DependentQuery;

static gboolean check_dependent(const CssDependent *dependent, gpointer data)
{
    DependentQuery *query = data;
    g_autofree char *why = NULL;

    if (!ccw_bus_id_equal(&dependent->through, &query->device->bus_id))
        return FALSE;
    why = dependent->kind == CSS_DEPENDENT_NET
              ? g_strdup_printf("it is network interface %s, which is up; ip link set %s down first", dependent->name,
                                dependent->name)
              : g_strdup_printf("disk %s is reached through it", dependent->name);
    query->is_free = css_use_set_error(query->device, why, query->error);
    return TRUE;
}

static gboolean check_dependents(CssHost *host, const CssDevice *device, GError **error)
{
    DependentQuery query = { .device = device, .is_free = TRUE, .error = error };

    if (device->online == 1 && !is_dasd(device))
        css_dependents_search(host, check_dependent, &query);
    return query.is_free;
}

/* Prefixes of a driver's console in /sys/class/tty/console/active (drivers/s390/char/con3215.c, tty3270.c). */
static const struct {
    const char *driver;
    const char *tty;
} consoles[] = {
    { "3270", "3270/tty" },
    { "3270", "tty3270" },
    { "3215", "ttyS" },
};

/* The kernel does not say which of several terminals is the console: this function rejects all of them. */
static gboolean check_console(CssHost *host, const CssDevice *device, GError **error)
{
    g_autofree char *dir = css_host_path(host, "class/tty/console");
    g_autofree char *active = css_sysfs_attr(dir, "active");
    g_auto(GStrv) names = g_strsplit(active ? active : "", " ", -1);

    if (device->online != 1)
        return TRUE;
    for (gsize i = 0; names[i]; i++) {
        for (gsize c = 0; c < G_N_ELEMENTS(consoles); c++) {
            g_autofree char *why = NULL;

            if (strcmp(driver_of(device), consoles[c].driver) != 0 || !g_str_has_prefix(names[i], consoles[c].tty))
                continue;
            why = g_strdup_printf("it is its console %s", names[i]);
            return css_use_set_error(device, why, error);
        }
    }
    return TRUE;
}

static gboolean is_unused(CssHost *host, const CssDevice *device, CssDiskGuard guard, CssDiskFd *ret_disk_fd,
                          GError **error)
{
    *ret_disk_fd = -1;
    return check_group(host, device, error) && check_console(host, device, error) &&
           check_dependents(host, device, error) && css_disk_use_check(host, device, guard, ret_disk_fd, error);
}

gboolean css_in_use_check(CssHost *host, const CssDevice *device, CssDiskFd *ret_disk_fd, GError **error)
{
    return is_unused(host, device, is_dasd(device) ? CSS_DISK_GUARDED : CSS_DISK_UNGUARDED, ret_disk_fd, error);
}

gboolean css_in_use_explain(CssHost *host, const CcwBusId *id, GError **error)
{
    g_autoptr(CssDevice) device = css_host_lookup(host, id, error);
    g_auto(CssDiskFd) disk_fd = -1;
    char buf[CCW_BUS_ID_STR_LEN];

    if (device && is_unused(host, device, CSS_DISK_BUSY, &disk_fd, error))
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "cannot set ccw device %s offline: the kernel says that it is in use; unmount it, or close what "
                    "has it open",
                    ccw_bus_id_format(id, buf));
    return FALSE;
}

gboolean css_in_use_is_momentary(CssHost *host, const CcwBusId *id)
{
    g_autoptr(CssDevice) device = css_host_lookup(host, id, NULL);
    g_auto(CssDiskFd) disk_fd = -1;
    CssDiskOpen opened;

    if (!device || !device->block_dir)
        return FALSE;
    opened = css_disk_use_find_root(host, device);
    return opened == CSS_DISK_OPEN_UDEV ||
           (opened == CSS_DISK_OPEN_NONE && is_unused(host, device, CSS_DISK_BUSY, &disk_fd, NULL));
}
