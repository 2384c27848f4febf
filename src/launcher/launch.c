/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launcher/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "conf/uuid.h"
#include "dasd/dasd-image.h"
#include "dasd/dasd-snapshot.h"
#include "qemu/caps.h"
#include "qemu/dialect.h"
#include "util/emulator.h"
#include "util/error.h"
#include "util/lab-protocol.h"
#include "util/paths.h"

#define VFIO_LIBRARY "libvirt-ccw-vfio.so"

static void dasd_free(gpointer data)
{
    LauncherDasd *dasd = data;

    if (dasd->fd >= 0)
        close(dasd->fd);
    if (dasd->snapshot_fd >= 0)
        close(dasd->snapshot_fd);
    g_free(dasd->path);
    g_free(dasd);
}

Launcher *launcher_new(void)
{
    Launcher *launch = g_new0(Launcher, 1);

    launch->dasds = g_ptr_array_new_with_free_func(dasd_free);
    launch->argv = qemu_argv_new();
    launch->to_acquire = g_array_new(FALSE, FALSE, sizeof(CcwBusId));
    launch->monitor = (LauncherMonitor){ .listen_fd = -1, .alive_fd = -1 };
    launch->library_fd = -1;
    return launch;
}

void launcher_free(Launcher *launch)
{
    if (!launch)
        return;
    g_clear_pointer(&launch->argv, qemu_argv_free);
    g_clear_pointer(&launch->dasds, g_ptr_array_unref);
    g_clear_pointer(&launch->to_acquire, g_array_unref);
    g_free(launch->qmp);
    g_free(launch->snapshot_dir);
    if (launch->library_fd >= 0)
        close(launch->library_fd);
    g_free(launch);
}

void launcher_add_dasd(Launcher *launch, const CcwBusId *id, const char *path, const DasdImageOptions *options)
{
    LauncherDasd *dasd = g_new0(LauncherDasd, 1);

    *dasd = (LauncherDasd){ .id = *id, .path = g_strdup(path), .fd = -1, .snapshot_fd = -1, .options = *options };
    g_ptr_array_add(launch->dasds, dasd);
}

const LauncherDasd *launcher_find_dasd(const Launcher *launch, const CcwBusId *id)
{
    for (guint i = 0; i < launch->dasds->len; i++) {
        const LauncherDasd *dasd = g_ptr_array_index(launch->dasds, i);

        if (ccw_bus_id_equal(&dasd->id, id))
            return dasd;
    }
    return NULL;
}

static gboolean is_dasd(const CcwBusId *id, gconstpointer launch)
{
    return launcher_find_dasd(launch, id) != NULL;
}

/* The data of the callbacks that check a device of the host. */
typedef struct {
    const Launcher *launch;
    const char *sysfs_root;
} HostCheck;

/* Without LauncherDevices, a hostid needs an image, or a mediated device of the host with its UUID. */
static gboolean check_host(const CcwBusId *host, gconstpointer data, GError **error)
{
    const HostCheck *check = data;
    char text[CCW_BUS_ID_STR_LEN], uuid[CONF_UUID_STR_LEN];
    g_autofree char *mdev = g_build_filename(check->sysfs_root, "bus/mdev/devices", conf_uuid_encode(host, uuid), NULL);

    if (launcher_find_dasd(check->launch, host) || g_file_test(mdev, G_FILE_TEST_EXISTS))
        return TRUE;
    ccw_bus_id_format(host, text);
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                "hostid %s: there is no mediated device %s: give an image with --dasd %s=IMAGE, or detach the "
                "host's device by virsh nodedev-detach ccw_%x_%x_%04x, or run qemu-ccw as root and without "
                "-daemonize, which then acquires the device",
                text, mdev, text, host->cssid, host->ssid, host->devno);
    return FALSE;
}

/* Acquires a device of the host at its hot-plug. */
static gboolean check_hotplugged(const CcwBusId *host, gconstpointer data, GError **error)
{
    const Launcher *launch = ((const HostCheck *)data)->launch;

    if (!launch->devices || launcher_find_dasd(launch, host))
        return check_host(host, data, error);
    return launcher_devices_acquire(launch->devices, host, error);
}

static gboolean has_option(const QemuArgv *argv, const char *option)
{
    for (guint i = 0; i < argv->args->len; i++)
        if (qemu_arg_is(g_ptr_array_index(argv->args, i), option))
            return TRUE;
    return FALSE;
}

