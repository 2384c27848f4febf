/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The operations on mediated devices of vfio_ccw and their VFIO groups (drivers/vfio/mdev, drivers/vfio/vfio_main.c).
 */
#include "lab/lab-model-priv.h"
#include "lab/lab-number.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#define REQUEST_INTERVAL (10 * G_TIME_SPAN_SECOND) /* vfio_unregister_group_dev() */

static guint free_group(LabModel *model)
{
    for (guint group = 0;; group++) {
        gboolean taken = FALSE;

        for (guint i = 0; i < model->subchannels->len; i++) {
            const LabSubchannel *sch = g_ptr_array_index(model->subchannels, i);

            taken |= sch->mdev && sch->mdev->is_bound && sch->mdev->group == group;
        }
        if (!taken)
            return group;
    }
}

static void emit_group(LabModel *model, const LabSubchannel *sch, const char *action)
{
    g_autofree char *path = g_strdup_printf("/devices/virtual/vfio/%u", sch->mdev->group);
    g_autoptr(GString) env = g_string_new(NULL);

    lab_env_group(sch, env);
    if (model->events->uevent)
        model->events->uevent(action, path, "vfio", env->str, model->opaque);
}

static void emit_vfio_dev(LabModel *model, const LabSubchannel *sch, const char *action)
{
    g_autofree char *path =
        g_strdup_printf("/devices/css0/%s/%s/vfio-dev/vfio%u", sch->name, sch->mdev->uuid, sch->mdev->group);

    if (model->events->uevent)
        model->events->uevent(action, path, "vfio-dev", "", model->opaque);
}

static void notify_node(LabModel *model, const LabSubchannel *sch, gboolean is_present)
{
    if (model->events->node)
        model->events->node(sch->mdev->group, is_present, model->opaque);
}

/* create_store() and guid_parse(): takes 36 characters, a UUID of any version, and one more that the kernel ignores. */
static gboolean parse_uuid(const char *text, gsize length, char ret_uuid[LAB_UUID_STR_LEN])
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    G_STATIC_ASSERT(sizeof(form) == LAB_UUID_STR_LEN);
    if (length < sizeof(form) - 1 || length > sizeof(form))
        return FALSE;
    for (gsize i = 0; i < sizeof(form) - 1; i++) {
        if (form[i] == 'x' ? !g_ascii_isxdigit(text[i]) : text[i] != form[i])
            return FALSE;
        ret_uuid[i] = g_ascii_tolower(text[i]);
    }
    ret_uuid[sizeof(form) - 1] = '\0';
    return TRUE;
}

/* vfio_register_emulated_iommu_dev() */
static void bind_driver(LabModel *model, LabSubchannel *sch)
{
    sch->mdev->group = free_group(model);
    sch->mdev->is_bound = TRUE;
    notify_node(model, sch, TRUE);
    emit_group(model, sch, "add");
    emit_vfio_dev(model, sch, "add");
}

int lab_mdev_create(LabModel *model, LabSubchannel *sch, const char *text, gsize length)
{
    char uuid[LAB_UUID_STR_LEN];
    int result = 0;

    if (!parse_uuid(text, length, uuid))
        return EINVAL;
    g_mutex_lock(&model->lock);
    if (lab_find_mdev(model, uuid))
        result = EEXIST;
    else if (sch->mdev)
        result = EUSERS;
    else if (sch->driver != LAB_DRIVER_VFIO_CCW || sch->is_unbinding)
        result = ENODEV;
    if (!result) {
        sch->mdev = g_new0(LabMdev, 1);
        memcpy(sch->mdev->uuid, uuid, sizeof(uuid));
        lab_emit_mdev(model, sch, "add", NULL);
        bind_driver(model, sch);
        sch->mdev->is_active = TRUE;
        lab_emit_mdev(model, sch, "bind", NULL);
    }
    g_mutex_unlock(&model->lock);
    return result;
}

/*
 * vfio_unregister_group_dev(). Only the thread that has set is_unbinding calls this, so the mdev stays while this
 * function releases the lock.
 */
static void unbind_driver(LabModel *model, LabSubchannel *sch)
{
    while (sch->mdev->is_in_use) {
        gint64 until = g_get_monotonic_time() + REQUEST_INTERVAL;

        if (model->events->request)
            model->events->request(sch->mdev->serial, model->opaque);
        while (sch->mdev->is_in_use && g_cond_wait_until(&model->changed, &model->lock, until))
            ;
    }
    emit_vfio_dev(model, sch, "remove");
    notify_node(model, sch, FALSE);
    emit_group(model, sch, "remove");
    sch->mdev->is_bound = sch->mdev->is_unbinding = sch->mdev->is_open = FALSE;
    lab_subchannel_changed(sch);
    lab_emit_mdev(model, sch, "unbind", NULL);
    g_cond_broadcast(&model->changed);
}

static void begin_unbind(LabSubchannel *sch)
{
    sch->mdev->is_unbinding = TRUE;
    lab_subchannel_changed(sch);
}

/* Only the thread that has cleared is_active calls this. */
void lab_mdev_destroy(LabModel *model, LabSubchannel *sch)
{
    while (sch->mdev->is_unbinding) /* a user's write to "unbind" still waits */
        g_cond_wait(&model->changed, &model->lock);
    if (sch->mdev->is_bound) {
        begin_unbind(sch);
        unbind_driver(model, sch);
    }
    lab_emit_mdev(model, sch, "remove", NULL);
    g_clear_pointer(&sch->mdev, g_free);
    lab_subchannel_changed(sch);
    g_cond_broadcast(&model->changed);
}

