/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/mounts.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "css/host-private.h"
#include "css/processes.h"
#include "util/error.h"
#include "util/file.h"

#define MOUNTS_MAX (1024 * 1024) /* bytes of the list of another namespace: some ten thousand mounts */
#define CHUNK 16384
#define CHUNK_UNITS 64 /* what reading one costs, of a scan's share (processes.h) */

char *ccw_host_block_dev(CcwHost *host, const char *path)
{
    g_autofree char *node = NULL;
    struct stat st;

    if (!g_str_has_prefix(path, "/dev/") || strstr(path, "/../"))
        return NULL;
    node = g_build_filename(host->dev_root, path + strlen("/dev/"), NULL);
    return stat(node, &st) == 0 && S_ISBLK(st.st_mode) ? ccw_dev_format(st.st_rdev) : NULL;
}

/* --- which file systems are on a block device --- */

/*
 * proc(5), filesystems: "nodev\tTYPE" or "\tTYPE". A set of the types without "nodev": the kernel mounts them from a
 * block device alone (FS_REQUIRES_DEV), and not in a user namespace. The subtype in "fuse.TYPE", which the maker of the
 * mount chooses, makes it another name than any of these.
 */
static GHashTable *read_block_types(CcwHost *host)
{
    GHashTable *types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autofree char *path = g_build_filename(host->proc_root, "filesystems", NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    lines = g_strsplit(text ? text : "", "\n", -1);
    for (gsize i = 0; lines[i]; i++)
        if (lines[i][0] == '\t' && lines[i][1])
            g_hash_table_add(types, g_strdup(lines[i] + 1));
    return types;
}

/* One search: the function that gets each mount, and what is needed to understand a line. */
typedef struct {
    CcwHost *host;
    GHashTable *block_types;
    const char *owner;
    CcwMountFunc func;
    gpointer data;
} Search;

/* Numbers of devices that file systems make up for themselves have no major number (fs/super.c: get_anon_bdev()). */
static gboolean is_anonymous(const char *dev)
{
    return g_str_has_prefix(dev, "0:");
}

/*
 * proc(5), mountinfo: "ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [TAG...] - TYPE SOURCE SUPEROPTIONS", with blank,
 * tab, newline and backslash as \ooo.
 */
enum { FIELD_DEV = 2, FIELD_WHERE = 4, FIELD_TAGS = 6, FIELDS_MIN = 10 };

static gboolean give_line(const Search *search, const char *line)
{
    g_auto(GStrv) fields = g_strsplit(line, " ", -1);
    guint n = g_strv_length(fields);
    g_autofree char *where = NULL;
    g_autofree char *source = NULL;
    g_autofree char *dev = NULL;
    CcwMount mount;
    guint dash = FIELD_TAGS;

    if (n < FIELDS_MIN)
        return FALSE;
    while (dash < n && strcmp(fields[dash], "-") != 0)
        dash++;
    where = g_strcompress(fields[FIELD_WHERE]);
    if (dash + 2 < n && is_anonymous(fields[FIELD_DEV]) &&
        g_hash_table_contains(search->block_types, fields[dash + 1])) {
        source = g_strcompress(fields[dash + 2]);
        dev = ccw_host_block_dev(search->host, source);
    }
    mount = (CcwMount){ .dev = dev ? dev : fields[FIELD_DEV], .where = where, .owner = search->owner };
    return search->func(&mount, search->data);
}

static gboolean search_text(const Search *search, const char *text)
{
    for (const char *line = text; *line;) {
        gsize length = strcspn(line, "\n");
        g_autofree char *copy = g_strndup(line, length);

        if (give_line(search, copy))
            return TRUE;
        line += length + (line[length] == '\n');
    }
    return FALSE;
}

gboolean ccw_mounts_search_own(CcwHost *host, CcwMountFunc func, gpointer data, GError **error)
{
    g_autofree char *path = g_build_filename(host->proc_root, "self/mountinfo", NULL);
    g_autoptr(GHashTable) block_types = NULL;
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot read %s, which says what is mounted", path);
        return FALSE;
    }
    block_types = read_block_types(host);
    search_text(&(Search){ .host = host, .block_types = block_types, .func = func, .data = data }, text);
    return TRUE;
}

static char *namespace_of(CcwHost *host, const char *pid)
{
    g_autofree char *link = g_build_filename(host->proc_root, pid, "ns/mnt", NULL);

    return g_file_read_link(link, NULL);
}

/* The list of a process's namespace, or as much of it as the scan's share allows for; NULL: it cannot be read. */
static char *read_mounts(CcwScan *scan, const char *path)
{
    g_autoptr(GString) text = g_string_new(NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 0;

    if (fd < 0)
        return NULL;
    while (text->len < MOUNTS_MAX && ccw_scan_spend(scan, CHUNK_UNITS)) {
        char chunk[CHUNK];

        n = read(fd, chunk, sizeof(chunk));
        if (n <= 0)
            break;
        g_string_append_len(text, chunk, n);
    }
    close(fd);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

void ccw_mounts_search_others(CcwHost *host, CcwMountFunc func, gpointer data)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) block_types = read_block_types(host);
    g_autoptr(CcwScan) scan = ccw_scan_new(host, CCW_SCAN_ALL);
    char *own = namespace_of(host, "self");
    gboolean found = FALSE;
    const char *pid;

    if (own)
        g_hash_table_add(seen, own);
    while (!found && (pid = ccw_scan_next(scan))) {
        char *namespace = namespace_of(host, pid);
        g_autofree char *path = g_build_filename(host->proc_root, pid, "mountinfo", NULL);
        g_autofree char *text = NULL;
        g_autofree char *owner = NULL;

        if (!namespace || !g_hash_table_add(seen, namespace) || !(text = read_mounts(scan, path)))
            continue;
        owner = ccw_process_describe(host, pid);
        found = search_text(
            &(Search){ .host = host, .block_types = block_types, .owner = owner, .func = func, .data = data }, text);
    }
}

static void swap_clear(gpointer data)
{
    CcwSwap *swap = data;

    g_free(swap->node);
    g_free(swap->dev);
}

/* proc(5), swaps: "PATH TYPE SIZE ..." below a line of headings; blanks in a path are \ooo. */
GArray *ccw_swaps(CcwHost *host)
{
    g_autofree char *path = g_build_filename(host->proc_root, "swaps", NULL);
    GArray *swaps = g_array_new(FALSE, FALSE, sizeof(CcwSwap));
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    g_array_set_clear_func(swaps, swap_clear);
    g_file_get_contents(path, &text, NULL, NULL);
    lines = g_strsplit(text ? text : "", "\n", -1);
    for (gsize i = 0; lines[i]; i++) {
        g_autofree char *escaped = g_strndup(lines[i], strcspn(lines[i], " \t"));
        g_autofree char *node = g_strcompress(escaped);
        CcwSwap swap = { .dev = ccw_host_block_dev(host, node) };

        if (!swap.dev) /* a file, or the line of headings */
            continue;
        swap.node = g_steal_pointer(&node);
        g_array_append_val(swaps, swap);
    }
    return swaps;
}
