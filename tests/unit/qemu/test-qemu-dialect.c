/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "qemu/dialect.h"
#include "util/error.h"

#define MDEV "/sys/bus/mdev/devices/cc390000-0001-8000-8000-0000"

/* Returns the arguments as one line: the printed form without its continuations. */
static char *flat(const QemuArgv *argv)
{
    GString *text = g_string_new(NULL);
    g_autofree char *printed = qemu_argv_format(argv);

    g_string_append(text, printed);
    g_string_replace(text, " \\\n", " ", 0);
    g_string_replace(text, "\n", "", 0);
    return g_string_free(text, FALSE);
}

static const struct {
    const char *series;
    const char *stock;
    ConfMapCss map_css;
    guint hosts;
} stock_cases[] = {
    { "q -machine s390-ccw-virtio,s390-map-css=on -device vfio-ccw,id=d0,hostid=0.0.1234,guestid=fe.0.1234",
      "q -machine s390-ccw-virtio -device vfio-ccw,id=d0,sysfsdev=" MDEV "00001234,devno=fe.0.1234", CONF_MAP_CSS_ON,
      1 },
    { "q -device vfio-ccw,hostid=1.2.abcd,bootindex=1",
      "q -device vfio-ccw,sysfsdev=" MDEV "0102abcd,bootindex=1,devno=fe.2.abcd", CONF_MAP_CSS_ABSENT, 1 },
    { "q -M s390-map-css=off -device vfio-ccw,hostid=1.2.abcd",
      "q -device vfio-ccw,sysfsdev=" MDEV "0102abcd,devno=1.2.abcd", CONF_MAP_CSS_OFF, 1 },
    { "q -machine s390-map-css=off,type=x,y=1,,2 --machine s390-map-css=on,z=1",
      "q -machine type=x,y=1,,2 --machine z=1", CONF_MAP_CSS_ON, 0 },
    { "q -machine x,s390-map-css=on,s390-map-css=off", "q -machine x", CONF_MAP_CSS_OFF, 0 },
    { "q -device '{\"driver\":\"vfio-ccw\",\"hostid\":\"0.0.1234\",\"guestid\":\"fe.0.0001\",\"bootindex\":1}'",
      "q -device '{\"driver\":\"vfio-ccw\",\"sysfsdev\":\"" MDEV "00001234\",\"devno\":\"fe.0.0001\","
      "\"bootindex\":1}'",
      CONF_MAP_CSS_ABSENT, 1 },
    { "q -device hostid=0.0.1234,id=a,,b,driver=vfio-ccw",
      "q -device sysfsdev=" MDEV "00001234,id=a,,b,driver=vfio-ccw,devno=fe.0.1234", CONF_MAP_CSS_ABSENT, 1 },
    /* Command lines in stock form, or without our devices, do not change. */
    { "q -device vfio-ccw,sysfsdev=/x,devno=fe.0.0001 -device '{ \"driver\" : \"vfio-ccw\" }'",
      "q -device vfio-ccw,sysfsdev=/x,devno=fe.0.0001 -device '{ \"driver\" : \"vfio-ccw\" }'", CONF_MAP_CSS_ABSENT,
      0 },
    { "q -device virtio-blk-ccw,hostid=0.0.1234 -device vfio-ccw,help -device help",
      "q -device virtio-blk-ccw,hostid=0.0.1234 -device vfio-ccw,help -device help", CONF_MAP_CSS_ABSENT, 0 },
    { "q -append -machine -name s390-map-css=on -append 'vfio-ccw,hostid=0.0.1234' -device vfio-ccw,,hostid=x",
      "q -append -machine -name s390-map-css=on -append vfio-ccw,hostid=0.0.1234 -device vfio-ccw,,hostid=x",
      CONF_MAP_CSS_ABSENT, 0 },
    { "q -device '{\"driver\":\"vfio-ccw\",\"hostid\":' -device",
      "q -device '{\"driver\":\"vfio-ccw\",\"hostid\":' -device", CONF_MAP_CSS_ABSENT, 0 },
    { "q -device '{\"driver\":\"x\",\"y\":{\"driver\":\"vfio-ccw\",\"hostid\":\"0.0.1234\"}}'",
      "q -device '{\"driver\":\"x\",\"y\":{\"driver\":\"vfio-ccw\",\"hostid\":\"0.0.1234\"}}'", CONF_MAP_CSS_ABSENT,
      0 },
};

