/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Undoes the steps of a record. */
#include <errno.h>
#include <string.h>

#include "css/device.h"
#include "css/fuser.h"
#include "css/host-private.h"
#include "css/sysfs.h"
#include "css/wait.h"
#include "hostdev/steps-write.h"
#include "hostdev/steps.h"
#include "util/error.h"

typedef struct {
    CssHost *host;
    char uuid[CONF_UUID_STR_LEN];
    CssVfioGroupFd *group_fd;
    CssVfioUse use;
    GError **error;
} OpenRequest;

/* Returns FALSE while a process has the mdev open. */
static gboolean try_open(gpointer data)
{
    OpenRequest *request = data;

    request->use = css_vfio_group_open(request->host, request->uuid, request->group_fd, request->error);
    return request->use != CSS_VFIO_IN_USE;
}

gboolean hostdev_steps_open_group(CssHost *host, const HostdevRecord *record, guint timeout_ms,
                                  CssVfioGroupFd *ret_group_fd, GError **error)
{
    OpenRequest request = { .host = host, .group_fd = ret_group_fd, .error = error };
    g_autofree char *user = NULL;
    char buf[CCW_BUS_ID_STR_LEN];

    conf_uuid_encode(&record->device, request.uuid);
    if (css_wait_until(try_open, &request, timeout_ms))
        return request.use == CSS_VFIO_FREE;
    user = css_mdev_describe_user(host, request.uuid);
    g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                "cannot release ccw device %s: %s has it open; the device can be released when that process has ended",
                ccw_bus_id_format(&record->device, buf), user);
    return FALSE;
}

/* Holds the mdev until it is removed: no process can open it between the kernel's answer and the write. */
static gboolean undo_mdev(HostdevSteps *steps, GError **error)
{
    g_autofree char *dir = g_build_filename(steps->css_dir, steps->uuid, NULL);
    g_auto(CssVfioGroupFd) group_fd = -1;
    int errnum;

    if (!g_file_test(dir, G_FILE_TEST_EXISTS))
        return TRUE;
    if (steps->group_fd < 0 &&
        !hostdev_steps_open_group(steps->host, steps->record, steps->host->close_timeout_ms, &group_fd, error))
        return FALSE;
    errnum = hostdev_steps_write(steps, dir, "remove", "1");
    if (!errnum || !g_file_test(dir, G_FILE_TEST_EXISTS))
        return TRUE;
    ccw_error_set_errno(error, errnum, "cannot remove mediated device %s of ccw device %s", steps->uuid, steps->device);
    return FALSE;
}

/* The kernel would destroy an mdev at unbind. Ours is already removed: another program's must stay. */
static gboolean undo_bind(HostdevSteps *steps, GError **error)
{
    g_auto(GStrv) mdevs = NULL;
    CcwBusId subchannel;

    if (!hostdev_steps_driver_is(steps, CSS_DRIVER_VFIO))
        return TRUE;
    if (ccw_bus_id_parse(steps->subchannel, &subchannel, NULL))
        mdevs = css_subchannel_mdevs(steps->host, &subchannel);
    if (mdevs && mdevs[0]) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "subchannel %s of ccw device %s holds mediated device %s, which another program has made: remove "
                    "that first",
                    steps->subchannel, steps->device, mdevs[0]);
        return FALSE;
    }
    return hostdev_steps_unbind(steps, CSS_DRIVER_VFIO, error);
}

static gboolean write_override(HostdevSteps *steps, const char *value, GError **error)
{
    int errnum;

    if (hostdev_steps_attr_is(steps->css_dir, "driver_override", *value ? value : "(null)"))
        return TRUE;
    errnum = hostdev_steps_write(steps, steps->css_dir, "driver_override", *value ? value : "\n");
    if (!errnum)
        return TRUE;
    ccw_error_set_errno(error, errnum, "cannot restore driver_override of subchannel %s of ccw device %s",
                        steps->subchannel, steps->device);
    return FALSE;
}

/*
 * Restores driver_override. A value that would prevent the old driver from being bound is restored later, by
 * undo_unbind().
 */
static gboolean undo_override(HostdevSteps *steps, GError **error)
{
    const HostdevRecord *record = steps->record;
    gboolean will_bind = record->steps & 1u << HOSTDEV_STEP_UNBIND;
    gboolean is_allowed = g_strcmp0(record->found_override, record->found_driver) == 0;

    return write_override(steps, will_bind && !is_allowed ? "" : record->found_override, error);
}

static gboolean has_device(gpointer data)
{
    HostdevSteps *steps = data;

    return css_sysfs_has(steps->ccw_dir, "online");
}

static gboolean undo_unbind(HostdevSteps *steps, GError **error)
{
    const char *found = steps->record->found_driver;

    if (!hostdev_steps_driver_is(steps, found)) {
        /* When vfio_ccw is loaded, it binds an unbound subchannel: it may have done so meanwhile. */
        if (strcmp(found, CSS_DRIVER_VFIO) != 0 && !undo_bind(steps, error))
            return FALSE;
        if (!hostdev_steps_bind(steps, found, error))
            return FALSE;
    }
    return write_override(steps, steps->record->found_override, error);
}

/* Only warns if a setting cannot be restored: the device is usable again. */
static void restore_settings(HostdevSteps *steps)
{
    for (guint i = 0; i < HOSTDEV_DASD_SETTINGS; i++) {
        const char *name = hostdev_dasd_setting_name(i);
        const char *value = steps->record->found_settings.values[i];
        int errnum;

        if (!value || hostdev_steps_attr_is(steps->ccw_dir, name, value))
            continue;
        errnum = hostdev_steps_write(steps, steps->ccw_dir, name, value);
        if (errnum)
            g_warning("ccw device %s is online again, but its %s cannot be set to %s as before: %s", steps->device,
                      name, value, g_strerror(errnum));
    }
}

