/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rows of docs/dasd-linux.md, which lists what Linux' dasd_eckd can send and read. Each command and order that the
 * page calls done ends well in a chain as Linux builds it; each one that it calls refused is rejected; each field is in
 * a row of docs/dasd-identity.md. Arguments: the two pages.
 */
#include <string.h>

#include "dasd-bench.h"
#include "dasd/dasd-sense.h"
#include "doc-table.h"
#include "util/endian.h"

#define TRACK 2 /* has records of SIZE bytes, without keys */
#define KEYED 3 /* has the same records with keys */
#define SIZE 512
#define KEY 8

typedef struct {
    guint8 code;
    guint8 operation; /* of the locate record before it; 0xff: no other command in its chain */
    guint8 extended;
    guint8 count; /* of its domain */
    guint8 mask;
    guint16 length; /* of its data */
} Send;

static const Send sends[] = {
    { DASD_CODE_NO_OPERATION, 0xff },
    { DASD_CODE_WRITE_DATA, 0x01, 0, 1, 0x80, SIZE },
    { DASD_CODE_READ_DATA, 0x06, 0, 1, 0x40, SIZE },
    { DASD_CODE_READ_SPECIAL_HOME_ADDRESS, 0x06, 0, 1, 0x40, 28 },
    { DASD_CODE_WRITE_KEY_AND_DATA, 0x01, 0, 1, 0x80, KEY + SIZE },
    { DASD_CODE_READ_KEY_AND_DATA, 0x06, 0, 1, 0x40, KEY + SIZE },
    { DASD_CODE_ERASE, 0x0b, 0, 1, 0xc0, 8 },
    { DASD_CODE_READ_COUNT, 0x06, 0, 1, 0x40, 8 },
    { DASD_CODE_UNCONDITIONAL_RESERVE, 0xff, 0, 0, 0, 32 },
    { DASD_CODE_WRITE_R0, 0x43, 0, 1, 0xc0, 16 },
    { DASD_CODE_READ_R0, 0x46, 0, 1, 0x40, 16 },
    { DASD_CODE_WRITE_CKD, 0x03, 0, 1, 0xc0, 8 },
    { DASD_CODE_READ_CKD, 0x06, 0, 1, 0x40, 8 + SIZE },
    { DASD_CODE_SENSE_PATH_GROUP_ID, 0xff, 0, 0, 0, 12 },
    { DASD_CODE_SENSE_SUBSYSTEM_STATUS, 0xff, 0, 0, 0, 44 },
    { DASD_CODE_WRITE_UPDATE_DATA, 0x01, 0, 1, 0x80, SIZE },
    { DASD_CODE_READ_DATA_MT, 0x06, 0, 1, 0x40, SIZE },
    { DASD_CODE_WRITE_UPDATE_KEY_AND_DATA, 0x01, 0, 1, 0x80, KEY + SIZE },
    { DASD_CODE_READ_KEY_AND_DATA_MT, 0x06, 0, 1, 0x40, KEY + SIZE },
    { DASD_CODE_READ_COUNT_MT, 0x16, 0, 1, 0x40, 8 },
    { DASD_CODE_DEVICE_RELEASE, 0xff, 0, 0, 0, 32 },
    { DASD_CODE_WRITE_FULL_TRACK, 0x3f, 0x11, 1, 0xc0, 24 },
    { DASD_CODE_READ_CKD_MT, 0x16, 0, 1, 0x40, 8 + SIZE },
    { DASD_CODE_WRITE_TRACK_DATA, 0x3f, 0x23, 1, 0x80, 3 * SIZE },
    { DASD_CODE_READ_TRACK_DATA, 0x0c, 0, 1, 0x40, 3 * SIZE },
    { DASD_CODE_DEVICE_RESERVE, 0xff, 0, 0, 0, 32 },
    { DASD_CODE_READ_TRACK, 0x4c, 0, 1, 0x40, 2000 },
    { DASD_CODE_RESET_SUMMARY_UNIT_CHECK, 0xff, 0, 0, 0, 1 },
    { DASD_CODE_READ_CONFIGURATION_DATA, 0xff, 0, 0, 0, 256 },
    /* Commands that open a domain, each followed by one that uses it. */
    { DASD_CODE_LOCATE_RECORD, 0x06, 0, 1, 0x40, SIZE },
    { DASD_CODE_LOCATE_RECORD_EXTENDED, 0x3f, 0x23, 1, 0x80, 3 * SIZE },
    { DASD_CODE_DEFINE_EXTENT, 0x06, 0, 1, 0x40, SIZE },
    { DASD_CODE_PREFIX, 0x06, 0, 1, 0x40, SIZE },
    { DASD_CODE_WRITE_CKD_NEXT_TRACK, 0x03, 0, 2, 0xc0, 8 },
};

