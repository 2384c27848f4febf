/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lab's channel subsystem as data: subchannels with their ccw devices, drivers, mediated devices and VFIO groups,
 * and the operations that sysfs offers on them, with the results of Linux 6.1 (drivers/base/bus.c, drivers/s390/cio,
 * drivers/vfio/mdev). No FUSE, no processes, no files: those hang on LabModelEvents.
 *
 * Every operation returns 0 or an errno. The lock is inside; where the kernel blocks because somebody still uses a
 * device, the calling thread blocks, and the lock is free meanwhile.
 */
#pragma once

#include <glib.h>

#include "util/ccw-address.h"

#define LAB_UUID_STR_LEN 37
#define LAB_CHPID 0x40 /* every DASD of a lab hangs on this one channel path */

typedef struct {
    CcwBusId id; /* of the ccw device */
    guint16 cu_type, dev_type;
    guint8 cu_model, dev_model;
    int image_fd; /* borrowed; only handed through */
    gboolean read_only;
    gboolean sync;
} LabDevice;

typedef enum { LAB_DRIVER_NONE, LAB_DRIVER_IO_SUBCHANNEL, LAB_DRIVER_VFIO_CCW, LAB_DRIVER_LAST } LabDriver;

#define LAB_CCW_DRIVER "dasd-eckd"
#define LAB_MDEV_DRIVER "vfio_ccw_mdev"
#define LAB_MDEV_TYPE "vfio_ccw-io"

typedef struct {
    char uuid[LAB_UUID_STR_LEN]; /* lower case */
    guint group;                 /* N of /dev/vfio/N */
    guint64 serial;              /* never used twice, as UUID and group may be */
    gboolean active;             /* FALSE from the start of its removal: off its bus, alive until its user lets go */
    gboolean open;               /* /dev/vfio/N is open */
    gboolean in_use;             /* and the device's own fd was taken: a removal waits for it */
} LabMdev;

typedef struct {
    char name[CCW_BUS_ID_STR_LEN];   /* of the subchannel, "0.0.0000" */
    char device[CCW_BUS_ID_STR_LEN]; /* of its ccw device, "0.0.1234" */
    LabDevice config;
    LabDriver driver;
    gboolean unbinding;    /* the driver's links are gone, its remove function runs */
    gboolean locked;       /* the driver core's device lock is held by an operation */
    char *driver_override; /* NULL reads "(null)" */
    gboolean device_bound; /* the ccw device has its driver */
    gboolean online;
    LabMdev *mdev;
} LabSubchannel;

/*
 * What the model tells, with its lock held: the receiver must not call back. Before an `add` of subsystem vfio its node
 * was made, and the node goes before its `remove`.
 */
typedef struct {
    /* env: lines KEY=VALUE beyond ACTION, DEVPATH and SUBSYSTEM; devpath begins with a slash, without /sys */
    void (*uevent)(const char *action, const char *devpath, const char *subsystem, const char *env, gpointer opaque);
    void (*node)(guint group, gboolean present, gpointer opaque);
    /* somebody waits for the user of this mdev to let go; said again every ten seconds, as the kernel does */
    void (*request)(guint64 serial, gpointer opaque);
} LabModelEvents;

typedef struct {
    GMutex lock;
    GCond changed;
    GPtrArray *subchannels; /* LabSubchannel *, fixed for the model's life */
    gboolean css_autoprobe, ccw_autoprobe;
    const LabModelEvents *events;
    gpointer opaque;
    guint64 last_serial;
} LabModel;

/* Devices are online and bound to dasd-eckd; subchannels are numbered in order, within each subchannel set. */
LabModel *lab_model_new(const LabDevice *devices, gsize n_devices);
void lab_model_free(LabModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabModel, lab_model_free)

void lab_model_set_events(LabModel *model, const LabModelEvents *events, gpointer opaque);

const char *lab_driver_name(LabDriver driver);        /* NULL for none */
gboolean lab_ccw_present(const LabSubchannel *sch);   /* the ccw device is registered */
gboolean lab_driver_linked(const LabSubchannel *sch); /* sysfs shows the subchannel's driver */

/* The uevent attribute of each, lines KEY=VALUE. */
void lab_env_subchannel(const LabSubchannel *sch, GString *text);
void lab_env_ccw(const LabSubchannel *sch, GString *text);
void lab_env_mdev(const LabSubchannel *sch, GString *text);
void lab_env_group(const LabSubchannel *sch, GString *text);
void lab_modalias_ccw(const LabSubchannel *sch, GString *text);

/*
 * Stores: text is what was written, with one NUL after its length bytes; names are compared as sysfs_streq() does, one
 * trailing newline not counting.
 */
int lab_css_bind(LabModel *model, LabDriver driver, const char *text);
int lab_css_unbind(LabModel *model, LabDriver driver, const char *text);
int lab_css_probe(LabModel *model, const char *text);
int lab_css_override(LabModel *model, LabSubchannel *sch, const char *text);

int lab_ccw_bind(LabModel *model, const char *text);
int lab_ccw_unbind(LabModel *model, const char *text);
int lab_ccw_probe(LabModel *model, const char *text);
int lab_ccw_online(LabModel *model, LabSubchannel *sch, const char *text, gsize length);

int lab_mdev_create(LabModel *model, LabSubchannel *sch, const char *text, gsize length);
int lab_mdev_remove(LabModel *model, const char *uuid, const char *text);

typedef enum {
    LAB_SYNTH_SUBCHANNEL,
    LAB_SYNTH_CCW,
    LAB_SYNTH_MDEV,
    LAB_SYNTH_OTHER, /* a bus, a driver: checked, but nobody listens */
} LabSynth;

/* A write to a uevent attribute: says the event again. EINVAL for an action that is none. */
int lab_synth_uevent(LabModel *model, LabSubchannel *sch, LabSynth what, const char *text);

typedef struct {
    guint64 serial; /* names this open in the calls below */
    char uuid[LAB_UUID_STR_LEN];
    char bus_id[CCW_BUS_ID_STR_LEN];
    int image_fd;
    gboolean read_only;
    gboolean sync;
} LabGroup;

/* An open of /dev/vfio/N. ENODEV: no such group; EBUSY: it is open. *ret_group is written on success only. */
int lab_group_open(LabModel *model, guint group, LabGroup *ret_group);
/* FALSE: the device is gone or wanted back, its user should let go. */
gboolean lab_group_set_in_use(LabModel *model, guint64 serial, gboolean in_use);
void lab_group_close(LabModel *model, guint64 serial);
