/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The golden files of tests/qemuxml2xmldata:
 *   NAME.xml           a user's document
 *   NAME.lowered.xml   the same for stock libvirt. Without it, neither lower nor raise may change NAME.xml
 *   NAME.raised.xml    NAME.lowered.xml, raised. Without it, that is NAME.xml
 *   NAME.libvirt.xml   what stock libvirt 9.0.0 prints for NAME.lowered.xml
 *   NAME.shown.xml     NAME.libvirt.xml, raised
 *   NAME.err           the message for NAME.xml, as a pattern. Then there are no other files of that name
 */
#include <string.h>

#include "conf/conf.h"
#include "util/error.h"

static char *data_file(const char *name, const char *suffix)
{
    g_autofree char *base = g_strconcat(name, suffix, NULL);

    return g_build_filename(g_getenv("CCW_TEST_DATA"), base, NULL);
}

/* Returns NULL if the file does not exist. */
static char *load(const char *name, const char *suffix)
{
    g_autofree char *path = data_file(name, suffix);
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static void check_lower(const char *from, const char *to)
{
    g_autoptr(GError) error = NULL;
    gboolean changed = !strcmp(from, to);
    g_autofree char *result = conf_lower(from, CONF_MAP_CSS_ABSENT, &changed, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(result, ==, to);
    g_assert_cmpint(changed, ==, strcmp(from, to) != 0);
}

static void check_raise(const char *from, const char *to)
{
    g_autoptr(GError) error = NULL;
    gboolean changed = !strcmp(from, to);
    g_autofree char *result = conf_raise(from, &changed, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(result, ==, to);
    g_assert_cmpint(changed, ==, strcmp(from, to) != 0);
}

static void check_error(const char *text, const char *pattern)
{
    g_autoptr(GError) error = NULL;
    CcwError code = strstr(pattern, "not well-formed") ? CCW_ERROR_XML : CCW_ERROR_INVALID;
    gboolean changed = 7;

    g_assert_null(conf_lower(text, CONF_MAP_CSS_ABSENT, &changed, &error));
    g_assert_error(error, CCW_ERROR, (gint)code);
    if (!g_pattern_match_simple(pattern, error->message))
        g_assert_cmpstr(error->message, ==, pattern);
    g_assert_null(strchr(error->message, '\n'));
    g_assert_cmpint(changed, ==, 7);
}

static void pair(gconstpointer data)
{
    const char *name = data;
    g_autofree char *text = load(name, ".xml");
    g_autofree char *pattern = load(name, ".err");
    g_autofree char *lowered = load(name, ".lowered.xml");
    g_autofree char *raised = load(name, ".raised.xml");
    g_autofree char *libvirt = load(name, ".libvirt.xml");
    g_autofree char *shown = load(name, ".shown.xml");

    g_assert_nonnull(text);
    if (pattern) {
        check_error(text, g_strchomp(pattern));
        return;
    }
    check_lower(text, lowered ? lowered : text);
    check_lower(lowered ? lowered : text, lowered ? lowered : text);
    check_raise(lowered ? lowered : text, raised ? raised : text);
    if (raised) {
        check_raise(raised, raised);
        check_lower(raised, lowered);
    }
    if (libvirt) {
        check_raise(libvirt, shown);
        check_lower(shown, libvirt);
    }
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = NULL;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *file;

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_open(g_getenv("CCW_TEST_DATA"), 0, &error);
    g_assert_no_error(error);
    while ((file = g_dir_read_name(dir)))
        if (g_str_has_suffix(file, ".xml") && strchr(file, '.') == strrchr(file, '.'))
            g_ptr_array_add(names, g_strndup(file, strlen(file) - strlen(".xml")));
    g_assert_cmpuint(names->len, >=, 50);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_strconcat("/conf/golden/", names->pdata[i], NULL);

        g_test_add_data_func(path, names->pdata[i], pair);
    }
    return g_test_run();
}
