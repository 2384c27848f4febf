/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an image is: header, size, label; and opening one for a device. Creating is in dasd-image-create.c.
 */
#include "dasd/dasd-image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-ebcdic.h"
#include "dasd/dasd-holder.h"
#include "dasd/dasd-label.h"
#include "dasd/dasd-track.h"
#include "util/endian.h"
#include "util/error.h"

#define CREATE_ONE "create a DASD image with 'virt-ccw dasd create'"
#define ONLY_P370 "copy it to the format CKD_P370 with Hercules 4"
#define OPTIONS "the options are ro, read-only and sync"

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

/* All of length bytes, or FALSE with errno (0 when the file ends before). */
static gboolean read_at(int fd, void *buffer, gsize length, off_t offset)
{
    for (gsize done = 0; done < length;) {
        ssize_t n = pread(fd, (guint8 *)buffer + done, length - done, offset + (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0)
                errno = 0;
            return FALSE;
        }
        done += (gsize)n;
    }
    return TRUE;
}

static gboolean check_magic(const guint8 *header, const char *name, GError **error)
{
    static const struct {
        const char *magic;
        const char *what;
    } others[] = {
        { "CKD_C370", "is a compressed CKD image: convert it with Hercules' 'dasdcopy -lfs -o CKD IMAGE NEW'" },
        { "CKD_S370", "is a shadow file of a compressed CKD image: merge both with Hercules' "
                      "'dasdcopy -lfs -o CKD IMAGE sf=SHADOW NEW'" },
        { "CKD_P064", "is a CKD image in the 64-bit format of Hercules 4: " ONLY_P370 },
        { "CKD_C064", "is a compressed CKD image in the 64-bit format of Hercules 4: " ONLY_P370 },
        { "CKD_S064", "is a shadow file of a compressed CKD image of Hercules 4: " ONLY_P370 },
        { "FBA_", "is an FBA image, and only CKD volumes are supported: " CREATE_ONE },
        { "QFI\xfb", "is a qcow2 image, not a DASD image: " CREATE_ONE },
    };

    if (memcmp(header, DASD_CKD_MAGIC, DASD_CKD_MAGIC_SIZE) == 0)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        if (memcmp(header, others[i].magic, strlen(others[i].magic)) == 0)
            return bad_image(error, name, "%s", others[i].what);
    return bad_image(error, name, "is not a CKD image, which begins with '%s': " CREATE_ONE, DASD_CKD_MAGIC);
}

/* The device type that a header keeps the low byte of; NULL if no model of Hercules has that byte. */
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

static gboolean check_type(const guint8 *header, const char *name, GError **error)
{
    guint8 byte = header[DASD_CKD_OFS_TYPE];
    const char *type = type_by_byte(byte);

    if (byte == (DASD_3390_TYPE & 0xff))
        return TRUE;
    if (!type)
        return bad_image(error, name,
                         "has an unknown device type: byte %d is 0x%02x, that of a 3390 is 0x%02x; " CREATE_ONE,
                         DASD_CKD_OFS_TYPE, byte, DASD_3390_TYPE & 0xff);
    return bad_image(error, name, "is of device type %s, and only 3390 is supported: " CREATE_ONE, type);
}

/*
 * Whether the whole volume is in this file. Hercules numbers the files of a volume; IBM's alcckd has 3 or 4 in that
 * byte and two counts of cylinders behind it (issue 486 of SDL-Hercules-390).
 */
static gboolean check_files(const guint8 *header, const char *name, GError **error)
{
    guint8 file = header[DASD_CKD_OFS_FILE_SEQ];

    if (file <= 1 && ccw_load_le16(header + DASD_CKD_OFS_HIGH_CYL) == 0)
        return TRUE;
    if ((file == 3 || file == 4) && ccw_load_le32(header + DASD_CKD_OFS_ALCCKD_COUNT))
        return bad_image(error, name,
                         "has the header of IBM's alcckd (byte %d is %u), which Hercules' tools refuse, too: copy the "
                         "volume to an image of 'virt-ccw dasd create' with a system that uses both",
                         DASD_CKD_OFS_FILE_SEQ, file);
    if (file > 1)
        return bad_image(error, name,
                         "is file %u of a volume of several files: give the first one to Hercules' 'dasdcopy -lfs -o "
                         "CKD' to make it one file",
                         file);
    return bad_image(
        error, name,
        "is the first of several files of a volume: make it one file with Hercules' 'dasdcopy -lfs -o CKD'");
}

