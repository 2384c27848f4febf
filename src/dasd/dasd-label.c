/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads and makes volume labels. Layouts: z/OS DFSMSdfp Advanced Services (SC23-6861), volume label and DSCBs; the same
 * fields are in arch/s390/include/uapi/asm/vtoc.h.
 */
#include "dasd/dasd-label.h"

#include <string.h>

#include "dasd/dasd-ebcdic.h"
#include "util/endian.h"
#include "util/error.h"

#define LABEL_RECORD 3
#define LABEL_KL 4
#define LABEL_DL 80
#define LABEL_OFS_VOLSER 4
#define LABEL_OFS_VTOC 11 /* CC, HH, R of the format-4 DSCB */

#define DSCB_KL 44
#define DSCB_DL 96

static const guint8 ipl1[] = { 0xc9, 0xd7, 0xd3, 0xf1 };
static const guint8 ipl2[] = { 0xc9, 0xd7, 0xd3, 0xf2 };
static const guint8 vol1[] = { 0xe5, 0xd6, 0xd3, 0xf1 };
static const guint8 lnx1[] = { 0xd3, 0xd5, 0xe7, 0xf1 };
static const guint8 cms1[] = { 0xc3, 0xd4, 0xe2, 0xf1 };

gboolean dasd_label_check_volser(const char *volser, GError **error)
{
    gsize length = strlen(volser);
    gboolean good = length >= 1 && length <= DASD_VOLSER_MAX;

    for (gsize i = 0; good && i < length; i++)
        good = volser[i] != ' ' && dasd_ebcdic_from_ascii(volser[i]) != 0;
    if (!good)
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "'%s' is not a volume serial: it is 1 to 6 of A-Z, 0-9, @, # and $", volser);
    return good;
}

static void read_field(const guint8 *label, char ret_volser[DASD_VOLSER_MAX + 1])
{
    for (guint i = 0; i < DASD_VOLSER_MAX; i++)
        ret_volser[i] = dasd_ebcdic_to_ascii(label[LABEL_OFS_VOLSER + i]);
    g_strchomp(ret_volser);
}

void dasd_label_read_volser(const DasdTrack *track, char ret_volser[DASD_VOLSER_MAX + 1])
{
    const guint8 *data;
    const DasdRecord *record;

    memset(ret_volser, 0, DASD_VOLSER_MAX + 1);
    if (track->n_records <= LABEL_RECORD)
        return;
    record = &track->records[LABEL_RECORD];
    data = dasd_track_data(track, record);
    if (record->number != LABEL_RECORD || record->dl < LABEL_OFS_VOLSER + DASD_VOLSER_MAX ||
        (memcmp(data, vol1, sizeof(vol1)) != 0 && memcmp(data, lnx1, sizeof(lnx1)) != 0))
        return;
    read_field(data, ret_volser);
}

void dasd_label_block_volser(const guint8 *data, char ret_volser[DASD_VOLSER_MAX + 1])
{
    gboolean has_key = memcmp(data, vol1, sizeof(vol1)) == 0 && memcmp(data + LABEL_KL, vol1, sizeof(vol1)) == 0;
    const guint8 *label = has_key ? data + LABEL_KL : data;

    memset(ret_volser, 0, DASD_VOLSER_MAX + 1);
    if (memcmp(label, vol1, sizeof(vol1)) == 0 || memcmp(label, lnx1, sizeof(lnx1)) == 0 ||
        memcmp(label, cms1, sizeof(cms1)) == 0)
        read_field(label, ret_volser);
}

/* Appends a record with this number. Returns the place of its key. */
static guint8 *add_record(DasdTrack *track, guint8 number, guint8 kl, guint16 dl)
{
    guint8 count[DASD_COUNT_SIZE];
    guint32 after = track->n_records - 1;

    memcpy(count, dasd_track_count(track, &track->records[0]), sizeof(count));
    count[DASD_COUNT_OFS_RECORD] = number;
    count[DASD_COUNT_OFS_KL] = kl;
    ccw_store_be16(count + DASD_COUNT_OFS_DL, dl);
    dasd_track_append(track, after, count);
    return dasd_track_key(track, &track->records[after + 1]);
}

/* IPL1 has a PSW of the disabled wait with code 0x0f, and a NOOP: a volume without a loader stops in a known state. */
static void make_track_0(DasdTrack *track, const char *volser)
{
    static const guint8 wait[] = { 0, 0x06, 0, 0, 0, 0, 0, 0x0f, 0x03, 0, 0, 0, 0, 0, 0, 0x01 };
    guint8 *key;

    key = add_record(track, 1, 4, 24);
    memcpy(key, ipl1, sizeof(ipl1));
    memcpy(key + 4, wait, sizeof(wait));
    key = add_record(track, 2, 4, 144);
    memcpy(key, ipl2, sizeof(ipl2));
    key = add_record(track, LABEL_RECORD, 4, LABEL_DL);
    memcpy(key, vol1, sizeof(vol1));
    memset(key + 4, 0x40, LABEL_DL);
    memcpy(key + 4, vol1, sizeof(vol1));
    dasd_ebcdic_store(key + 4 + LABEL_OFS_VOLSER, DASD_VOLSER_MAX, volser);
    memset(key + 4 + LABEL_OFS_VTOC - 1, 0, 6); /* security byte, then cylinder 0, ... */
    key[4 + LABEL_OFS_VTOC + 3] = 1;            /* ... head 1, */
    key[4 + LABEL_OFS_VTOC + 4] = 1;            /* record 1 */
}

/* As in the manual, offsets count from the key of the DSCB. */
static void make_format_4(guint8 *dscb, guint32 cylinders)
{
    guint16 dscbs = (guint16)(DASD_3390_CELLS / dasd_3390_record_cells(DSCB_KL, DSCB_DL));

    memset(dscb, 0x04, DSCB_KL);
    dscb[44] = 0xf4;
    ccw_store_be16(dscb + 50, (guint16)(dscbs - 2)); /* DSCBs not used */
    dscb[58] = 0x80;                                 /* no format-5 information: the system finds the free space anew */
    dscb[59] = 1;                                    /* extents of the VTOC */
    ccw_store_be16(dscb + 62, (guint16)cylinders);
    ccw_store_be16(dscb + 64, DASD_3390_HEADS);
    ccw_store_be16(dscb + 66, 58786); /* bytes of a track, overhead included */
    dscb[71] = 0x30;                  /* device flags */
    dscb[74] = (guint8)dscbs;         /* DSCBs on a track */
    dscb[75] = 45;                    /* directory blocks on a track */
    dscb[105] = 0x01;                 /* an extent in tracks: ... */
    dscb[110] = 1;                    /* ... cylinder 0, head 1 to ... */
    dscb[114] = 1;                    /* ... cylinder 0, head 1 */
}

static void make_track_1(DasdTrack *track, guint32 cylinders)
{
    guint8 *dscb = add_record(track, 1, DSCB_KL, DSCB_DL);

    make_format_4(dscb, cylinders);
    dscb = add_record(track, 2, DSCB_KL, DSCB_DL);
    memset(dscb, 0x05, 4);
    dscb[44] = 0xf5;
}

void dasd_label_make_track(DasdTrack *track, guint32 number, const char *volser, guint32 cylinders)
{
    dasd_track_make_empty(track, number);
    if (number == 0)
        make_track_0(track, volser);
    else
        make_track_1(track, cylinders);
}
