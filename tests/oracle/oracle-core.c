/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Builds the storage of a guest: the loop that starts the slots, and the slots. */
#include "oracle-core.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "channel/arch.h"
#include "util/endian.h"

#define ENTRY 0x400
#define CCW_LENGTH 0x5cc /* the loop's constant 8, a halfword */
#define REGISTERS 0x5d0  /* of the loop: slot, unused, slot size, last slot */
#define PARAMETERS 0x5f0 /* subchannel, control register 6, the PSW of the wait */

#define PROGRAM_NEW_PSW 0x68
#define IO_NEW_PSW 0x78

/*
 * Enables the first subchannel with concurrent sense, and starts each slot; the interruption goes on behind the wait.
 * Status that is not the last one is a program-controlled interruption, or a suspension. The loop notes it in the slot.
 * It clears the flag of the CCW that suspended the program, and resumes the program. It ends in a disabled wait, whose
 * address is BAD when a program could not be started, or was an exception of the instruction.
 */
static const guint8 loop[] = {
    0x58, 0x10, 0x05, 0xf0,             /* 400        L    1,subchannel */
    0xb2, 0x34, 0x06, 0x00,             /*            STSCH schib */
    0x96, 0x80, 0x06, 0x05,             /*            OI   schib+5,enabled */
    0x96, 0x01, 0x06, 0x1b,             /*            OI   schib+27,concurrent sense */
    0xb2, 0x32, 0x06, 0x00,             /*            MSCH schib */
    0xb7, 0x66, 0x05, 0xf4,             /*            LCTL 6,6,all interruption subclasses */
    0x98, 0x25, 0x05, 0xd0,             /*            LM   2,5,registers */
    0xb2, 0x33, 0x20, 0x00,             /* 41c next   SSCH orb(2) */
    0x47, 0x70, 0x04, 0x88,             /*            BNZ  bad */
    0x82, 0x00, 0x05, 0xf8,             /* 424 wait   LPSW enabled wait */
    0xb2, 0x35, 0x20, 0x40,             /* 428        TSCH irb(2) */
    0x91, 0x02, 0x20, 0x43,             /*            TM   irb+3(2),secondary status */
    0x47, 0x10, 0x04, 0x80,             /*            BO   ended */
    0x91, 0x80, 0x20, 0x49,             /*            TM   irb+9(2),PCI */
    0x47, 0x80, 0x04, 0x42,             /*            BZ   no_pci */
    0xd2, 0x03, 0x20, 0xa0, 0x20, 0x44, /*            MVC  pci(4,2),irb+4(2) */
    0x91, 0x20, 0x20, 0x43,             /* 442 no_pci TM   irb+3(2),suspended */
    0x47, 0x80, 0x04, 0x24,             /*            BZ   wait */
    0xd2, 0x03, 0x20, 0xa4, 0x20, 0x44, /*            MVC  suspended(4,2),irb+4(2) */
    0x58, 0x60, 0x20, 0xa8,             /*            L    6,suspensions(2) */
    0x41, 0x60, 0x60, 0x01,             /*            LA   6,1(6) */
    0x50, 0x60, 0x20, 0xa8,             /*            ST   6,suspensions(2) */
    0x58, 0x60, 0x20, 0x44,             /*            L    6,irb+4(2) */
    0x4b, 0x60, 0x05, 0xcc,             /*            SH   6,length of a CCW */
    0x91, 0x80, 0x20, 0x05,             /*            TM   orb+5(2),format 1 */
    0x47, 0x10, 0x04, 0x74,             /*            BO   format_1 */
    0x94, 0xfd, 0x60, 0x04,             /*            NI   4(6),not suspend */
    0x47, 0xf0, 0x04, 0x78,             /*            B    resume */
    0x94, 0xfd, 0x60, 0x01,             /* 474 format_1 NI 1(6),not suspend */
    0xb2, 0x38, 0x00, 0x00,             /* 478 resume RSCH */
    0x47, 0xf0, 0x04, 0x24,             /*            B    wait */
    0x87, 0x24, 0x04, 0x1c,             /* 480 ended  BXLE 2,4,next */
    0x82, 0x00, 0x05, 0xe0,             /*            LPSW done */
    0x82, 0x00, 0x05, 0xe8,             /* 488 bad    LPSW */
};

static const guint8 restart[] = { 0x00, 0x08, 0x00, 0x00, 0x80, 0x00, 0x04, 0x00 };
static const guint8 interrupted[] = { 0x00, 0x08, 0x00, 0x00, 0x80, 0x00, 0x04, 0x28 };
static const guint8 waits[] = { 0x00, 0x0a, 0x00, 0x00, 0x80, 0x00, 0x0f, 0xff,
                                0x00, 0x0a, 0x00, 0x00, 0x80, 0x00, 0x0b, 0xad };
