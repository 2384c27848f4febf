/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ccw bus: the device below a subchannel that io_subchannel drives (drivers/s390/cio/device.c).
 */
#include "lab/lab-model-priv.h"

#include <errno.h>
#include <string.h>

static void attach(LabModel *model, LabSubchannel *sch)
{
    sch->device_bound = TRUE;
    lab_emit_ccw(model, sch, "bind", NULL);
}

static void detach(LabModel *model, LabSubchannel *sch)
{
    sch->online = FALSE;
    sch->device_bound = FALSE;
    lab_emit_ccw(model, sch, "unbind", NULL);
}

/* A DASD that comes back stays offline until somebody says otherwise. */
void lab_ccw_register(LabModel *model, LabSubchannel *sch)
{
    sch->online = FALSE;
    lab_emit_ccw(model, sch, "add", NULL);
    if (model->ccw_autoprobe)
        attach(model, sch);
}

void lab_ccw_unregister(LabModel *model, LabSubchannel *sch)
{
    if (sch->device_bound)
        detach(model, sch);
    lab_emit_ccw(model, sch, "remove", NULL);
}

int lab_ccw_bind(LabModel *model, const char *text)
{
    LabSubchannel *sch;
    int result = ENODEV;

    g_mutex_lock(&model->lock);
    sch = lab_find_ccw(model, text);
    if (sch) {
        result = sch->device_bound ? EBUSY : 0;
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
    if (sch && sch->device_bound) {
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
    if (sch && !sch->device_bound)
        attach(model, sch);
    g_mutex_unlock(&model->lock);
    return sch ? 0 : ENODEV;
}

/* online_store(): "force" or a hexadecimal 0 or 1; the value that it has already is EINVAL. */
int lab_ccw_online(LabModel *model, LabSubchannel *sch, const char *text, gsize length)
{
    gulong value = 1;
    int result = 0;

    if (strncmp(text, "force\n", length) != 0)
        result = lab_strtoul(text, 16, &value);
    if (result)
        return result;
    if (value > 1)
        return EINVAL;
    g_mutex_lock(&model->lock);
    if (!lab_ccw_present(sch)) {
        result = ENODEV;
    } else if (!sch->device_bound || sch->online == (value == 1)) {
        result = EINVAL;
    } else {
        sch->online = value == 1;
        /* dasd_change_state() of drivers/s390/block/dasd.c; libvirt lists a ccw device once it is online. */
        lab_emit_ccw(model, sch, "change", NULL);
    }
    g_mutex_unlock(&model->lock);
    return result;
}
