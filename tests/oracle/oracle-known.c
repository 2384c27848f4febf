/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See oracle-known.h. */
#include "oracle-known.h"

#include <string.h>

#include "util/error.h"

#define FIELDS 5 /* command, domain, ours, theirs, what */

typedef struct {
    char *group;
    char *text;
    char **fields; /* each a list of patterns with commas between them */
    guint64 met;
} Pattern;

struct _OracleKnown {
    GPtrArray *patterns;
};

static void free_pattern(gpointer data)
{
    Pattern *pattern = data;

    g_free(pattern->group);
    g_free(pattern->text);
    g_strfreev(pattern->fields);
    g_free(pattern);
}

static char **split_words(const char *text)
{
    g_auto(GStrv) all = g_strsplit_set(text, " ", -1);
    GPtrArray *words = g_ptr_array_new();

    for (guint i = 0; all[i]; i++)
        if (*all[i])
            g_ptr_array_add(words, g_strdup(all[i]));
    while (words->len < FIELDS)
        g_ptr_array_add(words, g_strdup("-"));
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(words, FALSE);
}

static gboolean add_pattern(OracleKnown *known, const char *group, const char *text, GError **error)
{
    Pattern *pattern = g_new0(Pattern, 1);

    pattern->group = g_strdup(group);
    pattern->text = g_strdup(text);
    pattern->fields = split_words(text);
    g_ptr_array_add(known->patterns, pattern);
    if (g_strv_length(pattern->fields) == FIELDS)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "[%s]: '%s' has too many words", group, text);
    return FALSE;
}

static gboolean add_group(OracleKnown *known, GKeyFile *file, const char *group, GError **error)
{
    static const char *const needed[] = { "taken", "why" };
    g_auto(GStrv) patterns = g_key_file_get_string_list(file, group, "patterns", NULL, error);

    if (!patterns)
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(needed); i++) {
        g_autofree char *value = g_key_file_get_string(file, group, needed[i], error);

        if (!value)
            return FALSE;
    }
    for (guint i = 0; patterns[i]; i++)
        if (!add_pattern(known, group, g_strstrip(patterns[i]), error))
            return FALSE;
    return TRUE;
}

OracleKnown *oracle_known_load(const char *path, GError **error)
{
    g_autoptr(OracleKnown) known = g_new0(OracleKnown, 1);
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_auto(GStrv) groups = NULL;

    known->patterns = g_ptr_array_new_with_free_func(free_pattern);
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
    g_free(known);
}

static gboolean field_matches(const char *field, const char *word)
{
    g_auto(GStrv) choices = g_strsplit(field, ",", -1);

    for (guint i = 0; choices[i]; i++)
        if (g_pattern_match_simple(choices[i], word))
            return TRUE;
    return FALSE;
}

static gboolean matches(const Pattern *pattern, char **words)
{
    for (guint i = 0; i < FIELDS; i++)
        if (!field_matches(pattern->fields[i], words[i]))
            return FALSE;
    return TRUE;
}

const char *oracle_known_find(OracleKnown *known, const char *difference)
{
    g_auto(GStrv) words = split_words(difference);

    for (guint i = 0; i < known->patterns->len; i++) {
        Pattern *pattern = known->patterns->pdata[i];

        if (!matches(pattern, words))
            continue;
        pattern->met++;
        return pattern->group;
    }
    return NULL;
}

guint oracle_known_report(const OracleKnown *known)
{
    guint unmet = 0;

    for (guint i = 0; i < known->patterns->len; i++) {
        const Pattern *pattern = known->patterns->pdata[i];

        g_print("%8" G_GUINT64_FORMAT "  [%s] %s\n", pattern->met, pattern->group, pattern->text);
        unmet += pattern->met == 0;
    }
    return unmet;
}