static const guint8 parameters[] = { 0x00, 0x01, 0x00, 0x00, 0xff, 0x00, 0x00, 0x00,
                                     0x02, 0x0a, 0x00, 0x00, 0x80, 0x00, 0x00, 0x00 };

/* A host maps the storage of a guest by pages, so blocks of IDAWs begin at the same places in both. */
static guint8 *allocate(gsize size)
{
    guint8 *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (bytes == MAP_FAILED)
        g_error("cannot allocate %" G_GSIZE_FORMAT " bytes: %s", size, g_strerror(errno));
    return bytes;
}

void core_load(Core *core, const void *bytes, gsize size)
{
    core->first = 0;
    core->n_slots = (guint)((size - CORE_SLOTS) / CORE_SLOT_SIZE);
    core->size = size;
    core->allocated = size;
    core->bytes = allocate(size);
    memcpy(core->bytes, bytes, size);
}

void core_init(Core *core, guint n_slots)
{
    core->first = 0;
    core->n_slots = n_slots;
    core->size = CORE_SLOTS + (gsize)n_slots * CORE_SLOT_SIZE;
    core->allocated = core->size;
    core->bytes = allocate(core->size);
    memcpy(core->bytes, restart, sizeof(restart));
    memcpy(core->bytes + ENTRY, loop, sizeof(loop));
    ccw_store_be16(core->bytes + CCW_LENGTH, CCW_SIZE);
    ccw_store_be32(core->bytes + REGISTERS, core_slot_address(0));
    ccw_store_be32(core->bytes + REGISTERS + 8, CORE_SLOT_SIZE);
    ccw_store_be32(core->bytes + REGISTERS + 12, core_slot_address(n_slots - 1));
    memcpy(core->bytes + REGISTERS + 16, waits, sizeof(waits));
    memcpy(core->bytes + PARAMETERS, parameters, sizeof(parameters));
    memcpy(core->bytes + PROGRAM_NEW_PSW, waits + 8, 8);
    memcpy(core->bytes + IO_NEW_PSW, interrupted, sizeof(interrupted));
    for (guint i = 0; i < CORE_LARGE_SIZE; i++)
        core->bytes[CORE_SOURCE + i] = (guint8)(i * 7 + 1);
}

void core_shorten(Core *core, guint n_slots)
{
    core->n_slots = n_slots;
    core->size = CORE_SLOTS + (gsize)n_slots * CORE_SLOT_SIZE;
    ccw_store_be32(core->bytes + REGISTERS + 12, core_slot_address(n_slots - 1));
}

void core_leave_one(Core *core, guint slot)
{
    core_shorten(core, slot + 1);
    core->first = slot;
    ccw_store_be32(core->bytes + REGISTERS, core_slot_address(slot));
}

void core_clear(Core *core)
{
    if (core->bytes)
        munmap(core->bytes, core->allocated);
    core->bytes = NULL;
}

guint32 core_slot_address(guint slot)
{
    return CORE_SLOTS + slot * CORE_SLOT_SIZE;
}

guint8 *core_slot(const Core *core, guint slot)
{
    return core->bytes + core_slot_address(slot);
}

static guint32 orb_flags(const guint8 *slot)
{
    return ccw_load_be32(slot + CORE_SLOT_ORB + CHANNEL_ORB_OFS_FLAGS);
}

CoreCcw core_slot_ccw(const guint8 *slot, guint index)
{
    const guint8 *ccw = slot + CORE_SLOT_CCWS + CCW_SIZE * MIN(index, CORE_CCWS_MAX - 1);

    if (orb_flags(slot) & CHANNEL_ORB_FORMAT1)
        return (CoreCcw){ ccw[CCW_OFS_CMD], ccw[CCW_OFS_FLAGS], ccw_load_be16(ccw + CCW_OFS_COUNT),
                          ccw_load_be32(ccw + CCW_OFS_CDA) };
    return (CoreCcw){ (ccw[0] & 0x0f) == CCW_CMD_TIC ? CCW_CMD_TIC : ccw[0], ccw[CCW0_OFS_FLAGS],
                      ccw_load_be16(ccw + CCW0_OFS_COUNT), ccw_load_be32(ccw + CCW0_OFS_CDA) & 0xffffff };
}

gint core_slot_index(const guint8 *slot, guint32 cpa)
{
    return (gint)(cpa - ccw_load_be32(slot + CORE_SLOT_ADDRESS) - CORE_SLOT_CCWS) / CCW_SIZE - 1;
}

static gboolean chains_data(const guint8 *slot, guint index)
{
    CoreCcw ccw = core_slot_ccw(slot, index);

    return ccw.cmd != CCW_CMD_TIC && (ccw.flags & CCW_FLAG_CD);
}