/* Fields of an answer by Linux' name, and their first byte. NONE: the device never gives this answer. */
#define NONE -1
static const struct {
    const char *answer;
    const char *field;
    int at;
} fields[] = {
    { "READ DEVICE CHARACTERISTICS, 64", "cu_type", 0 },
    { "READ DEVICE CHARACTERISTICS, 64", "cu_model.model", 2 },
    { "READ DEVICE CHARACTERISTICS, 64", "dev_type", 3 },
    { "READ DEVICE CHARACTERISTICS, 64", "dev_model", 5 },
    { "READ DEVICE CHARACTERISTICS, 64", "facilities.RT_in_LR", 6 },
    { "READ DEVICE CHARACTERISTICS, 64", "facilities.XRC_supported", 8 },
    { "READ DEVICE CHARACTERISTICS, 64", "facilities.PPRC_enabled", 8 },
    { "READ DEVICE CHARACTERISTICS, 64", "no_cyl", 12 },
    { "READ DEVICE CHARACTERISTICS, 64", "trk_per_cyl", 14 },
    { "READ DEVICE CHARACTERISTICS, 64", "sec_per_trk", 16 },
    { "READ DEVICE CHARACTERISTICS, 64", "long_no_cyl", 60 },
    { "READ CONFIGURATION DATA, FA", "flags.identifier", 0 },
    { "READ CONFIGURATION DATA, FA", "HDA_manufacturer", 13 },
    { "READ CONFIGURATION DATA, FA", "serial", 18 },
    { "READ CONFIGURATION DATA, FA", "ID", 30 },
    { "READ CONFIGURATION DATA, FA", "unit_addr", 31 },
    { "READ CONFIGURATION DATA, FA", "res1", 128 },
    { "READ CONFIGURATION DATA, FA", "format", 128 },
    { "READ CONFIGURATION DATA, FA", "sua_flags", 128 },
    { "READ CONFIGURATION DATA, FA", "base_unit_addr", 128 },
    { "READ CONFIGURATION DATA, FA", "uit", 128 },
    { "READ CONFIGURATION DATA, FA", "record_selector", 225 },
    { "READ CONFIGURATION DATA, FA", "timeout.value", 230 },
    { "READ CONFIGURATION DATA, FA", "timeout.number", 230 },
    { "READ CONFIGURATION DATA, FA", "subsystemID", 232 },
    { "READ CONFIGURATION DATA, FA", "reserved2", 241 },
    { "Attention message, 27 with suborder 03", "length", 0 },
    { "Attention message, 27 with suborder 03", "format", 2 },
    { "Attention message, 27 with suborder 03", "code", 3 },
    { "Attention message, 27 with suborder 03", "message_id", 4 },
    { "Attention message, 27 with suborder 03", "ned_map", NONE },
    { "Attention message, 27 with suborder 03", "neq_map", NONE },
    { "Attention message, 27 with suborder 03", "record_selector", NONE },
    { "Unit addresses, 27 with suborder 0E", "ua_type", 0 },
    { "Feature codes, 27 with suborder 41", "feature[8]", 8 },
    { "Feature codes, 27 with suborder 41", "feature[9]", 9 },
    { "Feature codes, 27 with suborder 41", "feature[12]", 12 },
    { "Feature codes, 27 with suborder 41", "feature[14]", 14 },
    { "Feature codes, 27 with suborder 41", "feature[40]", 40 },
    { "Feature codes, 27 with suborder 41", "feature[56]", 41 },
    { "Volume storage, 27 with suborder 52", "vol_info.ese", 0 },
    { "Volume storage, 27 with suborder 52", "extent_pool_id", 2 },
    { "Volume storage, 27 with suborder 52", "space_allocated", 16 },
    { "Volume storage, 27 with suborder 52", "space_configured", 20 },
    { "Volume storage, 27 with suborder 52", "logical_capacity", 24 },
    { "Logical configuration, 27 with suborder 53", "pool_count", 2 },
    { "Logical configuration, 27 with suborder 53", "ext_pool_sum", 32 },
    { "Logical configuration, 27 with suborder 53", "pool_id", 32 },
    { "Logical configuration, 27 with suborder 53", "warn_thrshld", 35 },
    { "Logical configuration, 27 with suborder 53", "flags", 36 },
    { "Logical configuration, 27 with suborder 53", "extent_size", 38 },
};

