/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The environment as a source of devices, and the choice between it and the lab; see vfio-source.h. */
#include "vfio/vfio-source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "util/lab-protocol.h"
#include "vfio/vfio-log.h"

static struct {
    gboolean set;        /* the variable: then the lab is not asked */
    GPtrArray *devices;  /* of VfioSource, whose image_fd is the inherited one */
    GMutex lock;         /* of what follows */
    GHashTable *open_by; /* groups that are open */
} environment;

/* ":ro" and ":sync" behind the descriptor. */
static gboolean parse_flags(char *const *words, DasdDeviceConfig *config)
{
    for (; *words; words++) {
        if (strcmp(*words, "ro") == 0)
            config->read_only = TRUE;
        else if (strcmp(*words, "sync") == 0)
            config->sync = TRUE;
        else
            return FALSE;
    }
    return TRUE;
}

/* "UUID=BUSID:FD[:ro][:sync]" */
static gboolean parse_device(const char *text, VfioSource *source)
{
    g_auto(GStrv) halves = g_strsplit(text, "=", 2);
    g_auto(GStrv) parts = halves[0] && halves[1] ? g_strsplit(halves[1], ":", -1) : NULL;
    guint64 fd;

    if (!parts || g_strv_length(parts) < 2 || !g_uuid_string_is_valid(halves[0]))
        return FALSE;
    if (!ccw_bus_id_parse(parts[0], &source->device.bus_id, NULL) ||
        !g_ascii_string_to_unsigned(parts[1], 10, 0, G_MAXINT, &fd, NULL))
        return FALSE;
    if (!parse_flags(parts + 2, &source->device) || fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
        return FALSE;
    for (gsize i = 0; i < sizeof(source->uuid) - 1; i++)
        source->uuid[i] = g_ascii_tolower(halves[0][i]);
    source->device.chpid = VFIO_SOURCE_CHPID;
    source->image_fd = (int)fd;
    source->lab_fd = source->node_fd = -1;
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
            vfio_log("%s: '%s' is not UUID=BUSID:FD[:ro][:sync] with an open FD", CCW_LAB_DEVICES_ENV, texts[i]);
        source->group = environment.devices->len;
        /* A device that was not understood keeps its number, so that the others keep theirs. */
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

static int open_from_environment(guint group, VfioSource **ret_source)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&environment.lock);
    const VfioSource *device = vfio_source_nth(group);
    VfioSource *source;
    int fd;

    if (!device)
        return -ENOENT;
    if (g_hash_table_contains(environment.open_by, GUINT_TO_POINTER(group)))
        return -EBUSY;
    fd = fcntl(device->image_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    source = g_memdup2(device, sizeof(*device));
    source->image_fd = fd;
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
    if (source->node_fd >= 0)
        close(source->node_fd);
    if (source->lab_fd >= 0) {
        close(source->lab_fd);
    } else if (environment.set) {
        g_mutex_lock(&environment.lock);
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
