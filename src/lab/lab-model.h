/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lab's channel subsystem as data: subchannels with their ccw devices, drivers, mediated devices and VFIO groups,
 * and the operations of sysfs on them, with the results of Linux 6.1 (drivers/base/bus.c, drivers/s390/cio,
 * drivers/vfio/mdev). The model knows no FUSE, no processes and no files; LabModelEvents connects it with them.
 *
 * Every operation returns 0 or an errno, and takes the model's lock itself. Where the kernel blocks because a process
 * still uses a device, the operation blocks the calling thread, and releases the lock meanwhile.
 */
#pragma once

#include <glib.h>

#include "lab/lab-dasd.h"
#include "util/address.h"
#include "util/lab-protocol.h"

#define LAB_UUID_STR_LEN 37
#define LAB_CHPID 0x40 /* the one channel path to every DASD of a lab */
#define LAB_PATH_MASK 0x80

typedef struct {
    CcwBusId id; /* the ccw device's */
    guint16 cu_type, dev_type;
    guint8 cu_model, dev_model;
    guint32 cylinders;
    int image_fd; /* the caller owns it; the model only passes it on */
    gboolean is_read_only;
    gboolean is_sync;
    gboolean is_snapshot;
    int snapshot_fd; /* if is_snapshot: gets the guests' writes; the caller owns it */
} LabDevice;

/* The state of the hardware. The names are those of the kernel's attribute availability, where it has one. */
typedef enum {
    LAB_STATE_GOOD,
    LAB_STATE_BOXED,     /* another system holds a reserve on it */
    LAB_STATE_NO_PATH,   /* the channel subsystem has no path to it */
    LAB_STATE_ALIAS,     /* a PAV alias, which is no device of its own */
    LAB_STATE_UNPLUGGED, /* its subchannel is gone */
    LAB_STATE_LAST
} LabState;

typedef enum { LAB_DRIVER_NONE, LAB_DRIVER_IO_SUBCHANNEL, LAB_DRIVER_VFIO_CCW, LAB_DRIVER_LAST } LabDriver;

#define LAB_DEFUNCT "defunct" /* below css0, beside the subchannels: the orphanage of drivers/s390/cio */
#define LAB_CCW_DRIVER "dasd-eckd"
#define LAB_MDEV_DRIVER "vfio_ccw_mdev"
#define LAB_MDEV_TYPE "vfio_ccw-io"
#define LAB_GROUP_MAJOR "254" /* the major number of /dev/vfio/N; Linux allocates a free one */

typedef struct {
    char uuid[LAB_UUID_STR_LEN]; /* lower case */
    guint group;                 /* N of /dev/vfio/N */
    guint64 serial;              /* names the last open of its group; unique, while UUIDs and groups can come back */
    CcwLabToken token;           /* proves that open, while it lasts */
    gboolean is_bound;           /* it has its driver, and so a group */
    gboolean is_unbinding;       /* its driver's remove function runs */
    gboolean is_active;          /* it is on its bus; FALSE from the start of its removal, which waits for its user */
    gboolean is_open;            /* /dev/vfio/N is open */
    gboolean is_in_use;          /* the user also has the device's own descriptor; a removal waits for that */
} LabMdev;

typedef struct {
    char name[CCW_BUS_ID_STR_LEN];   /* the subchannel's bus id, "0.0.0000" */
    char device[CCW_BUS_ID_STR_LEN]; /* its ccw device's bus id, "0.0.1234" */
    guint number;                    /* its number in the model, from 1 */
    LabDevice config;
    LabDriver driver;
    gboolean is_unbinding;    /* the driver's links are gone, and its remove function runs */
    gboolean is_locked;       /* an operation holds the driver core's device lock */
    char *driver_override;    /* NULL reads "(null)" */
    LabState state;           /* the hardware's */
    gboolean is_registered;   /* the subchannel exists; FALSE when the kernel has noticed that it is unplugged */
    gboolean has_ccw;         /* its ccw device exists */
    gboolean is_orphan;       /* the ccw device is below css0/defunct: it was online when the hardware vanished */
    gboolean is_boxed;        /* the kernel knows of the reserve */
    guint8 vpm;               /* mask of the paths that the kernel has verified, as in the attribute vpm */
    gboolean is_device_bound; /* the ccw device has its driver */
    gboolean is_online;
    LabDasd dasd;
    guint64 changes; /* grows whenever paths may have vanished */
    LabMdev *mdev;
} LabSubchannel;

/*
 * The model calls these functions with its lock held, so they must not call the model. It adds the node of a group
 * before the uevent "add" of subsystem vfio, and removes the node before the uevent "remove".
 */
typedef struct {
    /* devpath: begins with a slash, without /sys; env: lines KEY=VALUE besides ACTION, DEVPATH and SUBSYSTEM */
    void (*uevent)(const char *action, const char *devpath, const char *subsystem, const char *env, gpointer opaque);
    /* group N has /dev/vfio/N now, or no longer */
    void (*node)(guint group, gboolean is_present, gpointer opaque);
    /* a write waits until the user of this mdev releases it; called every ten seconds, as in the kernel */
    void (*request)(guint64 serial, gpointer opaque);
} LabModelEvents;

typedef struct {
    GMutex lock;
    GCond changed;
    GPtrArray *subchannels;          /* LabSubchannel *; never changes */
    GHashTable *by_name, *by_device; /* bus id of a subchannel or ccw device: char * -> LabSubchannel * */
    gboolean css_autoprobe, ccw_autoprobe, mdev_autoprobe;
    gboolean is_varied_off; /* a user has varied off the one channel path, by its attribute status */
    const LabModelEvents *events;
    gpointer opaque;
    guint64 last_serial;
} LabModel;

