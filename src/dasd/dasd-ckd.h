/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers of the CKD_P370 file format and of the geometry of a 3390. The image, the track and the device share them.
 * Sources: Hercules' documentation of CKD images; drivers/s390/block/dasd_eckd.c (recs_per_track) for the capacity.
 */
#pragma once

#include <glib.h>

/* The header, 512 bytes; integers are little-endian. */
#define DASD_CKD_MAGIC "CKD_P370"
#define DASD_CKD_MAGIC_SIZE 8
#define DASD_CKD_HEADER_SIZE 512
#define DASD_CKD_OFS_HEADS 8         /* 32 bits */
#define DASD_CKD_OFS_TRACK_SIZE 12   /* 32 bits */
#define DASD_CKD_OFS_TYPE 16         /* the low byte of the device type */
#define DASD_CKD_OFS_FILE_SEQ 17     /* 0: the whole volume is in this file */
#define DASD_CKD_OFS_HIGH_CYL 18     /* 16 bits; if not 0, another file continues after this cylinder */
#define DASD_CKD_OFS_ALCCKD_COUNT 22 /* IBM's alcckd has two counts of cylinders, 32 bits each: at 18 and here */

/* A slot: home address (flag, CC, HH), then records. Counts are big-endian: CC, HH, R, key length, data length. */
#define DASD_HA_SIZE 5
#define DASD_COUNT_SIZE 8
#define DASD_COUNT_OFS_HEAD 2
#define DASD_COUNT_OFS_RECORD 4
#define DASD_COUNT_OFS_KL 5
#define DASD_COUNT_OFS_DL 6
#define DASD_R0_DL 8
#define DASD_END_SIZE 8 /* the end marker: all 0xff */

#define DASD_3390_TYPE 0x3390
#define DASD_3390_HEADS 15
#define DASD_3390_TRACK_SIZE 56832 /* a slot; a multiple of 512 */
#define DASD_3390_SECTORS 224
#define DASD_3390_R0_MAX 57326       /* bytes of R0 on a track without other records */
#define DASD_3390_TRACK_LENGTH 58786 /* bytes of a track, home address and R0 included */
#define DASD_3390_HA_R0_LENGTH 1428
#define DASD_3390_RPS 0x7708           /* factors that give the sector of a record */
#define DASD_3390_CELLS 1729           /* cells of 34 bytes, for the records after a standard R0 */
#define DASD_3390_CYLINDERS_MAX 65520  /* of a new volume */
#define DASD_IMAGE_CYLINDERS_MAX 65535 /* of an image; Hercules makes such a "3390-x", and 3390-54 with alternates */

#define DASD_3990_TYPE 0x3990
#define DASD_3990_MODEL 0xe9 /* 3990-6 */
#define DASD_3990_CODE 0x15

typedef struct {
    const char *name;
    guint32 cylinders;
    guint8 alternates; /* additional cylinders of an image of dasdinit -a */
    guint8 device_model;
    guint8 mdr_id; /* statistics class, for read device characteristics */
} DasdModel;

/**
 * dasd_model_by_name:
 *
 * Returns: the model, or NULL if no model has this name
 */
const DasdModel *dasd_model_by_name(const char *name);

/**
 * dasd_model_by_cylinders:
 *
 * Returns: the smallest model that has so many cylinders or more, alternate cylinders included; else the largest model
 */
const DasdModel *dasd_model_by_cylinders(guint32 cylinders);

/**
 * dasd_model_names:
 *
 * Returns: "3390-1, 3390-2, ...", for messages; the caller frees it
 */
char *dasd_model_names(void);

/**
 * dasd_3390_record_cells:
 *
 * Returns: how many of the DASD_3390_CELLS of a track a record takes
 */
guint dasd_3390_record_cells(guint key_length, guint data_length);
