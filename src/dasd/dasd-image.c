/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads header, size and label of an image, and opens an image for a device. dasd-image-create.c creates images.
 */
#include "dasd/dasd-image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-ebcdic.h"
#include "dasd/dasd-file.h"
#include "dasd/dasd-label.h"
#include "dasd/dasd-lock.h"
#include "dasd/dasd-snapshot.h"
#include "dasd/dasd-track.h"
#include "util/endian.h"
#include "util/error.h"

#define CREATE_ONE "create a DASD image with 'virt-ccw dasd create'"
#define FROM_64_BIT "convert it with Hercules 4's 'dasdcopy64 -lfs -o CKD "
#define ONLY_CKD ", and only CKD volumes are supported"
#define OPTIONS "the options are ro, read-only, snapshot and sync"

static gboolean bad_image(GError **error, const char *name, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean bad_image(GError **error, const char *name, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, CCW_ERROR, CCW_ERROR_IMAGE, "%s %s", name, what);
    return FALSE;
}

/* Returns the device type whose low byte is in the header, or NULL if no model of Hercules has that byte. */
static const char *type_by_byte(guint8 byte)
{
    static const char *const types[] = {
        "2305", "2311", "2314", "3330", "3340", "3350", "3375", "3380", "3390", "9345"
    };

    for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
        if (g_ascii_strtoull(types[i] + 2, NULL, 16) == byte)
            return types[i];
    return NULL;
}

/* All CKD formats of Hercules have the same header after their first eight bytes. @what: "is an image", or similar */
static gboolean check_geometry(const guint8 *header, const char *name, const char *what, GError **error)
{
    guint32 heads = ccw_load_le32(header + DASD_CKD_OFS_HEADS);
    guint32 track_size = ccw_load_le32(header + DASD_CKD_OFS_TRACK_SIZE);
    guint8 byte = header[DASD_CKD_OFS_TYPE];
    const char *type = type_by_byte(byte);

    if (!type)
        return bad_image(error, name,
                         "%s with an unknown device type: byte %d is 0x%02x, that of a 3390 is 0x%02x; " CREATE_ONE,
                         what, DASD_CKD_OFS_TYPE, byte, DASD_3390_TYPE & 0xff);
    if (byte != (DASD_3390_TYPE & 0xff))
        return bad_image(error, name, "%s of device type %s, and only 3390 is supported: " CREATE_ONE, what, type);
    if (heads != DASD_3390_HEADS || track_size != DASD_3390_TRACK_SIZE)
        return bad_image(error, name,
                         "%s with a damaged header: %u heads, %u bytes a track (a 3390 has %u and %u); use a backup of "
                         "it",
                         what, heads, track_size, DASD_3390_HEADS, DASD_3390_TRACK_SIZE);
    return TRUE;
}

/* An image of another format. The advice of a CKD format is only for a 3390, because the copy is of the same type. */
typedef struct {
    const char *magic; /* the first bytes of the image */
    const char *what;
    const char *advice;
} Format;

static const Format formats[] = {
    { "CKD_C370", "is a compressed CKD image", "convert it with Hercules' 'dasdcopy -lfs -o CKD IMAGE NEW'" },
    { "CKD_S370", "is a shadow file of a compressed CKD image",
      "merge both with Hercules' 'dasdcopy -lfs -o CKD IMAGE sf=SHADOW NEW'" },
    { "CKD_P064", "is a CKD image in the 64-bit format of Hercules 4", FROM_64_BIT "IMAGE NEW'" },
    { "CKD_C064", "is a compressed CKD image in the 64-bit format of Hercules 4", FROM_64_BIT "IMAGE NEW'" },
    { "CKD_S064", "is a shadow file of a compressed CKD image in the 64-bit format of Hercules 4",
      FROM_64_BIT "IMAGE sf=SHADOW NEW'" },
    { "FBA_P370", "is an FBA image" ONLY_CKD, CREATE_ONE },
    { "FBA_C370", "is a compressed FBA image" ONLY_CKD, CREATE_ONE },
    { "FBA_S370", "is a shadow file of a compressed FBA image" ONLY_CKD, CREATE_ONE },
    { "FBA_P064", "is an FBA image in the 64-bit format of Hercules 4" ONLY_CKD, CREATE_ONE },
    { "FBA_C064", "is a compressed FBA image in the 64-bit format of Hercules 4" ONLY_CKD, CREATE_ONE },
    { "FBA_S064", "is a shadow file of a compressed FBA image in the 64-bit format of Hercules 4" ONLY_CKD,
      CREATE_ONE },
    { "QFI\xfb", "is a qcow2 image, not a DASD image", CREATE_ONE },
};