static gboolean check_hosts(Launcher *launch, const GArray *hosts, const LauncherSettings *settings, GError **error)
{
    const HostCheck check = { .launch = launch, .sysfs_root = settings->sysfs_root };
    /* qemu-ccw does not wait for the end of a QEMU in the background, so it could not release the devices. */
    LauncherDevices *devices = has_option(launch->argv, "daemonize") ? NULL : settings->devices;

    for (guint i = 0; i < hosts->len; i++) {
        const CcwBusId *host = &g_array_index(hosts, CcwBusId, i);

        if (!devices && !check_host(host, &check, error))
            return FALSE;
        if (devices && !launcher_find_dasd(launch, host))
            g_array_append_val(launch->to_acquire, *host);
    }
    launch->devices = launch->to_acquire->len > 0 || launch->qmp ? devices : NULL;
    return TRUE;
}

static gboolean start_monitor(Launcher *launch, ConfMapCss map_css, const char *sysfs_root, GError **error)
{
    const HostCheck check = { .launch = launch, .sysfs_root = sysfs_root };
    const QemuHotplug hotplug = { .map_css = map_css, .check = check_hotplugged, .data = &check };
    g_autofree char *chardev = NULL;

    if (!launch->qmp)
        return TRUE;
    if (!launcher_monitor_start(launch->qmp, &hotplug, &launch->monitor, error)) {
        g_prefix_error(error, "--qmp: ");
        return FALSE;
    }
    chardev = g_strdup_printf("socket,id=qemu-ccw-qmp,fd=%d,server=on,wait=off", launch->monitor.listen_fd);
    qemu_argv_add(launch->argv, "-chardev", chardev);
    qemu_argv_add(launch->argv, "-qmp", "chardev:qemu-ccw-qmp");
    return TRUE;
}

static gboolean open_images(Launcher *launch, GError **error)
{
    for (guint i = 0; i < launch->dasds->len; i++) {
        LauncherDasd *dasd = g_ptr_array_index(launch->dasds, i);
        DasdImageInfo info;

        dasd->fd = dasd_image_open(dasd->path, &dasd->options, &info, error);
        if (dasd->fd < 0)
            return FALSE;
        if (dasd->options.snapshot)
            dasd->snapshot_fd = dasd_snapshot_create(launch->snapshot_dir, info.cylinders, error);
        if (dasd->options.snapshot && dasd->snapshot_fd < 0)
            return FALSE;
    }
    return TRUE;
}

static gboolean find_program(Launcher *launch, GError **error)
{
    char *path = ccw_emulator_find(launch->argv->program, error);

    if (!path)
        return FALSE;
    g_free(launch->argv->program);
    launch->argv->program = path;
    return TRUE;
}

/* Returns: the value of LIBVIRT_CCW_DEVICES, in the order of --dasd. */
static char *format_devices(const Launcher *launch)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < launch->dasds->len; i++) {
        const LauncherDasd *dasd = g_ptr_array_index(launch->dasds, i);
        char bus_id[CCW_BUS_ID_STR_LEN], uuid[CONF_UUID_STR_LEN];

        g_string_append_printf(text, "%s%s=%s:%d%s%s", i > 0 ? ";" : "", conf_uuid_encode(&dasd->id, uuid),
                               ccw_bus_id_format(&dasd->id, bus_id), dasd->fd, dasd->options.read_only ? ":ro" : "",
                               dasd->options.sync ? ":sync" : "");
        if (dasd->snapshot_fd >= 0)
            g_string_append_printf(text, ":snapshot=%d", dasd->snapshot_fd);
    }
    return g_string_free(text, FALSE);
}

/*
 * Finds a name of the library for LD_PRELOAD. ld.so(8) separates names at blanks and colons, expands '$', and knows no
 * quotes, so a library with such a path gets the name of a descriptor that QEMU inherits.
 */
static char *find_library(Launcher *launch, GError **error)
{
    g_autofree char *path = ccw_paths_find(VFIO_LIBRARY, error);

    if (!path || !strpbrk(path, " :$"))
        return g_steal_pointer(&path);
    launch->library_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (launch->library_fd >= 0)
        return g_strdup_printf("/proc/self/fd/%d", launch->library_fd);
    ccw_error_set_errno(error, errno, "cannot open %s", path);
    return NULL;
}

