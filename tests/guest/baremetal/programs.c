/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs the channel programs of the oracle (tests/oracle/oracle-core.h), which QEMU's loader has put into storage: each
 * slot has its ORB, CCWs and data, and space for the IRB. tests/guest/programs.py reads the storage afterwards.
 */
#include "bare.h"

#define N_SLOTS (*(const volatile u32 *)0x8000)
#define SLOTS 0x30000
#define SLOT_SIZE 8192
#define SLOT_ORB_FORMAT 5 /* the byte of the ORB that has the format of the CCWs */
#define SLOT_IRB 0x40
#define SLOT_TOLD 0xa0 /* the CPA of the last PCI and of the last suspension; the number of suspensions */
#define FORMAT_1 0x80
#define IRB_CTL 3
#define CTL_SECONDARY 0x02
#define CTL_SUSPENDED 0x20
#define IRB_CSTAT 9
#define CSTAT_PCI 0x80
#define CONCURRENT_SENSE 1 /* in the last of the bytes 24 to 27 of a SCHIB */

static const u32 id = ID_ONE;

static int enable_with_sense(void)
{
    struct schib schib;

    stsch(id, &schib);
    schib.flags |= SCHIB_ENABLED;
    schib.rest[4] |= CONCURRENT_SENSE;
    return msch(id, &schib);
}

static u32 cpa_of(const u8 *slot)
{
    return *(const u32 *)(slot + SLOT_IRB + 4);
}

/* Notes a suspension, clears the flag of the CCW, and resumes the program. */
static void resume(u8 *slot, u32 *told)
{
    u8 *ccw = (u8 *)(u64)(cpa_of(slot) - sizeof(struct ccw));

    told[1] = cpa_of(slot);
    told[2]++;
    ccw[slot[SLOT_ORB_FORMAT] & FORMAT_1 ? 1 : 4] &= ~CCW_SUSPEND;
    rsch(id);
}

/* Waits for the last status of a program. */
static void finish(u8 *slot)
{
    const u8 *irb = slot + SLOT_IRB;
    u32 *told = (u32 *)(slot + SLOT_TOLD);

    for (;;) {
        while (tsch(id, slot + SLOT_IRB) == 1)
            ;
        if (irb[IRB_CSTAT] & CSTAT_PCI)
            told[0] = cpa_of(slot);
        if (irb[IRB_CTL] & CTL_SECONDARY)
            return;
        if (irb[IRB_CTL] & CTL_SUSPENDED)
            resume(slot, told);
    }
}

void main(void)
{
    open_console();
    if (enable_with_sense() != 0) {
        print("no device\n");
        return;
    }
    for (u32 n = 0; n < N_SLOTS; n++) {
        u8 *slot = (u8 *)(u64)(SLOTS + n * SLOT_SIZE);

        if (ssch(id, slot) != 0) {
            print_number("not started: ", n, 8);
            return;
        }
        finish(slot);
    }
    print("done\n");
}
