/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See oracle-program.h. What commands have for data is in oracle-data.c. */
#include "oracle-program.h"

#include <string.h>

#include "channel/arch.h"
#include "dasd/dasd-exec.h"
#include "oracle-core.h"
#include "oracle-data.h"
#include "oracle-image.h"
#include "util/endian.h"

#define SEEK 0x07
#define SEARCH_ID_EQUAL 0x31
#define SEARCH_KEY_EQUAL 0x29
#define SEARCH_HOME_ADDRESS 0x39
#define SET_FILE_MASK 0x1f
#define DEFINE_EXTENT 0x63
#define LOCATE_RECORD 0x47
#define LOCATE_RECORD_EXTENDED 0x4b
#define PREFIX 0xe7
#define READ_IPL 0x02
#define ERASE 0x11
#define READ_TRACK 0xde
#define READ_TRACKS_FROM_HOME 0x4c

/* The commands that a chain begins with; the last of each row stands before the first that is tried. */
static const struct Head {
    const char *name;
    guint8 commands[3];
    guint8 operation; /* of a locate record, with its orientation */
    guint8 extended;
    guint domain;
} heads[] = {
    { "nothing", { 0 } },
    { "seek", { SEEK } },
    { "seek, search ID", { SEEK, SEARCH_ID_EQUAL } },
    { "seek, search key", { SEEK, SEARCH_KEY_EQUAL } },
    { "seek, search home address", { SEEK, SEARCH_HOME_ADDRESS } },
    { "extent", { DEFINE_EXTENT } },
    { "extent, seek", { DEFINE_EXTENT, SEEK } },
    { "extent, seek, search ID", { DEFINE_EXTENT, SEEK, SEARCH_ID_EQUAL } },
    { "extent, seek, search home address", { DEFINE_EXTENT, SEEK, SEARCH_HOME_ADDRESS } },
    { "file mask, seek", { SET_FILE_MASK, SEEK } },
    { "file mask, seek, search ID", { SET_FILE_MASK, SEEK, SEARCH_ID_EQUAL } },
    { "seek, extent", { SEEK, DEFINE_EXTENT } },
    { "read IPL", { READ_IPL } },
    { "locate 00", { DEFINE_EXTENT, LOCATE_RECORD }, 0x00 },
    { "locate 40", { DEFINE_EXTENT, LOCATE_RECORD }, 0x40 },
    { "locate 80", { DEFINE_EXTENT, LOCATE_RECORD }, 0x80 },
    { "locate 01", { DEFINE_EXTENT, LOCATE_RECORD }, 0x01, 0, DASD_OP_WRITE },
    { "locate 81", { DEFINE_EXTENT, LOCATE_RECORD }, 0x81, 0, DASD_OP_WRITE },
    { "locate 03", { DEFINE_EXTENT, LOCATE_RECORD }, 0x03, 0, DASD_OP_FORMAT },
    { "locate 43", { DEFINE_EXTENT, LOCATE_RECORD }, 0x43, 0, DASD_OP_FORMAT },
    { "locate c3", { DEFINE_EXTENT, LOCATE_RECORD }, 0xc3, 0, DASD_OP_FORMAT },
    { "locate 06", { DEFINE_EXTENT, LOCATE_RECORD }, 0x06, 0, DASD_OP_READ },
    { "locate 46", { DEFINE_EXTENT, LOCATE_RECORD }, 0x46, 0, DASD_OP_READ },
    { "locate 86", { DEFINE_EXTENT, LOCATE_RECORD }, 0x86, 0, DASD_OP_READ },
    { "locate 0b", { DEFINE_EXTENT, LOCATE_RECORD }, 0x0b, 0, DASD_OP_WRITE_TRACK },
    { "locate 0c", { DEFINE_EXTENT, LOCATE_RECORD }, 0x0c, 0, DASD_OP_READ_TRACKS },
    { "locate 4c", { DEFINE_EXTENT, LOCATE_RECORD }, 0x4c, 0, DASD_OP_READ_TRACKS },
    { "locate 16", { DEFINE_EXTENT, LOCATE_RECORD }, 0x16, 0, DASD_OP_READ_ANY },
    { "locate 56", { DEFINE_EXTENT, LOCATE_RECORD }, 0x56, 0, DASD_OP_READ_ANY },
    { "locate 96", { DEFINE_EXTENT, LOCATE_RECORD }, 0x96, 0, DASD_OP_READ_ANY },
    { "locate d6", { DEFINE_EXTENT, LOCATE_RECORD }, 0xd6, 0, DASD_OP_READ_ANY },
    { "extended 01", { DEFINE_EXTENT, LOCATE_RECORD_EXTENDED }, 0x01, 0, DASD_OP_WRITE },
    { "extended 03", { DEFINE_EXTENT, LOCATE_RECORD_EXTENDED }, 0x03, 0, DASD_OP_FORMAT },
    { "extended 43", { DEFINE_EXTENT, LOCATE_RECORD_EXTENDED }, 0x43, 0, DASD_OP_FORMAT },
    { "extended 0b", { DEFINE_EXTENT, LOCATE_RECORD_EXTENDED }, 0x0b, 0, DASD_OP_WRITE_TRACK },
    { "extended 0c", { DEFINE_EXTENT, LOCATE_RECORD_EXTENDED }, 0x0c, 0, DASD_OP_READ_TRACKS },
    { "extended 16", { DEFINE_EXTENT, LOCATE_RECORD_EXTENDED }, 0x16, 0, DASD_OP_READ_ANY },
    { "extended d6", { DEFINE_EXTENT, LOCATE_RECORD_EXTENDED }, 0xd6, 0, DASD_OP_READ_ANY },
    { "extended 3f/11", { DEFINE_EXTENT, LOCATE_RECORD_EXTENDED }, 0x3f, 0x11, DASD_OP_WRITE_FULL_TRACK },
    { "extended 3f/23", { DEFINE_EXTENT, LOCATE_RECORD_EXTENDED }, 0x3f, 0x23, DASD_OP_WRITE_TRACK_DATA },
    { "prefix 01", { PREFIX }, 0x01, 0, DASD_OP_WRITE },
    { "prefix 03", { PREFIX }, 0x03, 0, DASD_OP_FORMAT },
    { "prefix 06", { PREFIX }, 0x06, 0, DASD_OP_READ },
    { "prefix 0c", { PREFIX }, 0x0c, 0, DASD_OP_READ_TRACKS },
    { "prefix 16", { PREFIX }, 0x16, 0, DASD_OP_READ_ANY },
    { "prefix 3f/11", { PREFIX }, 0x3f, 0x11, DASD_OP_WRITE_FULL_TRACK },
    { "prefix 3f/23", { PREFIX }, 0x3f, 0x23, DASD_OP_WRITE_TRACK_DATA },
};

