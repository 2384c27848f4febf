/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What reading and writing the attributes of the lab's sysfs does; the table of lab-tree-rows.c names them. */
#pragma once

#include "lab/lab-model.h"

/* What a path's placeholders stand for. */
typedef struct {
    LabSubchannel *sch; /* of %S, %D, %M, %G, %V */
    LabDriver driver;   /* of %X */
    guint attr;         /* of %A */
    char uuid[LAB_UUID_STR_LEN];
} LabMatch;

/* With the model's lock. They return 0 or an errno. */
int lab_show_subchannel_uevent(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_ccw_uevent(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_mdev_uevent(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_group_uevent(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_group_dev(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_dev_busid(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_driver_override(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_cutype(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_devtype(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_modalias(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_online(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_availability(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_vpm(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_pimpampom(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_chp_status(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_available(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_dasd(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_dasd_zero(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_dasd_space(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_css_autoprobe(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_ccw_autoprobe(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_mdev_autoprobe(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_einval(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_eopnotsupp(const LabModel *model, const LabMatch *match, GString *text);

/* Without it. */
int lab_store_css_bind(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_css_unbind(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_css_probe(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_driver_override(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_ccw_bind(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_ccw_unbind(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_ccw_probe(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_online(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_create(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_remove(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_dasd(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_mdev_unbind(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_mdev_probe(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_einval(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_enodev(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_css_autoprobe(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_ccw_autoprobe(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_mdev_autoprobe(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_subchannel_uevent(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_ccw_uevent(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_mdev_uevent(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_uevent(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_configure(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_chp_status(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_rescan(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_cmb_enable(LabModel *model, const LabMatch *match, const char *text, gsize length);
int lab_store_nothing(LabModel *model, const LabMatch *match, const char *text, gsize length);
