/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest that does with its first subchannel what Linux does seldom or never: it suspends and resumes programs,
 * requests interruptions in the middle, and ends I/O by HALT, CLEAR and CANCEL SUBCHANNEL. It gets status only by TEST
 * SUBCHANNEL. It prints a line for each result on the console. The program that started it has a deadline.
 *
 * Then it prints "ready", and starts programs without end until its device is gone, and one more when it is back.
 */
#include "bare.h"

#define CTL_PENDING 0x0001
#define CTL_PRIMARY 0x0004
#define CTL_SUSPENDED 0x0020
#define CTL_ACTIVE 0x40c9 /* start; subchannel and device active; intermediate */
#define CTL_CLEARED 0x1001
#define CSTAT_PCI 0x80

#define ORB_SUSPEND 0x08000000u
#define ORB_SUPPRESS 0x00080000u
#define LONG 200
#define TRIES 1000

static const u32 id = ID_ONE;
static struct ccw program[LONG + 1] __attribute__((aligned(8)));
static u8 identity[8] __attribute__((aligned(8)));
static u32 orb[8] __attribute__((aligned(8)));
static u32 irb[24] __attribute__((aligned(8)));

static u32 ctl(void)
{
    return irb[0] & 0xffff;
}

static u32 dstat(void)
{
    return irb[2] >> 24;
}

static u32 cstat(void)
{
    return irb[2] >> 16 & 0xff;
}

static int start(u32 flags)
{
    orb[1] = ORB_FORMAT_1_PREFETCH | flags;
    orb[2] = (u32)(u64)program;
    return ssch(id, orb);
}

static void wait_status(void)
{
    while (tsch(id, irb) == 1)
        ;
}

/*
 * Prints name, function, activity and status control; device and subchannel status; the CPA in CCWs from the program's
 * start.
 */
static void print_status(const char *name)
{
    char line[96];
    char *at = put_text(line, name);

    at = put_hex(put_text(at, ": ctl "), ctl(), 4);
    at = put_hex(put_text(at, " status "), irb[2] >> 16, 4);
    at = put_hex(put_text(at, " at "), (irb[1] - (u32)(u64)program) / 8, 2);
    put_text(at, "\n");
    print(line);
}

static void print_next(const char *name)
{
    wait_status();
    print_status(name);
}

/* Makes a NOOP, then a SENSE ID with these flags. */
static void put_short(u8 flags)
{
    for (u32 i = 0; i < sizeof(identity); i++)
        ((volatile u8 *)identity)[i] = 0;
    program[0] = (struct ccw){ CCW_NOOP, CCW_CC, 0, 0 };
    program[1] = (struct ccw){ CCW_SENSE_ID, CCW_SLI | flags, sizeof(identity), (u32)(u64)identity };
}

/*
 * Makes an endless loop of SENSE ID, which the device ends at some time; `flags` are those of the first CCW, before the
 * loop.
 */
static void put_long(u8 flags)
{
    for (u32 i = 0; i < LONG; i++)
        program[i] = (struct ccw){ CCW_SENSE_ID, CCW_SLI | CCW_CC, sizeof(identity), (u32)(u64)identity };
    program[0].flags |= flags;
    program[LONG] = (struct ccw){ CCW_TIC, 0, 0, (u32)(u64)(program + 1) };
}

static void suspend(u32 flags)
{
    put_short(CCW_SUSPEND);
    start(ORB_SUSPEND | flags);
}

static void test_resume(void)
{
    suspend(0);
    print_next("suspended");
    print_number("ssch: ", (u32)start(0), 1);
    print_number("rsch: ", (u32)rsch(id), 1);
    print_next("as it was");
    print_number("identity: ", identity[0], 2);
    *(volatile u8 *)&program[1].flags = CCW_SLI;
    print_number("rsch: ", (u32)rsch(id), 1);
    print_next("resumed");
    print_number("identity: ", identity[0], 2);
    print_number("rsch: ", (u32)rsch(id), 1);
    put_short(CCW_SUSPEND);
    start(0);
    print_next("not allowed");
}

/* Only the SCSW shows the suspension. */
static void test_suppressed(void)
{
    struct schib schib;

    suspend(ORB_SUPPRESS);
    do
        stsch(id, &schib);
    while (!(schib.rest[5] & CTL_SUSPENDED));
    print_number("suppressed: tsch ", (u32)tsch(id, irb), 1);
    *(volatile u8 *)&program[1].flags = CCW_SLI;
    print_number("rsch: ", (u32)rsch(id), 1);
    print_next("resumed");
}

