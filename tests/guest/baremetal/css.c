/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest that does what Linux never does: it enables the multiple-channel-subsystems facility extended (MCSS-E), looks
 * for devices in every channel subsystem image, and sends a SENSE ID to the first of them. It prints one line for each
 * fact on the SCLP's ASCII console, and ends in a disabled wait. CHSC is as in Linux (drivers/s390/cio/chsc.c).
 */
#include "bare.h"

#define CHSC_SDA 0x0031 /* set domain attributes; operation 0: MCSS-E */
#define CHSC_SDA_LENGTH 0x0400

#define ID_CSS 0x00080000u /* the id has a cssid: needs MCSS-E */
#define ID_CSSID(cssid) ((u32)(cssid) << 24)
#define CSSID_MAX 0xfe

static struct ccw program __attribute__((aligned(8)));
static u8 identity[8] __attribute__((aligned(8)));
static u32 orb[8] __attribute__((aligned(8)));
static u32 irb[24] __attribute__((aligned(8)));

static void print_device(const char *css, u32 number, u32 devno)
{
    char line[64];
    char *at = put_text(put_text(line, "css "), css);

    at = put_hex(put_text(at, ": subchannel "), number, 4);
    put_text(put_hex(put_text(at, " device "), devno, 4), "\n");
    print(line);
}

/* Prints all valid subchannels of a css's first set. Returns the id of the first one, or 0. */
static u32 scan(u32 base, const char *css)
{
    struct schib schib;
    u32 first = 0;

    for (u32 number = 0; number < 0x10000 && stsch(base | number, &schib) == 0; number++) {
        if (!(schib.flags & SCHIB_VALID))
            continue;
        print_device(css, number, schib.devno);
        if (!first)
            first = base | number;
    }
    return first;
}

/* Returns the response code: 1 for success. */
static u32 enable_mcsse(void)
{
    clear_page();
    *(u16 *)page = CHSC_SDA_LENGTH;
    *(u16 *)(page + 2) = CHSC_SDA;
    return chsc(page) == 0 ? *(u16 *)(page + CHSC_SDA_LENGTH + 2) : 0xffff;
}

/* Runs one channel program on the device: SENSE ID. */
static void sense_id(u32 id)
{
    print_number("msch: ", (u32)enable(id), 1);
    program = (struct ccw){ CCW_SENSE_ID, CCW_SLI, sizeof(identity), (u32)(u64)identity };
    orb[1] = ORB_FORMAT_1_PREFETCH;
    orb[2] = (u32)(u64)&program;
    print_number("ssch: ", (u32)ssch(id, orb), 1);
    while (tsch(id, irb) == 1)
        ; /* no status yet; the program that started this guest has a deadline */
    print_number("status: ", irb[2] >> 16, 4);
    print_number("control unit: ", (u32)identity[1] << 16 | (u32)identity[2] << 8 | identity[3], 6);
    print_number("device: ", (u32)identity[4] << 16 | (u32)identity[5] << 8 | identity[6], 6);
}

void main(void)
{
    u32 found = 0;

    open_console();
    scan(ID_ONE, "default");
    print_number("mcss-e: ", enable_mcsse(), 4);
    for (u32 cssid = 0; cssid <= CSSID_MAX; cssid++) {
        char css[8];
        u32 first;

        put_hex(css, cssid, 2);
        first = scan(ID_CSS | ID_ONE | ID_CSSID(cssid), css);
        if (!found)
            found = first;
    }
    if (found)
        sense_id(found);
    print("done\n");
}
