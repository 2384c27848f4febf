/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes the CCWs of a command. One command of a program, the special one, has what the mode of the program is for:
 * IDAWs or a suspension.
 */
#include "oracle-channel.h"

#include <string.h>

#include "channel/arch.h"
#include "oracle-core.h"
#include "oracle-data.h"
#include "util/endian.h"

#define OUTSIDE 0x7ffff000u /* no storage has this address */
#define RESERVED 0x80000000u
#define HIGH_TIC 0x18 /* a TIC in format 0 only */
#define FORMAT0_LIMIT (1u << 24)
#define PARTS_MAX 3 /* CCWs of a command */

/* How a CCW addresses its data. The kinds after ADDRESS_ACROSS are errors. */
typedef enum {
    ADDRESS_DIRECT,
    ADDRESS_IDAW,
    ADDRESS_SPREAD,      /* two IDAWs, each with a part of the data */
    ADDRESS_SPREAD_HALF, /* the second one is on a border of 2 KiB only */
    ADDRESS_ACROSS,      /* in one piece, across a border of 2 KiB that is not one of 4 KiB */
    ADDRESS_SECOND_ODD,
    ADDRESS_SECOND_OUTSIDE,
    ADDRESS_SECOND_RESERVED,
    ADDRESS_FIRST_OUTSIDE,
    ADDRESS_FIRST_RESERVED,
    ADDRESS_LIST_ODD,
    ADDRESS_LIST_OUTSIDE,
    ADDRESS_OUTSIDE,
    ADDRESS_RESERVED,
    N_ADDRESSES,
} Address;

/* The first mode is that of a good program. */
static const struct Mode {
    guint32 orb;
    Address address; /* of the special command */
    gboolean suspends;
} modes[] = {
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH, ADDRESS_DIRECT, FALSE },
    { CHANNEL_ORB_FORMAT1, ADDRESS_DIRECT, FALSE },
    { CHANNEL_ORB_PREFETCH, ADDRESS_DIRECT, FALSE },
    { CHANNEL_ORB_PREFETCH, ADDRESS_SPREAD, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH, ADDRESS_SPREAD, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64, ADDRESS_IDAW, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64, ADDRESS_SPREAD, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64, ADDRESS_SPREAD_HALF, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64, ADDRESS_ACROSS, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64 | CHANNEL_ORB_T2K, ADDRESS_ACROSS, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH, ADDRESS_ACROSS, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64, ADDRESS_SECOND_OUTSIDE, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_C64 | CHANNEL_ORB_T2K, ADDRESS_SPREAD, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64 | CHANNEL_ORB_T2K, ADDRESS_SPREAD_HALF, FALSE },
    { CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64 | CHANNEL_ORB_T2K, ADDRESS_SECOND_ODD, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_SUSPEND, ADDRESS_DIRECT, TRUE },
    { CHANNEL_ORB_SUSPEND, ADDRESS_DIRECT, TRUE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_SUSPEND, ADDRESS_DIRECT, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_SUPPRESS, ADDRESS_DIRECT, FALSE },
    /* The start of this one is an operand exception in Hercules 3.13. */
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_ILS, ADDRESS_DIRECT, FALSE },
};
#define N_MODES_COMPARED (G_N_ELEMENTS(modes) - 1)

guint oracle_channel_modes(void)
{
    return N_MODES_COMPARED;
}

guint oracle_channel_suspendable(void)
{
    guint mode = 0;

    while (!(modes[mode].orb & CHANNEL_ORB_SUSPEND) || modes[mode].suspends)
        mode++;
    return mode;
}

static guint detail(OracleProgram *program, guint n)
{
    return program->choices->detail(program->choices->opaque, n);
}

/* Chooses a detail of the channel: 0 in a plain program. */
static guint channel_detail(OracleProgram *program, guint n)
{
    return program->is_plain ? 0 : detail(program, n);
}

static guint32 ccw_address(const OracleProgram *program, guint index)
{
    return program->address + CORE_SLOT_CCWS + CCW_SIZE * index;
}