static LabSubchannel *find_active(LabModel *model, const char *text)
{
    gsize length = strlen(text);
    g_autofree char *uuid = g_strndup(text, length && text[length - 1] == '\n' ? length - 1 : length);
    LabSubchannel *sch = lab_find_mdev(model, uuid);

    return sch && sch->mdev->is_active ? sch : NULL;
}

int lab_mdev_unbind(LabModel *model, const char *text)
{
    LabSubchannel *sch;
    int result = ENODEV;

    g_mutex_lock(&model->lock);
    sch = find_active(model, text);
    if (sch && sch->mdev->is_bound && !sch->mdev->is_unbinding) {
        begin_unbind(sch);
        unbind_driver(model, sch);
        result = 0;
    }
    g_mutex_unlock(&model->lock);
    return result;
}

int lab_mdev_probe(LabModel *model, const char *text)
{
    int result;

    g_mutex_lock(&model->lock);
    result = find_active(model, text) ? 0 : ENODEV; /* no driver matches, which is no error */
    g_mutex_unlock(&model->lock);
    return result;
}

int lab_mdev_remove(LabModel *model, const char *uuid, const char *text)
{
    LabSubchannel *sch;
    gulong value;
    int result = ENODEV;

    if (lab_strtoul(text, 0, &value) != 0)
        return EINVAL;
    if (!value)
        return 0;
    g_mutex_lock(&model->lock);
    sch = lab_find_mdev(model, uuid);
    if (sch && sch->mdev->is_active) {
        sch->mdev->is_active = FALSE;
        lab_subchannel_changed(sch);
        lab_mdev_destroy(model, sch);
        result = 0;
    }
    g_mutex_unlock(&model->lock);
    return result;
}

static gboolean is_usable(const LabMdev *mdev)
{
    return mdev->is_active && mdev->is_bound && !mdev->is_unbinding;
}

static LabMdev *find_group(LabModel *model, guint group, LabSubchannel **ret_sch)
{
    for (guint i = 0; i < model->subchannels->len; i++) {
        LabSubchannel *sch = g_ptr_array_index(model->subchannels, i);

        if (sch->mdev && is_usable(sch->mdev) && sch->mdev->group == group) {
            *ret_sch = sch;
            return sch->mdev;
        }
    }
    return NULL;
}

static void fill_group(const LabSubchannel *sch, LabGroup *ret_group)
{
    *ret_group = (LabGroup){
        .serial = sch->mdev->serial,
        .token = sch->mdev->token,
        .image_fd = sch->config.image_fd,
        .snapshot_fd = sch->config.snapshot_fd,
        .is_read_only = sch->config.is_read_only,
        .is_sync = sch->config.is_sync,
        .is_snapshot = sch->config.is_snapshot,
    };
    memcpy(ret_group->uuid, sch->mdev->uuid, sizeof(ret_group->uuid));
    memcpy(ret_group->bus_id, sch->device, sizeof(ret_group->bus_id));
}

int lab_group_open(LabModel *model, guint group, LabGroup *ret_group)
{
    LabSubchannel *sch = NULL;
    LabMdev *mdev;
    int result = 0;

    g_mutex_lock(&model->lock);
    mdev = find_group(model, group, &sch);
    if (!mdev) {
        result = ENODEV;
    } else if (mdev->is_open) {
        result = EBUSY;
    } else if (getrandom(&mdev->token, sizeof(mdev->token), 0) != sizeof(mdev->token)) {
        result = EIO;
    } else {
        mdev->is_open = TRUE;
        mdev->serial = ++model->last_serial;
        fill_group(sch, ret_group);
    }
    g_mutex_unlock(&model->lock);
    return result;
}

int lab_group_find(LabModel *model, const CcwLabToken *token, LabGroup *ret_group)
{
    int result = EACCES;

    g_mutex_lock(&model->lock);
    for (guint i = 0; i < model->subchannels->len; i++) {
        const LabSubchannel *sch = g_ptr_array_index(model->subchannels, i);
        const LabMdev *mdev = sch->mdev;

        if (mdev && mdev->is_bound && mdev->is_open && memcmp(&mdev->token, token, sizeof(*token)) == 0) {
            fill_group(sch, ret_group);
            result = 0;
        }
    }
    g_mutex_unlock(&model->lock);
    return result;
}

gboolean lab_group_set_in_use(LabModel *model, guint64 serial, gboolean in_use)
{
    LabSubchannel *sch;
    gboolean can_keep = FALSE;

    g_mutex_lock(&model->lock);
    sch = lab_find_serial(model, serial);
    if (sch) {
        /* A removal that has begun waits for its user to end, but not for a user that starts later. */
        if (!in_use || is_usable(sch->mdev))
            sch->mdev->is_in_use = in_use && sch->mdev->is_open;
        can_keep = is_usable(sch->mdev);
        g_cond_broadcast(&model->changed);
    }
    g_mutex_unlock(&model->lock);
    return can_keep;
}

void lab_group_close(LabModel *model, guint64 serial)
{
    LabSubchannel *sch;

    g_mutex_lock(&model->lock);
    sch = lab_find_serial(model, serial);
    if (sch) {
        sch->mdev->is_open = sch->mdev->is_in_use = FALSE;
        g_cond_broadcast(&model->changed);
    }
    g_mutex_unlock(&model->lock);
}
