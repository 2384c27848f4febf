/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/unmanaged.h"

#include "conf/uuid.h"
#include "css/host-private.h"
#include "css/sysfs.h"
#include "hostdev/claim-private.h"
#include "hostdev/journal.h"

gboolean hostdev_use_unmanaged(CssHost *host, const CcwBusId *id, GError **error)
{
    char uuid[CONF_UUID_STR_LEN];
    g_autofree char *mdev = css_host_path(host, "bus/mdev/devices/%s", conf_uuid_encode(id, uuid));
    g_autoptr(HostdevRecord) record = NULL;
    g_auto(HostdevLockFd) lock = -1;
    gboolean has_mdev;

    if (!hostdev_claim_lock(host, id, &lock, error) || !hostdev_journal_load(host, id, &record, error))
        return FALSE;
    has_mdev = g_file_test(mdev, G_FILE_TEST_EXISTS);
    if (record && hostdev_owner_kind(record->owner) != HOSTDEV_OWNER_ADMINISTRATOR &&
        (has_mdev || record->state == HOSTDEV_CLAIM_PENDING))
        return hostdev_claim_set_busy(host, record, error);
    if (!has_mdev || (record && !hostdev_claim_is_whole(host, record)))
        return hostdev_unmanaged_set_error(host, id, error);
    if (!record)
        return TRUE;
    record->since = css_host_clock();
    return hostdev_journal_save(host, record, error);
}
