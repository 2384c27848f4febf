/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/in-use.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "css/beyond.h"
#include "css/device.h"
#include "css/host-private.h"
#include "css/mounts.h"
#include "css/openers.h"
#include "css/stack.h"
#include "css/sysfs.h"
#include "css/wait.h"
#include "util/error.h"

#define SHELL_MEANS " \t\n\"'\\$`&;|<>()*?[]{}#~!" /* in a command that the user copies */

/* What an exclusive open of the disk says (include/linux/blkdev.h, bd_claim). */
typedef enum {
    CLAIM_UNKNOWN, /* it was not asked for, or the disk has no node */
    CLAIM_NONE,
    CLAIM_HELD, /* it or a partition is mounted, in whichever namespace, swapped on, or part of a stack */
} Claim;

/* One look at one device. */
typedef struct {
    CcwHost *host;
    const CcwHostDevice *device;
    GPtrArray *stack; /* of CcwLayer; NULL: it has no disk */
    Claim claim;
    CcwDiskHold hold; /* of CLAIM_NONE */
    gboolean decides; /* the kernel will not say that a process has the disk open */
    GError **error;
    gboolean refused;
} Look;

/* --- saying it --- */

static void refuse_for(Look *look, const char *why)
{
    g_autofree char *line = ccw_one_line(why); /* a container's mount point is called as it likes */
    char buf[CCW_BUS_ID_STR_LEN];

    g_set_error(look->error, CCW_ERROR, CCW_ERROR_BUSY, "ccw device %s is in use by this host: %s",
                ccw_bus_id_format(&look->device->bus_id, buf), line);
    look->refused = TRUE;
}

/* "dasda1 is mounted on /home; umount /home first", or what is built on dasda1 is: "dasda1 is part of ..., which ..."
 */
static void refuse(Look *look, const CcwLayer *layer, const char *use, const char *undo)
{
    g_autoptr(GString) why = g_string_new(ccw_layer_bottom(layer)->name);

    if (layer->what)
        g_string_append_printf(why, " is part of %s", layer->what);
    if (use)
        g_string_append_printf(why, "%s %s", layer->what ? ", which" : "", use);
    if (undo)
        g_string_append_printf(why, "; %s first", undo);
    refuse_for(look, why->str);
}

/* --- mounts --- */

static void refuse_mount(Look *look, const CcwLayer *layer, const CcwMount *mount)
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
        quoted = strpbrk(mount->where, SHELL_MEANS) ? g_shell_quote(mount->where) : g_strdup(mount->where);
        use = g_strdup_printf("is mounted on %s", mount->where);
        undo = g_strdup_printf("umount %s", quoted);
    }
    refuse(look, layer, use, undo);
}

static gboolean check_mount(const CcwMount *mount, gpointer data)
{
    Look *look = data;

    for (guint i = 0; i < look->stack->len; i++) {
        const CcwLayer *layer = look->stack->pdata[i];

        if (!ccw_layer_is_dev(layer, mount->dev))
            continue;
        refuse_mount(look, layer, mount);
        return TRUE;
    }
    return FALSE;
}

static void check_own_mounts(Look *look)
{
    g_autoptr(GError) error = NULL;

    if (ccw_mounts_search_own(look->host, check_mount, look, &error))
        return;
    g_propagate_error(look->error, g_steal_pointer(&error)); /* what cannot be looked up is not taken for unused */
    look->refused = TRUE;
}

/* To name the mount: whether there is one, the kernel says. */
static void check_other_mounts(Look *look)
{
    if (look->claim != CLAIM_NONE)
        ccw_mounts_search_others(look->host, check_mount, look);
}

/* --- swap --- */

static void check_swaps(Look *look)
{
    g_autoptr(GArray) swaps = ccw_swaps(look->host);

    for (guint i = 0; i < swaps->len; i++) {
        const CcwSwap *swap = &g_array_index(swaps, CcwSwap, i);
        g_autofree char *undo = g_strconcat("swapoff ", swap->node, NULL);

        for (guint n = 0; n < look->stack->len && !look->refused; n++)
            if (ccw_layer_is_dev(look->stack->pdata[n], swap->dev))
                refuse(look, look->stack->pdata[n], "is swap space", undo);
    }
}

