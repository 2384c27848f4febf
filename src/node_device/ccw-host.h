/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host's channel subsystem as sysfs shows it, and the taking and giving back of its devices.
 *
 * Taking a device writes a journal (one JSON file a device under RUN_DIR/devices/) step by step, each step recorded
 * before it is done, so that giving it back, by whatever process, knows what was found. Every function takes the
 * device's own lock file for its duration; none of them talks to libvirt, and callers hold no lock of ours across a
 * call to libvirt.
 */
#pragma once

#include <glib.h>

#include "util/ccw-address.h"

#define CCW_HOST_SYSFS "/sys"
#define CCW_HOST_RUN_DIR "/run/libvirt-ccw"

typedef struct _CcwHost CcwHost;

/* sysfs_root and run_dir are injected everywhere; proc_root ("/proc") is where mounts and swaps are read. */
CcwHost *ccw_host_new(const char *sysfs_root, const char *proc_root, const char *run_dir);
void ccw_host_free(CcwHost *host);

/* Where the device nodes are, if not in /dev. */
void ccw_host_set_dev_root(CcwHost *host, const char *dev_root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwHost, ccw_host_free)

/*
 * What is known of the domains that run without asking libvirt (qemu/ccw-status.h). Each function is called with a
 * device's lock held, by any thread.
 */
typedef struct {
    /* What a domain is called: a new string, or NULL; refusals show its UUID then. */
    char *(*name)(const char *domain_uuid, gconstpointer data);
    /* The name of the domain that has a block device, by the device's number, "254:0": a new string, or NULL. */
    char *(*disk_user)(const char *dev, gconstpointer data);
    /* The process ids of their QEMUs: an array of guint64, which becomes the caller's. */
    GArray *(*pids)(gconstpointer data);
} CcwKnownDomains;
void ccw_host_know_domains(CcwHost *host, const CcwKnownDomains *domains, gconstpointer data);

/* Who has a device that was detached by hand, in the place of a domain's UUID. */
#define CCW_OWNER_BY_HAND "detached"
/*
 * Who has a device that qemu-ccw took, in the same place: this, and qemu-ccw's process id. It is no UUID, so that no
 * domain can take that place.
 */
#define CCW_OWNER_QEMU_CCW "qemu-ccw:"

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
    char *owner; /* of the journal: domain UUID, CCW_OWNER_BY_HAND, "?" if not understood; NULL: none, or it may not be
                    read */
    gboolean returning; /* from the owner to this host: being done just now, or not to be done yet */
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

/* As ccw_host_lookup, by subchannel: css_0_0_0034 of libvirt's node devices (ccw-node-name.h). */
CcwHostDevice *ccw_host_lookup_subchannel(CcwHost *host, const CcwBusId *subchannel, GError **error);

/* Loads vfio_ccw and a VFIO IOMMU backend where they are not there yet; libvirt refuses before it asks otherwise. */
gboolean ccw_host_load_modules(CcwHost *host, GError **error);

/*
 * A claim names who is taking a device. The token names the process on whose behalf: "PID:STARTTIME"
 * (/proc/PID/stat field 22); a pending claim is stale when that process is no more. For the hook that is libvirtd (its
 * parent), for virtccwd itself. NULL if there is no such process.
 */
char *ccw_host_token(CcwHost *host, pid_t pid);

/* When a process began, by ccw_host_clock(), and up to a clock tick later; now, if that cannot be told. */
gint64 ccw_host_began(CcwHost *host, pid_t pid);

/*
 * Detaches the device from its host driver and makes the mdev with the device's UUID; the journal says pending.
 * A device that already has that mdev, made by another program, is left as it is and TRUE is returned with
 * *ret_taken FALSE: there is nothing to give back. So is one that this domain has already: whoever took it gives it
 * back. If anything fails, all is rolled back in reverse; what will not go back stays in the journal as releasing.
 * Errors: CCW_ERROR_NOT_FOUND (no such device), CCW_ERROR_BUSY (in use: mounted, another mdev, another domain; names
 * the user), CCW_ERROR_UNSUPPORTED (no vfio_ccw), CCW_ERROR_SYSTEM.
 */
gboolean ccw_host_claim(CcwHost *host, const CcwBusId *id, const char *domain_uuid, const char *token,
                        gboolean *ret_taken, GError **error);

/*
 * The same for all devices of a domain, side by side; n is at least 1, none twice. All or none: what was taken goes
 * back if one cannot be. The error is that of the lowest bus id that fails.
 */
gboolean ccw_host_claim_all(CcwHost *host, const CcwBusId *ids, guint n, const char *domain_uuid, const char *token,
                            GError **error);

