/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors and warnings for domains with channel devices. */
#include "qemu/validate.h"

#include <string.h>
#include <time.h>

#include "sysfs-tree.h"
#include "util/error.h"

#define OS "<os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>"
#define DOMAIN(os, features, devices)                                                                                  \
    "<domain type='kvm'>" os "<features>" features "</features>\n<devices>" devices "</devices></domain>"
#define DEVICES(devices) DOMAIN(OS, "", devices)
#define OFF "<s390-map-css state='off'/>"
#define DEV(devno, rest)                                                                                               \
    "<hostdev mode='subsystem' type='ccw'><source><address devno='" devno "'/></source>" rest "</hostdev>"
#define MDEV(devno, rest)                                                                                              \
    "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source><address "                                         \
    "uuid='cc390000-0001-8000-8000-00000000" devno "'/></source>" rest "</hostdev>"
#define ADVERTISED(attributes)                                                                                         \
    "<hostdev mode='subsystem' type='mdev' model='vfio-ccw' " attributes                                               \
    "><source><address uuid='cc390000-0001-8000-8000-000100001234'/></source></hostdev>"
#define GUEST(cssid, devno) "<address type='ccw' cssid='" cssid "' ssid='0x0' devno='" devno "'/>"
#define BOOT(order) "<boot order='" order "'/>"

static void good(void)
{
    static const char *const cases[] = {
        "<domain/>",
        "<pool/>",
        DEV("0x1234", ""),
        DEV("0x1234", GUEST("0x0", "0x1234")), /* the hostdev's domain is not known */
        DEVICES(DEV("0x1234", "")),
        DOMAIN("", "", DEV("0x1234", "")), /* libvirt uses the host's */
        DOMAIN("<os><type arch='s390x' machine='s390-ccw-virtio-7.2'>hvm</type></os>", "", DEV("0x1234", "")),
        DOMAIN("<os><type arch='x86_64' machine='pc'>hvm</type></os>", "", "<disk>" BOOT("1") "</disk>"),
        DOMAIN(OS, OFF, DEV("0x1234", GUEST("0x0", "0x1234"))),
        DEVICES(DEV("0x1234", "<alias name='ua-x'/>" BOOT("1") GUEST("0xfe", "0x1"))
                    DEV("0x1235", BOOT("2") GUEST("0xfe", "0x1234"))),
        DEVICES(DEV("0x1234", "<x:y xmlns:x='http://example.com'/>")),
        DEVICES(DEV("0xfFfF", "") DEV("0x1", "") DEV("4660", "")),
        "<hostdev type='ccw'><source><address cssid='0xFE' ssid='0x3' devno='0x0001'/></source></hostdev>",
        DEVICES(ADVERTISED("managed='no'")),
        DOMAIN(OS, "<s390-map-css state='off'> <!-- here --> </s390-map-css>", ""),
        "<domain><features><acpi/></features><features><apic/></features><devices>" DEV("0x1",
                                                                                        "") "</devices></domain>",
        /* libvirt itself rejects these. */
        DEVICES("<disk>" BOOT("1") GUEST("0xfe", "0x1") "</disk><disk>" BOOT("1") GUEST("0xfe", "0x1") "</disk>"),
        DEVICES(MDEV("1234", "<rom/>") MDEV("1235", "")),
        "<!DOCTYPE domain><domain><devices><hostdev type='pci'/><disk>" GUEST("0xfe",
                                                                              "0x1") "</disk></devices></domain>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const QemuValidate with = { 0 };
        g_autoptr(GError) error = NULL;

        g_assert_true(qemu_validate(cases[i], &with, &error));
        g_assert_no_error(error);
    }
}

