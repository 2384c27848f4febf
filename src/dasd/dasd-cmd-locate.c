/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The commands DEFINE EXTENT, LOCATE RECORD, LOCATE RECORD EXTENDED and PREFIX. They check all parameters of an ECKD
 * program. Layouts: IBM 3990 reference; DE_eckd_data, LO_eckd_data, LRE_eckd_data, PFX_eckd_data of
 * drivers/s390/block/dasd_eckd.h.
 */
#include "dasd/dasd-cmd-locate.h"

#include <string.h>

#include "dasd/dasd-chain.h"
#include "dasd/dasd-ckd.h"
#include "dasd/dasd-data.h"
#include "dasd/dasd-exec.h"
#include "dasd/dasd-move.h"
#include "dasd/dasd-sense.h"
#include "dasd/dasd-track.h"
#include "dasd/dasd-volume.h"
#include "util/endian.h"

#define DE_SIZE 16 /* 32 with the times and priorities of newer subsystems */
#define DE_SIZE_MAX 32
#define DE_OFS_MASK 0
#define DE_OFS_ATTRIBUTES 1
#define DE_OFS_BEGIN 8 /* CCHH */
#define DE_OFS_END 12
#define DE_OFS_BLOCK_SIZE 2
#define DE_OFS_RESERVED 4 /* three bytes */
#define DE_BLOCK_SIZE_MAX (DASD_3390_R0_MAX + DASD_COUNT_SIZE)
#define DE_ATTRIBUTES_MODE 0xc0
#define DE_ATTRIBUTES_ECKD 0xc0
#define DE_ATTRIBUTES_CONVERT 0x20    /* CKD conversion */
#define DE_ATTRIBUTES_FAST_WRITE 0x02 /* for a cache, which the device does not have; SA22-1025, page 4-12 */

#define LR_SIZE 16
#define LR_OFS_OPERATION 0
#define LR_OFS_AUXILIARY 1
#define LR_OFS_COUNT 3
#define LR_OFS_SEEK 4   /* CCHH */
#define LR_OFS_SEARCH 8 /* CCHHR */
#define LR_OFS_SECTOR 13
#define LR_OFS_LENGTH 14 /* transfer length factor */
#define LR_SEARCH_SIZE 5
#define LR_AUXILIARY_LENGTH 0x80   /* the factor is valid */
#define LR_AUXILIARY_RESERVED 0x7f /* the last bit: LR_OFS_WITHIN has a command, which no driver here uses */
#define LR_OFS_WITHIN 2            /* command of a CCW within the domain */

#define LRE_SIZE 20
#define LRE_OFS_OPERATION 17
#define LRE_OFS_PARAMETER_LENGTH 18 /* 16 bits */
#define LRE_OFS_PARAMETER LRE_SIZE
#define LRE_PARAMETER_MAX 2 /* device characteristics say it */
#define LRE_SIZE_MAX (LRE_SIZE + LRE_PARAMETER_MAX)

#define PFX_OFS_EXTENT 12
#define PFX_OFS_LOCATE 44
#define PFX_SIZE (PFX_OFS_LOCATE + LRE_SIZE)
#define PFX_SIZE_MAX (PFX_OFS_LOCATE + LRE_SIZE_MAX)
#define PFX_FORMAT_LOCATE 1
#define PFX_VALID_EXTENT 0x80
#define PFX_VALID_ALIAS 0x30 /* verify base, hyper-PAV */

#define ORIENT(orientation) (1 << DASD_ORIENT_##orientation)

/* The commands that have an operation, as bits. */
enum {
    IN_LOCATE = 1 << 0,
    IN_EXTENDED = 1 << 1,
    IN_PREFIX = 1 << 2,
    IN_ANY = IN_LOCATE | IN_EXTENDED | IN_PREFIX,
};

/*
 * Operation codes. After code 0x3f, the extended code applies. An operation on whole tracks may have a parameter that
 * names the tracks: a map whose leftmost bit stands for the first track. SA22-1025 lists the codes in tables 4-8 and
 * 4-13. It has neither 23, which Linux and its dump tool send, nor 06 in a prefix, which Linux sends to check a format.
 */