static void test_given_up(void)
{
    suspend(0);
    wait_status();
    print_number("xsch: ", (u32)xsch(id), 1);
    put_short(0);
    print_number("ssch: ", (u32)start(0), 1);
    print_next("after xsch");
    suspend(0);
    wait_status();
    print_number("hsch: ", (u32)hsch(id), 1);
    print_next("halted");
    print_number("rsch: ", (u32)rsch(id), 1);
    suspend(0);
    wait_status();
    print_number("csch: ", (u32)csch(id), 1);
    print_next("cleared");
    print_number("rsch: ", (u32)rsch(id), 1);
}

static void test_interruptions(void)
{
    u32 seen = 0;

    put_long(CCW_PCI);
    for (u32 i = 0; i < TRIES; i++) {
        start(0);
        wait_status();
        if (ctl() == CTL_ACTIVE)
            break;
    }
    print_status("in between");
    wait_status();
    print_number("then: ", ctl(), 4);
    put_short(CCW_PCI);
    start(0);
    do {
        wait_status();
        seen += cstat() & CSTAT_PCI ? 1 : 0;
    } while (!(ctl() & CTL_PRIMARY));
    print(seen <= 1 && dstat() == 0x0c && !(cstat() & ~CSTAT_PCI) ? "short: good\n" : "short: bad\n");
}

/* The device may end the program before the halt: then the test tries again. */
static void test_halt(void)
{
    put_long(0);
    for (u32 i = 0; i < TRIES; i++) {
        int cc;

        start(0);
        cc = hsch(id);
        wait_status();
        if (cc == 0 && (ctl() & 0x6000) == 0x6000)
            break;
    }
    print_number("halted in the middle: ", ctl() & 0x6007, 4);
}

/*
 * The same for a clear. Until QEMU has learned that the function is complete, it shows the end of a program that ended
 * before together with it. The expected status follows.
 */
static void test_clear(void)
{
    int cc = 0;

    put_long(0);
    for (u32 i = 0; i < TRIES; i++) {
        start(0);
        cc = csch(id);
        wait_status();
        if (ctl() == CTL_CLEARED)
            break;
        wait_status();
    }
    print_number("csch: ", (u32)cc, 1);
    print_status("cleared in the middle");
    print_number("and nothing more: ", (u32)tsch(id, irb), 1);
}

/*
 * The device continues with the cancelled program, whose status may still arrive. Its end can also come before the
 * cancel.
 */
static void test_cancel(void)
{
    int cc = 1;

    put_long(0);
    for (u32 i = 0; i < TRIES && cc == 1; i++) {
        start(0);
        cc = xsch(id);
        if (cc == 1)
            tsch(id, irb);
    }
    print_number("xsch: ", (u32)cc, 1);
    put_short(0);
    while ((cc = start(0)) == 1 || cc == 2)
        if (cc == 1)
            tsch(id, irb);
    print_number("ssch: ", (u32)cc, 1);
    print_next("after xsch in the middle");
}

static void work_until_gone(void)
{
    put_long(0);
    for (;;) {
        int cc = start(0);

        if (cc == 3)
            return;
        if (tsch(id, irb) == 3)
            return;
    }
}

/*
 * QEMU keeps a subchannel's status over a system reset: it still shows a start function for a program that was active,
 * and the end of that never comes. See docs/data-plane.md.
 */
static int take_over(void)
{
    int cc = enable(id);

    if (cc == 1)
        tsch(id, irb);
    if (cc == 2) {
        csch(id);
        wait_status();
    }
    return cc ? enable(id) : cc;
}

void main(void)
{
    struct schib schib;

    open_console();
    print_number("msch: ", (u32)take_over(), 1);
    test_resume();
    test_suppressed();
    test_given_up();
    test_interruptions();
    test_halt();
    test_clear();
    test_cancel();
    print("ready\n");
    work_until_gone();
    print("gone\n");
    while (stsch(id, &schib) != 0 || !(schib.flags & SCHIB_VALID))
        ;
    print_number("msch: ", (u32)enable(id), 1);
    put_short(0);
    start(0);
    print_next("back");
    print("done\n");
}
