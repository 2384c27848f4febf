/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs the channel programs of the oracle (tests/oracle/oracle-core.h), which QEMU's loader has put into storage: each
 * slot has its ORB, CCWs and data, and room for the IRB. tests/guest/programs.py looks at the storage afterwards.
 */
#include "bare.h"

#define N_SLOTS (*(const volatile u32 *)0x8000)
#define SLOTS 0x30000
#define SLOT_SIZE 4096
#define SLOT_IRB 0x40
#define CONCURRENT_SENSE 1 /* of the last of the bytes 24 to 27 of a SCHIB */

static const u32 id = ID_ONE;

static int enable_with_sense(void)
{
    struct schib schib;

    stsch(id, &schib);
    schib.flags |= SCHIB_ENABLED;
    schib.rest[4] |= CONCURRENT_SENSE;
    return msch(id, &schib);
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
        while (tsch(id, slot + SLOT_IRB) == 1)
            ;
    }
    print("done\n");
}