static const struct Operation {
    guint8 code;
    guint8 extended;
    guint8 commands;
    guint8 parameter_max; /* bytes after the locate record extended; an operation that has some needs one at least */
    guint operation;
    guint orientations; /* as bits */
} operations[] = {
    { 0x00, 0, IN_LOCATE, 0, DASD_OP_ORIENT, ORIENT(COUNT) | ORIENT(HOME) | ORIENT(DATA) },
    { 0x01, 0, IN_ANY, 0, DASD_OP_WRITE, ORIENT(COUNT) | ORIENT(DATA) },
    { 0x03, 0, IN_LOCATE, 0, DASD_OP_FORMAT, ORIENT(COUNT) | ORIENT(HOME) | ORIENT(INDEX) },
    { 0x03, 0, IN_EXTENDED | IN_PREFIX, 0, DASD_OP_FORMAT, ORIENT(COUNT) | ORIENT(HOME) },
    { 0x06, 0, IN_LOCATE | IN_PREFIX, 0, DASD_OP_READ, ORIENT(COUNT) | ORIENT(HOME) | ORIENT(DATA) },
    { 0x0b, 0, IN_ANY, 0, DASD_OP_WRITE_TRACK, ORIENT(COUNT) },
    { 0x0c, 0, IN_ANY, 0, DASD_OP_READ_TRACKS, ORIENT(COUNT) | ORIENT(HOME) },
    { 0x16, 0, IN_ANY, 0, DASD_OP_READ_ANY, ORIENT(COUNT) | ORIENT(HOME) | ORIENT(DATA) | ORIENT(INDEX) },
    { 0x3f, 0x11, IN_EXTENDED | IN_PREFIX, LRE_PARAMETER_MAX, DASD_OP_WRITE_FULL_TRACK, ORIENT(COUNT) },
    { 0x3f, 0x23, IN_EXTENDED | IN_PREFIX, 0, DASD_OP_WRITE_TRACK_DATA, ORIENT(COUNT) },
};

/* Converts a CCHH to a track number. Returns FALSE if the volume has no such track. */
static gboolean parse_track(const DasdExec *exec, const guint8 *cchh, guint32 *ret_track)
{
    guint32 cylinder = ccw_load_be16(cchh);
    guint32 head = ccw_load_be16(cchh + 2);
    guint32 track = cylinder * DASD_3390_HEADS + head;

    if (head >= DASD_3390_HEADS || track >= dasd_volume_tracks(exec->drive->volume))
        return FALSE;
    *ret_track = track;
    return TRUE;
}

static gboolean define_extent(DasdExec *exec, const guint8 *de)
{
    guint16 block_size = ccw_load_be16(de + DE_OFS_BLOCK_SIZE);
    guint32 first, last;

    if ((de[DE_OFS_MASK] & DASD_MASK_RESERVED) || (de[DE_OFS_ATTRIBUTES] & DE_ATTRIBUTES_MODE) != DE_ATTRIBUTES_ECKD ||
        (de[DE_OFS_ATTRIBUTES] & DE_ATTRIBUTES_FAST_WRITE) || block_size > DE_BLOCK_SIZE_MAX || de[DE_OFS_RESERVED] ||
        de[DE_OFS_RESERVED + 1] || de[DE_OFS_RESERVED + 2] || !parse_track(exec, de + DE_OFS_BEGIN, &first) ||
        !parse_track(exec, de + DE_OFS_END, &last) || first > last)
        return dasd_check(exec, DASD_CHECK_PARAMETER);
    exec->chain.has_extent = TRUE;
    exec->chain.first_track = first;
    exec->chain.last_track = last;
    exec->chain.mask = de[DE_OFS_MASK];
    exec->chain.has_ckd_conversion = (de[DE_OFS_ATTRIBUTES] & DE_ATTRIBUTES_CONVERT) != 0;
    exec->chain.block_size = block_size ? block_size : DE_BLOCK_SIZE_MAX;
    dasd_move_lose_orientation(exec);
    return TRUE;
}

/* @command: an IN_* bit */
static const struct Operation *find_operation(guint command, guint8 code, guint8 extended)
{
    for (gsize i = 0; i < G_N_ELEMENTS(operations); i++)
        if (operations[i].code == code && operations[i].extended == extended && (operations[i].commands & command))
            return &operations[i];
    return NULL;
}

/* Moves to the record that the search argument names. */
static gboolean search_record(DasdExec *exec, const guint8 *argument)
{
    if (!dasd_move_load(exec))
        return FALSE;
    for (guint32 i = 0; i < exec->chain.track->n_records; i++) {
        if (memcmp(dasd_track_count(exec->chain.track, &exec->chain.track->records[i]), argument, LR_SEARCH_SIZE) ==
            0) {
            exec->chain.record = i;
            return TRUE;
        }
    }
    return dasd_check(exec, DASD_CHECK_NO_RECORD);
}

