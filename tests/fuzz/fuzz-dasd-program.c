/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The oracle's generator of channel programs (tests/oracle), with the fuzzer as who chooses. One rule is held, whatever
 * the status is: a program writes to no track outside the extent that it defines, and to none before the first that its
 * own chain names by cylinder and head. Several programs run on one device, so that none may go on where another was.
 *
 * The input: a byte for the number of programs, then for each a byte for its window and one for each choice. Behind its
 * end all choices are 0. Of a detail only a byte from UNUSUAL on is a choice, so that most programs make sense.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-track.h"
#include "oracle-core.h"
#include "oracle-image.h"
#include "oracle-program.h"
#include "oracle-run.h"
#include "util/endian.h"

#define PROGRAMS_MAX 4
#define WINDOWS 4
#define TRACKS_MAX 64
#define UNUSUAL 0xd0

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    const uint8_t *at;
    size_t left;
} input;

static Core core;
static char path[32]; /* of the image */
static guint8 *pristine;
static gsize image_size;
static gboolean is_running;
static guint64 written; /* by the program that runs: a bit for each track */

static void put_back(int fd, gsize length, off_t offset)
{
    syscall(SYS_pwrite64, fd, pristine + offset, MIN(length, image_size - (gsize)offset), offset);
}

/* In place of the C library's, for the device. */
ssize_t pwrite(int fd, const void *buffer, size_t length, off_t offset)
{
    for (off_t at = offset; is_running && at < offset + (off_t)length; at++) {
        gsize track = (gsize)(at - DASD_CKD_HEADER_SIZE) / DASD_3390_TRACK_SIZE;

        if (at < DASD_CKD_HEADER_SIZE || (gsize)at >= image_size)
            g_error("a write beyond the tracks, at %" G_GUINT64_FORMAT, (guint64)at);
        written |= G_GUINT64_CONSTANT(1) << track;
        at = (off_t)dasd_track_file_offset((guint32)track + 1) - 1;
    }
    return (ssize_t)syscall(SYS_pwrite64, fd, buffer, length, offset);
}

static guint take(guint n)
{
    if (input.left == 0)
        return 0;
    input.left--;
    return *input.at++ % n;
}

static guint choose_shape(G_GNUC_UNUSED gpointer opaque, guint n)
{
    return take(n);
}

static guint choose_detail(G_GNUC_UNUSED gpointer opaque, guint n)
{
    guint byte = take(256);

    return byte < UNUSUAL ? 0 : (byte - UNUSUAL) % n;
}

static const OracleChoices choices = { choose_shape, choose_detail, NULL };

/* What a program allows itself to write to. */
typedef struct {
    guint32 lowest;      /* track that is named; all that a command moves on to is behind it */
    guint32 first, last; /* of its extents together */
    gboolean has_extent;
} Allowed;

static void name_track(Allowed *allowed, const guint8 *cchh)
{
    guint32 track = ccw_load_be16(cchh) * (guint32)DASD_3390_HEADS + ccw_load_be16(cchh + 2);

    allowed->lowest = MIN(allowed->lowest, track);
}

static void name_extent(Allowed *allowed, const guint8 *de)
{
    guint32 first = ccw_load_be16(de + 8) * (guint32)DASD_3390_HEADS + ccw_load_be16(de + 10);
    guint32 last = ccw_load_be16(de + 12) * (guint32)DASD_3390_HEADS + ccw_load_be16(de + 14);

    allowed->first = allowed->has_extent ? MIN(allowed->first, first) : first;
    allowed->last = allowed->has_extent ? MAX(allowed->last, last) : last;
    allowed->has_extent = TRUE;
}

/* A seek of the head stays in a cylinder that was named. */
static void name_head(Allowed *allowed)
{
    if (allowed->lowest != G_MAXUINT32)
        allowed->lowest -= allowed->lowest % DASD_3390_HEADS;
}

