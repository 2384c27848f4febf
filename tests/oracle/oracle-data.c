/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes the data of each command. A choice of a detail has the value of a good program first, then its borders. */
#include "oracle-data.h"

#include <string.h>

#include "dasd/dasd-chain.h"
#include "dasd/dasd-ckd.h"
#include "dasd/dasd-cmd.h"
#include "dasd/dasd-codes.h"
#include "oracle-core.h"
#include "oracle-image.h"
#include "util/endian.h"

#define CHOOSE(program, ...)                                                                                           \
    choose(program, (const guint32[]){ __VA_ARGS__ }, sizeof((const guint32[]){ __VA_ARGS__ }) / sizeof(guint32))

static guint32 choose(OracleProgram *program, const guint32 *values, guint n)
{
    return values[oracle_program_detail(program, n)];
}

static void put_track(guint8 *at, guint32 track)
{
    ccw_store_be16(at, (guint16)(track / DASD_3390_HEADS));
    ccw_store_be16(at + 2, (guint16)(track % DASD_3390_HEADS));
}

void oracle_data_put_extent(guint8 *de, guint32 first, guint32 last)
{
    memset(de, 0, 16);
    de[0] = 0x40;
    de[1] = 0xc0;
    put_track(de + 8, first);
    put_track(de + 12, last);
}

void oracle_data_put_locate(guint8 *lr, guint8 operation, guint8 count, guint32 track)
{
    memset(lr, 0, 16);
    lr[0] = operation;
    lr[3] = count;
    put_track(lr + 4, track);
    put_track(lr + 8, track);
}

/* Writes the program's track, another track of the window, or a track that no volume has. */
static void put_some_track(OracleProgram *program, guint8 *at)
{
    guint32 chosen = CHOOSE(program, 0, 1, 2, 3, 4), last = program->first_track + WINDOW_TRACKS - 1;

    put_track(at, chosen == 1                            ? program->first_track
                  : chosen == 2 && program->track < last ? program->track + 1
                                                         : program->track);
    if (chosen == 3)
        at[3] = DASD_3390_HEADS;
    else if (chosen == 4)
        at[0] = 0xff;
}

static guint fill_define_extent(OracleProgram *program, guint8 *de)
{
    guint32 first = program->first_track, last = program->first_track + WINDOW_TRACKS - 1;

    de[0] = (guint8)CHOOSE(program, 0xc0, 0x40, 0x80, 0x00, 0xc8, 0xd0, 0xd8, 0xe0, 0xc1, 0xc4);
    de[1] = (guint8)CHOOSE(program, 0xc0, 0x00, 0xc1, 0xc2, 0x40);
    ccw_store_be16(de + 2, (guint16)CHOOSE(program, 0, WINDOW_LENGTH, 57334, 57335, 16));
    de[4 + CHOOSE(program, 3, 0, 1, 2)] = 1;
    de[7] = 0;
    put_track(de + 8, first);
    put_track(de + 12, last);
    switch (CHOOSE(program, 0, 1, 2, 3, 4, 5, 6)) {
    case 1:
        put_track(de + 8, program->track);
        put_track(de + 12, program->track);
        break;
    case 2:
        put_track(de + 8, first + 1);
        break;
    case 3:
        put_track(de + 12, last - 1);
        break;
    case 4:
        put_track(de + 8, last);
        put_track(de + 12, first);
        break;
    case 5:
        de[15] = DASD_3390_HEADS;
        break;
    case 6:
        de[12] = 0xff;
        break;
    default:
        break;
    }
    return 16;
}

static void fill_locate(OracleProgram *program, guint8 *lr)
{
    gboolean whole_tracks = program->extended == 0x11;
    guint8 count = program->domain ? (guint8)MAX(program->n_commands, 1) : 0;

    lr[0] = (guint8)CHOOSE(program, 0, 0x40, 0x80, 0xc0, 0x01, 0x02, 0x08) ^ program->operation;
    ccw_store_be16(
        lr + 14, (guint16)CHOOSE(program, whole_tracks ? 0 : WINDOW_LENGTH, 0, WINDOW_LENGTH + WINDOW_KEY, 16, 57335));
    lr[1] = (lr[14] || lr[15] ? 0x80 : 0) ^ (guint8)CHOOSE(program, 0, 0x80, 0x01, 0x40);
    lr[2] = (guint8)CHOOSE(program, 0, 0x06);
    lr[3] = count + (guint8)CHOOSE(program, 0, 1, 0xff);
    put_track(lr + 4, program->track);
    put_track(lr + 8, program->track);
    if (CHOOSE(program, 0, 1))
        put_some_track(program, lr + 4);
    if (CHOOSE(program, 0, 1))
        put_some_track(program, lr + 8);
    lr[12] = (guint8)CHOOSE(program, program->record, 0, 9);
    lr[13] = (guint8)CHOOSE(program, 0, 0xff, 223, 224);
}

