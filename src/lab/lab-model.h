/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lab's channel subsystem as data: subchannels with their ccw devices, drivers, mediated devices and VFIO groups,
 * and the operations that sysfs offers on them, with the results of Linux 6.1 (drivers/base/bus.c, drivers/s390/cio,
 * drivers/vfio/mdev). No FUSE, no processes, no files: those hang on LabModelEvents.
 *
 * Every operation returns 0 or an errno. The lock is inside; where the kernel blocks because a process still uses a
 * device, the calling thread blocks, and the lock is free meanwhile.
 */
#pragma once

#include <glib.h>

#include "lab/lab-dasd.h"
#include "util/address.h"
#include "util/lab-protocol.h"

#define LAB_UUID_STR_LEN 37
#define LAB_CHPID 0x40 /* every DASD of a lab hangs on this one channel path */
#define LAB_PATH_MASK 0x80

typedef struct {
    CcwBusId id; /* of the ccw device */
    guint16 cu_type, dev_type;
    guint8 cu_model, dev_model;
    int image_fd; /* borrowed; only handed through */
    gboolean read_only;
    gboolean sync;
} LabDevice;

/* What the hardware is to the kernel. Names as in its `availability`, where it has one. */
typedef enum {
    LAB_STATE_GOOD,
    LAB_STATE_BOXED,     /* another system holds a reserve on it */
    LAB_STATE_NO_PATH,   /* no path of the channel subsystem's leads to it */
    LAB_STATE_ALIAS,     /* a PAV alias: no device of its own */
    LAB_STATE_UNPLUGGED, /* its subchannel has gone */
    LAB_STATE_LAST
} LabState;

typedef enum { LAB_DRIVER_NONE, LAB_DRIVER_IO_SUBCHANNEL, LAB_DRIVER_VFIO_CCW, LAB_DRIVER_LAST } LabDriver;

#define LAB_DEFUNCT "defunct" /* below css0, in the place of a subchannel: the orphanage of drivers/s390/cio */
#define LAB_CCW_DRIVER "dasd-eckd"
#define LAB_MDEV_DRIVER "vfio_ccw_mdev"
#define LAB_MDEV_TYPE "vfio_ccw-io"
#define LAB_GROUP_MAJOR "254" /* of /dev/vfio/N; Linux takes what is free */

typedef struct {
    char uuid[LAB_UUID_STR_LEN]; /* lower case */
    guint group;                 /* N of /dev/vfio/N */
    guint64 serial;              /* of the last open of its group; no number is used twice, as UUID and group may be */
    CcwLabToken token;           /* of that open, while it lasts */
    gboolean bound;              /* it has its driver, and with that a group */
    gboolean unbinding;          /* but its driver's remove function runs */
    gboolean active;             /* FALSE from the start of its removal: off its bus, alive until its user lets go */
    gboolean open;               /* /dev/vfio/N is open */
    gboolean in_use;             /* and the device's own fd was taken: a removal waits for it */
} LabMdev;

typedef struct {
    char name[CCW_BUS_ID_STR_LEN];   /* of the subchannel, "0.0.0000" */
    char device[CCW_BUS_ID_STR_LEN]; /* of its ccw device, "0.0.1234" */
    guint number;                    /* among the model's, from 1 */
    LabDevice config;
    LabDriver driver;
    gboolean unbinding;    /* the driver's links are gone, its remove function runs */
    gboolean locked;       /* the driver core's device lock is held by an operation */
    char *driver_override; /* NULL reads "(null)" */
    LabState state;        /* of the hardware */
    gboolean registered;   /* the subchannel is there; FALSE once the kernel has noticed that it was unplugged */
    gboolean has_ccw;      /* its ccw device is there */
    gboolean orphan;       /* below css0/defunct: it was online when the hardware went */
    gboolean boxed;        /* the kernel knows of the reserve */
    guint8 vpm;            /* paths that the kernel has verified, as the attribute vpm */
    gboolean device_bound; /* the ccw device has its driver */
    gboolean online;
    LabDasd dasd;
    guint64 changes; /* counts up whenever paths may have vanished */
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
    /* a write waits for the user of this mdev to let go; said again every ten seconds, as the kernel does */
    void (*request)(guint64 serial, gpointer opaque);
} LabModelEvents;

