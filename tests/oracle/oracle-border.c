/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts through the programs at borders. */
#include "oracle-border.h"

#include "channel/arch.h"
#include "oracle-channel.h"
#include "oracle-core.h"
#include "oracle-image.h"

#define N_COUNTS 4
#define SEARCH_ONCE 1 /* a value of ORACLE_DETAIL_AGAIN */

/* Commands that each mode of the channel and each way of chaining runs. */
static const struct {
    const char *head;
    guint8 codes[3];
} places[] = {
    { "seek", { 0x92 } },
    { "seek, search ID", { 0x06 } },
    { "seek, search ID", { 0x05 } },
    { "seek, search ID", { 0x1d } },
    { "locate 16", { 0x9e } },
    { "locate 01", { 0x05 } },
    { "locate 81", { 0x85 } },
    { "locate 03", { 0x1d } },
    { "locate 0b", { 0x05 } },
    { "locate 0b", { 0x1d } },
    { "locate 0c", { 0xde } },
    { "nothing", { 0x64 } },
    { "seek", { 0x31 } },
    { "nothing", { 0x27, 0x3e, 0x03 } },
    { "seek", { 0x5e, 0x5e, 0x06 } },
};
#define N_PLACES G_N_ELEMENTS(places)

/* Bits of the ORB for chained data. */
static const guint32 chained_orbs[] = { CHANNEL_ORB_PREFETCH, CHANNEL_ORB_SUSPEND, CHANNEL_ORB_SUPPRESS };

/* R0, and no record of a track. */
static const gint records[] = { 0, 9 };

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

static guint n_records(void)
{
    return N_PLACES * G_N_ELEMENTS(records);
}

static guint n_chained(void)
{
    return N_PLACES * ORACLE_CHANNEL_PARTS * ORACLE_CHANNEL_CHAINED * G_N_ELEMENTS(chained_orbs) * N_COUNTS;
}

guint oracle_borders(void)
{
    return n_repeated() + n_modes() + n_records() + n_chained();
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
    guint commands[G_N_ELEMENTS(places->codes)], n = 0;

    while (n < G_N_ELEMENTS(places->codes) && places[place].codes[n]) {
        commands[n] = oracle_command_find(places[place].codes[n]);
        n++;
    }
    oracle_program_make_of(program, oracle_head_find(places[place].head), commands, n);
}

static void make_chained(OracleProgram *program, gint *set, guint number)
{
    /* That of a good program, one shorter than a record, one that is a byte longer, and one far beyond it. */
    static const gint counts[N_COUNTS] = { 0, 9, WINDOW_LENGTH + 1, CORE_PIECE_SIZE };

    set[ORACLE_DETAIL_PARTS] = take(&number, ORACLE_CHANNEL_PARTS);
    set[ORACLE_DETAIL_CHAINED] = take(&number, ORACLE_CHANNEL_CHAINED);
    set[ORACLE_DETAIL_MODE] = (gint)oracle_channel_find_mode(chained_orbs[take(&number, G_N_ELEMENTS(chained_orbs))]);
    set[ORACLE_DETAIL_COUNT] = counts[take(&number, N_COUNTS)];
    make_place(program, number);
}

void oracle_border_make(OracleProgram *program, guint index)
{
    gint set[ORACLE_DETAILS_SET] = { -1, -1, -1, -1, -1, -1, -1 };

    program->set = set;
    if (index < n_repeated()) {
        make_repeated(program, set, index);
    } else if ((index -= n_repeated()) < n_modes()) {
        set[ORACLE_DETAIL_MODE] = take(&index, oracle_channel_modes());
        make_place(program, index);
    } else if ((index -= n_modes()) < n_records()) {
        set[ORACLE_DETAIL_RECORD] = records[take(&index, G_N_ELEMENTS(records))];
        make_place(program, index);
    } else {
        make_chained(program, set, index - n_records());
    }
    program->set = NULL;
}
