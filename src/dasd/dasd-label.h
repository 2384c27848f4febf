/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The labels of a volume: IPL records and VOL1 on track 0, and the smallest table of contents (VTOC) on track 1.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-track.h"

#define DASD_VOLSER_MAX 6
#define DASD_LABEL_TRACKS 2

/* Errors: CCW_ERROR_INVALID. */
gboolean dasd_label_check_volser(const char *volser, GError **error);

/* The volume serial of track 0's label, of the z/OS and CDL kind (VOL1) or Linux' LDL kind (LNX1); "" without one. */
void dasd_label_read_volser(const DasdTrack *track, char ret_volser[DASD_VOLSER_MAX + 1]);

/*
 * The same of a block as a Linux block device shows it: the label's record with its key where it has one (CDL), without
 * where it has none (LDL, CMS, FBA). data is as long as this; "" if it is no label.
 */
#define DASD_LABEL_BLOCK_MIN 84
void dasd_label_block_volser(const guint8 *data, char ret_volser[DASD_VOLSER_MAX + 1]);

/* Makes track 0 or 1 of a new volume with this serial; track->slot is zero beforehand. */
void dasd_label_make_track(DasdTrack *track, guint32 number, const char *volser, guint32 cylinders);
