/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes the CCWs of a command. One command of a program, the special one, has what the mode of the program is for:
 * IDAWs or a suspension.
 */
#include "oracle-channel.h"

#include <string.h>

#include "channel/arch.h"
#include "oracle-address.h"
#include "oracle-core.h"
#include "oracle-data.h"
#include "util/endian.h"

#define HIGH_TIC 0x18 /* a TIC in format 0 only */
#define FORMAT0_LIMIT (1u << 24)
#define PARTS_MAX 3 /* CCWs of a command */

/* The first mode is that of a good program. */
static const struct Mode {
    guint32 orb;
    OracleAddress address; /* of the special command */
    gboolean suspends;
} modes[] = {
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH, ORACLE_ADDRESS_DIRECT, FALSE },
    { CHANNEL_ORB_FORMAT1, ORACLE_ADDRESS_DIRECT, FALSE },
    { CHANNEL_ORB_PREFETCH, ORACLE_ADDRESS_DIRECT, FALSE },
    { CHANNEL_ORB_PREFETCH, ORACLE_ADDRESS_SPREAD, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH, ORACLE_ADDRESS_SPREAD, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64, ORACLE_ADDRESS_IDAW, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64, ORACLE_ADDRESS_SPREAD, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64, ORACLE_ADDRESS_SPREAD_HALF, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64, ORACLE_ADDRESS_ACROSS, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64 | CHANNEL_ORB_T2K, ORACLE_ADDRESS_ACROSS, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH, ORACLE_ADDRESS_ACROSS, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64, ORACLE_ADDRESS_SECOND_OUTSIDE, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_C64 | CHANNEL_ORB_T2K, ORACLE_ADDRESS_SPREAD, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64 | CHANNEL_ORB_T2K, ORACLE_ADDRESS_SPREAD_HALF,
      FALSE },
    { CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64 | CHANNEL_ORB_T2K, ORACLE_ADDRESS_SECOND_ODD, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_SUSPEND, ORACLE_ADDRESS_DIRECT, TRUE },
    { CHANNEL_ORB_SUSPEND, ORACLE_ADDRESS_DIRECT, TRUE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_SUSPEND, ORACLE_ADDRESS_DIRECT, FALSE },
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_SUPPRESS, ORACLE_ADDRESS_DIRECT, FALSE },
    /* The start of this one is an operand exception in Hercules 3.13. */
    { CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_ILS, ORACLE_ADDRESS_DIRECT, FALSE },
};
#define N_MODES_COMPARED (G_N_ELEMENTS(modes) - 1)

guint oracle_channel_modes(void)
{
    return N_MODES_COMPARED;
}

guint oracle_channel_find_mode(guint32 orb)
{
    guint mode = 0;

    while (!(modes[mode].orb & orb) || modes[mode].suspends)
        mode++;
    return mode;
}

guint oracle_channel_detail(OracleProgram *program, guint n)
{
    return program->is_plain ? 0 : oracle_program_detail(program, n);
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
    const guint32 wrong[] = { 0, 4, ORACLE_ADDRESS_OUTSIDE_STORAGE };
    guint back, error;
    guint32 cpa = ccw_address(program, 0);

    if (!oracle_program_is_set(program, ORACLE_DETAIL_MODE, &program->mode))
        program->mode = oracle_channel_detail(program, program->any_head ? G_N_ELEMENTS(modes) : N_MODES_COMPARED);
    /* Format 0 has addresses of 24 bits. */
    if (!(modes[program->mode].orb & CHANNEL_ORB_FORMAT1) && program->address + CORE_SLOT_SIZE > FORMAT0_LIMIT)
        program->mode = 0;
    if (!oracle_program_is_set(program, ORACLE_DETAIL_SPECIAL, &back))
        back = oracle_channel_detail(program, 4);
    program->special = n_commands > back + 1 ? n_commands - back - 1 : 0;
    error = oracle_channel_detail(program, G_N_ELEMENTS(wrong));
    put_orb(program, modes[program->mode].orb,
            wrong[error] == ORACLE_ADDRESS_OUTSIDE_STORAGE ? ORACLE_ADDRESS_OUTSIDE_STORAGE : cpa | wrong[error]);
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

    switch (oracle_channel_detail(program, 10)) {
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
        oracle_channel_put_ccw(program, CCW_CMD_TIC, 0, 0,
                               is_format1(program) ? ORACLE_ADDRESS_OUTSIDE_STORAGE : ccw_address(program, 1) + 1);
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

static gboolean is_special(const OracleProgram *program)
{
    return program->n_commands_put == program->special;
}

/* Returns TRUE if a detail of the data is set for the command that comes next. */
static gboolean is_set_here(const OracleProgram *program, OracleDetail detail, guint *ret_value)
{
    return is_special(program) && oracle_program_is_set(program, detail, ret_value);
}

/* Chooses a count: that of a good program, or a border. */
static guint16 choose_count(OracleProgram *program, guint good)
{
    const guint counts[] = { good, good ? good - 1 : 0, good + 1, 1, 0, 8, CORE_PIECE_SIZE, 0xffff };
    guint chosen;

    if (is_set_here(program, ORACLE_DETAIL_COUNT, &chosen))
        return (guint16)(chosen ? chosen : good);
    return (guint16)counts[oracle_program_detail(program, G_N_ELEMENTS(counts))];
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
    guint8 result;
    guint chosen;

    if (!is_set_here(program, ORACLE_DETAIL_FLAGS, &chosen))
        chosen = oracle_program_detail(program, program->is_plain ? N_FLAGS_PLAIN : G_N_ELEMENTS(flags));
    result = flags[chosen];
    if (program->has_no_pci)
        result &= (guint8)~CCW_FLAG_PCI;
    return result | (last ? 0 : CCW_FLAG_CC);
}

/* Divides a count among CCWs. Returns how many. A good program has one. */
static guint choose_parts(OracleProgram *program, guint16 count, guint16 parts[PARTS_MAX])
{
    const guint16 firsts[ORACLE_CHANNEL_PARTS] = { count, count / 2, 8, 1, count - 1, count, 5 };
    guint chosen;

    if (!is_set_here(program, ORACLE_DETAIL_PARTS, &chosen))
        chosen = oracle_program_detail(program, program->is_plain ? N_FIRSTS_PLAIN : G_N_ELEMENTS(firsts));
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

    if (!is_set_here(program, ORACLE_DETAIL_CHAINED, &chosen))
        chosen = oracle_channel_detail(program, ORACLE_CHANNEL_CHAINED);
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
    if (modes[program->mode].suspends && is_special(program)) {
        chained |= n_parts > 1 ? CCW_FLAG_SUSPEND : 0;
        flags |= n_parts > 1 ? 0 : CCW_FLAG_SUSPEND;
    }
    for (guint i = 0; i < n_parts; i++) {
        oracle_address_put_part(program, is_special(program) ? modes[program->mode].address : ORACLE_ADDRESS_DIRECT,
                                i ? 0 : code, (i + 1 < n_parts ? chained : flags) | (i ? later : 0), parts[i], at);
        at += parts[i];
        chained &= (guint8)~CCW_FLAG_SUSPEND;
        if (i + 1 < n_parts && oracle_channel_detail(program, 2))
            oracle_channel_put_tic(program, program->n + 1);
    }
    program->n_commands_put++;
}
