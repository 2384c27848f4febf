/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The operations on the ccw bus, for the device below a subchannel that io_subchannel drives
 * (drivers/s390/cio/device.c).
 */
#include "lab/lab-model-priv.h"
#include "lab/lab-number.h"

#include <errno.h>
#include <string.h>

static void attach(LabModel *model, LabSubchannel *sch)
{
    sch->is_device_bound = TRUE;
    lab_emit_ccw(model, sch, "bind", NULL);
}

static void show_online(LabSubchannel *sch, gboolean online)
{
    sch->is_online = online;
    lab_dasd_set_online(&sch->dasd, online);
    lab_subchannel_changed(sch); /* paths_info exists for an online device only */
}

static void detach(LabModel *model, LabSubchannel *sch)
{
    show_online(sch, FALSE);
    sch->is_device_bound = FALSE;
    lab_emit_ccw(model, sch, "unbind", NULL);
}

/* A DASD that is plugged in again stays offline until a user sets it online. */
void lab_ccw_register(LabModel *model, LabSubchannel *sch)
{
    sch->has_ccw = TRUE;
    sch->is_boxed = FALSE;
    show_online(sch, FALSE);
    lab_emit_ccw(model, sch, "add", NULL);
    if (model->ccw_autoprobe)
        attach(model, sch);
}

void lab_ccw_unregister(LabModel *model, LabSubchannel *sch)
{
    if (sch->is_device_bound)
        detach(model, sch);
    lab_emit_ccw(model, sch, "remove", NULL);
    sch->has_ccw = sch->is_orphan = FALSE;
    lab_subchannel_changed(sch);
}

void lab_ccw_move(LabModel *model, LabSubchannel *sch, gboolean orphan)
{
    g_autofree char *from =
        g_strdup_printf("DEVPATH_OLD=/devices/css0/%s/%s\n", orphan ? sch->name : LAB_DEFUNCT, sch->device);

    sch->is_orphan = orphan;
    lab_subchannel_changed(sch);
    lab_emit_ccw(model, sch, "move", from);
}

/* The kernel identifies a new device. An orphaned device, which was online, moves back and continues. */
void lab_ccw_recognise(LabModel *model, LabSubchannel *sch)
{
    if (!lab_has_path(model, sch) || sch->driver != LAB_DRIVER_IO_SUBCHANNEL)
        return;
    if (!sch->has_ccw) {
        lab_ccw_register(model, sch);
    } else if (sch->is_orphan) {
        lab_ccw_move(model, sch, FALSE);
        lab_set_paths(sch, LAB_PATH_MASK);
    }
}

int lab_ccw_bind(LabModel *model, const char *text)
{
    LabSubchannel *sch;
    int result = ENODEV;

    g_mutex_lock(&model->lock);
    sch = lab_find_ccw(model, text);
    if (sch) {
        result = sch->is_device_bound ? EBUSY : 0;
        if (!result)
            attach(model, sch);
    }
    g_mutex_unlock(&model->lock);
    return result;
}

int lab_ccw_unbind(LabModel *model, const char *text)
{
    LabSubchannel *sch;
    int result = ENODEV;

    g_mutex_lock(&model->lock);
    sch = lab_find_ccw(model, text);
    if (sch && sch->is_device_bound) {
        detach(model, sch);
        result = 0;
    }
    g_mutex_unlock(&model->lock);
    return result;
}

int lab_ccw_probe(LabModel *model, const char *text)
{
    LabSubchannel *sch;

    g_mutex_lock(&model->lock);
    sch = lab_find_ccw(model, text);
    if (sch && !sch->is_device_bound)
        attach(model, sch);
    g_mutex_unlock(&model->lock);
    return sch ? 0 : ENODEV;
}

/* ccw_device_set_online() and _set_offline() */
static int set_online(LabModel *model, LabSubchannel *sch, gboolean value, gboolean force)
{
    if (!sch->is_device_bound || sch->is_online == value)
        return EINVAL;
    if (value && sch->state == LAB_STATE_BOXED && !force) {
        sch->is_boxed = TRUE;
        return ENODEV;
    }
    if (value && sch->state == LAB_STATE_BOXED)
        sch->state = LAB_STATE_GOOD; /* an unconditional reserve takes it from the other system */
    if (value)
        sch->is_boxed = FALSE;
    if (value)
        lab_set_paths(sch, LAB_PATH_MASK);
    show_online(sch, value);
    /* dasd_change_state() of drivers/s390/block/dasd.c emits this; libvirt lists a ccw device when it is online. */
    lab_emit_ccw(model, sch, "change", NULL);
    return 0;
}

/* online_store_handle_offline(): writing 0 removes a device that the kernel has kept without hardware. */
static int remove_disconnected(LabModel *model, LabSubchannel *sch, gboolean value)
{
    if (value)
        return EINVAL;
    lab_ccw_unregister(model, sch);
    return 0;
}

/* online_store(): takes "force" or a hexadecimal 0 or 1; EINVAL for the value that the attribute has already. */
int lab_ccw_online(LabModel *model, LabSubchannel *sch, const char *text, gsize length)
{
    gboolean force = strncmp(text, "force\n", length) == 0;
    gulong value = 1;
    int result = 0;

    if (!force)
        result = lab_strtoul(text, 16, &value);
    if (result)
        return result;
    if (value > 1)
        return EINVAL;
    g_mutex_lock(&model->lock);
    if (!lab_ccw_is_present(sch))
        result = ENODEV;
    else if (lab_ccw_is_disconnected(model, sch))
        result = remove_disconnected(model, sch, value == 1);
    else
        result = set_online(model, sch, value == 1, force);
    g_mutex_unlock(&model->lock);
    return result;
}

int lab_ccw_dasd(LabModel *model, LabSubchannel *sch, guint attr, const char *text)
{
    gboolean offline = FALSE;
    int result = ENODEV;

    g_mutex_lock(&model->lock);
    if (lab_ccw_is_present(sch) && sch->is_device_bound)
        result = lab_dasd_store(&sch->dasd, attr, text, &offline);
    if (offline)
        result = set_online(model, sch, FALSE, FALSE);
    g_mutex_unlock(&model->lock);
    return result;
}
