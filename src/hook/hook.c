/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hook/hook.h"

#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/find.h"
#include "conf/xml.h"
#include "hook/hook-log.h"
#include "hook/status.h"
#include "hostdev/claim.h"
#include "hostdev/modules.h"
#include "hostdev/owner-log.h"
#include "hostdev/process.h"
#include "hostdev/reconcile.h"
#include "hostdev/release.h"
#include "hostdev/unmanaged.h"
#include "util/error.h"
#include "util/file.h"

typedef struct {
    CssHost *host;
    const char *status_dir;
    const char *guest;
    const char *xml;
    const char *uuid;
    gint64 clock; /* css_host_clock() after libvirt has written the XML */
} Hook;

char *hook_domain_uuid(const char *xml)
{
    g_autoptr(ConfXml) document = conf_xml_open_long(xml, HOOK_XML_MAX, NULL);
    const ConfXmlElement *root = document ? conf_xml_root(document) : NULL;
    const ConfXmlElement *element = root && conf_xml_is(root, "domain") ? conf_xml_child(root, "uuid") : NULL;
    g_autofree char *uuid = element ? g_strstrip(conf_xml_content(element)) : NULL;

    return uuid && g_uuid_string_is_valid(uuid) ? g_ascii_strdown(uuid, -1) : NULL;
}

/* Collects the guest's ccw hostdevs. XML that cannot be read must not stop a guest without ccw hostdevs. */
static GArray *collect(const Hook *hook, GError **error)
{
    g_autoptr(GError) xml_error = NULL;
    GArray *hostdevs = conf_collect(hook->xml, NULL, &xml_error);

    if (!hostdevs && !conf_may_have_hostdev(hook->xml))
        return g_array_new(FALSE, FALSE, sizeof(ConfHostdev));
    if (!hostdevs)
        g_propagate_error(error, g_steal_pointer(&xml_error));
    return hostdevs;
}

static GArray *ids_of(GArray *hostdevs, gboolean managed)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(CcwBusId));

    for (guint i = 0; i < hostdevs->len; i++)
        if (g_array_index(hostdevs, ConfHostdev, i).managed == managed)
            g_array_append_val(ids, g_array_index(hostdevs, ConfHostdev, i).source);
    return ids;
}

/*
 * Identifies libvirtd, the parent process. If libvirtd is killed, its hooks become children of process 1, which would
 * keep a claim alive for ever. In a container process 1 may be a libvirt daemon: then it has the name of one.
 */
static char *identify_libvirtd(const Hook *hook)
{
    pid_t parent = getppid();
    g_autofree char *comm = parent == 1 ? ccw_attr_read("/proc/1/comm", NULL) : NULL;

    if (parent == 1 && (!comm || (strcmp(comm, "libvirtd") != 0 && strcmp(comm, "virtqemud") != 0)))
        return NULL;
    return hostdev_process_identify(hook->host, parent);
}

/* Checks the unmanaged devices: libvirt would give a guest the mdev that the start of another guest has just made. */
static gboolean check_unmanaged(const Hook *hook, GArray *hostdevs, GError **error)
{
    g_autoptr(GArray) ids = ids_of(hostdevs, FALSE);

    for (guint i = 0; i < ids->len; i++)
        if (!hostdev_use_unmanaged(hook->host, &g_array_index(ids, CcwBusId, i), error))
            return FALSE;
    return TRUE;
}

/* ids: of managed devices */
static gboolean claim_managed(const Hook *hook, const GArray *ids, GError **error)
{
    g_autofree char *token = identify_libvirtd(hook);

    if (ids->len == 0)
        return TRUE;
    if (hook->uuid)
        return hostdev_load_modules(hook->host, error) &&
               hostdev_claim_all(hook->host, &g_array_index(ids, CcwBusId, 0), ids->len, hook->uuid, token, error);
    g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "the XML of guest '%s' has no domain UUID", hook->guest);
    return FALSE;
}

/*
 * Releases orphaned devices among devices, or all (NULL). Without virtccwd, only the hook releases the devices that a
 * killed hook or a killed libvirtd has left. A device that cannot be released stays in the journal, and the next claim
 * of it reports why.
 */
