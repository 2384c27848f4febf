/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launcher/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "conf/uuid.h"
#include "dasd/dasd-image.h"
#include "qemu/caps.h"
#include "qemu/dialect.h"
#include "util/emulator.h"
#include "util/error.h"
#include "util/lab-protocol.h"
#include "util/paths.h"

#define VFIO_LIBRARY "libvirt-ccw-vfio.so"

static void dasd_free(gpointer data)
{
    CcwLaunchDasd *dasd = data;

    if (dasd->fd >= 0)
        close(dasd->fd);
    g_free(dasd->path);
    g_free(dasd);
}

void ccw_launch_free(CcwLaunch *launch)
{
    if (!launch)
        return;
    g_clear_pointer(&launch->argv, ccw_argv_free);
    g_clear_pointer(&launch->dasds, g_ptr_array_unref);
    g_clear_pointer(&launch->taken, g_array_unref);
    g_free(launch->qmp);
    if (launch->library_fd >= 0)
        close(launch->library_fd);
    g_free(launch);
}

static const CcwLaunchDasd *find_dasd(const CcwLaunch *launch, const CcwBusId *id)
{
    for (guint i = 0; i < launch->dasds->len; i++) {
        const CcwLaunchDasd *dasd = g_ptr_array_index(launch->dasds, i);

        if (ccw_bus_id_equal(&dasd->id, id))
            return dasd;
    }
    return NULL;
}

static gboolean is_dasd(const CcwBusId *id, gconstpointer launch)
{
    return find_dasd(launch, id) != NULL;
}

static gboolean parse_dasd(CcwLaunch *launch, const char *value, GError **error)
{
    const char *equals = strchr(value, '=');
    g_autofree char *text = equals ? g_strndup(value, (gsize)(equals - value)) : NULL;
    DasdImageOptions options;
    g_autofree char *path = equals ? dasd_image_parse(equals + 1, &options) : NULL;
    CcwLaunchDasd *dasd;
    CcwBusId id;

    if (!path || !*path) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--dasd %s: give it as DEVICE=IMAGE[,ro][,sync], for example 0.0.1234=disk.ckd", value);
        return FALSE;
    }
    if (!ccw_bus_id_read(text, &id, error)) {
        g_prefix_error(error, "--dasd %s: ", value);
        return FALSE;
    }
    if (find_dasd(launch, &id)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "--dasd %s: device %s has an image already: %s", value, text,
                    find_dasd(launch, &id)->path);
        return FALSE;
    }
    dasd = g_new0(CcwLaunchDasd, 1);
    dasd->id = id;
    dasd->path = g_steal_pointer(&path);
    dasd->options = options;
    dasd->fd = -1;
    g_ptr_array_add(launch->dasds, dasd);
    return TRUE;
}

static gboolean parse_qemu(CcwLaunch *launch, const char *value, GError **error)
{
    if (launch->argv->program || !*value) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--qemu %s: give one program, and --qemu once",
                    value);
        return FALSE;
    }
    launch->argv->program = g_strdup(value);
    return TRUE;
}

static gboolean parse_qmp(CcwLaunch *launch, const char *value, GError **error)
{
    if (launch->qmp || !*value) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--qmp %s: give one path, and --qmp once", value);
        return FALSE;
    }
    launch->qmp = g_strdup(value);
    return TRUE;
}

static gboolean parse_help(CcwLaunch *launch, const char *value G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
    launch->help = TRUE;
    return TRUE;
}

static gboolean parse_version(CcwLaunch *launch, const char *value G_GNUC_UNUSED, GError **error G_GNUC_UNUSED)
{
    launch->version = TRUE;
    return TRUE;
}

static const struct {
    const char *name;
    gboolean has_value;
    gboolean (*parse)(CcwLaunch *launch, const char *value, GError **error);
} own_options[] = {
    { "--dasd", TRUE, parse_dasd },  { "--qemu", TRUE, parse_qemu },        { "--qmp", TRUE, parse_qmp },
    { "--help", FALSE, parse_help }, { "--version", FALSE, parse_version },
};

/* One of ours, "--dasd VALUE" or "--dasd=VALUE". Returns how many words it took; 0 on errors. */
static guint parse_own(CcwLaunch *launch, char *const *words, GError **error)
{
    gsize length = strcspn(words[0], "=");
    const char *value = words[0][length] ? words[0] + length + 1 : NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(own_options); i++) {
        guint used = 1;

        if (strlen(own_options[i].name) != length || strncmp(own_options[i].name, words[0], length) != 0)
            continue;
        if (own_options[i].has_value && !value) {
            value = words[1];
            used = 2;
        }
        if (own_options[i].has_value != (value != NULL)) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s %s", own_options[i].name,
                        value ? "takes no value" : "wants a value");
            return 0;
        }
        return own_options[i].parse(launch, value, error) ? used : 0;
    }
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                "there is no option '%s' (QEMU's own are written with one dash, or after --)", words[0]);
    return 0;
}

