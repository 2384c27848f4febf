/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A DASD in a file, in Hercules' CKD_P370 format: a 512-byte header (integers little-endian), then one slot of fixed
 * size for each track. A slot has the home address, R0, then count (big-endian), key and data of each record, then
 * eight bytes of 0xff.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-image-options.h"
#include "dasd/dasd-label.h"

typedef struct {
    const char *name;    /* "3390-3" */
    guint16 device_type; /* 0x3390 */
    guint8 device_model; /* 0x0a */
    guint16 cu_type;     /* 0x3990 */
    guint8 cu_model;     /* 0xe9 */
    guint32 cylinders;
    guint16 heads;
    guint32 track_size;               /* bytes of a slot in the image */
    char volser[DASD_VOLSER_MAX + 1]; /* "" if the volume has no label */
    gboolean formatted;               /* track 0 has records beyond R0 */
    guint64 file_size;                /* bytes, from stat(2) */
    guint64 allocated_size;           /* bytes that the file takes on the host's file system */
} DasdImageInfo;

/**
 * dasd_image_create:
 * @path: must not exist
 * @model: "3390-1" ... "3390-54"; NULL: use @cylinders
 * @cylinders: 1 to 65520; ignored with @model
 * @volser: 1 to 6 of A-Z 0-9 @ # $; NULL: no label
 *
 * Creates a sparse image. With @volser, track 0 gets a volume label. Without it, the volume is unformatted, as from the
 * factory: it has home addresses and R0s only.
 *
 * Returns: FALSE on error, and no file is left. Errors: CCW_ERROR_INVALID (model, cylinders, volser), CCW_ERROR_SYSTEM
 * (exists, no space)
 */
gboolean dasd_image_create(const char *path, const char *model, guint32 cylinders, const char *volser, GError **error);

/**
 * dasd_image_probe:
 * @name: of the image, for messages
 *
 * Reads the properties of an image from its header, size and label.
 *
 * Returns: FALSE on error. Errors: CCW_ERROR_IMAGE, CCW_ERROR_SYSTEM
 */
gboolean dasd_image_probe(int fd, const char *name, DasdImageInfo *ret_info, GError **error);

/**
 * dasd_image_open_unlocked:
 *
 * Opens an image for reading, also one that a device uses, and probes it. For commands that only show it.
 *
 * Returns: the descriptor or -1. Errors: as dasd_image_probe()
 */
int dasd_image_open_unlocked(const char *path, DasdImageInfo *ret_info, GError **error);

/**
 * dasd_image_read_volser:
 * @fd: an open image
 * @snapshot_fd: of dasd_snapshot_create() for this image; -1: no snapshot
 * @ret_volser: "" if the volume has no label, or cannot be read
 *
 * Reads the serial that the volume has now, as a guest would see it. Takes no lock, and keeps both descriptors open.
 */
void dasd_image_read_volser(int fd, int snapshot_fd, char ret_volser[DASD_VOLSER_MAX + 1]);

/**
 * dasd_image_open:
 * @options: read_only is set if the image could be opened only for reading
 *
 * Opens and locks an image for a device, and probes it. Opens it for reading and writing if @options and the file allow
 * it (a mode that lets any user write, the file system, the rights of the caller), else for reading. Opens it for
 * reading if @options ask for a snapshot, which dasd_snapshot_create() then makes.
 *
 * The lock belongs to the open file description, so it moves with the descriptor to another process. An image has one
 * writer, or any number of readers and snapshots.
 *
 * Returns: the descriptor or -1. Errors: as dasd_image_probe(); CCW_ERROR_INVALID if the options exclude each other;
 * CCW_ERROR_NOT_FOUND; CCW_ERROR_BUSY if another process
 * holds a lock that excludes this one
 */
int dasd_image_open(const char *path, DasdImageOptions *options, DasdImageInfo *ret_info, GError **error);
