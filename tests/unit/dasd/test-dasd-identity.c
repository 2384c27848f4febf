/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compares what the device says of itself with the tables of docs/dasd-identity.md. One test for each row takes the
 * value from the page and the bytes from the device. One test for each answer checks that its rows cover all bytes.
 * Argument: the page.
 */
#include <string.h>

#include "dasd-bench.h"
#include "dasd/dasd-ebcdic.h"
#include "doc-table.h"
#include "util/address.h"
#include "util/endian.h"

#define ANSWER_MAX 1024

enum { OFFSET, LENGTH, ORDER, VALUE, FIELD };

/* How to ask for each answer of the page: by one command, or by an order before READ SUBSYSTEM DATA. */
static const struct {
    const char *heading;
    const char *name;
    guint8 cmd;
    guint8 order[12];
    guint16 order_size;
} answers[] = {
    { "## SENSE ID, E4", "sense-id", 0xe4, { 0 }, 0 },
    { "## READ DEVICE CHARACTERISTICS, 64", "characteristics", DASD_CODE_READ_DEVICE_CHARACTERISTICS, { 0 }, 0 },
    { "## READ CONFIGURATION DATA, FA", "configuration", DASD_CODE_READ_CONFIGURATION_DATA, { 0 }, 0 },
    { "## SENSE SUBSYSTEM STATUS, 54", "subsystem-status", DASD_CODE_SENSE_SUBSYSTEM_STATUS, { 0 }, 0 },
    { "## Storage path status, 27 with suborder 00",
      "path-status",
      DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION,
      { 0x18, [6] = 0x00 },
      12 },
    { "## Statistics, 27 with suborder 01",
      "statistics",
      DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION,
      { 0x18, [6] = 0x01, [8] = 0x01 },
      12 },
    { "## Attention message, 27 with suborder 03",
      "message",
      DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION,
      { 0x18, [6] = 0x03 },
      12 },
    { "## Unit addresses, 27 with suborder 0E",
      "unit-addresses",
      DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION,
      { 0x18, [6] = 0x0e },
      12 },
    { "## Feature codes, 27 with suborder 41",
      "features",
      DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION,
      { 0x18, [6] = 0x41 },
      12 },
    { "## Volume storage, 27 with suborder 52",
      "volume-storage",
      DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION,
      { 0x18, [6] = 0x52 },
      12 },
    { "## Logical configuration, 27 with suborder 53",
      "logical-configuration",
      DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION,
      { 0x18, [6] = 0x53 },
      12 },
    { "## Node descriptor, 27 with order B0", "node", DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, { 0xb0 }, 4 },
};

/* The devices that the test asks, and their values for the names in angle brackets on the page. */
static const struct {
    guint32 cylinders;
    guint8 model;
    guint8 code;
    CcwBusId bus_id;
    guint8 chpid;
    const char *serial;
    guint16 ssid;
} samples[] = {
    { 30, 0x02, 0x26, { 0, 0, 0x1234 }, 0x42, "000000001234", 0x0012 },
    { 1113, 0x02, 0x26, { 0, 1, 0x0000 }, 0x00, "000000010000", 0x0100 },
    { 2226, 0x06, 0x27, { 1, 3, 0xabcd }, 0xff, "00000013ABCD", 0x02ab },
    { 3339, 0x0a, 0x24, { 0xfe, 2, 0xffff }, 0x80, "00000FE2FFFF", 0xfcff },
    { 10017, 0x0c, 0x32, { 0, 0, 0x00ff }, 0x01, "0000000000FF", 0x0000 },
    { 32760, 0x0c, 0x32, { 0, 0, 0x1000 }, 0x10, "000000001000", 0x0010 },
    { 65520, 0x0c, 0x32, { 0, 0, 0x0001 }, 0x7f, "000000000001", 0x0000 },
};

typedef struct {
    gsize answer;
    char **cells;
} Row;

static GPtrArray *tables[G_N_ELEMENTS(answers)]; /* the tables of the page */
static guint8 replies[G_N_ELEMENTS(samples)][G_N_ELEMENTS(answers)][ANSWER_MAX];
static gsize reply_sizes[G_N_ELEMENTS(samples)][G_N_ELEMENTS(answers)];