static void release_orphans(const Hook *hook, GArray *devices)
{
    HostdevReconcile request = { .as_of = css_host_clock(), .report = hostdev_log_reconciled };
    g_autoptr(GHashTable) running = hook_status_running(hook->status_dir, "/proc", NULL);

    request.running = running;
    if (running && !devices)
        hostdev_reconcile(hook->host, &request, NULL);
    for (guint i = 0; running && devices && i < devices->len; i++) {
        request.only_device = &g_array_index(devices, ConfHostdev, i).source;
        hostdev_reconcile(hook->host, &request, NULL);
    }
}

static gboolean prepare(const Hook *hook, GError **error)
{
    GError *local = NULL;
    g_autoptr(GArray) hostdevs = collect(hook, &local);
    g_autoptr(GArray) ids = hostdevs ? ids_of(hostdevs, TRUE) : NULL;

    if (hostdevs && hostdevs->len == 0)
        return TRUE;
    if (hostdevs)
        release_orphans(hook, hostdevs);
    if (hostdevs && check_unmanaged(hook, hostdevs, &local))
        claim_managed(hook, ids, &local);
    hook_log_start(hook->guest, hook->uuid, ids, local);
    if (!local)
        return TRUE;
    g_propagate_error(error, local);
    return FALSE;
}

static gboolean started(const Hook *hook, GError **error)
{
    return !hook->uuid || hostdev_confirm_domain(hook->host, hook->uuid, error);
}

/*
 * Releases the devices that the journal has for the domain: the XML does not show a device that was plugged or
 * unplugged since the start. libvirt does not start the domain again while its hook runs; but if libvirtd was killed,
 * the next one may have started the domain before this hook gets here.
 */
static gboolean release(const Hook *hook, GError **error)
{
    g_autoptr(GArray) owned = hook->uuid ? hostdev_log_owned(hook->host, hook->uuid) : NULL;
    gboolean released = !hook->uuid || hostdev_release_ended(hook->host, hook->uuid,
                                                             hostdev_process_began(hook->host, getpid()), error);

    if (owned)
        hostdev_log_released(hook->host, owned, hook->uuid, hook->guest);
    release_orphans(hook, NULL);
    return released;
}

/* libvirtd has restarted: compares the journal with the guest's live XML. */
static gboolean reconnect(const Hook *hook, GError **error)
{
    g_autoptr(GHashTable) live = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) devices = g_hash_table_new(ccw_bus_id_hash, ccw_bus_id_equal);
    g_autoptr(GArray) all = NULL;

    if (!hook->uuid)
        return TRUE;
    all = collect(hook, error);
    if (!all)
        return FALSE;
    for (guint i = 0; i < all->len; i++)
        g_hash_table_add(devices, &g_array_index(all, ConfHostdev, i).source);
    g_hash_table_insert(live, (gpointer)hook->uuid, devices);
    return hostdev_reconcile(
        hook->host,
        &(HostdevReconcile){
            .live = live, .as_of = hook->clock, .only_domain = hook->uuid, .report = hostdev_log_reconciled },
        error);
}

static const struct {
    const char *operation;
    const char *sub_operation;
    gboolean (*func)(const Hook *hook, GError **error);
    int exit_code; /* if the operation fails */
} operations[] = {
    { "prepare", "begin", prepare, 1 },
    { "started", "begin", started, 0 },
    { "release", "end", release, 0 },
    { "reconnect", "begin", reconnect, 0 },
};

/* Returns -1 for an operation that this hook ignores. */
static int find_operation(const char *operation, const char *sub_operation)
{
    for (gsize i = 0; i < G_N_ELEMENTS(operations); i++)
        if (strcmp(operations[i].operation, operation) == 0 && strcmp(operations[i].sub_operation, sub_operation) == 0)
            return (int)i;
    return -1;
}

int hook_failed(const char *operation, const char *sub_operation)
{
    int i = find_operation(operation, sub_operation);

    return i < 0 ? 0 : operations[i].exit_code;
}

gboolean hook_run(CssHost *host, const char *status_dir, const char *guest, const char *operation,
                  const char *sub_operation, const char *xml, GError **error)
{
    g_autofree char *uuid = hook_domain_uuid(xml);
    Hook hook = {
        .host = host, .status_dir = status_dir, .guest = guest, .xml = xml, .uuid = uuid, .clock = css_host_clock()
    };
    int i = find_operation(operation, sub_operation);

    css_host_know_domains(host, &hook_status_domains, status_dir);
    return i < 0 || operations[i].func(&hook, error);
}
