/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One walk of a device from its host driver to vfio_ccw, or back: the device that it is about, and the writes that both
 * ways have (hostdev/steps.h, hostdev/steps-back.c).
 */
#pragma once

#include "conf/uuid.h"
#include "css/host.h"
#include "css/vfio-group.h"
#include "hostdev/record.h"

#define CCW_DRIVER_IO "io_subchannel"
#define CCW_DRIVER_VFIO "vfio_ccw"

/* What the steps of one device work on. */
typedef struct {
    CcwHost *host;
    CcwRecord *record;
    char device[CCW_BUS_ID_STR_LEN];
    char subchannel[CCW_BUS_ID_STR_LEN];
    char uuid[CCW_UUID_STR_LEN];
    char *css_dir;    /* of the subchannel */
    char *has_now;    /* the device that it has, by its dev_busid; NULL: it has none, or is not there */
    char *ccw_dir;    /* of the ccw device */
    CcwVfioHold held; /* the caller's; -1: none */
} CcwWalk;

void ccw_walk_init(CcwWalk *walk, CcwHost *host, CcwRecord *record, const CcwBusId *subchannel);
void ccw_walk_clear(CcwWalk *walk);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CcwWalk, ccw_walk_clear)

/* As ccw_attr_write(): 0 or the errno. The second writes the subchannel's number to an attribute of a driver. */
int ccw_walk_write(CcwWalk *walk, const char *dir, const char *name, const char *value);
int ccw_walk_write_driver(CcwWalk *walk, const char *driver, const char *name);

/* driver: of the subchannel; NULL: none. */
gboolean ccw_walk_driver_is(CcwWalk *walk, const char *driver);
gboolean ccw_walk_attr_is(const char *dir, const char *name, const char *value);

/* Error: CCW_ERROR_NOT_FOUND, the machine changed. */
gboolean ccw_walk_check_device(CcwWalk *walk, GError **error);

/* Waits until the kernel is ready for it. */
gboolean ccw_walk_set_online(CcwWalk *walk, gboolean value, GError **error);

gboolean ccw_walk_unbind(CcwWalk *walk, const char *driver, GError **error);
gboolean ccw_walk_bind(CcwWalk *walk, const char *driver, GError **error);
