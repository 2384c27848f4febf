/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the model's files share. Everything here wants the model's lock held.
 */
#pragma once

#include "lab/lab-model.h"

/* Only what is there now, by what was written: one trailing newline does not count. */
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
/* To css0/defunct and back. */
void lab_ccw_move(LabModel *model, LabSubchannel *sch, gboolean orphan);
void lab_mdev_destroy(LabModel *model, LabSubchannel *sch);

/* Says to who keeps paths that some of this subchannel's may be no more. */
void lab_changed(LabSubchannel *sch);

/* Paths were verified, or lost. */
void lab_set_paths(LabSubchannel *sch, guint8 vpm);

/* There is a path to the device that both hardware and kernel want to use. */
gboolean lab_has_path(const LabModel *model, const LabSubchannel *sch);
/* The kernel keeps an online device that it cannot reach. */
gboolean lab_ccw_disconnected(const LabModel *model, const LabSubchannel *sch);

/* Looks for the ccw device of a subchannel that io_subchannel drives: it is recognised, or comes back from
 * css0/defunct. */
void lab_ccw_recognise(LabModel *model, LabSubchannel *sch);
/* The subchannel's own coming and going; both want the device lock. */
void lab_css_register(LabModel *model, LabSubchannel *sch);
void lab_css_unregister(LabModel *model, LabSubchannel *sch);
