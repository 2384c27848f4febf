/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/option.h"

#include <string.h>

static void option_free(gpointer data)
{
    QemuOption *option = data;

    g_free(option->raw);
    g_free(option->key);
    g_free(option->value);
    g_free(option);
}

/* Reads a value up to a single comma. Two commas are one comma of the value. Returns: the end of the value. */
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

static QemuOption *option_new(const char *key, const char *value)
{
    QemuOption *option = g_new0(QemuOption, 1);
    g_autofree char *escaped = escape_value(value);

    option->raw = g_strdup_printf("%s=%s", key, escaped);
    option->key = g_strdup(key);
    option->value = g_strdup(value);
    return option;
}

GPtrArray *qemu_options_parse(const char *text, const char *implied_key)
{
    GPtrArray *options = g_ptr_array_new_with_free_func(option_free);

    for (const char *p = text; *p;) {
        QemuOption *option = g_new0(QemuOption, 1);
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

char *qemu_options_format(GPtrArray *options)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < options->len; i++) {
        const QemuOption *option = g_ptr_array_index(options, i);

        if (i > 0)
            g_string_append_c(text, ',');
        g_string_append(text, option->raw);
    }
    return g_string_free(text, FALSE);
}

const QemuOption *qemu_options_find(GPtrArray *options, const char *key)
{
    for (guint i = options->len; i > 0; i--) {
        const QemuOption *option = g_ptr_array_index(options, i - 1);

        if (strcmp(option->key, key) == 0)
            return option;
    }
    return NULL;
}

void qemu_options_replace(GPtrArray *options, const char *key, const char *new_key, const char *value)
{
    guint index = 0;

    while (index < options->len && strcmp(((QemuOption *)g_ptr_array_index(options, index))->key, key) != 0)
        index++;
    qemu_options_remove(options, key);
    g_ptr_array_insert(options, (gint)index, option_new(new_key, value));
}

void qemu_options_remove(GPtrArray *options, const char *key)
{
    for (guint i = options->len; i > 0; i--) {
        const QemuOption *option = g_ptr_array_index(options, i - 1);

        if (strcmp(option->key, key) == 0)
            g_ptr_array_remove_index(options, i - 1);
    }
}