static guint fill_locate_record(OracleProgram *program, guint8 *lr)
{
    fill_locate(program, lr);
    return 16;
}

static guint fill_extended(OracleProgram *program, guint8 *lre)
{
    guint16 length = program->extended == 0x11 ? 2 : 0;

    fill_locate(program, lre);
    lre[16] = 0;
    lre[17] = program->extended ^ (guint8)CHOOSE(program, 0, 0x01, 0x10, 0x23);
    ccw_store_be16(lre + 18, length + (guint16)CHOOSE(program, 0, 1, 2));
    ccw_store_be16(lre + 20, (guint16)(0xffff0000u >> (lre[3] & 31)) ^ (guint16)CHOOSE(program, 0, 0x8000, 1));
    return 20 + length;
}

static guint fill_prefix(OracleProgram *program, guint8 *prefix)
{
    guint length;

    prefix[0] = (guint8)CHOOSE(program, 1, 0, 2);
    prefix[1] = (guint8)CHOOSE(program, 0x80, 0x00, 0x90, 0xa0);
    fill_define_extent(program, prefix + 12);
    length = fill_extended(program, prefix + 44);
    return 44 + length;
}

static guint fill_seek(OracleProgram *program, guint8 *seek)
{
    put_some_track(program, seek + 2);
    seek[1] = (guint8)CHOOSE(program, 0, 1);
    return 6;
}

static guint fill_file_mask(OracleProgram *program, guint8 *mask)
{
    mask[0] = (guint8)CHOOSE(program, 0xc0, 0x40, 0x80, 0x00, 0xc8, 0xd0, 0xd8, 0xe0, 0xc1, 0xc4, 0xc2);
    return 1;
}

static guint fill_sector(OracleProgram *program, guint8 *sector)
{
    sector[0] = (guint8)CHOOSE(program, 0, 0xff, 223, 224);
    return 1;
}

static guint fill_search_id(OracleProgram *program, guint8 *id)
{
    put_track(id, program->track);
    if (CHOOSE(program, 0, 1))
        put_some_track(program, id);
    id[4] = (guint8)CHOOSE(program, program->record, 0, program->record + 1, 9);
    return 5;
}

static guint fill_search_key(OracleProgram *program, guint8 *key)
{
    window_key(key, (guint8)CHOOSE(program, program->record, 2, 9));
    return WINDOW_KEY;
}

static guint fill_search_home(OracleProgram *program, guint8 *home)
{
    put_track(home, program->track);
    if (CHOOSE(program, 0, 1))
        put_some_track(program, home);
    return 4;
}

static void put_pattern(guint8 *at, guint n)
{
    for (guint i = 0; i < n; i++)
        at[i] = (guint8)(0x31 + i);
}

static guint fill_data(G_GNUC_UNUSED OracleProgram *program, guint8 *data)
{
    put_pattern(data, CORE_PIECE_SIZE);
    return WINDOW_LENGTH;
}

static guint fill_key_data(G_GNUC_UNUSED OracleProgram *program, guint8 *data)
{
    put_pattern(data, CORE_PIECE_SIZE);
    return WINDOW_LENGTH + WINDOW_KEY;
}

static guint fill_count_key_data(OracleProgram *program, guint8 *data)
{
    put_pattern(data, CORE_PIECE_SIZE);
    put_track(data, program->track);
    if (CHOOSE(program, 0, 1))
        put_some_track(program, data);
    data[4] = (guint8)(program->record + program->n - 2 + CHOOSE(program, 0, 1));
    data[5] = (guint8)CHOOSE(program, 0, WINDOW_KEY, 255);
    ccw_store_be16(data + 6, (guint16)CHOOSE(program, WINDOW_LENGTH, 0, 1, 56664, 56665, 0xffff));
    if (CHOOSE(program, 0, 1))
        memset(data, 0xff, 8);
    return MIN(8 + (guint)data[5] + WINDOW_LENGTH, CORE_PIECE_SIZE);
}

static guint fill_r0(OracleProgram *program, guint8 *data)
{
    put_pattern(data, 16);
    put_track(data, program->track);
    data[4] = (guint8)CHOOSE(program, 0, 1);
    data[5] = (guint8)CHOOSE(program, 0, 1);
    ccw_store_be16(data + 6, (guint16)CHOOSE(program, DASD_R0_DL, 0, 16));
    return 16;
}

/* Fills in R0, records and the end marker, as READ TRACK gives them. */
static guint fill_full_track(OracleProgram *program, guint8 *data)
{
    guint n = CHOOSE(program, 2, 0, 1), at = 16;

    fill_r0(program, data);
    for (guint i = 0; i < n; i++) {
        put_track(data + at, program->track);
        data[at + 4] = (guint8)(i + 1);
        data[at + 5] = 0;
        ccw_store_be16(data + at + 6, WINDOW_LENGTH);
        put_pattern(data + at + 8, WINDOW_LENGTH);
        at += 8 + WINDOW_LENGTH;
    }
    memset(data + at, CHOOSE(program, 0xff, 0) ? 0xff : 0, 8);
    return at + 8;
}

