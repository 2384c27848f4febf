/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Chooses the commands of a program. oracle-channel.c makes their CCWs, and oracle-data.c their data. */
#include "oracle-program.h"

#include <string.h>

#include "channel/arch.h"
#include "dasd/dasd-chain.h"
#include "dasd/dasd-ckd.h"
#include "dasd/dasd-cmd.h"
#include "dasd/dasd-codes.h"
#include "oracle-channel.h"
#include "oracle-core.h"
#include "oracle-data.h"
#include "oracle-image.h"
#include "util/endian.h"

#define READ_TRACKS_FROM_HOME 0x4c /* operation of a locate record */
#define SEARCH_FORMS 0x1f          /* bits of a code: all searches of a kind have the same */

/* The commands that a chain begins with; the last of each row stands before the first that is tried. */
static const struct Head {
    const char *name;
    guint8 commands[3];
    guint8 operation; /* of a locate record, with its orientation */
    guint8 extended;
    guint domain;
} heads[] = {
    { "nothing", { 0 } },
    { "seek", { DASD_CODE_SEEK } },
    { "seek, search ID", { DASD_CODE_SEEK, DASD_CODE_SEARCH_ID_EQUAL } },
    { "seek, search key", { DASD_CODE_SEEK, DASD_CODE_SEARCH_KEY_EQUAL } },
    { "seek, search home address", { DASD_CODE_SEEK, DASD_CODE_SEARCH_HOME_ADDRESS } },
    { "extent", { DASD_CODE_DEFINE_EXTENT } },
    { "extent, seek", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_SEEK } },
    { "extent, seek, search ID", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_SEEK, DASD_CODE_SEARCH_ID_EQUAL } },
    { "extent, seek, search home address", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_SEEK, DASD_CODE_SEARCH_HOME_ADDRESS } },
    { "file mask, seek", { DASD_CODE_SET_FILE_MASK, DASD_CODE_SEEK } },
    { "file mask, seek, search ID", { DASD_CODE_SET_FILE_MASK, DASD_CODE_SEEK, DASD_CODE_SEARCH_ID_EQUAL } },
    { "seek, extent", { DASD_CODE_SEEK, DASD_CODE_DEFINE_EXTENT } },
    { "seek, search ID, sector", { DASD_CODE_SEEK, DASD_CODE_SEARCH_ID_EQUAL, DASD_CODE_SET_SECTOR } },
    { "seek, search ID, characteristics",
      { DASD_CODE_SEEK, DASD_CODE_SEARCH_ID_EQUAL, DASD_CODE_READ_DEVICE_CHARACTERISTICS } },
    { "seek, read multiple", { DASD_CODE_SEEK, DASD_CODE_READ_MULTIPLE_CKD } },
    { "seek, read count, search ID, multi-track",
      { DASD_CODE_SEEK, DASD_CODE_READ_COUNT_MT, DASD_CODE_SEARCH_ID_EQUAL_MT } },
    { "read IPL", { DASD_CODE_READ_IPL } },
    { "locate 00", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x00 },
    { "locate 40", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x40 },
    { "locate 80", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x80 },
    { "locate 01", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x01, 0, DASD_OP_WRITE },
    { "locate 81", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x81, 0, DASD_OP_WRITE },
    { "locate 03", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x03, 0, DASD_OP_FORMAT },
    { "locate 43", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x43, 0, DASD_OP_FORMAT },
    { "locate c3", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0xc3, 0, DASD_OP_FORMAT },
    { "locate 06", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x06, 0, DASD_OP_READ },
    { "locate 46", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x46, 0, DASD_OP_READ },
    { "locate 86", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x86, 0, DASD_OP_READ },
    { "locate 0b", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x0b, 0, DASD_OP_WRITE_TRACK },
    { "locate 0c", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x0c, 0, DASD_OP_READ_TRACKS },
    { "locate 4c", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x4c, 0, DASD_OP_READ_TRACKS },
    { "locate 16", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x16, 0, DASD_OP_READ_ANY },
    { "locate 56", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x56, 0, DASD_OP_READ_ANY },
    { "locate 96", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0x96, 0, DASD_OP_READ_ANY },
    { "locate d6", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD }, 0xd6, 0, DASD_OP_READ_ANY },
    { "extended 01", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD_EXTENDED }, 0x01, 0, DASD_OP_WRITE },
    { "extended 03", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD_EXTENDED }, 0x03, 0, DASD_OP_FORMAT },
    { "extended 43", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD_EXTENDED }, 0x43, 0, DASD_OP_FORMAT },
    { "extended 0b", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD_EXTENDED }, 0x0b, 0, DASD_OP_WRITE_TRACK },
    { "extended 0c", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD_EXTENDED }, 0x0c, 0, DASD_OP_READ_TRACKS },
    { "extended 16", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD_EXTENDED }, 0x16, 0, DASD_OP_READ_ANY },
    { "extended d6", { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD_EXTENDED }, 0xd6, 0, DASD_OP_READ_ANY },
    { "extended 3f/11",
      { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD_EXTENDED },
      0x3f,
      0x11,
      DASD_OP_WRITE_FULL_TRACK },
    { "extended 3f/23",
      { DASD_CODE_DEFINE_EXTENT, DASD_CODE_LOCATE_RECORD_EXTENDED },
      0x3f,
      0x23,
      DASD_OP_WRITE_TRACK_DATA },
    { "prefix 01", { DASD_CODE_PREFIX }, 0x01, 0, DASD_OP_WRITE },
    { "prefix 03", { DASD_CODE_PREFIX }, 0x03, 0, DASD_OP_FORMAT },
    { "prefix 06", { DASD_CODE_PREFIX }, 0x06, 0, DASD_OP_READ },
    { "prefix 0c", { DASD_CODE_PREFIX }, 0x0c, 0, DASD_OP_READ_TRACKS },
    { "prefix 16", { DASD_CODE_PREFIX }, 0x16, 0, DASD_OP_READ_ANY },
    { "prefix 3f/11", { DASD_CODE_PREFIX }, 0x3f, 0x11, DASD_OP_WRITE_FULL_TRACK },
    { "prefix 3f/23", { DASD_CODE_PREFIX }, 0x3f, 0x23, DASD_OP_WRITE_TRACK_DATA },
};

