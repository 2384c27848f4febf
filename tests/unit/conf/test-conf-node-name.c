/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/node-name.h"

static void round_trip(void)
{
    ConfNodeKind kind;
    CcwBusId id;
    g_autofree char *name = NULL;

    g_assert_true(conf_node_name_parse("ccw_fe_3_12ab", &kind, &id));
    g_assert_cmpint(kind, ==, CONF_NODE_CCW);
    g_assert_cmphex(id.cssid, ==, 0xfe);
    g_assert_cmphex(id.ssid, ==, 3);
    g_assert_cmphex(id.devno, ==, 0x12ab);
    name = conf_node_name_format(kind, &id);
    g_assert_cmpstr(name, ==, "ccw_fe_3_12ab");
    g_assert_true(conf_node_name_parse("css_0_0_0034", &kind, &id));
    g_assert_cmpint(kind, ==, CONF_NODE_CSS);
    g_assert_cmphex(id.devno, ==, 0x34);
}

static void others(void)
{
    static const char *const names[] = {
        "",
        "ccw_",
        "ccw_0_0",
        "ccw_0_0_12345",
        "ccw_0_0_12AB",
        "ccw_0.0.1234",
        "ccw_00_0_1234",
        "CCW_0_0_1234",
        "ccw_ff_0_1234",
        "ccw_0_4_1234",
        "pci_0000_00_1f_2",
        "ccw_0_0_1234 ",
        "css_0_0_",
    };
    ConfNodeKind kind;
    CcwBusId id;

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        g_assert_false(conf_node_name_parse(names[i], &kind, &id));
}

static void by_a_person(void)
{
    static const struct {
        const char *text;
        ConfNodeKind kind;
        CcwBusId id;
        gboolean wrong;
    } names[] = {
        { "0.0.1234", CONF_NODE_CCW, { 0, 0, 0x1234 }, FALSE },
        { "1234", CONF_NODE_CCW, { 0, 0, 0x1234 }, FALSE },
        { "aF", CONF_NODE_CCW, { 0, 0, 0xaf }, FALSE },
        { "0", CONF_NODE_CCW, { 0, 0, 0 }, FALSE },
        { "0x1234", CONF_NODE_CCW, { 0, 0, 0x1234 }, FALSE },
        { "fe.1.00ff", CONF_NODE_CCW, { 0xfe, 1, 0xff }, FALSE },
        { "ccw_0_1_1234", CONF_NODE_CCW, { 0, 1, 0x1234 }, FALSE },
        { "css_0_0_0034", CONF_NODE_CSS, { 0, 0, 0x34 }, FALSE },
        { "", 0, { 0 }, TRUE },
        { "12345", 0, { 0 }, TRUE },
        { "css_0_0_034", 0, { 0 }, TRUE },
        { "one", 0, { 0 }, TRUE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;
        ConfNodeKind kind;
        CcwBusId id;

        g_assert_cmpint(conf_device_name_parse(names[i].text, &kind, &id, &error), ==, !names[i].wrong);
        g_assert_cmpint(error != NULL, ==, names[i].wrong);
        if (names[i].wrong)
            continue;
        g_assert_cmpint(kind, ==, names[i].kind);
        g_assert_true(ccw_bus_id_equal(&id, &names[i].id));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/node-name/round-trip", round_trip);
    g_test_add_func("/conf/node-name/others", others);
    g_test_add_func("/conf/node-name/by-a-person", by_a_person);
    return g_test_run();
}
