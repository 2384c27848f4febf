/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/disk-use.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "css/fuser.h"
#include "css/host-private.h"
#include "css/layers.h"
#include "css/mounts.h"
#include "css/wait.h"
#include "util/error.h"

#define SHELL_CHARACTERS " \t\n\"'\\$`&;|<>()*?[]{}#~!" /* quote a path with one of these in a command for the user */

/* The kernel's answer to an exclusive open of the disk (include/linux/blkdev.h, bd_claim). */
typedef enum {
    OPEN_UNKNOWN, /* the disk was not opened, or has no node */
    OPEN_DONE,
    OPEN_BUSY, /* the disk or a partition is mounted in some namespace, swap space, or part of another block device */
} ExclusiveOpen;

/* One check of one disk. */
typedef struct {
    CssHost *host;
    const CssDevice *device;
    GPtrArray *layers; /* CssLayer: the disk is the first, its top is the last */
    ExclusiveOpen opened;
    CssDiskFd disk_fd;       /* the disk, if opened is OPEN_DONE */
    gboolean scan_must_know; /* the kernel does not tell whether a process has the disk open */
    gboolean is_used;
    GError **error; /* set if is_used */
} Query;

/* --- messages --- */

gboolean css_use_set_error(const CssDevice *device, const char *why, GError **error)
{
    g_autofree char *line = ccw_one_line(why); /* a container chooses the names of its mount points */
    char buf[CCW_BUS_ID_STR_LEN];

    g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use by this host: %s",
                ccw_bus_id_format(&device->bus_id, buf), line);
    return FALSE;
}

/*
 * Reports "dasda1 is mounted on /home; umount /home first", or for a layer that is built on dasda1: "dasda1 is part of
 * logical volume vg0/home (dm-3), which is mounted on ...". use or undo may be NULL.
 */
static void report_use(Query *query, const CssLayer *layer, const char *use, const char *undo)
{
    g_autoptr(GString) why = g_string_new(css_layer_bottom(layer)->name);

    if (layer->what)
        g_string_append_printf(why, " is part of %s", layer->what);
    if (use)
        g_string_append_printf(why, "%s %s", layer->what ? ", which" : "", use);
    if (undo)
        g_string_append_printf(why, "; %s first", undo);
    css_use_set_error(query->device, why->str, query->error);
    query->is_used = TRUE;
}

/* --- mounts and swap space --- */

static void report_mount(Query *query, const CssLayer *layer, const CssMount *mount)
{
    g_autofree char *quoted = NULL;
    g_autofree char *use = NULL;
    g_autofree char *undo = NULL;

    if (strcmp(mount->where, "/") == 0) {
        use = mount->owner ? g_strdup_printf("holds the root file system of %s", mount->owner)
                           : g_strdup("holds the root file system");
    } else if (mount->owner) {
        use = g_strdup_printf("is mounted on %s for %s", mount->where, mount->owner);
    } else {
        quoted = strpbrk(mount->where, SHELL_CHARACTERS) ? g_shell_quote(mount->where) : g_strdup(mount->where);
        use = g_strdup_printf("is mounted on %s", mount->where);
        undo = g_strdup_printf("umount %s", quoted);
    }
    report_use(query, layer, use, undo);
}

static gboolean check_mount(const CssMount *mount, gpointer data)
{
    Query *query = data;

    for (guint i = 0; i < query->layers->len; i++) {
        const CssLayer *layer = query->layers->pdata[i];

        if (!css_layer_is_dev(layer, mount->dev))
            continue;
        report_mount(query, layer, mount);
        return TRUE;
    }
    return FALSE;
}

static void check_own_mounts(Query *query)
{
    g_autoptr(GError) error = NULL;

    if (css_mounts_search_own(query->host, check_mount, query, &error))
        return;
    g_propagate_error(query->error, g_steal_pointer(&error));
    query->is_used = TRUE; /* the mounts are unknown, so the disk may be in use */
}

/* Only names the mount: css_in_use_check() knows from the exclusive open whether the disk is mounted. */
static void check_other_mounts(Query *query)
{
    if (query->opened != OPEN_DONE)
        css_mounts_search_others(query->host, check_mount, query);
}

static void check_swaps(Query *query)
{
    g_autoptr(GArray) swaps = css_swaps(query->host);

    for (guint i = 0; i < swaps->len; i++) {
        const CssSwap *swap = &g_array_index(swaps, CssSwap, i);
        g_autofree char *undo = g_strconcat("swapoff ", swap->node, NULL);

        for (guint n = 0; n < query->layers->len && !query->is_used; n++)
            if (css_layer_is_dev(query->layers->pdata[n], swap->dev))
                report_use(query, query->layers->pdata[n], "is swap space", undo);
    }
}