static gboolean unknown_format(const guint8 *header, const char *name, GError **error)
{
    g_autoptr(GString) bytes = g_string_new(NULL);

    for (guint i = 0; i < DASD_CKD_MAGIC_SIZE; i++)
        g_string_append_printf(bytes, "%s%02x", i ? " " : "", header[i]);
    return bad_image(error, name,
                     "is not a CKD image: it begins with the bytes %s, and a CKD image with '%s'; " CREATE_ONE,
                     bytes->str, DASD_CKD_MAGIC);
}

static gboolean check_magic(const guint8 *header, const char *name, GError **error)
{
    if (memcmp(header, DASD_CKD_MAGIC, DASD_CKD_MAGIC_SIZE) == 0)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        const Format *format = &formats[i];

        if (memcmp(header, format->magic, strlen(format->magic)) != 0)
            continue;
        if (g_str_has_prefix(format->magic, "CKD_") && !check_geometry(header, name, format->what, error))
            return FALSE;
        return bad_image(error, name, "%s: %s", format->what, format->advice);
    }
    return unknown_format(header, name, error);
}

/*
 * Hercules numbers the files of a volume. IBM's alcckd has 3 or 4 in that byte, and after it two counts of cylinders
 * (issue 486 of SDL-Hercules-390). A file of Hercules 4 has a serial number in digits there, which is no such count.
 */
static gboolean is_alcckd(const guint8 *header, guint64 cylinders)
{
    guint8 file = header[DASD_CKD_OFS_FILE_SEQ];

    if (file != 3 && file != 4)
        return FALSE;
    for (guint offset = DASD_CKD_OFS_HIGH_CYL; offset <= DASD_CKD_OFS_ALCCKD_COUNT; offset += 4) {
        guint32 count = ccw_load_le32(header + offset);

        if (count != cylinders && count + 1 != cylinders)
            return FALSE;
    }
    return TRUE;
}

/* Checks that the whole volume is in this file. */
static gboolean check_files(const guint8 *header, guint64 cylinders, const char *name, GError **error)
{
    guint8 file = header[DASD_CKD_OFS_FILE_SEQ];

    if (file <= 1 && ccw_load_le16(header + DASD_CKD_OFS_HIGH_CYL) == 0)
        return TRUE;
    if (is_alcckd(header, cylinders))
        return bad_image(
            error, name,
            "has the header of IBM's alcckd (byte %d is %u), which Hercules' tools reject, too: make a copy of it, and "
            "set bytes %d to %d of the copy to zero with 'dd if=/dev/zero of=COPY bs=1 seek=%d count=%d conv=notrunc'",
            DASD_CKD_OFS_FILE_SEQ, file, DASD_CKD_OFS_FILE_SEQ, DASD_CKD_OFS_ALCCKD_COUNT + 3, DASD_CKD_OFS_FILE_SEQ,
            DASD_CKD_OFS_ALCCKD_COUNT + 4 - DASD_CKD_OFS_FILE_SEQ);
    if (file > 1)
        return bad_image(error, name,
                         "is file %u of a volume of several files: give the first one to Hercules' 'dasdcopy -lfs -o "
                         "CKD FIRST NEW' to make it one file",
                         file);
    return bad_image(error, name,
                     "is the first of several files of a volume: make it one file with Hercules' 'dasdcopy -lfs -o CKD "
                     "IMAGE NEW'");
}

static gboolean check_header(const guint8 *header, guint64 size, const char *name, DasdImageInfo *info, GError **error)
{
    const guint64 cylinder = (guint64)DASD_3390_HEADS * DASD_3390_TRACK_SIZE;
    guint64 body = size - DASD_CKD_HEADER_SIZE;

    if (!check_geometry(header, name, "is a CKD image", error) || !check_files(header, body / cylinder, name, error))
        return FALSE;
    if (body == 0 || body % cylinder)
        return bad_image(
            error, name,
            "is truncated or damaged: %" G_GUINT64_FORMAT " bytes are not whole cylinders; use a backup of it", size);
    if (body / cylinder > DASD_IMAGE_CYLINDERS_MAX)
        return bad_image(error, name, "has %" G_GUINT64_FORMAT " cylinders; at most %u are supported: " CREATE_ONE,
                         body / cylinder, DASD_IMAGE_CYLINDERS_MAX);
    info->cylinders = (guint32)(body / cylinder);
    return TRUE;
}

static void name_model(DasdImageInfo *info)
{
    const DasdModel *model = dasd_model_by_cylinders(info->cylinders);

    gboolean is_model = model->cylinders <= info->cylinders && info->cylinders <= model->cylinders + model->alternates;

    info->name = is_model ? model->name : "3390";
    info->device_type = DASD_3390_TYPE;
    info->device_model = model->device_model;
    info->cu_type = DASD_3990_TYPE;
    info->cu_model = DASD_3990_MODEL;
    info->heads = DASD_3390_HEADS;
    info->track_size = DASD_3390_TRACK_SIZE;
}

