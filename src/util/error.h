/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One error domain for the project. The code says what kind of thing went wrong (tools map it to an exit code,
 * virtccwd to a libvirt error); the message names the object, the value and what to do, on one line, without a
 * trailing period or newline.
 */
#pragma once

#include <glib.h>

#define CCW_ERROR ccw_error_quark()
GQuark ccw_error_quark(void);

typedef enum {
    CCW_ERROR_INVALID,     /* a value that was given is malformed or out of range */
    CCW_ERROR_XML,         /* XML that is not well-formed, or not what the schema allows */
    CCW_ERROR_NOT_FOUND,   /* no such device, image, file */
    CCW_ERROR_BUSY,        /* the device or image is in use; the message names the user */
    CCW_ERROR_UNSUPPORTED, /* understood, but not supported here */
    CCW_ERROR_DENIED,      /* the peer may not do that */
    CCW_ERROR_IMAGE,       /* a DASD image that is damaged or of another format */
    CCW_ERROR_PROTOCOL,    /* a frame or message that breaks its protocol */
    CCW_ERROR_SYSTEM,      /* a system call failed; the message has its strerror */
} CcwError;

/* Sets CCW_ERROR_SYSTEM (NOT_FOUND for ENOENT, DENIED for EACCES and EPERM, BUSY for EBUSY) to "MESSAGE: strerror". */
void ccw_error_set_errno(GError **error, int errnum, const char *format, ...) G_GNUC_PRINTF(3, 4);

/*
 * The text on one line, for a terminal: what is not UTF-8, and control characters, that a file's or a mount's name may
 * have brought, are '?'; a line break is a blank.
 */
char *ccw_one_line(const char *text);
