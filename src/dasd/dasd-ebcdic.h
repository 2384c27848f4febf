/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The few characters of EBCDIC (code page 037) that labels and identities need: space, A-Z, 0-9, @ # $.
 */
#pragma once

#include <glib.h>

/* The EBCDIC code of an ASCII character; 0 if it is none of the few. */
guint8 dasd_ebcdic_from_ascii(char c);

/* '?' for a code that is none of the few. */
char dasd_ebcdic_to_ascii(guint8 code);

/* Writes text into a field of size bytes, padded with EBCDIC spaces, cut if it is longer. */
void dasd_ebcdic_store(guint8 *field, gsize size, const char *text);
