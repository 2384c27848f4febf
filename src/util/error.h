/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The error domain of the project. Tools map the code to an exit code, and virtccwd maps it to a libvirt error. A
 * message names the object, the value and what to do, on one line, without a trailing period or newline.
 */
#pragma once

#include <glib.h>

#define CCW_ERROR ccw_error_quark()
GQuark ccw_error_quark(void);

typedef enum {
    CCW_ERROR_INVALID,     /* a value is malformed or out of range */
    CCW_ERROR_XML,         /* the XML is not well-formed, or the schema does not allow it */
    CCW_ERROR_NOT_FOUND,   /* the device, image or file does not exist */
    CCW_ERROR_BUSY,        /* the device or image is in use; the message names the user */
    CCW_ERROR_UNSUPPORTED, /* the request is valid, but not supported here */
    CCW_ERROR_DENIED,      /* the peer may not do that */
    CCW_ERROR_IMAGE,       /* a DASD image is damaged or has another format */
    CCW_ERROR_PROTOCOL,    /* a frame or message violates its protocol */
    CCW_ERROR_SYSTEM,      /* a system call failed; the message has its strerror */
} CcwError;

/**
 * ccw_error_set_errno:
 *
 * Sets the error "MESSAGE: strerror" with CCW_ERROR_NOT_FOUND for ENOENT, CCW_ERROR_DENIED for EACCES and EPERM,
 * CCW_ERROR_BUSY for EBUSY, and CCW_ERROR_SYSTEM for any other errno.
 */
void ccw_error_set_errno(GError **error, int errnum, const char *format, ...) G_GNUC_PRINTF(3, 4);

/**
 * ccw_one_line:
 * @text: may contain the name of a file or a mount, which other users choose
 *
 * Makes a text safe to print on one line of a terminal: a line break becomes a blank; a control character and a byte
 * that is not UTF-8 become '?'.
 *
 * Returns: the new text; free with g_free
 */
char *ccw_one_line(const char *text);
