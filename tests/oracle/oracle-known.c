/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the list of known differences, and finds the pattern of a difference. */
#include "oracle-known.h"

#include <string.h>

#include "doc-table.h"
#include "oracle-rules.h"
#include "util/error.h"

#define FIELDS 7 /* of compare_slots(). A pattern can leave the last one out, and matches then with any */

typedef struct {
    char *group;
    char *text;
    char **fields[FIELDS]; /* the alternatives of each; NULL for a rule */
    guint64 met;
} Pattern;

struct _OracleKnown {
    GPtrArray *patterns;
    GPtrArray *rows; /* of the page: a group's name, what was taken, and why */
};

static void free_pattern(gpointer data)
{
    Pattern *pattern = data;

    g_free(pattern->group);
    g_free(pattern->text);
    for (guint i = 0; i < FIELDS; i++)
        g_strfreev(pattern->fields[i]);
    g_free(pattern);
}

static gboolean add_pattern(OracleKnown *known, const char *group, const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    Pattern *pattern;

    if (g_strv_length(words) != FIELDS && g_strv_length(words) != FIELDS - 1) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "[%s]: '%s' has not %d or %d words", group, text, FIELDS - 1,
                    FIELDS);
        return FALSE;
    }
    pattern = g_new0(Pattern, 1);
    pattern->group = g_strdup(group);
    pattern->text = g_strdup(text);
    for (guint i = 0; words[i]; i++)
        pattern->fields[i] = g_strsplit(words[i], ",", -1);
    g_ptr_array_add(known->patterns, pattern);
    return TRUE;
}

static gboolean is_rule(const char *group)
{
    for (guint i = 0; i < oracle_rules(); i++)
        if (strcmp(oracle_rule_name(i), group) == 0)
            return TRUE;
    return FALSE;
}

static gboolean add_patterns(OracleKnown *known, GKeyFile *file, const char *group, GError **error)
{
    g_auto(GStrv) patterns = g_key_file_get_string_list(file, group, "patterns", NULL, error);

    if (!patterns)
        return FALSE;
    for (guint i = 0; patterns[i]; i++)
        if (!add_pattern(known, group, g_strstrip(patterns[i]), error))
            return FALSE;
    return TRUE;
}

static void add_rule(OracleKnown *known, const char *group)
{
    Pattern *rule = g_new0(Pattern, 1);

    rule->group = g_strdup(group);
    rule->text = g_strdup("a rule of oracle-rules.h");
    g_ptr_array_add(known->patterns, rule);
}

static gboolean add_group(OracleKnown *known, GKeyFile *file, const char *group, GError **error)
{
    g_autofree char *taken = g_key_file_get_string(file, group, "taken", error);
    g_autofree char *why = taken ? g_key_file_get_string(file, group, "why", error) : NULL;

    if (!why)
        return FALSE;
    g_ptr_array_add(known->rows, g_strdup_printf("| %s | %s | %s |", group, taken, why));
    if (is_rule(group)) {
        add_rule(known, group);
        return TRUE;
    }
    return add_patterns(known, file, group, error);
}

OracleKnown *oracle_known_load(const char *path, GError **error)
{
    g_autoptr(OracleKnown) known = g_new0(OracleKnown, 1);
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_auto(GStrv) groups = NULL;

    known->patterns = g_ptr_array_new_with_free_func(free_pattern);
    known->rows = g_ptr_array_new_with_free_func(g_free);
    if (!g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, error))
        return NULL;
    groups = g_key_file_get_groups(file, NULL);
    for (guint i = 0; groups[i]; i++)
        if (!add_group(known, file, groups[i], error))
            return NULL;
    return g_steal_pointer(&known);
}

void oracle_known_free(OracleKnown *known)
{
    if (!known)
        return;
    g_ptr_array_unref(known->patterns);
    g_ptr_array_unref(known->rows);
    g_free(known);
}

static gboolean field_matches(char **choices, const char *word)
{
    for (guint i = 0; choices[i]; i++)
        if (strcmp(choices[i], "*") == 0 || g_pattern_match_simple(choices[i], word))
            return TRUE;
    return FALSE;
}

static gboolean matches(const Pattern *pattern, char **words)
{
    for (guint i = 0; i < FIELDS && pattern->fields[i]; i++)
        if (!field_matches(pattern->fields[i], words[i]))
            return FALSE;
    return TRUE;
}

const char *oracle_known_find(OracleKnown *known, const char *difference)
{
    g_auto(GStrv) words = g_strsplit(difference, " ", -1);

    for (guint i = 0; i < known->patterns->len; i++) {
        Pattern *pattern = known->patterns->pdata[i];

        if (!pattern->fields[0] || !matches(pattern, words))
            continue;
        pattern->met++;
        return pattern->group;
    }
    return NULL;
}

gboolean oracle_known_find_rule(OracleKnown *known, const char *name)
{
    for (guint i = 0; i < known->patterns->len; i++) {
        Pattern *pattern = known->patterns->pdata[i];

        if (pattern->fields[0] || strcmp(pattern->group, name) != 0)
            continue;
        pattern->met++;
        return TRUE;
    }
    return FALSE;
}

gboolean oracle_known_check_page(const OracleKnown *known, const char *page, const char *heading)
{
    g_autoptr(GPtrArray) rows = doc_table_read(page, heading);
    gboolean same = rows->len == known->rows->len;

    for (guint i = 0; same && i < rows->len; i++) {
        g_autofree char *cells = g_strjoinv(" | ", rows->pdata[i]), *row = g_strdup_printf("| %s |", cells);

        same = strcmp(row, known->rows->pdata[i]) == 0;
    }
    for (guint i = 0; !same && i < known->rows->len; i++)
        g_print("%s\n", (char *)known->rows->pdata[i]);
    return same;
}

guint oracle_known_report(const OracleKnown *known, guint *ret_rules)
{
    guint unmet = 0;

    *ret_rules = 0;
    for (guint i = 0; i < known->patterns->len; i++) {
        const Pattern *pattern = known->patterns->pdata[i];

        g_print("# %8" G_GUINT64_FORMAT "  [%s] %s\n", pattern->met, pattern->group, pattern->text);
        unmet += pattern->met == 0;
        *ret_rules += pattern->met == 0 && !pattern->fields[0];
    }
    return unmet;
}