/* --- processes that have it open --- */

static const CssLayer *top_of(const Query *query)
{
    return query->layers->pdata[query->layers->len - 1];
}

/* The layers whose users are in question, with the node of each and the access to it. */
typedef struct {
    GPtrArray *layers;
    GArray *nodes;    /* CssNode */
    GArray *accesses; /* CssAccess */
} Nodes;

static void nodes_clear(Nodes *nodes)
{
    g_ptr_array_unref(nodes->layers);
    g_array_unref(nodes->nodes);
    g_array_unref(nodes->accesses);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Nodes, nodes_clear)

static void add_access(const Query *query, const CssLayer *layer, GArray *accesses)
{
    g_autofree char *path = g_build_filename(query->host->dev_root, layer->name, NULL);
    CssAccess access;
    struct stat st;

    if (stat(path, &st) < 0)
        return;
    access = (CssAccess){ .user = st.st_uid, .group = st.st_gid, .mode = st.st_mode };
    g_array_append_val(accesses, access);
}

/*
 * If another block device is built on the disk, users open that one. The processes that have the disk itself open then
 * only maintain the other device (multipathd).
 */
static void nodes_init(Nodes *nodes, const Query *query)
{
    gboolean is_built_on = top_of(query)->on != NULL;

    nodes->layers = g_ptr_array_new();
    nodes->nodes = g_array_new(FALSE, FALSE, sizeof(CssNode));
    nodes->accesses = g_array_new(FALSE, FALSE, sizeof(CssAccess));
    for (guint i = 0; i < query->layers->len; i++) {
        CssLayer *layer = query->layers->pdata[i];
        CssNode node = css_node_of_number(S_IFBLK, layer->dev);

        if (is_built_on && !layer->on)
            continue;
        g_ptr_array_add(nodes->layers, layer);
        g_array_append_val(nodes->nodes, node);
        add_access(query, layer, nodes->accesses);
    }
}

/* A search for a process that has one of the layers open. */
typedef struct {
    const Query *query;
    CssScanOf of; /* not used if query->scan_must_know */
    CssFuser answer;
    const CssLayer *layer; /* the open layer; NULL: no process has one open */
    char *pid;             /* the process that has it open */
} Search;