static guint fill_two_records(OracleProgram *program, guint8 *data)
{
    return 2 * fill_data(program, data);
}

static guint fill_path_group(OracleProgram *program, guint8 *data)
{
    put_pattern(data, 12);
    data[0] = (guint8)CHOOSE(program, 0x00, 0x80, 0x20, 0x40, 0x60);
    data[1] = (guint8)CHOOSE(program, 0x80, 0x81);
    return 12;
}

static guint fill_subsystem_function(OracleProgram *program, guint8 *data)
{
    data[0] = (guint8)CHOOSE(program, 0x18, 0x1d, 0x1b, 0x12);
    data[6] = (guint8)CHOOSE(program, 0x01, 0x03, 0x0e, 0x41, 0x00, 0xff);
    return 12;
}

/* Each command whose data has a meaning has a row. All others get a pattern. */
static const struct {
    guint8 code;
    guint8 mask; /* of the code: forms of one command share a row */
    guint (*fill)(OracleProgram *program, guint8 *piece);
} fills[] = {
    { DASD_CODE_DEFINE_EXTENT, 0xff, fill_define_extent },
    { DASD_CODE_LOCATE_RECORD, 0xff, fill_locate_record },
    { DASD_CODE_LOCATE_RECORD_EXTENDED, 0xff, fill_extended },
    { DASD_CODE_PREFIX, 0xff, fill_prefix },
    { DASD_CODE_SEEK, 0xff, fill_seek },
    { DASD_CODE_SEEK_CYLINDER, 0xff, fill_seek },
    { DASD_CODE_SEEK_HEAD, 0xff, fill_seek },
    { DASD_CODE_SET_FILE_MASK, 0xff, fill_file_mask },
    { DASD_CODE_SET_SECTOR, 0xff, fill_sector },
    { DASD_CODE_SEARCH_ID_EQUAL, 0x7f, fill_search_id },
    { DASD_CODE_SEARCH_ID_HIGH, 0x7f, fill_search_id },
    { DASD_CODE_SEARCH_ID_EQUAL_OR_HIGH, 0x7f, fill_search_id },
    { DASD_CODE_SEARCH_KEY_EQUAL, 0x7f, fill_search_key },
    { DASD_CODE_SEARCH_KEY_HIGH, 0x7f, fill_search_key },
    { DASD_CODE_SEARCH_KEY_EQUAL_OR_HIGH, 0x7f, fill_search_key },
    { DASD_CODE_SEARCH_HOME_ADDRESS, 0x7f, fill_search_home },
    { DASD_CODE_WRITE_DATA, 0x7f, fill_data },
    { DASD_CODE_WRITE_KEY_AND_DATA, 0x7f, fill_key_data },
    { DASD_CODE_WRITE_CKD, 0x7f, fill_count_key_data },
    { DASD_CODE_ERASE, 0xff, fill_count_key_data },
    { DASD_CODE_WRITE_R0, 0xff, fill_r0 },
    { DASD_CODE_WRITE_FULL_TRACK, 0xff, fill_full_track },
    { DASD_CODE_WRITE_TRACK_DATA, 0xff, fill_two_records },
    { DASD_CODE_SET_PATH_GROUP_ID, 0xff, fill_path_group },
    { DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, 0xff, fill_subsystem_function },
};

/* Returns the bytes that a read gives on the first track of a window; for other commands the size of a record. */
static guint read_size(guint8 code)
{
    switch (code & 0x7f) {
    case DASD_CODE_READ_COUNT:
        return DASD_COUNT_SIZE;
    case DASD_CODE_READ_HOME_ADDRESS:
        return DASD_HA_SIZE;
    case DASD_CODE_READ_R0:
        return DASD_COUNT_SIZE + DASD_R0_DL;
    case DASD_CODE_READ_CKD:
        return DASD_COUNT_SIZE + WINDOW_LENGTH;
    default:
        return WINDOW_LENGTH;
    }
}

guint oracle_data_fill(OracleProgram *program, guint8 code, guint8 *piece)
{
    const DasdCmd *cmd = dasd_cmd_find(code);

    for (gsize i = 0; i < G_N_ELEMENTS(fills); i++)
        if ((code & fills[i].mask) == fills[i].code)
            return fills[i].fill(program, piece);
    memset(piece, 0xee, CORE_PIECE_SIZE);
    if (cmd && cmd->min)
        put_pattern(piece, MIN(cmd->min, CORE_PIECE_SIZE));
    return cmd && cmd->min ? MIN(cmd->min, CORE_PIECE_SIZE) : read_size(code);
}
