/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The labels of a volume: IPL records and VOL1 on track 0, and the smallest table of contents (VTOC) on track 1.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-track.h"

#define DASD_VOLSER_MAX 6
#define DASD_LABEL_TRACKS 2

/**
 * dasd_label_check_volser:
 *
 * Returns: TRUE if @volser is a valid volume serial. Error: CCW_ERROR_INVALID
 */
gboolean dasd_label_check_volser(const char *volser, GError **error);

/**
 * dasd_label_read_volser:
 *
 * Reads the volume serial from the label of track 0: the label of z/OS and CDL (VOL1), or of Linux' LDL (LNX1). Stores
 * "" if the track has no label.
 */
void dasd_label_read_volser(const DasdTrack *track, char ret_volser[DASD_VOLSER_MAX + 1]);

#define DASD_LABEL_BLOCK_MIN 84 /* bytes of a block that hold a label */

/**
 * dasd_label_block_volser:
 * @data: DASD_LABEL_BLOCK_MIN bytes
 *
 * Reads the volume serial from a block as a Linux block device shows it. The block has the record of the label, with
 * its key if the record has a key (CDL), without it if not (LDL, CMS, FBA). Stores "" if the block is not a label.
 */
void dasd_label_block_volser(const guint8 *data, char ret_volser[DASD_VOLSER_MAX + 1]);

/**
 * dasd_label_make_track:
 * @track: its slot has zeros
 * @number: 0 or 1
 *
 * Makes a track of a new volume with this serial.
 */
void dasd_label_make_track(DasdTrack *track, guint32 number, const char *volser, guint32 cylinders);
