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

static void put_track(u8 *at, u32 track)
{
    *(volatile u16 *)at = (u16)(track / HEADS);
    *(volatile u16 *)(at + 2) = (u16)(track % HEADS);
}

static void clear_domain(u8 *parameters)
{
    for (u32 i = 0; i < DOMAIN_SIZE; i++)
        ((volatile u8 *)parameters)[i] = 0;
}

void put_extent(u8 extent[DOMAIN_SIZE], u8 mask, u16 block_size, u32 track)
{
    clear_domain(extent);
    extent[0] = mask;
    extent[1] = 0xc0; /* ECKD */
    *(u16 *)(extent + 2) = block_size;
    put_track(extent + 8, track);
    put_track(extent + 12, track);
}

void put_locate(u8 locate[DOMAIN_SIZE], u8 operation, u8 count, u32 track, u8 record)
{
    clear_domain(locate);
    locate[0] = operation;
    locate[3] = count;
    put_track(locate + 4, track); /* the seek */
    put_track(locate + 8, track); /* the search */
    locate[12] = record;
}

u8 *put_count(u8 *at, u32 track, u8 record, u16 length)
{
    put_track(at, track);
    at[4] = record;
    at[5] = 0; /* no key */
    *(volatile u16 *)(at + 6) = length;
    return at + COUNT_SIZE;
}

u32 run_program(u32 id, u32 orb_flags, const void *ccws)
{
    static u32 orb[8] __attribute__((aligned(8)));
    static u32 irb[24] __attribute__((aligned(8)));

    orb[1] = orb_flags;
    orb[2] = (u32)(u64)ccws;
    if (ssch(id, orb) != 0)
        return 0xffff;
    while (tsch(id, irb) == 1)
        ;
    return irb[2] >> 16;
}