guint oracle_heads(void)
{
    return G_N_ELEMENTS(heads);
}

guint oracle_heads_compared(void)
{
    guint n = 0;

    while (heads[n].commands[0] != DASD_CODE_PREFIX)
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

guint oracle_head_find(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(heads); i++)
        if (strcmp(heads[i].name, name) == 0)
            return i;
    g_error("no head is called %s", name);
}

/* Returns the device's table in the order of its codes, with NULL after the last row. */
static const DasdCmd *const *get_table(void)
{
    static const DasdCmd *table[256 + 1];
    static guint n;

    if (n > 0)
        return table;
    for (guint code = 0; code < 256; code++) {
        const DasdCmd *cmd = dasd_cmd_find((guint8)code);

        if (cmd)
            table[n++] = cmd;
    }
    return table;
}

/* Returns the index-th row whose domains have one of these bits; NULL after the last one. @domain 0: every row */
static const DasdCmd *find_row(guint domain, guint index)
{
    for (const DasdCmd *const *row = get_table(); *row; row++)
        if ((!domain || ((*row)->domains & domain)) && index-- == 0)
            return *row;
    return NULL;
}

static guint count_rows(guint domain)
{
    guint n = 0;

    for (const DasdCmd *const *row = get_table(); *row; row++)
        n += !domain || ((*row)->domains & domain);
    return n;
}

guint oracle_command_find(guint8 code)
{
    guint index = 0;

    while (get_table()[index] && get_table()[index]->code != code)
        index++;
    return index;
}

guint oracle_commands(void)
{
    return count_rows(0);
}

guint oracle_suiting(guint head)
{
    return count_rows(heads[head].domain);
}

gboolean oracle_program_is_set(const OracleProgram *program, OracleDetail detail, guint *ret_value)
{
    if (!program->set || program->set[detail] < 0)
        return FALSE;
    *ret_value = (guint)program->set[detail];
    return TRUE;
}

guint oracle_program_detail(OracleProgram *program, guint n)
{
    return program->choices->detail(program->choices->opaque, n);
}

