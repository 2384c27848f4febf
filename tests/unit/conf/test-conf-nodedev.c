/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Node devices as libvirt shows them and as our users read them: golden pairs, all valid by the schema. */
#include <string.h>

#include "conf/conf.h"
#include "conf/nodedev.h"
#include "util/error.h"

static char *load(const char *name, const char *suffix)
{
    g_autofree char *file = g_strconcat(name, suffix, NULL);
    g_autofree char *path = g_build_filename(g_getenv("CCW_NODEDEV_DATA"), file, NULL);
    char *text = NULL;

    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static void assert_valid(const char *text)
{
    g_autoptr(GError) error = NULL;

    conf_validate(text, &error);
    g_assert_no_error(error);
}

static void assert_advertised(const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    gboolean changed = -1;
    g_autofree char *shown = conf_advertise(text, &changed, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(shown, ==, expected);
    g_assert_cmpint(changed, ==, strcmp(text, expected) != 0);
}

static void assert_unadvertised(const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    gboolean changed = -1;
    g_autofree char *stock = conf_unadvertise(text, &changed, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(stock, ==, expected);
    g_assert_cmpint(changed, ==, strcmp(text, expected) != 0);
}

static void fixture(gconstpointer name)
{
    g_autofree char *stock = load(name, ".xml");
    g_autofree char *shown = load(name, ".shown.xml");
    const char *expected = shown ? shown : stock;

    g_assert_nonnull(stock);
    assert_valid(stock);
    assert_valid(expected);
    assert_advertised(stock, expected);
    assert_advertised(expected, expected); /* a second call changes nothing */
    assert_unadvertised(expected, stock);
    assert_unadvertised(stock, stock);
}

static void not_ours(void)
{
    static const char *const texts[] = {
        "",
        "<domain><capability type='ccw'><cssid>0</cssid><ssid>0</ssid><devno>1</devno></capability></domain>",
        "<device><capability type='ccw'><cssid>0xff</cssid><ssid>0</ssid><devno>1</devno></capability></device>",
        "<device><capability type='ccw'><cssid>0</cssid><ssid>4</ssid><devno>1</devno></capability></device>",
        "<device><capability type='ccw'><cssid>0</cssid><ssid>0</ssid><devno>0x10000</devno></capability></device>",
        "<device><capability type='ccw'><cssid>0</cssid><ssid>0</ssid><devno>-1</devno></capability></device>",
        "<device><capability type='ccw'><cssid>0</cssid><ssid>0</ssid></capability></device>",
        "<device><capability type='ccw'/></device>",
        "<device><capability type='pci'><channel_dev_addr/></capability></device>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        assert_advertised(texts[i], texts[i]);
}

static void broken(void)
{
    g_autoptr(GError) error = NULL;
    gboolean changed;

    g_assert_null(conf_advertise("<device><capability type='ccw'></device>", &changed, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_XML);
}

static void detached(void)
{
    const CcwBusId id = { .devno = 0x1234 };
    g_autofree char *css = load("css-vfio", ".xml");
    g_autofree char *expected = load("ccw-detached", ".shown.xml");
    g_autoptr(GError) error = NULL;
    g_autofree char *xml = conf_detached_device(css, "ccw_0_0_1234", "css_0_0_0034", "vfio_ccw", &id, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(xml, ==, expected);
    assert_valid(xml);
    g_assert_null(conf_detached_device("<device>", "ccw_0_0_1234", "css_0_0_0034", "vfio_ccw", &id, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_XML);
}

static void outside_schema(void)
{
    g_autofree char *text = load("ccw", ".shown.xml");
    g_auto(GStrv) parts = g_strsplit(text, "<devno>", 2);
    g_autofree char *wrong = g_strconcat(parts[0], "<cuno>", parts[1], NULL);
    g_autofree char *worse = g_strconcat(parts[0], "<frob/><devno>", parts[1], NULL);
    g_autoptr(GError) error = NULL;

    g_assert_false(conf_validate(wrong, &error)); /* not well-formed */
    g_assert_error(error, CCW_ERROR, CCW_ERROR_XML);
    g_clear_error(&error);
    g_assert_false(conf_validate(worse, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_XML);
    /* The line that libxml2 names depends on the schema of the installed libvirt. */
    g_assert_true(g_regex_match_simple("^line 1[23]: the schema does not allow this", error->message, 0, 0));
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "ccw", "ccw-far", "css", "css-vfio", "css-no-device", "mdev" };

    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_strconcat("/conf/nodedev/", names[i], NULL);

        g_test_add_data_func(path, names[i], fixture);
    }
    g_test_add_func("/conf/nodedev/not-ours", not_ours);
    g_test_add_func("/conf/nodedev/broken", broken);
    g_test_add_func("/conf/nodedev/detached", detached);
    g_test_add_func("/conf/nodedev/outside-schema", outside_schema);
    return g_test_run();
}
