/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The attributes that dasd-eckd gives a ccw device (drivers/s390/block/dasd_devmap.c), with the values that our 3390
 * has on Linux 6.1. Nothing here changes what a DASD does: no I/O comes to the lab's kernel.
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

/* What was written to them. */
typedef struct {
    CcwBusId id;
    gboolean device_read_only; /* by the hardware */
    gboolean alias;
    guint8 paths;                       /* that the driver can use */
    gboolean online;                    /* beginning with it, the numbers are the driver's own again */
    guint features;                     /* kept with the bus id, whatever the device does */
    gulong numbers[LAB_DASD_N_NUMBERS]; /* of the online device */
} LabDasd;

void lab_dasd_init(LabDasd *dasd, const CcwBusId *id, gboolean read_only);
void lab_dasd_set_online(LabDasd *dasd, gboolean online);

extern const guint lab_dasd_n_attrs;
const char *lab_dasd_attr_name(guint attr);
guint lab_dasd_attr_mode(guint attr);
gboolean lab_dasd_find_attr(const char *name, guint *ret_attr);

/* Both return 0 or an errno. A store may ask for the device to be set offline, which the caller does. */
int lab_dasd_show(const LabDasd *dasd, guint attr, GString *text);
int lab_dasd_store(LabDasd *dasd, guint attr, const char *text, gboolean *ret_offline);
