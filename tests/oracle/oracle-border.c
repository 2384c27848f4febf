/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts through the programs at borders. */
#include "oracle-border.h"

#include "oracle-channel.h"
#include "oracle-core.h"
#include "oracle-image.h"

#define N_SUSPENDABLE 2 /* modes: without suspensions and with them */
#define N_COUNTS 2      /* that of a good program, and one beyond the record */
#define SEARCH_ONCE 1   /* a value of ORACLE_DETAIL_AGAIN */

/* Commands that each mode of the channel and each way of chaining runs. */
static const struct {
    const char *head;
    guint8 code;
} places[] = {
    { "seek", 0x92 },      { "seek, search ID", 0x06 }, { "seek, search ID", 0x05 }, { "seek, search ID", 0x1d },
    { "locate 16", 0x9e }, { "locate 01", 0x05 },       { "locate 81", 0x85 },       { "locate 03", 0x1d },
    { "locate 0b", 0x05 }, { "locate 0c", 0xde },       { "nothing", 0x64 },         { "seek", 0x31 },
};
#define N_PLACES G_N_ELEMENTS(places)

/* Takes the index of a digit with @n values off a number. */
static gint take(guint *number, guint n)
{
    guint digit = *number % n;

    *number /= n;
    return (gint)digit;
}

static guint n_repeated(void)
{
    return oracle_commands() * WINDOW_TRACKS;
}

static guint n_modes(void)
{
    return N_PLACES * oracle_channel_modes();
}

static guint n_chained(void)
{
    return N_PLACES * ORACLE_CHANNEL_PARTS * ORACLE_CHANNEL_CHAINED * N_SUSPENDABLE * N_COUNTS;
}

guint oracle_borders(void)
{
    return n_repeated() + n_modes() + n_chained();
}

/* The same command as often as a chain can have it, from the index of a track. */
static void make_repeated(OracleProgram *program, gint *set, guint number)
{
    guint commands[ORACLE_BODY_MAX];

    set[ORACLE_DETAIL_TRACK] = take(&number, WINDOW_TRACKS);
    set[ORACLE_DETAIL_AGAIN] = SEARCH_ONCE;
    for (guint i = 0; i < ORACLE_BODY_MAX; i++)
        commands[i] = number;
    oracle_program_make_of(program, oracle_head_find("seek"), commands, ORACLE_BODY_MAX);
}

static void make_place(OracleProgram *program, guint place)
{
    guint command = oracle_command_find(places[place].code);

    oracle_program_make_of(program, oracle_head_find(places[place].head), &command, 1);
}

static void make_chained(OracleProgram *program, gint *set, guint number)
{
    static const gint counts[N_COUNTS] = { 0, CORE_PIECE_SIZE };

    set[ORACLE_DETAIL_PARTS] = take(&number, ORACLE_CHANNEL_PARTS);
    set[ORACLE_DETAIL_CHAINED] = take(&number, ORACLE_CHANNEL_CHAINED);
    set[ORACLE_DETAIL_MODE] = take(&number, N_SUSPENDABLE) ? (gint)oracle_channel_suspendable() : 0;
    set[ORACLE_DETAIL_COUNT] = counts[take(&number, N_COUNTS)];
    make_place(program, number);
}

void oracle_border_make(OracleProgram *program, guint index)
{
    gint set[ORACLE_DETAILS_SET] = { -1, -1, -1, -1, -1, -1 };

    program->set = set;
    if (index < n_repeated()) {
        make_repeated(program, set, index);
    } else if (index < n_repeated() + n_modes()) {
        index -= n_repeated();
        set[ORACLE_DETAIL_MODE] = take(&index, oracle_channel_modes());
        make_place(program, index);
    } else {
        index -= n_repeated() + n_modes();
        make_chained(program, set, index);
    }
    program->set = NULL;
}
