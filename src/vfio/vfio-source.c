/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The environment as a source of devices, and the choice between it and the lab; see vfio-source.h. */
#include "vfio/vfio-source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dasd/dasd-lock.h"
#include "util/error.h"
#include "util/lab-protocol.h"
#include "vfio/vfio-log.h"

#define SNAPSHOT "snapshot="

static struct {
    gboolean set;        /* the variable is set, so this library does not ask the lab */
    GPtrArray *devices;  /* VfioSource; its image_fd is the inherited descriptor */
    GMutex lock;         /* protects open_by */
    GHashTable *open_by; /* groups that are open */
} environment;

/* Parses the number of a descriptor that this process has inherited, for itself alone. */
static gboolean parse_fd(const char *text, int *ret_fd)
{
    guint64 fd;

    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &fd, NULL) || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
        return FALSE;
    *ret_fd = (int)fd;
    return TRUE;
}

/* Parses ":ro", ":sync" and ":snapshot=FD" after the descriptor. */
static gboolean parse_flags(char *const *words, VfioSource *source)
{
    for (; *words; words++) {
        if (strcmp(*words, "ro") == 0)
            source->device.read_only = TRUE;
        else if (strcmp(*words, "sync") == 0)
            source->device.sync = TRUE;
        else if (!g_str_has_prefix(*words, SNAPSHOT) || !parse_fd(*words + strlen(SNAPSHOT), &source->snapshot_fd))
            return FALSE;
    }
    return TRUE;
}

/* Parses "UUID=BUSID:FD[:ro][:sync][:snapshot=FD]". */
static gboolean parse_device(const char *text, VfioSource *source)
{
    g_auto(GStrv) halves = g_strsplit(text, "=", 2);
    g_auto(GStrv) parts = halves[0] && halves[1] ? g_strsplit(halves[1], ":", -1) : NULL;

    if (!parts || g_strv_length(parts) < 2 || !g_uuid_string_is_valid(halves[0]))
        return FALSE;
    source->lab_fd = source->node_fd = source->snapshot_fd = -1;
    if (!ccw_bus_id_parse(parts[0], &source->device.bus_id, NULL) || !parse_fd(parts[1], &source->image_fd) ||
        !parse_flags(parts + 2, source))
        return FALSE;
    for (gsize i = 0; i < sizeof(source->uuid) - 1; i++)
        source->uuid[i] = g_ascii_tolower(halves[0][i]);
    source->device.chpid = VFIO_SOURCE_CHPID;
    return TRUE;
}

void vfio_source_set_environment(const char *value)
{
    g_auto(GStrv) texts = g_strsplit(value, ";", -1);

    environment.set = TRUE;
    environment.devices = g_ptr_array_new_with_free_func(g_free);
    environment.open_by = g_hash_table_new(NULL, NULL);
    for (guint i = 0; texts[i]; i++) {
        VfioSource *source;

        if (*texts[i] == '\0')
            continue;
        source = g_new0(VfioSource, 1);
        if (!parse_device(texts[i], source))
            vfio_log("%s: '%s' is not UUID=BUSID:FD[:ro][:sync][:snapshot=FD] with an open FD", CCW_LAB_DEVICES_ENV,
                     texts[i]);
        source->group = environment.devices->len;
        /* An invalid device keeps its number, so that the others keep theirs. */
        g_ptr_array_add(environment.devices, source);
    }
}

gboolean vfio_source_exists(void)
{
    return environment.set || access(CCW_LAB_SOCKET, F_OK) == 0;
}

gboolean vfio_source_is_lab(void)
{
    return !environment.set;
}

/*
 * The image is locked since qemu-ccw opened it, or free since this process has closed the device. Then another program
 * may have it now.
 */
static int lock_image(const VfioSource *source)
{
    g_autoptr(GError) error = NULL;

    if (dasd_lock_take(source->image_fd, NULL, &error))
        return 0;
    vfio_log("%s: %s", source->uuid, error->message);
    return g_error_matches(error, CCW_ERROR, CCW_ERROR_BUSY) ? -EBUSY : -EIO;
}

/* A snapshot needs an unchanged image until this process ends. */
static void unlock_image(const VfioSource *source)
{
    if (source->snapshot_fd < 0)
        dasd_lock_drop(source->image_fd);
}

int vfio_source_duplicate_fds(const VfioSource *source, int *ret_image_fd, int *ret_snapshot_fd)
{
    int image_fd = fcntl(source->image_fd, F_DUPFD_CLOEXEC, 0), snapshot_fd = -1;

    if (image_fd >= 0 && source->snapshot_fd >= 0)
        snapshot_fd = fcntl(source->snapshot_fd, F_DUPFD_CLOEXEC, 0);
    if (image_fd < 0 || (source->snapshot_fd >= 0 && snapshot_fd < 0)) {
        int errnum = errno;

        if (image_fd >= 0)
            close(image_fd);
        return -errnum;
    }
    *ret_image_fd = image_fd;
    *ret_snapshot_fd = snapshot_fd;
    return 0;
}

static int open_from_environment(guint group, VfioSource **ret_source)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&environment.lock);
    const VfioSource *device = vfio_source_nth(group);
    VfioSource *source;
    int result;

    if (!device)
        return -ENOENT;
    if (g_hash_table_contains(environment.open_by, GUINT_TO_POINTER(group)))
        return -EBUSY;
    source = g_memdup2(device, sizeof(*device));
    result = lock_image(device);
    if (result == 0 && (result = vfio_source_duplicate_fds(device, &source->image_fd, &source->snapshot_fd)) < 0)
        unlock_image(device);
    if (result < 0) {
        g_free(source);
        return result;
    }
    g_hash_table_add(environment.open_by, GUINT_TO_POINTER(group));
    *ret_source = source;
    return 0;
}

static int open_from_lab(guint group, int node_fd, VfioSource **ret_source)
{
    CcwLabToken token;
    int result;

    if (node_fd < 0)
        return -ENOENT;
    if (ioctl(node_fd, CCW_LAB_GET_TOKEN, &token) != 0)
        return -errno;
    result = vfio_source_connect(CCW_LAB_SOCKET, group, &token, ret_source);
    if (result < 0)
        return result;
    (*ret_source)->node_fd = fcntl(node_fd, F_DUPFD_CLOEXEC, 0);
    if ((*ret_source)->node_fd >= 0)
        return 0;
    result = -errno;
    g_clear_pointer(ret_source, vfio_source_free);
    return result;
}

int vfio_source_open(guint group, int node_fd, VfioSource **ret_source)
{
    return environment.set ? open_from_environment(group, ret_source) : open_from_lab(group, node_fd, ret_source);
}

void vfio_source_free(VfioSource *source)
{
    if (source->image_fd >= 0)
        close(source->image_fd);
    if (source->snapshot_fd >= 0)
        close(source->snapshot_fd);
    if (source->node_fd >= 0)
        close(source->node_fd);
    if (source->lab_fd >= 0) {
        close(source->lab_fd);
    } else if (environment.set) {
        g_mutex_lock(&environment.lock);
        unlock_image(g_ptr_array_index(environment.devices, source->group));
        g_hash_table_remove(environment.open_by, GUINT_TO_POINTER(source->group));
        g_mutex_unlock(&environment.lock);
    }
    g_free(source);
}

guint vfio_source_count(void)
{
    return environment.set ? environment.devices->len : 0;
}

const VfioSource *vfio_source_nth(guint group)
{
    const VfioSource *source;

    if (group >= vfio_source_count())
        return NULL;
    source = g_ptr_array_index(environment.devices, group);
    return source->uuid[0] ? source : NULL;
}
