/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an emulator can do for channel devices, as it says itself over QMP, and in which dialect it wants them written.
 */
#pragma once

#include <glib.h>

typedef enum {
    CCW_CAPS_STOCK,       /* sysfsdev= and devno=, any device in any css (QEMU since 2.12, with or without libvirt) */
    CCW_CAPS_SQUASH_MCSS, /* the same, and -machine s390-squash-mcss= maps into the default css (QEMU 2.12 to 3.x) */
    CCW_CAPS_SERIES,      /* hostid=, guestid= and -machine s390-map-css= */
} CcwCapsDialect;

typedef struct {
    char *version;        /* "7.2.22" */
    char *target;         /* "s390x" */
    gboolean ccw_machine; /* there is an s390-ccw-virtio */
    gboolean vfio_ccw;    /* there is a device of that name */
    gboolean boot_index;  /* and it can be booted from */
    gboolean force_orb_pfch;
    gboolean loadparm; /* the device has one of its own; each machine has one */
    gboolean iommufd;  /* the device can be bound to one */
    CcwCapsDialect dialect;
} CcwCaps;

void ccw_caps_free(CcwCaps *caps);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwCaps, ccw_caps_free)

const char *ccw_caps_dialect_name(CcwCapsDialect dialect);

/*
 * What an emulator's answers say: a line each, with the ids of ccw_caps_record's questions; other lines count for
 * nothing. Error: CCW_ERROR_UNSUPPORTED (it does not say what it is).
 */
CcwCaps *ccw_caps_read(const char *answers, GError **error);

/* Starts the emulator and asks it. Returns its answers. Errors as ccw_qmp_start and ccw_qmp_ask. */
char *ccw_caps_record(const char *emulator, GError **error);

/*
 * The emulator's capabilities, from cache_dir if it was asked before and its file is still the same (path, device,
 * inode, size, time of change), else by asking it. A cache that cannot be read or written costs time, no more;
 * NULL: none. Errors as ccw_caps_record and ccw_caps_read.
 */
CcwCaps *ccw_caps_get(const char *emulator, const char *cache_dir, GError **error);

/* Where this user keeps them. */
char *ccw_caps_default_cache(void);

/*
 * Refuses an emulator without channel devices, in libvirt's words. what names who wants them ("hostid 0.0.1234").
 * Error: CCW_ERROR_UNSUPPORTED.
 */
gboolean ccw_caps_check(const CcwCaps *caps, const char *emulator, const char *what, GError **error);
