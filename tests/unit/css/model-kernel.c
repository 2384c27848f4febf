/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "model-kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "css/device.h"
#include "css/host-private.h"

#define STASH "stash" /* a folder beside sys, for what has left the tree for now */

/* A path below the tree's root. */
static char *at(Model *model, const char *format, ...) G_GNUC_PRINTF(2, 3);
static char *at(Model *model, const char *format, ...)
{
    g_autofree char *rest = NULL;
    va_list args;

    va_start(args, format);
    rest = g_strdup_vprintf(format, args);
    va_end(args);
    return g_build_filename(model->tree->root, rest, NULL);
}

static gboolean exists(const char *path)
{
    return g_file_test(path, G_FILE_TEST_EXISTS) || g_file_test(path, G_FILE_TEST_IS_SYMLINK);
}

static void set(Model *model, const char *path, const char *value)
{
    g_autofree char *text = g_strconcat(value, "\n", NULL);

    tree_write(model->tree, path, text);
}

static char *get(Model *model, const char *path)
{
    g_autofree char *full = at(model, "%s", path);
    char *text = NULL;

    g_file_get_contents(full, &text, NULL, NULL);
    return text ? g_strchomp(text) : NULL;
}

static void link_to(const char *path, const char *target)
{
    g_assert_cmpint(symlink(target, path), ==, 0);
}

static void move(const char *from, const char *to)
{
    g_autofree char *folder = g_path_get_dirname(to);

    g_mkdir_with_parents(folder, 0755);
    g_assert_cmpint(g_rename(from, to), ==, 0);
}

/* Moves the children that a ccw device has while it is online: block/ of a DASD, virtioN/ of a virtio device. */
static void move_children(Model *model, const char *device, gboolean online)
{
    g_autofree char *here = at(model, "sys/bus/ccw/devices/%s", device);
    g_autofree char *there = at(model, STASH "/%s.children", device);
    const char *from = online ? there : here;
    const char *to = online ? here : there;
    GDir *dir = g_dir_open(from, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        if (strcmp(name, "block") == 0 || g_str_has_prefix(name, "virtio")) {
            g_autofree char *source = g_build_filename(from, name, NULL);
            g_autofree char *target = g_build_filename(to, name, NULL);

            move(source, target);
        }
    }
    if (dir)
        g_dir_close(dir);
}

/* Attributes that a DASD's driver keeps only while it is online, and their values after that. */
static const struct {
    const char *name;
    const char *value;
} settings[] = { { "eer_enabled", "0" }, { "expires", "30" } };

static void forget_settings(Model *model, const char *device)
{
    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++) {
        g_autofree char *attr = g_strdup_printf("sys/bus/ccw/devices/%s/%s", device, settings[i].name);
        g_autofree char *now = get(model, attr);

        if (now)
            set(model, attr, settings[i].value);
    }
}

static int write_setting(Model *model, char **path, const char *value)
{
    g_autofree char *attr = g_strdup_printf("sys/bus/ccw/devices/%s/%s", path[3], path[4]);

    set(model, attr, value);
    return 0;
}

static gboolean is_open(int fd)
{
    return fd >= 0 && fcntl(fd, F_GETFD) >= 0;
}

static int write_online(Model *model, char **path, const char *value)
{
    g_autofree char *attr = g_strdup_printf("sys/bus/ccw/devices/%s/online", path[3]);
    g_autofree char *now = get(model, attr);

    if (strcmp(now, value) == 0)
        return EINVAL;
    *(strcmp(value, "0") == 0 ? &model->open_at_offline : &model->open_at_online) = is_open(model->disk);
    set(model, attr, value);
    forget_settings(model, path[3]);
    move_children(model, path[3], strcmp(value, "1") == 0);
    return 0;
}

static int write_override(Model *model, char **path, const char *value)
{
    g_autofree char *attr = g_strdup_printf("sys/bus/css/devices/%s/driver_override", path[3]);

    set(model, attr, strcmp(value, "\n") == 0 ? "(null)" : value);
    return 0;
}

