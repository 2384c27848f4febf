/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices with managed='no': they are not taken for a guest; the hook checks that they are there, and free. */
#include "hostdev/unmanaged.h"

#include "conf/uuid.h"
#include "css/host-private.h"
#include "css/sysfs.h"
#include "hostdev/claim-private.h"
#include "hostdev/journal.h"

gboolean ccw_host_use_unmanaged(CcwHost *host, const CcwBusId *id, GError **error)
{
    char uuid[CCW_UUID_STR_LEN];
    g_autofree char *mdev = ccw_host_path(host, "bus/mdev/devices/%s", ccw_uuid_encode(id, uuid));
    g_autoptr(CcwRecord) record = NULL;
    g_auto(CcwLockFd) lock = -1;
    gboolean is_there;

    if (!ccw_claim_lock(host, id, &lock, error) || !ccw_journal_load(host, id, &record, error))
        return FALSE;
    is_there = g_file_test(mdev, G_FILE_TEST_EXISTS);
    if (record && record->domain && (is_there || record->state == CCW_CLAIM_PENDING))
        return ccw_claim_refuse(host, record, error);
    if (!is_there || (record && !ccw_claim_is_whole(host, record)))
        return ccw_host_refuse_unmanaged(host, id, error);
    if (!record)
        return TRUE;
    record->since = ccw_host_clock();
    return ccw_journal_save(host, record, error);
}
