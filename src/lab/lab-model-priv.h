/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Declares the functions that the model's files share. Their callers hold the model's lock.
 */
#pragma once

#include "lab/lab-model.h"

/* These find an object that exists now. One trailing newline in the text does not count. */
LabSubchannel *lab_find_subchannel(LabModel *model, const char *text);
LabSubchannel *lab_find_ccw(LabModel *model, const char *text);
LabSubchannel *lab_find_mdev(LabModel *model, const char *uuid);
LabSubchannel *lab_find_serial(LabModel *model, guint64 serial);

/* The driver core's device lock. lab_device_lock() releases the model's lock while it waits. */
void lab_device_lock(LabModel *model, LabSubchannel *sch);
void lab_device_unlock(LabModel *model, LabSubchannel *sch);

/* These emit a uevent. @extra: lines KEY=VALUE before the object's own; NULL for no more lines. */
void lab_emit_subchannel(LabModel *model, const LabSubchannel *sch, const char *action, const char *extra);
void lab_emit_ccw(LabModel *model, const LabSubchannel *sch, const char *action, const char *extra);
void lab_emit_mdev(LabModel *model, const LabSubchannel *sch, const char *action, const char *extra);

/* These add and remove the ccw device of a subchannel. */
void lab_ccw_register(LabModel *model, LabSubchannel *sch);
void lab_ccw_unregister(LabModel *model, LabSubchannel *sch);

/* Moves the ccw device to css0/defunct (@orphan) or back below its subchannel. */
void lab_ccw_move(LabModel *model, LabSubchannel *sch, gboolean orphan);

/* Removes an mdev that the caller has made inactive, and waits until its user releases it. */
void lab_mdev_destroy(LabModel *model, LabSubchannel *sch);

/* Notes that paths of this subchannel may have vanished, for the users of lab_tree_changes(). */
void lab_subchannel_changed(LabSubchannel *sch);

/* Sets the mask of the paths that the kernel has verified. */
void lab_set_paths(LabSubchannel *sch, guint8 vpm);

/* Returns: whether the hardware has a path to the device, and the kernel has not varied it off. */
gboolean lab_has_path(const LabModel *model, const LabSubchannel *sch);

/* Returns: whether the kernel keeps an online device that it cannot reach. */
gboolean lab_ccw_is_disconnected(const LabModel *model, const LabSubchannel *sch);

/* Registers the ccw device of a subchannel that io_subchannel drives, or moves it back from css0/defunct. */
void lab_ccw_recognise(LabModel *model, LabSubchannel *sch);

/* These add and remove the subchannel itself. The caller holds the device lock. */
void lab_css_register(LabModel *model, LabSubchannel *sch);
void lab_css_unregister(LabModel *model, LabSubchannel *sch);
