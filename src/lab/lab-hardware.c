/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Changes the state of the hardware: plugged or not, with or without a path, reserved by another system. Then does what
 * the kernel's css does about it (io_subchannel_sch_event() and _chp_event() of drivers/s390/cio/device.c,
 * vfio_ccw_sch_event()).
 */
#include <errno.h>
#include <string.h>

#include "lab/lab-model-priv.h"

static const char *const state_names[] = {
    [LAB_STATE_GOOD] = "good",   [LAB_STATE_BOXED] = "boxed",         [LAB_STATE_NO_PATH] = "no-path",
    [LAB_STATE_ALIAS] = "alias", [LAB_STATE_UNPLUGGED] = "unplugged",
};

const char *lab_state_name(LabState state)
{
    return state_names[state];
}

static void vanish(LabModel *model, LabSubchannel *sch)
{
    if (sch->driver == LAB_DRIVER_NONE)
        return; /* css_evaluate_known_subchannel() does nothing without a driver */
    if (sch->has_ccw && sch->is_online && !sch->is_orphan)
        lab_ccw_move(model, sch, TRUE);
    lab_css_unregister(model, sch);
}

/* Does what sch_get_action() and its callers do. The caller holds the device lock. */
static void evaluate(LabModel *model, LabSubchannel *sch)
{
    if (sch->state == LAB_STATE_UNPLUGGED) {
        if (sch->is_registered)
            vanish(model, sch);
    } else if (!sch->is_registered) {
        lab_css_register(model, sch);
    } else if (sch->driver == LAB_DRIVER_IO_SUBCHANNEL && !lab_has_path(model, sch)) {
        if (sch->has_ccw && sch->is_online)
            lab_set_paths(sch, 0);
        else if (sch->has_ccw) /* the driver keeps online devices only */
            lab_ccw_unregister(model, sch);
    } else if (sch->driver == LAB_DRIVER_IO_SUBCHANNEL) {
        lab_ccw_recognise(model, sch);
        if (sch->has_ccw && sch->is_online)
            lab_set_paths(sch, LAB_PATH_MASK);
    }
}

static void evaluate_locked(LabModel *model, LabSubchannel *sch)
{
    lab_device_lock(model, sch);
    evaluate(model, sch);
    lab_device_unlock(model, sch);
}

void lab_css_rescan(LabModel *model)
{
    g_mutex_lock(&model->lock);
    for (guint i = 0; i < model->subchannels->len; i++)
        evaluate_locked(model, g_ptr_array_index(model->subchannels, i));
    g_mutex_unlock(&model->lock);
}

static void vary(LabModel *model, gboolean on)
{
    model->is_varied_off = !on;
    for (guint i = 0; i < model->subchannels->len; i++)
        evaluate_locked(model, g_ptr_array_index(model->subchannels, i));
}

static gboolean begins(const char *word, const char *beginning)
{
    return g_ascii_strncasecmp(word, beginning, strlen(beginning)) == 0;
}

/* chp_status_write(): takes the first word, of at most five characters. */
int lab_chp_vary(LabModel *model, const char *text)
{
    char word[6] = "";
    gboolean on, off;

    g_strlcpy(word, text + strspn(text, " \t\n\v\f\r"), sizeof(word));
    word[strcspn(word, " \t\n\v\f\r")] = '\0';
    if (!*word)
        return 0;
    on = begins(word, "on") || strcmp(word, "1") == 0;
    off = begins(word, "off") || strcmp(word, "0") == 0;
    if (!on && !off)
        return EINVAL;
    g_mutex_lock(&model->lock);
    if (on || !model->is_varied_off)
        vary(model, on);
    g_mutex_unlock(&model->lock);
    return 0;
}

int lab_hardware_set(LabModel *model, const char *device, LabState state)
{
    LabSubchannel *sch;
    int result = 0;

    g_mutex_lock(&model->lock);
    sch = g_hash_table_lookup(model->by_device, device);
    if (!sch) {
        result = ENODEV;
    } else if (sch->state == state) {
        result = EEXIST;
    } else {
        lab_device_lock(model, sch);
        sch->state = state;
        sch->is_boxed = state == LAB_STATE_BOXED;
        sch->dasd.is_alias = state == LAB_STATE_ALIAS;
        evaluate(model, sch);
        lab_device_unlock(model, sch);
    }
    g_mutex_unlock(&model->lock);
    return result;
}

int lab_hardware_get(LabModel *model, const char *device, LabState *ret_state)
{
    const LabSubchannel *sch;

    g_mutex_lock(&model->lock);
    sch = g_hash_table_lookup(model->by_device, device);
    if (sch)
        *ret_state = sch->state;
    g_mutex_unlock(&model->lock);
    return sch ? 0 : ENODEV;
}
