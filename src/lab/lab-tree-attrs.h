/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads and writes the attributes of the lab's sysfs. The table in lab-tree-rows.c assigns the functions to paths. */
#pragma once

#include "lab/lab-tree-match.h"

/* The caller holds the model's lock. These return 0 or an errno. @text: gets the value. */
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
int lab_show_dasd_cylinders(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_dasd_extent_size(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_css_autoprobe(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_ccw_autoprobe(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_mdev_autoprobe(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_einval(const LabModel *model, const LabMatch *match, GString *text);
int lab_show_eopnotsupp(const LabModel *model, const LabMatch *match, GString *text);

/*
 * The caller does not hold the model's lock. These return 0 or an errno.
 * @text: the text that a user wrote, of @length bytes and with a NUL after them
 */
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