static void put_orb(OracleProgram *program, guint32 flags, guint32 cpa)
{
    guint8 *orb = program->slot + CORE_SLOT_ORB;

    program->orb = flags;
    ccw_store_be32(orb + CHANNEL_ORB_OFS_FLAGS, flags | 0xffu << CHANNEL_ORB_LPM_SHIFT);
    ccw_store_be32(orb + CHANNEL_ORB_OFS_CPA, cpa);
    ccw_store_be32(program->slot + CORE_SLOT_ADDRESS, program->address);
    program->n = program->n_pieces = program->n_commands_put = 0;
    program->lists = CORE_SLOT_LISTS;
    program->is_spread = FALSE;
}

void oracle_channel_begin_plain(OracleProgram *program)
{
    program->mode = 0;
    program->special = 0;
    put_orb(program, modes[0].orb, ccw_address(program, 0));
}

void oracle_channel_begin(OracleProgram *program, guint n_commands)
{
    const guint32 wrong[] = { 0, 4, OUTSIDE };
    guint back, error;
    guint32 cpa = ccw_address(program, 0);

    if (!oracle_program_is_set(program, ORACLE_DETAIL_MODE, &program->mode))
        program->mode = channel_detail(program, program->any_head ? G_N_ELEMENTS(modes) : N_MODES_COMPARED);
    /* Format 0 has addresses of 24 bits. */
    if (!(modes[program->mode].orb & CHANNEL_ORB_FORMAT1) && program->address + CORE_SLOT_SIZE > FORMAT0_LIMIT)
        program->mode = 0;
    back = channel_detail(program, 4) + 1;
    program->special = n_commands > back ? n_commands - back : 0;
    error = channel_detail(program, G_N_ELEMENTS(wrong));
    put_orb(program, modes[program->mode].orb, wrong[error] == OUTSIDE ? OUTSIDE : cpa | wrong[error]);
}

static gboolean is_format1(const OracleProgram *program)
{
    return (program->orb & CHANNEL_ORB_FORMAT1) != 0;
}

void oracle_channel_put_ccw(OracleProgram *program, guint8 code, guint8 flags, guint16 count, guint32 address)
{
    guint8 *ccw = program->slot + CORE_SLOT_CCWS + CCW_SIZE * program->n++;

    g_assert_cmpuint(program->n, <=, CORE_CCWS_MAX);
    if (is_format1(program)) {
        ccw[CCW_OFS_CMD] = code;
        ccw[CCW_OFS_FLAGS] = flags;
        ccw_store_be16(ccw + CCW_OFS_COUNT, count);
        ccw_store_be32(ccw + CCW_OFS_CDA, address);
    } else {
        ccw_store_be32(ccw + CCW0_OFS_CDA, (guint32)code << 24 | (address & (FORMAT0_LIMIT - 1)));
        ccw[CCW0_OFS_FLAGS] = flags;
        ccw_store_be16(ccw + CCW0_OFS_COUNT, count);
    }
}

void oracle_channel_put_tic(OracleProgram *program, guint target)
{
    oracle_channel_put_ccw(program, CCW_CMD_TIC, 0, 0, ccw_address(program, target));
}

void oracle_channel_put_transfer(OracleProgram *program)
{
    guint next = program->n + 1;

    switch (channel_detail(program, 10)) {
    case 1:
        oracle_channel_put_tic(program, next);
        break;
    case 2: /* over a CCW that is not valid */
        oracle_channel_put_tic(program, next + 1);
        oracle_channel_put_ccw(program, 0, 0, 0, 0);
        break;
    case 3: /* to itself */
        oracle_channel_put_tic(program, next - 1);
        break;
    case 4: /* to another one */
        oracle_channel_put_tic(program, next);
        oracle_channel_put_tic(program, next + 1);
        break;
    case 5:
        oracle_channel_put_ccw(program, CCW_CMD_TIC, 0, 0, ccw_address(program, next) + 4);
        break;
    case 6:
        oracle_channel_put_ccw(program, CCW_CMD_TIC, 0, 0, is_format1(program) ? OUTSIDE : ccw_address(program, 1) + 1);
        break;
    case 7:
        oracle_channel_put_ccw(program, CCW_CMD_TIC, 0, 1, ccw_address(program, next));
        break;
    case 8:
        oracle_channel_put_ccw(program, CCW_CMD_TIC, CCW_FLAG_CC, 0, ccw_address(program, next));
        break;
    case 9:
        oracle_channel_put_ccw(program, HIGH_TIC, 0, 0, ccw_address(program, next));
        break;
    default:
        break;
    }
}

