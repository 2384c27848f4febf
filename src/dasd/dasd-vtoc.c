/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Layouts: z/OS DFSMSdfp Advanced Services (SC23-6861), volume label and DSCBs; the same fields are in
 * arch/s390/include/uapi/asm/vtoc.h. As in the manual, offsets of a DSCB count from its key.
 */
#include "dasd/dasd-vtoc.h"

#include <string.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-ebcdic.h"
#include "dasd/dasd-file.h"
#include "dasd/dasd-track.h"
#include "util/cchh.h"

#define LABEL_RECORD 3
#define LABEL_OFS_VTOC 11 /* CC, HH, R of the format-4 DSCB */
#define LABEL_DL_MIN 16

#define VTOC_TRACKS_MAX 1500 /* a hostile label may give the VTOC the whole volume; other tracks are not read */

#define DSCB_KL 44
#define DSCB_SIZE 140
#define DSCB_OFS_FORMAT 44
#define DSCB_OFS_EXTENTS 105 /* of formats 1 and 8: three extents; of format 4: that of the VTOC */
#define DSCB_F1_EXTENTS 3
#define DSCB_F3_FIRST 4   /* format 3: four extents from here on, ... */
#define DSCB_F3_SECOND 45 /* ... and nine from here on */
#define DSCB_F3_SECOND_N 9
#define DSCB_F3_FIRST_N 4
#define EXTENT_SIZE 10
#define EXTENT_OFS_FIRST 2
#define EXTENT_OFS_LAST 6

#define FORMAT_1 0xf1
#define FORMAT_3 0xf3
#define FORMAT_4 0xf4
#define FORMAT_8 0xf8 /* as format 1, of a data set that may lie above cylinder 65520 */

static const guint8 vol1[] = { 0xe5, 0xd6, 0xd3, 0xf1 };
static const guint8 lnx1[] = { 0xd3, 0xd5, 0xe7, 0xf1 };

typedef struct {
    int fd;
    guint32 tracks; /* of the volume */
    GArray *extents;
    DasdTrack *track;
} Reader;

static gboolean read_track(Reader *reader, guint32 number)
{
    off_t offset = (off_t)dasd_track_file_offset(number);

    return dasd_file_read_at(reader->fd, reader->track->slot, DASD_3390_TRACK_SIZE, offset) &&
           dasd_track_parse(reader->track, number);
}

static guint32 read_track_number(const guint8 *cchh)
{
    return ccw_cchh_cylinder(cchh) * DASD_3390_HEADS + ccw_cchh_head(cchh);
}

static void add(Reader *reader, DasdExtentKind kind, guint32 first, guint32 last, const char *name)
{
    DasdExtent extent = { .kind = kind, .first = first, .last = MIN(last, reader->tracks - 1) };

    if (first > extent.last || reader->extents->len >= DASD_VTOC_EXTENTS_MAX)
        return;
    g_strlcpy(extent.name, name, sizeof(extent.name));
    g_array_append_val(reader->extents, extent);
}

/* An extent of type 0 is not used. */
static void add_extents(Reader *reader, DasdExtentKind kind, const guint8 *extents, guint n, const char *name)
{
    for (guint i = 0; i < n; i++) {
        const guint8 *extent = extents + i * EXTENT_SIZE;

        if (extent[0])
            add(reader, kind, read_track_number(extent + EXTENT_OFS_FIRST), read_track_number(extent + EXTENT_OFS_LAST),
                name);
    }
}

static void read_name(const guint8 *key, char ret_name[DASD_VTOC_NAME_MAX + 1])
{
    for (guint i = 0; i < DASD_VTOC_NAME_MAX; i++)
        ret_name[i] = key[i] == 0x4b ? '.' : key[i] == 0x60 ? '-' : dasd_ebcdic_to_ascii(key[i]);
    ret_name[DASD_VTOC_NAME_MAX] = '\0';
    g_strchomp(ret_name);
}

/* name: of the data set of the last format 1, which a format 3 continues */
static void read_dscb(Reader *reader, const guint8 *dscb, char name[DASD_VTOC_NAME_MAX + 1])
{
    guint8 format = dscb[DSCB_OFS_FORMAT];

    if (format == FORMAT_1 || format == FORMAT_8) {
        read_name(dscb, name);
        add_extents(reader, DASD_EXTENT_DATA_SET, dscb + DSCB_OFS_EXTENTS, DSCB_F1_EXTENTS, name);
    } else if (format == FORMAT_3) {
        add_extents(reader, DASD_EXTENT_DATA_SET, dscb + DSCB_F3_FIRST, DSCB_F3_FIRST_N, name);
        add_extents(reader, DASD_EXTENT_DATA_SET, dscb + DSCB_F3_SECOND, DSCB_F3_SECOND_N, name);
    }
}