static void to_stock(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(stock_cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GArray) hosts = NULL;
        g_autoptr(QemuArgv) argv = qemu_argv_parse_shell(stock_cases[i].series, &error);
        g_autofree char *stock = NULL;
        ConfMapCss map_css;

        g_assert_no_error(error);
        g_assert_true(qemu_dialect_to_stock(argv, &hosts, &map_css, &error));
        g_assert_no_error(error);
        stock = flat(argv);
        g_assert_cmpstr(stock, ==, stock_cases[i].stock);
        g_assert_cmpint(map_css, ==, stock_cases[i].map_css);
        g_assert_cmpuint(hosts->len, ==, stock_cases[i].hosts);
    }
}

static void rejected(void)
{
    static const struct {
        const char *line;
        const char *message;
    } cases[] = {
        { "q -machine x,s390-map-css=maybe",
          "'s390-map-css=maybe' of -machine: give s390-map-css=on or s390-map-css=off" },
        { "q -M x,s390-map-css", "'s390-map-css' of -M: give s390-map-css=on or s390-map-css=off" },
        { "q -device vfio-ccw,id=d,hostid=", "-device vfio-ccw,id=d,hostid=: hostid: '' is not a device bus id*" },
        { "q -device vfio-ccw,hostid", "*: hostid needs a bus id*" },
        { "q -device '{\"driver\":\"vfio-ccw\",\"hostid\":4660}'", "*: hostid needs a bus id*" },
        { "q -device vfio-ccw,hostid=ff.0.1234", "*: hostid: cssid ff of 'ff.0.1234' is out of range: 0 to fe" },
        { "q -device vfio-ccw,hostid=0.4.1234", "*: hostid: ssid 4 of '0.4.1234' is out of range: 0 to 3" },
        { "q -device vfio-ccw,hostid=0.0.1234,guestid=1234", "*: guestid 0.0.1234 of hostid * is outside css fe*" },
        { "q -device vfio-ccw,guestid=fe.0.1234", "*: guestid without hostid*" },
        { "q -device vfio-ccw,hostid=0.0.1234,sysfsdev=/x", "*: hostid and guestid exclude sysfsdev*" },
        { "q -device vfio-ccw,hostid=0.0.1234,devno=fe.0.1", "*: hostid and guestid exclude sysfsdev*" },
        { "q -device vfio-ccw,guestid=fe.0.0001,sysfsdev=/x", "*: guestid without hostid*" },
        { "q -device vfio-ccw,hostid=0.0.1234 -device vfio-ccw,hostid=0.0.1234",
          "*: hostid 0.0.1234 is used by another device already" },
        { "q -device vfio-ccw,hostid=0.1.1234,guestid=0.1.1234",
          "*: guestid 0.1.1234 of hostid 0.1.1234 is outside css fe, which contradicts s390-map-css=on: give "
          "guestid=fe.1.1234, or s390-map-css=off" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(QemuArgv) argv = qemu_argv_parse_shell(cases[i].line, NULL);
        GArray *hosts = NULL;
        ConfMapCss map_css;

        g_assert_false(qemu_dialect_to_stock(argv, &hosts, &map_css, &error));
        g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
        if (!g_pattern_match_simple(cases[i].message, error->message))
            g_error("'%s' is not '%s'", error->message, cases[i].message);
        g_assert_null(hosts);
    }
}

static void to_series(void)
{
    static const char stock[] =
        "LC_ALL=C HOME=/x q -name x -S -object '{\"qom-type\":\"secret\",\"id\":\"masterKey0\"}' "
        "-machine s390-ccw-virtio-7.2,usb=off -object '{\"qom-type\":\"rng-random\",\"id\":\"masterKey1\"}' "
        "-chardev socket,id=charmonitor,path=/m,server=on -mon chardev=charmonitor,id=monitor,mode=control "
        "-object '{\"qom-type\":\"monitor-qmp\",\"id\":\"monitor\",\"chardev\":\"charmonitor\"}' "
        "-chardev pty,id=charconsole0 -no-shutdown -sandbox on "
        "-device '{\"driver\":\"vfio-ccw\",\"id\":\"hostdev0\",\"sysfsdev\":\"" MDEV
        "00001234\",\"devno\":\"fe.0.1234\",\"bootindex\":1}' "
        "-device '{\"driver\":\"vfio-ccw\",\"id\":\"hostdev1\",\"sysfsdev\":\"/sys/bus/mdev/devices/"
        "11111111-2222-3333-4444-555555555555\",\"devno\":\"fe.0.0001\"}' "
        "-device vfio-ccw,sysfsdev=" MDEV "0102abcd -machine dump-guest-core=off";
    static const char series[] =
        "q -name x "
        "-machine s390-ccw-virtio-7.2,usb=off,s390-map-css=%s -object "
        "'{\"qom-type\":\"rng-random\",\"id\":\"masterKey1\"}' "
        "-chardev pty,id=charconsole0 -sandbox on "
        "-device '{\"driver\":\"vfio-ccw\",\"id\":\"hostdev0\",\"hostid\":\"0.0.1234\",\"guestid\":\"fe.0.1234\","
        "\"bootindex\":1}' "
        "-device '{\"driver\":\"vfio-ccw\",\"id\":\"hostdev1\",\"sysfsdev\":\"/sys/bus/mdev/devices/"
        "11111111-2222-3333-4444-555555555555\",\"devno\":\"fe.0.0001\"}' "
        "-device vfio-ccw,hostid=1.2.abcd -machine dump-guest-core=off";
    static const char *const states[] = { "on", "on", "off" };

    for (guint map_css = CONF_MAP_CSS_ABSENT; map_css <= CONF_MAP_CSS_OFF; map_css++) {
        g_autoptr(QemuArgv) argv = qemu_argv_parse_shell(stock, NULL);
        g_auto(GStrv) around = g_strsplit(series, "%s", 2);
        g_autofree char *expected = g_strjoin(states[map_css], around[0], around[1], NULL);
        g_autofree char *text = NULL;

        qemu_dialect_to_series(argv, (ConfMapCss)map_css);
        text = flat(argv);
        g_assert_cmpstr(text, ==, expected);
    }
}

/* libvirt writes every interface as a tap, with the number of a descriptor that it would have opened. */
static void networks(void)
{
    g_autoptr(QemuArgv) argv = qemu_argv_parse_shell(
        "q -machine x -netdev '{\"type\":\"tap\",\"fd\":\"6\",\"vhost\":true,\"vhostfd\":\"7\",\"id\":\"hostnet0\"}' "
        "-netdev tap,fds=1:2,id=n1,queues=2 -netdev tap,ifname=t,id=n2 -netdev '{\"type\":\"user\", \"id\":\"n3\"}'",
        NULL);
    g_autofree char *text = NULL;

    qemu_dialect_to_series(argv, CONF_MAP_CSS_ON);
    text = flat(argv);
    g_assert_cmpstr(text, ==,
                    "q -machine x,s390-map-css=on -netdev '{\"type\":\"user\",\"id\":\"hostnet0\"}' "
                    "-netdev type=user,id=n1 -netdev tap,ifname=t,id=n2 -netdev '{\"type\":\"user\", \"id\":\"n3\"}'");
}

static void no_machine(void)
{
    g_autoptr(QemuArgv) argv = qemu_argv_parse_shell("q -nodefaults", NULL);
    g_autofree char *text = NULL;

    qemu_dialect_to_series(argv, CONF_MAP_CSS_OFF);
    text = flat(argv);
    g_assert_cmpstr(text, ==, "q -nodefaults -machine s390-map-css=off");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu/dialect/to-stock", to_stock);
    g_test_add_func("/qemu/dialect/rejected", rejected);
    g_test_add_func("/qemu/dialect/to-series", to_series);
    g_test_add_func("/qemu/dialect/no-machine", no_machine);
    g_test_add_func("/qemu/dialect/networks", networks);
    return g_test_run();
}
