/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw detach, reattach and reset: what virsh nodedev-detach and the like do, by bus id too, and also where there
 * is no virtccwd or no libvirt. Where there is a virtccwd it is asked to do it, with all its checks; any other libvirt
 * is asked what its running domains have; on a host without libvirt the kernel and the journal decide.
 */
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "commands.h"
#include "conf/node-name.h"
#include "conf/uuid.h"
#include "css/device.h"
#include "css/wait.h"
#include "hook/status.h"
#include "hostdev/journal.h"
#include "hostdev/live-domains.h"
#include "hostdev/modules.h"
#include "node_device/node-detach.h"
#include "util/error.h"

#define DRIVER_IO "io_subchannel"
#define SYSTEM_URI "qemu:///system"
#define LISTED_MS 5000
#define LOOKS_MAX 3 /* at what the domains have, if attaches come in between */

typedef struct {
    CcwBusId id;
    CcwHostDevice *device; /* as it was found; NULL: it is not there, but the journal knows of it */
} Target;

typedef struct {
    virConnectPtr conn; /* NULL: there is no libvirt */
    CcwHost *host;
    CcwManager *manager;
    gboolean is_system; /* the host is this one, not a tree of files */
} Run;

typedef struct {
    CcwByHandFunc func;
    int (*ask)(virNodeDevicePtr node); /* virtccwd to do it */
    gboolean needs_modules;
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

static int ask_detach(virNodeDevicePtr node)
{
    return virNodeDeviceDetachFlags(node, "vfio_ccw", 0);
}

static const Verb verbs[] = {
    { ccw_host_detach_as_of, ask_detach, TRUE,
      "Takes channel devices from this host for vfio_ccw, with a mediated device each, for guests to use.",
      say_detached },
    { ccw_host_reattach_as_of, virNodeDeviceReAttach, FALSE,
      "Gives channel devices back to their host drivers, online if they were.", say_reattached },
    { ccw_host_reset_as_of, virNodeDeviceReset, FALSE, "Sets channel devices offline and online again.", say_reset },
};

/* --- libvirt --- */

static void set_libvirt_error(GError **error, const char *what)
{
    const char *message = virGetLastErrorMessage();

    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "%s%s", what, message ? message : "no reason is given");
}

/*
 * The one that virsh would ask, if it has guests of QEMU. FALSE: there is one, and it does not let us in. *ret_conn is
 * NULL on a host without libvirt.
 */
static gboolean connect_libvirt(const char *uri, virConnectPtr *ret_conn, GError **error)
{
    virConnectPtr conn = uri || geteuid() == 0 ? virConnectOpen(uri) : NULL;

    if (!uri && conn && g_strcmp0(virConnectGetType(conn), "QEMU") != 0) {
        virConnectClose(conn);
        conn = NULL;
    }
    if (!uri && !conn)
        conn = virConnectOpen(SYSTEM_URI);
    if (!conn && (uri || virGetLastErrorCode() != VIR_ERR_SYSTEM_ERROR)) {
        set_libvirt_error(error, "libvirt does not say what its guests have: ");
        return FALSE;
    }
    if (!conn)
        g_printerr("%s: warning: there is no libvirt to ask (%s); open files and the journal tell what is in use\n",
                   g_get_prgname(), virGetLastErrorMessage());
    *ret_conn = conn;
    return TRUE;
}

typedef struct {
    const Run *run;
    const CcwHostDevice *device;
    virNodeDevicePtr node;
} Listing;

/*
 * That of its subchannel is libvirt's own to list, also while the device is offline or detached; but not if it was put
 * into the machine after libvirt began. The device's is listed while it is online.
 */
static gboolean is_listed(gpointer data)
{
    Listing *listing = data;
    g_autofree char *css = ccw_node_name_format(CCW_NODE_CSS, &listing->device->subchannel);
    g_autofree char *ccw = ccw_node_name_format(CCW_NODE_CCW, &listing->device->bus_id);

    listing->node = virNodeDeviceLookupByName(listing->run->conn, css);
    if (!listing->node && virGetLastErrorCode() == VIR_ERR_NO_NODE_DEVICE)
        listing->node = virNodeDeviceLookupByName(listing->run->conn, ccw);
    return listing->node || virGetLastErrorCode() != VIR_ERR_NO_NODE_DEVICE;
}

/* What has just been put into the machine is listed a moment later. */
static virNodeDevicePtr find_node(const Run *run, const CcwHostDevice *device)
{
    Listing listing = { .run = run, .device = device };

    ccw_wait_until(is_listed, &listing, LISTED_MS);
    return listing.node;
}

typedef enum {
    ASKED_NONE,   /* there is no virtccwd */
    ASKED_ANYONE, /* not known yet: the answer tells stock libvirt from virtccwd */
    ASKED_VIRTCCWD,
} Asked;

/* libvirt reads which device is on a subchannel only when that is added, which may be before the kernel knows. */
static gboolean names_device(const char *css_xml, const CcwBusId *id)
{
    g_autofree char *devno = g_strdup_printf("<devno>0x%04x</devno>", id->devno);
    const char *address = strstr(css_xml, "<channel_dev_addr>");

    return address && strstr(address, devno);
}

