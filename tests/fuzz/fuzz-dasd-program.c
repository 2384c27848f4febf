/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzzes the device with the programs of the oracle's generator (tests/oracle): the input makes the generator's
 * choices. The target checks one rule, whatever the status is: a program writes only to tracks that it names itself, or
 * reaches from there, and that lie within the extent that it defines. Several programs run on one device, so a program
 * that continues at the place of an earlier one breaks the rule.
 *
 * The input: a byte for the number of programs, then for each program a byte for its window and one for each choice.
 * After the end of the input all choices are 0. A byte below UNUSUAL is no choice of a detail, so that most programs
 * make sense.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-cmd.h"
#include "dasd/dasd-track.h"
#include "fuzz-fail.h"
#include "oracle-core.h"
#include "oracle-image.h"
#include "oracle-program.h"
#include "oracle-run.h"
#include "util/endian.h"

#define PROGRAMS_MAX 4
#define WINDOWS 4
#define TRACKS_MAX 64
#define UNUSUAL 0xd0
#define PRINTED 72 /* bytes of a CCW's data that are printed of a program that breaks the rule */

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
static guint64 written; /* by the running program: a bit for each track */

static void put_back(int fd, gsize length, off_t offset)
{
    syscall(SYS_pwrite64, fd, pristine + offset, MIN(length, image_size - (gsize)offset), offset);
}

