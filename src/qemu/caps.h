/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The capabilities of an emulator for channel devices, as it reports them over QMP, and its dialect for them.
 */
#pragma once

#include <glib.h>

typedef enum {
    QEMU_CAPS_STOCK,       /* sysfsdev= and devno=, any device in any css (QEMU since 2.12) */
    QEMU_CAPS_SQUASH_MCSS, /* the same, and -machine s390-squash-mcss= maps into the default css (QEMU 2.12 to 3.x) */
    QEMU_CAPS_SERIES,      /* hostid=, guestid= and -machine s390-map-css= */
} QemuCapsDialect;

typedef struct {
    char *version;               /* "7.2.22" */
    char *target;                /* "s390x" */
    gboolean has_ccw_machine;    /* it has the machine s390-ccw-virtio */
    gboolean has_vfio_ccw;       /* it has the device vfio-ccw */
    gboolean has_boot_index;     /* the device has the property bootindex, so that a guest can boot from it */
    gboolean has_force_orb_pfch; /* the device has the property force-orb-pfch */
    gboolean has_loadparm;       /* the device has a loadparm of its own, beside the machine's */
    gboolean has_iommufd;        /* the device has the property iommufd */
    QemuCapsDialect dialect;
} QemuCaps;

void qemu_caps_free(QemuCaps *caps);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuCaps, qemu_caps_free)

/* Returns: the name in messages and in JSON: "stock", "squash-mcss" or "series". */
const char *qemu_caps_dialect_name(QemuCapsDialect dialect);

/**
 * qemu_caps_read: Reads the capabilities from an emulator's answers.
 * @answers: a JSON object on each line, with the ids of qemu_caps_record(); the function ignores other lines
 *
 * Returns: the capabilities, or NULL with CCW_ERROR_UNSUPPORTED if the answers lack the version or target.
 */
QemuCaps *qemu_caps_read(const char *answers, GError **error);

/* Starts and asks the emulator. Returns: its answers, or NULL with an error of qemu_qmp_start() or qemu_qmp_ask(). */
char *qemu_caps_record(const char *emulator, GError **error);

/**
 * qemu_caps_get: Finds the emulator's capabilities, in the cache or by asking it.
 * @cache_dir: the cache, whose answers are valid while the emulator's file has the same path, device, inode, size and
 * time of change. The function ignores errors of the cache. NULL: no cache
 *
 * Returns: the capabilities, or NULL with the errors of qemu_caps_record() and qemu_caps_read().
 */
QemuCaps *qemu_caps_get(const char *emulator, const char *cache_dir, GError **error);

/* Returns: this user's cache, to be freed with g_free(). */
char *qemu_caps_default_cache(void);

/**
 * qemu_caps_check: Checks that an emulator has channel devices.
 * @what: names the user of the device in the message, such as "hostid 0.0.1234"
 *
 * Returns: FALSE with CCW_ERROR_UNSUPPORTED, in libvirt's words.
 */
gboolean qemu_caps_check(const QemuCaps *caps, const char *emulator, const char *what, GError **error);