static gboolean is_emulator(const char *word)
{
    return word[0] == '/' && ccw_emulator_is_qemu(word) && g_file_test(word, G_FILE_TEST_IS_EXECUTABLE);
}

CcwLaunch *ccw_launch_parse(char *const *words, GError **error)
{
    g_autoptr(CcwLaunch) launch = g_new0(CcwLaunch, 1);
    gboolean all_qemu = FALSE;

    launch->dasds = g_ptr_array_new_with_free_func(dasd_free);
    launch->argv = ccw_argv_new();
    launch->taken = g_array_new(FALSE, FALSE, sizeof(CcwBusId));
    launch->monitor = (CcwMonitor){ .listen_fd = -1, .alive_fd = -1 };
    launch->library_fd = -1;
    while (*words) {
        guint used = 1;

        if (!all_qemu && strcmp(*words, "--") == 0)
            all_qemu = TRUE;
        else if (!all_qemu && g_str_has_prefix(*words, "--"))
            used = parse_own(launch, words, error);
        else if (launch->argv->args->len == 0 && !launch->argv->program && is_emulator(*words))
            launch->argv->program = g_strdup(*words);
        else
            used = ccw_argv_take(launch->argv, words);
        if (used == 0)
            return NULL;
        words += used;
    }
    return g_steal_pointer(&launch);
}

typedef struct {
    const CcwLaunch *launch;
    const char *sysfs_root;
} Hosts;

/* Without a lease, a hostid needs an image of ours, or the host's own mdev of its UUID. */
static gboolean check_host(const CcwBusId *host, gconstpointer data, GError **error)
{
    const Hosts *hosts = data;
    char text[CCW_BUS_ID_STR_LEN], uuid[CCW_UUID_STR_LEN];
    g_autofree char *mdev = g_build_filename(hosts->sysfs_root, "bus/mdev/devices", ccw_uuid_encode(host, uuid), NULL);

    if (find_dasd(hosts->launch, host) || g_file_test(mdev, G_FILE_TEST_EXISTS))
        return TRUE;
    ccw_bus_id_format(host, text);
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                "hostid %s: there is no mediated device %s: give an image with --dasd %s=IMAGE, or detach the "
                "host's device first: virsh nodedev-detach ccw_%x_%x_%04x, or have qemu-ccw do that: as root, and "
                "without -daemonize",
                text, mdev, text, host->cssid, host->ssid, host->devno);
    return FALSE;
}

/* What is plugged in later is taken when it is. */
static gboolean check_hotplugged(const CcwBusId *host, gconstpointer data, GError **error)
{
    const CcwLaunch *launch = ((const Hosts *)data)->launch;

    if (!launch->lease || find_dasd(launch, host))
        return check_host(host, data, error);
    return ccw_lease_take(launch->lease, host, error);
}

static gboolean has_option(const CcwArgv *argv, const char *option)
{
    for (guint i = 0; i < argv->args->len; i++)
        if (ccw_arg_is(g_ptr_array_index(argv->args, i), option))
            return TRUE;
    return FALSE;
}

static gboolean check_hosts(CcwLaunch *launch, const GArray *hosts, const CcwLaunchPlaces *places, GError **error)
{
    const Hosts known = { .launch = launch, .sysfs_root = places->sysfs_root };
    /* The caller does not wait for the end of a QEMU in the background. */
    CcwLease *lease = has_option(launch->argv, "daemonize") ? NULL : places->lease;

    for (guint i = 0; i < hosts->len; i++) {
        const CcwBusId *host = &g_array_index(hosts, CcwBusId, i);

        if (!lease && !check_host(host, &known, error))
            return FALSE;
        if (lease && !find_dasd(launch, host))
            g_array_append_val(launch->taken, *host);
    }
    launch->lease = launch->taken->len > 0 || launch->qmp ? lease : NULL;
    return TRUE;
}

static gboolean start_monitor(CcwLaunch *launch, CcwMapCss map_css, const char *sysfs_root, GError **error)
{
    const Hosts known = { .launch = launch, .sysfs_root = sysfs_root };
    const CcwHotplug hotplug = { .map_css = map_css, .check = check_hotplugged, .data = &known };
    g_autofree char *chardev = NULL;

    if (!launch->qmp)
        return TRUE;
    if (!ccw_monitor_start(launch->qmp, &hotplug, &launch->monitor, error)) {
        g_prefix_error(error, "--qmp: ");
        return FALSE;
    }
    chardev = g_strdup_printf("socket,id=qemu-ccw-qmp,fd=%d,server=on,wait=off", launch->monitor.listen_fd);
    ccw_argv_add(launch->argv, "-chardev", chardev);
    ccw_argv_add(launch->argv, "-qmp", "chardev:qemu-ccw-qmp");
    return TRUE;
}

static gboolean open_images(CcwLaunch *launch, GError **error)
{
    for (guint i = 0; i < launch->dasds->len; i++) {
        CcwLaunchDasd *dasd = g_ptr_array_index(launch->dasds, i);
        DasdImageInfo info;

        dasd->fd = dasd_image_open(dasd->path, &dasd->options, &info, error);
        if (dasd->fd < 0)
            return FALSE;
    }
    return TRUE;
}

