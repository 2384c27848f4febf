/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hook/hook.h"

#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/xml.h"
#include "hook/status.h"
#include "hostdev/claim.h"
#include "hostdev/modules.h"
#include "hostdev/reconcile.h"
#include "hostdev/release.h"
#include "hostdev/token.h"
#include "hostdev/unmanaged.h"
#include "util/error.h"
#include "util/file.h"

#define UUID_PREFIX "cc390000-0001-8000-8000-" /* conf/uuid.h */

typedef struct {
    CcwHost *host;
    const char *status_dir;
    const char *guest;
    const char *xml;
    const char *uuid;
    gint64 clock; /* when libvirt had written the XML */
} Hook;

char *ccw_hook_domain_uuid(const char *xml)
{
    g_autoptr(CcwXml) document = ccw_xml_open_long(xml, CCW_HOOK_XML_MAX, NULL);
    const CcwXmlElement *root = document ? ccw_xml_root(document) : NULL;
    const CcwXmlElement *element = root && ccw_xml_is(root, "domain") ? ccw_xml_child(root, "uuid") : NULL;
    g_autofree char *uuid = element ? g_strstrip(ccw_xml_content(element)) : NULL;

    return uuid && g_uuid_string_is_valid(uuid) ? g_ascii_strdown(uuid, -1) : NULL;
}

/*
 * Guests without a device of ours shall not depend on our understanding of their XML. The expression ends at a '<', so
 * that no byte is read for more than one <hostdev.
 */
static gboolean mentions_ours(const char *xml)
{
    g_autofree char *lower = g_ascii_strdown(xml, -1);

    return strstr(lower, UUID_PREFIX) || g_regex_match_simple("<hostdev[^<>]*[\"']ccw[\"']", lower, 0, 0);
}

/* Of those that are managed, or of those that are not. */
static GArray *ids_of(GArray *hostdevs, gboolean managed)
{
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(CcwBusId));

    for (guint i = 0; i < hostdevs->len; i++)
        if (g_array_index(hostdevs, CcwHostdev, i).managed == managed)
            g_array_append_val(ids, g_array_index(hostdevs, CcwHostdev, i).source);
    return ids;
}

/*
 * libvirtd. When that is killed its hooks become children of process 1, whose token would keep a claim alive for good;
 * process 1 is taken for a libvirt daemon only if it is called one, as in a container.
 */
static char *taker(const Hook *hook)
{
    pid_t parent = getppid();
    g_autofree char *comm = parent == 1 ? ccw_attr_read("/proc/1/comm", NULL) : NULL;

    if (parent == 1 && (!comm || (strcmp(comm, "libvirtd") != 0 && strcmp(comm, "virtqemud") != 0)))
        return NULL;
    return ccw_host_token(hook->host, parent);
}

/* libvirt would give a guest the mdev that another's start has just made. */
static gboolean check_unmanaged(const Hook *hook, GArray *hostdevs, GError **error)
{
    g_autoptr(GArray) ids = ids_of(hostdevs, FALSE);

    for (guint i = 0; i < ids->len; i++)
        if (!ccw_host_use_unmanaged(hook->host, &g_array_index(ids, CcwBusId, i), error))
            return FALSE;
    return TRUE;
}

static gboolean claim_managed(const Hook *hook, GArray *hostdevs, GError **error)
{
    g_autoptr(GArray) ids = ids_of(hostdevs, TRUE);
    g_autofree char *token = taker(hook);

    if (ids->len == 0)
        return TRUE;
    if (hook->uuid)
        return ccw_host_load_modules(hook->host, error) &&
               ccw_host_claim_all(hook->host, &g_array_index(ids, CcwBusId, 0), ids->len, hook->uuid, token, error);
    g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "the XML of guest '%s' has no domain UUID", hook->guest);
    return FALSE;
}

/*
 * Where there is no virtccwd, only the hook releases what a killed hook or a killed libvirtd has left: of
 * devices, or of all (NULL). What cannot go back is in the journal, and the claim says why.
 */
