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

/* How an image is to be used. */
typedef struct {
    gboolean read_only;
    gboolean sync; /* a write is on the disk before its status is given: it survives a power cut */
} DasdImageOptions;

/*
 * Takes "IMAGE[,ro][,sync]" apart (",read-only" is ",ro"); returns the path. Only these words, at the very end, are
 * options; any other comma is the name's. A comma at the end ends the name: "disk,ro," is the file "disk,ro".
 */
char *dasd_image_parse(const char *text, DasdImageOptions *ret_options);

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
 * Opens and locks an image for a device: read and write if options and the file allow it (its mode to somebody, its
 * file system, the caller's rights), else read-only, and then options->read_only is set; probes it. The lock is of the
 * open file description, so it moves with the fd to another process. One writer, or any number of readers. Errors: as
 * probe; CCW_ERROR_NOT_FOUND; CCW_ERROR_BUSY when another writer has it. Returns the fd or -1.
 */
int dasd_image_open(const char *path, DasdImageOptions *options, DasdImageInfo *ret_info, GError **error);