static gboolean check_header(const guint8 *header, guint64 size, const char *name, DasdImageInfo *info, GError **error)
{
    guint32 heads = ccw_load_le32(header + DASD_CKD_OFS_HEADS);
    guint32 track_size = ccw_load_le32(header + DASD_CKD_OFS_TRACK_SIZE);
    const guint64 cylinder = (guint64)DASD_3390_HEADS * DASD_3390_TRACK_SIZE;
    guint64 body = size - DASD_CKD_HEADER_SIZE;

    if (!check_type(header, name, error))
        return FALSE;
    if (heads != DASD_3390_HEADS || track_size != DASD_3390_TRACK_SIZE)
        return bad_image(error, name,
                         "has a damaged header: %u heads, %u bytes a track (a 3390 has %u and %u); use a backup of it",
                         heads, track_size, DASD_3390_HEADS, DASD_3390_TRACK_SIZE);
    if (!check_files(header, name, error))
        return FALSE;
    if (body == 0 || body % cylinder)
        return bad_image(
            error, name,
            "is truncated or damaged: %" G_GUINT64_FORMAT " bytes are not whole cylinders; use a backup of it", size);
    if (body / cylinder > DASD_3390_CYLINDERS_MAX)
        return bad_image(error, name, "has %" G_GUINT64_FORMAT " cylinders; at most %u are supported", body / cylinder,
                         DASD_3390_CYLINDERS_MAX);
    info->cylinders = (guint32)(body / cylinder);
    return TRUE;
}

static void name_model(DasdImageInfo *info)
{
    const DasdModel *model = dasd_model_by_cylinders(info->cylinders);

    info->name = model->cylinders <= info->cylinders ? model->name : "3390";
    info->device_type = DASD_3390_TYPE;
    info->device_model = model->device_model;
    info->cu_type = DASD_3990_TYPE;
    info->cu_model = DASD_3990_MODEL;
    info->heads = DASD_3390_HEADS;
    info->track_size = DASD_3390_TRACK_SIZE;
}

/* A damaged track 0 is no damaged image: a guest may format it anew. */
static gboolean read_label(int fd, const char *name, DasdImageInfo *info, GError **error)
{
    g_autofree guint8 *slot = g_malloc(DASD_3390_TRACK_SIZE);
    g_autofree DasdTrack *track = g_new0(DasdTrack, 1);

    if (!read_at(fd, slot, DASD_3390_TRACK_SIZE, DASD_CKD_HEADER_SIZE)) {
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
        ccw_error_set_errno(error, errno, "cannot look at %s", name);
        return FALSE;
    }
    if (!S_ISREG(st.st_mode))
        return bad_image(error, name, "is not a regular file: " CREATE_ONE);
    if (!read_at(fd, header, sizeof(header), 0)) {
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

static void set_busy(int fd, const char *path, GError **error)
{
    g_autofree char *holder = dasd_holder_describe(fd);

    g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "%s is in use by %s", path, holder);
}

static gboolean lock_image(int fd, const char *path, gboolean read_only, GError **error)
{
    struct flock lock = { .l_type = (short)(read_only ? F_RDLCK : F_WRLCK), .l_whence = SEEK_SET };

    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return TRUE;
    if (errno == EAGAIN || errno == EACCES)
        set_busy(fd, path, error);
    else
        ccw_error_set_errno(error, errno, "cannot lock %s", path);
    return FALSE;
}

char *dasd_image_parse(const char *text, DasdImageOptions *ret_options)
{
    g_autofree char *path = g_strdup(text);
    char *comma;

    *ret_options = (DasdImageOptions){ FALSE, FALSE };
    while ((comma = strrchr(path, ',')) != NULL) {
        const char *word = comma + 1;
        gboolean end_of_name = *word == '\0';

        if (strcmp(word, "ro") == 0 || strcmp(word, "read-only") == 0)
            ret_options->read_only = TRUE;
        else if (strcmp(word, "sync") == 0)
            ret_options->sync = TRUE;
        else if (!end_of_name)
            break;
        *comma = '\0';
        if (end_of_name)
            break;
    }
    return g_steal_pointer(&path);
}

/* root opens a file for writing that nobody may write; to a person it is read-only all the same. */
static gboolean nobody_writes(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && !(st.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH));
}

/* A word behind a comma that is no option belongs to the name, so that there is no such file. */
static void set_open_error(int errnum, const char *path, GError **error)
{
    const char *comma = errnum == ENOENT ? strrchr(path, ',') : NULL;

    if (comma)
        ccw_error_set_errno(error, errnum, "cannot open %s ('%s' is not an option: " OPTIONS ")", path, comma + 1);
    else
        ccw_error_set_errno(error, errnum, "cannot open %s%s", path,
                            errnum == ENOENT ? " ('virt-ccw dasd create' makes one)" : "");
}

int dasd_image_open(const char *path, DasdImageOptions *options, DasdImageInfo *ret_info, GError **error)
{
    /* O_NONBLOCK: a FIFO must not hang the open; it is refused by the probe. */
    const int flags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    gboolean read_only = options->read_only;
    int fd = open(path, (read_only ? O_RDONLY : O_RDWR) | flags);

    if (!read_only && (fd >= 0 ? nobody_writes(fd) : errno == EACCES || errno == EPERM || errno == EROFS)) {
        if (fd >= 0)
            close(fd);
        read_only = TRUE;
        fd = open(path, O_RDONLY | flags);
    }
    if (fd < 0) {
        set_open_error(errno, path, error);
        return -1;
    }
    if (!lock_image(fd, path, read_only, error) || !dasd_image_probe(fd, path, ret_info, error)) {
        close(fd);
        return -1;
    }
    options->read_only = read_only;
    return fd;
}
