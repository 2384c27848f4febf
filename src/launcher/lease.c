/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launcher/lease.h"

#include <string.h>
#include <unistd.h>

#include "css/device.h"
#include "hook/status.h"
#include "hostdev/claim.h"
#include "hostdev/journal.h"
#include "hostdev/modules.h"
#include "hostdev/reconcile.h"
#include "hostdev/release.h"
#include "hostdev/token.h"

struct _CcwLease {
    CcwHost *host;
    char *owner;
    char *token;
};

CcwLease *ccw_lease_new(const char *sysfs_root, const char *run_dir)
{
    CcwLease *lease = g_new0(CcwLease, 1);

    lease->host = ccw_host_new(sysfs_root, "/proc", run_dir);
    ccw_host_know_domains(lease->host, &ccw_status_domains, NULL);
    lease->owner = g_strdup_printf(CCW_OWNER_QEMU_CCW "%d", (int)getpid());
    lease->token = ccw_host_token(lease->host, getpid());
    return lease;
}

void ccw_lease_free(CcwLease *lease)
{
    if (!lease)
        return;
    ccw_host_free(lease->host);
    g_free(lease->owner);
    g_free(lease->token);
    g_free(lease);
}

/* It is settled here, as there may be no virtccwd. What cannot go back is refused by the claim, which says why. */
static void settle_killed(CcwLease *lease, const CcwBusId *id)
{
    g_autoptr(CcwHostDevice) device = ccw_host_lookup(lease->host, id, NULL);
    g_autoptr(GHashTable) live = g_hash_table_new(g_str_hash, g_str_equal);

    if (device)
        ccw_owner_read(lease->host, device);
    if (device && device->owner && g_str_has_prefix(device->owner, CCW_OWNER_QEMU_CCW))
        ccw_host_reconcile(lease->host,
                           &(CcwReconcile){ .live = live, .as_of = ccw_host_clock(), .only_domain = device->owner },
                           NULL);
}

static gboolean take(CcwLease *lease, const CcwBusId *id, GError **error)
{
    g_autoptr(CcwHostDevice) device = ccw_host_lookup(lease->host, id, error);
    gboolean taken;

    if (!device || !ccw_host_load_modules(lease->host, error))
        return FALSE;
    settle_killed(lease, id);
    return ccw_host_claim(lease->host, id, lease->owner, lease->token, &taken, error);
}

gboolean ccw_lease_take(CcwLease *lease, const CcwBusId *id, GError **error)
{
    char text[CCW_BUS_ID_STR_LEN];

    if (take(lease, id, error))
        return TRUE;
    g_prefix_error(error, "hostid %s: ", ccw_bus_id_format(id, text));
    return FALSE;
}

gboolean ccw_lease_give_back(CcwLease *lease, GError **error)
{
    return ccw_host_release_domain(lease->host, lease->owner, error);
}
