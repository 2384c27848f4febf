/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/steps.h"

#include <errno.h>
#include <string.h>

#include "conf/uuid.h"
#include "css/device.h"
#include "css/host-private.h"
#include "css/in-use.h"
#include "css/openers.h"
#include "css/state.h"
#include "css/sysfs.h"
#include "css/wait.h"
#include "hostdev/steps-walk.h"
#include "util/error.h"

#define MDEV_TYPE "vfio_ccw-io" /* drivers/s390/cio/vfio_ccw_ops.c */

static gboolean take_offline(CcwWalk *walk, GError **error)
{
    return ccw_walk_set_online(walk, FALSE, error);
}

static gboolean take_override(CcwWalk *walk, GError **error)
{
    int errnum = ccw_walk_write(walk, walk->css_dir, "driver_override", CCW_DRIVER_VFIO);

    if (!errnum)
        return TRUE;
    ccw_error_set_errno(error, errnum, "cannot reserve subchannel %s of ccw device %s for " CCW_DRIVER_VFIO,
                        walk->subchannel, walk->device);
    return FALSE;
}

static gboolean take_unbind(CcwWalk *walk, GError **error)
{
    return ccw_walk_unbind(walk, walk->record->found_driver, error);
}

static gboolean has_create(gpointer data)
{
    CcwWalk *walk = data;

    return ccw_sysfs_has(walk->css_dir, "mdev_supported_types/" MDEV_TYPE "/create");
}

static gboolean take_bind(CcwWalk *walk, GError **error)
{
    if (!ccw_walk_bind(walk, CCW_DRIVER_VFIO, error))
        return FALSE;
    if (ccw_wait_until(has_create, walk, walk->host->settle_ms))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                "subchannel %s of ccw device %s offers no mediated device of type " MDEV_TYPE, walk->subchannel,
                walk->device);
    return FALSE;
}

static gboolean take_mdev(CcwWalk *walk, GError **error)
{
    int errnum = ccw_walk_write(walk, walk->css_dir, "mdev_supported_types/" MDEV_TYPE "/create", walk->uuid);

    if (!errnum)
        return TRUE;
    /* EUSERS, EEXIST: another made one between our look and now. */
    if (errnum == EUSERS || errnum == EEXIST)
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "subchannel %s of ccw device %s got a mediated device meanwhile",
                    walk->subchannel, walk->device);
    else
        ccw_error_set_errno(error, errnum, "cannot create mediated device %s of ccw device %s", walk->uuid,
                            walk->device);
    return FALSE;
}

static gboolean was_online(const CcwRecord *record)
{
    return record->found_online == 1;
}

static gboolean was_not_vfio(const CcwRecord *record)
{
    return g_strcmp0(record->found_driver, CCW_DRIVER_VFIO) != 0;
}

static gboolean was_bound_elsewhere(const CcwRecord *record)
{
    return record->found_driver && was_not_vfio(record);
}

static gboolean always(const CcwRecord *record G_GNUC_UNUSED)
{
    return TRUE;
}

static const struct {
    CcwStep step;
    gboolean (*needed)(const CcwRecord *record);
    gboolean (*take)(CcwWalk *walk, GError **error);
} forward[] = {
    { CCW_STEP_OFFLINE, was_online, take_offline },
    { CCW_STEP_OVERRIDE, was_not_vfio, take_override },
    { CCW_STEP_UNBIND, was_bound_elsewhere, take_unbind },
    { CCW_STEP_BIND, was_not_vfio, take_bind },
    { CCW_STEP_MDEV, always, take_mdev },
};

static gboolean take_step(CcwWalk *walk, gsize nth, CcwDiskHold *hold, GError **error)
{
    gboolean taken = ccw_journal_save(walk->host, walk->record, error) &&
                     (forward[nth].step == CCW_STEP_OFFLINE || ccw_walk_check_device(walk, error)) &&
                     forward[nth].take(walk, error);

    if (forward[nth].step == CCW_STEP_OFFLINE)
        ccw_disk_hold_clear(hold);
    return taken;
}

static gboolean take_until(CcwHost *host, CcwRecord *record, CcwStep last, CcwDiskHold *hold, GError **error)
{
    g_auto(CcwWalk) walk = { 0 };

    ccw_walk_init(&walk, host, record, &record->subchannel);
    g_free(walk.has_now);
    walk.has_now = g_strdup(walk.device);
    for (gsize i = 0; i < G_N_ELEMENTS(forward); i++) {
        if (forward[i].step > last || !forward[i].needed(record))
            continue;
        record->steps |= 1u << forward[i].step;
        if (!take_step(&walk, i, hold, error))
            return FALSE;
    }
    return last != CCW_STEP_MDEV || ccw_walk_check_device(&walk, error); /* the mediated device is of the device */
}

gboolean ccw_steps_take(CcwHost *host, CcwRecord *record, CcwDiskHold *hold, GError **error)
{
    return take_until(host, record, CCW_STEP_MDEV, hold, error);
}

gboolean ccw_steps_restart(CcwHost *host, CcwRecord *record, CcwDiskHold *hold, GError **error)
{
    g_autoptr(GError) offline_error = NULL;
    gboolean offline = take_until(host, record, CCW_STEP_OFFLINE, hold, &offline_error);
    gboolean back = ccw_steps_give_back(host, record, offline ? error : NULL);

    if (offline_error)
        g_propagate_error(error, g_steal_pointer(&offline_error));
    return offline && back;
}
