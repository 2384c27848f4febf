/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts through the programs at borders. */
#include "oracle-border.h"

#include "channel/arch.h"
#include "dasd/dasd-codes.h"
#include "oracle-channel.h"
#include "oracle-core.h"
#include "oracle-image.h"

#define SEARCH_ONCE 1    /* a value of ORACLE_DETAIL_AGAIN */
#define FILE_END_TRACK 2 /* of a window: its last record has a key and no data */
#define FILE_END_RECORD 3

/* Commands that each mode of the channel and each way of chaining runs. */
static const struct Place {
    const char *head;
    guint8 codes[3];
} places[] = {
    { "seek", { DASD_CODE_READ_COUNT_MT } },
    { "seek, search ID", { DASD_CODE_READ_DATA } },
    { "seek, search ID", { DASD_CODE_READ_KEY_AND_DATA } },
    { "seek, search ID", { DASD_CODE_WRITE_DATA } },
    { "seek, search ID", { DASD_CODE_WRITE_CKD } },
    { "locate 16", { DASD_CODE_READ_CKD_MT } },
    { "locate 01", { DASD_CODE_WRITE_DATA } },
    { "locate 81", { DASD_CODE_WRITE_UPDATE_DATA } },
    { "locate 03", { DASD_CODE_WRITE_CKD } },
    { "locate 0b", { DASD_CODE_WRITE_DATA } },
    { "locate 0b", { DASD_CODE_WRITE_CKD } },
    { "seek, search ID", { DASD_CODE_WRITE_KEY_AND_DATA } },
    { "locate 81", { DASD_CODE_WRITE_UPDATE_KEY_AND_DATA } },
    { "seek, search home address", { DASD_CODE_WRITE_R0 } },
    { "seek, search ID", { DASD_CODE_ERASE } },
    { "locate 0b", { DASD_CODE_ERASE, DASD_CODE_WRITE_CKD } },
    { "locate 0c", { DASD_CODE_READ_TRACK } },
    { "nothing", { DASD_CODE_READ_DEVICE_CHARACTERISTICS } },
    { "seek", { DASD_CODE_SEARCH_ID_EQUAL } },
    { "nothing", { DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, DASD_CODE_READ_SUBSYSTEM_DATA, DASD_CODE_NO_OPERATION } },
    { "seek", { DASD_CODE_READ_MULTIPLE_CKD, DASD_CODE_READ_MULTIPLE_CKD, DASD_CODE_READ_DATA } },
};

/* One of these commands is the special one of a program. */
typedef struct {
    guint place;
    guint back; /* ORACLE_DETAIL_SPECIAL */
} Target;

/* Bits of the ORB for data of another length, and for chained data. */
static const guint32 length_orbs[] = { CHANNEL_ORB_PREFETCH, CHANNEL_ORB_SUPPRESS };
static const guint32 chained_orbs[] = { CHANNEL_ORB_PREFETCH, CHANNEL_ORB_SUSPEND, CHANNEL_ORB_SUPPRESS };

/* Counts: that of a good program, one shorter than a record, one that is a byte longer, and one far beyond it. */
static const gint counts[] = { 0, 9, WINDOW_LENGTH + 1, CORE_PIECE_SIZE };

/* R0, the last record of a track, and no record. */
static const gint records[] = { 0, FILE_END_RECORD, 9 };

/* Ways to divide data among CCWs. Without chained data, its flags do not matter. */
#define N_DIVISIONS ((ORACLE_CHANNEL_PARTS - 1) * ORACLE_CHANNEL_CHAINED)

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

static guint count_codes(const struct Place *place)
{
    guint n = 0;

    while (n < G_N_ELEMENTS(place->codes) && place->codes[n])
        n++;
    return n;
}

static guint n_targets(void)
{
    guint n = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(places); i++)
        n += count_codes(&places[i]);
    return n;
}

static Target find_target(guint number)
{
    Target target = { 0, number };

    while (target.back >= count_codes(&places[target.place])) {
        target.back -= count_codes(&places[target.place]);
        target.place++;
    }
    return target;
}

static guint n_modes(void)
{
    return n_targets() * oracle_channel_modes();
}

