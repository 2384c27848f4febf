/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The uevents of the model's objects, and their uevent attributes, which have the same lines.
 */
#include "lab/lab-model-priv.h"

#include <errno.h>
#include <string.h>

void lab_env_subchannel(const LabSubchannel *sch, GString *text)
{
    if (sch->driver != LAB_DRIVER_NONE)
        g_string_append_printf(text, "DRIVER=%s\n", lab_driver_name(sch->driver));
    g_string_append(text, "ST=0\nMODALIAS=css:t0\n");
}

void lab_modalias_ccw(const LabSubchannel *sch, GString *text)
{
    const LabDevice *device = &sch->config;

    g_string_append_printf(text, "ccw:t%04Xm%02Xdt%04Xdm%02X", device->cu_type, device->cu_model, device->dev_type,
                           device->dev_model);
}

void lab_env_ccw(const LabSubchannel *sch, GString *text)
{
    const LabDevice *device = &sch->config;

    if (sch->is_device_bound)
        g_string_append(text, "DRIVER=" LAB_CCW_DRIVER "\n");
    g_string_append_printf(text,
                           "CU_TYPE=%04X\nCU_MODEL=%02X\nDEV_TYPE=%04X\nDEV_MODEL=%02X\nMODALIAS=", device->cu_type,
                           device->cu_model, device->dev_type, device->dev_model);
    lab_modalias_ccw(sch, text);
    g_string_append_c(text, '\n');
}

void lab_env_mdev(const LabSubchannel *sch, GString *text)
{
    if (sch->mdev->is_active && sch->mdev->is_bound)
        g_string_append(text, "DRIVER=" LAB_MDEV_DRIVER "\n");
}

void lab_env_group(const LabSubchannel *sch, GString *text)
{
    g_string_append_printf(text, "MAJOR=" LAB_GROUP_MAJOR "\nMINOR=%u\nDEVNAME=vfio/%u\n", sch->mdev->group,
                           sch->mdev->group);
}

/* zap_modalias_env() of lib/kobject_uevent.c: udev must load no module for an unbound device. MODALIAS comes last. */
static void zap_modalias(GString *env)
{
    char *modalias = strstr(env->str, "MODALIAS=");

    if (modalias)
        g_string_truncate(env, (gsize)(modalias - env->str));
}

static void emit(LabModel *model, const char *action, const char *subsystem, const char *devpath, GString *env)
{
    if (strcmp(action, "unbind") == 0)
        zap_modalias(env);
    if (model->events->uevent)
        model->events->uevent(action, devpath, subsystem, env->str, model->opaque);
    g_string_free(env, TRUE);
}

void lab_emit_subchannel(LabModel *model, const LabSubchannel *sch, const char *action, const char *extra)
{
    g_autofree char *path = g_strdup_printf("/devices/css0/%s", sch->name);
    GString *env = g_string_new(extra);

    lab_env_subchannel(sch, env);
    emit(model, action, "css", path, env);
}

static char *ccw_path(const LabSubchannel *sch)
{
    return g_strdup_printf("/devices/css0/%s/%s", sch->is_orphan ? LAB_DEFUNCT : sch->name, sch->device);
}

void lab_emit_ccw(LabModel *model, const LabSubchannel *sch, const char *action, const char *extra)
{
    g_autofree char *path = ccw_path(sch);
    GString *env = g_string_new(extra);

    lab_env_ccw(sch, env);
    emit(model, action, "ccw", path, env);
}

void lab_emit_mdev(LabModel *model, const LabSubchannel *sch, const char *action, const char *extra)
{
    g_autofree char *path = g_strdup_printf("/devices/css0/%s/%s", sch->name, sch->mdev->uuid);
    GString *env = g_string_new(extra);

    lab_env_mdev(sch, env);
    emit(model, action, "mdev", path, env);
}

/* kobject_synth_uevent(): the first word is the action. The model ignores the rest, which can be a UUID. */
int lab_synth_uevent(LabModel *model, LabSubchannel *sch, LabSynth what, const char *text)
{
    static const char *const actions[] = { "add", "remove", "change", "move", "online", "offline", "bind", "unbind" };
    static void (*const emitters[])(LabModel *, const LabSubchannel *, const char *, const char *) = {
        [LAB_SYNTH_SUBCHANNEL] = lab_emit_subchannel,
        [LAB_SYNTH_CCW] = lab_emit_ccw,
        [LAB_SYNTH_MDEV] = lab_emit_mdev,
    };
    gsize length = strcspn(text, " \n");
    int result = EINVAL;

    g_mutex_lock(&model->lock);
    if ((what == LAB_SYNTH_CCW && !lab_ccw_is_present(sch)) || (what == LAB_SYNTH_MDEV && !sch->mdev))
        result = ENODEV;
    for (gsize i = 0; result == EINVAL && i < G_N_ELEMENTS(actions); i++) {
        if (strlen(actions[i]) == length && strncmp(actions[i], text, length) == 0) {
            if (what != LAB_SYNTH_OTHER)
                emitters[what](model, sch, actions[i], "SYNTH_UUID=0\n");
            result = 0;
        }
    }
    g_mutex_unlock(&model->lock);
    return result;
}
