/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-resolver.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mount.h>

#include "lab/lab-programs.h"
#include "util/error.h"

#define NAMESERVER "nameserver "
#define OWN_FILE LAB_DIR "/resolv.conf"

char *lab_resolver_text(const char *server, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    g_string_append_printf(out, NAMESERVER "%s\n", server);
    for (char **line = lines; *line; line++)
        if (g_str_has_prefix(*line, "search ") || g_str_has_prefix(*line, "domain "))
            g_string_append_printf(out, "%s\n", *line);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

gboolean lab_resolver_is_loopback(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (char **line = lines; *line; line++) {
        const char *address = *line + strlen(NAMESERVER);

        if (g_str_has_prefix(*line, NAMESERVER))
            return g_str_has_prefix(address, "127.") || strcmp(g_strchomp((char *)address), "::1") == 0;
    }
    return FALSE;
}

/* Returns: the file that a link leads to in the lab's own /run, where it does not exist; NULL: it is no such link. */
static char *missing_target(void)
{
    g_autofree char *link = g_file_read_link(LAB_RESOLV_CONF, NULL);
    g_autofree char *target = link ? g_canonicalize_filename(link, "/etc") : NULL;

    return target && !g_file_test(target, G_FILE_TEST_EXISTS) ? g_steal_pointer(&target) : NULL;
}

static gboolean write_file(const char *path, const char *text, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GError) problem = NULL;

    g_mkdir_with_parents(folder, 0755);
    if (g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0644, &problem))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot make the lab: %s", problem->message);
    return FALSE;
}

gboolean lab_resolver_set(const char *server, GError **error)
{
    g_autofree char *missing = missing_target();
    g_autofree char *before = NULL;
    g_autofree char *text = NULL;

    g_file_get_contents(LAB_RESOLV_CONF, &before, NULL, NULL);
    text = lab_resolver_text(server, before ? before : "");
    if (missing)
        return write_file(missing, text, error);
    if (!before)
        return TRUE;
    if (!write_file(OWN_FILE, text, error))
        return FALSE;
    if (mount(OWN_FILE, LAB_RESOLV_CONF, NULL, MS_BIND, NULL) == 0)
        return TRUE;
    ccw_error_set_errno(error, errno, "cannot make the lab: bind %s over " LAB_RESOLV_CONF, OWN_FILE);
    return FALSE;
}
