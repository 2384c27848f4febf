/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw detach, reattach and reset: what virsh nodedev-detach and the like do, by bus id too, and also where there
 * is no virtccwd or no libvirt. This file finds the devices and says what became of them; node_device/node-operation.c
 * does it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "commands.h"
#include "conf/node-name.h"
#include "conf/uuid.h"
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
    CcwHostDevice *device; /* as it was found; NULL: it is not there, but the journal knows of it */
} Target;

typedef struct {
    CcwNodeOperation operation;
    const char *summary;
    char *(*say)(const Target *target, const CcwHostDevice *now, gboolean by_virtccwd);
} Verb;

/* --- the lines that are printed, each with what may come next --- */

static char *hostdev_of(const CcwBusId *id, gboolean by_virtccwd)
{
    g_autoptr(GString) xml = g_string_new("<hostdev mode='subsystem' type=");
    char uuid[CCW_UUID_STR_LEN];

    if (!by_virtccwd) { /* the lowered form is all that a stock libvirt takes */
        g_string_append_printf(xml, "'mdev' model='vfio-ccw'><source><address uuid='%s'/></source></hostdev>",
                               ccw_uuid_encode(id, uuid));
        return g_string_free(g_steal_pointer(&xml), FALSE);
    }
    g_string_append(xml, "'ccw'><source><address ");
    if (id->cssid || id->ssid)
        g_string_append_printf(xml, "cssid='0x%x' ssid='0x%x' ", id->cssid, id->ssid);
    g_string_append_printf(xml, "devno='0x%04x'/></source></hostdev>", id->devno);
    return g_string_free(g_steal_pointer(&xml), FALSE);
}

static char *say_detached(const Target *target, const CcwHostDevice *now G_GNUC_UNUSED, gboolean by_virtccwd)
{
    g_autofree char *hostdev = hostdev_of(&target->id, by_virtccwd);
    char buf[CCW_BUS_ID_STR_LEN];

    return g_strdup_printf("detached; %s gives it to a guest, 'virt-ccw reattach %s' back to the host", hostdev,
                           ccw_bus_id_format(&target->id, buf));
}

static char *say_reattached(const Target *target, const CcwHostDevice *now, gboolean by_virtccwd G_GNUC_UNUSED)
{
    char buf[CCW_BUS_ID_STR_LEN];

    ccw_bus_id_format(&target->id, buf);
    if (!now)
        return g_strdup("forgotten; it is not in this machine any more");
    if (now->owner || now->mdevs[0])
        return g_strdup("reattached, and taken again by another process since");
    if (now->online == 1)
        return g_strdup_printf("reattached, and online%s%s", now->block ? " as " : "", now->block ? now->block : "");
    if (now->online == 0)
        return g_strdup_printf("reattached, and offline as it was; 'chzdev -e %s' sets it online", buf);
    if (now->driver && strcmp(now->driver, DRIVER_IO) == 0)
        return g_strdup("reattached, but the kernel does not recognise it yet; see lschp");
    return g_strdup_printf("given back to %s, as it was found; 'virt-ccw reattach %s' once more gives it to " DRIVER_IO,
                           now->driver ? now->driver : "no driver", buf);
}

static char *say_reset(const Target *target G_GNUC_UNUSED, const CcwHostDevice *now, gboolean by_virtccwd G_GNUC_UNUSED)
{
    if (!now || now->online == 1)
        return g_strdup("reset");
    if (now->online == 0)
        return g_strdup("offline: nothing to reset");
    return g_strdup(now->driver ? "detached: each guest that opens it resets it"
                                : "no driver has it: nothing to reset");
}

static const Verb verbs[] = {
    { CCW_NODE_DETACH,
      "Takes channel devices from this host for vfio_ccw, with a mediated device each, for guests to use.",
      say_detached },
    { CCW_NODE_REATTACH, "Gives channel devices back to their host drivers, online if they were.", say_reattached },
    { CCW_NODE_RESET, "Sets channel devices offline and online again.", say_reset },
};

static gboolean do_one(const CcwNodeRun *run, const Verb *verb, const Target *target, GError **error)
{
    gboolean by_virtccwd;
    g_autoptr(CcwHostDevice) now = NULL;
    g_autofree char *line = NULL;
    char buf[CCW_BUS_ID_STR_LEN];

    if (!ccw_node_operate(run, verb->operation, &target->id, target->device, &by_virtccwd, error))
        return FALSE;
    now = ccw_host_lookup(run->host, &target->id, NULL);
    if (now)
        ccw_owner_read(run->host, now);
    line = verb->say(target, now, by_virtccwd);
    printf("%s: %s\n", ccw_bus_id_format(&target->id, buf), line);
    return TRUE;
}

