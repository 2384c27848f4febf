/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The few characters of EBCDIC (code page 037) that labels and identities need: space, A-Z, 0-9, @ # $.
 */
#pragma once

#include <glib.h>

/**
 * dasd_ebcdic_from_ascii:
 *
 * Returns: the EBCDIC code of an ASCII character; 0 for a character that is not supported
 */
guint8 dasd_ebcdic_from_ascii(char c);

/**
 * dasd_ebcdic_to_ascii:
 *
 * Returns: the ASCII character of an EBCDIC code; '?' for a code that is not supported
 */
char dasd_ebcdic_to_ascii(guint8 code);

/**
 * dasd_ebcdic_store:
 * @size: bytes of @field
 * @text: ASCII
 *
 * Writes @text into @field. Pads it with EBCDIC spaces, and cuts it if it is longer.
 */
void dasd_ebcdic_store(guint8 *field, gsize size, const char *text);