/* --- who has it open --- */

static const CcwLayer *top_of(const Look *look)
{
    return look->stack->pdata[look->stack->len - 1];
}

/* The layers whose openers count, with the node and who may open it. */
typedef struct {
    GPtrArray *layers;
    GArray *nodes;    /* of CcwNode */
    GArray *accesses; /* of CcwAccess */
} Nodes;

static void nodes_clear(Nodes *nodes)
{
    g_ptr_array_unref(nodes->layers);
    g_array_unref(nodes->nodes);
    g_array_unref(nodes->accesses);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Nodes, nodes_clear)

static void add_access(Look *look, const CcwLayer *layer, GArray *accesses)
{
    g_autofree char *path = g_build_filename(look->host->dev_root, layer->name, NULL);
    CcwAccess access;
    struct stat st;

    if (stat(path, &st) < 0)
        return;
    access = (CcwAccess){ .user = st.st_uid, .group = st.st_gid, .mode = st.st_mode };
    g_array_append_val(accesses, access);
}

/* What is built on a disk is what its users have open; the disk is open then for its makers (multipathd). */
static void nodes_init(Nodes *nodes, Look *look)
{
    gboolean built_on = top_of(look)->on != NULL;

    nodes->layers = g_ptr_array_new();
    nodes->nodes = g_array_new(FALSE, FALSE, sizeof(CcwNode));
    nodes->accesses = g_array_new(FALSE, FALSE, sizeof(CcwAccess));
    for (guint i = 0; i < look->stack->len; i++) {
        CcwLayer *layer = look->stack->pdata[i];
        CcwNode node = ccw_node_of_number(S_IFBLK, layer->dev);

        if (built_on && !layer->on)
            continue;
        g_ptr_array_add(nodes->layers, layer);
        g_array_append_val(nodes->nodes, node);
        add_access(look, layer, nodes->accesses);
    }
}

typedef struct {
    Look *look;
    CcwScanOf of; /* if nothing is decided by it */
    CcwOpeners answer;
    const CcwLayer *layer; /* what is open; NULL: nothing is */
    char *user;
} Opened;

static void find_opener(Opened *opened)
{
    Look *look = opened->look;
    g_auto(Nodes) nodes = { 0 };
    guint found = 0;

    g_clear_pointer(&opened->user, g_free);
    nodes_init(&nodes, look);
    if (look->decides)
        opened->answer = ccw_openers_ask(look->host, nodes.nodes, nodes.accesses, look->hold, &found, &opened->user);
    else
        opened->answer = ccw_openers_find(look->host, opened->of, nodes.nodes, &found, &opened->user)
                             ? CCW_OPENERS_FOUND
                             : CCW_OPENERS_NONE;
    opened->layer = opened->answer == CCW_OPENERS_FOUND ? nodes.layers->pdata[found] : NULL;
}

static gboolean is_udev(const char *user)
{
    return strstr(user, " (systemd-udevd)") || strstr(user, " ((udev-worker))") || strstr(user, " (udevd)");
}

/* FALSE while udev has it open, which sends an event when it has done with a device: that wakes the wait. */
static gboolean is_left_alone(gpointer data)
{
    Opened *opened = data;

    find_opener(opened);
    return !opened->layer || !is_udev(opened->user);
}

static void check_openers(Look *look)
{
    Opened opened = { .look = look, .of = CCW_SCAN_ALL };
    g_autofree char *use = NULL;

    ccw_wait_until(is_left_alone, &opened, look->host->settle_ms);
    if (opened.answer == CCW_OPENERS_UNKNOWN)
        refuse(look, look->stack->pdata[0],
               "may be open by a process: not every process that may open it could be looked at; run this as root, or "
               "end processes that have very many files open",
               NULL);
    if (opened.layer) {
        use = g_strdup_printf("is open by %s", opened.user);
        refuse(look, opened.layer, use, NULL);
    }
    g_free(opened.user);
}

