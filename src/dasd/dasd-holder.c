/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the process that holds an OFD lock. The kernel reports the lock, but not its holder: F_OFD_GETLK and
 * /proc/locks give -1 as the process. /proc/PID/fdinfo lists the locks of each open file.
 */
#include "dasd/dasd-holder.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dasd/dasd-image-options.h"
#include "util/address.h"
#include "util/file.h"
#include "util/lab-protocol.h"

typedef struct {
    struct stat image;
    char *process; /* "/proc/812" */
    char *fd;      /* its name in /proc/812/fd */
} Holder;

static gboolean is_image(const Holder *holder, const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && ccw_file_is_same(&st, &holder->image);
}

static char *read_text(const char *process, const char *name, gsize *ret_length)
{
    g_autofree char *path = g_build_filename(process, name, NULL);
    char *text = NULL;

    return g_file_get_contents(path, &text, ret_length, NULL) ? text : NULL;
}

/* Returns TRUE if this descriptor of the process is the image, locked. */
static gboolean is_locked(const Holder *holder, const char *fd)
{
    g_autofree char *path = g_build_filename(holder->process, "fd", fd, NULL);
    g_autofree char *name = g_build_filename("fdinfo", fd, NULL);
    g_autofree char *info = is_image(holder, path) ? read_text(holder->process, name, NULL) : NULL;

    return info && strstr(info, "OFDLCK");
}

static gboolean find_fd(Holder *holder)
{
    g_autofree char *path = g_build_filename(holder->process, "fd", NULL);
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        if (!is_locked(holder, name))
            continue;
        g_free(holder->fd);
        holder->fd = g_strdup(name);
        return TRUE;
    }
    return FALSE;
}

/*
 * Finds the device in the environment of a QEMU that qemu-ccw started: "UUID=BUSID:FD[:ro][:sync][:snapshot=FD];...".
 */
static char *device_of_environment(const Holder *holder, const char *text)
{
    g_auto(GStrv) devices = NULL;

    if (!g_str_has_prefix(text, CCW_LAB_DEVICES_ENV "="))
        return NULL;
    devices = g_strsplit(text + strlen(CCW_LAB_DEVICES_ENV "="), ";", -1);
    for (gsize i = 0; devices[i]; i++) {
        const char *equals = strchr(devices[i], '=');
        g_auto(GStrv) parts = g_strsplit(equals ? equals + 1 : "", ":", -1);

        if (parts[0] && parts[1] && strcmp(parts[1], holder->fd) == 0)
            return g_strdup(parts[0]);
    }
    return NULL;
}

/*
 * Finds the device in an argument of --dasd of virt-ccw lab exec or qemu-ccw: "0.0.1234=IMAGE[,ro][,sync][,snapshot]".
 */
static char *device_of_argument(const Holder *holder, const char *text)
{
    const char *id_text = g_str_has_prefix(text, "--dasd=") ? text + strlen("--dasd=") : text;
    const char *equals = strchr(id_text, '=');
    g_autofree char *name = equals ? g_strndup(id_text, (gsize)(equals - id_text)) : NULL;
    g_autofree char *image = NULL, *folder = NULL, *path = NULL;
    DasdImageOptions options;
    CcwBusId id;

    if (!name || !ccw_bus_id_read(name, &id, NULL))
        return NULL;
    image = dasd_image_parse(equals + 1, &options);
    folder = g_build_filename(holder->process, "cwd", NULL);
    path = g_path_is_absolute(image) ? g_build_filename(holder->process, "root", image, NULL)
                                     : g_build_filename(folder, image, NULL);
    return is_image(holder, path) ? ccw_bus_id_to_string(&id) : NULL;
}

static char *find_device(const Holder *holder)
{
    static const struct {
        const char *name;
        char *(*device_of)(const Holder *holder, const char *text);
    } files[] = { { "environ", device_of_environment }, { "cmdline", device_of_argument } };

    for (gsize f = 0; f < G_N_ELEMENTS(files); f++) {
        gsize length = 0;
        g_autofree char *texts = read_text(holder->process, files[f].name, &length);

        for (gsize at = 0; texts && at < length; at += strlen(texts + at) + 1) {
            char *device = files[f].device_of(holder, texts + at);

            if (device)
                return device;
        }
    }
    return NULL;
}

static char *describe(const Holder *holder, const char *device)
{
    const char *pid = strrchr(holder->process, '/') + 1;
    g_autofree char *arguments = read_text(holder->process, "cmdline", NULL);
    g_autofree char *program = arguments && *arguments ? g_path_get_basename(arguments) : NULL;

    if (g_ascii_strtoull(pid, NULL, 10) == (guint64)getpid())
        return g_strdup_printf("this command itself%s%s", device ? ", as device " : "", device ? device : "");
    return g_strdup_printf("process %s (%s)%s%s", pid, program ? program : "its command is not known",
                           device ? ", as device " : "", device ? device : "");
}

/* Several processes often have an image open: the one that opened it, and those that got its descriptor. */
char *dasd_holder_describe(int fd)
{
    g_autoptr(GDir) dir = g_dir_open("/proc", 0, NULL);
    Holder holder = { 0 };
    g_autofree char *text = NULL;
    gboolean is_known = FALSE;
    const char *name;

    while (fstat(fd, &holder.image) == 0 && dir && !is_known && (name = g_dir_read_name(dir))) {
        g_autofree char *device = NULL;

        if (!g_ascii_isdigit(*name))
            continue;
        holder.process = g_build_filename("/proc", name, NULL);
        if (find_fd(&holder)) {
            device = find_device(&holder);
            is_known = device != NULL;
            if (is_known || !text) {
                g_free(text);
                text = describe(&holder, device);
            }
        }
        g_clear_pointer(&holder.process, g_free);
        g_clear_pointer(&holder.fd, g_free);
    }
    return text ? g_steal_pointer(&text) : g_strdup("another process");
}
