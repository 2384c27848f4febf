/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-tree-attrs.h"

#include <errno.h>
#include <string.h>

#include "lab/lab-model-priv.h"
#include "lab/lab-number.h"

G_STATIC_ASSERT(LAB_CHPID == 0x40);

int lab_show_subchannel_uevent(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    lab_env_subchannel(match->sch, text);
    return 0;
}

int lab_show_ccw_uevent(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    lab_env_ccw(match->sch, text);
    return 0;
}

int lab_show_mdev_uevent(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    lab_env_mdev(match->sch, text);
    return 0;
}

int lab_show_group_uevent(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    lab_env_group(match->sch, text);
    return 0;
}

int lab_show_group_dev(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, LAB_GROUP_MAJOR ":%u\n", match->sch->mdev->group);
    return 0;
}

int lab_show_dev_busid(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, "%s\n", match->sch->device);
    return 0;
}

int lab_show_driver_override(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, "%s\n", match->sch->driver_override ? match->sch->driver_override : "(null)");
    return 0;
}

int lab_show_cutype(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, "%04x/%02x\n", match->sch->config.cu_type, match->sch->config.cu_model);
    return 0;
}

int lab_show_devtype(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, "%04x/%02x\n", match->sch->config.dev_type, match->sch->config.dev_model);
    return 0;
}

int lab_show_modalias(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    lab_modalias_ccw(match->sch, text);
    g_string_append_c(text, '\n');
    return 0;
}

int lab_show_online(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append(text, match->sch->is_online ? "1\n" : "0\n");
    return 0;
}

int lab_show_availability(const LabModel *model, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, "%s\n", lab_availability(model, match->sch));
    return 0;
}

int lab_show_vpm(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, "%02x\n", match->sch->vpm);
    return 0;
}

/* The masks of installed, available and operational paths; the last is what the kernel found at its last try. */
int lab_show_pimpampom(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, "%02x %02x ff\n", LAB_PATH_MASK,
                           match->sch->state == LAB_STATE_NO_PATH ? 0 : LAB_PATH_MASK);
    return 0;
}

int lab_show_chp_status(const LabModel *model, const LabMatch *match G_GNUC_UNUSED, GString *text)
{
    g_string_append(text, model->is_varied_off ? "offline\n" : "online\n");
    return 0;
}

int lab_show_available(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append(text, match->sch->mdev ? "0\n" : "1\n");
    return 0;
}

int lab_show_dasd(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    return lab_dasd_show(&match->sch->dasd, match->attr, text);
}

/* Attributes below extent_pool that say that the pool has room. */
int lab_show_dasd_zero(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append(text, "0\n");
    return match->sch->is_online ? 0 : ENODEV;
}

/*
 * The volume storage query of the embedded 3990 (src/dasd/dasd-config.c) says of a standard volume that each of its
 * cylinders has storage.
 */
int lab_show_dasd_cylinders(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append_printf(text, "%u\n", match->sch->config.cylinders);
    return match->sch->is_online ? 0 : ENODEV;
}

/* What Linux makes of the extent size in the answer to the logical configuration query. */
int lab_show_dasd_extent_size(const LabModel *model G_GNUC_UNUSED, const LabMatch *match, GString *text)
{
    g_string_append(text, "1113\n");
    return match->sch->is_online ? 0 : ENODEV;
}

int lab_show_css_autoprobe(const LabModel *model, const LabMatch *match G_GNUC_UNUSED, GString *text)
{
    g_string_append(text, model->css_autoprobe ? "1\n" : "0\n");
    return 0;
}

int lab_show_ccw_autoprobe(const LabModel *model, const LabMatch *match G_GNUC_UNUSED, GString *text)
{
    g_string_append(text, model->ccw_autoprobe ? "1\n" : "0\n");
    return 0;
}

int lab_show_mdev_autoprobe(const LabModel *model, const LabMatch *match G_GNUC_UNUSED, GString *text)
{
    g_string_append(text, model->mdev_autoprobe ? "1\n" : "0\n");
    return 0;
}

int lab_show_einval(const LabModel *model G_GNUC_UNUSED, const LabMatch *match G_GNUC_UNUSED,
                    GString *text G_GNUC_UNUSED)
{
    return EINVAL;
}

int lab_show_eopnotsupp(const LabModel *model G_GNUC_UNUSED, const LabMatch *match G_GNUC_UNUSED,
                        GString *text G_GNUC_UNUSED)
{
    return EOPNOTSUPP;
}

int lab_store_css_bind(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_css_bind(model, match->driver, text);
}

int lab_store_css_unbind(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_css_unbind(model, match->driver, text);
}

int lab_store_css_probe(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                        gsize length G_GNUC_UNUSED)
{
    return lab_css_probe(model, text);
}

