/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launcher/host-devices.h"

#include <string.h>
#include <unistd.h>

#include "css/device.h"
#include "hook/status.h"
#include "hostdev/claim.h"
#include "hostdev/journal.h"
#include "hostdev/modules.h"
#include "hostdev/owner-log.h"
#include "hostdev/process.h"
#include "hostdev/reconcile.h"
#include "hostdev/release.h"

struct _LauncherDevices {
    CssHost *host;
    char *owner;
    char *token;
};

LauncherDevices *launcher_devices_new(const char *sysfs_root, const char *run_dir)
{
    LauncherDevices *devices = g_new0(LauncherDevices, 1);

    devices->host = css_host_new(sysfs_root, "/proc", run_dir);
    css_host_know_domains(devices->host, &hook_status_domains, NULL);
    devices->owner = g_strdup_printf(HOSTDEV_QEMU_CCW_PREFIX "%d", (int)getpid());
    devices->token = hostdev_process_identify(devices->host, getpid());
    return devices;
}

void launcher_devices_free(LauncherDevices *devices)
{
    if (!devices)
        return;
    css_host_free(devices->host);
    g_free(devices->owner);
    g_free(devices->token);
    g_free(devices);
}

/*
 * Releases a device that a killed qemu-ccw has left, because there may be no virtccwd. If that fails, the claim fails,
 * too, and reports why.
 */
static void release_killed(LauncherDevices *devices, const CcwBusId *id)
{
    g_autoptr(CssDevice) device = css_host_lookup(devices->host, id, NULL);
    g_autoptr(GHashTable) live = g_hash_table_new(g_str_hash, g_str_equal);

    if (device)
        hostdev_owner_read(devices->host, device);
    if (device && device->owner && hostdev_owner_kind(device->owner) == HOSTDEV_OWNER_QEMU_CCW)
        hostdev_reconcile(devices->host,
                          &(HostdevReconcile){ .live = live,
                                               .as_of = css_host_clock(),
                                               .only_domain = device->owner,
                                               .report = hostdev_log_reconciled },
                          NULL);
}

static gboolean acquire(LauncherDevices *devices, const CcwBusId *id, gboolean *ret_acquired, GError **error)
{
    g_autoptr(CssDevice) device = css_host_lookup(devices->host, id, error);

    if (!device || !hostdev_load_modules(devices->host, error))
        return FALSE;
    release_killed(devices, id);
    return hostdev_claim(devices->host, id, devices->owner, devices->token, ret_acquired, error);
}

/* Logs "acquired ccw device 0.0.1234 for qemu-ccw, process 4711 of user 0", and why if that failed. */
static void log_acquire(const LauncherDevices *devices, const char *done, const char *bus_id, const GError *error)
{
    g_info("%s ccw device %s for qemu-ccw, process %s of user %u%s%s", done, bus_id,
           devices->owner + strlen(HOSTDEV_QEMU_CCW_PREFIX), getuid(), error ? ": " : "", error ? error->message : "");
}

gboolean launcher_devices_acquire(LauncherDevices *devices, const CcwBusId *id, GError **error)
{
    g_autoptr(GError) local = NULL;
    char text[CCW_BUS_ID_STR_LEN];
    gboolean is_new;

    ccw_bus_id_format(id, text);
    if (acquire(devices, id, &is_new, &local)) {
        log_acquire(devices, is_new ? "acquired" : "uses the prepared", text, NULL);
        return TRUE;
    }
    log_acquire(devices, "cannot acquire", text, local);
    g_propagate_prefixed_error(error, g_steal_pointer(&local), "hostid %s: ", text);
    return FALSE;
}

gboolean launcher_devices_release(LauncherDevices *devices, GError **error)
{
    g_autoptr(GArray) owned = hostdev_log_owned(devices->host, devices->owner);
    gboolean is_released = hostdev_release_domain(devices->host, devices->owner, error);

    hostdev_log_released(devices->host, owned, devices->owner, NULL);
    return is_released;
}