/* The ccw device comes and goes with io_subchannel. It comes back offline, except that virtio sets itself online. */
static void move_device(Model *model, const char *subchannel, gboolean there)
{
    g_autofree char *busid_attr = g_strdup_printf("sys/bus/css/devices/%s/dev_busid", subchannel);
    g_autofree char *device = get(model, busid_attr);
    g_autofree char *here = at(model, "sys/devices/css0/%s/%s", subchannel, device);
    g_autofree char *stash = at(model, STASH "/%s", device);
    g_autofree char *link = at(model, "sys/bus/ccw/devices/%s", device);
    g_autofree char *target = g_strdup_printf("../../../devices/css0/%s/%s", subchannel, device);
    g_autofree char *driver_link = g_strconcat(there ? stash : here, "/driver", NULL);
    g_autofree char *driver = g_file_read_link(driver_link, NULL);
    g_autofree char *driver_name = g_path_get_basename(driver);
    g_autofree char *bound = at(model, "sys/bus/ccw/drivers/%s/%s", driver_name, device);
    g_autofree char *bound_to = g_strconcat("../", target, NULL);
    g_autofree char *online = g_strdup_printf("sys/bus/ccw/devices/%s/online", device);
    g_autofree char *was_online = NULL;

    if (!there) {
        was_online = get(model, online);
        if (strcmp(was_online, "1") == 0)
            move_children(model, device, FALSE);
        move(here, stash);
        remove(link);
        remove(bound);
        return;
    }
    move(stash, here);
    link_to(link, target);
    set(model, online, "0");
    if (strcmp(driver_name, "virtio_ccw") == 0) {
        link_to(bound, bound_to);
        set(model, online, "1");
        move_children(model, device, TRUE);
    }
}

static void remove_mdev(Model *model, const char *subchannel, const char *uuid)
{
    g_autofree char *dir = g_strdup_printf("sys/devices/css0/%s/%s", subchannel, uuid);
    g_autofree char *link = g_strdup_printf("sys/bus/mdev/devices/%s", uuid);
    g_autofree char *left =
        g_strdup_printf("sys/devices/css0/%s/mdev_supported_types/vfio_ccw-io/available_instances", subchannel);

    tree_remove(model->tree, dir);
    tree_remove(model->tree, link);
    set(model, left, "1");
}

static void move_vfio(Model *model, const char *subchannel, gboolean there)
{
    g_autofree char *types = g_strdup_printf("sys/devices/css0/%s/mdev_supported_types", subchannel);
    g_autofree char *type = g_strconcat(types, "/vfio_ccw-io/", NULL);
    g_autofree char *create = g_strconcat(type, "create", NULL);
    g_autofree char *left = g_strconcat(type, "available_instances", NULL);
    g_autofree char *bus = g_strdup_printf("sys/class/mdev_bus/%s", subchannel);
    CcwBusId id;

    if (there) {
        tree_write(model->tree, create, "");
        set(model, left, "1");
        set(model, bus, "");
        return;
    }
    g_assert_true(ccw_bus_id_parse(subchannel, &id, NULL));
    g_auto(GStrv) mdevs = css_subchannel_mdevs(model->host, &id);
    for (gsize i = 0; mdevs[i]; i++)
        remove_mdev(model, subchannel, mdevs[i]);
    tree_remove(model->tree, types);
    tree_remove(model->tree, bus);
}

static int write_unbind(Model *model, char **path, const char *value)
{
    g_autofree char *bound = at(model, "sys/bus/css/drivers/%s/%s", path[3], value);
    g_autofree char *driver = at(model, "sys/devices/css0/%s/driver", value);

    if (!exists(bound))
        return ENODEV;
    if (strcmp(path[3], "vfio_ccw") == 0)
        move_vfio(model, value, FALSE);
    else
        move_device(model, value, FALSE);
    remove(bound);
    remove(driver);
    return 0;
}