static void search_clear(Search *search)
{
    g_free(search->pid);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

static void find_process(Search *search)
{
    const Query *query = search->query;
    CssHost *host = query->host;
    g_auto(Nodes) nodes = { 0 };
    guint found = 0;

    g_clear_pointer(&search->pid, g_free);
    nodes_init(&nodes, query);
    if (query->scan_must_know)
        search->answer = css_fuser_decide(host, nodes.nodes, nodes.accesses, query->disk_fd, &found, &search->pid);
    else
        search->answer =
            css_fuser_find(host, search->of, nodes.nodes, &found, &search->pid) ? CSS_FUSER_FOUND : CSS_FUSER_NONE;
    search->layer = search->answer == CSS_FUSER_FOUND ? nodes.layers->pdata[found] : NULL;
}

/* Returns FALSE while udev has a layer open. udev sends an event when it closes a device, and that ends the wait. */
static gboolean is_closed_by_udev(gpointer data)
{
    Search *search = data;

    find_process(search);
    return !search->layer || !css_process_is_udev(search->query->host, search->pid);
}

static void check_processes(Query *query)
{
    g_auto(Search) search = { .query = query, .of = CSS_SCAN_ALL };

    css_wait_until(is_closed_by_udev, &search, query->host->kernel_timeout_ms);
    if (search.answer == CSS_FUSER_UNKNOWN)
        report_use(query, query->layers->pdata[0],
                   "may be open: this process cannot examine every process that may open it; run this as root, or end "
                   "processes that have very many files open",
                   NULL);
    if (search.layer) {
        g_autofree char *process = css_process_describe(query->host, search.pid);
        g_autofree char *use = g_strdup_printf("is open by %s", process);

        report_use(query, search.layer, use, NULL);
    }
}

/* QEMU opens a disk without O_EXCL, so the exclusive open does not notice it. */
static void check_domains(Query *query)
{
    const CssKnownDomains *domains = query->host->domains;

    for (guint i = 0; query->scan_must_know && domains && i < query->layers->len && !query->is_used; i++) {
        const CssLayer *layer = query->layers->pdata[i];
        g_autofree char *name = layer->dev ? domains->disk_user(layer->dev, query->host->domains_data) : NULL;
        g_autofree char *line = name ? ccw_one_line(name) : NULL;
        g_autofree char *use = name ? g_strdup_printf("is a disk of domain %s", line) : NULL;

        if (use)
            report_use(query, layer, use, "detach it from that domain");
    }
}

/* --- the kernel's answer, and block devices that are built on the disk --- */

/*
 * Opens the disk exclusively. The kernel does not allow that while a partition is open exclusively, nor the other way
 * round.
 */
static ExclusiveOpen open_disk(CssHost *host, const CssLayer *disk, CssDiskFd *ret_disk_fd)
{
    g_autofree char *path = g_strconcat("/dev/", disk->name, NULL);
    g_autofree char *node = g_build_filename(host->dev_root, disk->name, NULL);
    g_autofree char *dev = css_host_block_dev(host, path);
    int fd;

    if (!css_layer_is_dev(disk, dev))
        return OPEN_UNKNOWN;
    fd = host->ops->open_node(node, O_RDONLY | O_EXCL, host->ops_data);
    *ret_disk_fd = MAX(fd, -1);
    return fd >= 0 ? OPEN_DONE : fd == -EBUSY ? OPEN_BUSY : OPEN_UNKNOWN;
}

/* The user removes the top layer first. */
static void check_layers(Query *query)
{
    const CssLayer *top = top_of(query);

    if (top->on)
        report_use(query, top, NULL, top->undo);
}

/* The last check: the others found no user to name. */
static void check_exclusive(Query *query)
{
    if (query->opened == OPEN_BUSY)
        report_use(query, query->layers->pdata[0],
                   "cannot be opened exclusively: it or a partition is mounted, swap space or part of another "
                   "block device; see lsblk",
                   NULL);
}

static const struct {
    void (*check)(Query *query);
    gboolean needs_scan; /* looks at all processes, or at uses that the kernel's guard of a DASD notices */
} checks[] = {
    { check_own_mounts, FALSE }, { check_swaps, FALSE },  { check_other_mounts, TRUE }, { check_domains, TRUE },
    { check_processes, TRUE },   { check_layers, FALSE }, { check_exclusive, FALSE },
};

gboolean css_disk_use_check(CssHost *host, const CssDevice *device, CssDiskGuard guard, CssDiskFd *ret_disk_fd,
                            GError **error)
{
    CssLayersLoops loops = guard == CSS_DISK_GUARDED ? CSS_LAYERS_WITHOUT_LOOPS : CSS_LAYERS_WITH_LOOPS;
    g_autoptr(GPtrArray) layers = device->block_dir ? css_layers_new(host, device->block_dir, loops) : NULL;
    Query query = { .host = host, .device = device, .layers = layers, .disk_fd = -1, .error = error };
    gboolean scans;

    *ret_disk_fd = -1;
    if (!layers)
        return TRUE;
    query.scan_must_know = guard == CSS_DISK_UNGUARDED;
    if (guard == CSS_DISK_UNGUARDED)
        query.opened = open_disk(host, layers->pdata[0], &query.disk_fd);
    /* The kernel's guard of a DASD does not notice who uses a block device that is built on it. */
    scans = guard != CSS_DISK_GUARDED || top_of(&query)->on;
    for (gsize i = 0; i < G_N_ELEMENTS(checks) && !query.is_used; i++)
        if (scans || !checks[i].needs_scan)
            checks[i].check(&query);
    if (query.is_used)
        css_disk_fd_clear(&query.disk_fd);
    *ret_disk_fd = query.disk_fd;
    return !query.is_used;
}

CssDiskOpen css_disk_use_find_root(CssHost *host, const CssDevice *device)
{
    g_autoptr(GPtrArray) layers =
        device->block_dir ? css_layers_new(host, device->block_dir, CSS_LAYERS_WITHOUT_LOOPS) : NULL;
    Query query = { .host = host, .device = device, .layers = layers, .disk_fd = -1 };
    g_auto(Search) search = { .query = &query, .of = CSS_SCAN_ROOT };

    if (!layers)
        return CSS_DISK_OPEN_NONE;
    if (!is_closed_by_udev(&search))
        return CSS_DISK_OPEN_UDEV;
    return search.layer ? CSS_DISK_OPEN_OTHER : CSS_DISK_OPEN_NONE;
}
