/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The preloaded library's reports to a tracer in its own process, function by function. Two notes give the cost of
 * tracing that is off and on.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dasd/dasd-codes.h"
#include "trace/trace-format.h"
#include "trace/trace-reader.h"
#include "util/endian.h"
#include "vfio-client.h"

#define PROGRAM 0x1000u
#define DATA 0x3000u
#define ROUNDS 20000

static TraceReader *attach(void)
{
    g_autoptr(GError) error = NULL;
    TraceReader *reader = trace_reader_attach(getpid(), TRACE_DATA_DEFAULT, &error);

    g_assert_no_error(error);
    return reader;
}

/* Returns the text of the next record, without its duration. */
static char *next_text(TraceReader *reader)
{
    const TraceStyle style = { .hex = TRUE };
    g_autoptr(GString) text = g_string_new(NULL);
    const guint8 *bytes;
    TraceRecord record;
    guint64 lost;
    gsize length;

    g_assert_cmpint(trace_reader_next(reader, 0, &bytes, &length, &lost), ==, TRACE_READ_RECORD);
    g_assert_cmpuint(lost, ==, 0);
    g_assert_true(trace_record_parse(bytes, length, &record, NULL));
    trace_format_text(&record, &style, text);
    return g_strndup(text->str, (gsize)(strrchr(text->str, ',') - text->str));
}

#define assert_next(reader, expected)                                                                                  \
    do {                                                                                                               \
        g_autofree char *next = next_text(reader);                                                                     \
                                                                                                                       \
        g_assert_cmpstr(next, ==, expected);                                                                           \
    } while (0)

static void run(VfioClient *client)
{
    guint8 irb[CHANNEL_IRB_SIZE];

    g_assert_cmpint(vfio_client_start(client, CLIENT_ORB_FLAGS, PROGRAM), ==, 0);
    vfio_client_wait(client, irb);
}

static void test_functions(void)
{
    g_auto(VfioClient) client = { 0 };
    g_autoptr(TraceReader) reader = NULL;
    guint8 irb[CHANNEL_IRB_SIZE];

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    vfio_client_put_ccw(&client, PROGRAM, CCW_CMD_SENSE_ID, CCW_FLAG_SLI, 40, DATA);
    run(&client); /* not traced yet */
    reader = attach();
    run(&client);
    assert_next(reader, "0.0.1234 #0 SSCH fmt1 pfch c64 lpm ff cpa 00001000\n"
                        "    [0] e4 SENSE ID sli 40 at 3000: cutype 3990/e9, devtype 3390/02, ciw 40fa0100, "
                        "ciw 41270004, ciw 423e0040\n"
                        "  = device ce de at [0], residual 20");

    /* A list that begins inside of its block, and a unit check with sense. */
    vfio_client_put_ccw(&client, PROGRAM, DASD_CODE_DEFINE_EXTENT, CCW_FLAG_IDA | CCW_FLAG_CC, 16, 0x2000);
    ccw_store_be64(client.storage + 0x2000, 0x5ffa);
    ccw_store_be64(client.storage + 0x2008, 0x4000);
    memcpy(client.storage + 0x5ffa, "\x40\xc0\x00\x00\x00\x00", 6);
    memcpy(client.storage + 0x4000, "\x00\x00\x00\x00\x00\x07\x00\x01\x00\x0f", 10);
    vfio_client_put_ccw(&client, PROGRAM + 8, DASD_CODE_READ_DATA_MT, 0, 512, DATA);
    run(&client);
    assert_next(reader, "0.0.1234 #1 SSCH fmt1 pfch c64 lpm ff cpa 00001000\n"
                        "    [0] 63 DEFINE EXTENT cc ida 16 at {5ffa 4000}: mask 40 (read), attributes c0, cache "
                        "normal, from cyl 0 head 7, to cyl 1 head 15\n"
                        "    [1] 86 READ DATA, MT 512 at 3000\n"
                        "  = device ce de uc at [0], residual 0, sense command-reject, message 04, at cyl 0 head 0 "
                        "(80000000 34000004 00000000 00000000 00000000 00000000 00000080 00000000)");

    /* The device does not see this program. */
    g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS, 0x80001000), ==, 0);
    vfio_client_wait(&client, irb);
    assert_next(reader, "0.0.1234 #2 SSCH fmt1 pfch c64 lpm ff cpa 80001000\n"
                        "  = channel program-check, cpa 80001008");
    g_assert_cmpint(vfio_client_command(&client, VFIO_CCW_ASYNC_CMD_CSCH), ==, 0);
    vfio_client_wait(&client, irb);
    assert_next(reader, "0.0.1234 #3 CSCH\n  = no status");
    g_assert_cmpint(vfio_client_command(&client, VFIO_CCW_ASYNC_CMD_HSCH), ==, 0);
    vfio_client_wait(&client, irb);
    assert_next(reader, "0.0.1234 #4 HSCH\n  = no status");

    /* Suspended: no data of that CCW was transferred. */
    vfio_client_put_ccw(&client, PROGRAM, CCW_CMD_SENSE_ID, CCW_FLAG_SUSPEND, 40, DATA);
    g_assert_cmpint(vfio_client_start(&client, CLIENT_ORB_FLAGS | CHANNEL_ORB_SUSPEND, PROGRAM), ==, 0);
    vfio_client_wait(&client, irb);
    assert_next(reader, "0.0.1234 #5 SSCH fmt1 pfch c64 sus lpm ff cpa 00001000\n"
                        "    [0] e4 SENSE ID sus 40 at 3000\n"
                        "  = suspended at [0], residual 40");
}

