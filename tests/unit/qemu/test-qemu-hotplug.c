/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/hotplug.h"

#include <string.h>

#include "util/error.h"

#define ADD(arguments) "{\"execute\":\"device_add\",\"arguments\":{" arguments "},\"id\":7}"
#define REJECTED(message) "{\"error\":{\"class\":\"GenericError\",\"desc\":\"" message "\"},\"id\":7}\r\n"
#define MDEV "/sys/bus/mdev/devices/cc390000-0001-8000-8000-0000"

static void measured(void)
{
    static const struct {
        const char *text;
        gsize length;
    } cases[] = {
        { "", 0 },
        { "{", 0 },
        { "{}", 2 },
        { " \r\n{} {}", 5 },
        { "{\"a\":{\"b\":[1]}}x", 15 },
        { "{\"a\":\"}\"", 0 },
        { "{\"a\":\"}\"}", 9 },
        { "{\"a\":\"\\\"}\"}", 11 },
        { "{'a':'}\"'}", 10 },
        { "{\"a\":\"\\", 0 },
        { "}{}", 1 },
        { "{[}]", 4 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_cmpuint(qemu_hotplug_measure(cases[i].text, strlen(cases[i].text)), ==, cases[i].length);
}

/* The host has all devices except 0.0.4711. */
static gboolean check(const CcwBusId *host, gconstpointer data, GError **error)
{
    g_assert_cmpstr(data, ==, "data");
    if (host->devno != 0x4711)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "no such device");
    return FALSE;
}

static void rewritten(void)
{
    static const struct {
        ConfMapCss map_css;
        const char *command;
        const char *result; /* NULL: unchanged */
    } cases[] = {
        { CONF_MAP_CSS_ABSENT, ADD("\"driver\":\"vfio-ccw\",\"id\":\"d\",\"hostid\":\"0.0.1234\""),
          ADD("\"driver\":\"vfio-ccw\",\"id\":\"d\",\"sysfsdev\":\"" MDEV "00001234\",\"devno\":\"fe.0.1234\"") },
        { CONF_MAP_CSS_OFF, ADD("\"driver\":\"vfio-ccw\",\"hostid\":\"1.0.1234\""),
          ADD("\"driver\":\"vfio-ccw\",\"sysfsdev\":\"" MDEV "01001234\",\"devno\":\"1.0.1234\"") },
        { CONF_MAP_CSS_ON,
          ADD("\"driver\":\"vfio-ccw\",\"guestid\":\"fe.1.0001\",\"hostid\":\"0.0.1234\",\"bootindex\":1"),
          ADD("\"driver\":\"vfio-ccw\",\"devno\":\"fe.1.0001\",\"sysfsdev\":\"" MDEV "00001234\",\"bootindex\":1") },
        { CONF_MAP_CSS_ON, ADD("\"driver\":\"vfio-ccw\",\"sysfsdev\":\"x\""), NULL },
        { CONF_MAP_CSS_ON, ADD("\"driver\":\"virtio-rng-ccw\",\"hostid\":\"0.0.1234\""), NULL },
        { CONF_MAP_CSS_ON, "{ \"execute\" : \"qmp_capabilities\" }", NULL },
        { CONF_MAP_CSS_ON, "{'execute': 'device_add'}", NULL },
        { CONF_MAP_CSS_ON, "{\"execute\":\"device_add\",\"arguments\":[]}", NULL },
        { CONF_MAP_CSS_ON, "} junk", NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const QemuHotplug hotplug = { .map_css = cases[i].map_css, .check = check, .data = "data" };
        gboolean rejected = TRUE;
        g_autofree char *text = qemu_hotplug_rewrite(&hotplug, cases[i].command, &rejected);

        g_assert_false(rejected);
        g_assert_cmpstr(text, ==, cases[i].result ? cases[i].result : cases[i].command);
    }
}

static void rejected(void)
{
    static const struct {
        const char *command;
        const char *answer;
    } cases[] = {
        { ADD("\"driver\":\"vfio-ccw\",\"hostid\":\"0.0.4711\""), REJECTED("no such device") },
        { ADD("\"driver\":\"vfio-ccw\",\"guestid\":\"fe.0.1234\""), REJECTED("guestid without hostid: *") },
        { ADD("\"driver\":\"vfio-ccw\",\"hostid\":\"foo\""), REJECTED("hostid: 'foo' is not a device bus id*") },
        { ADD("\"driver\":\"vfio-ccw\",\"hostid\":1234"), REJECTED("hostid needs a bus id, *") },
        { ADD("\"driver\":\"vfio-ccw\",\"hostid\":\"0.0.1234\",\"guestid\":\"0.0.1234\""),
          REJECTED("guestid 0.0.1234 of hostid 0.0.1234 is outside css fe, *") },
    };
    const QemuHotplug hotplug = { .map_css = CONF_MAP_CSS_ABSENT, .check = check, .data = "data" };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gboolean was_rejected = FALSE;
        g_autofree char *answer = qemu_hotplug_rewrite(&hotplug, cases[i].command, &was_rejected);

        g_assert_true(was_rejected);
        if (!g_pattern_match_simple(cases[i].answer, answer))
            g_error("'%s' is not '%s'", answer, cases[i].answer);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu/hotplug/measured", measured);
    g_test_add_func("/qemu/hotplug/rewritten", rewritten);
    g_test_add_func("/qemu/hotplug/rejected", rejected);
    return g_test_run();
}