static const struct {
    const char *xml;
    const char *message;
    gint code; /* 0 stands for CCW_ERROR_INVALID */
} rejected_cases[] = {
    { DOMAIN("<os><type arch='x86_64' machine='pc'>hvm</type></os>", "", DEV("0x1234", "")),
      "line 1: a ccw <hostdev> is only supported for machine type s390-ccw-virtio of "
      "arch "
      "s390x, and this domain has arch 'x86_64'",
      CCW_ERROR_UNSUPPORTED },
    { DOMAIN("<os><type machine='pc'>hvm</type></os>", "", MDEV("1234", "")),
      "line 1: a ccw <hostdev> is only *, and this domain has machine 'pc'", CCW_ERROR_UNSUPPORTED },
    { DOMAIN("<os><type arch='x86_64'>hvm</type></os>", OFF, ""),
      "line 1: <s390-map-css> is only supported *, and this domain has arch 'x86_64'", CCW_ERROR_UNSUPPORTED },
    { DEVICES(DEV("0x1234", GUEST("0x0", "0x1234"))),
      "line 2: guest address 0.0.1234 of ccw device 0.0.1234 is outside css fe, which contradicts *" },
    { DEVICES(DEV("0x1234", "") "\n" DEV("0x1234", GUEST("0xfe", "0x1"))),
      "line 3: Hostdev already exists in the domain configuration: ccw device 0.0.1234 is in line 2 already" },
    { DEVICES(DEV("0x1234", "") "\n" MDEV("1234", "")), "line 3: Hostdev already exists in the domain *" },
    { DEVICES("<disk>" GUEST("0xfe", "0x1234") "</disk>\n" DEV("0x1234", "")),
      "line 3: The CCW devno 'fe.0.1234' is in use already, by <disk> in line 2: give this ccw device, which gets "
      "that one by default, another guest address" },
    { DEVICES(DEV("0x1234", "") "\n<disk>" GUEST("0xfe", "0x1234") "</disk>"),
      "line 3: The CCW devno 'fe.0.1234' is in use already, by <hostdev> in line 2: give one of them another *" },
    { DOMAIN(OS, OFF, DEV("0x1234", "") "\n" DEV("0x1235", GUEST("0x0", "0x1234"))),
      "line 3: The CCW devno '0.0.1234' is in use already, *" },
    { DEVICES("<interface>" BOOT("1") "</interface>\n" DEV("0x1234", BOOT("1"))),
      "line 3: boot order '1' used for more than one device: <interface> in line 2 has "
      "it "
      "too",
      CCW_ERROR_UNSUPPORTED },
    { DEVICES(DEV("0x1234", "<address type='pci' slot='0x1'/>")),
      "line 2: type='pci' of the guest's <address> of a ccw <hostdev> does not go with it: *" },
    { DEVICES(DEV("0x1234", "<rom bar='on'/>")),
      "line 2: ROM tuning is only supported for PCI devices: remove <rom> from *", CCW_ERROR_UNSUPPORTED },
    { DEV("0x1234", "<teaming type='transient'/>"), "line 1: *teaming is only supported for pci hostdev devices*",
      CCW_ERROR_UNSUPPORTED },
    { DEV("0x1234", "<frob/>"), "line 1: <frob> is not supported in a ccw <hostdev>, *", CCW_ERROR_UNSUPPORTED },
    { DEV("0x1234", "\n<boot order='1' loadparm='2'/>"),
      "line 2: loadparm of <boot> *: remove it, or define the domain with it", CCW_ERROR_UNSUPPORTED },
    { DEV("0x1234", "<readonly/>"), "line 1: *a ccw device cannot be read-only, *: remove <readonly> from *",
      CCW_ERROR_UNSUPPORTED },
    { DEV("0x1234", "<shareable/>"), "line 1: *a ccw device cannot be shared, *: remove <shareable> from *",
      CCW_ERROR_UNSUPPORTED },
    { DEV("0x1234", "<driver iommufd='yes'/>"), "line 1: *only PCI devices to an iommufd*: remove <driver> from *",
      CCW_ERROR_UNSUPPORTED },
    { DEV("0x1234", "<address type='ccw'><zpci uid='1'/></address>"), "line 1: *<zpci> is not supported *",
      CCW_ERROR_UNSUPPORTED },
    { DEV("0x1234", BOOT("1") "\n" BOOT("2")), "line 2: a ccw <hostdev> has a second <boot>: keep one" },
    { DEV("0x1234", "<boot order='1' frob='x'/>"), "line 1: *attribute 'frob' of <boot> is not supported *",
      CCW_ERROR_UNSUPPORTED },
    { DEV("0x1234", "<address type='ccw' cssid='0xfe' ssid='0' devno='1' multifunction='on'/>"),
      "line 1: *attribute 'multifunction' of <address> is not supported for a ccw <hostdev>: remove it",
      CCW_ERROR_UNSUPPORTED },
    { "<hostdev type='subsystem' subsystem='ccw' display='on'><source><address devno='1'/></source></hostdev>",
      "line 1: *attribute 'display' of <hostdev> is not supported for a ccw <hostdev>: remove it",
      CCW_ERROR_UNSUPPORTED },
    { "<hostdev type='ccw'><source writeFiltering='no'><address devno='1'/></source></hostdev>",
      "line 1: *attribute 'writeFiltering' of <source> is not supported for a ccw <hostdev>: remove it",
      CCW_ERROR_UNSUPPORTED },
    { "<hostdev type='ccw'><source><address devno='1'/><vendor id='1'/></source></hostdev>",
      "line 1: <vendor> is not supported in a ccw <hostdev>, *", CCW_ERROR_UNSUPPORTED },
    { "<hostdev type='ccw'><source><address devno='1'><x/></address></source></hostdev>",
      "line 1: <x> is not supported in a ccw <hostdev>, *", CCW_ERROR_UNSUPPORTED },
    { DEV("0X1234", ""), "line 1: devno='0X1234' of <address> in <source> *: write 0x1234" },
    { DEV("0x0001234", ""), "line 1: devno='0x0001234' of <address> in <source> *: write 0x1234" },
    { "<hostdev type='ccw'><source><address cssid='0x001' ssid='0x0' devno='0x1'/></source></hostdev>",
      "line 1: cssid='0x001' of <address> in <source> *: write 0x1" },
    { "<hostdev type='ccw'><source><address ssid='0x00' devno='0x1'/></source></hostdev>",
      "line 1: ssid='0x00' of <address> in <source> *: write 0x0" },
    { DEVICES(ADVERTISED("managed='maybe'")), "line 2: managed='maybe' of a <hostdev> is unknown: give yes or no" },
    { "<domain><features><s390-map-css state='off'>x</s390-map-css></features></domain>",
      "line 1: <s390-map-css> in <features> takes the attribute state and nothing else: remove the rest" },
    { "<domain><features>" OFF "</features>\n<features><acpi/></features></domain>",
      "line 2: <features> is given twice in a domain with <s390-map-css>: put all features into one" },
    { DEVICES(DEV("0x12345", "")), "line 2: devno='0x12345' of *is out of range: give 0 to 0xffff" },
    { "<!DOCTYPE domain><domain><devices>" DEV("0x1234", "") "</devices></domain>",
      "cannot read the ccw <hostdev> or <s390-map-css> of this document because of its document type declaration: "
      "*" },
    { "<?xml version='1.0' encoding='UTF-7'?>" DEV("0x1234", ""), "*because of its encoding: *" },
    { "<!DOCTYPE hostdev><hostdev type = 'subsystem' subsystem = \"ccw\"/>", "cannot read the *" },
    { "<!DOCTYPE domain><domain><features>" OFF "</features></domain>", "cannot read the *" },
    { "<!DOCTYPE hostdev>" ADVERTISED("managed='no'"), "cannot read the *" },
    { "<domainsnapshot><domain>" DEV("0", "") "</domain><inactiveDomain><devices>" DEV("0x1", "")
          DEV("0x1", "") "</devices></inactiveDomain></domainsnapshot>",
      "line 1: Hostdev already exists *" },
};