typedef struct {
    GMutex lock;
    GCond changed;
    GPtrArray *subchannels;          /* LabSubchannel *, fixed for the model's life */
    GHashTable *by_name, *by_device; /* of subchannels: char * -> LabSubchannel * */
    gboolean css_autoprobe, ccw_autoprobe, mdev_autoprobe;
    gboolean varied_off; /* the one channel path, by its attribute status */
    const LabModelEvents *events;
    gpointer opaque;
    guint64 last_serial;
} LabModel;

/* Devices are online and bound to dasd-eckd; subchannels are numbered in order, within each subchannel set. */
LabModel *lab_model_new(const LabDevice *devices, gsize n_devices);
void lab_model_free(LabModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabModel, lab_model_free)

void lab_model_set_events(LabModel *model, const LabModelEvents *events, gpointer opaque);

const char *lab_driver_name(LabDriver driver);      /* NULL for none */
gboolean lab_ccw_present(const LabSubchannel *sch); /* the ccw device is there, if only below css0/defunct */
/* What its attribute availability reads. */
const char *lab_availability(const LabModel *model, const LabSubchannel *sch);
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

/* A write to one of dasd-eckd's attributes, lab-dasd.h. */
int lab_ccw_dasd(LabModel *model, LabSubchannel *sch, guint attr, const char *text);

int lab_mdev_create(LabModel *model, LabSubchannel *sch, const char *text, gsize length);
int lab_mdev_remove(LabModel *model, const char *uuid, const char *text);
/* drivers/vfio/mdev/mdev_driver.c: a driver is bound when an mdev is made, and never by hand. */
int lab_mdev_unbind(LabModel *model, const char *text);
int lab_mdev_probe(LabModel *model, const char *text);

/* A write to css0/rescan. */
void lab_css_rescan(LabModel *model);
/* A write to the attribute status of the channel path. */
int lab_chp_vary(LabModel *model, const char *text);

/*
 * What an administrator of the hardware does to a device (its bus id), and what the kernel makes of it. They return
 * when the kernel is done with it, which it is not while a process has a device that goes: docs/lab.md. ENODEV: there
 * is no such device; EEXIST: it is so already.
 */
int lab_hardware_set(LabModel *model, const char *device, LabState state);
int lab_hardware_get(LabModel *model, const char *device, LabState *ret_state);
const char *lab_state_name(LabState state);

typedef enum {
    LAB_SYNTH_SUBCHANNEL,
    LAB_SYNTH_CCW,
    LAB_SYNTH_MDEV,
    LAB_SYNTH_OTHER, /* a bus, a driver: checked, but it has no listeners */
} LabSynth;

/* A write to a uevent attribute: says the event again. EINVAL for an action that is none. */
int lab_synth_uevent(LabModel *model, LabSubchannel *sch, LabSynth what, const char *text);

typedef struct {
    guint64 serial; /* names this open in the calls below */
    CcwLabToken token;
    char uuid[LAB_UUID_STR_LEN];
    char bus_id[CCW_BUS_ID_STR_LEN];
    int image_fd;
    gboolean read_only;
    gboolean sync;
} LabGroup;

/* An open of /dev/vfio/N. ENODEV: no such group; EBUSY: it is open. *ret_group is written on success only. */
int lab_group_open(LabModel *model, guint group, LabGroup *ret_group);

/**
 * lab_group_find: Finds the open of a group that a token belongs to.
 * @token: as lab_group_open() gave it
 * @ret_group: written on success only
 *
 * Returns: 0; EACCES if no group is open under this token.
 */
int lab_group_find(LabModel *model, const CcwLabToken *token, LabGroup *ret_group);
/* FALSE: the device is gone or wanted back, its user should let go. */
gboolean lab_group_set_in_use(LabModel *model, guint64 serial, gboolean in_use);
void lab_group_close(LabModel *model, guint64 serial);