/* A caller's own program: none of its addresses is followed. */
static void test_request(void)
{
    g_auto(VfioClient) client = { 0 };
    g_autoptr(TraceReader) reader = NULL;
    g_autofree ChannelProgram *program = g_new0(ChannelProgram, 1);
    guint8 data[64];
    CcwCmdRequest request = { .argsz = sizeof(request), .ccw_count = 2, .program = (guint64)(guintptr)program };

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    reader = attach();
    ccw_store_be32(request.orb + CHANNEL_ORB_OFS_FLAGS, CLIENT_ORB_FLAGS);
    ccw_store_be64(program->ccw[0], 0xe420002800000800);
    ccw_store_be64(program->ccw[1], 0x8604ffff00000808);
    program->cda[0] = (guint64)(guintptr)data;
    program->cda[1] = 8;
    g_assert_cmpint(ioctl(client.device, VFIO_DEVICE_CCW_CMD_REQUEST, &request), ==, 0);
    assert_next(reader, "0.0.1234 #6 REQUEST fmt1 pfch c64 lpm ff\n"
                        "    [0] e4 SENSE ID sli 40\n"
                        "    [1] 86 READ DATA, MT ida 65535\n"
                        "  = device ce de at [0], residual 20");
    request.program = 0;
    request.ccw_count = 0;
    g_assert_cmpint(ioctl(client.device, VFIO_DEVICE_CCW_CMD_REQUEST, &request), ==, -1);
    g_assert_cmpint(errno, ==, EINVAL);
    assert_next(reader, "0.0.1234 #7 REQUEST fmt1 pfch c64 lpm ff\n  = error 22 (Invalid argument)");
}

/* Returns the nanoseconds of a NO-OPERATION through the dedicated request, which is the shortest path. */
static gdouble measure(VfioClient *client)
{
    g_autofree ChannelProgram *program = g_new0(ChannelProgram, 1);
    CcwCmdRequest request = { .argsz = sizeof(request), .ccw_count = 1, .program = (guint64)(guintptr)program };
    gint64 begun = g_get_monotonic_time();

    ccw_store_be32(request.orb + CHANNEL_ORB_OFS_FLAGS, CLIENT_ORB_FLAGS);
    ccw_store_be64(program->ccw[0], 0x0320000000000800);
    for (guint i = 0; i < ROUNDS; i++)
        g_assert_cmpint(ioctl(client->device, VFIO_DEVICE_CCW_CMD_REQUEST, &request), ==, 0);
    return (gdouble)(g_get_monotonic_time() - begun) * 1000 / ROUNDS;
}

static void test_cost(void)
{
    g_auto(VfioClient) client = { 0 };
    gdouble off, on;
    TraceReader *reader;

    vfio_client_open(&client, "/dev/vfio/0", UUID_RW);
    measure(&client);
    off = measure(&client);
    reader = attach();
    on = measure(&client);
    trace_reader_free(reader);
    g_test_message("a NO-OPERATION takes %.0f ns with tracing off, %.0f ns with it on and no reader", off, on);
}

int main(int argc, char **argv)
{
    vfio_client_become_qemu(argv);
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vfio/trace/functions", test_functions);
    g_test_add_func("/vfio/trace/request", test_request);
    g_test_add_func("/vfio/trace/cost", test_cost);
    return g_test_run();
}
