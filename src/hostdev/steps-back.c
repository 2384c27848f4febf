/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The way back: what undoes the steps that a record has. */
#include <errno.h>
#include <string.h>

#include "css/device.h"
#include "css/host-private.h"
#include "css/openers.h"
#include "css/sysfs.h"
#include "css/wait.h"
#include "hostdev/steps-walk.h"
#include "hostdev/steps.h"
#include "util/error.h"

typedef struct {
    CcwHost *host;
    char uuid[CCW_UUID_STR_LEN];
    CcwVfioHold *hold;
    CcwVfioUse use;
    GError **error;
} Opener;

static gboolean is_answered(gpointer data)
{
    Opener *opener = data;

    opener->use = ccw_vfio_hold(opener->host, opener->uuid, opener->hold, opener->error);
    return opener->use != CCW_VFIO_IN_USE;
}

gboolean ccw_steps_hold(CcwHost *host, const CcwRecord *record, guint patience_ms, CcwVfioHold *ret_hold,
                        GError **error)
{
    Opener opener = { .host = host, .hold = ret_hold, .error = error };
    g_autofree char *user = NULL;
    char buf[CCW_BUS_ID_STR_LEN];

    ccw_uuid_encode(&record->device, opener.uuid);
    if (ccw_wait_until(is_answered, &opener, patience_ms))
        return opener.use == CCW_VFIO_FREE;
    user = ccw_mdev_describe_user(host, opener.uuid);
    g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                "ccw device %s cannot be given back: %s has it open; it can go back when that process has ended",
                ccw_bus_id_format(&record->device, buf), user);
    return FALSE;
}

/* Held until it is removed, whoever holds it: no process can open it between the kernel's answer and the write. */
static gboolean back_mdev(CcwWalk *walk, GError **error)
{
    g_autofree char *dir = g_build_filename(walk->css_dir, walk->uuid, NULL);
    g_auto(CcwVfioHold) hold = -1;
    int errnum;

    if (!g_file_test(dir, G_FILE_TEST_EXISTS))
        return TRUE;
    if (walk->held < 0 && !ccw_steps_hold(walk->host, walk->record, walk->host->patience_ms, &hold, error))
        return FALSE;
    errnum = ccw_walk_write(walk, dir, "remove", "1");
    if (!errnum || !g_file_test(dir, G_FILE_TEST_EXISTS))
        return TRUE;
    ccw_error_set_errno(error, errnum, "cannot remove mediated device %s of ccw device %s", walk->uuid, walk->device);
    return FALSE;
}

/* Unbinding would destroy a mediated device without a word. Ours is gone by now: one that is there is another's. */
static gboolean back_bind(CcwWalk *walk, GError **error)
{
    g_auto(GStrv) mdevs = NULL;
    CcwBusId subchannel;

    if (!ccw_walk_driver_is(walk, CCW_DRIVER_VFIO))
        return TRUE;
    if (ccw_bus_id_parse(walk->subchannel, &subchannel, NULL))
        mdevs = ccw_subchannel_mdevs(walk->host, &subchannel);
    if (mdevs && mdevs[0]) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "subchannel %s of ccw device %s holds mediated device %s, which is not ours: remove that first",
                    walk->subchannel, walk->device, mdevs[0]);
        return FALSE;
    }
    return ccw_walk_unbind(walk, CCW_DRIVER_VFIO, error);
}

static gboolean write_override(CcwWalk *walk, const char *value, GError **error)
{
    int errnum;

    if (ccw_walk_attr_is(walk->css_dir, "driver_override", *value ? value : "(null)"))
        return TRUE;
    errnum = ccw_walk_write(walk, walk->css_dir, "driver_override", *value ? value : "\n");
    if (!errnum)
        return TRUE;
    ccw_error_set_errno(error, errnum, "cannot restore driver_override of subchannel %s of ccw device %s",
                        walk->subchannel, walk->device);
    return FALSE;
}

/* One that keeps the old driver from being bound again waits until that is done (back_unbind). */
static gboolean back_override(CcwWalk *walk, GError **error)
{
    const CcwRecord *record = walk->record;
    gboolean binds = record->steps & 1u << CCW_STEP_UNBIND;
    gboolean allows = g_strcmp0(record->found_override, record->found_driver) == 0;

    return write_override(walk, binds && !allows ? "" : record->found_override, error);
}

static gboolean has_device(gpointer data)
{
    CcwWalk *walk = data;

    return ccw_sysfs_has(walk->ccw_dir, "online");
}

static gboolean back_unbind(CcwWalk *walk, GError **error)
{
    const char *found = walk->record->found_driver;

    if (!ccw_walk_driver_is(walk, found)) {
        /* An unbound subchannel is grabbed when vfio_ccw is loaded. */
        if (strcmp(found, CCW_DRIVER_VFIO) != 0 && !back_bind(walk, error))
            return FALSE;
        if (!ccw_walk_bind(walk, found, error))
            return FALSE;
    }
    return write_override(walk, walk->record->found_override, error);
}

/* The device is there again, and usable: that one cannot be set is no reason to keep it. */
static void restore_settings(CcwWalk *walk)
{
    for (guint i = 0; i < CCW_DASD_SETTINGS; i++) {
        const char *name = ccw_dasd_setting_name(i);
        const char *value = walk->record->found_settings.values[i];
        int errnum;

        if (!value || ccw_walk_attr_is(walk->ccw_dir, name, value))
            continue;
        errnum = ccw_walk_write(walk, walk->ccw_dir, name, value);
        if (errnum)
            g_warning("ccw device %s is online again, but its %s cannot be set to %s as before: %s", walk->device, name,
                      value, g_strerror(errnum));
    }
}