static void rejected(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rejected_cases); i++) {
        const QemuValidate with = { 0 };
        g_autoptr(GError) error = NULL;

        g_assert_false(qemu_validate(rejected_cases[i].xml, &with, &error));
        g_assert_error(error, CCW_ERROR, rejected_cases[i].code);
        if (!g_pattern_match_simple(rejected_cases[i].message, error->message))
            g_error("'%s' is not '%s'", error->message, rejected_cases[i].message);
    }
}

static void expect_noticed(const char *xml)
{
    const QemuValidate with = { 0 };
    g_autoptr(GError) error = NULL;
    g_autofree char *lowered = NULL;
    gboolean changed;

    if (conf_validate(xml, &error))
        g_error("the schema allows %s", xml);
    if (g_error_matches(error, CCW_ERROR, CCW_ERROR_NOT_FOUND)) {
        g_test_skip("libvirt's schemas are not installed");
        return;
    }
    lowered = conf_lower(xml, CONF_MAP_CSS_ABSENT, &changed, NULL);
    if (lowered && qemu_validate(xml, &with, NULL) && conf_validate(lowered, NULL))
        g_error("it passes unnoticed: %s", xml);
}

/*
 * Documents that the extended schema does not allow, with --validate. virtccwd, which does not use the schema, rejects
 * them by name, or forwards them in a form that libvirt's own schema does not allow: so they never pass unnoticed.
 */