static int write_bind(Model *model, char **path, const char *value)
{
    g_autofree char *bound = at(model, "sys/bus/css/drivers/%s/%s", path[3], value);
    g_autofree char *bound_to = g_strdup_printf("../../../../devices/css0/%s", value);
    g_autofree char *dir = at(model, "sys/devices/css0/%s", value);
    g_autofree char *driver = g_build_filename(dir, "driver", NULL);
    g_autofree char *driver_to = g_strdup_printf("../../../bus/css/drivers/%s", path[3]);
    g_autofree char *override_attr = g_strdup_printf("sys/devices/css0/%s/driver_override", value);
    g_autofree char *override = get(model, override_attr);

    if (!exists(dir))
        return ENODEV;
    if (exists(driver))
        return EBUSY;
    if (strcmp(override, "(null)") != 0 && strcmp(override, path[3]) != 0)
        return ENODEV;
    link_to(bound, bound_to);
    link_to(driver, driver_to);
    if (strcmp(path[3], "vfio_ccw") == 0)
        move_vfio(model, value, TRUE);
    else
        move_device(model, value, TRUE);
    return 0;
}

static int write_create(Model *model, char **path, const char *value)
{
    g_autofree char *left =
        g_strdup_printf("sys/devices/css0/%s/mdev_supported_types/vfio_ccw-io/available_instances", path[3]);
    g_autofree char *now = get(model, left);
    g_autofree char *remove_attr = g_strdup_printf("sys/devices/css0/%s/%s/remove", path[3], value);
    g_autofree char *link = at(model, "sys/bus/mdev/devices/%s", value);
    g_autofree char *target = g_strdup_printf("../../../devices/css0/%s/%s", path[3], value);
    g_autofree char *group = at(model, "sys/devices/css0/%s/%s/iommu_group", path[3], value);

    if (!g_uuid_string_is_valid(value))
        return EINVAL;
    if (exists(link))
        return EEXIST;
    if (strcmp(now, "0") == 0)
        return EUSERS;
    tree_write(model->tree, remove_attr, "");
    link_to(group, "../../../../kernel/iommu_groups/0"); /* all devices share group 0: a test has one at a time */
    link_to(link, target);
    set(model, left, "0");
    return 0;
}

static int write_remove(Model *model, char **path, const char *value)
{
    if (strcmp(value, "1") != 0)
        return EINVAL;
    model->open_at_remove = is_open(model->group);
    remove_mdev(model, path[3], path[4]);
    return 0;
}

static const struct {
    const char *pattern; /* below sysfs */
    int (*write)(Model *model, char **path, const char *value);
} attributes[] = {
    { "bus/ccw/devices/*/online", write_online },
    { "bus/ccw/devices/*/eer_enabled", write_setting },
    { "bus/ccw/devices/*/expires", write_setting },
    { "bus/css/devices/*/driver_override", write_override },
    { "bus/css/drivers/*/unbind", write_unbind },
    { "bus/css/drivers/*/bind", write_bind },
    { "bus/css/devices/*/mdev_supported_types/vfio_ccw-io/create", write_create },
    { "bus/css/devices/*/*/remove", write_remove },
};

static int kernel_write(Model *model, const char *path, const char *below, const char *value)
{
    g_auto(GStrv) parts = g_strsplit(below, "/", -1);

    if (!exists(path))
        return ENOENT;
    for (gsize i = 0; i < G_N_ELEMENTS(attributes); i++)
        if (fnmatch(attributes[i].pattern, below, FNM_PATHNAME) == 0)
            return attributes[i].write(model, parts, value);
    g_error("a write to %s, which the model does not know", below);
}

static GMutex one_at_a_time; /* serialises the writes of several threads */