/*
 * A domain is about to start with a device that is not managed: it must be there already, detached by hand or by
 * another means than ours, and not be another domain's. CCW_ERROR_BUSY says what is to be done. A nodedev-reattach that
 * looked at the domains before looks again.
 */
gboolean ccw_host_use_unmanaged(CcwHost *host, const CcwBusId *id, GError **error);

/* Says what is to be done about a device that is not managed and was not detached. Returns FALSE. */
gboolean ccw_host_refuse_unmanaged(CcwHost *host, const CcwBusId *id, GError **error);

/*
 * libvirt says that this domain has the device now: it becomes the owner, whoever the journal names. Its attach may
 * have found the mdev of another domain's claim or of one that was about to be given back. Nothing if there is no
 * entry, or the device was detached by hand.
 */
gboolean ccw_host_confirm(CcwHost *host, const CcwBusId *id, const char *domain_uuid, GError **error);

/*
 * The claim that token made, if it is pending still: given back, as libvirt gave the device to no domain; or noted as
 * owned by the domain that it was made for, as libvirt may have done so: ccw_host_reconcile finds out.
 */
gboolean ccw_host_roll_back(CcwHost *host, const CcwBusId *id, const char *token, GError **error);
gboolean ccw_host_leave_open(CcwHost *host, const CcwBusId *id, const char *token, GError **error);

/*
 * The process of token is about to ask libvirt to attach the device, which may find a mdev that is there. Until it
 * withdraws, and while it lives, who else would give the device back leaves that to it: as a pending claim of its.
 * Waits for a giving back that has begun. Nothing for a device that is not there.
 */
gboolean ccw_host_announce(CcwHost *host, const CcwBusId *id, const char *token, GError **error);
void ccw_host_withdraw(CcwHost *host, const CcwBusId *id);

/* Gives the device back as it was found, if the journal says that this domain has it; else nothing. */
gboolean ccw_host_release(CcwHost *host, const CcwBusId *id, const char *domain_uuid, GError **error);

/* Confirms, or releases, everything of one domain: the hook at `started begin` and `release end`. */
gboolean ccw_host_confirm_domain(CcwHost *host, const char *domain_uuid, GError **error);
gboolean ccw_host_release_domain(CcwHost *host, const char *domain_uuid, GError **error);

/* The same of what it had at as_of (ccw_host_clock()), not of what a later start of that domain took. */
gboolean ccw_host_release_ended(CcwHost *host, const char *domain_uuid, gint64 as_of, GError **error);

/*
 * By hand, for no domain: `virsh nodedev-detach` and the like. The device is taken as by a claim, and stays taken until
 * it is reattached by hand: domains find it there, use it and leave it. Done already is done.
 * Whether a running domain uses it is libvirt's to say: ask before. Errors: as ccw_host_claim; CCW_ERROR_BUSY too for
 * what the journal says is a domain's.
 */
gboolean ccw_host_detach(CcwHost *host, const CcwBusId *id, GError **error);

/**
 * ccw_host_can_read_owners:
 *
 * Returns: FALSE if this process may not look into the journal, so that the owner of no device is known (only root may)
 */
gboolean ccw_host_can_read_owners(CcwHost *host);

/* Whether the journal knows of it: then it can be given back, if only in the journal, though it is not there. */
gboolean ccw_host_has_entry(CcwHost *host, const CcwBusId *id);

/*
 * Gives it back as it was found. A subchannel that another program bound to vfio_ccw goes to io_subchannel, its device
 * offline. A device that its host driver has is left as it is.
 */
gboolean ccw_host_reattach(CcwHost *host, const CcwBusId *id, GError **error);

/*
 * The same, but if a domain has begun to start with the device since as_of (ccw_host_clock()), nothing is done,
 * *ret_stale is TRUE, and so is what is returned: whoever asked libvirt then which domains use it asks again.
 */
gboolean ccw_host_reattach_as_of(CcwHost *host, const CcwBusId *id, gint64 as_of, gboolean *ret_stale, GError **error);

/*
 * Sets an online device offline and online again. One that is detached needs nothing: vfio_ccw quiesces the subchannel
 * whenever a guest opens or closes it (drivers/s390/cio/vfio_ccw_fsm.c).
 */
gboolean ccw_host_reset(CcwHost *host, const CcwBusId *id, GError **error);

/* The same, with as_of and *ret_stale as ccw_host_reattach_as_of() has them. */
gboolean ccw_host_reset_as_of(CcwHost *host, const CcwBusId *id, gint64 as_of, gboolean *ret_stale, GError **error);

/* Microseconds since boot, for as_of of ccw-reconcile.h. */
gint64 ccw_host_clock(void);
