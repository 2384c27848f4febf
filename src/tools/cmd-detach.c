/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw detach, reattach and reset: do what virsh nodedev-detach, -reattach and -reset do, also by bus id, and on
 * hosts without virtccwd or libvirt. This file finds the devices and prints the results; node_device/node-operation.h
 * does the operations.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd-table.h"
#include "commands.h"
#include "conf/hostdev.h"
#include "conf/node-name.h"
#include "css/device.h"
#include "hook/status.h"
#include "hostdev/journal.h"
#include "hostdev/live-domains.h"
#include "hostdev/modules.h"
#include "node_device/node-operation.h"
#include "util/error.h"

#define DRIVER_IO "io_subchannel"

typedef struct {
    CcwBusId id;
    CssDevice *device; /* as it was found; NULL: there is no such device, but the journal has an entry for it */
} Target;

typedef struct {
    NodedevOperation operation;
    /* Returns: the line to print, with the next step. now: the device after the operation; NULL: it is gone */
    char *(*describe)(const Target *target, const CssDevice *now, gboolean by_virtccwd);
} Verb;

static char *describe_detached(const Target *target, const CssDevice *now G_GNUC_UNUSED, gboolean by_virtccwd)
{
    /* Without virtccwd, libvirt knows only the lowered form. */
    g_autofree char *hostdev = conf_hostdev_format(&target->id, !by_virtccwd);
    char buf[CCW_BUS_ID_STR_LEN];

    return g_strdup_printf("detached; %s gives it to a guest, and 'virt-ccw reattach %s' returns it to the host",
                           hostdev, ccw_bus_id_format(&target->id, buf));
}

static char *describe_reattached(const Target *target, const CssDevice *now, gboolean by_virtccwd G_GNUC_UNUSED)
{
    char buf[CCW_BUS_ID_STR_LEN];

    ccw_bus_id_format(&target->id, buf);
    if (!now)
        return g_strdup("removed from the journal; this machine no longer has it");
    if (now->owner || now->mdevs[0])
        return g_strdup("reattached, and acquired again by another process since");
    if (now->online == 1)
        return g_strdup_printf("reattached, and online%s%s", now->block ? " as " : "", now->block ? now->block : "");
    if (now->online == 0)
        return g_strdup_printf("reattached, and offline as it was; 'chzdev -e %s' sets it online", buf);
    if (now->driver && strcmp(now->driver, DRIVER_IO) == 0)
        return g_strdup("reattached, but the kernel does not recognise it yet; see lschp");
    return g_strdup_printf("released to %s, as it was found; 'virt-ccw reattach %s' again binds it to " DRIVER_IO,
                           now->driver ? now->driver : "no driver", buf);
}

static char *describe_reset(const Target *target G_GNUC_UNUSED, const CssDevice *now,
                            gboolean by_virtccwd G_GNUC_UNUSED)
{
    if (!now || now->online == 1)
        return g_strdup("reset");
    if (now->online == 0)
        return g_strdup("offline: nothing to reset");
    return g_strdup(now->driver ? "detached: each guest that opens it resets it"
                                : "it has no driver: nothing to reset");
}

static gboolean operate(const NodedevRun *run, const Verb *verb, const Target *target, GError **error)
{
    gboolean by_virtccwd;
    g_autoptr(CssDevice) now = NULL;
    g_autofree char *line = NULL;
    char buf[CCW_BUS_ID_STR_LEN];

    if (!nodedev_operate(run, verb->operation, &target->id, target->device, &by_virtccwd, error))
        return FALSE;
    now = css_host_lookup(run->host, &target->id, NULL);
    if (now)
        hostdev_owner_read(run->host, now);
    line = verb->describe(target, now, by_virtccwd);
    if (!cmd_is_quiet)
        printf("%s: %s\n", ccw_bus_id_format(&target->id, buf), line);
    return TRUE;
}

static void target_clear(gpointer data)
{
    css_device_free(((Target *)data)->device);
}

/* Finds all devices, so that an unknown name is an error before the first operation. */
static GArray *find_targets(CssHost *host, char **names, GError **error)
{
    g_autoptr(GArray) targets = g_array_new(FALSE, FALSE, sizeof(Target));

    g_array_set_clear_func(targets, target_clear);
    for (gsize i = 0; names[i]; i++) {
        Target target = { 0 };
        ConfNodeKind kind;

        if (!conf_device_name_parse(names[i], &kind, &target.id, error))
            return NULL;
        target.device = kind == CONF_NODE_CSS ? css_host_lookup_subchannel(host, &target.id, error)
                                              : css_host_lookup(host, &target.id, error);
        if (target.device)
            target.id = target.device->bus_id;
        else if (kind == CONF_NODE_CSS || !hostdev_has_entry(host, &target.id))
            return NULL;
        else
            g_clear_error(error);
        g_array_append_val(targets, target);
    }
    return g_steal_pointer(&targets);
}