/*
 * virtccwd alone shows the UUID that it wants from virt-install, of a device that the XML names. On another host the
 * subchannel may be another device's.
 */
static Asked who_shows(const Run *run, virNodeDevicePtr node, const CcwBusId *id)
{
    char *xml = virNodeDeviceGetXMLDesc(node, 0);
    char *uri = virConnectGetURI(run->conn);
    char uuid[CCW_UUID_STR_LEN];
    Asked asked = ASKED_NONE;

    if (xml && strstr(xml, ccw_uuid_encode_advertised(id, uuid)))
        asked = ASKED_VIRTCCWD;
    else if (xml && uri && strstr(uri, ":///") && !names_device(xml, id))
        asked = ASKED_ANYONE;
    free(uri);
    free(xml);
    return asked;
}

/* --- doing it --- */

/* NULL: do it here, without virtccwd. */
static virNodeDevicePtr find_asked(const Run *run, const Target *target, Asked *ret_asked)
{
    virNodeDevicePtr node = NULL;

    if (run->conn && run->is_system && target->device)
        node = find_node(run, target->device);
    *ret_asked = node ? who_shows(run, node, &target->id) : ASKED_NONE;
    if (*ret_asked != ASKED_NONE)
        return node;
    if (node)
        virNodeDeviceFree(node);
    return NULL;
}

/*
 * Stock libvirt does this with PCI devices only, some drivers of its not at all, and some versions look first whether
 * the host could give a PCI device to a guest; virtccwd has other numbers.
 */
static gboolean is_refused_by_stock(void)
{
    static const int numbers[] = { VIR_ERR_INVALID_ARG, VIR_ERR_NO_SUPPORT, VIR_ERR_ARGUMENT_UNSUPPORTED };

    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (virGetLastErrorCode() == numbers[i])
            return TRUE;
    return FALSE;
}

static gboolean do_here(const Run *run, const Verb *verb, const CcwBusId *id, GError **error)
{
    gboolean stale = TRUE;

    if (verb->needs_modules && !ccw_host_load_modules(run->host, error))
        return FALSE;
    for (guint looks = 0; looks < LOOKS_MAX && stale; looks++) {
        g_autoptr(CcwLive) live = run->conn ? ccw_look(run->conn, run->manager, error) : ccw_live_new(run->manager);

        if (!live || !ccw_manager_by_hand(run->manager, verb->func, id, live, &stale, error))
            return FALSE;
    }
    return TRUE;
}

typedef enum {
    ANSWER_NONE, /* there is no virtccwd, and nothing is done */
    ANSWER_DONE,
    ANSWER_REFUSED,
    ANSWER_NOT_LISTED, /* it was still when it was looked for, and is not yet again */
} Answer;

static Answer ask_once(const Run *run, const Verb *verb, const Target *target, GError **error)
{
    Asked asked;
    virNodeDevicePtr node = find_asked(run, target, &asked);
    Answer answer;

    if (!node)
        return ANSWER_NONE;
    if (verb->ask(node) == 0) {
        answer = ANSWER_DONE;
    } else if (asked == ASKED_ANYONE && is_refused_by_stock()) {
        answer = ANSWER_NONE;
    } else {
        answer = virGetLastErrorCode() == VIR_ERR_NO_NODE_DEVICE ? ANSWER_NOT_LISTED : ANSWER_REFUSED;
        set_libvirt_error(error, "");
    }
    virNodeDeviceFree(node);
    return answer;
}

static Answer ask_virtccwd(const Run *run, const Verb *verb, const Target *target, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    Answer answer = ANSWER_NOT_LISTED;

    for (guint tries = 0; tries < LOOKS_MAX && answer == ANSWER_NOT_LISTED; tries++) {
        g_clear_error(&refusal);
        answer = ask_once(run, verb, target, &refusal);
    }
    if (refusal)
        g_propagate_error(error, g_steal_pointer(&refusal));
    return answer;
}

static gboolean do_one(const Run *run, const Verb *verb, const Target *target, GError **error)
{
    Answer answer = ask_virtccwd(run, verb, target, error);
    gboolean by_virtccwd = answer == ANSWER_DONE;
    g_autoptr(CcwHostDevice) now = NULL;
    g_autofree char *line = NULL;
    char buf[CCW_BUS_ID_STR_LEN];

    if (!by_virtccwd && (answer != ANSWER_NONE || !do_here(run, verb, &target->id, error)))
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

static int do_all(const Run *run, const Verb *verb, GArray *targets)
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
    GError *error = NULL;
    CcwHost *used; /* the manager's own */
    Run run = { .host = host, .is_system = strcmp(sysfs_root, CCW_HOST_SYSFS) == 0 };
    int code;

    ccw_libvirt_prepare();
    targets = find_targets(host, names, &error);
    if (!targets || !connect_libvirt(uri, &run.conn, &error))
        return cmd_fail(error);
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
        { "connect", 'c', 0, G_OPTION_ARG_STRING, &uri, "Ask this libvirt [" SYSTEM_URI "]", "URI" },
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