static gboolean undo_offline(HostdevSteps *steps, GError **error)
{
    if (!hostdev_steps_set_online(steps, TRUE, error))
        return FALSE;
    restore_settings(steps);
    return TRUE;
}

/*
 * In reverse order, except that driver_override comes before the old driver: the kernel rejects the bind (ENODEV) while
 * driver_override names another driver.
 */
static const struct {
    HostdevStep step;
    gboolean (*undo)(HostdevSteps *steps, GError **error);
} backward[] = {
    { HOSTDEV_STEP_MDEV, undo_mdev },         { HOSTDEV_STEP_BIND, undo_bind },
    { HOSTDEV_STEP_OVERRIDE, undo_override }, { HOSTDEV_STEP_UNBIND, undo_unbind },
    { HOSTDEV_STEP_OFFLINE, undo_offline },
};
G_STATIC_ASSERT(G_N_ELEMENTS(backward) == HOSTDEV_STEP_LAST);

/* Returns TRUE if the step is undone, or if the subchannel no longer exists. */
static gboolean undo_step(HostdevSteps *steps, gsize nth, GError **error)
{
    g_autoptr(GError) step_error = NULL;

    if ((backward[nth].step == HOSTDEV_STEP_OFFLINE || hostdev_steps_check_device(steps, &step_error)) &&
        backward[nth].undo(steps, &step_error))
        return TRUE;
    if (!g_file_test(steps->css_dir, G_FILE_TEST_EXISTS))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&step_error));
    return FALSE;
}

/* --- a subchannel that the device has left --- */

/* Whether the device has a journal entry, which may be malformed. */
static gboolean has_entry(CssHost *host, const char *device)
{
    g_autoptr(HostdevRecord) record = NULL;
    CcwBusId id;

    return device && ccw_bus_id_parse(device, &id, NULL) && (!hostdev_journal_load(host, &id, &record, NULL) || record);
}

/* Whether the subchannel has the state that this record's steps leave, and its present device has no record. */
static gboolean is_left_changed(HostdevSteps *steps)
{
    g_auto(GStrv) mdevs = css_subchannel_mdevs(steps->host, &steps->record->subchannel);

    if (mdevs[0] || has_entry(steps->host, steps->has_now))
        return FALSE;
    return hostdev_steps_driver_is(steps, CSS_DRIVER_VFIO) || hostdev_steps_driver_is(steps, NULL) ||
           hostdev_steps_attr_is(steps->css_dir, "driver_override", CSS_DRIVER_VFIO);
}

/*
 * Restores the driver and the driver_override of the subchannel on which the device was acquired, if they have the
 * values that the steps leave. The device is on another subchannel now, or is gone; the old subchannel may have another
 * device, which would otherwise stay on vfio_ccw without a record.
 */
static gboolean restore_old_subchannel(CssHost *host, HostdevRecord *record, CssVfioGroupFd group_fd, GError **error)
{
    g_auto(HostdevSteps) steps = { 0 };

    hostdev_steps_init(&steps, host, record, &record->subchannel);
    steps.group_fd = group_fd;
    if (!g_file_test(steps.css_dir, G_FILE_TEST_EXISTS))
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(backward); i++) {
        if (!(record->steps & 1u << backward[i].step) || backward[i].step == HOSTDEV_STEP_OFFLINE)
            continue;
        if (backward[i].step != HOSTDEV_STEP_MDEV && !is_left_changed(&steps))
            continue;
        if (!undo_step(&steps, i, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean undo_steps(CssHost *host, HostdevRecord *record, const CcwBusId *subchannel, CssVfioGroupFd group_fd,
                           GError **error)
{
    g_auto(HostdevSteps) steps = { 0 };
    gboolean will_reappear = record->steps & 1u << HOSTDEV_STEP_UNBIND && record->found_online >= 0;

    hostdev_steps_init(&steps, host, record, subchannel);
    steps.group_fd = group_fd;
    for (gsize i = 0; i < G_N_ELEMENTS(backward); i++) {
        if (!(record->steps & 1u << backward[i].step))
            continue;
        if (!undo_step(&steps, i, error))
            return FALSE;
        record->steps &= ~(1u << backward[i].step);
        hostdev_journal_save(host, record, NULL);
    }
    /* The next claim must find the ccw device. */
    if (will_reappear && g_file_test(steps.css_dir, G_FILE_TEST_EXISTS))
        css_wait_until(has_device, &steps, host->kernel_timeout_ms);
    return TRUE;
}

gboolean hostdev_steps_release_with_group(CssHost *host, HostdevRecord *record, CssVfioGroupFd group_fd, GError **error)
{
    CcwBusId subchannel;
    gboolean exists;

    /* Continue if the journal cannot be written (disk full): a release can be repeated. */
    record->state = HOSTDEV_CLAIM_RELEASING;
    g_clear_pointer(&record->token, g_free);
    hostdev_journal_save(host, record, NULL);
    exists = css_subchannel_of(host, &record->device, &subchannel);
    if (!(exists && ccw_bus_id_equal(&subchannel, &record->subchannel)) &&
        !restore_old_subchannel(host, record, group_fd, error))
        return FALSE;
    if (exists && !undo_steps(host, record, &subchannel, group_fd, error))
        return FALSE;
    return hostdev_journal_remove(host, &record->device, error);
}

gboolean hostdev_steps_release(CssHost *host, HostdevRecord *record, GError **error)
{
    return hostdev_steps_release_with_group(host, record, -1, error);
}
