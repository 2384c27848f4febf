/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes and finds the model's objects, and answers questions about them. The operations on them are in lab-css.c,
 * lab-ccw.c, lab-mdev.c and lab-hardware.c.
 */
#include "lab/lab-model-priv.h"

#include <errno.h>
#include <string.h>

static const char *const driver_names[] = {
    [LAB_DRIVER_IO_SUBCHANNEL] = "io_subchannel",
    [LAB_DRIVER_VFIO_CCW] = "vfio_ccw",
};

void lab_set_paths(LabSubchannel *sch, guint8 vpm)
{
    sch->vpm = sch->dasd.paths = vpm;
}

static LabSubchannel *subchannel_new(const LabDevice *device, guint16 number)
{
    LabSubchannel *sch = g_new0(LabSubchannel, 1);
    CcwBusId id = { device->id.cssid, device->id.ssid, number };

    sch->config = *device;
    ccw_bus_id_format(&id, sch->name);
    ccw_bus_id_format(&device->id, sch->device);
    sch->driver = LAB_DRIVER_IO_SUBCHANNEL;
    sch->is_registered = sch->has_ccw = sch->is_device_bound = sch->is_online = TRUE;
    lab_dasd_init(&sch->dasd, &device->id, device->is_read_only);
    lab_dasd_set_online(&sch->dasd, TRUE);
    lab_set_paths(sch, LAB_PATH_MASK);
    return sch;
}

static void subchannel_free(LabSubchannel *sch)
{
    g_free(sch->driver_override);
    g_free(sch->mdev);
    g_free(sch);
}

LabModel *lab_model_new(const LabDevice *devices, gsize n_devices)
{
    static const LabModelEvents silent = { NULL, NULL, NULL };
    LabModel *model = g_new0(LabModel, 1);
    guint16 next[CCW_SSID_MAX + 1] = { 0 };

    g_mutex_init(&model->lock);
    g_cond_init(&model->changed);
    model->subchannels = g_ptr_array_new_with_free_func((GDestroyNotify)subchannel_free);
    model->css_autoprobe = model->ccw_autoprobe = model->mdev_autoprobe = TRUE;
    model->events = &silent;
    model->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    model->by_device = g_hash_table_new(g_str_hash, g_str_equal);
    for (gsize i = 0; i < n_devices; i++) {
        LabSubchannel *sch = subchannel_new(&devices[i], next[devices[i].id.ssid]++);

        sch->number = (guint)i + 1;
        g_ptr_array_add(model->subchannels, sch);
        g_hash_table_insert(model->by_name, sch->name, sch);
        g_hash_table_insert(model->by_device, sch->device, sch);
    }
    return model;
}

void lab_model_free(LabModel *model)
{
    g_hash_table_unref(model->by_name);
    g_hash_table_unref(model->by_device);
    g_ptr_array_unref(model->subchannels);
    g_cond_clear(&model->changed);
    g_mutex_clear(&model->lock);
    g_free(model);
}

void lab_model_set_events(LabModel *model, const LabModelEvents *events, gpointer opaque)
{
    g_mutex_lock(&model->lock);
    model->events = events;
    model->opaque = opaque;
    g_mutex_unlock(&model->lock);
}

const char *lab_driver_name(LabDriver driver)
{
    return driver_names[driver];
}

gboolean lab_driver_is_linked(const LabSubchannel *sch)
{
    return sch->driver != LAB_DRIVER_NONE && !sch->is_unbinding;
}

gboolean lab_ccw_is_present(const LabSubchannel *sch)
{
    return sch->has_ccw;
}

gboolean lab_has_path(const LabModel *model, const LabSubchannel *sch)
{
    return sch->state != LAB_STATE_NO_PATH && sch->state != LAB_STATE_UNPLUGGED && !model->is_varied_off;
}

gboolean lab_ccw_is_disconnected(const LabModel *model, const LabSubchannel *sch)
{
    return sch->has_ccw && (sch->is_orphan || !lab_has_path(model, sch));
}

/* available_show() of drivers/s390/cio/device.c */
const char *lab_availability(const LabModel *model, const LabSubchannel *sch)
{
    if (sch->is_orphan)
        return "no device";
    if (lab_ccw_is_disconnected(model, sch))
        return "no path";
    return sch->is_boxed ? "boxed" : "good";
}

void lab_subchannel_changed(LabSubchannel *sch)
{
    sch->changes++;
}

/* sysfs_streq(): ignores one trailing newline of text. */
static LabSubchannel *find_by(GHashTable *table, const char *text)
{
    gsize length = strlen(text);
    g_autofree char *name = g_strndup(text, length && text[length - 1] == '\n' ? length - 1 : length);

    return g_hash_table_lookup(table, name);
}

LabSubchannel *lab_find_subchannel(LabModel *model, const char *text)
{
    LabSubchannel *sch = find_by(model->by_name, text);

    return sch && sch->is_registered ? sch : NULL;
}

LabSubchannel *lab_find_ccw(LabModel *model, const char *text)
{
    LabSubchannel *sch = find_by(model->by_device, text);

    return sch && lab_ccw_is_present(sch) ? sch : NULL;
}

LabSubchannel *lab_find_mdev(LabModel *model, const char *uuid)
{
    for (guint i = 0; i < model->subchannels->len; i++) {
        LabSubchannel *sch = g_ptr_array_index(model->subchannels, i);

        if (sch->mdev && strcmp(sch->mdev->uuid, uuid) == 0)
            return sch;
    }
    return NULL;
}

LabSubchannel *lab_find_serial(LabModel *model, guint64 serial)
{
    for (guint i = 0; i < model->subchannels->len; i++) {
        LabSubchannel *sch = g_ptr_array_index(model->subchannels, i);

        if (sch->mdev && sch->mdev->is_bound && sch->mdev->serial == serial)
            return sch;
    }
    return NULL;
}

void lab_device_lock(LabModel *model, LabSubchannel *sch)
{
    while (sch->is_locked)
        g_cond_wait(&model->changed, &model->lock);
    sch->is_locked = TRUE;
}

void lab_device_unlock(LabModel *model, LabSubchannel *sch)
{
    sch->is_locked = FALSE;
    g_cond_broadcast(&model->changed);
}