static void open_sample(Bench *bench, gsize sample)
{
    const DasdDeviceConfig config = { .bus_id = samples[sample].bus_id, .chpid = samples[sample].chpid };
    DasdImageOptions options = { .read_only = FALSE };
    g_autoptr(GError) error = NULL;
    DasdImageInfo info;
    int fd;

    bench_open(bench, samples[sample].cylinders, NULL);
    bench_close_device(bench);
    fd = dasd_image_open(bench->path, &options, &info, &error);
    g_assert_no_error(error);
    bench->device = dasd_device_new(fd, &config, &error);
    g_assert_no_error(error);
}

static void ask(Bench *bench, gsize sample, gsize answer)
{
    guint8 *reply = replies[sample][answer];

    bench_begin(bench);
    if (answers[answer].order_size)
        bench_ccw(bench, DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, CC, answers[answer].order, answers[answer].order_size);
    bench_ccw(bench, answers[answer].order_size ? DASD_CODE_READ_SUBSYSTEM_DATA : answers[answer].cmd, SLI, reply,
              ANSWER_MAX);
    bench_run_good(bench);
    reply_sizes[sample][answer] = ANSWER_MAX - bench->residual;
}

static void ask_all(void)
{
    for (gsize sample = 0; sample < G_N_ELEMENTS(samples); sample++) {
        Bench bench;

        open_sample(&bench, sample);
        for (gsize answer = 0; answer < G_N_ELEMENTS(answers); answer++)
            ask(&bench, sample, answer);
        bench_close(&bench);
    }
}

static guint read_number(const char *cell)
{
    guint64 value = 0;

    g_assert_true(g_ascii_string_to_unsigned(cell, 10, 0, G_MAXUINT32, &value, NULL));
    return (guint)value;
}

static void put_big(guint8 *at, gsize length, guint32 value)
{
    guint8 bytes[4];

    g_assert_cmpuint(length, <=, sizeof(bytes));
    ccw_store_be32(bytes, value);
    memcpy(at, bytes + sizeof(bytes) - length, length);
}

static void put_hex(guint8 *at, gsize length, const char *digits)
{
    g_assert_cmpuint(strlen(digits), ==, 2 * length);
    for (gsize i = 0; i < length; i++) {
        gint high = g_ascii_xdigit_value(digits[2 * i]), low = g_ascii_xdigit_value(digits[2 * i + 1]);

        g_assert_true(high >= 0 && low >= 0);
        at[i] = (guint8)(high << 4 | low);
    }
}

/* Returns a value in angle brackets. FALSE: this device has no such value, or not in this order. */
static gboolean put_named(guint8 *at, gsize length, const char *order, const char *name, gsize sample)
{
    g_autofree char *model = g_strdup_printf("0%02X", samples[sample].model);
    guint8 unit = (guint8)samples[sample].bus_id.devno;

    if (strcmp(order, "big") == 0 && strcmp(name, "`<cylinders>`") == 0)
        put_big(at, length, samples[sample].cylinders);
    else if (strcmp(order, "bits") == 0 && strcmp(name, "`<model>`") == 0)
        put_big(at, length, samples[sample].model);
    else if (strcmp(order, "bits") == 0 && strcmp(name, "`<code>`") == 0)
        put_big(at, length, samples[sample].code);
    else if (strcmp(order, "bits") == 0 && strcmp(name, "`<unit>`") == 0)
        put_big(at, length, unit);
    else if (strcmp(order, "bits") == 0 && strcmp(name, "`<ssid>`") == 0)
        put_big(at, length, samples[sample].ssid);
    else if (strcmp(order, "bits") == 0 && strcmp(name, "`<chpid>`") == 0)
        put_big(at, length, samples[sample].chpid);
    else if (strcmp(order, "bits") == 0 && strcmp(name, "`<units>`") == 0)
        at[2 * unit] = 1;
    else if (strcmp(order, "EBCDIC") == 0 && strcmp(name, "`<0model>`") == 0)
        dasd_ebcdic_store(at, length, model);
    else if (strcmp(order, "EBCDIC") == 0 && strcmp(name, "`<serial>`") == 0)
        dasd_ebcdic_store(at, length, samples[sample].serial);
    else if (strcmp(order, "EBCDIC") == 0 && strcmp(name, "`<serial end>`") == 0)
        dasd_ebcdic_store(at, length, samples[sample].serial + 2);
    else
        return FALSE;
    return TRUE;
}

