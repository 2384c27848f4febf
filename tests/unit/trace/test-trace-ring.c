/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ring: it is off without a reader, overwrites records that are not read in time, and survives hostile peers. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "trace-samples.h"
#include "trace/trace-reader.h"
#include "trace/trace-ring.h"
#include "util/endian.h"
#include "util/error.h"

#define BURST 1500 /* records of 0.2 MB each: they fill the ring some 40 times */

typedef struct {
    TraceRing *ring;
    TraceReader *reader;
} Pair;

static void pair_open(Pair *pair)
{
    g_autoptr(GError) error = NULL;

    pair->ring = trace_ring_new(&error);
    g_assert_no_error(error);
    pair->reader = trace_reader_new(fcntl(pair->ring->fd, F_DUPFD_CLOEXEC, 0), -1, TRACE_DATA_MAX, &error);
    g_assert_no_error(error);
}

static void pair_close(Pair *pair)
{
    trace_reader_free(pair->reader);
    trace_ring_free(pair->ring);
}

/* Returns the next record, which must exist; *ret_lost: the number of lost records before it. */
static TraceRecord expect_record(TraceReader *reader, guint64 *ret_lost)
{
    g_autoptr(GError) error = NULL;
    const guint8 *bytes;
    TraceRecord record;
    gsize length;

    g_assert_cmpint(trace_reader_next(reader, 0, &bytes, &length, ret_lost), ==, TRACE_READ_RECORD);
    trace_record_parse(bytes, length, &record, &error);
    g_assert_no_error(error);
    return record;
}

static void expect_nothing(TraceReader *reader)
{
    const guint8 *bytes;
    guint64 lost;
    gsize length;

    g_assert_cmpint(trace_reader_next(reader, 0, &bytes, &length, &lost), ==, TRACE_READ_NOTHING);
}

static void test_off(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TraceRing) ring = trace_ring_new(&error);

    g_assert_no_error(error);
    g_assert_false(trace_ring_is_enabled(ring));
    /* Nothing is recorded after the deadline, whatever the flag is. */
    ring->shared->enabled = 1;
    trace_ring_write(ring, &sample_make(1, 8, 1)->capture);
    g_assert_false(trace_ring_is_enabled(ring));
    g_assert_cmpuint(ring->shared->head, ==, 0);
    g_assert_null(ring->record);
}

static void test_on(void)
{
    Pair pair;
    guint64 lost;

    pair_open(&pair);
    g_assert_true(trace_ring_is_enabled(pair.ring));
    expect_nothing(pair.reader);
    for (guint8 i = 1; i < 100; i++) {
        TraceRecord record;
        TraceCcw ccw;

        trace_ring_write(pair.ring, &sample_make(i, 8, i)->capture);
        record = expect_record(pair.reader, &lost);
        g_assert_cmpuint(lost, ==, 0);
        g_assert_cmpuint(record.sequence, ==, i - 1);
        g_assert_cmpuint(record.n_ccws, ==, i);
        while (trace_record_next(&record, &ccw))
            g_assert_cmpuint(ccw.data[7], ==, i);
        expect_nothing(pair.reader);
    }
    /* The tracer is gone: with the first function after the deadline tracing ends. */
    pair.ring->shared->deadline = trace_clock();
    trace_ring_write(pair.ring, &sample_make(1, 8, 0)->capture);
    g_assert_false(trace_ring_is_enabled(pair.ring));
    g_assert_cmpuint(pair.ring->sequence, ==, 99);
    /* The tracer was only suspended. */
    expect_nothing(pair.reader);
    trace_ring_write(pair.ring, &sample_make(1, 8, 0)->capture);
    expect_record(pair.reader, &lost);
    pair_close(&pair);
}

