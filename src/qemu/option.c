/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/option.h"

#include <string.h>

static void option_free(gpointer data)
{
    CcwOption *option = data;

    g_free(option->raw);
    g_free(option->key);
    g_free(option->value);
    g_free(option);
}

/* A value ends at a comma that stands alone; a doubled one is a comma of the value. Returns where it ended. */
static const char *read_value(const char *p, char **ret_value)
{
    GString *value = g_string_new(NULL);

    for (; *p; p++) {
        if (*p == ',' && *++p != ',') {
            p--;
            break;
        }
        g_string_append_c(value, *p);
    }
    *ret_value = g_string_free(value, FALSE);
    return p;
}

static char *escape_value(const char *value)
{
    GString *text = g_string_new(value);

    g_string_replace(text, ",", ",,", 0);
    return g_string_free(text, FALSE);
}

static CcwOption *option_new(const char *key, const char *value)
{
    CcwOption *option = g_new0(CcwOption, 1);
    g_autofree char *escaped = escape_value(value);

    option->raw = g_strdup_printf("%s=%s", key, escaped);
    option->key = g_strdup(key);
    option->value = g_strdup(value);
    return option;
}

GPtrArray *ccw_options_parse(const char *text, const char *implied_key)
{
    GPtrArray *options = g_ptr_array_new_with_free_func(option_free);

    for (const char *p = text; *p;) {
        CcwOption *option = g_new0(CcwOption, 1);
        gsize length = strcspn(p, "=,");
        const char *end = p + length;

        if (*end == '=') {
            option->key = g_strndup(p, length);
            end = read_value(end + 1, &option->value);
        } else if (options->len == 0 && implied_key) {
            option->key = g_strdup(implied_key);
            end = read_value(p, &option->value);
        } else {
            option->key = g_strndup(p, length);
        }
        option->raw = g_strndup(p, (gsize)(end - p));
        g_ptr_array_add(options, option);
        p = *end == ',' ? end + 1 : end;
    }
    return options;
}

char *ccw_options_format(GPtrArray *options)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < options->len; i++) {
        const CcwOption *option = g_ptr_array_index(options, i);

        if (i > 0)
            g_string_append_c(text, ',');
        g_string_append(text, option->raw);
    }
    return g_string_free(text, FALSE);
}

const CcwOption *ccw_options_find(GPtrArray *options, const char *key)
{
    for (guint i = options->len; i > 0; i--) {
        const CcwOption *option = g_ptr_array_index(options, i - 1);

        if (strcmp(option->key, key) == 0)
            return option;
    }
    return NULL;
}

void ccw_options_replace(GPtrArray *options, const char *key, const char *new_key, const char *value)
{
    guint place = 0;

    while (place < options->len && strcmp(((CcwOption *)g_ptr_array_index(options, place))->key, key) != 0)
        place++;
    ccw_options_remove(options, key);
    g_ptr_array_insert(options, (gint)place, option_new(new_key, value));
}

void ccw_options_remove(GPtrArray *options, const char *key)
{
    for (guint i = options->len; i > 0; i--) {
        const CcwOption *option = g_ptr_array_index(options, i - 1);

        if (strcmp(option->key, key) == 0)
            g_ptr_array_remove_index(options, i - 1);
    }
}
