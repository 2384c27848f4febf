/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/owner-log.h"

#include "hostdev/entries.h"
#include "hostdev/journal.h"
#include "hostdev/release-log.h"

GArray *hostdev_log_owned(CssHost *host, const char *owner)
{
    g_autoptr(GArray) all = hostdev_journal_list(host);
    GArray *owned = g_array_new(FALSE, FALSE, sizeof(CcwBusId));

    for (guint i = 0; i < all->len; i++) {
        g_autoptr(HostdevRecord) record = NULL;

        if (hostdev_journal_load(host, &g_array_index(all, CcwBusId, i), &record, NULL) && record &&
            hostdev_entry_is_of(record, owner))
            g_array_append_val(owned, record->device);
    }
    return owned;
}

void hostdev_log_released(CssHost *host, const GArray *ids, const char *owner, const char *name)
{
    for (guint i = 0; i < ids->len; i++)
        if (!hostdev_journal_has(host, &g_array_index(ids, CcwBusId, i)))
            hostdev_log_release(&g_array_index(ids, CcwBusId, i), owner, name);
}

void hostdev_log_reconciled(const HostdevReconciled *reconciled, gpointer data G_GNUC_UNUSED)
{
    if (reconciled->result == HOSTDEV_RECONCILE_RELEASED)
        hostdev_log_release(&reconciled->device, reconciled->domain, NULL);
}