guint core_slot_command(const guint8 *slot, guint index)
{
    index = MIN(index, CORE_CCWS_MAX - 1);
    for (;;) {
        if (index > 0 && chains_data(slot, index - 1))
            index--;
        /* Data chaining through a TIC. */
        else if (index > 1 && core_slot_ccw(slot, index - 1).cmd == CCW_CMD_TIC && chains_data(slot, index - 2))
            index -= 2;
        else
            return index;
    }
}

/* Returns the offset in the slot of an address, and at least 1 byte of it; the size of the slot for other addresses. */
static guint32 slot_offset(const guint8 *slot, guint64 address)
{
    guint32 here = ccw_load_be32(slot + CORE_SLOT_ADDRESS);

    return address >= here && address - here < CORE_SLOT_SIZE ? (guint32)(address - here) : CORE_SLOT_SIZE;
}

/* Returns entry n of a list; 0 if the list is not in the slot. */
static guint64 load_idaw(const guint8 *slot, guint32 list, guint n)
{
    guint size = orb_flags(slot) & CHANNEL_ORB_C64 ? sizeof(guint64) : sizeof(guint32);
    guint32 at = slot_offset(slot, list) + n * size;

    if (at + size > CORE_SLOT_SIZE)
        return 0;
    return size == sizeof(guint64) ? ccw_load_be64(slot + at) : ccw_load_be32(slot + at);
}

/* Adds a range, as far as it is in the slot. */
static guint add_range(const guint8 *slot, guint64 address, guint length, CoreRange *range)
{
    range->offset = slot_offset(slot, address);
    range->length = MIN(length, CORE_SLOT_SIZE - range->offset);
    return range->length;
}

guint core_slot_ranges(const guint8 *slot, guint index, CoreRange ranges[CORE_RANGES_MAX])
{
    guint block = (orb_flags(slot) & CHANNEL_ORB_C64) && !(orb_flags(slot) & CHANNEL_ORB_T2K) ? 4096 : 2048;
    CoreCcw ccw = core_slot_ccw(slot, index);
    guint left = ccw.count, n = 0, size = orb_flags(slot) & CHANNEL_ORB_C64 ? sizeof(guint64) : sizeof(guint32);

    if (ccw.cmd == CCW_CMD_TIC || left == 0 || ((ccw.flags & CCW_FLAG_IDA) && ccw.cda % size))
        return 0;
    if (!(ccw.flags & CCW_FLAG_IDA))
        return add_range(slot, ccw.cda, left, ranges) > 0;
    while (left > 0 && n < CORE_RANGES_MAX) {
        guint64 address = load_idaw(slot, ccw.cda, n);
        guint length = MIN(left, block - (guint)(address % block));

        if ((n > 0 && address % block) || add_range(slot, address, length, &ranges[n]) < length)
            break;
        left -= length;
        n++;
    }
    return n;
}

gboolean core_slot_has_data(const guint8 *slot, guint index)
{
    CoreCcw ccw = core_slot_ccw(slot, index);
    CoreRange ranges[CORE_RANGES_MAX];
    guint n = core_slot_ranges(slot, index, ranges), found = 0;

    /* Large data is not in the slot, and its address is always valid. */
    if (ccw.cmd == CCW_CMD_TIC || ccw.count == 0 || (n == 0 && !(ccw.flags & CCW_FLAG_IDA) && ccw.cda < CORE_SLOTS))
        return TRUE;
    for (guint i = 0; i < n; i++)
        found += ranges[i].length;
    return found == ccw.count ||
           (n == 0 && ccw.cda % sizeof(guint32) == 0 && load_idaw(slot, ccw.cda, 0) - 1 < CORE_SLOTS - 1);
}

/* Returns the index of the CCW with the next data of a command; 0 if the data ends here. */
static guint next_data(const guint8 *slot, guint index)
{
    if (!chains_data(slot, index) || index + 2 >= CORE_CCWS_MAX)
        return 0;
    return core_slot_ccw(slot, index + 1).cmd == CCW_CMD_TIC ? index + 2 : index + 1;
}

void core_slot_read(const guint8 *slot, guint index, guint8 *ret_bytes, guint n)
{
    guint done = 0;

    memset(ret_bytes, 0, n);
    do {
        CoreRange ranges[CORE_RANGES_MAX];
        guint n_ranges = core_slot_ranges(slot, index, ranges);

        for (guint i = 0; i < n_ranges && done < n; i++) {
            guint length = MIN(ranges[i].length, n - done);

            memcpy(ret_bytes + done, slot + ranges[i].offset, length);
            done += length;
        }
        index = next_data(slot, index);
    } while (index && done < n);
}