static void test_two_readers(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TraceReader) second = NULL;
    guint64 lost;
    Pair pair;

    pair_open(&pair);
    trace_ring_write(pair.ring, &sample_make(1, 8, 0)->capture);
    second = trace_reader_new(fcntl(pair.ring->fd, F_DUPFD_CLOEXEC, 0), -1, 8, &error);
    g_assert_no_error(error);
    trace_ring_write(pair.ring, &sample_make(2, 8, 0)->capture);
    g_assert_cmpuint(expect_record(pair.reader, &lost).sequence, ==, 0);
    g_assert_cmpuint(expect_record(pair.reader, &lost).sequence, ==, 1);
    /* The second reader gets all records since it attached. */
    g_assert_cmpuint(expect_record(second, &lost).sequence, ==, 1);
    g_assert_cmpuint(lost, ==, 0);
    pair_close(&pair);
}

/* A late reader gets the newest records, and the number of lost ones. */
static void test_overwritten(void)
{
    guint64 lost = 0, next = 0;
    Pair pair;

    pair_open(&pair);
    for (guint i = 0; i < 200; i++)
        trace_ring_write(pair.ring, &sample_make(200, 1000, (guint8)i)->capture);
    for (guint64 sum = 0; next < 200; sum += lost) {
        TraceRecord record = expect_record(pair.reader, &lost);

        g_assert_cmpuint(record.sequence, ==, next + lost);
        /* Once, at the beginning, and not all records. */
        g_assert_true(lost == 0 || sum == 0);
        g_assert_cmpuint(lost, <, 195);
        next = record.sequence + 1;
    }
    expect_nothing(pair.reader);
    pair_close(&pair);
}

static gpointer write_burst(gpointer data)
{
    for (guint i = 0; i < BURST; i++)
        trace_ring_write(data, &sample_make(1 + i % 200, 1024, (guint8)i)->capture);
    return NULL;
}

/* A writer that never waits, and a reader that checks every byte: each record is complete. */
static void test_race(void)
{
    guint64 next = 0, read = 0, lost = 0;
    GThread *writer;
    Pair pair;

    pair_open(&pair);
    writer = g_thread_new("writer", write_burst, pair.ring);
    while (next < BURST) {
        const guint8 *bytes;
        TraceRecord record;
        TraceCcw ccw;
        gsize length;
        guint64 gap;

        if (trace_reader_next(pair.reader, 1000, &bytes, &length, &gap) != TRACE_READ_RECORD)
            continue;
        g_assert_true(trace_record_parse(bytes, length, &record, NULL));
        g_assert_cmpuint(record.sequence, ==, next + gap);
        g_assert_cmpuint(record.n_ccws, ==, 1 + record.sequence % 200);
        while (trace_record_next(&record, &ccw))
            for (guint i = 0; i < ccw.n_data; i++)
                if (ccw.data[i] != (guint8)record.sequence)
                    g_error("record %" G_GUINT64_FORMAT " is torn", record.sequence);
        next = record.sequence + 1;
        lost += gap;
        read++;
    }
    g_thread_join(writer);
    g_test_message("%" G_GUINT64_FORMAT " read, %" G_GUINT64_FORMAT " lost", read, lost);
    g_assert_cmpuint(read + lost, ==, BURST);
    pair_close(&pair);
}

/* A hostile tracer cannot disturb the writer. */
static void test_hostile_tracer(void)
{
    TraceShared *shared;
    guint64 lost;
    Pair pair;

    pair_open(&pair);
    shared = pair.ring->shared;
    g_assert_cmpint(ftruncate(pair.ring->fd, 0), ==, -1);
    g_assert_cmpint(errno, ==, EPERM);
    trace_ring_write(pair.ring, &sample_make(200, 8, 0)->capture);
    memset((guint8 *)shared + G_STRUCT_OFFSET(TraceShared, wake), 0xff,
           sizeof(*shared) - G_STRUCT_OFFSET(TraceShared, wake));
    shared->data_max = G_MAXUINT32;
    for (guint i = 0; i < 100; i++)
        trace_ring_write(pair.ring, &sample_make(200, 2000, 0)->capture);
    g_assert_cmpuint(pair.ring->sequence, ==, 101);
    g_assert_cmpuint(pair.ring->head, >, TRACE_RING_SIZE);
    expect_record(pair.reader, &lost);
    pair_close(&pair);
}

