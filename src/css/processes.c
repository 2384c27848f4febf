/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/processes.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "css/host-private.h"
#include "css/sysfs.h"
#include "util/file.h"

/*
 * Root's share is larger: a process of root may have thousands of files open, and root has no need to attack a scan.
 * Any other user could fill a scan on purpose, with many processes or many files.
 */
#define SHARE_OF_ROOT 65536
#define SHARE_OF_USER 4096
#define PROCESS_UNITS 4 /* the cost of a process without its descriptors */
#define SCAN_MS 2000    /* for all users together */

#define STATUS_MAX 4096 /* bytes read of /proc/PID/status: they have the users and most groups of a process */

typedef struct {
    gboolean may_open; /* it may have opened the node by itself; FALSE if the scan does not decide */
    guint64 user;
    guint64 pid;
} Process;

struct _CssScan {
    CssHost *host;
    GArray *processes; /* Process, ordered by user and pid */
    guint next;
    const Process *current;
    guint left;   /* units that remain of the share of the current process's user */
    gint64 until; /* monotonic time */
    gboolean is_incomplete;
    char pid[24];
};

static guint share_of(guint64 user)
{
    return user == 0 ? SHARE_OF_ROOT : SHARE_OF_USER;
}

/* Reads /proc/PID/status; an empty text if it cannot be read. */
static void read_status(const char *dir, char text[STATUS_MAX])
{
    g_autofree char *path = g_build_filename(dir, "status", NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, STATUS_MAX - 1);

    if (fd >= 0)
        close(fd);
    text[MAX(length, 0)] = '\0';
}

/*
 * Returns the real user. The line "Uid:" with the real, effective, saved and file system user is one of the first
 * (proc(5), status); users can make later lines as long as they like. A process without the line is ordered last.
 */
static guint64 real_user(const char *dir)
{
    char text[STATUS_MAX];
    const char *line;

    read_status(dir, text);
    line = strstr(text, "\nUid:\t");
    if (!*text) /* the process has ended */
        return 0;
    return line ? g_ascii_strtoull(line + strlen("\nUid:\t"), NULL, 10) : G_MAXUINT64;
}

/* Whether one of the numbers in the line that starts with begin is the group. */
static gboolean line_has(const char *status, const char *begin, guint64 group)
{
    const char *line = strstr(status, begin);
    g_autofree char *numbers = line ? g_strndup(line + strlen(begin), strcspn(line + strlen(begin), "\n")) : NULL;
    g_auto(GStrv) each = g_strsplit_set(numbers ? numbers : "", "\t ", -1);

    for (gsize i = 0; each[i]; i++)
        if (*each[i] && g_ascii_strtoull(each[i], NULL, 10) == group)
            return TRUE;
    return FALSE;
}

/*
 * Finds the user of a process. The user owns the folder; but if the process is not dumpable, which any user can set,
 * root owns it. Then this function reads the real user, which no user can choose. Returns FALSE if the process has
 * ended.
 */
static gboolean read_user(const char *dir, guint64 *ret_user)
{
    struct stat st;

    if (stat(dir, &st) < 0)
        return FALSE;
    *ret_user = st.st_uid;
    if (st.st_uid == 0)
        *ret_user = real_user(dir);
    return TRUE;
}

/* Decides as the kernel does at open(2), but ignores access control lists (ACLs). */
static gboolean allows(const CssAccess *access, guint64 user, const char *status)
{
    if (access->mode & (S_IROTH | S_IWOTH) || (user == access->user && access->mode & (S_IRUSR | S_IWUSR)))
        return TRUE;
    return access->mode & (S_IRGRP | S_IWGRP) &&
           (line_has(status, "\nGid:\t", access->group) || line_has(status, "\nGroups:\t", access->group));
}

static gboolean may_open(const char *dir, guint64 user, const GArray *accesses)
{
    char status[STATUS_MAX] = "";

    if (user == 0)
        return TRUE;
    read_status(dir, status);
    if (strlen(status) == STATUS_MAX - 1) /* the list of groups may continue, with the node's group */
        return TRUE;
    for (guint i = 0; i < accesses->len; i++)
        if (allows(&g_array_index(accesses, CssAccess, i), user, status))
            return TRUE;
    return FALSE;
}

