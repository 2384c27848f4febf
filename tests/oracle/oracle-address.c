/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes CCWs with addresses and lists of IDAWs, good ones and ones that are not valid. */
#include "oracle-address.h"

#include <string.h>

#include "channel/arch.h"
#include "oracle-channel.h"
#include "oracle-core.h"
#include "util/endian.h"

#define RESERVED 0x80000000u

static guint32 block_size(const OracleProgram *program)
{
    return (program->orb & CHANNEL_ORB_C64) && !(program->orb & CHANNEL_ORB_T2K) ? 4096 : 2048;
}

static guint idaw_size(const OracleProgram *program)
{
    return program->orb & CHANNEL_ORB_C64 ? sizeof(guint64) : sizeof(guint32);
}

static void put_idaw(OracleProgram *program, guint64 address)
{
    guint8 *at = program->slot + program->lists;

    if (idaw_size(program) == sizeof(guint64))
        ccw_store_be64(at, address);
    else
        ccw_store_be32(at, (guint32)address);
    program->lists += idaw_size(program);
    g_assert_cmpuint(program->lists, <=, CORE_SLOT_LISTS_END);
}

/* Puts a list for data that lies in one piece. */
static void put_list(OracleProgram *program, guint32 at, guint count)
{
    guint32 block = block_size(program);

    for (guint done = 0; done < count; done += block - (at + done) % block)
        put_idaw(program, at + done);
}

/* The second of the two IDAWs. */
static guint64 second_idaw(const OracleProgram *program, OracleAddress address)
{
    guint64 spread = program->address + CORE_SLOT_SPREAD;

    switch (address) {
    case ORACLE_ADDRESS_SPREAD_HALF:
        return program->address + CORE_SLOT_HALF;
    case ORACLE_ADDRESS_SECOND_ODD:
        return spread + 8;
    case ORACLE_ADDRESS_SECOND_OUTSIDE:
        return ORACLE_ADDRESS_OUTSIDE_STORAGE;
    case ORACLE_ADDRESS_SECOND_RESERVED:
        return program->orb & CHANNEL_ORB_C64 ? spread | G_GUINT64_CONSTANT(1) << 63 : spread | RESERVED;
    default:
        return spread;
    }
}

/* Moves data of at least two bytes: its first part to the end of a block, the rest to the start of another one. */
static void put_spread(OracleProgram *program, guint32 at, guint count, OracleAddress address)
{
    const guint firsts[] = { count / 2, 1, count - 1 };
    guint first = firsts[oracle_channel_detail(program, G_N_ELEMENTS(firsts))];
    guint32 begin = (block_size(program) == 4096 ? CORE_SLOT_SIZE : CORE_SLOT_HALF) - first;
    guint32 rest = address == ORACLE_ADDRESS_SPREAD_HALF ? CORE_SLOT_HALF : CORE_SLOT_SPREAD;
    const guint8 *data = program->slot + (at - program->address);

    program->is_spread = TRUE;
    memcpy(program->slot + begin, data, first);
    memcpy(program->slot + rest, data + first, count - first);
    put_idaw(program, program->address + begin);
    put_idaw(program, second_idaw(program, address));
}

static void put_across(OracleProgram *program, guint32 at, guint count)
{
    guint32 begin = CORE_SLOT_HALF - count / 2;

    program->is_spread = TRUE;
    memcpy(program->slot + begin, program->slot + (at - program->address), count);
    put_list(program, program->address + begin, count);
}

/* An error that the format cannot have is another one. */
static OracleAddress choose_address(OracleProgram *program, OracleAddress special, guint32 at, guint count)
{
    gboolean is_large = at < CORE_SLOTS;
    OracleAddress address = (OracleAddress)oracle_channel_detail(program, ORACLE_ADDRESSES);

    if (address == ORACLE_ADDRESS_DIRECT)
        address = special;
    if (!(program->orb & CHANNEL_ORB_FORMAT1) && address >= ORACLE_ADDRESS_LIST_OUTSIDE)
        address = ORACLE_ADDRESS_LIST_ODD;
    if (count == 0)
        return ORACLE_ADDRESS_DIRECT;
    if (address >= ORACLE_ADDRESS_SPREAD && address <= ORACLE_ADDRESS_SECOND_RESERVED &&
        (program->is_spread || count < 2 || is_large))
        return ORACLE_ADDRESS_IDAW;
    /* The list of a large count, and alignment. */
    if (program->lists + (CORE_LARGE_SIZE / 2048 + 2) * sizeof(guint64) > CORE_SLOT_LISTS_END)
        return ORACLE_ADDRESS_DIRECT;
    return address;
}

void oracle_address_put_part(OracleProgram *program, OracleAddress special, guint8 code, guint8 flags, guint16 count,
                             guint32 at)
{
    OracleAddress address = choose_address(program, special, at, count);
    guint32 list;

    if (address == ORACLE_ADDRESS_DIRECT || address >= ORACLE_ADDRESS_OUTSIDE) {
        oracle_channel_put_ccw(program, code, flags, count,
                               address == ORACLE_ADDRESS_OUTSIDE    ? ORACLE_ADDRESS_OUTSIDE_STORAGE
                               : address == ORACLE_ADDRESS_RESERVED ? at | RESERVED
                                                                    : at);
        return;
    }
    program->lists = (program->lists + 7) & ~7u;
    list = program->address + program->lists;
    if (address == ORACLE_ADDRESS_FIRST_OUTSIDE || address == ORACLE_ADDRESS_FIRST_RESERVED)
        put_idaw(program, address == ORACLE_ADDRESS_FIRST_OUTSIDE ? ORACLE_ADDRESS_OUTSIDE_STORAGE : at | RESERVED);
    else if (address == ORACLE_ADDRESS_ACROSS)
        put_across(program, at, count);
    else if (address >= ORACLE_ADDRESS_SPREAD && address <= ORACLE_ADDRESS_SECOND_RESERVED)
        put_spread(program, at, count, address);
    else
        put_list(program, at, count);
    if (address == ORACLE_ADDRESS_LIST_ODD)
        list += idaw_size(program) / 2;
    oracle_channel_put_ccw(program, code, flags | CCW_FLAG_IDA, count,
                           address == ORACLE_ADDRESS_LIST_OUTSIDE ? ORACLE_ADDRESS_OUTSIDE_STORAGE : list);
}
