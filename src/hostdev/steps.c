/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/steps.h"

#include <errno.h>
#include <string.h>

#include "conf/uuid.h"
#include "css/device.h"
#include "css/fuser.h"
#include "css/host-private.h"
#include "css/in-use.h"
#include "css/state.h"
#include "css/sysfs.h"
#include "css/wait.h"
#include "hostdev/steps-write.h"
#include "util/error.h"

static gboolean do_offline(HostdevSteps *steps, GError **error)
{
    return hostdev_steps_set_online(steps, FALSE, error);
}

static gboolean do_override(HostdevSteps *steps, GError **error)
{
    int errnum = hostdev_steps_write(steps, steps->css_dir, "driver_override", CSS_DRIVER_VFIO);

    if (!errnum)
        return TRUE;
    ccw_error_set_errno(error, errnum,
                        "cannot set driver_override of subchannel %s of ccw device %s to " CSS_DRIVER_VFIO,
                        steps->subchannel, steps->device);
    return FALSE;
}

static gboolean do_unbind(HostdevSteps *steps, GError **error)
{
    return hostdev_steps_unbind(steps, steps->record->found_driver, error);
}

static gboolean has_create(gpointer data)
{
    HostdevSteps *steps = data;

    return css_sysfs_has(steps->css_dir, "mdev_supported_types/" CONF_MDEV_TYPE "/create");
}

static gboolean do_bind(HostdevSteps *steps, GError **error)
{
    if (!hostdev_steps_bind(steps, CSS_DRIVER_VFIO, error))
        return FALSE;
    if (css_wait_until(has_create, steps, steps->host->kernel_timeout_ms))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                "subchannel %s of ccw device %s offers no mediated device of type " CONF_MDEV_TYPE, steps->subchannel,
                steps->device);
    return FALSE;
}

static gboolean do_mdev(HostdevSteps *steps, GError **error)
{
    int errnum =
        hostdev_steps_write(steps, steps->css_dir, "mdev_supported_types/" CONF_MDEV_TYPE "/create", steps->uuid);

    if (!errnum)
        return TRUE;
    /* EUSERS, EEXIST: another program has made one since the claim checked. */
    if (errnum == EUSERS || errnum == EEXIST)
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "subchannel %s of ccw device %s got a mediated device meanwhile",
                    steps->subchannel, steps->device);
    else
        ccw_error_set_errno(error, errnum, "cannot create mediated device %s of ccw device %s", steps->uuid,
                            steps->device);
    return FALSE;
}

static gboolean was_online(const HostdevRecord *record)
{
    return record->found_online == 1;
}

static gboolean was_not_vfio(const HostdevRecord *record)
{
    return g_strcmp0(record->found_driver, CSS_DRIVER_VFIO) != 0;
}

static gboolean was_bound_elsewhere(const HostdevRecord *record)
{
    return record->found_driver && was_not_vfio(record);
}

static gboolean is_always_needed(const HostdevRecord *record G_GNUC_UNUSED)
{
    return TRUE;
}

static const struct {
    HostdevStep step;
    gboolean (*is_needed)(const HostdevRecord *record);
    gboolean (*func)(HostdevSteps *steps, GError **error);
} forward[] = {
    { HOSTDEV_STEP_OFFLINE, was_online, do_offline },        { HOSTDEV_STEP_OVERRIDE, was_not_vfio, do_override },
    { HOSTDEV_STEP_UNBIND, was_bound_elsewhere, do_unbind }, { HOSTDEV_STEP_BIND, was_not_vfio, do_bind },
    { HOSTDEV_STEP_MDEV, is_always_needed, do_mdev },
};

static gboolean do_step(HostdevSteps *steps, gsize nth, CssDiskFd *disk_fd, GError **error)
{
    gboolean is_done = hostdev_journal_save(steps->host, steps->record, error) &&
                       (forward[nth].step == HOSTDEV_STEP_OFFLINE || hostdev_steps_check_device(steps, error)) &&
                       forward[nth].func(steps, error);

    if (forward[nth].step == HOSTDEV_STEP_OFFLINE)
        css_disk_fd_clear(disk_fd);
    return is_done;
}

static gboolean do_steps(CssHost *host, HostdevRecord *record, HostdevStep last, CssDiskFd *disk_fd, GError **error)
{
    g_auto(HostdevSteps) steps = { 0 };

    hostdev_steps_init(&steps, host, record, &record->subchannel);
    g_free(steps.has_now);
    steps.has_now = g_strdup(steps.device);
    for (gsize i = 0; i < G_N_ELEMENTS(forward); i++) {
        if (forward[i].step > last || !forward[i].is_needed(record))
            continue;
        record->steps |= 1u << forward[i].step;
        if (!do_step(&steps, i, disk_fd, error))
            return FALSE;
    }
    /* Make sure that the new mdev is on the subchannel of this device. */
    return last != HOSTDEV_STEP_MDEV || hostdev_steps_check_device(&steps, error);
}

gboolean hostdev_steps_acquire(CssHost *host, HostdevRecord *record, CssDiskFd *disk_fd, GError **error)
{
    return do_steps(host, record, HOSTDEV_STEP_MDEV, disk_fd, error);
}

gboolean hostdev_steps_restart(CssHost *host, HostdevRecord *record, CssDiskFd *disk_fd, GError **error)
{
    g_autoptr(GError) offline_error = NULL;
    gboolean is_offline = do_steps(host, record, HOSTDEV_STEP_OFFLINE, disk_fd, &offline_error);
    gboolean is_released = hostdev_steps_release(host, record, is_offline ? error : NULL);

    if (offline_error)
        g_propagate_error(error, g_steal_pointer(&offline_error));
    return is_offline && is_released;
}