/* A hostile process: its tracer stops reading its ring. */
static void test_hostile_process(void)
{
    static const guint64 values[] = { 0,
                                      1,
                                      8,
                                      159,
                                      160,
                                      TRACE_RING_SIZE - 8,
                                      TRACE_RING_SIZE,
                                      TRACE_RING_SIZE + 8,
                                      G_MAXUINT64 / 2,
                                      G_MAXUINT64 - 7,
                                      G_MAXUINT64 };
    const guint8 *bytes;
    guint64 lost;
    gsize length;
    Pair pair;

    pair_open(&pair);
    g_random_set_seed(3390);
    for (guint i = 0; i < 2000; i++) {
        TraceShared *shared = pair.ring->shared;

        memset(pair.ring->bytes, (guint8)g_random_int(), 4096);
        trace_ring_write(pair.ring, &sample_make(i % 256, 64, 0)->capture);
        for (guint at = 0; at < 4; at++)
            ccw_store_be32(pair.ring->bytes + g_random_int() % 4000, TRACE_RECORD_MAGIC);
        shared->head = values[g_random_int() % G_N_ELEMENTS(values)];
        shared->reserved = values[g_random_int() % G_N_ELEMENTS(values)];
        for (guint mark = 0; mark < TRACE_RING_MARKS; mark++)
            shared->marks[mark] = values[g_random_int() % G_N_ELEMENTS(values)];
        trace_reader_next(pair.reader, 0, &bytes, &length, &lost);
    }
    pair_close(&pair);
}

/* The reader rejects a file that could be truncated under it, and a file of another version. */
static void test_other_files(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TraceRing) ring = trace_ring_new(NULL);
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    g_assert_null(trace_reader_new(fd, -1, 0, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL);
    g_clear_error(&error);
    ring->shared->version++;
    g_assert_null(trace_reader_new(fcntl(ring->fd, F_DUPFD_CLOEXEC, 0), -1, 0, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL);
    g_assert_false(trace_ring_is_enabled(ring));
}

/* A tracer learns which devices are open, as they come and go, also where there are too many to list. */
static void test_devices(void)
{
    const CcwBusId first = { 0, 0, 0 }, second = { 0xfe, 3, 0xffff };
    Pair pair;

    pair_open(&pair);
    g_assert_cmpint(trace_reader_find_device(pair.reader, &first), ==, TRACE_DEVICE_ABSENT);
    trace_ring_add_device(pair.ring, &first);
    trace_ring_add_device(pair.ring, &second);
    g_assert_cmpint(trace_reader_find_device(pair.reader, &first), ==, TRACE_DEVICE_OPEN);
    g_assert_cmpint(trace_reader_find_device(pair.reader, &second), ==, TRACE_DEVICE_OPEN);
    trace_ring_remove_device(pair.ring, &first);
    g_assert_cmpint(trace_reader_find_device(pair.reader, &first), ==, TRACE_DEVICE_ABSENT);
    for (guint i = 0; i < TRACE_RING_DEVICES; i++)
        trace_ring_add_device(pair.ring, &(CcwBusId){ 0, 1, (guint16)i });
    g_assert_cmpint(trace_reader_find_device(pair.reader, &first), ==, TRACE_DEVICE_UNKNOWN);
    trace_ring_remove_device(pair.ring, &(CcwBusId){ 0, 1, TRACE_RING_DEVICES - 1 });
    g_assert_cmpint(trace_reader_find_device(pair.reader, &first), ==, TRACE_DEVICE_ABSENT);
    pair_close(&pair);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace/ring/off", test_off);
    g_test_add_func("/trace/ring/on", test_on);
    g_test_add_func("/trace/ring/two-readers", test_two_readers);
    g_test_add_func("/trace/ring/overwritten", test_overwritten);
    g_test_add_func("/trace/ring/race", test_race);
    g_test_add_func("/trace/ring/hostile-tracer", test_hostile_tracer);
    g_test_add_func("/trace/ring/hostile-process", test_hostile_process);
    g_test_add_func("/trace/ring/other-files", test_other_files);
    g_test_add_func("/trace/ring/devices", test_devices);
    return g_test_run();
}
