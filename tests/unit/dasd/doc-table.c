/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "doc-table.h"

#include <string.h>

static char **read_lines(const char *page)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    g_file_get_contents(page, &text, NULL, &error);
    g_assert_no_error(error);
    return g_strsplit(text, "\n", -1);
}

static gboolean is_row(const char *line)
{
    return line && g_str_has_prefix(line, "|");
}

/* Returns the text between two bars. A cell never contains a bar. */
static char **split_row(const char *line)
{
    char **cells = g_strsplit(line + 1, "|", -1);
    guint n = g_strv_length(cells);

    g_clear_pointer(&cells[n - 1], g_free); /* the text after the last bar */
    for (guint i = 0; cells[i]; i++)
        g_strstrip(cells[i]);
    return cells;
}

GPtrArray *doc_table_read(const char *page, const char *heading)
{
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    g_auto(GStrv) lines = read_lines(page);
    guint i = 0;

    while (lines[i] && strcmp(lines[i], heading) != 0)
        i++;
    g_assert_nonnull(lines[i]);
    while (lines[i] && !is_row(lines[i]))
        i++;
    g_assert_true(is_row(lines[i]) && is_row(lines[i + 1]));
    for (i += 2; is_row(lines[i]); i++)
        g_ptr_array_add(rows, split_row(lines[i]));
    g_assert_cmpuint(rows->len, >, 0);
    return rows;
}