static gboolean find_program(CcwLaunch *launch, GError **error)
{
    char *path = ccw_emulator_find(launch->argv->program, error);

    if (!path)
        return FALSE;
    g_free(launch->argv->program);
    launch->argv->program = path;
    return TRUE;
}

/* LIBVIRT_CCW_DEVICES, in the order of --dasd. */
static char *format_devices(const CcwLaunch *launch)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < launch->dasds->len; i++) {
        const CcwLaunchDasd *dasd = g_ptr_array_index(launch->dasds, i);
        char bus_id[CCW_BUS_ID_STR_LEN], uuid[CCW_UUID_STR_LEN];

        g_string_append_printf(text, "%s%s=%s:%d%s%s", i > 0 ? ";" : "", ccw_uuid_encode(&dasd->id, uuid),
                               ccw_bus_id_format(&dasd->id, bus_id), dasd->fd, dasd->options.read_only ? ":ro" : "",
                               dasd->options.sync ? ":sync" : "");
    }
    return g_string_free(text, FALSE);
}

/*
 * The library as LD_PRELOAD takes it: there ld.so(8) parts names at blanks and colons, replaces what follows a '$', and
 * quotes nothing. A library with such a name is given as a descriptor that QEMU inherits.
 */
static char *find_library(CcwLaunch *launch, GError **error)
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

static gboolean make_environment(CcwLaunch *launch, char *const *envp, char ***ret_envp, GError **error)
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

/* Can the emulator do it, and in which words does it want it? Only one that is to have channel devices is asked. */
static gboolean adapt(CcwLaunch *launch, CcwArgv **stock, const GArray *hosts, const char *cache_dir, GError **error)
{
    g_autoptr(CcwCaps) caps = NULL;
    g_autofree char *what = NULL;
    char text[CCW_BUS_ID_STR_LEN];

    if (hosts->len > 0 || launch->qmp) {
        caps = ccw_caps_get(launch->argv->program, cache_dir, error);
        what = hosts->len > 0
                   ? g_strconcat("hostid ", ccw_bus_id_format(&g_array_index(hosts, CcwBusId, 0), text), NULL)
                   : g_strdup("--qmp");
        if (!caps || !ccw_caps_check(caps, launch->argv->program, what, error))
            return FALSE;
    }
    if (launch->qmp && caps->dialect != CCW_CAPS_STOCK) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "--qmp %s: emulator %s speaks another dialect than stock: use QEMU's own -qmp", launch->qmp,
                    launch->argv->program);
        return FALSE;
    }
    if (caps && caps->dialect == CCW_CAPS_SERIES) {
        if (launch->dasds->len == 0)
            return TRUE;
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "emulator %s has the series' own vfio-ccw, which --dasd cannot serve: name a stock one with --qemu",
                    launch->argv->program);
        return FALSE;
    }
    if (caps && caps->dialect == CCW_CAPS_SQUASH_MCSS)
        ccw_dialect_stock_to_squash(*stock);
    g_free((*stock)->program);
    (*stock)->program = g_strdup(launch->argv->program);
    ccw_argv_free(launch->argv);
    launch->argv = g_steal_pointer(stock);
    return TRUE;
}

gboolean ccw_launch_prepare(CcwLaunch *launch, const CcwLaunchPlaces *places, char *const *envp, char ***ret_envp,
                            char **ret_warning, GError **error)
{
    g_autoptr(CcwArgv) stock = ccw_argv_copy(launch->argv);
    g_autoptr(GArray) hosts = NULL;
    CcwMapCss map_css;

    if (!ccw_dialect_to_stock(stock, &hosts, &map_css, error) ||
        !ccw_dialect_check_iommufd(stock, is_dasd, launch, error) || !check_hosts(launch, hosts, places, error) ||
        !find_program(launch, error) || !adapt(launch, &stock, hosts, places->cache_dir, error) ||
        !start_monitor(launch, map_css, places->sysfs_root, error) || !open_images(launch, error) ||
        !make_environment(launch, envp, ret_envp, error))
        return FALSE;
    *ret_warning = map_css == CCW_MAP_CSS_OFF ? g_strdup(CCW_DIALECT_OFF_WARNING) : NULL;
    return TRUE;
}

void ccw_launch_close_monitor(CcwLaunch *launch)
{
    if (launch->monitor.listen_fd >= 0) {
        close(launch->monitor.listen_fd);
        close(launch->monitor.alive_fd);
    }
    launch->monitor = (CcwMonitor){ .listen_fd = -1, .alive_fd = -1 };
}

void ccw_launch_exec(CcwLaunch *launch, char **envp, GError **error)
{
    g_auto(GStrv) words = ccw_argv_to_words(launch->argv);

    for (guint i = 0; i < launch->dasds->len; i++) {
        const CcwLaunchDasd *dasd = g_ptr_array_index(launch->dasds, i);

        if (fcntl(dasd->fd, F_SETFD, 0) < 0) {
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
