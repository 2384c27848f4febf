/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The operations on the css bus: subchannels and their drivers (drivers/base/bus.c, drivers/s390/cio/css.c).
 */
#include "lab/lab-model-priv.h"

#include <errno.h>
#include <string.h>

/* css_bus_match(): an override names the one driver that matches; else every driver of I/O subchannels matches. */
static gboolean matches(const LabSubchannel *sch, LabDriver driver)
{
    return !sch->driver_override || strcmp(sch->driver_override, lab_driver_name(driver)) == 0;
}

static void attach(LabModel *model, LabSubchannel *sch, LabDriver driver)
{
    sch->driver = driver;
    if (driver == LAB_DRIVER_VFIO_CCW)
        lab_emit_subchannel(model, sch, "change", "MDEV_STATE=registered\n");
    lab_emit_subchannel(model, sch, "bind", NULL);
    if (driver == LAB_DRIVER_IO_SUBCHANNEL)
        lab_ccw_recognise(model, sch);
}

static void detach(LabModel *model, LabSubchannel *sch)
{
    if (sch->driver == LAB_DRIVER_IO_SUBCHANNEL && sch->has_ccw && !sch->is_orphan)
        lab_ccw_unregister(model, sch);
    sch->is_unbinding = TRUE;
    lab_subchannel_changed(sch);
    if (sch->driver == LAB_DRIVER_VFIO_CCW) {
        if (sch->mdev && sch->mdev->is_active) {
            sch->mdev->is_active = FALSE;
            lab_subchannel_changed(sch);
            lab_mdev_destroy(model, sch);
        }
        while (sch->mdev) /* an earlier remove still waits for the user */
            g_cond_wait(&model->changed, &model->lock);
        lab_emit_subchannel(model, sch, "change", "MDEV_STATE=unregistered\n");
    }
    sch->is_unbinding = FALSE;
    sch->driver = LAB_DRIVER_NONE;
    lab_emit_subchannel(model, sch, "unbind", NULL);
}

/* The driver core asks the drivers in the order of their registration. */
static void probe(LabModel *model, LabSubchannel *sch)
{
    for (LabDriver driver = LAB_DRIVER_NONE + 1; driver < LAB_DRIVER_LAST; driver++)
        if (sch->driver == LAB_DRIVER_NONE && matches(sch, driver))
            attach(model, sch, driver);
}

void lab_css_register(LabModel *model, LabSubchannel *sch)
{
    sch->is_registered = TRUE;
    lab_emit_subchannel(model, sch, "add", NULL);
    if (model->css_autoprobe)
        probe(model, sch);
}

void lab_css_unregister(LabModel *model, LabSubchannel *sch)
{
    if (sch->driver != LAB_DRIVER_NONE)
        detach(model, sch);
    sch->is_registered = FALSE;
    lab_subchannel_changed(sch);
    lab_set_paths(sch, 0);
    g_clear_pointer(&sch->driver_override, g_free);
    lab_emit_subchannel(model, sch, "remove", NULL);
}

int lab_css_bind(LabModel *model, LabDriver driver, const char *text)
{
    LabSubchannel *sch;
    int result = ENODEV;

    g_mutex_lock(&model->lock);
    sch = lab_find_subchannel(model, text);
    if (sch && matches(sch, driver)) {
        lab_device_lock(model, sch);
        result = !sch->is_registered ? ENODEV : sch->driver != LAB_DRIVER_NONE ? EBUSY : 0;
        if (!result)
            attach(model, sch, driver);
        lab_device_unlock(model, sch);
    }
    g_mutex_unlock(&model->lock);
    return result;
}

int lab_css_unbind(LabModel *model, LabDriver driver, const char *text)
{
    LabSubchannel *sch;
    int result = ENODEV;

    g_mutex_lock(&model->lock);
    sch = lab_find_subchannel(model, text);
    if (sch && sch->driver == driver) {
        lab_device_lock(model, sch);
        if (sch->driver == driver) /* another thread may have unbound it during the wait, which is no error */
            detach(model, sch);
        lab_device_unlock(model, sch);
        result = 0;
    }
    g_mutex_unlock(&model->lock);
    return result;
}

int lab_css_probe(LabModel *model, const char *text)
{
    LabSubchannel *sch;

    g_mutex_lock(&model->lock);
    sch = lab_find_subchannel(model, text);
    if (sch) {
        lab_device_lock(model, sch);
        if (sch->is_registered)
            probe(model, sch);
        lab_device_unlock(model, sch);
    }
    g_mutex_unlock(&model->lock);
    return sch ? 0 : ENODEV;
}

/* driver_set_override(): takes the first line, up to a NUL; an empty line clears the override. */
int lab_css_override(LabModel *model, LabSubchannel *sch, const char *text)
{
    gsize length = strcspn(text, "\n");

    if (strlen(text) >= 4096 - 1)
        return EINVAL;
    g_mutex_lock(&model->lock);
    lab_device_lock(model, sch);
    g_free(sch->driver_override);
    sch->driver_override = length ? g_strndup(text, length) : NULL;
    lab_device_unlock(model, sch);
    g_mutex_unlock(&model->lock);
    return 0;
}
