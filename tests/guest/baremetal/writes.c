/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest that writes to its first DASD as fast as it can. It prints one line on the console for each operation, after
 * the device has acknowledged it and before the next one begins. Operation n is even: it updates the records of one of
 * the first tracks; or odd: it formats another track anew. tests/guest/kill_device.py has the same rules, sets the
 * first operation, and ends the guest.
 */
#include "bare.h"

/* QEMU's loader device stores these: the first operation, and the one before which to end. */
#define ORDERS ((const volatile u32 *)0x8000)

#define CMD_WRITE_UPDATE_DATA 0x85
#define MAX_RECORDS 33
#define TRACK_BYTES (12 * 4096 + MAX_RECORDS * COUNT_SIZE)

#define SLOTS 8
#define FIRST_UPDATED 1
#define FIRST_FORMATTED 15
#define LAST_TRACK 44

/* Of a formatted track: as many as fit. The first record is that of the updated tracks, too. */
static const struct {
    u8 records;
    u16 length;
} layouts[] = { { 12, 4096 }, { 6, 8192 }, { 33, 1024 } };
#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

static const u32 id = ID_ONE;
static struct ccw program[MAX_RECORDS + 2] __attribute__((aligned(8)));
static u8 extent[DOMAIN_SIZE], locate[DOMAIN_SIZE];
static u8 buffer[TRACK_BYTES] __attribute__((aligned(4096)));
static u32 sense[8];

static u32 run(void)
{
    return run_program(id, ORB_FORMAT_1_PREFETCH, program);
}

static void put_domain(u32 track, u8 mask, u8 operation, u8 count, u8 record, u16 block_size)
{
    put_extent(extent, mask, block_size, track);
    put_locate(locate, operation, count, track, record);
    program[0] = (struct ccw){ CMD_DEFINE_EXTENT, CCW_CC, sizeof(extent), (u32)(u64)extent };
    program[1] = (struct ccw){ CMD_LOCATE_RECORD, CCW_CC, sizeof(locate), (u32)(u64)locate };
}

/* Each eight bytes contain their operation, track and record. */
static u8 *put_data(u8 *at, u32 n, u32 track, u8 record, u32 length)
{
    for (u32 i = 0; i < length; i += 8, at += 8) {
        ((volatile u32 *)at)[0] = n;
        ((volatile u32 *)at)[1] = track << 8 | record;
    }
    return at;
}

/* Writes a whole track: the data of its records, or counts and data. */
static u32 write_track(u32 n, u32 track, u32 layout, int format)
{
    u8 records = layouts[layout].records;
    u8 *at = buffer;

    put_domain(track, format ? MASK_FORMAT : MASK_UPDATE, format ? OPERATION_FORMAT : OPERATION_WRITE, records,
               format ? 0 : 1, layouts[layout].length);
    for (u8 record = 1; record <= records; record++) {
        u8 *begin = at;

        if (format)
            at = put_count(at, track, record, layouts[layout].length);
        at = put_data(at, n, track, record, layouts[layout].length);
        program[1 + record] = (struct ccw){ format ? CMD_WRITE_CKD : CMD_WRITE_UPDATE_DATA,
                                            record < records ? CCW_CC : 0, (u16)(at - begin), (u32)(u64)begin };
    }
    return run();
}

static u32 operate(u32 n)
{
    u32 turn = n / 2;

    if (n % 2 == 0)
        return write_track(n, FIRST_UPDATED + turn % SLOTS, 0, 0);
    return write_track(n, FIRST_FORMATTED + turn % SLOTS, turn % LAYOUTS, 1);
}

static int acknowledge(u32 n, u32 status)
{
    if (status == GOOD) {
        print_number("", n, 8);
        return 1;
    }
    print_number("status: ", status, 4);
    program[0] = (struct ccw){ CMD_SENSE, CCW_SLI, sizeof(sense), (u32)(u64)sense };
    run();
    print_number("sense: ", sense[0] >> 16, 4);
    return 0;
}

void main(void)
{
    u32 first = ORDERS[0], end = ORDERS[1];

    open_console();
    if (enable(id) != 0) {
        print("no device\n");
        return;
    }
    /* The first operation labels the volume. */
    for (u32 track = 1; first == 0 && track <= LAST_TRACK; track++)
        if (write_track(0, track, 0, 1) != GOOD) {
            print("not formatted\n");
            return;
        }
    for (u32 n = first; n != end; n++)
        if (!acknowledge(n, operate(n)))
            return;
    print("done\n");
}