guint oracle_heads(void)
{
    return G_N_ELEMENTS(heads);
}

guint oracle_heads_compared(void)
{
    guint n = 0;

    while (heads[n].commands[0] != PREFIX)
        n++;
    return n;
}

gboolean oracle_has_domain(guint head)
{
    return heads[head].domain != 0;
}

const char *oracle_head_name(guint head)
{
    return heads[head].name;
}

/* The index-th row of the table whose domains have one of these bits; NULL behind the last. domain 0: every row. */
static const DasdCmd *find_row(guint domain, guint index)
{
    for (guint code = 0; code < 256; code++) {
        const DasdCmd *cmd = dasd_cmd_find((guint8)code);

        if (cmd && (!domain || (cmd->domains & domain)) && index-- == 0)
            return cmd;
    }
    return NULL;
}

static guint count_rows(guint domain)
{
    guint n = 0;

    while (find_row(domain, n))
        n++;
    return n;
}

guint oracle_commands(void)
{
    return count_rows(0);
}

guint oracle_suiting(guint head)
{
    return count_rows(heads[head].domain);
}

static guint detail(OracleProgram *program, guint n)
{
    return program->choices->detail(program->choices->opaque, n);
}

static guint8 *next_ccw(OracleProgram *program)
{
    g_assert_cmpuint(program->n, <, CORE_CCWS_MAX);
    return program->slot + CORE_SLOT_CCWS + CCW_SIZE * program->n++;
}

static void put_ccw(OracleProgram *program, guint8 code, guint8 flags, guint16 count, guint32 address)
{
    guint8 *ccw = next_ccw(program);

    ccw[CCW_OFS_CMD] = code;
    ccw[CCW_OFS_FLAGS] = flags;
    ccw_store_be16(ccw + CCW_OFS_COUNT, count);
    ccw_store_be32(ccw + CCW_OFS_CDA, address);
}

static void put_tic(OracleProgram *program, guint target)
{
    put_ccw(program, CCW_CMD_TIC, 0, 0, program->address + CORE_SLOT_CCWS + CCW_SIZE * target);
}

/* The count at its borders: as it suits, one less, one more, the smallest and the largest ones. */
static guint16 choose_count(OracleProgram *program, guint suits)
{
    const guint counts[] = { suits, suits ? suits - 1 : 0, suits + 1, 1, 0, 8, CORE_PIECE_SIZE, 0xffff };

    return (guint16)counts[detail(program, G_N_ELEMENTS(counts))];
}

/* Length is suppressed where nothing else is chosen, so that most chains go on. */
static guint8 choose_flags(OracleProgram *program, gboolean last)
{
    static const guint8 flags[] = { CCW_FLAG_SLI, 0, CCW_FLAG_SLI | CCW_FLAG_SKIP };
    guint8 chosen = flags[detail(program, G_N_ELEMENTS(flags))];

    return chosen | (last ? 0 : CCW_FLAG_CC);
}

static guint32 piece_address(const OracleProgram *program, guint8 code, guint16 count)
{
    if (count > CORE_PIECE_SIZE)
        return ccw_cmd_is_input(code) ? CORE_SINK : CORE_SOURCE;
    return program->address + CORE_SLOT_DATA + CORE_PIECE_SIZE * (program->n_pieces - 1);
}