static gboolean back_offline(CcwWalk *walk, GError **error)
{
    if (!ccw_walk_set_online(walk, TRUE, error))
        return FALSE;
    restore_settings(walk);
    return TRUE;
}

/* In reverse, but that binding the old driver is refused (ENODEV) while driver_override names another. */
static const struct {
    CcwStep step;
    gboolean (*back)(CcwWalk *walk, GError **error);
} backward[] = {
    { CCW_STEP_MDEV, back_mdev },     { CCW_STEP_BIND, back_bind },       { CCW_STEP_OVERRIDE, back_override },
    { CCW_STEP_UNBIND, back_unbind }, { CCW_STEP_OFFLINE, back_offline },
};
G_STATIC_ASSERT(G_N_ELEMENTS(backward) == CCW_STEP_LAST);

/* TRUE if the step needs nothing any more: it is undone, or the subchannel was taken out of the machine. */
static gboolean back_step(CcwWalk *walk, gsize nth, GError **error)
{
    g_autoptr(GError) step_error = NULL;

    if ((backward[nth].step == CCW_STEP_OFFLINE || ccw_walk_check_device(walk, &step_error)) &&
        backward[nth].back(walk, &step_error))
        return TRUE;
    if (!g_file_test(walk->css_dir, G_FILE_TEST_EXISTS))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&step_error));
    return FALSE;
}

/* --- a subchannel that the device has left --- */

/* Whether the journal says that a device was taken; an entry that is not understood may say so. */
static gboolean has_entry(CcwHost *host, const char *device)
{
    g_autoptr(CcwRecord) record = NULL;
    CcwBusId id;

    return device && ccw_bus_id_parse(device, &id, NULL) && (!ccw_journal_load(host, &id, &record, NULL) || record);
}

/* Whether the subchannel is as this record's steps may have left it, and no other taking of a device explains that. */
static gboolean is_left_changed(CcwWalk *walk)
{
    g_auto(GStrv) mdevs = ccw_subchannel_mdevs(walk->host, &walk->record->subchannel);

    if (mdevs[0] || has_entry(walk->host, walk->has_now))
        return FALSE;
    return ccw_walk_driver_is(walk, CCW_DRIVER_VFIO) || ccw_walk_driver_is(walk, NULL) ||
           ccw_walk_attr_is(walk->css_dir, "driver_override", CCW_DRIVER_VFIO);
}

/*
 * The device is on another subchannel now, or nowhere, and the one that it was taken on may have another device. That
 * one gets back the driver and the driver_override that were found, if they are as the steps leave them: its own
 * device would stay on vfio_ccw otherwise, without a record.
 */
static gboolean restore_left(CcwHost *host, CcwRecord *record, CcwVfioHold hold, GError **error)
{
    g_auto(CcwWalk) walk = { 0 };

    ccw_walk_init(&walk, host, record, &record->subchannel);
    walk.held = hold;
    if (!g_file_test(walk.css_dir, G_FILE_TEST_EXISTS))
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(backward); i++) {
        if (!(record->steps & 1u << backward[i].step) || backward[i].step == CCW_STEP_OFFLINE)
            continue;
        if (backward[i].step != CCW_STEP_MDEV && !is_left_changed(&walk))
            continue;
        if (!back_step(&walk, i, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean walk_back(CcwHost *host, CcwRecord *record, const CcwBusId *subchannel, CcwVfioHold hold,
                          GError **error)
{
    g_auto(CcwWalk) walk = { 0 };
    gboolean reappears = record->steps & 1u << CCW_STEP_UNBIND && record->found_online >= 0;

    ccw_walk_init(&walk, host, record, subchannel);
    walk.held = hold;
    for (gsize i = 0; i < G_N_ELEMENTS(backward); i++) {
        if (!(record->steps & 1u << backward[i].step))
            continue;
        if (!back_step(&walk, i, error))
            return FALSE;
        record->steps &= ~(1u << backward[i].step);
        ccw_journal_save(host, record, NULL);
    }
    /* Who takes it next shall find it. */
    if (reappears && g_file_test(walk.css_dir, G_FILE_TEST_EXISTS))
        ccw_wait_until(has_device, &walk, host->settle_ms);
    return TRUE;
}

gboolean ccw_steps_give_back_held(CcwHost *host, CcwRecord *record, CcwVfioHold hold, GError **error)
{
    CcwBusId subchannel;
    gboolean is_there;

    /* That a way back cannot be recorded (a full disk) is no reason not to walk it: it can be walked twice. */
    record->state = CCW_CLAIM_RELEASING;
    g_clear_pointer(&record->token, g_free);
    ccw_journal_save(host, record, NULL);
    is_there = ccw_subchannel_of(host, &record->device, &subchannel);
    if (!(is_there && ccw_bus_id_equal(&subchannel, &record->subchannel)) && !restore_left(host, record, hold, error))
        return FALSE;
    if (is_there && !walk_back(host, record, &subchannel, hold, error))
        return FALSE;
    return ccw_journal_remove(host, &record->device, error);
}

gboolean ccw_steps_give_back(CcwHost *host, CcwRecord *record, GError **error)
{
    return ccw_steps_give_back_held(host, record, -1, error);
}