/* Chooses a count: that of a good program, or a border. */
static guint16 choose_count(OracleProgram *program, guint good)
{
    const guint counts[] = { good, good ? good - 1 : 0, good + 1, 1, 0, 8, CORE_PIECE_SIZE, 0xffff };
    guint chosen;

    if (oracle_program_is_set(program, ORACLE_DETAIL_COUNT, &chosen))
        return (guint16)(chosen ? chosen : good);
    return (guint16)counts[detail(program, G_N_ELEMENTS(counts))];
}

#define N_FLAGS_PLAIN 3
#define N_FIRSTS_PLAIN 2

/* A good program suppresses incorrect length, so that most chains go on. */
static guint8 choose_flags(OracleProgram *program, gboolean last)
{
    static const guint8 flags[] = {
        CCW_FLAG_SLI,
        0,
        CCW_FLAG_SLI | CCW_FLAG_SKIP,
        CCW_FLAG_SKIP,
        CCW_FLAG_SLI | CCW_FLAG_PCI,
        CCW_FLAG_SLI | CCW_FLAG_SUSPEND,
        CCW_FLAG_SLI | CCW_FLAG_MIDA,
    };
    guint8 chosen = flags[detail(program, program->is_plain ? N_FLAGS_PLAIN : G_N_ELEMENTS(flags))];

    if (program->has_no_pci)
        chosen &= (guint8)~CCW_FLAG_PCI;
    return chosen | (last ? 0 : CCW_FLAG_CC);
}

/* Divides a count among CCWs. Returns how many. A good program has one. */
static guint choose_parts(OracleProgram *program, guint16 count, guint16 parts[PARTS_MAX])
{
    const guint16 firsts[ORACLE_CHANNEL_PARTS] = { count, count / 2, 8, 1, count - 1, count, 5 };
    guint chosen;

    if (!oracle_program_is_set(program, ORACLE_DETAIL_PARTS, &chosen))
        chosen = detail(program, program->is_plain ? N_FIRSTS_PLAIN : G_N_ELEMENTS(firsts));
    parts[0] = firsts[chosen];
    if (parts[0] == 0 || parts[0] > count || (chosen != 5 && parts[0] == count)) {
        parts[0] = count;
        return 1;
    }
    parts[1] = count - parts[0];
    if (chosen != 6 || parts[1] < 2)
        return chosen ? 2 : 1;
    parts[2] = parts[1] > 8 ? parts[1] - 8 : 1;
    parts[1] -= parts[2];
    return 3;
}

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
static guint64 second_idaw(const OracleProgram *program, Address address)
{
    guint64 spread = program->address + CORE_SLOT_SPREAD;

    switch (address) {
    case ADDRESS_SPREAD_HALF:
        return program->address + CORE_SLOT_HALF;
    case ADDRESS_SECOND_ODD:
        return spread + 8;
    case ADDRESS_SECOND_OUTSIDE:
        return OUTSIDE;
    case ADDRESS_SECOND_RESERVED:
        return program->orb & CHANNEL_ORB_C64 ? spread | G_GUINT64_CONSTANT(1) << 63 : spread | RESERVED;
    default:
        return spread;
    }
}