/* In two CCWs by data chaining, now and then. */
static void put_command(OracleProgram *program, guint8 code, gboolean last)
{
    guint8 *piece = program->slot + CORE_SLOT_DATA + CORE_PIECE_SIZE * program->n_pieces++;
    guint16 count, half;
    guint8 flags;
    guint32 at;

    g_assert_cmpuint(program->n_pieces, <=, CORE_PIECES);
    count = choose_count(program, oracle_data_fill(program, code, piece));
    flags = choose_flags(program, last);
    at = piece_address(program, code, count);
    half = detail(program, 2) ? count / 2 : 0;
    if (half)
        put_ccw(program, code, CCW_FLAG_CD | (flags & CCW_FLAG_SKIP), half, at);
    put_ccw(program, half ? 0 : code, flags, count - half, at + half);
}

static gboolean is_search(guint8 code)
{
    return (code & 0x1f) == 0x11 || (code & 0x1f) == 0x09 || (code & 0x7f) == SEARCH_HOME_ADDRESS;
}

/*
 * A search is repeated until it is satisfied, as drivers do, unless another is chosen. Hercules repeats a search for
 * another home address for ever: behind it comes what is skipped when it is satisfied.
 */
static void put_step(OracleProgram *program, guint8 code, gboolean last)
{
    guint begin = program->n;

    put_command(program, code, last);
    if (last || code == ERASE || !is_search(code))
        return;
    if ((code & 0x7f) == SEARCH_HOME_ADDRESS)
        put_ccw(program, CCW_CMD_NOOP, CCW_FLAG_CC | CCW_FLAG_SLI, 1, program->address);
    else if (detail(program, 2) == 0)
        put_tic(program, begin);
}

static void put_head(OracleProgram *program, const struct Head *head)
{
    program->domain = head->domain;
    program->operation = head->operation;
    program->extended = head->extended;
    program->track = program->first_track + detail(program, 5);
    program->record = (guint8)(1 + detail(program, 3));
    for (guint i = 0; i < G_N_ELEMENTS(head->commands) && head->commands[i]; i++)
        put_step(program, head->commands[i],
                 program->n_commands == 0 && (i + 1 == G_N_ELEMENTS(head->commands) || !head->commands[i + 1]));
}

static void begin(OracleProgram *program)
{
    guint8 *orb = program->slot + CORE_SLOT_ORB;

    ccw_store_be32(orb + CCW_ORB_OFS_FLAGS, CCW_ORB_FORMAT1 | CCW_ORB_PREFETCH | 0xffu << CCW_ORB_LPM_SHIFT);
    ccw_store_be32(orb + CCW_ORB_OFS_CPA, program->address + CORE_SLOT_CCWS);
    program->n = program->n_pieces = 0;
}

void oracle_program_make_reading(OracleProgram *program)
{
    guint n = ORACLE_WINDOWS_READ * WINDOW_TRACKS;
    guint8 *extent = program->slot + CORE_SLOT_DATA, *locate = extent + CORE_PIECE_SIZE;
    guint32 first = program->first_track + WINDOW_TRACKS;

    begin(program);
    oracle_data_put_extent(extent, first, first + n - 1);
    oracle_data_put_locate(locate, READ_TRACKS_FROM_HOME, (guint8)n, first);
    put_ccw(program, DEFINE_EXTENT, CCW_FLAG_CC, 16, program->address + CORE_SLOT_DATA);
    put_ccw(program, LOCATE_RECORD, CCW_FLAG_CC, 16, program->address + CORE_SLOT_DATA + CORE_PIECE_SIZE);
    for (guint i = 0; i < n; i++)
        put_ccw(program, READ_TRACK, CCW_FLAG_SLI | (i + 1 < n ? CCW_FLAG_CC : 0), 1, CORE_SINK);
}

static void make(OracleProgram *program, guint head, guint domain, const guint *commands, guint n)
{
    /* A chain has one command at least. */
    if (!heads[head].commands[0] && n == 0)
        head = 1;
    begin(program);
    program->n_commands = n;
    put_head(program, &heads[head]);
    for (guint i = 0; i < n; i++)
        put_step(program, find_row(domain, commands[i])->code, i + 1 == n);
}

void oracle_program_make_of(OracleProgram *program, guint head, const guint *commands, guint n)
{
    make(program, head, 0, commands, n);
}

void oracle_program_make_suiting(OracleProgram *program, guint head, const guint *commands, guint n)
{
    make(program, head, heads[head].domain, commands, n);
}

void oracle_program_make(OracleProgram *program)
{
    const OracleChoices *choices = program->choices;
    guint commands[ORACLE_BODY_MAX];
    guint head = choices->shape(choices->opaque, program->any_head ? oracle_heads() : oracle_heads_compared());
    guint n = choices->shape(choices->opaque, ORACLE_BODY_MAX + 1);
    guint domain = choices->shape(choices->opaque, 4) ? heads[head].domain : 0;

    for (guint i = 0; i < n; i++)
        commands[i] = choices->shape(choices->opaque, count_rows(domain));
    make(program, head, domain, commands, n);
}