/**
 * lab_model_new: Makes a model whose devices are online and bound to dasd-eckd.
 * @devices: copied; the model numbers their subchannels in this order, within each subchannel set
 */
LabModel *lab_model_new(const LabDevice *devices, gsize n_devices);
void lab_model_free(LabModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabModel, lab_model_free)

/* @events: must live as long as the model. */
void lab_model_set_events(LabModel *model, const LabModelEvents *events, gpointer opaque);

/* Returns: the name in sysfs, or NULL for LAB_DRIVER_NONE. */
const char *lab_driver_name(LabDriver driver);

/* Returns: whether sysfs shows the subchannel's driver. */
gboolean lab_driver_is_linked(const LabSubchannel *sch);

/* Returns: whether the ccw device exists, below its subchannel or css0/defunct. */
gboolean lab_ccw_is_present(const LabSubchannel *sch);

/* Returns: the value of the ccw device's attribute availability. */
const char *lab_availability(const LabModel *model, const LabSubchannel *sch);

/* These append the uevent attribute of an object: lines KEY=VALUE. */
void lab_env_subchannel(const LabSubchannel *sch, GString *text);
void lab_env_ccw(const LabSubchannel *sch, GString *text);
void lab_env_mdev(const LabSubchannel *sch, GString *text);
void lab_env_group(const LabSubchannel *sch, GString *text);

/* Appends the modalias of a ccw device. */
void lab_modalias_ccw(const LabSubchannel *sch, GString *text);

/*
 * The writes to attributes. @text is the text that a user wrote, with a NUL after its @length bytes. A trailing newline
 * of a name does not count, as in sysfs_streq(). They return 0 or an errno.
 */
int lab_css_bind(LabModel *model, LabDriver driver, const char *text);
int lab_css_unbind(LabModel *model, LabDriver driver, const char *text);
int lab_css_probe(LabModel *model, const char *text);
int lab_css_override(LabModel *model, LabSubchannel *sch, const char *text);

int lab_ccw_bind(LabModel *model, const char *text);
int lab_ccw_unbind(LabModel *model, const char *text);
int lab_ccw_probe(LabModel *model, const char *text);
int lab_ccw_online(LabModel *model, LabSubchannel *sch, const char *text, gsize length);

/* Writes an attribute of dasd-eckd. @attr: as in lab-dasd.h. */
int lab_ccw_dasd(LabModel *model, LabSubchannel *sch, guint attr, const char *text);

int lab_mdev_create(LabModel *model, LabSubchannel *sch, const char *text, gsize length);
int lab_mdev_remove(LabModel *model, const char *uuid, const char *text);
/* The kernel binds a driver only when a user makes the mdev (drivers/vfio/mdev/mdev_driver.c), so there is no bind. */
int lab_mdev_unbind(LabModel *model, const char *text);
int lab_mdev_probe(LabModel *model, const char *text);

/* Does a write to css0/rescan. */
void lab_css_rescan(LabModel *model);
/* Does a write to the attribute status of the channel path. */
int lab_chp_vary(LabModel *model, const char *text);

/**
 * lab_hardware_set: Changes the hardware's state of a device, as an administrator of the hardware does.
 * @device: the ccw device's bus id
 *
 * The function waits until the kernel has handled the change, and so for a process that uses an unplugged device
 * (docs/lab.md).
 *
 * Returns: 0; ENODEV if there is no such device; EEXIST if the device is in that state already.
 */
int lab_hardware_set(LabModel *model, const char *device, LabState state);

/* Returns: 0, or ENODEV if there is no such device. */
int lab_hardware_get(LabModel *model, const char *device, LabState *ret_state);

/* Returns: the word of the command line, such as "no-path". */
const char *lab_state_name(LabState state);

typedef enum {
    LAB_SYNTH_SUBCHANNEL,
    LAB_SYNTH_CCW,
    LAB_SYNTH_MDEV,
    LAB_SYNTH_OTHER, /* a bus or driver; the model checks the action, and sends nothing */
} LabSynth;

/* Does a write to a uevent attribute: sends the event again. Returns: 0; EINVAL for an unknown action; ENODEV. */
int lab_synth_uevent(LabModel *model, LabSubchannel *sch, LabSynth what, const char *text);

typedef struct {
    guint64 serial; /* names this open for the functions below */
    CcwLabToken token;
    char uuid[LAB_UUID_STR_LEN];
    char bus_id[CCW_BUS_ID_STR_LEN];
    int image_fd;
    int snapshot_fd; /* if is_snapshot */
    gboolean is_read_only;
    gboolean is_sync;
    gboolean is_snapshot;
} LabGroup;

/**
 * lab_group_open: Opens /dev/vfio/N.
 * @group: N
 * @ret_group: written on success only
 *
 * Returns: 0; ENODEV if there is no such group; EBUSY if it is open; EIO if the kernel has no random bytes.
 */
int lab_group_open(LabModel *model, guint group, LabGroup *ret_group);

/**
 * lab_group_find: Finds the open of a group by its token.
 * @token: that of lab_group_open()
 * @ret_group: written on success only
 *
 * Returns: 0; EACCES if no open group has this token.
 */
int lab_group_find(LabModel *model, const CcwLabToken *token, LabGroup *ret_group);

/**
 * lab_group_set_in_use: Notes whether the process that opened a group uses its device.
 * @serial: the open of the group
 *
 * Returns: TRUE if the user can keep the device; FALSE if the device is gone or a removal waits for its user.
 */
gboolean lab_group_set_in_use(LabModel *model, guint64 serial, gboolean in_use);

/* Ends the open of a group, and wakes a removal that waits for it. Does nothing if the mdev is gone already. */
void lab_group_close(LabModel *model, guint64 serial);
