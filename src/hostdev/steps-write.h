/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sysfs writes that both steps.c (acquire) and steps-back.c (release) need. */
#pragma once

#include "conf/uuid.h"
#include "css/host.h"
#include "css/vfio-group.h"
#include "hostdev/record.h"

/* The device and the subchannel of one sequence of steps. */
typedef struct {
    CssHost *host;
    HostdevRecord *record;
    char device[CCW_BUS_ID_STR_LEN];
    char subchannel[CCW_BUS_ID_STR_LEN];
    char uuid[CONF_UUID_STR_LEN];
    char *css_dir;           /* of the subchannel */
    char *has_now;           /* dev_busid of the subchannel when the steps began; NULL: no device, or no subchannel */
    char *ccw_dir;           /* of the ccw device */
    CssVfioGroupFd group_fd; /* the mdev's group, which the caller has open, or -1 */
} HostdevSteps;

/* @record: must outlive @steps; @subchannel: of the record's device. Reads which device the subchannel has now. */
void hostdev_steps_init(HostdevSteps *steps, CssHost *host, HostdevRecord *record, const CcwBusId *subchannel);
void hostdev_steps_clear(HostdevSteps *steps);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HostdevSteps, hostdev_steps_clear)

/* Writes an attribute. Returns: 0 or the errno, as ccw_attr_write(). */
int hostdev_steps_write(HostdevSteps *steps, const char *dir, const char *name, const char *value);

/* Writes the subchannel's number to an attribute of a driver. Returns: the same. */
int hostdev_steps_write_driver(HostdevSteps *steps, const char *driver, const char *name);

/* Returns: whether the subchannel has this driver; NULL: no driver. */
gboolean hostdev_steps_driver_is(HostdevSteps *steps, const char *driver);

/* Returns: whether an attribute has this value, without surrounding blanks; NULL: whether it cannot be read. */
gboolean hostdev_steps_attr_is(const char *dir, const char *name, const char *value);

/**
 * hostdev_steps_check_device:
 *
 * Checks that the subchannel has the device that it had when the steps began. A write names a subchannel by its number.
 * If the machine changes meanwhile (z/VM's DETACH and ATTACH), the write would change another device, which may be
 * mounted. The kernel has no operation that checks and writes at once.
 *
 * Returns: FALSE with CCW_ERROR_NOT_FOUND if the machine has changed
 */
gboolean hostdev_steps_check_device(HostdevSteps *steps, GError **error);

/* Sets the ccw device online or offline; waits until the kernel is ready for this. */
gboolean hostdev_steps_set_online(HostdevSteps *steps, gboolean value, GError **error);

/* These succeed, too, if the driver does not have the subchannel any more, or has it already. */
gboolean hostdev_steps_unbind(HostdevSteps *steps, const char *driver, GError **error);
gboolean hostdev_steps_bind(HostdevSteps *steps, const char *driver, GError **error);