/* --- the command line --- */

static void target_clear(gpointer data)
{
    ccw_host_device_free(((Target *)data)->device);
}

/* All of them are found before anything is done. */
static GArray *find_targets(CcwHost *host, char **names, GError **error)
{
    g_autoptr(GArray) targets = g_array_new(FALSE, FALSE, sizeof(Target));

    g_array_set_clear_func(targets, target_clear);
    for (gsize i = 0; names[i]; i++) {
        Target target = { 0 };
        CcwNodeKind kind;

        if (!ccw_device_name_parse(names[i], &kind, &target.id, error))
            return NULL;
        target.device = kind == CCW_NODE_CSS ? ccw_host_lookup_subchannel(host, &target.id, error)
                                             : ccw_host_lookup(host, &target.id, error);
        if (target.device)
            target.id = target.device->bus_id;
        else if (kind == CCW_NODE_CSS || !ccw_host_has_entry(host, &target.id))
            return NULL;
        else
            g_clear_error(error);
        g_array_append_val(targets, target);
    }
    return g_steal_pointer(&targets);
}

static int do_all(const CcwNodeRun *run, const Verb *verb, GArray *targets)
{
    int code = CMD_OK;

    for (guint i = 0; i < targets->len; i++) {
        GError *error = NULL;

        if (!do_one(run, verb, &g_array_index(targets, Target, i), &error))
            code = cmd_fail(error);
    }
    return code;
}

static int start(const Verb *verb, const char *uri, const char *sysfs_root, const char *run_dir, char **names)
{
    g_autoptr(CcwHost) host = ccw_host_new(sysfs_root, "/proc", run_dir);
    g_autoptr(CcwManager) manager = NULL;
    g_autoptr(GArray) targets = NULL;
    g_autofree char *missing = NULL; /* why there is no libvirt */
    GError *error = NULL;
    CcwHost *used; /* the manager's own */
    CcwNodeRun run = { .host = host, .is_system = strcmp(sysfs_root, CCW_HOST_SYSFS) == 0 };
    int code;

    ccw_libvirt_prepare();
    targets = find_targets(host, names, &error);
    if (!targets || !ccw_node_connect(uri, &run.conn, &missing, &error))
        return cmd_fail(error);
    if (missing)
        g_printerr("%s: warning: there is no libvirt to ask (%s); open files and the journal tell what is in use\n",
                   g_get_prgname(), missing);
    used = ccw_host_new(sysfs_root, "/proc", run_dir);
    ccw_host_know_domains(used, &ccw_status_domains, NULL);
    run.manager = manager = ccw_manager_new(used);
    code = do_all(&run, verb, targets);
    if (run.conn)
        virConnectClose(run.conn);
    return code;
}

static int by_hand(const Verb *verb, int argc, char **argv)
{
    g_autofree char *uri = NULL;
    g_autofree char *sysfs_root = NULL;
    g_autofree char *run_dir = NULL;
    const GOptionEntry entries[] = {
        { "connect", 'c', 0, G_OPTION_ARG_STRING, &uri, "Ask this libvirt [" CCW_NODE_SYSTEM_URI "]", "URI" },
        { "sysfs-root", 0, 0, G_OPTION_ARG_FILENAME, &sysfs_root, "Take DIR for /sys", "DIR" },
        { "run-dir", 0, 0, G_OPTION_ARG_FILENAME, &run_dir, "The journal is in DIR, not in " CCW_HOST_RUN_DIR, "DIR" },
        G_OPTION_ENTRY_NULL,
    };
    int rc = cmd_options("DEVICE...", verb->summary, entries, FALSE, &argc, &argv);

    if (rc >= 0)
        return rc;
    if (argc < 2)
        return cmd_usage("a device is missing: 0.0.1234, 1234, ccw_0_0_1234 or css_0_0_0034");
    umask(077);
    return start(verb, uri, sysfs_root ? sysfs_root : CCW_HOST_SYSFS, run_dir ? run_dir : CCW_HOST_RUN_DIR, argv + 1);
}

int cmd_detach(int argc, char **argv)
{
    return by_hand(&verbs[0], argc, argv);
}

int cmd_reattach(int argc, char **argv)
{
    return by_hand(&verbs[1], argc, argv);
}

int cmd_reset(int argc, char **argv)
{
    return by_hand(&verbs[2], argc, argv);
}
