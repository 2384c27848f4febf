/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dasd/dasd-verify.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-track.h"
#include "util/endian.h"

#define WARNINGS_TOLD 3 /* warnings that are reported for one track; a track of rubbish has hundreds */

typedef struct {
    int fd;
    guint32 tracks;
    const DasdVerifyEvents *events;
    DasdVerifyResult result;
    /* The current track */
    guint8 slot[DASD_3390_TRACK_SIZE];
    guint32 number;
    guint cells;
    guint warnings;
    guint8 seen[256 / 8]; /* record numbers, as bits */
} Verify;

static const guint8 end_marker[DASD_END_SIZE] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static void find(Verify *verify, gboolean warning, int record, guint32 at, const char *format, ...) G_GNUC_PRINTF(5, 6);

static void find(Verify *verify, gboolean warning, int record, guint32 at, const char *format, ...)
{
    g_autofree char *text = NULL;
    DasdFinding finding = { warning, verify->number, record, dasd_track_file_offset(verify->number) + at, NULL };
    va_list args;

    verify->result.errors += warning ? 0 : 1;
    verify->result.warnings += warning ? 1 : 0;
    if (warning && verify->warnings++ >= WARNINGS_TOLD)
        return;
    va_start(args, format);
    text = g_strdup_vprintf(format, args);
    va_end(args);
    finding.text = text;
    verify->events->found(&finding, verify->events->opaque);
}

/* Reads the cylinder and head at @at. Returns whether they are those of this track. */
static gboolean has_address(const Verify *verify, const guint8 *at, guint *ret_cylinder, guint *ret_head)
{
    *ret_cylinder = ccw_load_be16(at);
    *ret_head = ccw_load_be16(at + DASD_COUNT_OFS_HEAD);
    return *ret_cylinder == verify->number / DASD_3390_HEADS && *ret_head == verify->number % DASD_3390_HEADS;
}

static gboolean verify_home(Verify *verify)
{
    guint cylinder, head;

    if (!has_address(verify, verify->slot + 1, &cylinder, &head)) {
        find(verify, FALSE, -1, 1, "the home address is that of cylinder %u head %u", cylinder, head);
        return FALSE;
    }
    if (verify->slot[0])
        find(verify, TRUE, -1, 0, "the home address has flags %02x: a defective or an alternate track",
             verify->slot[0]);
    return TRUE;
}

static void verify_r0(Verify *verify, const guint8 *count, guint32 at)
{
    guint kl = count[DASD_COUNT_OFS_KL], dl = ccw_load_be16(count + DASD_COUNT_OFS_DL);

    if (count[DASD_COUNT_OFS_RECORD])
        find(verify, TRUE, 0, at, "the first record has number %u, not 0", count[DASD_COUNT_OFS_RECORD]);
    if (kl || dl != DASD_R0_DL)
        find(verify, TRUE, 0, at, "R0 has a key of %u and data of %u bytes, not 0 and %u", kl, dl, DASD_R0_DL);
    if (kl || dl > DASD_R0_DL)
        verify->cells += dasd_3390_record_cells(kl, dl) - dasd_3390_record_cells(0, DASD_R0_DL);
}

static void verify_count(Verify *verify, const guint8 *count, int record, guint32 at)
{
    guint8 number = count[DASD_COUNT_OFS_RECORD];
    guint cylinder, head;

    verify->result.records++;
    verify->cells += dasd_3390_record_cells(count[DASD_COUNT_OFS_KL], ccw_load_be16(count + DASD_COUNT_OFS_DL));
    if (number == 0)
        find(verify, TRUE, record, at, "the record has number 0");
    else if (verify->seen[number / 8] & 1 << number % 8)
        find(verify, TRUE, record, at, "the track has two records of number %u", number);
    verify->seen[number / 8] |= (guint8)(1 << number % 8);
    if (!has_address(verify, count, &cylinder, &head))
        find(verify, TRUE, record, at, "the count is that of cylinder %u head %u", cylinder, head);
}