static void sweep(const Hook *hook, GArray *devices)
{
    CcwReconcile request = { .as_of = ccw_host_clock() };
    g_autoptr(GHashTable) running = ccw_status_running(hook->status_dir, "/proc", NULL);

    request.running = running;
    if (running && !devices)
        ccw_host_reconcile(hook->host, &request, NULL);
    for (guint i = 0; running && devices && i < devices->len; i++) {
        request.only_device = &g_array_index(devices, CcwHostdev, i).source;
        ccw_host_reconcile(hook->host, &request, NULL);
    }
}

static gboolean prepare(const Hook *hook, GError **error)
{
    g_autoptr(GArray) hostdevs = NULL;

    if (!mentions_ours(hook->xml))
        return TRUE;
    hostdevs = ccw_conf_collect(hook->xml, NULL, error);
    if (!hostdevs)
        return FALSE;
    sweep(hook, hostdevs);
    return check_unmanaged(hook, hostdevs, error) && claim_managed(hook, hostdevs, error);
}

static gboolean started(const Hook *hook, GError **error)
{
    return !hook->uuid || ccw_host_confirm_domain(hook->host, hook->uuid, error);
}

/*
 * Whatever the XML says by now: a device may have been plugged, or unplugged, since. libvirt does not start the domain
 * again while its hook runs; but it may have been killed, and its successor have started it before this one came to it.
 */
static gboolean release(const Hook *hook, GError **error)
{
    gboolean released =
        !hook->uuid || ccw_host_release_ended(hook->host, hook->uuid, ccw_host_began(hook->host, getpid()), error);

    sweep(hook, NULL);
    return released;
}

/* libvirtd has started anew: what happened to this guest meanwhile is settled by its live XML. */
static gboolean reconnect(const Hook *hook, GError **error)
{
    g_autoptr(GHashTable) live = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GHashTable) devices = g_hash_table_new(ccw_bus_id_hash, ccw_bus_id_equal);
    g_autoptr(GArray) all = NULL;

    if (!hook->uuid)
        return TRUE;
    if (mentions_ours(hook->xml)) {
        all = ccw_conf_collect(hook->xml, NULL, error);
        if (!all)
            return FALSE;
    }
    for (guint i = 0; all && i < all->len; i++)
        g_hash_table_add(devices, &g_array_index(all, CcwHostdev, i).source);
    g_hash_table_insert(live, (gpointer)hook->uuid, devices);
    return ccw_host_reconcile(hook->host,
                              &(CcwReconcile){ .live = live, .as_of = hook->clock, .only_domain = hook->uuid }, error);
}

static const struct {
    const char *operation;
    const char *sub_operation;
    gboolean (*run)(const Hook *hook, GError **error);
    int failed;
} operations[] = {
    { "prepare", "begin", prepare, 1 },
    { "started", "begin", started, 0 },
    { "release", "end", release, 0 },
    { "reconnect", "begin", reconnect, 0 },
};

/* -1: it is not for us. */
static int find_operation(const char *operation, const char *sub_operation)
{
    for (gsize i = 0; i < G_N_ELEMENTS(operations); i++)
        if (strcmp(operations[i].operation, operation) == 0 && strcmp(operations[i].sub_operation, sub_operation) == 0)
            return (int)i;
    return -1;
}

int ccw_hook_failed(const char *operation, const char *sub_operation)
{
    int i = find_operation(operation, sub_operation);

    return i < 0 ? 0 : operations[i].failed;
}

gboolean ccw_hook_run(CcwHost *host, const char *status_dir, const char *guest, const char *operation,
                      const char *sub_operation, const char *xml, GError **error)
{
    g_autofree char *uuid = ccw_hook_domain_uuid(xml);
    Hook hook = {
        .host = host, .status_dir = status_dir, .guest = guest, .xml = xml, .uuid = uuid, .clock = ccw_host_clock()
    };
    int i = find_operation(operation, sub_operation);

    ccw_host_know_domains(host, &ccw_status_domains, status_dir);
    return i < 0 || operations[i].run(&hook, error);
}