static Allowed read_program(const OracleProgram *program)
{
    Allowed allowed = { .lowest = G_MAXUINT32, .last = G_MAXUINT32 };

    for (guint i = 0; i < program->n; i++) {
        const guint8 *ccw = program->slot + CORE_SLOT_CCWS + CCW_SIZE * i;
        guint32 offset = ccw_load_be32(ccw + CCW_OFS_CDA) - program->address;
        const guint8 *piece = program->slot + MIN(offset, CORE_SLOT_SIZE - CORE_PIECE_SIZE);

        switch (ccw[CCW_OFS_CMD]) {
        case 0x07:
        case 0x0b:
            name_track(&allowed, piece + 2);
            break;
        case 0x1b:
            name_head(&allowed);
            break;
        case 0x02:
            allowed.lowest = 0;
            break;
        case 0x47:
        case 0x4b:
            name_track(&allowed, piece + 4);
            break;
        case 0x63:
            name_extent(&allowed, piece);
            break;
        case 0xe7:
            name_extent(&allowed, piece + 12);
            name_track(&allowed, piece + 44 + 4);
            break;
        default:
            break;
        }
    }
    return allowed;
}

static void judge(const Allowed *allowed)
{
    for (guint32 track = 0; track < TRACKS_MAX; track++) {
        if (!(written >> track & 1))
            continue;
        if (track < allowed->lowest)
            g_error("track %u was written, and the chain names none before %u", track, allowed->lowest);
        if (allowed->has_extent && (track < allowed->first || track > allowed->last))
            g_error("track %u was written, and the extent is %u to %u", track, allowed->first, allowed->last);
    }
}

static guint make_programs(OracleProgram *programs)
{
    guint n = 1 + take(PROGRAMS_MAX);

    memset(core_slot(&core, 0), 0, PROGRAMS_MAX * CORE_SLOT_SIZE);
    for (guint i = 0; i < n; i++) {
        programs[i] = (OracleProgram){ .slot = core_slot(&core, i),
                                       .address = core_slot_address(i),
                                       .first_track = window_track(take(WINDOWS)),
                                       .choices = &choices,
                                       .any_head = TRUE };
        oracle_program_make(&programs[i]);
    }
    return n;
}

static guint8 *map(G_GNUC_UNUSED gpointer opaque, guint64 address, gsize length, G_GNUC_UNUSED gboolean write,
                   gsize *ret_length)
{
    if (address >= core.size)
        return NULL;
    *ret_length = MIN(length, core.size - address);
    return core.bytes + address;
}

static void make_image(void)
{
    int fd = memfd_create("image", 0);

    g_snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (fd < 0 || !window_image_make(path, WINDOWS, NULL))
        abort();
    image_size = DASD_CKD_HEADER_SIZE + (gsize)window_cylinders(WINDOWS) * DASD_3390_HEADS * DASD_3390_TRACK_SIZE;
    pristine = g_malloc(image_size);
    if (pread(fd, pristine, image_size, 0) != (ssize_t)image_size)
        abort();
}

/* As it was, for the next input. */
static void restore_image(guint64 tracks)
{
    int fd = atoi(path + strlen("/proc/self/fd/"));

    for (guint32 track = 0; track < TRACKS_MAX; track++)
        if (tracks >> track & 1)
            put_back(fd, DASD_3390_TRACK_SIZE, (off_t)dasd_track_file_offset(track));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OracleProgram programs[PROGRAMS_MAX];
    const CcwMemory memory = { .map = map };
    OracleDevice *device;
    guint64 changed = 0;
    guint n;

    if (!pristine) {
        make_image();
        core_init(&core, PROGRAMS_MAX);
    }
    input.at = data;
    input.left = size;
    n = make_programs(programs);
    device = oracle_device_new(path, &memory, NULL);
    if (!device)
        abort();
    for (guint i = 0; i < n; i++) {
        Allowed allowed = read_program(&programs[i]);

        written = 0;
        is_running = TRUE;
        oracle_device_run(device, programs[i].slot + CORE_SLOT_ORB, programs[i].slot + CORE_SLOT_IRB);
        is_running = FALSE;
        judge(&allowed);
        changed |= written;
    }
    oracle_device_free(device);
    restore_image(changed);
    return 0;
}