/* Checks the record at this offset. Returns the offset of the next record; 0 if it is unknown. */
static guint32 verify_record(Verify *verify, int record, guint32 at)
{
    const guint8 *count = verify->slot + at;
    guint kl = count[DASD_COUNT_OFS_KL], dl = ccw_load_be16(count + DASD_COUNT_OFS_DL);

    if (at + DASD_COUNT_SIZE + kl + dl > DASD_3390_TRACK_SIZE - DASD_END_SIZE) {
        find(verify, FALSE, record, at, "the record, with a key of %u and data of %u bytes, extends beyond the track",
             kl, dl);
        return 0;
    }
    if (record == 0)
        verify_r0(verify, count, at);
    else
        verify_count(verify, count, record, at);
    return at + DASD_COUNT_SIZE + kl + dl;
}

static void verify_end(Verify *verify, int records, guint32 at)
{
    if (records == 0)
        find(verify, FALSE, -1, at, "the track has no R0");
    if (verify->cells > DASD_3390_CELLS)
        find(verify, FALSE, -1, at, "the records take %u cells, a track of a 3390 has %u", verify->cells,
             DASD_3390_CELLS);
    if (memcmp(verify->slot + at, end_marker, DASD_END_SIZE) != 0)
        find(verify, TRUE, -1, at, "a write was interrupted here before it was acknowledged: the track ends");
}

static void verify_track(Verify *verify)
{
    static const guint8 nothing[DASD_HA_SIZE + DASD_COUNT_SIZE + DASD_R0_DL];
    guint32 at = DASD_HA_SIZE;

    /* As in dasd_track_parse(), a track that starts with zeros was never written. */
    if (memcmp(verify->slot, nothing, sizeof(nothing)) == 0)
        return;
    verify->result.written++;
    verify->cells = 0;
    verify->warnings = 0;
    memset(verify->seen, 0, sizeof(verify->seen));
    if (!verify_home(verify))
        return;
    for (int record = 0; at; record++) {
        if (memcmp(verify->slot + at, end_marker, DASD_END_SIZE) == 0 ||
            dasd_track_cut(verify->slot, verify->number, at)) {
            verify_end(verify, record, at);
            return;
        }
        if (record == DASD_TRACK_RECORDS_MAX) {
            find(verify, FALSE, record, at, "the track has more than %u records", DASD_TRACK_RECORDS_MAX);
            return;
        }
        at = verify_record(verify, record, at);
    }
}

static gboolean read_track(Verify *verify)
{
    for (gsize done = 0; done < DASD_3390_TRACK_SIZE;) {
        ssize_t n = pread(verify->fd, verify->slot + done, DASD_3390_TRACK_SIZE - done,
                          (off_t)(dasd_track_file_offset(verify->number) + done));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            find(verify, FALSE, -1, (guint32)done, "the file cannot be read: %s",
                 n ? g_strerror(errno) : "it has shrunk");
            return FALSE;
        }
        done += (gsize)n;
    }
    return TRUE;
}

/*
 * Returns the first track, from number on, that has data in the file. A file system that does not know holes has data
 * everywhere.
 */
static guint32 next_written(const Verify *verify, guint32 number)
{
    off_t data = lseek(verify->fd, (off_t)dasd_track_file_offset(number), SEEK_DATA);

    if (data < 0)
        return errno == ENXIO ? verify->tracks : number;
    return MAX(number, (guint32)(((guint64)data - DASD_CKD_HEADER_SIZE) / DASD_3390_TRACK_SIZE));
}

void dasd_verify(int fd, const DasdImageInfo *info, const DasdVerifyEvents *events, DasdVerifyResult *ret_result)
{
    g_autofree Verify *verify = g_new0(Verify, 1);

    verify->fd = fd;
    verify->tracks = info->cylinders * DASD_3390_HEADS;
    verify->events = events;
    for (guint32 i = next_written(verify, 0); i < verify->tracks; i = next_written(verify, i + 1)) {
        verify->number = i;
        if (read_track(verify))
            verify_track(verify);
        events->progress(i + 1, events->opaque);
    }
    *ret_result = verify->result;
}