/* The device calls these instead of the C library. */
ssize_t pwrite(int fd, const void *buffer, size_t length, off_t offset)
{
    for (off_t at = offset; is_running && at < offset + (off_t)length; at++) {
        gsize track = (gsize)(at - DASD_CKD_HEADER_SIZE) / DASD_3390_TRACK_SIZE;

        if (at < DASD_CKD_HEADER_SIZE || (gsize)at >= image_size)
            fuzz_fail("a write beyond the tracks, at %" G_GUINT64_FORMAT, (guint64)at);
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

/*
 * A model of where a program may write: sets of tracks, a bit for each. It follows the commands that ran, and keeps all
 * tracks where the program can be after each of them. It begins with no track: a program must name its first one.
 */
typedef struct {
    guint64 here;    /* where the program can be */
    guint64 extent;  /* the tracks of its limits */
    guint64 allowed; /* where its earlier writes may be */
    guint left;      /* commands that its domain still takes */
} Places;

static guint64 bit(guint32 track)
{
    return track < TRACKS_MAX ? G_GUINT64_CONSTANT(1) << track : 0;
}

static guint64 between(guint32 first, guint32 last)
{
    guint64 tracks = 0;

    for (guint32 track = first; track <= MIN(last, TRACKS_MAX - 1); track++)
        tracks |= bit(track);
    return tracks;
}

static guint32 load_track(const guint8 *cchh)
{
    return ccw_load_be16(cchh) * (guint32)DASD_3390_HEADS + ccw_load_be16(cchh + 2);
}

static void follow_extent(Places *places, const guint8 *de)
{
    places->extent = between(load_track(de + 8), load_track(de + 12));
    places->here &= places->extent;
}

/* Write full track has a map: its domain names each of its tracks. */
static void follow_locate(Places *places, const guint8 *lr, gboolean is_extended)
{
    guint32 track = load_track(lr + 4);
    gboolean has_map = is_extended && (lr[0] & 0x3f) == 0x3f && lr[17] == 0x11;
    guint16 map = has_map ? ccw_load_be16(lr + 20) : 0x8000;

    if (has_map && ccw_load_be16(lr + 18) == 1)
        map &= 0xff00;
    places->here = 0;
    for (guint i = 0; i < 16; i++)
        places->here |= map << i & 0x8000 ? bit(track + i) : 0;
    places->left = has_map ? 0 : lr[3];
}

/* A seek of the head stays in its cylinder. */
static void follow_head(Places *places, guint32 head)
{
    guint64 before = places->here;

    places->here = 0;
    for (guint32 track = 0; track < TRACKS_MAX; track++)
        if (before & bit(track))
            places->here |= bit(track - track % DASD_3390_HEADS + head);
}

/*
 * A multi-track command moves to the next track at most if it is in a domain, else to the end of the cylinder at most.
 * The tracks of write full track are those of its map.
 */
static void follow_move(Places *places, const DasdCmd *cmd)
{
    guint64 before = places->here;
    gboolean is_in_domain = places->left > 0;
    gboolean moves = (cmd->code & 0x80) && (cmd->flags & DASD_CMD_PLACED) && cmd->code != 0x95;

    if (is_in_domain)
        places->left--;
    for (guint32 track = 0; moves && track < TRACKS_MAX; track++) {
        if (!(before & bit(track)))
            continue;
        if (is_in_domain)
            places->here |= bit(track + 1);
        else
            places->here |= between(track, track - track % DASD_3390_HEADS + DASD_3390_HEADS - 1);
    }
    places->here &= places->extent;
    if (cmd->flags & (DASD_CMD_UPDATE | DASD_CMD_FORMAT))
        places->allowed |= places->here;
}

static void follow(Places *places, const DasdCmd *cmd, const guint8 *data)
{
    switch (cmd->code) {
    case 0x07:
    case 0x0b:
        places->here = bit(load_track(data + 2));
        break;
    case 0x1b:
        follow_head(places, ccw_load_be16(data + 4));
        break;
    case 0x02:
        places->here = bit(0);
        places->left = 1;
        break;
    case 0x47:
    case 0x4b:
        follow_locate(places, data, cmd->code == 0x4b);
        break;
    case 0x63:
        follow_extent(places, data);
        break;
    case 0xe7:
        follow_extent(places, data + 12);
        if (data[0] == 1)
            follow_locate(places, data + 44, TRUE);
        break;
    default:
        follow_move(places, cmd);
        break;
    }
}

/* Returns the CCWs of a program that have the flag for a suspension, a bit for each. */
static guint64 find_suspending(const OracleProgram *program)
{
    guint64 suspending = 0;

    for (guint i = 0; i < program->n; i++)
        if (core_slot_ccw(program->slot, i).flags & CCW_FLAG_SUSPEND)
            suspending |= G_GUINT64_CONSTANT(1) << i;
    return suspending;
}

/*
 * Returns the tracks that a program may have written: up to the CCW at which it ended. A command that ended with a unit
 * check did nothing, with two exceptions: WRITE TRACK DATA may have written records before it, and the unit check of
 * the last command of a chain may be that of a domain that is not complete, which comes after the command is done. A
 * resumed program is a new chain, which names its tracks anew. oracle_device_run() has cleared the flag of the CCW
 * before which the program was suspended.
 */
static guint64 find_allowed(const OracleProgram *program, guint64 suspending)
{
    const guint8 *scsw = program->slot + CORE_SLOT_IRB + CHANNEL_IRB_OFS_SCSW;
    gint last = core_slot_index(program->slot, ccw_load_be32(scsw + CHANNEL_SCSW_OFS_CPA));
    guint8 last_flags = core_slot_ccw(program->slot, (guint)CLAMP(last, 0, (gint)program->n - 1)).flags;
    gboolean is_checked = (scsw[CHANNEL_SCSW_OFS_DSTAT] & CHANNEL_DSTAT_UNIT_CHECK) != 0;
    guint64 suspended = suspending & ~find_suspending(program);
    Places places = { .extent = G_MAXUINT64 };

    for (guint i = 0; (gint)i <= last && i < program->n; i++) {
        CoreCcw ccw = core_slot_ccw(program->slot, i);
        const DasdCmd *cmd = dasd_cmd_find(ccw.cmd);
        gboolean is_last = i == core_slot_command(program->slot, (guint)last);
        guint8 parameters[80];

        if (suspended >> i & 1)
            places = (Places){ .extent = G_MAXUINT64, .allowed = places.allowed };
        if (i != core_slot_command(program->slot, i) || !cmd)
            continue;
        core_slot_read(program->slot, i, parameters, sizeof(parameters));
        if (!is_last || !is_checked || ccw.cmd == 0xa5 || !(last_flags & CCW_FLAG_CC))
            follow(&places, cmd, parameters);
        if (is_last)
            break;
    }
    return places.allowed;
}

static void print_bytes(const guint8 *bytes, gsize n)
{
    for (gsize i = 0; i < n; i++)
        g_printerr(" %02x", bytes[i]);
    g_printerr("\n");
}

/* Prints the SCSW, then each CCW with the beginning of its data. */
static void print_program(const OracleProgram *program)
{
    g_printerr("SCSW of a program at 0x%x:", program->address + CORE_SLOT_CCWS);
    print_bytes(program->slot + CORE_SLOT_IRB + CHANNEL_IRB_OFS_SCSW, CHANNEL_SCSW_SIZE);
    for (guint i = 0; i < program->n; i++) {
        CoreCcw ccw = core_slot_ccw(program->slot, i);
        guint8 data[PRINTED];

        core_slot_read(program->slot, i, data, sizeof(data));
        g_printerr("%02x %02x %5u:", ccw.cmd, ccw.flags, ccw.count);
        print_bytes(data, sizeof(data));
    }
}

static void check(const OracleProgram *program, guint64 suspending)
{
    guint64 allowed = find_allowed(program, suspending);

    for (guint32 track = 0; track < TRACKS_MAX; track++)
        if ((written & bit(track)) && !(allowed & bit(track))) {
            print_program(program);
            fuzz_fail("track %u was written, but the program does not name it within its extent", track);
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

/* Restores the state for the next input. */
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
    const ChannelMemory memory = { .map = map };
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
        guint64 suspending = find_suspending(&programs[i]);

        written = 0;
        is_running = TRUE;
        oracle_device_run(device, programs[i].slot);
        is_running = FALSE;
        check(&programs[i], suspending);
        changed |= written;
    }
    oracle_device_free(device);
    restore_image(changed);
    return 0;
}