/* Moves to the home address, and checks that the search argument names it. */
static gboolean search_home(DasdExec *exec, const guint8 *argument)
{
    if (!dasd_move_load(exec))
        return FALSE;
    exec->chain.at = DASD_AT_HOME;
    return memcmp(exec->chain.track->slot + 1, argument, DASD_HA_SIZE - 1) == 0 ||
           dasd_check(exec, DASD_CHECK_NO_RECORD);
}

static gboolean orient(DasdExec *exec, guint orientation, const guint8 *argument)
{
    switch (orientation) {
    case DASD_ORIENT_INDEX:
        return dasd_move_load(exec);
    case DASD_ORIENT_HOME:
        return search_home(exec, argument);
    default:
        if (!search_record(exec, argument))
            return FALSE;
        exec->chain.at = orientation == DASD_ORIENT_DATA ? DASD_AT_DATA : DASD_AT_COUNT;
        return TRUE;
    }
}

static guint16 max_length(const DasdExec *exec)
{
    return exec->chain.block_size ? exec->chain.block_size : DE_BLOCK_SIZE_MAX;
}

/*
 * The transfer length factor must be set if and only if the record says so. It must not exceed the block size of the
 * extent.
 */
static gboolean check_length(const DasdExec *exec, const guint8 *lr)
{
    guint16 length = ccw_load_be16(lr + LR_OFS_LENGTH);
    gboolean valid = (lr[LR_OFS_AUXILIARY] & LR_AUXILIARY_LENGTH) != 0;

    return valid == (length != 0) && length <= max_length(exec);
}

/* Stores the track that a locate record names. Returns FALSE if a field of the record does not fit the operation. */
static gboolean check_locate(const DasdExec *exec, const struct Operation *operation, const guint8 *lr,
                             guint32 *ret_track)
{
    return operation && (operation->orientations >> (lr[LR_OFS_OPERATION] >> 6) & 1) &&
           (lr[LR_OFS_AUXILIARY] & LR_AUXILIARY_RESERVED) == 0 && lr[LR_OFS_WITHIN] == 0 && check_length(exec, lr) &&
           (lr[LR_OFS_COUNT] == 0) == (operation->operation == DASD_OP_ORIENT) &&
           (lr[LR_OFS_SECTOR] < DASD_3390_SECTORS || lr[LR_OFS_SECTOR] == 0xff) &&
           parse_track(exec, lr + LR_OFS_SEEK, ret_track);
}

static void open_domain(DasdExec *exec, const struct Operation *operation, const guint8 *lr)
{
    guint16 length = ccw_load_be16(lr + LR_OFS_LENGTH);

    if (operation->operation == DASD_OP_ORIENT)
        return;
    exec->chain.domain = (DasdDomain){
        .operation = operation->operation,
        .orientation = lr[LR_OFS_OPERATION] >> 6,
        .count = lr[LR_OFS_COUNT],
        .is_fresh = TRUE,
        .length = length ? length : max_length(exec),
    };
}

/* A locate record needs an extent before it. This comes before all checks of its parameters. */
static gboolean has_extent(DasdExec *exec)
{
    return exec->chain.has_extent || exec->chain.has_read_ipl || dasd_check(exec, DASD_CHECK_SEQUENCE);
}

static gboolean locate_record(DasdExec *exec, const struct Operation *operation, const guint8 *lr)
{
    guint32 track;

    if (!has_extent(exec))
        return FALSE;
    if (!check_locate(exec, operation, lr, &track))
        return dasd_check(exec, DASD_CHECK_PARAMETER);
    if (!dasd_move_to_track(exec, track))
        return FALSE;
    open_domain(exec, operation, lr);
    /* Write full track replaces the whole track, so it needs no orientation. */
    if (operation->operation == DASD_OP_WRITE_FULL_TRACK)
        return TRUE;
    /* A guest can format a damaged track from R0 on. */
    if (operation->operation == DASD_OP_FORMAT && lr[LR_OFS_SEARCH + DASD_COUNT_OFS_RECORD] == 0 &&
        !dasd_move_repair(exec))
        return FALSE;
    return orient(exec, lr[LR_OFS_OPERATION] >> 6, lr + LR_OFS_SEARCH);
}