static int model_write(const char *path, const char *value, gpointer data)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&one_at_a_time);
    Model *model = data;
    const char *below = path + strlen(model->tree->sysfs) + 1;
    guint n = ++model->n_writes;
    int errnum;

    g_assert_true(g_str_has_prefix(path, model->tree->sysfs));
    if (n == model->crash_before)
        _exit(CRASH_EXIT);
    if (n == model->change_before)
        model->change(model);
    if (model->fail_at && n >= model->fail_at && n <= MAX(model->fail_at, model->fail_to))
        errnum = model->fail_errno;
    else
        errnum = kernel_write(model, path, below, value);
    g_string_append_printf(model->writes, "%s <- %s", below, strcmp(value, "\n") == 0 ? "\\n" : value);
    if (errnum)
        g_string_append_printf(model->writes, " (%s)", strerrorname_np(errnum));
    g_string_append_c(model->writes, '\n');
    if (n == model->change_after)
        model->change(model);
    if (n == model->crash_after)
        _exit(CRASH_EXIT);
    return errnum;
}

static gboolean model_load_module(const char *name, gpointer data, GError **error G_GNUC_UNUSED)
{
    Model *model = data;

    g_string_append_printf(model->modules, "%s\n", name);
    if (strcmp(name, "vfio_ccw") == 0) {
        tree_write(model->tree, "sys/bus/css/drivers/vfio_ccw/bind", "");
        tree_write(model->tree, "sys/bus/css/drivers/vfio_ccw/unbind", "");
        tree_write(model->tree, "sys/bus/mdev/drivers_probe", "");
    } else if (strcmp(name, "vfio_iommu_type1") == 0) {
        tree_write(model->tree, "sys/module/vfio_iommu_type1/parameters/disable_hugepages", "N\n");
    }
    g_autofree char *devices = at(model, "sys/bus/mdev/devices");
    g_autofree char *mdev_bus = at(model, "sys/class/mdev_bus");
    g_mkdir_with_parents(devices, 0755);
    g_mkdir_with_parents(mdev_bus, 0755);
    return TRUE;
}

static int model_open_node(const char *path, int flags, gpointer data)
{
    g_autoptr(GMutexLocker) locker G_GNUC_UNUSED = g_mutex_locker_new(&one_at_a_time);
    Model *model = data;
    int fd;

    if (flags & O_EXCL) {
        model->disk = open(model->tree->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return model->disk;
    }
    if (!strstr(path, "/vfio/")) {
        fd = open(path, flags | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
    }
    model->n_opens++;
    if (model->mdev_open)
        return -EBUSY;
    model->group = open(model->tree->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* any file that is no device */
    return model->group;
}

static const CssHostOps model_ops = { model_write, model_load_module, model_open_node };

Model *model_new(const char *recording)
{
    Model *model = g_new0(Model, 1);

    model->tree = tree_new(recording);
    model->host = tree_host(model->tree);
    model->group = model->disk = -1;
    model->host->ops = &model_ops;
    model->host->ops_data = model;
    model->host->kernel_timeout_ms = model->host->close_timeout_ms = 0;
    model->host->parallel = 1;
    model->writes = g_string_new(NULL);
    model->modules = g_string_new(NULL);
    return model;
}

void model_open_mdev(Model *model, const char *pid)
{
    tree_write(model->tree, "dev/vfio/0", ""); /* as in a lab, where the node is a regular file */
    tree_open(model->tree, pid, "qemu-system-s39\n", "dev/vfio/0");
    model->mdev_open = TRUE;
}

void model_close_mdev(Model *model, const char *pid)
{
    g_autofree char *process = g_strconcat("proc/", pid, NULL);

    tree_remove(model->tree, process);
    model->mdev_open = FALSE;
}

void model_reset(Model *model)
{
    g_string_truncate(model->writes, 0);
    model->n_writes = model->fail_at = model->fail_to = model->crash_before = model->crash_after = 0;
    model->change_before = model->change_after = 0;
}

void model_free(Model *model)
{
    if (!model)
        return;
    css_host_free(model->host);
    tree_free(model->tree);
    g_string_free(model->writes, TRUE);
    g_string_free(model->modules, TRUE);
    g_free(model);
}
