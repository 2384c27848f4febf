/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/mounts.h"

#include <fcntl.h>
#include <libmount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "css/host-private.h"
#include "css/processes.h"
#include "util/error.h"
#include "util/file.h"

#define MOUNTS_MAX (1024 * 1024) /* bytes of the list of another namespace: about ten thousand mounts */
#define CHUNK 16384
#define CHUNK_UNITS 64 /* the cost of reading one, for css_scan_spend() */

char *css_host_block_dev(CssHost *host, const char *path)
{
    g_autofree char *node = NULL;
    struct stat st;

    if (!g_str_has_prefix(path, "/dev/") || strstr(path, "/../"))
        return NULL;
    node = g_build_filename(host->dev_root, path + strlen("/dev/"), NULL);
    return stat(node, &st) == 0 && S_ISBLK(st.st_mode) ? ccw_dev_format(st.st_rdev) : NULL;
}

/*
 * Reads the set of file system types that the kernel mounts from a block device only (FS_REQUIRES_DEV), and not in a
 * user namespace. A line is "nodev\tTYPE" or "\tTYPE" (proc(5), filesystems). Users choose the subtype in "fuse.TYPE",
 * but no name in this set begins so.
 */
static GHashTable *read_block_types(CssHost *host)
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

static int skip_line(struct libmnt_table *table, const char *name, int line)
{
    (void)table;
    (void)name;
    (void)line;
    return 1; /* go on with the next one */
}

/* One search through the mounts of a namespace. */
typedef struct {
    CssHost *host;
    GHashTable *block_types;
    const char *owner;
    CssMountFunc func;
    gpointer data;
} Search;

/*
 * Calls the function of the search for one mount. The kernel invents numbers with major 0 for file systems without a
 * block device (fs/super.c: get_anon_bdev()). btrfs has such a number, too, and names its device as the source.
 */
static gboolean give_mount(const Search *search, struct libmnt_fs *fs)
{
    dev_t number = mnt_fs_get_devno(fs);
    const char *type = mnt_fs_get_fstype(fs);
    const char *source = mnt_fs_get_source(fs);
    g_autofree char *dev = NULL;
    CssMount mount;

    if (major(number) == 0 && type && source && g_hash_table_contains(search->block_types, type))
        dev = css_host_block_dev(search->host, source);
    if (!dev)
        dev = ccw_dev_format(number);
    mount = (CssMount){ .dev = dev, .where = mnt_fs_get_target(fs), .owner = search->owner };
    return mount.where && search->func(&mount, search->data);
}

/*
 * text: of a mountinfo. libmount passes over a line that it cannot read, such as the last one of a text that was cut.
 */
static gboolean search_text(const Search *search, char *text)
{
    gsize length = strlen(text);
    FILE *stream = length ? fmemopen(text, length, "r") : NULL;
    struct libmnt_table *table;
    struct libmnt_iter *iter;
    struct libmnt_fs *fs;
    gboolean found = FALSE;

    if (!stream)
        return FALSE;
    table = mnt_new_table();
    iter = mnt_new_iter(MNT_ITER_FORWARD);
    mnt_table_set_parser_errcb(table, skip_line);
    mnt_table_parse_stream(table, stream, "mountinfo");
    while (!found && mnt_table_next_fs(table, iter, &fs) == 0)
        found = give_mount(search, fs);
    mnt_free_iter(iter);
    mnt_unref_table(table);
    fclose(stream);
    return found;
}

gboolean css_mounts_search_own(CssHost *host, CssMountFunc func, gpointer data, GError **error)
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

static char *namespace_of(CssHost *host, const char *pid)
{
    g_autofree char *link = g_build_filename(host->proc_root, pid, "ns/mnt", NULL);

    return g_file_read_link(link, NULL);
}

/* Reads the list of a process's namespace, or as much of it as the scan allows. Returns NULL if it cannot be read. */
static char *read_mounts(CssScan *scan, const char *path)
{
    g_autoptr(GString) text = g_string_new(NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 0;

    if (fd < 0)
        return NULL;
    while (text->len < MOUNTS_MAX && css_scan_spend(scan, CHUNK_UNITS)) {
        char chunk[CHUNK];

        n = read(fd, chunk, sizeof(chunk));
        if (n <= 0)
            break;
        g_string_append_len(text, chunk, n);
    }
    close(fd);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

void css_mounts_search_others(CssHost *host, CssMountFunc func, gpointer data)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) block_types = read_block_types(host);
    g_autoptr(CssScan) scan = css_scan_new(host, CSS_SCAN_ALL);
    char *own = namespace_of(host, "self");
    gboolean found = FALSE;
    const char *pid;

    if (own)
        g_hash_table_add(seen, own);
    while (!found && (pid = css_scan_next(scan))) {
        char *namespace = namespace_of(host, pid);
        g_autofree char *path = g_build_filename(host->proc_root, pid, "mountinfo", NULL);
        g_autofree char *text = NULL;
        g_autofree char *owner = NULL;

        if (!namespace || !g_hash_table_add(seen, namespace) || !(text = read_mounts(scan, path)))
            continue;
        owner = css_process_describe(host, pid);
        found = search_text(
            &(Search){ .host = host, .block_types = block_types, .owner = owner, .func = func, .data = data }, text);
    }
}

static void swap_clear(gpointer data)
{
    CssSwap *swap = data;

    g_free(swap->node);
    g_free(swap->dev);
}

/* A file that is swapped on is no block device. */
GArray *css_swaps(CssHost *host)
{
    g_autofree char *path = g_build_filename(host->proc_root, "swaps", NULL);
    GArray *swaps = g_array_new(FALSE, FALSE, sizeof(CssSwap));
    struct libmnt_table *table = mnt_new_table();
    struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
    struct libmnt_fs *fs;

    g_array_set_clear_func(swaps, swap_clear);
    mnt_table_set_parser_errcb(table, skip_line);
    mnt_table_parse_swaps(table, path);
    while (mnt_table_next_fs(table, iter, &fs) == 0) {
        const char *node = mnt_fs_get_source(fs);
        char *dev = node ? css_host_block_dev(host, node) : NULL;
        CssSwap swap = { .node = g_strdup(node), .dev = dev };

        if (dev)
            g_array_append_val(swaps, swap);
        else
            swap_clear(&swap);
    }
    mnt_free_iter(iter);
    mnt_unref_table(table);
    return swaps;
}