static const char *const strict_devices[] = {
    DEV("0x1234", "<frob/>"),
    DEV("0x1234", "<driver name='vfio'/>"),
    DEV("0x1234", "text"),
    DEV("0x1234", "<x:y xmlns:x='http://example.com'/>"),
    DEV("0x1234", "<boot order='0'/>"),
    DEV("0x1234", "<boot order='1'/><boot order='2'/>"),
    DEV("0x1234", "<boot order='1' frob='1'/>"),
    DEV("0x1234", "<alias name='ua-x' frob='1'/>"),
    DEV("0x1234", "<readonly frob='1'/>"),
    DEV("0x1234", "<shareable>x</shareable>"),
    DEV("0x1234", "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x00001'/>"),
    DEV("0x1234", "<address type='ccw' cssid='0x0fe' ssid='0x0' devno='0x1'/>"),
    DEV("0x1234", "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x1' frob='1'/>"),
    DEV("0x1234", "<address type='ccw' cssid='0xfe'/>"),
    DEV("0x1234", "<address type='pci'/>"),
    DEV("0x00001234", ""),
    DEV("0X1234", ""),
    DEV("01234", ""),
    DEV("0x12345", ""),
    DEV("", ""),
    "<hostdev mode='subsystem' type='ccw'><source><address/></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw'><source/></hostdev>",
    "<hostdev mode='subsystem' type='ccw'/>",
    "<hostdev mode='subsystem' type='ccw'><source>text<address devno='0x1'/></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw'><source frob='1'><address devno='0x1'/></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1'/><frob/></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1'/><address devno='0x2'/></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1'/></source><source/></hostdev>",
    "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1' frob='1'/></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1' ssid='4'/></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1' ssid='0x03'/></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1' cssid='0xff'/></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1' cssid='0x001'/></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1'>text</address></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1'><frob/></address></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw' frob='1'><source><address devno='0x1'/></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw' model='vfio-ccw'><source><address devno='0x1'/></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw' display='off'><source><address devno='0x1'/></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw' ramfb='off'><source><address devno='0x1'/></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw' subsystem='ccw'><source><address devno='0x1'/></source></hostdev>",
    "<hostdev mode='subsystem' type='ccw' managed='maybe'><source><address devno='0x1'/></source></hostdev>",
    "<hostdev mode='capabilities' type='ccw'><source><address devno='0x1'/></source></hostdev>",
    "<hostdev mode='subsystem' type='subsystem'><source><address devno='0x1'/></source></hostdev>",
    "<hostdev type='subsystem' subsystem='pci'><source><address devno='0x1'/></source></hostdev>",
    "<hostdev type='subsystem' subsystem='ccw' display='on'><source><address devno='0x1'/></source></hostdev>",
    ADVERTISED("managed='maybe'"),
    ADVERTISED("frob='1'"),
};

static const char *const strict_features[] = {
    "<s390-map-css/>",
    "<s390-map-css state='maybe'/>",
    "<s390-map-css state='off' frob='1'/>",
    "<s390-map-css state='off' x:frob='1' xmlns:x='http://example.com'/>",
    "<s390-map-css state='off'>text</s390-map-css>",
    "<s390-map-css state='off'><![CDATA[x]]></s390-map-css>",
    "<s390-map-css state='off'><frob/></s390-map-css>",
    OFF OFF,
    OFF "</features><features><acpi/>",
    "<acpi/></features><features>" OFF,
    OFF "<frob/>",
    OFF "text",
};

static void strict(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(strict_devices) + G_N_ELEMENTS(strict_features); i++) {
        gboolean is_device = i < G_N_ELEMENTS(strict_devices);
        g_autofree char *xml = g_strdup_printf(
            "<domain type='kvm'><name>x</name><memory>1</memory>" OS "%s%s%s<devices>%s</devices></domain>",
            is_device ? "" : "<features>", is_device ? "" : strict_features[i - G_N_ELEMENTS(strict_devices)],
            is_device ? "" : "</features>", is_device ? strict_devices[i] : "");

        expect_noticed(xml);
    }
}

#define KEYS 60000u
#define TABLE 65521u           /* the prime by which GLib indexes a table of this many keys */
#define INVERSE_11 3123612579u /* GLib multiplies by 11 first */

