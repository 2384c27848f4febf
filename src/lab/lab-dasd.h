/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The attributes that dasd-eckd gives a ccw device (drivers/s390/block/dasd_devmap.c), with the values that our 3390
 * has on Linux 6.1. They change nothing of a DASD's I/O: the lab's kernel does no I/O.
 */
#pragma once

#include <glib.h>

#include "util/address.h"

typedef enum {
    LAB_DASD_EXPIRES,
    LAB_DASD_RETRIES,
    LAB_DASD_TIMEOUT,
    LAB_DASD_PATH_THRESHOLD,
    LAB_DASD_PATH_INTERVAL,
    LAB_DASD_N_NUMBERS
} LabDasdNumber;

/* The values of a device's attributes. */
typedef struct {
    CcwBusId id;
    gboolean is_read_only;              /* the hardware is read-only */
    gboolean is_alias;                  /* a PAV alias */
    guint8 paths;                       /* mask of the paths that the driver can use */
    gboolean is_online;                 /* each change to online resets the numbers to the driver's defaults */
    guint features;                     /* kept with the bus id, online or offline */
    gulong numbers[LAB_DASD_N_NUMBERS]; /* valid while the device is online */
} LabDasd;

/* Makes a device that is offline and has no path, with the features that dasd-eckd sets by default. */
void lab_dasd_init(LabDasd *dasd, const CcwBusId *id, gboolean read_only);

/* Notes that the driver has set the device online or offline. Online resets the numbers to their defaults. */
void lab_dasd_set_online(LabDasd *dasd, gboolean online);

extern const guint lab_dasd_n_attrs;

/* These return the name and the mode (0644, 0444 or 0200) of an attribute below lab_dasd_n_attrs. */
const char *lab_dasd_attr_name(guint attr);
guint lab_dasd_attr_mode(guint attr);

/**
 * lab_dasd_find_attr: Finds an attribute by its name.
 * @ret_attr: its index, below lab_dasd_n_attrs; written on success only
 *
 * Returns: whether dasd-eckd has such an attribute.
 */
gboolean lab_dasd_find_attr(const char *name, guint *ret_attr);

/**
 * lab_dasd_show: Reads an attribute.
 * @text: gets the value and a newline
 *
 * Returns: 0 or an errno.
 */
int lab_dasd_show(const LabDasd *dasd, guint attr, GString *text);

/**
 * lab_dasd_store: Writes an attribute.
 * @text: the text that a user wrote, with a NUL after it
 * @ret_offline: whether the caller must set the device offline; written on success only
 *
 * Returns: 0 or an errno.
 */
int lab_dasd_store(LabDasd *dasd, guint attr, const char *text, gboolean *ret_offline);