/* Its QEMU opens a disk without O_EXCL, so that the kernel does not tell. */
static void check_domains(Look *look)
{
    const CcwKnownDomains *domains = look->host->domains;

    for (guint i = 0; look->decides && domains && i < look->stack->len && !look->refused; i++) {
        const CcwLayer *layer = look->stack->pdata[i];
        g_autofree char *name = layer->dev ? domains->disk_user(layer->dev, look->host->domains_data) : NULL;
        g_autofree char *line = name ? ccw_one_line(name) : NULL;
        g_autofree char *use = name ? g_strdup_printf("is a disk of domain %s", line) : NULL;

        if (use)
            refuse(look, layer, use, "detach it from that domain");
    }
}

/* --- the kernel's answer for a disk that its driver does not guard --- */

/* The whole disk cannot be claimed while one of its partitions is, and no partition while the whole disk is. */
static Claim ask_claim(CcwHost *host, const CcwLayer *disk, CcwDiskHold *ret_hold)
{
    g_autofree char *path = g_strconcat("/dev/", disk->name, NULL);
    g_autofree char *node = g_build_filename(host->dev_root, disk->name, NULL);
    g_autofree char *dev = ccw_host_block_dev(host, path);
    int fd;

    if (!ccw_layer_is_dev(disk, dev))
        return CLAIM_UNKNOWN;
    fd = host->ops->open_node(node, O_RDONLY | O_EXCL, host->ops_data);
    *ret_hold = MAX(fd, -1);
    return fd >= 0 ? CLAIM_NONE : fd == -EBUSY ? CLAIM_HELD : CLAIM_UNKNOWN;
}

/* Last: nothing that was looked at before says who it is. */
static void check_claim(Look *look)
{
    if (look->claim == CLAIM_HELD)
        refuse(look, look->stack->pdata[0],
               "cannot be opened exclusively: it or a partition is mounted, swap space or part of a stack; see lsblk",
               NULL);
}

/* --- what is built on it: the top is to be taken off first --- */

static void check_stack(Look *look)
{
    const CcwLayer *top = top_of(look);

    if (top->on)
        refuse(look, top, NULL, top->undo);
}

/* --- not by its disk --- */

static const char *driver_of(const CcwHostDevice *device)
{
    return device->device_driver ? device->device_driver : "";
}

static void check_group(Look *look)
{
    g_autofree char *group = ccw_device_group(look->host, &look->device->bus_id);
    g_autofree char *why = NULL;

    if (!group)
        return;
    why = g_strdup_printf("it belongs to group device %s", group);
    refuse_for(look, why);
}

static gboolean refuse_beyond(const CcwBeyond *beyond, gpointer data)
{
    Look *look = data;
    g_autofree char *why = NULL;

    if (!ccw_bus_id_equal(&beyond->through, &look->device->bus_id))
        return FALSE;
    why = strcmp(beyond->kind, "net") == 0
              ? g_strdup_printf("it is network interface %s, which is up; ip link set %s down first", beyond->name,
                                beyond->name)
              : g_strdup_printf("disk %s is reached through it", beyond->name);
    refuse_for(look, why);
    return TRUE;
}

static void check_beyond(Look *look)
{
    if (look->device->online == 1 && !g_str_has_prefix(driver_of(look->device), "dasd"))
        ccw_beyond_search(look->host, refuse_beyond, look);
}

/* How a console of a driver begins in /sys/class/tty/console/active (drivers/s390/char/con3215.c, tty3270.c). */
static const struct {
    const char *driver;
    const char *tty;
} consoles[] = {
    { "3270", "3270/tty" },
    { "3270", "tty3270" },
    { "3215", "ttyS" },
};

/* The kernel does not say which of several terminals is the console: then all of them are refused. */
static void check_console(Look *look)
{
    g_autofree char *dir = ccw_host_path(look->host, "class/tty/console");
    g_autofree char *active = ccw_sysfs_attr(dir, "active");
    g_auto(GStrv) names = g_strsplit(active ? active : "", " ", -1);

    if (look->device->online != 1)
        return;
    for (gsize i = 0; names[i]; i++) {
        for (gsize c = 0; c < G_N_ELEMENTS(consoles) && !look->refused; c++) {
            g_autofree char *why = NULL;

            if (g_strcmp0(look->device->device_driver, consoles[c].driver) != 0 ||
                !g_str_has_prefix(names[i], consoles[c].tty))
                continue;
            why = g_strdup_printf("it is its console %s", names[i]);
            refuse_for(look, why);
        }
    }
}