/* Returns the processor time, in seconds, for a domain whose boot orders are these multiples. */
static double time_boot_orders(guint factor)
{
    g_autoptr(GString) devices = g_string_new(DEV("0x1234", ""));
    g_autofree char *xml = NULL;
    const QemuValidate with = { 0 };
    g_autoptr(GError) error = NULL;
    clock_t start;

    for (guint i = 1; i <= KEYS; i++)
        g_string_append_printf(devices, "<x><boot order='%u'/></x>", i * factor);
    xml = g_strdup_printf("<domain>" OS "<devices>%s</devices></domain>", devices->str);
    start = clock();
    g_assert_true(qemu_validate(xml, &with, &error));
    g_assert_no_error(error);
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

/* Boot orders that collide in a table without a secret take quadratic time. */
static void colliding_keys(void)
{
    double usual = time_boot_orders(1);
    double colliding = time_boot_orders(TABLE * INVERSE_11);

    g_test_message("%.3f s, colliding %.3f s", usual, colliding);
    g_assert_cmpfloat(colliding, <, 5 * usual);
}

static void emulator(void)
{
    QemuCaps caps = { .version = (char *)"8.2.0", .target = (char *)"s390x", .has_ccw_machine = TRUE };
    const QemuValidate with = { .caps = &caps, .emulator = "/q" };
    g_autoptr(GError) error = NULL;

    g_assert_true(qemu_validate(DEVICES(""), &with, NULL));
    g_assert_false(qemu_validate(DEVICES(DEV("0x1234", "")), &with, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED);
    g_assert_cmpstr(error->message, ==,
                    "line 2: ccw device 0.0.1234: VFIO CCW device assignment is not supported by this version of QEMU: "
                    "emulator /q (QEMU 8.2.0) has no device vfio-ccw");
    caps.has_vfio_ccw = TRUE;
    g_assert_true(qemu_validate(DEVICES(DEV("0x1234", "")), &with, NULL));
}

static void named_emulator(void)
{
    g_autofree char *named = qemu_emulator(DEVICES("<emulator>/path/to/q</emulator>"));
    g_autofree char *none = qemu_emulator(DEVICES("<emulator/>"));

    g_assert_cmpstr(named, ==, "/path/to/q");
    g_assert_null(none);
    g_assert_null(qemu_emulator(DEVICES("")));
    g_assert_null(qemu_emulator("<domain>"));
    g_assert_null(qemu_emulator("<hostdev/>"));
}

static void expect_warnings(CssHost *host, const char *xml, const char *expected)
{
    g_autoptr(GPtrArray) warnings = qemu_warnings_new();
    g_autoptr(GString) text = g_string_new(NULL);
    const QemuValidate with = { .host = host, .warnings = warnings };
    g_autoptr(GError) error = NULL;

    g_assert_true(qemu_validate(xml, &with, &error));
    g_assert_no_error(error);
    for (guint i = 0; i < warnings->len; i++) {
        g_autofree char *line = qemu_warning_format(warnings->pdata[i]);

        g_string_append_printf(text, "%s%s", i > 0 ? "|" : "", line);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void warned(void)
{
    g_autoptr(Tree) dasd = tree_new("dasd.txt");
    g_autoptr(Tree) virtio = tree_new("virtio.txt");
    g_autoptr(CssHost) here = css_host_new(dasd->sysfs, dasd->proc, dasd->run_dir);
    g_autoptr(CssHost) there = css_host_new(virtio->sysfs, virtio->proc, virtio->run_dir);
    g_autoptr(CssHost) nowhere = css_host_new("/nonexistent", "/proc", "/nonexistent");

    expect_warnings(here, DEVICES(DEV("0x1234", "")), "");
    expect_warnings(NULL, DEVICES(DEV("0x4711", "")), "");
    expect_warnings(nowhere, DEVICES(DEV("0x4711", "")), "");
    expect_warnings(here, DOMAIN(OS, OFF, ""), "");
    expect_warnings(here, DOMAIN(OS, OFF, DEV("0x1234", "")),
                    "s390-map-css is off: a guest sees devices outside css fe only if it enables MCSS-E, which Linux "
                    "does not");
    expect_warnings(there, DEVICES(DEV("0x9", "") "\n" DEV("0x4711", "")),
                    "line 2: channel device 0.0.0009 is not a DASD: its control unit is a 3270/00, a DASD's is a 3990|"
                    "line 3: this host has no channel device 0.0.4711");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu/validate/good", good);
    g_test_add_func("/qemu/validate/rejected", rejected);
    g_test_add_func("/qemu/validate/strict", strict);
    g_test_add_func("/qemu/validate/colliding-keys", colliding_keys);
    g_test_add_func("/qemu/validate/emulator", emulator);
    g_test_add_func("/qemu/validate/named-emulator", named_emulator);
    g_test_add_func("/qemu/validate/warned", warned);
    return g_test_run();
}
