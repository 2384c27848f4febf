/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Validates every fixture against the schema, and documents that are wrong in one place. */
#include <string.h>

#include "conf/conf.h"
#include "util/error.h"

/* Fixtures that the schema does not describe, and the error for each. */
static const struct {
    const char *file;
    CcwError code;
} unfit[] = {
    { "snapshot.", CCW_ERROR_UNSUPPORTED },        { "checkpoint.", CCW_ERROR_UNSUPPORTED },
    { "stock-elsewhere.", CCW_ERROR_UNSUPPORTED }, { "stock-namespace.", CCW_ERROR_UNSUPPORTED },
    { "stock-capabilities.", CCW_ERROR_XML },
};

static char *load(const char *file)
{
    g_autofree char *path = g_build_filename(g_getenv("CCW_TEST_DATA"), file, NULL);
    char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void fixture(gconstpointer data)
{
    const char *file = data;
    g_autofree char *text = load(file);
    g_autoptr(GError) error = NULL;
    gboolean valid = conf_validate(text, &error);

    for (gsize i = 0; i < G_N_ELEMENTS(unfit); i++) {
        if (g_str_has_prefix(file, unfit[i].file)) {
            g_assert_false(valid);
            g_assert_error(error, CCW_ERROR, (gint)unfit[i].code);
            return;
        }
    }
    if (g_str_has_prefix(file, "error-")) {
        g_assert_false(valid);
        g_assert_nonnull(error);
        return;
    }
    g_assert_no_error(error);
    g_assert_true(valid);
}

/* map-css-off.xml with one text replaced by another. */
static void wrong(void)
{
    static const struct {
        const char *is;
        const char *becomes;
        const char *message;
    } rows[] = {
        { "<source>", "<driver name='vfio'/><source>", "line 19: the schema does not allow this <hostdev>: *" },
        { "<source>", "<source startupPolicy='optional'>", "line 19: *startupPolicy*" },
        { "type='ccw' managed", "type='ccw' display='off' managed", "line 19: *display*" },
        { "</hostdev>", "<boot order='0'/></hostdev>", "line 19: the schema does not allow this <hostdev>: *" },
        { "cssid='0x0' ssid='0x0' devno='0x1234'/>\n    </host", "cssid='0xff' ssid='0x0' devno='0x1234'/>\n    </host",
          "line 23: cssid='0xff' of the guest's <address> of a ccw <hostdev> is not a number from 0 to 0xfe" },
        { "cssid='0x0' ssid='0x0' devno='0x1234'/>\n    </host", "cssid='0x0'/>\n    </host",
          "line 23: *not complete*" },
        { "<address type='ccw' cssid='0x0'", "<address type='pci' cssid='0x0'",
          "line 23: type='pci'*give type='ccw'*" },
        { "<address type='ccw' cssid='0x0'", "<address cssid='0x0'", "line 23: *has no type: give type='ccw'*" },
        { "type='ccw' managed", "type='cwc' managed",
          "line 19: *type='cwc' is unknown: a channel device has type='ccw'" },
        { "type='ccw' managed", "managed", "line 19: *it has no type*" },
        { "mode='subsystem' type='ccw' managed", "mode='capabilities' type='ccw' managed",
          "line 19: *<hostdev>: <hostdev> does not take attribute 'mode', or not with that value" },
        { "</hostdev>", "<frob/></hostdev>", "line 19: *<hostdev> does not take <frob>, or not in that place" },
        { "</hostdev>", "<boot order='x'/></hostdev>", "line 19: *<boot>, or something in it, is not allowed there*" },
        { "</hostdev>", "</hostdev>\n<hostdev type='ccw'><source><address devno='0x1234'/></source></hostdev>",
          "line 25: the <hostdev> in line 19 already has host device 0.0.1234: remove one of the two*" },
        { "</hostdev>", "</hostdev>\n<frob/>", "line 25: the schema does not allow this <frob>, or something in it" },
        { "</hostdev>", "</hostdev>\n<video/><disk type='quux'/>", "line 25: *does not allow this <disk>*" },
        { "</devices>", "</devices><frob/>", "line 25: the schema does not allow this: *" },
        { "KiB", "quux", "line 4: the schema does not allow this: *unit*" },
        { "state='off'", "state='maybe'", "line 11: state='maybe' of <s390-map-css>*" },
        { "0x1234", "0x12345", "line 21: devno='0x12345'*out of range*" },
        { "</features>", "</feature>", "XML is not well-formed: line *" },
    };
    g_autofree char *text = load("map-css-off.xml");

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        const char *at = strstr(text, rows[i].is);
        g_autoptr(GString) broken = g_string_new_len(text, at ? at - text : 0);
        g_autoptr(GError) error = NULL;

        g_assert_nonnull(at);
        g_string_append(broken, rows[i].becomes);
        g_string_append(broken, at + strlen(rows[i].is));
        g_assert_false(conf_validate(broken->str, &error));
        if (!g_pattern_match_simple(rows[i].message, error->message))
            g_assert_cmpstr(error->message, ==, rows[i].message);
        g_assert_null(strchr(error->message, '\n'));
    }
}

static void feature_does_not_displace_others(void)
{
    g_autofree char *text = load("map-css-features-last.xml");
    g_autoptr(GError) error = NULL;
    char *at = strstr(text, "<acpi/>");

    g_assert_true(conf_validate(text, &error));
    g_assert_no_error(error);
    memcpy(at, "<icpa/>", 7);
    g_assert_false(conf_validate(text, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_XML);
}

int main(int argc, char **argv)
{
    g_autoptr(GDir) dir = NULL;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    const char *file;

    g_test_init(&argc, &argv, NULL);
    dir = g_dir_open(g_getenv("CCW_TEST_DATA"), 0, NULL);
    while (dir && (file = g_dir_read_name(dir)))
        if (g_str_has_suffix(file, ".xml"))
            g_ptr_array_add(files, g_strdup(file));
    g_assert_cmpuint(files->len, >=, 50);
    for (guint i = 0; i < files->len; i++) {
        g_autofree char *path = g_strconcat("/conf/schema/fixture/", files->pdata[i], NULL);

        g_test_add_data_func(path, files->pdata[i], fixture);
    }
    g_test_add_func("/conf/schema/wrong", wrong);
    g_test_add_func("/conf/schema/features", feature_does_not_displace_others);
    return g_test_run();
}