static gint compare_processes(gconstpointer a, gconstpointer b)
{
    const Process *x = a;
    const Process *y = b;

    if (x->may_open != y->may_open)
        return x->may_open ? -1 : 1;
    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static gint64 time_limit(void)
{
    return g_get_monotonic_time() + (gint64)SCAN_MS * 1000;
}

/* Reads one entry of /proc. Returns FALSE if it is not a process, or the process has ended. */
static gboolean read_process(CssHost *host, const char *name, Process *ret_process)
{
    g_autofree char *dir = g_build_filename(host->proc_root, name, NULL);

    *ret_process = (Process){ .pid = g_ascii_strtoull(name, NULL, 10) };
    return strspn(name, "0123456789") == strlen(name) && read_user(dir, &ret_process->user);
}

static CssScan *scan_alloc(CssHost *host)
{
    CssScan *scan = g_new0(CssScan, 1);

    scan->host = host;
    scan->processes = g_array_new(FALSE, FALSE, sizeof(Process));
    return scan;
}

CssScan *css_scan_new(CssHost *host, CssScanOf of)
{
    CssScan *scan = scan_alloc(host);
    g_autoptr(GPtrArray) names = css_sysfs_names(host->proc_root);
    Process process;

    scan->until = time_limit();
    for (guint i = 0; i < names->len && g_get_monotonic_time() < scan->until; i++)
        if (read_process(host, names->pdata[i], &process) && (of == CSS_SCAN_ALL || process.user == 0))
            g_array_append_val(scan->processes, process);
    g_array_sort(scan->processes, compare_processes);
    return scan;
}

/* Returns the users as which libvirt runs guests; by default one for all. libvirt passes descriptors to guests. */
static GHashTable *users_of_guests(CssHost *host)
{
    GHashTable *users = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g_autoptr(GArray) pids = host->domains ? host->domains->pids(host->domains_data) : NULL;

    for (guint i = 0; pids && i < pids->len; i++) {
        g_autofree char *name = g_strdup_printf("%" G_GUINT64_FORMAT, g_array_index(pids, guint64, i));
        Process process;

        if (read_process(host, name, &process))
            g_hash_table_add(users, g_memdup2(&process.user, sizeof(process.user)));
    }
    return users;
}

/* Reading the list has no time limit: the kernel limits each user's processes, and those of root may come last. */
CssScan *css_scan_new_deciding(CssHost *host, const GArray *accesses)
{
    CssScan *scan = scan_alloc(host);
    g_autoptr(GPtrArray) names = css_sysfs_names(host->proc_root);
    g_autoptr(GHashTable) guests = users_of_guests(host);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *dir = g_build_filename(host->proc_root, names->pdata[i], NULL);
        Process process;

        if (!read_process(host, names->pdata[i], &process))
            continue;
        process.may_open = g_hash_table_contains(guests, &process.user) || may_open(dir, process.user, accesses);
        g_array_append_val(scan->processes, process);
    }
    g_array_sort(scan->processes, compare_processes);
    scan->until = time_limit();
    return scan;
}

void css_scan_free(CssScan *scan)
{
    g_array_unref(scan->processes);
    g_free(scan);
}

gboolean css_scan_spend(CssScan *scan, guint units)
{
    if (units > scan->left || g_get_monotonic_time() >= scan->until) {
        scan->left = 0;
        css_scan_miss(scan);
        return FALSE;
    }
    scan->left -= units;
    g_atomic_int_add(&scan->host->scanned, (gint)units);
    return TRUE;
}

void css_scan_miss(CssScan *scan)
{
    scan->is_incomplete |= scan->current->may_open;
}

gboolean css_scan_is_complete(const CssScan *scan)
{
    return !scan->is_incomplete;
}

static gboolean has_same_share(const Process *a, const Process *b)
{
    return a && a->user == b->user && a->may_open == b->may_open;
}

const char *css_scan_next(CssScan *scan)
{
    while (scan->next < scan->processes->len) {
        const Process *process = &g_array_index(scan->processes, Process, scan->next++);

        if (!has_same_share(scan->current, process))
            scan->left = process->may_open ? G_MAXUINT : share_of(process->user);
        scan->current = process;
        if (!css_scan_spend(scan, PROCESS_UNITS))
            continue;
        g_snprintf(scan->pid, sizeof(scan->pid), "%" G_GUINT64_FORMAT, process->pid);
        return scan->pid;
    }
    return NULL;
}

/* --- names for users --- */

/* The control group of a container is PREFIX, the container's name, and ".scope" or ".service" or nothing. */
static const struct {
    const char *prefix;
    const char *kind;
} containers[] = {
    { "docker-", "docker container" }, { "libpod-", "podman container" },   { "cri-containerd-", "container" },
    { "crio-", "container" },          { "lxc.payload.", "LXC container" }, { "systemd-nspawn@", "nspawn container" },
};
#define CONTAINER_ID_SHOWN 12 /* of 64 digits, as docker and podman show it */

static char *container_of(const char *process_dir)
{
    g_autofree char *path = g_build_filename(process_dir, "cgroup", NULL);
    g_autofree char *text = ccw_attr_read(path, NULL);
    g_auto(GStrv) names = g_strsplit_set(text ? text : "", "/\n", -1);

    for (gsize i = 0; names[i]; i++) {
        for (gsize c = 0; c < G_N_ELEMENTS(containers); c++) {
            const char *name = names[i] + strlen(containers[c].prefix);
            gsize length;

            if (!g_str_has_prefix(names[i], containers[c].prefix))
                continue;
            length = strspn(name, "0123456789abcdef");
            if (length > CONTAINER_ID_SHOWN)
                return g_strdup_printf(", %s %.*s", containers[c].kind, CONTAINER_ID_SHOWN, name);
            length = g_str_has_suffix(name, ".service") ? strlen(name) - strlen(".service") : strcspn(name, ".");
            return g_strdup_printf(", %s %.*s", containers[c].kind, (int)length, name);
        }
    }
    return g_strdup("");
}

char *css_process_describe(CssHost *host, const char *pid)
{
    g_autofree char *dir = g_build_filename(host->proc_root, pid, NULL);
    g_autofree char *comm = css_sysfs_attr(dir, "comm");
    g_autofree char *container = container_of(dir);
    char *text = comm && *comm ? g_strdup_printf("process %s (%s)%s", pid, comm, container)
                               : g_strdup_printf("process %s%s", pid, container);

    for (char *p = text; *p; p++) /* a process chooses its name */
        if (!g_ascii_isprint(*p))
            *p = '?';
    return text;
}

gboolean css_process_is_udev(CssHost *host, const char *pid)
{
    static const char *const names[] = { "systemd-udevd", "(udev-worker)", "udevd", NULL };
    g_autofree char *dir = g_build_filename(host->proc_root, pid, NULL);
    g_autofree char *comm = css_sysfs_attr(dir, "comm");

    return comm && g_strv_contains(names, comm);
}