static int operate_all(const NodedevRun *run, const Verb *verb, GArray *targets)
{
    int code = CMD_OK;

    for (guint i = 0; i < targets->len; i++) {
        GError *error = NULL;

        cmd_block_signals(); /* a signal ends the command between two devices */
        if (!operate(run, verb, &g_array_index(targets, Target, i), &error))
            code = cmd_fail(error);
        fflush(stdout);
        cmd_unblock_signals();
    }
    return code;
}

static char *uri;
static char *sysfs_root;
static char *run_dir;

static const GOptionEntry options[] = {
    { "connect", 'c', 0, G_OPTION_ARG_STRING, &uri, "Ask this libvirt [" NODEDEV_SYSTEM_URI "]", "URI" },
    { "sysfs-root", 0, 0, G_OPTION_ARG_FILENAME, &sysfs_root, "Take DIR for /sys", "DIR" },
    { "run-dir", 0, 0, G_OPTION_ARG_FILENAME, &run_dir, "The journal is in DIR, not in " CSS_HOST_RUN_DIR, "DIR" },
    G_OPTION_ENTRY_NULL,
};

static int run_verb(const Verb *verb, char **names)
{
    const char *sysfs = sysfs_root ? sysfs_root : CSS_HOST_SYSFS;
    const char *journal = run_dir ? run_dir : CSS_HOST_RUN_DIR;
    g_autoptr(CssHost) host = css_host_new(sysfs, "/proc", journal);
    g_autoptr(HostdevManager) manager = NULL;
    g_autoptr(GArray) targets = NULL;
    g_autofree char *missing = NULL; /* why there is no libvirt */
    GError *error = NULL;
    CssHost *used; /* the manager frees it */
    NodedevRun run = { .host = host, .is_system = strcmp(sysfs, CSS_HOST_SYSFS) == 0 };
    int code;

    hostdev_libvirt_prepare();
    targets = find_targets(host, names, &error);
    if (!targets || !nodedev_connect(uri, &run.conn, &missing, &error))
        return cmd_fail(error);
    if (missing)
        cmd_warning("cannot ask libvirt (%s): open files and the journal show which devices are in use", missing);
    used = css_host_new(sysfs, "/proc", journal);
    css_host_know_domains(used, &hook_status_domains, NULL);
    run.manager = manager = hostdev_manager_new(used);
    code = operate_all(&run, verb, targets);
    if (run.conn)
        virConnectClose(run.conn);
    return code;
}

static int run_checked(const Verb *verb, int argc, char **argv)
{
    if (argc < 2)
        return cmd_usage("a device is missing: 0.0.1234, 1234, ccw_0_0_1234 or css_0_0_0034");
    umask(077);
    if (!sysfs_root) /* a tree of files is no host to log about */
        cmd_log_changes();
    return run_verb(verb, argv + 1);
}

static int run_detach(int argc, char **argv)
{
    return run_checked(&(Verb){ NODEDEV_DETACH, describe_detached }, argc, argv);
}

static int run_reattach(int argc, char **argv)
{
    return run_checked(&(Verb){ NODEDEV_REATTACH, describe_reattached }, argc, argv);
}

static int run_reset(int argc, char **argv)
{
    return run_checked(&(Verb){ NODEDEV_RESET, describe_reset }, argc, argv);
}

const CmdCommand cmd_detach = {
    .name = "detach",
    .summary = "detach devices from the host for guests",
    .description = "Detaches channel devices from this host for guests: binds them to vfio_ccw, and makes their "
                   "mediated devices.",
    .arguments = "DEVICE...",
    .options = options,
    .func = run_detach,
};

const CmdCommand cmd_reattach = {
    .name = "reattach",
    .summary = "reattach devices to the host",
    .description = "Reattaches channel devices to their host drivers, and sets them online if they were.",
    .arguments = "DEVICE...",
    .options = options,
    .func = run_reattach,
};

const CmdCommand cmd_reset = {
    .name = "reset",
    .summary = "set devices offline and online again",
    .description = "Sets channel devices offline and online again.",
    .arguments = "DEVICE...",
    .options = options,
    .func = run_reset,
};