/* Returns the map of tracks, of @length bytes, as 16 bits. */
static guint16 load_tracks(const guint8 *lre, guint16 length)
{
    return length == 1 ? (guint16)(lre[LRE_OFS_PARAMETER] << 8) : ccw_load_be16(lre + LRE_OFS_PARAMETER);
}

static guint32 last_track(guint32 first, guint16 tracks)
{
    return first + LRE_PARAMETER_MAX * 8 - 1 - (guint32)g_bit_nth_lsf(tracks, -1);
}

/*
 * Opens the domain of a write trackset. The locate record checks the file mask and the place of all tracks, so that a
 * rejected program has written no track (SA22-1025, page 4-39).
 */
static gboolean locate_tracks(DasdExec *exec, const struct Operation *operation, const guint8 *lre, guint16 tracks)
{
    if (!dasd_chain_may_format(&exec->chain))
        return dasd_check(exec, DASD_CHECK_SEQUENCE);
    if (!(tracks & DASD_TRACKS_CURRENT) || __builtin_popcount(tracks) != lre[LR_OFS_COUNT])
        return dasd_check(exec, DASD_CHECK_PARAMETER);
    if (!locate_record(exec, operation, lre))
        return FALSE;
    exec->chain.domain.tracks = tracks;
    return last_track(exec->chain.track_number, tracks) <= exec->chain.last_track ||
           dasd_check(exec, DASD_CHECK_FILE_PROTECTED);
}

/* @command: an IN_* bit. @length: bytes of @lre that the channel gave, at least LRE_SIZE. */
static gboolean locate_record_extended(DasdExec *exec, guint command, const guint8 *lre, gsize length)
{
    const struct Operation *operation = find_operation(command, lre[LR_OFS_OPERATION] & 0x3f, lre[LRE_OFS_OPERATION]);
    guint16 parameter_length = ccw_load_be16(lre + LRE_OFS_PARAMETER_LENGTH);

    if (!has_extent(exec))
        return FALSE;
    if (!operation || parameter_length > operation->parameter_max || (operation->parameter_max && !parameter_length))
        return dasd_check(exec, DASD_CHECK_PARAMETER);
    if (length < LRE_SIZE + (gsize)parameter_length)
        return dasd_check(exec, DASD_CHECK_COUNT);
    if (parameter_length)
        return locate_tracks(exec, operation, lre, load_tracks(lre, parameter_length));
    return locate_record(exec, operation, lre);
}

void dasd_cmd_define_extent(DasdExec *exec)
{
    guint8 de[DE_SIZE_MAX];

    if (dasd_data_get_upto(&exec->data, de, sizeof(de)) >= DE_SIZE)
        define_extent(exec, de);
}

void dasd_cmd_locate_record(DasdExec *exec)
{
    guint8 lr[LR_SIZE];

    if (dasd_data_get(&exec->data, lr, sizeof(lr)) == sizeof(lr))
        locate_record(exec, find_operation(IN_LOCATE, lr[LR_OFS_OPERATION] & 0x3f, 0), lr);
}

void dasd_cmd_locate_record_extended(DasdExec *exec)
{
    guint8 lre[LRE_SIZE_MAX];
    gsize length = dasd_data_get_upto(&exec->data, lre, sizeof(lre));

    if (length >= LRE_SIZE)
        locate_record_extended(exec, IN_EXTENDED, lre, length);
}

/* The device has no aliases: it rejects a program for an alias. */
void dasd_cmd_prefix(DasdExec *exec)
{
    guint8 pfx[PFX_SIZE_MAX] = { 0 };
    gsize length = dasd_data_get_upto(&exec->data, pfx, sizeof(pfx));
    gboolean with_locate = pfx[0] == PFX_FORMAT_LOCATE;

    if (length < PFX_SIZE) {
        dasd_check(exec, DASD_CHECK_COUNT);
        return;
    }
    if (pfx[0] > PFX_FORMAT_LOCATE || (pfx[1] & PFX_VALID_ALIAS) || !(pfx[1] & PFX_VALID_EXTENT)) {
        dasd_check(exec, DASD_CHECK_PARAMETER);
        return;
    }
    if (define_extent(exec, pfx + PFX_OFS_EXTENT) && with_locate)
        locate_record_extended(exec, IN_PREFIX, pfx + PFX_OFS_LOCATE, length - PFX_OFS_LOCATE);
}