static const char *page, *identity;
static Bench bench;
static guint8 data[4096];

static guint8 parse_code(const char *cell)
{
    guint64 value = 0;

    g_assert_true(g_ascii_string_to_unsigned(cell, 16, 0, 0xff, &value, NULL));
    return (guint8)value;
}

static guint32 track_of(const Send *send)
{
    return (send->code & 0x0f) == 0x0d && send->code != DASD_CODE_WRITE_CKD &&
                   send->code != DASD_CODE_WRITE_CKD_NEXT_TRACK
               ? KEYED
           : (send->code & 0x7f) == 0x0e ? KEYED
                                         : TRACK;
}

/* Prepares the data of a write. */
static void fill(const Send *send)
{
    memset(data, 0, sizeof(data));
    ccw_store_be16(data + 2, TRACK + (send->code == DASD_CODE_WRITE_CKD_NEXT_TRACK));
    if (send->operation == 0x03)
        data[4] = send->code == DASD_CODE_WRITE_CKD_NEXT_TRACK ? 1 : 2;
    if (send->code == DASD_CODE_WRITE_R0 || send->code == DASD_CODE_WRITE_FULL_TRACK)
        data[7] = 8;
    if (send->code == DASD_CODE_WRITE_FULL_TRACK)
        memset(data + 16, 0xff, 8);
    if (send->code == DASD_CODE_ERASE || send->code == DASD_CODE_WRITE_CKD ||
        send->code == DASD_CODE_WRITE_CKD_NEXT_TRACK)
        ccw_store_be16(data + 6, SIZE);
}

static void add_domain(const Send *send)
{
    static guint8 prefix[66], *locate = prefix + 44;
    const guint32 track = track_of(send);
    guint16 length = send->code == DASD_CODE_WRITE_TRACK_DATA || send->code == DASD_CODE_LOCATE_RECORD_EXTENDED
                         ? SIZE
                         : send->length;

    memset(prefix, 0, sizeof(prefix));
    prefix[0] = 1;
    prefix[1] = 0x80;
    memcpy(prefix + 12, bench_extent(send->mask, track, track + 1), 16);
    memcpy(locate, bench_locate(send->operation, send->count, track, send->operation == 0x43 ? 0 : 1), 16);
    if (send->extended != 0x11) {
        locate[1] = 0x80;
        ccw_store_be16(locate + 14, length);
    } else {
        ccw_store_be16(locate + 18, 2);
        ccw_store_be16(locate + 20, 0x8000);
    }
    locate[17] = send->extended;
    if (send->code == DASD_CODE_PREFIX) {
        bench_ccw(&bench, DASD_CODE_PREFIX, CC, prefix, 64);
        return;
    }
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, prefix + 12, 16);
    bench_ccw(&bench, send->extended ? DASD_CODE_LOCATE_RECORD_EXTENDED : DASD_CODE_LOCATE_RECORD, CC, locate,
              send->extended ? (send->extended == 0x11 ? 22 : 20) : 16);
}

