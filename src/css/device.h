/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The channel devices of a host, as sysfs shows them. Nothing here changes a device, and who has one by the journal is
 * hostdev/journal.h's to say.
 */
#pragma once

#include "css/host.h"
#include "util/address.h"

typedef struct {
    CcwBusId bus_id; /* of the ccw device */
    CcwBusId subchannel;
    char *cutype;        /* "3990/e9"; NULL where the ccw device is unbound from its subchannel */
    char *devtype;       /* "3390/0c" */
    char *driver;        /* of the subchannel: "io_subchannel", "vfio_ccw", NULL */
    char *device_driver; /* of the ccw device: "dasd-eckd", NULL */
    char *chpids;        /* as in sysfs: "00 00 ..." */
    char *paths;         /* "80 80 ff": path-installed, -available and -operational masks */
    char *availability;  /* of the ccw device: "good", "boxed", "no path", "no device"; NULL where it is detached */
    gboolean alias;      /* a DASD's PAV alias: more I/O for its base device, no disk of its own */
    char *block;         /* "dasda", NULL */
    char *block_dir;     /* where sysfs has it */
    gint online;         /* 1, 0; -1 where there is no such attribute (detached) */
    char **mdevs;        /* UUIDs on the subchannel, NULL-terminated */
    char *owner;         /* as ccw_owner_read() sets it; NULL before */
    gboolean returning;  /* the same */
} CcwHostDevice;
void ccw_host_device_free(CcwHostDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwHostDevice, ccw_host_device_free)

/* Whether the host has a channel subsystem. Error: CCW_ERROR_UNSUPPORTED. */
gboolean ccw_host_has_css(CcwHost *host, GError **error);

/*
 * Every I/O subchannel with a device, ordered by bus id; elements are CcwHostDevice *.
 * Error: CCW_ERROR_UNSUPPORTED where there is no channel subsystem.
 */
GPtrArray *ccw_host_list(CcwHost *host, GError **error);

/* Those of them whose subchannel is bound to vfio_ccw, in no order; empty where there are none. Looks at these alone.
 */
GPtrArray *ccw_host_list_detached(CcwHost *host);

/* One device by bus id. Error: CCW_ERROR_NOT_FOUND. */
CcwHostDevice *ccw_host_lookup(CcwHost *host, const CcwBusId *id, GError **error);

/*
 * ccw_host_lookup_bound:
 * @id: the bus id of a ccw device
 *
 * Looks up a device whose subchannel io_subchannel or vfio_ccw has. It searches no other subchannel: the time does not
 * grow with the number of the host's devices.
 *
 * Returns: NULL if neither driver has such a device.
 */
CcwHostDevice *ccw_host_lookup_bound(CcwHost *host, const CcwBusId *id);

/* As ccw_host_lookup, by subchannel: css_0_0_0034 of libvirt's node devices (conf/node-name.h). */
CcwHostDevice *ccw_host_lookup_subchannel(CcwHost *host, const CcwBusId *subchannel, GError **error);

/* The subchannel that has device id now. FALSE if none has. */
gboolean ccw_subchannel_of(CcwHost *host, const CcwBusId *id, CcwBusId *ret_subchannel);

/* The UUIDs of the mediated devices on a subchannel, NULL-terminated. */
char **ccw_subchannel_mdevs(CcwHost *host, const CcwBusId *subchannel);

/* The group device ("0.0.f5f0") that the device is a member of (qeth), or NULL. */
char *ccw_device_group(CcwHost *host, const CcwBusId *id);
