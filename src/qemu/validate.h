/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Validates the channel devices of a domain as libvirt's QEMU driver validates its own devices, and with its words.
 * conf/conf.h and the schema check the form of the element.
 */
#pragma once

#include "conf/conf.h"
#include "css/host.h"
#include "qemu/caps.h"

/* The warnings cover at most this number of devices of a domain. */
#define QEMU_WARNED_DEVICES_MAX 256

typedef struct {
    CcwBusId id;
    guint line; /* the line of its element */
} QemuDevice;

/* A warning for a user. */
typedef struct {
    guint line; /* the line of the XML, or 0 if the warning is about the whole domain */
    char *message;
} QemuWarning;

/* Returns: an empty array for QemuWarning *, which owns them. */
GPtrArray *qemu_warnings_new(void);

/* Returns: "line N: MESSAGE", or only the message if it has no line; to be freed with g_free(). */
char *qemu_warning_format(const QemuWarning *warning);

typedef struct {
    const QemuCaps *caps; /* the emulator's; NULL: do not check them */
    const char *emulator; /* the emulator's name in messages; NULL if caps is NULL */
    CssHost *host;        /* for warnings about devices; NULL: no such warnings */
    GArray *devices;      /* gets the QemuDevice to warn of, and host is not used; NULL: warn of them by host */
    GPtrArray *warnings;  /* gets QemuWarning *, or NULL if the caller needs no warnings */
    gboolean has_domain;  /* the domain of a bare <hostdev> is known, */
    ConfMapCss map_css;   /* and this is its feature */
} QemuValidate;

/**
 * qemu_validate: Validates every domain in a document, or a bare <hostdev>. XML without a channel device is valid.
 *
 * Returns: TRUE; FALSE with an error of conf_collect(), with CCW_ERROR_INVALID and the line if the domain contradicts
 * itself or QEMU, or with CCW_ERROR_UNSUPPORTED if the emulator cannot do it.
 */
gboolean qemu_validate(const char *xml, const QemuValidate *validate, GError **error);

/* As qemu_validate(), of a document that is parsed already. Errors: as there, except that it is well-formed. */
gboolean qemu_validate_xml(ConfXml *xml, const QemuValidate *validate, GError **error);

/**
 * qemu_warn_of_devices: Warns of devices that qemu_validate() has found. Reads sysfs, and no XML.
 * @devices: QemuDevice; the function uses the first QEMU_WARNED_DEVICES_MAX
 * @warnings: gets QemuWarning *
 */
void qemu_warn_of_devices(CssHost *host, const GArray *devices, GPtrArray *warnings);

/* Returns: the <emulator> of the first domain, to be freed with g_free(), or NULL if the domain has no <emulator>. */
char *qemu_emulator(const char *xml);
