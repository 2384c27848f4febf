/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node_device/ccw-processes.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node_device/ccw-host-private.h"
#include "util/ccw-file.h"

/*
 * A process of root may have thousands of files open, and root can do worse than to fill a scan; any other user could
 * fill it on purpose, with many processes or many files.
 */
#define SHARE_OF_ROOT 65536
#define SHARE_OF_USER 4096
#define PROCESS_UNITS 4 /* what a process costs beside its descriptors */
#define SCAN_MS 2000    /* all users together */

typedef struct {
    guint64 user;
    guint64 pid;
} Process;

struct _CcwScan {
    CcwHost *host;
    GArray *processes; /* of Process, by user and pid */
    guint next;
    guint64 user; /* of the current process */
    guint left;   /* of the user's share */
    gint64 until; /* monotonic time */
    char pid[24];
};

static guint share_of(guint64 user)
{
    return user == 0 ? SHARE_OF_ROOT : SHARE_OF_USER;
}

/*
 * proc(5), status: "Uid:" and the real, effective, saved and file system user, within the first lines; a user may make
 * later ones as long as he likes. What does not say it comes last of all. FALSE: it cannot be read.
 */
static gboolean read_real_user(const char *dir, guint64 *ret_user)
{
    g_autofree char *path = g_build_filename(dir, "status", NULL);
    char text[1024];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    const char *line;

    if (fd >= 0)
        close(fd);
    if (length < 0)
        return FALSE;
    text[length] = '\0';
    line = strstr(text, "\nUid:\t");
    *ret_user = line ? g_ascii_strtoull(line + strlen("\nUid:\t"), NULL, 10) : G_MAXUINT64;
    return TRUE;
}

/*
 * The folder belongs to the process's user; but to root, too, if the process is not dumpable, as any user may set it.
 * The real user is asked for then, which no user can choose. FALSE: the process has ended.
 */
static gboolean read_user(const char *dir, guint64 *ret_user)
{
    struct stat st;

    if (stat(dir, &st) < 0)
        return FALSE;
    *ret_user = st.st_uid;
    if (st.st_uid == 0)
        read_real_user(dir, ret_user);
    return TRUE;
}

static gint compare_processes(gconstpointer a, gconstpointer b)
{
    const Process *x = a;
    const Process *y = b;

    if (x->user != y->user)
        return x->user < y->user ? -1 : 1;
    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

CcwScan *ccw_scan_new(CcwHost *host, CcwScanOf of)
{
    CcwScan *scan = g_new0(CcwScan, 1);
    g_autoptr(GPtrArray) names = ccw_sysfs_names(host->proc_root);

    scan->host = host;
    scan->until = g_get_monotonic_time() + (gint64)SCAN_MS * 1000;
    scan->processes = g_array_new(FALSE, FALSE, sizeof(Process));
    for (guint i = 0; i < names->len && g_get_monotonic_time() < scan->until; i++) {
        const char *name = names->pdata[i];
        g_autofree char *dir = g_build_filename(host->proc_root, name, NULL);
        Process process;

        if (strspn(name, "0123456789") != strlen(name) || !read_user(dir, &process.user))
            continue;
        process.pid = g_ascii_strtoull(name, NULL, 10);
        if (of == CCW_SCAN_ALL || process.user == 0)
            g_array_append_val(scan->processes, process);
    }
    g_array_sort(scan->processes, compare_processes);
    return scan;
}

void ccw_scan_free(CcwScan *scan)
{
    g_array_unref(scan->processes);
    g_free(scan);
}

gboolean ccw_scan_spend(CcwScan *scan, guint units)
{
    if (units > scan->left || g_get_monotonic_time() >= scan->until) {
        scan->left = 0;
        return FALSE;
    }
    scan->left -= units;
    g_atomic_int_add(&scan->host->scanned, (gint)units);
    return TRUE;
}

const char *ccw_scan_next(CcwScan *scan)
{
    while (scan->next < scan->processes->len) {
        const Process *process = &g_array_index(scan->processes, Process, scan->next);

        if (scan->next++ == 0 || process->user != scan->user)
            scan->left = share_of(process->user);
        scan->user = process->user;
        if (!ccw_scan_spend(scan, PROCESS_UNITS))
            continue;
        g_snprintf(scan->pid, sizeof(scan->pid), "%" G_GUINT64_FORMAT, process->pid);
        return scan->pid;
    }
    return NULL;
}

/* --- what a process is, to people --- */

/* How the control groups of containers are called: PREFIX, its name, and ".scope" or ".service" or nothing. */
static const struct {
    const char *prefix;
    const char *kind;
} containers[] = {
    { "docker-", "docker container" }, { "libpod-", "podman container" },   { "cri-containerd-", "container" },
    { "crio-", "container" },          { "lxc.payload.", "LXC container" }, { "systemd-nspawn@", "nspawn container" },
};
#define CONTAINER_ID_SHOWN 12 /* of 64 digits: as docker and podman show it themselves */

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

char *ccw_process_describe(CcwHost *host, const char *pid)
{
    g_autofree char *dir = g_build_filename(host->proc_root, pid, NULL);
    g_autofree char *comm = ccw_sysfs_attr(dir, "comm");
    g_autofree char *container = container_of(dir);
    char *text = comm && *comm ? g_strdup_printf("process %s (%s)%s", pid, comm, container)
                               : g_strdup_printf("process %s%s", pid, container);

    for (char *p = text; *p; p++) /* whatever the process has called itself */
        if (!g_ascii_isprint(*p))
            *p = '?';
    return text;
}