/* Moves data of at least two bytes: its first part to the end of a block, the rest to the start of another one. */
static void put_spread(OracleProgram *program, guint32 at, guint count, Address address)
{
    const guint firsts[] = { count / 2, 1, count - 1 };
    guint first = firsts[channel_detail(program, G_N_ELEMENTS(firsts))];
    guint32 begin = (block_size(program) == 4096 ? CORE_SLOT_SIZE : CORE_SLOT_HALF) - first;
    guint32 rest = address == ADDRESS_SPREAD_HALF ? CORE_SLOT_HALF : CORE_SLOT_SPREAD;
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
static Address choose_address(OracleProgram *program, guint32 at, guint count)
{
    gboolean is_large = at < CORE_SLOTS;
    Address address = (Address)channel_detail(program, N_ADDRESSES);
    gboolean is_special = program->n_commands_put == program->special;

    if (address == ADDRESS_DIRECT && is_special)
        address = modes[program->mode].address;
    if (!is_format1(program) && address >= ADDRESS_LIST_OUTSIDE)
        address = ADDRESS_LIST_ODD;
    if (count == 0)
        return ADDRESS_DIRECT;
    if (address >= ADDRESS_SPREAD && address <= ADDRESS_SECOND_RESERVED &&
        (program->is_spread || count < 2 || is_large))
        return ADDRESS_IDAW;
    /* The list of a large count, and alignment. */
    if (program->lists + (CORE_LARGE_SIZE / 2048 + 2) * sizeof(guint64) > CORE_SLOT_LISTS_END)
        return ADDRESS_DIRECT;
    return address;
}

/* Adds the CCW of a part of a command, whose data is at an address in the slot or that of large counts. */
static void put_part(OracleProgram *program, guint8 code, guint8 flags, guint16 count, guint32 at)
{
    Address address = choose_address(program, at, count);
    guint32 list;

    if (address == ADDRESS_DIRECT || address >= ADDRESS_OUTSIDE) {
        oracle_channel_put_ccw(program, code, flags, count,
                               address == ADDRESS_OUTSIDE    ? OUTSIDE
                               : address == ADDRESS_RESERVED ? at | RESERVED
                                                             : at);
        return;
    }
    program->lists = (program->lists + 7) & ~7u;
    list = program->address + program->lists;
    if (address == ADDRESS_FIRST_OUTSIDE || address == ADDRESS_FIRST_RESERVED)
        put_idaw(program, address == ADDRESS_FIRST_OUTSIDE ? OUTSIDE : at | RESERVED);
    else if (address == ADDRESS_ACROSS)
        put_across(program, at, count);
    else if (address >= ADDRESS_SPREAD && address <= ADDRESS_SECOND_RESERVED)
        put_spread(program, at, count, address);
    else
        put_list(program, at, count);
    if (address == ADDRESS_LIST_ODD)
        list += idaw_size(program) / 2;
    oracle_channel_put_ccw(program, code, flags | CCW_FLAG_IDA, count,
                           address == ADDRESS_LIST_OUTSIDE ? OUTSIDE : list);
}

static guint32 piece_address(const OracleProgram *program, guint8 code, guint16 count)
{
    if (count > CORE_PIECE_SIZE)
        return channel_cmd_is_input(code) ? CORE_SINK : CORE_SOURCE;
    return program->address + CORE_SLOT_DATA + CORE_PIECE_SIZE * (program->n_pieces - 1);
}

/* Chooses flags of the CCWs of chained data: of all but the last one, and of all but the first one. */
static void choose_chained(OracleProgram *program, guint8 *ret_all, guint8 *ret_later)
{
    static const guint8 all[ORACLE_CHANNEL_CHAINED] = { 0, CCW_FLAG_SLI, 0 };
    static const guint8 later[ORACLE_CHANNEL_CHAINED] = { 0, 0, CCW_FLAG_SUSPEND };
    guint chosen;

    if (!oracle_program_is_set(program, ORACLE_DETAIL_CHAINED, &chosen))
        chosen = channel_detail(program, ORACLE_CHANNEL_CHAINED);
    *ret_all = all[chosen];
    *ret_later = later[chosen];
}

void oracle_channel_put_command(OracleProgram *program, guint8 code, gboolean last)
{
    guint8 *piece = program->slot + CORE_SLOT_DATA + CORE_PIECE_SIZE * program->n_pieces++;
    guint16 count, parts[PARTS_MAX];
    guint8 flags, chained, all = 0, later = 0;
    guint n_parts;
    guint32 at;

    g_assert_cmpuint(program->n_pieces, <=, CORE_PIECES);
    count = choose_count(program, oracle_data_fill(program, code, piece));
    flags = choose_flags(program, last);
    at = piece_address(program, code, count);
    n_parts = choose_parts(program, count, parts);
    if (n_parts > 1)
        choose_chained(program, &all, &later);
    chained = CCW_FLAG_CD | (flags & CCW_FLAG_SKIP) | all;
    if (modes[program->mode].suspends && program->n_commands_put == program->special) {
        chained |= n_parts > 1 ? CCW_FLAG_SUSPEND : 0;
        flags |= n_parts > 1 ? 0 : CCW_FLAG_SUSPEND;
    }
    for (guint i = 0; i < n_parts; i++) {
        put_part(program, i ? 0 : code, (i + 1 < n_parts ? chained : flags) | (i ? later : 0), parts[i], at);
        at += parts[i];
        chained &= (guint8)~CCW_FLAG_SUSPEND;
        if (i + 1 < n_parts && channel_detail(program, 2))
            oracle_channel_put_tic(program, program->n + 1);
    }
    program->n_commands_put++;
}