/* Returns the command that follows one that opens a domain. */
static guint8 code_sent(const Send *send)
{
    switch (send->code) {
    case DASD_CODE_LOCATE_RECORD:
    case DASD_CODE_DEFINE_EXTENT:
    case DASD_CODE_PREFIX:
        return DASD_CODE_READ_DATA_MT;
    case DASD_CODE_LOCATE_RECORD_EXTENDED:
        return DASD_CODE_WRITE_TRACK_DATA;
    default:
        return send->code;
    }
}

static void open_formatted(void)
{
    bench_open(&bench, 2, NULL);
    bench_format(&bench, TRACK, 3, 0, SIZE);
    bench_format(&bench, TRACK + 1, 3, KEY, SIZE);
}

static void send_good(guint8 code)
{
    static guint8 count[8] = { [3] = TRACK, [4] = 2, [6] = SIZE >> 8 };
    const Send *send = sends;

    while (send->code != code)
        g_assert_true(++send < sends + G_N_ELEMENTS(sends));
    open_formatted();
    fill(send);
    bench_begin(&bench);
    if (send->operation != 0xff)
        add_domain(send);
    if (code == DASD_CODE_WRITE_CKD_NEXT_TRACK)
        bench_ccw(&bench, DASD_CODE_WRITE_CKD, CC | SLI, count, 8);
    bench_ccw(&bench, code_sent(send), SLI, data, send->length);
    bench_run_good(&bench);
    bench_close(&bench);
}

static void send_rejected(guint8 code)
{
    open_formatted();
    bench_begin(&bench);
    bench_ccw(&bench, code, SLI, data, 64);
    bench_run_check(&bench, 0, 0x80, 0, 0x01);
    bench_close(&bench);
}

/* Runs PERFORM SUBSYSTEM FUNCTION, and READ SUBSYSTEM DATA if the order prepares an answer. */
static void send_order(guint8 order, guint8 suborder, gboolean is_done)
{
    guint8 psf[66] = { order, [6] = suborder };
    gboolean prepares = order == 0x18;

    bench_open(&bench, 2, NULL);
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, prepares && is_done ? CC : 0, psf,
              prepares ? 12 : sizeof(psf));
    if (prepares && is_done)
        bench_ccw(&bench, DASD_CODE_READ_SUBSYSTEM_DATA, SLI, data, sizeof(data));
    if (is_done)
        bench_run_good(&bench);
    else
        bench_run_check(&bench, 0, 0x80, 0, 0x04);
    bench_close(&bench);
}

static void commands(void)
{
    g_autoptr(GPtrArray) rows = doc_table_read(page, "## Commands");

    for (guint i = 0; i < rows->len; i++) {
        char **row = rows->pdata[i];
        guint8 code = parse_code(row[0]);

        g_test_message("%s %s", row[0], row[1]);
        if (strcmp(row[4], "refused") == 0) {
            send_rejected(code);
            continue;
        }
        g_assert_cmpstr(row[4], ==, "done");
        if (code == DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION || code == DASD_CODE_READ_SUBSYSTEM_DATA)
            send_order(0x18, 0x41, TRUE);
        else
            send_good(code);
    }
}

static void orders(void)
{
    g_autoptr(GPtrArray) rows = doc_table_read(page, "## Orders of PERFORM SUBSYSTEM FUNCTION");

    for (guint i = 0; i < rows->len; i++) {
        char **row = rows->pdata[i];

        g_test_message("%s %s", row[0], row[1]);
        send_order(parse_code(row[0]), *row[1] ? parse_code(row[1]) : 0, strcmp(row[5], "done") == 0);
    }
}