int lab_store_driver_override(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_css_override(model, match->sch, text);
}

int lab_store_ccw_bind(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                       gsize length G_GNUC_UNUSED)
{
    return lab_ccw_bind(model, text);
}

int lab_store_ccw_unbind(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                         gsize length G_GNUC_UNUSED)
{
    return lab_ccw_unbind(model, text);
}

int lab_store_ccw_probe(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                        gsize length G_GNUC_UNUSED)
{
    return lab_ccw_probe(model, text);
}

int lab_store_online(LabModel *model, const LabMatch *match, const char *text, gsize length)
{
    return lab_ccw_online(model, match->sch, text, length);
}

int lab_store_create(LabModel *model, const LabMatch *match, const char *text, gsize length)
{
    return lab_mdev_create(model, match->sch, text, length);
}

int lab_store_remove(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_mdev_remove(model, match->uuid, text);
}

int lab_store_dasd(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_ccw_dasd(model, match->sch, match->attr, text);
}

int lab_store_mdev_unbind(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                          gsize length G_GNUC_UNUSED)
{
    return lab_mdev_unbind(model, text);
}

int lab_store_mdev_probe(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                         gsize length G_GNUC_UNUSED)
{
    return lab_mdev_probe(model, text);
}

int lab_store_einval(LabModel *model G_GNUC_UNUSED, const LabMatch *match G_GNUC_UNUSED, const char *text G_GNUC_UNUSED,
                     gsize length G_GNUC_UNUSED)
{
    return EINVAL;
}

int lab_store_enodev(LabModel *model G_GNUC_UNUSED, const LabMatch *match G_GNUC_UNUSED, const char *text G_GNUC_UNUSED,
                     gsize length G_GNUC_UNUSED)
{
    return ENODEV;
}

static int set_autoprobe(LabModel *model, gboolean *autoprobe, const char *text)
{
    g_mutex_lock(&model->lock);
    *autoprobe = text[0] != '0';
    g_mutex_unlock(&model->lock);
    return 0;
}

int lab_store_css_autoprobe(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                            gsize length G_GNUC_UNUSED)
{
    return set_autoprobe(model, &model->css_autoprobe, text);
}

int lab_store_ccw_autoprobe(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                            gsize length G_GNUC_UNUSED)
{
    return set_autoprobe(model, &model->ccw_autoprobe, text);
}

int lab_store_mdev_autoprobe(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                             gsize length G_GNUC_UNUSED)
{
    return set_autoprobe(model, &model->mdev_autoprobe, text);
}

int lab_store_subchannel_uevent(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_synth_uevent(model, match->sch, LAB_SYNTH_SUBCHANNEL, text);
}

int lab_store_ccw_uevent(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_synth_uevent(model, match->sch, LAB_SYNTH_CCW, text);
}

int lab_store_mdev_uevent(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_synth_uevent(model, match->sch, LAB_SYNTH_MDEV, text);
}

int lab_store_uevent(LabModel *model, const LabMatch *match, const char *text, gsize length G_GNUC_UNUSED)
{
    return lab_synth_uevent(model, match->sch, LAB_SYNTH_OTHER, text);
}

/* chp_configure_write(): the kernel sends the request to the machine, which does not report that it rejects it. */
int lab_store_configure(LabModel *model G_GNUC_UNUSED, const LabMatch *match G_GNUC_UNUSED, const char *text,
                        gsize length G_GNUC_UNUSED)
{
    gulong value;

    return lab_strtoul(text, 10, &value) == 0 && value <= 1 ? 0 : EINVAL;
}

int lab_store_chp_status(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text,
                         gsize length G_GNUC_UNUSED)
{
    return lab_chp_vary(model, text);
}

int lab_store_rescan(LabModel *model, const LabMatch *match G_GNUC_UNUSED, const char *text G_GNUC_UNUSED,
                     gsize length G_GNUC_UNUSED)
{
    lab_css_rescan(model);
    return 0;
}

/* cmb_enable_store() of drivers/s390/cio/cmf.c, on a machine without channel measurements. */
int lab_store_cmb_enable(LabModel *model G_GNUC_UNUSED, const LabMatch *match G_GNUC_UNUSED, const char *text,
                         gsize length G_GNUC_UNUSED)
{
    gulong value;
    int result = lab_strtoul(text, 16, &value);

    if (result)
        return result;
    return value == 1 ? EOPNOTSUPP : EINVAL;
}

int lab_store_nothing(LabModel *model G_GNUC_UNUSED, const LabMatch *match G_GNUC_UNUSED,
                      const char *text G_GNUC_UNUSED, gsize length G_GNUC_UNUSED)
{
    return 0;
}
