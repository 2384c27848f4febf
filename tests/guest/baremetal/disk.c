/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest that uses DASDs as systems before z/Architecture did: format-0 CCWs, 31-bit IDAWs and blocks of 2 KiB, and
 * for comparison as Linux does. On the first and the last track of each device it writes a record, and reads it back in
 * every mode. It prints a line for each device on the console: devno, cylinders, model; then the status of each
 * program, with two bytes of sense if it has sense.
 */
#include "bare.h"

#define CCW_IDA 0x04
#define CMD_READ_CHARACTERISTICS 0x64
#define ORB_FORMAT_1 0x00800000u
#define ORB_BASE 0x0040ff00u /* prefetch, every path */
#define ORB_64 0x00020000u   /* IDAWs of 64 bits */
#define ORB_2K 0x00010000u   /* which are of 2 KiB; those of 31 bits always are */

#define BLOCK 4096
#define UNIT_CHECK 0x0200
#define OFFSET 0x334 /* the data begins in the middle of a block of either size */

/* Modes of a channel program: one is used to write, all to read. */
static const struct {
    const char *name;
    u32 flags;
} modes[] = {
    { "format 0, 31 bits", ORB_BASE },
    { "format 0, 64 bits 2k", ORB_BASE | ORB_64 | ORB_2K },
    { "format 0, 64 bits 4k", ORB_BASE | ORB_64 },
    { "format 1, 31 bits", ORB_BASE | ORB_FORMAT_1 },
    { "format 1, 64 bits 2k", ORB_BASE | ORB_FORMAT_1 | ORB_64 | ORB_2K },
    { "format 1, 64 bits 4k", ORB_BASE | ORB_FORMAT_1 | ORB_64 },
};
#define MODES (sizeof(modes) / sizeof(modes[0]))

static u32 id;    /* the subchannel */
static u16 devno; /* of its device: each has data of its own */
static struct ccw program[4] __attribute__((aligned(8)));
static u64 list[4] __attribute__((aligned(8)));
static u8 extent[DOMAIN_SIZE], locate[DOMAIN_SIZE], characteristics[64], sense[32];
static u8 output[BLOCK * 3] __attribute__((aligned(BLOCK)));
static u8 input[BLOCK * 3] __attribute__((aligned(BLOCK)));

/* The 24 bits of a format-0 address can address this whole program, which is loaded at 64 KiB. */
static void put_ccw(u32 flags, u32 i, u8 command, u8 ccw_flags, u16 count, const void *data)
{
    u32 address = (u32)(u64)data;
    u32 *words = (u32 *)&program[i];

    if (flags & ORB_FORMAT_1) {
        program[i] = (struct ccw){ command, ccw_flags, count, address };
        return;
    }
    words[0] = (u32)command << 24 | address;
    words[1] = (u32)ccw_flags << 24 | count;
}

/* Makes IDAWs for `length` bytes at an address. */
static void put_list(u32 flags, const u8 *data, u32 length)
{
    u32 block = flags & ORB_64 && !(flags & ORB_2K) ? 4096 : 2048;
    u64 at = (u64)data, end = at + length;

    for (u32 i = 0; at < end; at = (at / block + 1) * block, i++) {
        if (flags & ORB_64)
            list[i] = at;
        else
            ((u32 *)list)[i] = (u32)at;
    }
}

static u32 run(u32 flags)
{
    return run_program(id, flags, program);
}

/* Concurrent sense is not enabled, so this program reads the sense. */
static char *put_status(char *at, u32 flags, u32 status)
{
    at = put_hex(at, status, 4);
    if (!(status & UNIT_CHECK))
        return at;
    put_ccw(flags, 0, CMD_SENSE, CCW_SLI, sizeof(sense), sense);
    return run(flags) == GOOD ? put_hex(put_text(at, " sense "), *(u16 *)sense, 4) : put_text(at, " no sense");
}

static u32 transfer(u32 flags, u8 command, u8 *data, u16 length)
{
    put_ccw(flags, 0, CMD_DEFINE_EXTENT, CCW_CC, sizeof(extent), extent);
    put_ccw(flags, 1, CMD_LOCATE_RECORD, CCW_CC, sizeof(locate), locate);
    put_list(flags, data, length);
    put_ccw(flags, 2, command, CCW_IDA, length, list);
    return run(flags);
}

static u32 write(u32 flags, u32 cylinder, u32 head)
{
    u8 *data = output + OFFSET;

    put_extent(extent, MASK_FORMAT, 0, cylinder * HEADS + head);
    put_locate(locate, OPERATION_FORMAT, 1, cylinder * HEADS + head, 0);
    put_count(data, cylinder * HEADS + head, 1, BLOCK);
    for (u32 i = 0; i < BLOCK; i++)
        data[COUNT_SIZE + i] = (u8)(i * 7 + i / 256 + cylinder + head + devno);
    return transfer(flags, CMD_WRITE_CKD, data, COUNT_SIZE + BLOCK);
}

static u32 read(u32 flags, u32 cylinder, u32 head)
{
    for (u32 i = 0; i < sizeof(input); i++)
        ((volatile u8 *)input)[i] = 0;
    put_extent(extent, MASK_READ, 0, cylinder * HEADS + head);
    put_locate(locate, OPERATION_READ, 1, cylinder * HEADS + head, 1);
    return transfer(flags, CMD_READ_DATA, input + OFFSET, BLOCK);
}

/* Checks the data that was read, and that the bytes around it are unchanged. */
static int is_same(void)
{
    for (u32 i = 0; i < sizeof(input); i++) {
        u8 expected = i >= OFFSET && i < OFFSET + BLOCK ? output[i + COUNT_SIZE] : 0;

        if (((volatile u8 *)input)[i] != expected)
            return 0;
    }
    return 1;
}

static void use_track(u32 mode, u32 cylinder, u32 head)
{
    char line[256];
    char *at = put_hex(put_text(put_hex(put_text(line, "  track "), cylinder, 4), " "), head, 4);

    at = put_status(put_text(at, ": write "), modes[mode].flags, write(modes[mode].flags, cylinder, head));
    for (u32 i = 0; i < MODES; i++) {
        u32 status = read(modes[i].flags, cylinder, head);

        at = put_status(put_text(at, i ? ", " : ", read "), modes[i].flags, status);
        if (status == GOOD)
            at = put_text(at, is_same() ? " same" : " differs");
    }
    put_text(at, "\n");
    print(line);
}

static void use_device(u32 mode)
{
    char line[128];
    char *at = put_text(put_text(put_hex(line, devno, 4), ": "), modes[mode].name);
    u32 cylinders;

    enable(id);
    put_ccw(modes[mode].flags, 0, CMD_READ_CHARACTERISTICS, 0, sizeof(characteristics), characteristics);
    at = put_status(put_text(at, ": "), modes[mode].flags, run(modes[mode].flags));
    cylinders = *(u16 *)(characteristics + 12);
    at = put_hex(put_text(at, ", cylinders "), cylinders, 4);
    at = put_hex(put_text(at, ", model "), characteristics[5], 2);
    put_text(at, "\n");
    print(line);
    use_track(mode, 0, 0);
    use_track(mode, cylinders - 1, HEADS - 1);
}

void main(void)
{
    struct schib schib;
    u32 mode = 0;

    open_console();
    for (id = ID_ONE; stsch(id, &schib) == 0; id++)
        if (schib.flags & SCHIB_VALID) {
            devno = schib.devno;
            use_device(mode++ % MODES);
        }
    print("done\n");
}