/* Reads the DSCBs of the tracks of the VTOC. */
static void read_vtoc(Reader *reader, guint32 first, guint32 last)
{
    char name[DASD_VTOC_NAME_MAX + 1] = "";

    last = MIN(last, first + VTOC_TRACKS_MAX - 1);
    for (guint32 number = first; number <= last && reader->extents->len < DASD_VTOC_EXTENTS_MAX; number++) {
        if (!read_track(reader, number))
            continue;
        for (guint32 i = 1; i < reader->track->n_records; i++) {
            const DasdRecord *record = &reader->track->records[i];

            if (record->kl == DSCB_KL && DASD_COUNT_SIZE + DSCB_SIZE <= dasd_record_size(record))
                read_dscb(reader, dasd_track_key(reader->track, record), name);
        }
    }
}

/* Finds the format-4 DSCB, which is the first one of the VTOC and says where it ends. */
static void find_vtoc(Reader *reader, const guint8 *label)
{
    guint32 first = read_track_number(label + LABEL_OFS_VTOC);
    guint8 number = label[LABEL_OFS_VTOC + 4];
    guint32 end = first;

    if (first >= reader->tracks || !read_track(reader, first))
        return;
    for (guint32 i = 1; i < reader->track->n_records; i++) {
        const DasdRecord *record = &reader->track->records[i];
        const guint8 *dscb = dasd_track_key(reader->track, record);

        if (record->number == number && record->kl == DSCB_KL &&
            DASD_COUNT_SIZE + DSCB_SIZE <= dasd_record_size(record) && dscb[DSCB_OFS_FORMAT] == FORMAT_4)
            end = read_track_number(dscb + DSCB_OFS_EXTENTS + EXTENT_OFS_LAST);
    }
    end = CLAMP(end, first, reader->tracks - 1);
    add(reader, DASD_EXTENT_VTOC, first, end, "");
    read_vtoc(reader, first, end);
}

static gint compare_extents(gconstpointer a, gconstpointer b)
{
    const DasdExtent *one = a, *other = b;

    if (one->first != other->first)
        return one->first < other->first ? -1 : 1;
    return (one->kind > other->kind) - (one->kind < other->kind);
}

/* Returns the sorted extents without overlaps, and with the free ones between them. */
static GArray *fill_gaps(GArray *extents, guint32 tracks)
{
    GArray *all = g_array_new(FALSE, TRUE, sizeof(DasdExtent));
    guint32 next = 0;

    g_array_sort(extents, compare_extents);
    for (guint i = 0; i <= extents->len; i++) {
        DasdExtent extent = { .first = tracks, .last = tracks };

        if (i < extents->len)
            extent = g_array_index(extents, DasdExtent, i);
        if (extent.last < next)
            continue;
        extent.first = MAX(extent.first, next);
        if (extent.first > next) {
            DasdExtent gap = { .kind = DASD_EXTENT_FREE, .first = next, .last = extent.first - 1 };

            g_array_append_val(all, gap);
        }
        if (i < extents->len)
            g_array_append_val(all, extent);
        next = extent.last + 1;
    }
    return all;
}

/* LDL: the one partition begins on track 0, behind the boot records and the label. */
static void read_label(Reader *reader)
{
    const DasdRecord *record = &reader->track->records[LABEL_RECORD];
    const guint8 *data;

    if (reader->track->n_records <= LABEL_RECORD || record->dl < LABEL_DL_MIN)
        return;
    data = dasd_track_data(reader->track, record);
    if (memcmp(data, vol1, sizeof(vol1)) == 0) {
        guint8 label[LABEL_DL_MIN];

        memcpy(label, data, sizeof(label)); /* the track is read over */
        add(reader, DASD_EXTENT_LABEL, 0, 0, "");
        find_vtoc(reader, label);
    } else if (memcmp(data, lnx1, sizeof(lnx1)) == 0) {
        add(reader, DASD_EXTENT_DATA_SET, 0, reader->tracks - 1, "label and LDL partition");
    }
}

GArray *dasd_vtoc_read(int fd, const DasdImageInfo *info)
{
    g_autofree guint8 *slot = g_malloc(DASD_3390_TRACK_SIZE);
    g_autofree DasdTrack *track = g_new0(DasdTrack, 1);
    g_autoptr(GArray) extents = g_array_new(FALSE, TRUE, sizeof(DasdExtent));
    Reader reader = { .fd = fd, .tracks = info->cylinders * DASD_3390_HEADS, .extents = extents, .track = track };

    track->slot = slot;
    if (read_track(&reader, 0))
        read_label(&reader);
    return fill_gaps(extents, reader.tracks);
}
