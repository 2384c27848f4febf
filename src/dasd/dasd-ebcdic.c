/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Converts EBCDIC of volume labels and identities.
 */
#include "dasd/dasd-ebcdic.h"

/* Runs of consecutive codes. */
static const struct {
    char first;
    char last;
    guint8 code;
} runs[] = {
    { 'A', 'I', 0xc1 }, { 'J', 'R', 0xd1 }, { 'S', 'Z', 0xe2 }, { '0', '9', 0xf0 },
    { ' ', ' ', 0x40 }, { '@', '@', 0x7c }, { '#', '#', 0x7b }, { '$', '$', 0x5b },
};

guint8 dasd_ebcdic_from_ascii(char c)
{
    for (gsize i = 0; i < G_N_ELEMENTS(runs); i++)
        if (c >= runs[i].first && c <= runs[i].last)
            return (guint8)(runs[i].code + (c - runs[i].first));
    return 0;
}

char dasd_ebcdic_to_ascii(guint8 code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(runs); i++)
        if (code >= runs[i].code && code <= runs[i].code + (runs[i].last - runs[i].first))
            return (char)(runs[i].first + (code - runs[i].code));
    return '?';
}

void dasd_ebcdic_store(guint8 *field, gsize size, const char *text)
{
    for (gsize i = 0; i < size; i++)
        field[i] = *text ? dasd_ebcdic_from_ascii(*text++) : 0x40;
}