static gboolean make_environment(Launcher *launch, char *const *envp, char ***ret_envp, GError **error)
{
    g_auto(GStrv) env = g_environ_unsetenv(g_strdupv((char **)envp), CCW_LAB_DEVICES_ENV);
    g_autofree char *library = NULL, *preload = NULL, *devices = NULL;
    const char *others = g_environ_getenv(env, "LD_PRELOAD");

    if (launch->dasds->len > 0) {
        library = find_library(launch, error);
        if (!library)
            return FALSE;
        devices = format_devices(launch);
        preload = others && *others ? g_strdup_printf("%s:%s", library, others) : g_strdup(library);
        env = g_environ_setenv(env, CCW_LAB_DEVICES_ENV, devices, TRUE);
        env = g_environ_setenv(env, "LD_PRELOAD", preload, TRUE);
    }
    *ret_envp = g_steal_pointer(&env);
    return TRUE;
}

/* Checks the emulator, and converts the command line to its dialect. Asks it only if the guest has channel devices. */
static gboolean adapt_argv(Launcher *launch, QemuArgv **stock, const GArray *hosts, const char *cache_dir,
                           GError **error)
{
    g_autoptr(QemuCaps) caps = NULL;
    g_autofree char *what = NULL;
    char text[CCW_BUS_ID_STR_LEN];

    if (hosts->len > 0 || launch->qmp) {
        caps = qemu_caps_get(launch->argv->program, cache_dir, error);
        what = hosts->len > 0
                   ? g_strconcat("hostid ", ccw_bus_id_format(&g_array_index(hosts, CcwBusId, 0), text), NULL)
                   : g_strdup("--qmp");
        if (!caps || !qemu_caps_check(caps, launch->argv->program, what, error))
            return FALSE;
    }
    if (launch->qmp && caps->dialect != QEMU_CAPS_STOCK) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "--qmp %s: emulator %s does not know the stock dialect: use QEMU's own -qmp", launch->qmp,
                    launch->argv->program);
        return FALSE;
    }
    if (caps && caps->dialect == QEMU_CAPS_SERIES) {
        if (launch->dasds->len == 0)
            return TRUE;
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "emulator %s has the series' own vfio-ccw, which --dasd cannot serve: name a stock one with --qemu",
                    launch->argv->program);
        return FALSE;
    }
    if (caps && caps->dialect == QEMU_CAPS_SQUASH_MCSS)
        qemu_dialect_stock_to_squash(*stock);
    g_free((*stock)->program);
    (*stock)->program = g_strdup(launch->argv->program);
    qemu_argv_free(launch->argv);
    launch->argv = g_steal_pointer(stock);
    return TRUE;
}

gboolean launcher_prepare(Launcher *launch, const LauncherSettings *settings, char *const *envp, char ***ret_envp,
                          char **ret_warning, GError **error)
{
    g_autoptr(QemuArgv) stock = qemu_argv_copy(launch->argv);
    g_autoptr(GArray) hosts = NULL;
    ConfMapCss map_css;

    if (!qemu_dialect_to_stock(stock, &hosts, &map_css, error) ||
        !qemu_dialect_check_iommufd(stock, is_dasd, launch, error) || !check_hosts(launch, hosts, settings, error) ||
        !find_program(launch, error) || !adapt_argv(launch, &stock, hosts, settings->cache_dir, error) ||
        !start_monitor(launch, map_css, settings->sysfs_root, error) || !open_images(launch, error) ||
        !make_environment(launch, envp, ret_envp, error))
        return FALSE;
    *ret_warning = map_css == CONF_MAP_CSS_OFF ? g_strdup(QEMU_DIALECT_OFF_WARNING) : NULL;
    return TRUE;
}

void launcher_close_monitor(Launcher *launch)
{
    if (launch->monitor.listen_fd >= 0) {
        close(launch->monitor.listen_fd);
        close(launch->monitor.alive_fd);
    }
    launch->monitor = (LauncherMonitor){ .listen_fd = -1, .alive_fd = -1 };
}

void launcher_exec(Launcher *launch, char **envp, GError **error)
{
    g_auto(GStrv) words = qemu_argv_to_words(launch->argv);

    for (guint i = 0; i < launch->dasds->len; i++) {
        const LauncherDasd *dasd = g_ptr_array_index(launch->dasds, i);

        if (fcntl(dasd->fd, F_SETFD, 0) < 0 || (dasd->snapshot_fd >= 0 && fcntl(dasd->snapshot_fd, F_SETFD, 0) < 0)) {
            ccw_error_set_errno(error, errno, "cannot pass %s to QEMU", dasd->path);
            return;
        }
    }
    if (launch->library_fd >= 0 && fcntl(launch->library_fd, F_SETFD, 0) < 0) {
        ccw_error_set_errno(error, errno, "cannot pass " VFIO_LIBRARY " to QEMU");
        return;
    }
    execve(launch->argv->program, words, envp);
    ccw_error_set_errno(error, errno, "cannot execute %s", launch->argv->program);
}
