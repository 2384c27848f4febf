/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node_device/ccw-mounts.h"

#include <string.h>

#include "node_device/ccw-host-private.h"
#include "node_device/ccw-openers.h"
#include "util/ccw-error.h"

/*
 * proc(5), mountinfo: "ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [TAG...] - TYPE SOURCE SUPEROPTIONS", with blank,
 * tab, newline and backslash as \ooo.
 */
enum { FIELD_DEV = 2, FIELD_WHERE = 4, FIELD_TAGS = 6, FIELDS_MIN = 10 };

static gboolean give_line(const char *line, const char *owner, CcwMountFunc func, gpointer data)
{
    g_auto(GStrv) fields = g_strsplit(line, " ", -1);
    guint n = g_strv_length(fields);
    g_autofree char *where = NULL;
    g_autofree char *source = NULL;
    CcwMount mount;
    guint dash = FIELD_TAGS;

    if (n < FIELDS_MIN)
        return FALSE;
    while (dash < n && strcmp(fields[dash], "-") != 0)
        dash++;
    where = g_strcompress(fields[FIELD_WHERE]);
    source = g_strcompress(dash + 2 < n ? fields[dash + 2] : "");
    mount = (CcwMount){ .dev = fields[FIELD_DEV], .source = source, .where = where, .owner = owner };
    return func(&mount, data);
}

static gboolean search_text(const char *text, const char *owner, CcwMountFunc func, gpointer data)
{
    for (const char *line = text; *line;) {
        gsize length = strcspn(line, "\n");
        g_autofree char *copy = g_strndup(line, length);

        if (give_line(copy, owner, func, data))
            return TRUE;
        line += length + (line[length] == '\n');
    }
    return FALSE;
}

gboolean ccw_mounts_search_own(CcwHost *host, CcwMountFunc func, gpointer data, GError **error)
{
    g_autofree char *path = g_build_filename(host->proc_root, "self/mountinfo", NULL);
    g_autofree char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot read %s, which says what is mounted", path);
        return FALSE;
    }
    search_text(text, NULL, func, data);
    return TRUE;
}

static char *namespace_of(CcwHost *host, const char *pid)
{
    g_autofree char *link = g_build_filename(host->proc_root, pid, "ns/mnt", NULL);

    return g_file_read_link(link, NULL);
}

void ccw_mounts_search_others(CcwHost *host, CcwMountFunc func, gpointer data)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GPtrArray) pids = ccw_processes(host);
    char *own = namespace_of(host, "self");
    gboolean found = FALSE;

    if (own)
        g_hash_table_add(seen, own);
    for (guint i = 0; i < pids->len && !found; i++) {
        const char *pid = pids->pdata[i];
        char *namespace = namespace_of(host, pid);
        g_autofree char *path = g_build_filename(host->proc_root, pid, "mountinfo", NULL);
        g_autofree char *text = NULL;
        g_autofree char *owner = NULL;

        if (!namespace || !g_hash_table_add(seen, namespace) || !g_file_get_contents(path, &text, NULL, NULL))
            continue;
        owner = ccw_process_describe(host, pid);
        found = search_text(text, owner, func, data);
    }
}

/* proc(5), swaps: "PATH TYPE SIZE ..." below a line of headings; blanks in a path are \ooo. */
char **ccw_swaps(CcwHost *host)
{
    g_autofree char *path = g_build_filename(host->proc_root, "swaps", NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    g_autoptr(GStrvBuilder) nodes = g_strv_builder_new();

    g_file_get_contents(path, &text, NULL, NULL);
    lines = g_strsplit(text ? text : "", "\n", -1);
    for (gsize i = 0; lines[i]; i++) {
        g_autofree char *escaped = g_strndup(lines[i], strcspn(lines[i], " \t"));
        g_autofree char *node = g_strcompress(escaped);

        if (*node == '/')
            g_strv_builder_add(nodes, node);
    }
    return g_strv_builder_end(nodes);
}
