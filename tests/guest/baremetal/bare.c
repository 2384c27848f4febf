/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See bare.h. */
#include "bare.h"

#define SCLP_WRITE_MASK 0x00780005
#define SCLP_WRITE_DATA 0x00760005
#define SCLP_ASCII_CONSOLE 0x1a

u8 page[4096] __attribute__((aligned(4096)));

void clear_page(void)
{
    for (u32 i = 0; i < sizeof(page); i++)
        ((volatile u8 *)page)[i] = 0;
}

void open_console(void)
{
    clear_page();
    *(u16 *)page = 28;
    *(u16 *)(page + 10) = 4; /* bytes of a mask */
    *(u32 *)(page + 16) = 1u << (32 - SCLP_ASCII_CONSOLE);
    servc(SCLP_WRITE_MASK, page);
}

void print(const char *text)
{
    u32 length = 0;

    clear_page();
    for (; text[length]; length++)
        page[14 + length] = (u8)text[length];
    *(u16 *)page = (u16)(14 + length);
    *(u16 *)(page + 8) = (u16)(6 + length);
    page[10] = SCLP_ASCII_CONSOLE;
    servc(SCLP_WRITE_DATA, page);
}

char *put_text(char *at, const char *text)
{
    while (*text)
        *at++ = *text++;
    *at = 0;
    return at;
}

char *put_hex(char *at, u32 value, int digits)
{
    for (int i = digits - 1; i >= 0; i--)
        *at++ = "0123456789abcdef"[value >> (4 * i) & 15];
    *at = 0;
    return at;
}

void print_number(const char *text, u32 value, int digits)
{
    char line[64];

    put_text(put_hex(put_text(line, text), value, digits), "\n");
    print(line);
}

int enable(u32 id)
{
    struct schib schib;

    stsch(id, &schib);
    schib.flags |= SCHIB_ENABLED;
    return msch(id, &schib);
}