/* Converts the value of a row to bytes. */
static void put_row(guint8 *at, gsize length, char **cells, gsize sample)
{
    memset(at, 0, length);
    if (cells[VALUE][0] == '`')
        g_assert_true(put_named(at, length, cells[ORDER], cells[VALUE], sample));
    else if (strcmp(cells[ORDER], "big") == 0)
        put_big(at, length, read_number(cells[VALUE]));
    else if (strcmp(cells[ORDER], "bits") == 0)
        put_hex(at, length, cells[VALUE]);
    else if (strcmp(cells[ORDER], "EBCDIC") == 0)
        dasd_ebcdic_store(at, length, cells[VALUE]);
    else
        g_assert_cmpstr(cells[ORDER], ==, "zero");
}

static void check_row(gconstpointer data)
{
    const Row *row = data;
    guint offset = read_number(row->cells[OFFSET]), length = read_number(row->cells[LENGTH]);
    guint8 expected[ANSWER_MAX];

    g_assert_cmpuint(offset + length, <=, ANSWER_MAX);
    for (gsize sample = 0; sample < G_N_ELEMENTS(samples); sample++) {
        put_row(expected, length, row->cells, sample);
        if (memcmp(replies[sample][row->answer] + offset, expected, length) != 0)
            g_test_message("%s, a device of %u cylinders", row->cells[FIELD], samples[sample].cylinders);
        g_assert_cmpmem(replies[sample][row->answer] + offset, length, expected, length);
    }
}

/* The rows cover the answer from the first byte to the last, without a gap. */
static void check_whole(gconstpointer data)
{
    gsize answer = GPOINTER_TO_SIZE(data);
    guint at = 0;

    for (guint i = 0; i < tables[answer]->len; i++) {
        char **cells = tables[answer]->pdata[i];

        g_assert_cmpuint(read_number(cells[OFFSET]), ==, at);
        at += read_number(cells[LENGTH]);
    }
    for (gsize sample = 0; sample < G_N_ELEMENTS(samples); sample++)
        g_assert_cmpuint(reply_sizes[sample][answer], ==, at);
}

/* The test reads all tables of the page. */
static void check_page(gconstpointer data)
{
    g_autofree char *text = NULL;
    guint headings = 0;

    g_assert_true(g_file_get_contents(data, &text, NULL, NULL));
    for (const char *at = text; (at = strstr(at, "\n## ")) != NULL; at++)
        headings++;
    g_assert_cmpuint(headings, ==, G_N_ELEMENTS(answers));
}

static gboolean is_on_page(guint8 suborder)
{
    for (gsize i = 0; i < G_N_ELEMENTS(answers); i++)
        if (answers[i].order[0] == 0x18 && answers[i].order[6] == suborder)
            return TRUE;
    return FALSE;
}

/* The device answers no query that is not on the page. */
static void check_queries(void)
{
    static guint8 reply[ANSWER_MAX];
    guint8 order[12] = { 0x18 };
    Bench bench;

    bench_open(&bench, 1, NULL);
    for (guint suborder = 0; suborder < 256; suborder++) {
        order[6] = (guint8)suborder;
        bench_begin(&bench);
        bench_ccw(&bench, DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, CC, order, sizeof(order));
        bench_ccw(&bench, DASD_CODE_READ_SUBSYSTEM_DATA, SLI, reply, sizeof(reply));
        if (is_on_page((guint8)suborder))
            bench_run_good(&bench);
        else
            bench_run_check(&bench, 0, 0x80, 0, 0x04);
    }
    bench_close(&bench);
}

static void add_tests(gsize answer)
{
    GPtrArray *rows = tables[answer];
    g_autofree char *whole = g_strdup_printf("/dasd/identity/%s/whole", answers[answer].name);

    g_test_add_data_func(whole, GSIZE_TO_POINTER(answer), check_whole);
    for (guint i = 0; i < rows->len; i++) {
        char **cells = rows->pdata[i];
        g_autofree char *path = g_strdup_printf("/dasd/identity/%s/%s", answers[answer].name, cells[OFFSET]);
        Row *row = g_new(Row, 1);

        *row = (Row){ answer, cells };
        g_test_add_data_func_full(path, row, check_row, g_free);
    }
}

int main(int argc, char **argv)
{
    int rc;

    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(argc, ==, 2);
    ask_all();
    g_test_add_data_func("/dasd/identity/page", argv[1], check_page);
    g_test_add_func("/dasd/identity/queries", check_queries);
    for (gsize answer = 0; answer < G_N_ELEMENTS(answers); answer++) {
        tables[answer] = doc_table_read(argv[1], answers[answer].heading);
        add_tests(answer);
    }
    rc = g_test_run();
    for (gsize answer = 0; answer < G_N_ELEMENTS(answers); answer++)
        g_ptr_array_unref(tables[answer]);
    return rc;
}
