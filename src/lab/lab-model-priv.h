/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the model's files share. Everything here wants the model's lock held.
 */
#pragma once

#include "lab/lab-model.h"

/* sysfs_streq(): equal, but for one trailing newline. */
gboolean lab_streq(const char *name, const char *text);

/* kstrtoul(): 0, EINVAL or ERANGE. base 0 reads 0x and 0 as C does. */
int lab_strtoul(const char *text, guint base, gulong *ret_value);

LabSubchannel *lab_find_subchannel(LabModel *model, const char *text);
LabSubchannel *lab_find_ccw(LabModel *model, const char *text);
LabSubchannel *lab_find_mdev(LabModel *model, const char *uuid);
LabSubchannel *lab_find_serial(LabModel *model, guint64 serial);

/* The driver core's device lock; waiting for it leaves the model's lock. */
void lab_device_lock(LabModel *model, LabSubchannel *sch);
void lab_device_unlock(LabModel *model, LabSubchannel *sch);

void lab_emit_subchannel(LabModel *model, const LabSubchannel *sch, const char *action, const char *extra);
void lab_emit_ccw(LabModel *model, const LabSubchannel *sch, const char *action, const char *extra);
void lab_emit_mdev(LabModel *model, const LabSubchannel *sch, const char *action, const char *extra);

/* Registration of the children; mdev_destroy wants an mdev that is no longer active, and waits for its user. */
void lab_ccw_register(LabModel *model, LabSubchannel *sch);
void lab_ccw_unregister(LabModel *model, LabSubchannel *sch);
void lab_mdev_destroy(LabModel *model, LabSubchannel *sch);
