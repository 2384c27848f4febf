/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Can a domain's channel devices be given to QEMU: what libvirt's QEMU driver would say of them, in its words, if the
 * element were its own. The form of the element is conf/conf.h's and the schema's to judge; nothing here changes
 * anything.
 */
#pragma once

#include "conf/conf.h"
#include "css/host.h"
#include "qemu/caps.h"

/* The most devices of a domain that are looked up on the host for warnings. */
#define CCW_QEMU_WARNED_DEVICES_MAX 256

/* A device of a domain, and the line of its element. */
typedef struct {
    CcwBusId id;
    guint line;
} CcwQemuDevice;

typedef struct {
    const CcwCaps *caps;  /* of the emulator; NULL: not known, and not judged */
    const char *emulator; /* its name in messages; with caps */
    CcwHost *host;        /* where devices are looked at for warnings; NULL: nowhere */
    GArray *devices;      /* those to be looked at are added instead, of CcwQemuDevice; NULL: they are looked at */
    GPtrArray *warnings;  /* lines for a person are added, of char *; NULL: none are wanted */
    gboolean has_domain;  /* of a bare hostdev: which domain it is for is known, */
    CcwMapCss map_css;    /* and its feature is this */
} CcwQemuValidate;

/*
 * Every domain in the document, or a bare hostdev. What has no channel device in it is good.
 * Errors: as ccw_conf_collect; CCW_ERROR_INVALID (the domain contradicts itself or QEMU, with the line);
 * CCW_ERROR_UNSUPPORTED (the emulator cannot do it).
 */
gboolean ccw_qemu_validate(const char *xml, const CcwQemuValidate *validate, GError **error);

/**
 * ccw_qemu_warn_of_devices:
 * @devices: of CcwQemuDevice; the first CCW_QEMU_WARNED_DEVICES_MAX are looked at
 * @warnings: lines for a person are added, of char *
 *
 * Looks up devices that ccw_qemu_validate() has found. Reads sysfs, and no XML.
 */
void ccw_qemu_warn_of_devices(CcwHost *host, const GArray *devices, GPtrArray *warnings);

/* The <emulator> of the first domain in the document; NULL if none is stated. */
char *ccw_qemu_emulator(const char *xml);
