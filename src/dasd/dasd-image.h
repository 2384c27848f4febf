/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A DASD on a file, in Hercules' CKD_P370 format: a 512-byte header (integers little-endian), then one slot of fixed
 * size a track: home address, R0, then count (big-endian), key and data of each record, then eight bytes of 0xff.
 */
#pragma once

#include <glib.h>

typedef struct {
    const char *name;    /* "3390-3" */
    guint16 device_type; /* 0x3390 */
    guint8 device_model; /* 0x0a */
    guint16 cu_type;     /* 0x3990 */
    guint8 cu_model;     /* 0xe9 */
    guint32 cylinders;
    guint16 heads;
    guint32 track_size;     /* bytes of a slot in the image */
    char volser[7];         /* "" if the volume has no label */
    gboolean formatted;     /* track 0 has records beyond R0 */
    guint64 file_size;      /* bytes: as stat(2) tells */
    guint64 allocated_size; /* bytes that the host's file system really holds */
} DasdImageInfo;

/*
 * Creates a sparse image that did not exist. Exactly one of model ("3390-1" ... "3390-54") and cylinders (1 to 65520)
 * is given. With a volser (1 to 6 of A-Z 0-9 @ # $) track 0 gets a volume label, else the volume is as unformatted as
 * one from the factory: home addresses and R0s only.
 * Errors: CCW_ERROR_INVALID (model, cylinders, volser), CCW_ERROR_SYSTEM (exists, no space); nothing is left behind.
 */
gboolean dasd_image_create(const char *path, const char *model, guint32 cylinders, const char *volser, GError **error);

/* Reads what an image is, through an open fd. name is for messages. Errors: CCW_ERROR_IMAGE, CCW_ERROR_SYSTEM. */
gboolean dasd_image_probe(int fd, const char *name, DasdImageInfo *ret_info, GError **error);

/*
 * Opens and locks an image for a device: read and write if the file allows it, else read-only; probes it. The lock is
 * of the open file description, so it moves with the fd to another process.
 * Errors: as probe; CCW_ERROR_NOT_FOUND; CCW_ERROR_BUSY when another writer has it. Returns the fd or -1.
 */
int dasd_image_open(const char *path, gboolean *ret_read_only, DasdImageInfo *ret_info, GError **error);