static gboolean is_search(guint8 code)
{
    return (code & SEARCH_FORMS) == (DASD_CODE_SEARCH_ID_EQUAL & SEARCH_FORMS) ||
           (code & SEARCH_FORMS) == (DASD_CODE_SEARCH_KEY_EQUAL & SEARCH_FORMS) ||
           (code & 0x7f) == DASD_CODE_SEARCH_HOME_ADDRESS;
}

/*
 * Adds a command. A good program repeats a search until its condition holds, as drivers do, or a READ COUNT and the
 * search: with both, the program ends when it passes the index twice. Hercules repeats a search for another home
 * address for ever, so a no-operation follows this search: the device skips it if the condition holds.
 */
static void put_step(OracleProgram *program, guint8 code, gboolean last)
{
    gboolean searches = code != DASD_CODE_ERASE && is_search(code) && !last;
    gboolean repeats = searches && (code & 0x7f) != DASD_CODE_SEARCH_HOME_ADDRESS;
    guint again = 0, begin;

    if (repeats && !oracle_program_is_set(program, ORACLE_DETAIL_AGAIN, &again))
        again = oracle_program_detail(program, 3);
    oracle_channel_put_transfer(program);
    begin = program->n;
    if (again == 2)
        oracle_channel_put_ccw(program, DASD_CODE_READ_COUNT, CCW_FLAG_CC | CCW_FLAG_SLI, DASD_COUNT_SIZE, CORE_SINK);
    oracle_channel_put_command(program, code, last);
    if (searches && !repeats)
        oracle_channel_put_ccw(program, CCW_CMD_NOOP, CCW_FLAG_CC | CCW_FLAG_SLI, 1, program->address);
    else if (repeats && again != 1)
        oracle_channel_put_tic(program, begin);
}

static guint count_head(const struct Head *head)
{
    guint n = 0;

    while (n < G_N_ELEMENTS(head->commands) && head->commands[n])
        n++;
    return n;
}

static void put_head(OracleProgram *program, const struct Head *head)
{
    guint track, record;

    program->domain = head->domain;
    program->operation = head->operation;
    program->extended = head->extended;
    if (!oracle_program_is_set(program, ORACLE_DETAIL_TRACK, &track))
        track = oracle_program_detail(program, 5);
    program->track = program->first_track + track;
    if (!oracle_program_is_set(program, ORACLE_DETAIL_RECORD, &record))
        record = 1 + oracle_program_detail(program, 3);
    program->record = (guint8)record;
    for (guint i = 0; i < count_head(head); i++)
        put_step(program, head->commands[i], program->n_commands == 0 && i + 1 == count_head(head));
}

void oracle_program_make_reading(OracleProgram *program)
{
    guint n = ORACLE_WINDOWS_READ * WINDOW_TRACKS;
    guint8 *extent = program->slot + CORE_SLOT_DATA, *locate = extent + CORE_PIECE_SIZE;
    guint32 first = program->first_track + WINDOW_TRACKS;

    oracle_channel_begin_plain(program);
    oracle_data_put_extent(extent, first, first + n - 1);
    oracle_data_put_locate(locate, READ_TRACKS_FROM_HOME, (guint8)n, first);
    oracle_channel_put_ccw(program, DASD_CODE_DEFINE_EXTENT, CCW_FLAG_CC, 16, program->address + CORE_SLOT_DATA);
    oracle_channel_put_ccw(program, DASD_CODE_LOCATE_RECORD, CCW_FLAG_CC, 16,
                           program->address + CORE_SLOT_DATA + CORE_PIECE_SIZE);
    for (guint i = 0; i < n; i++)
        oracle_channel_put_ccw(program, DASD_CODE_READ_TRACK, CCW_FLAG_SLI | (i + 1 < n ? CCW_FLAG_CC : 0), 1,
                               CORE_SINK);
}

static void make(OracleProgram *program, guint head, guint domain, const guint *commands, guint n)
{
    /* A chain has one command at least. */
    if (!heads[head].commands[0] && n == 0)
        head = 1;
    oracle_channel_begin(program, count_head(&heads[head]) + n);
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

    program->is_plain = choices->shape(choices->opaque, 3) > 0;
    for (guint i = 0; i < n; i++)
        commands[i] = choices->shape(choices->opaque, count_rows(domain));
    make(program, head, domain, commands, n);
}