static guint n_records(void)
{
    return G_N_ELEMENTS(places) * G_N_ELEMENTS(records) * WINDOW_TRACKS;
}

static guint n_lengths(void)
{
    return n_targets() * ORACLE_CHANNEL_FLAGS * G_N_ELEMENTS(counts) * G_N_ELEMENTS(length_orbs);
}

static guint n_chained(void)
{
    return n_targets() * N_DIVISIONS * G_N_ELEMENTS(chained_orbs) * G_N_ELEMENTS(counts);
}

static guint n_file_ends(void)
{
    return n_targets() * N_DIVISIONS * G_N_ELEMENTS(counts);
}

guint oracle_borders(void)
{
    return n_repeated() + n_modes() + n_records() + n_lengths() + n_chained() + n_file_ends();
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
    guint commands[G_N_ELEMENTS(places->codes)], n = count_codes(&places[place]);

    for (guint i = 0; i < n; i++)
        commands[i] = oracle_command_find(places[place].codes[i]);
    oracle_program_make_of(program, oracle_head_find(places[place].head), commands, n);
}

static void make_target(OracleProgram *program, gint *set, guint number)
{
    Target target = find_target(number);

    set[ORACLE_DETAIL_SPECIAL] = (gint)target.back;
    make_place(program, target.place);
}

static void make_mode(OracleProgram *program, gint *set, guint number)
{
    set[ORACLE_DETAIL_MODE] = take(&number, oracle_channel_modes());
    make_target(program, set, number);
}

static void make_record(OracleProgram *program, gint *set, guint number)
{
    set[ORACLE_DETAIL_RECORD] = records[take(&number, G_N_ELEMENTS(records))];
    set[ORACLE_DETAIL_TRACK] = take(&number, WINDOW_TRACKS);
    make_place(program, number);
}

static void make_length(OracleProgram *program, gint *set, guint number)
{
    set[ORACLE_DETAIL_FLAGS] = take(&number, ORACLE_CHANNEL_FLAGS);
    set[ORACLE_DETAIL_COUNT] = counts[take(&number, G_N_ELEMENTS(counts))];
    set[ORACLE_DETAIL_MODE] = (gint)oracle_channel_find_mode(length_orbs[take(&number, G_N_ELEMENTS(length_orbs))]);
    make_target(program, set, number);
}

static guint set_division(gint *set, guint number)
{
    set[ORACLE_DETAIL_PARTS] = 1 + take(&number, ORACLE_CHANNEL_PARTS - 1);
    set[ORACLE_DETAIL_CHAINED] = take(&number, ORACLE_CHANNEL_CHAINED);
    set[ORACLE_DETAIL_COUNT] = counts[take(&number, G_N_ELEMENTS(counts))];
    return number;
}

static void make_chained(OracleProgram *program, gint *set, guint number)
{
    number = set_division(set, number);
    set[ORACLE_DETAIL_MODE] = (gint)oracle_channel_find_mode(chained_orbs[take(&number, G_N_ELEMENTS(chained_orbs))]);
    make_target(program, set, number);
}

/* Chained data of a record that ends a file. */
static void make_file_end(OracleProgram *program, gint *set, guint number)
{
    set[ORACLE_DETAIL_TRACK] = FILE_END_TRACK;
    set[ORACLE_DETAIL_RECORD] = FILE_END_RECORD;
    make_target(program, set, set_division(set, number));
}

void oracle_border_make(OracleProgram *program, guint index)
{
    static const struct {
        guint (*count)(void);
        void (*make)(OracleProgram *program, gint *set, guint number);
    } kinds[] = {
        { n_repeated, make_repeated }, { n_modes, make_mode },      { n_records, make_record },
        { n_lengths, make_length },    { n_chained, make_chained }, { n_file_ends, make_file_end },
    };
    gint set[ORACLE_DETAILS_SET];
    guint kind = 0;

    for (guint i = 0; i < ORACLE_DETAILS_SET; i++)
        set[i] = -1;
    while (index >= kinds[kind].count())
        index -= kinds[kind++].count();
    program->set = set;
    kinds[kind].make(program, set, index);
    program->set = NULL;
}