/* Returns whether the page of answers has a row that begins with this byte. */
static gboolean has_row(const char *answer, int at)
{
    g_autofree char *heading = g_strdup_printf("## %s", answer);
    g_autoptr(GPtrArray) rows = doc_table_read(identity, heading);

    for (guint i = 0; i < rows->len; i++)
        if (atoi(((char **)rows->pdata[i])[0]) == at)
            return TRUE;
    return FALSE;
}

static void assert_field(const char *answer, const char *field)
{
    gsize i = 0;

    g_test_message("%s: %s", answer, field);
    while (strcmp(fields[i].answer, answer) != 0 || strcmp(fields[i].field, field) != 0)
        g_assert_cmpuint(++i, <, G_N_ELEMENTS(fields));
    g_assert_true(fields[i].at == NONE || has_row(answer, fields[i].at));
}

/* Checks the sense bytes of a unit check, for a track whose cylinder and head are not 0. */
static void assert_sense(guint at)
{
    static const guint8 expected[DASD_SENSE_SIZE] = { [1] = 0x08, [4] = 0x34, [27] = 0x80, [30] = 1, [31] = TRACK };

    g_assert_cmpuint(at, <, DASD_SENSE_SIZE);
    open_formatted();
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, 0, 29), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x06, 1, 15 + TRACK, 9), 16);
    bench_ccw(&bench, DASD_CODE_READ_DATA_MT, 0, data, SIZE);
    bench_run_check(&bench, 1, 0, 0x08, 0);
    g_assert_cmphex(bench.sense[at], ==, expected[at]);
    bench_close(&bench);
}

/* Checks the count field of a record with a key, which dasdfmt's check and the analysis of a volume read. */
static void assert_count(const char *field)
{
    static const struct {
        const char *field;
        guint at;
        guint size;
        guint16 value;
    } parts[] = {
        { "cyl", 0, 2, 0 }, { "head", 2, 2, KEYED }, { "record", 4, 1, 1 }, { "kl", 5, 1, KEY }, { "dl", 6, 2, SIZE },
    };
    gsize i = 0;

    g_test_message("count: %s", field);
    while (strcmp(parts[i].field, field) != 0)
        g_assert_cmpuint(++i, <, G_N_ELEMENTS(parts));
    open_formatted();
    memset(data, 0xee, sizeof(data));
    bench_begin(&bench);
    bench_ccw(&bench, DASD_CODE_DEFINE_EXTENT, CC, bench_extent(0x40, KEYED, KEYED), 16);
    bench_ccw(&bench, DASD_CODE_LOCATE_RECORD, CC, bench_locate(0x16, 1, KEYED, 0), 16);
    bench_ccw(&bench, DASD_CODE_READ_COUNT_MT, 0, data, 8);
    bench_run_good(&bench);
    g_assert_cmphex(parts[i].size == 1 ? data[parts[i].at] : ccw_load_be16(data + parts[i].at), ==, parts[i].value);
    bench_close(&bench);
}

static void all_fields(void)
{
    g_autoptr(GPtrArray) rows = doc_table_read(page, "## Fields that it reads");

    for (guint i = 0; i < rows->len; i++) {
        char **row = rows->pdata[i];

        if (strcmp(row[0], "Sense bytes") == 0)
            assert_sense((guint)atoi(row[1]));
        else if (strcmp(row[0], "READ COUNT, 12") == 0)
            assert_count(row[1]);
        else
            assert_field(row[0], row[1]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 3);
    page = argv[1];
    identity = argv[2];
    g_test_add_func("/dasd/linux/commands", commands);
    g_test_add_func("/dasd/linux/orders", orders);
    g_test_add_func("/dasd/linux/fields", all_fields);
    return g_test_run();
}