/* --- all of it --- */

enum {
    ALWAYS = 1,
    IF_DISK = 2,
    IF_OPEN = 4, /* what it takes a look at all processes to know, and what the kernel guards a DASD against */
};

static const struct {
    void (*check)(Look *look);
    guint when;
} checks[] = {
    { check_group, ALWAYS },       { check_console, ALWAYS },  { check_beyond, ALWAYS },
    { check_own_mounts, IF_DISK }, { check_swaps, IF_DISK },   { check_other_mounts, IF_OPEN },
    { check_domains, IF_OPEN },    { check_openers, IF_OPEN }, { check_stack, IF_DISK },
    { check_claim, IF_DISK },
};

static GPtrArray *stack_of(CcwHost *host, const CcwHostDevice *device, CcwStackLoops loops)
{
    return device->block_dir ? ccw_stack_new(host, device->block_dir, loops) : NULL;
}

typedef enum {
    GUARDED,   /* before it is changed; the kernel guards it */
    UNGUARDED, /* the same; the kernel guards it only against another exclusive open */
    REFUSED,   /* the kernel has said that it is in use */
} Asked;

/* FALSE if it is refused. ret_hold: as ccw_in_use_check() has it; written if TRUE. */
static gboolean look_at(CcwHost *host, const CcwHostDevice *device, Asked asked, CcwDiskHold *ret_hold, GError **error)
{
    g_autoptr(GPtrArray) stack =
        stack_of(host, device, asked == GUARDED ? CCW_STACK_WITHOUT_LOOPS : CCW_STACK_WITH_LOOPS);
    Look look = { .host = host, .device = device, .stack = stack, .hold = -1, .error = error };
    guint when = ALWAYS;

    if (stack)
        when |= IF_DISK;
    look.decides = asked == UNGUARDED;
    if (stack && asked == UNGUARDED)
        look.claim = ask_claim(host, stack->pdata[0], &look.hold);
    /* What is built on a DASD hides from its guard who uses that. */
    if (stack && (asked != GUARDED || top_of(&look)->on))
        when |= IF_OPEN;
    for (gsize i = 0; i < G_N_ELEMENTS(checks) && !look.refused; i++)
        if (checks[i].when & when)
            checks[i].check(&look);
    if (look.refused)
        ccw_disk_hold_clear(&look.hold);
    *ret_hold = look.hold;
    return !look.refused;
}

gboolean ccw_in_use_check(CcwHost *host, const CcwHostDevice *device, CcwDiskHold *ret_hold, GError **error)
{
    return look_at(host, device, g_str_has_prefix(driver_of(device), "dasd") ? GUARDED : UNGUARDED, ret_hold, error);
}

gboolean ccw_in_use_explain(CcwHost *host, const CcwBusId *id, GError **error)
{
    g_autoptr(CcwHostDevice) device = ccw_host_lookup(host, id, error);
    g_auto(CcwDiskHold) none = -1;
    char buf[CCW_BUS_ID_STR_LEN];

    if (device && look_at(host, device, REFUSED, &none, error))
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "cannot set ccw device %s offline: the kernel says that it is in use; unmount it, or close what "
                    "has it open",
                    ccw_bus_id_format(id, buf));
    return FALSE;
}

gboolean ccw_in_use_is_momentary(CcwHost *host, const CcwBusId *id)
{
    g_autoptr(CcwHostDevice) device = ccw_host_lookup(host, id, NULL);
    g_autoptr(GPtrArray) stack = device ? stack_of(host, device, CCW_STACK_WITHOUT_LOOPS) : NULL;
    Look look = { .host = host, .device = device, .stack = stack, .hold = -1 };
    Opened opened = { .look = &look, .of = CCW_SCAN_ROOT }; /* asked again and again, and udev is root's */
    g_auto(CcwDiskHold) none = -1;
    gboolean by_udev, by_another;

    if (!stack)
        return FALSE;
    by_udev = !is_left_alone(&opened);
    by_another = !by_udev && opened.layer;
    g_free(opened.user);
    return by_udev || (!by_another && look_at(host, device, REFUSED, &none, NULL));
}