/* An image with a damaged track 0 is valid: a guest may format the track anew. */
static gboolean read_label(int fd, const char *name, DasdImageInfo *info, GError **error)
{
    g_autofree guint8 *slot = g_malloc(DASD_3390_TRACK_SIZE);
    g_autofree DasdTrack *track = g_new0(DasdTrack, 1);

    if (!dasd_file_read_at(fd, slot, DASD_3390_TRACK_SIZE, DASD_CKD_HEADER_SIZE)) {
        ccw_error_set_errno(error, errno ? errno : EIO, "cannot read track 0 of %s", name);
        return FALSE;
    }
    track->slot = slot;
    if (dasd_track_parse(track, 0)) {
        info->formatted = track->n_records > 1;
        dasd_label_read_volser(track, info->volser);
    }
    return TRUE;
}

gboolean dasd_image_probe(int fd, const char *name, DasdImageInfo *ret_info, GError **error)
{
    guint8 header[DASD_CKD_HEADER_SIZE];
    DasdImageInfo info = { 0 };
    struct stat st;

    if (fstat(fd, &st) < 0) {
        ccw_error_set_errno(error, errno, "cannot get the status of %s", name);
        return FALSE;
    }
    if (!S_ISREG(st.st_mode))
        return bad_image(error, name, "is not a regular file: " CREATE_ONE);
    if (!dasd_file_read_at(fd, header, sizeof(header), 0)) {
        if (errno == 0)
            return bad_image(error, name, "is too short for a CKD image: " CREATE_ONE);
        ccw_error_set_errno(error, errno, "cannot read %s", name);
        return FALSE;
    }
    info.file_size = (guint64)st.st_size;
    info.allocated_size = (guint64)st.st_blocks * 512;
    if (!check_magic(header, name, error) || !check_header(header, info.file_size, name, &info, error))
        return FALSE;
    name_model(&info);
    if (!read_label(fd, name, &info, error))
        return FALSE;
    *ret_info = info;
    return TRUE;
}

int dasd_image_open_unlocked(const char *path, DasdImageInfo *ret_info, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        ccw_error_set_errno(error, errno, "cannot open %s", path);
    } else if (!dasd_image_probe(fd, path, ret_info, error)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void dasd_image_read_volser(int fd, int snapshot_fd, char ret_volser[DASD_VOLSER_MAX + 1])
{
    DasdImageInfo info = { 0 };

    if (dasd_image_probe(fd, "the image", &info, NULL) && snapshot_fd >= 0 &&
        dasd_snapshot_file_has(snapshot_fd, info.cylinders, 0)) {
        *info.volser = '\0';
        read_label(snapshot_fd, "the snapshot", &info, NULL);
    }
    g_strlcpy(ret_volser, info.volser, sizeof(info.volser));
}

/*
 * root can open a file for writing although its mode has no write permission. The owner means such a file to be
 * read-only.
 */
static gboolean is_mode_read_only(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && !(st.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH));
}

/* dasd_image_parse() takes an unknown option for a part of the name, and no such file exists. */
static void set_open_error(int errnum, const char *path, GError **error)
{
    const char *comma = errnum == ENOENT ? strrchr(path, ',') : NULL;

    if (comma)
        ccw_error_set_errno(error, errnum, "cannot open %s ('%s' is not an option: " OPTIONS ")", path, comma + 1);
    else
        ccw_error_set_errno(error, errnum, "cannot open %s%s", path,
                            errnum == ENOENT ? " ('virt-ccw dasd create' makes one)" : "");
}

/* A snapshot of a read-only DASD would be empty, and its writes do not survive the run, let alone a power cut. */
static gboolean check_options(const char *path, const DasdImageOptions *options, GError **error)
{
    if (!options->snapshot || (!options->read_only && !options->sync))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                "%s: snapshot and %s exclude each other: snapshot throws the guest's writes away, %s", path,
                options->read_only ? "ro" : "sync",
                options->read_only ? "and ro allows none" : "and sync makes them survive a power cut");
    return FALSE;
}

int dasd_image_open(const char *path, DasdImageOptions *options, DasdImageInfo *ret_info, GError **error)
{
    /* O_NONBLOCK: a FIFO must not block open(). dasd_image_probe() rejects it. */
    const int flags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    gboolean read_only = options->read_only || options->snapshot;
    int fd;

    if (!check_options(path, options, error))
        return -1;
    fd = open(path, (read_only ? O_RDONLY : O_RDWR) | flags);
    if (!read_only && (fd >= 0 ? is_mode_read_only(fd) : errno == EACCES || errno == EPERM || errno == EROFS)) {
        if (fd >= 0)
            close(fd);
        read_only = TRUE;
        fd = open(path, O_RDONLY | flags);
    }
    if (fd < 0) {
        set_open_error(errno, path, error);
        return -1;
    }
    if (!dasd_lock_take(fd, path, error) || !dasd_image_probe(fd, path, ret_info, error)) {
        close(fd);
        return -1;
    }
    options->read_only = read_only && !options->snapshot;
    return fd;
}
