/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is refused in a domain with channel devices, and what is warned about. */
#include "qemu/ccw-qemu-validate.h"

#include <string.h>

#include "sysfs-tree.h"
#include "util/ccw-error.h"

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
#define GUEST(cssid, devno) "<address type='ccw' cssid='" cssid "' ssid='0x0' devno='" devno "'/>"
#define BOOT(order) "<boot order='" order "'/>"

static void good(void)
{
    static const char *const cases[] = {
        "<domain/>",
        "<pool/>",
        DEV("0x1234", ""),
        DEV("0x1234", GUEST("0x0", "0x1234")), /* which domain it goes to is not known */
        DEVICES(DEV("0x1234", "")),
        DOMAIN("", "", DEV("0x1234", "")), /* libvirt takes the host's */
        DOMAIN("<os><type arch='s390x' machine='s390-ccw-virtio-7.2'>hvm</type></os>", "", DEV("0x1234", "")),
        DOMAIN("<os><type arch='x86_64' machine='pc'>hvm</type></os>", "", "<disk>" BOOT("1") "</disk>"),
        DOMAIN(OS, OFF, DEV("0x1234", GUEST("0x0", "0x1234"))),
        DEVICES(DEV("0x1234", "<alias name='ua-x'/><readonly/>" BOOT("1") GUEST("0xfe", "0x1"))
                    DEV("0x1235", BOOT("2") GUEST("0xfe", "0x1234"))),
        DEVICES(DEV("0x1234", "<x:y xmlns:x='http://example.com'/>")),
        /* Not ours: libvirt's to say. */
        DEVICES("<disk>" BOOT("1") GUEST("0xfe", "0x1") "</disk><disk>" BOOT("1") GUEST("0xfe", "0x1") "</disk>"),
        DEVICES(MDEV("1234", "<rom/>") MDEV("1235", "")),
        "<!DOCTYPE domain><domain>" DEV("0x1234", "<frob/>") "</domain>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const CcwQemuValidate with = { 0 };
        g_autoptr(GError) error = NULL;

        g_assert_true(ccw_qemu_validate(cases[i], &with, &error));
        g_assert_no_error(error);
    }
}

static void refused(void)
{
    static const struct {
        const char *xml;
        const char *message;
    } cases[] = {
        { DOMAIN("<os><type arch='x86_64' machine='pc'>hvm</type></os>", "", DEV("0x1234", "")),
          "line 1: unsupported configuration: a ccw <hostdev> is only supported for machine type s390-ccw-virtio of "
          "arch "
          "s390x, and this domain has arch 'x86_64'" },
        { DOMAIN("<os><type machine='pc'>hvm</type></os>", "", MDEV("1234", "")),
          "line 1: unsupported configuration: a ccw <hostdev> is only *, and this domain has machine 'pc'" },
        { DOMAIN("<os><type arch='x86_64'>hvm</type></os>", OFF, ""),
          "line 1: unsupported configuration: <s390-map-css> is only supported *, and this domain has arch 'x86_64'" },
        { DEVICES(DEV("0x1234", GUEST("0x0", "0x1234"))),
          "line 2: guest address 0.0.1234 of ccw device 0.0.1234 is outside css fe, which contradicts *" },
        { DEVICES(DEV("0x1234", "") "\n" DEV("0x1234", GUEST("0xfe", "0x1"))),
          "line 3: Hostdev already exists in the domain configuration: ccw device 0.0.1234 is the one of line 2 too" },
        { DEVICES(DEV("0x1234", "") "\n" MDEV("1234", "")), "line 3: Hostdev already exists in the domain *" },
        { DEVICES("<disk>" GUEST("0xfe", "0x1234") "</disk>\n" DEV("0x1234", "")),
          "line 3: The CCW devno 'fe.0.1234' is in use already, by <disk> in line 2: give this ccw device, which gets "
          "that one by default, another guest address" },
        { DEVICES(DEV("0x1234", "") "\n<disk>" GUEST("0xfe", "0x1234") "</disk>"),
          "line 3: The CCW devno 'fe.0.1234' is in use already, by <hostdev> in line 2: give one of them another *" },
        { DOMAIN(OS, OFF, DEV("0x1234", "") "\n" DEV("0x1235", GUEST("0x0", "0x1234"))),
          "line 3: The CCW devno '0.0.1234' is in use already, *" },
        { DEVICES("<interface>" BOOT("1") "</interface>\n" DEV("0x1234", BOOT("1"))),
          "line 3: unsupported configuration: boot order '1' used for more than one device: <interface> in line 2 has "
          "it "
          "too" },
        { DEVICES(DEV("0x1234", "<address type='pci' slot='0x1'/>")),
          "line 2: type='pci' of the guest's <address> of a ccw <hostdev> does not go with it: *" },
        { DEVICES(DEV("0x1234", "<rom bar='on'/>")),
          "line 2: unsupported configuration: ROM tuning is only supported for PCI devices: remove <rom> from *" },
        { DEV("0x1234", "<teaming type='transient'/>"), "line 1: *teaming is only supported for pci hostdev devices*" },
        { DEV("0x1234", "<frob/>"), "line 1: unsupported configuration: <frob> is unknown in a ccw <hostdev>, *" },
        { DEV("0x1234", "<boot order='1' frob='x'/>"), "line 1: *attribute 'frob' of <boot> is not supported *" },
        { DEV("0x1234", "<address type='ccw' cssid='0xfe' ssid='0' devno='1' multifunction='on'/>"),
          "line 1: *attribute 'multifunction' of <address> is not supported for a ccw <hostdev>: remove it" },
        { "<hostdev type='subsystem' subsystem='ccw' display='on'><source><address devno='1'/></source></hostdev>",
          "line 1: *attribute 'display' of <hostdev> is not supported for a ccw <hostdev>: remove it" },
        { "<hostdev type='ccw'><source writeFiltering='no'><address devno='1'/></source></hostdev>",
          "line 1: *attribute 'writeFiltering' of <source> is not supported for a ccw <hostdev>: remove it" },
        { "<hostdev type='ccw'><source><address devno='1'/><vendor id='1'/></source></hostdev>",
          "line 1: unsupported configuration: <vendor> is unknown in a ccw <hostdev>, *" },
        { DEVICES(DEV("0x12345", "")), "line 2: devno='0x12345' of *is out of range: give 0 to 0xffff" },
        { "<domainsnapshot><domain>" DEV("0", "") "</domain><inactiveDomain><devices>" DEV("0x1", "")
              DEV("0x1", "") "</devices></inactiveDomain></domainsnapshot>",
          "line 1: Hostdev already exists *" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const CcwQemuValidate with = { 0 };
        g_autoptr(GError) error = NULL;

        g_assert_false(ccw_qemu_validate(cases[i].xml, &with, &error));
        g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
        if (!g_pattern_match_simple(cases[i].message, error->message))
            g_error("'%s' is not '%s'", error->message, cases[i].message);
    }
}

static void emulator(void)
{
    CcwCaps caps = { .version = (char *)"8.2.0", .target = (char *)"s390x", .ccw_machine = TRUE };
    const CcwQemuValidate with = { .caps = &caps, .emulator = "/q" };
    g_autoptr(GError) error = NULL;

    g_assert_true(ccw_qemu_validate(DEVICES(""), &with, NULL));
    g_assert_false(ccw_qemu_validate(DEVICES(DEV("0x1234", "")), &with, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED);
    g_assert_cmpstr(error->message, ==,
                    "line 2: ccw device 0.0.1234: VFIO CCW device assignment is not supported by this version of QEMU: "
                    "emulator /q (QEMU 8.2.0) has no device vfio-ccw");
    caps.vfio_ccw = TRUE;
    g_assert_true(ccw_qemu_validate(DEVICES(DEV("0x1234", "")), &with, NULL));
}

static void named_emulator(void)
{
    g_autofree char *named = ccw_qemu_emulator(DEVICES("<emulator>/path/to/q</emulator>"));
    g_autofree char *none = ccw_qemu_emulator(DEVICES("<emulator/>"));

    g_assert_cmpstr(named, ==, "/path/to/q");
    g_assert_null(none);
    g_assert_null(ccw_qemu_emulator(DEVICES("")));
    g_assert_null(ccw_qemu_emulator("<domain>"));
    g_assert_null(ccw_qemu_emulator("<hostdev/>"));
}

static void expect_warnings(CcwHost *host, const char *xml, const char *expected)
{
    g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
    const CcwQemuValidate with = { .host = host, .warnings = warnings };
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;

    g_assert_true(ccw_qemu_validate(xml, &with, &error));
    g_assert_no_error(error);
    g_ptr_array_add(warnings, NULL);
    text = g_strjoinv("|", (char **)warnings->pdata);
    g_assert_cmpstr(text, ==, expected);
}

static void warned(void)
{
    g_autoptr(Tree) dasd = tree_new("dasd.txt");
    g_autoptr(Tree) virtio = tree_new("virtio.txt");
    g_autoptr(CcwHost) here = ccw_host_new(dasd->sysfs, dasd->proc, dasd->run_dir);
    g_autoptr(CcwHost) there = ccw_host_new(virtio->sysfs, virtio->proc, virtio->run_dir);
    g_autoptr(CcwHost) nowhere = ccw_host_new("/nonexistent", "/proc", "/nonexistent");

    expect_warnings(here, DEVICES(DEV("0x1234", "")), "");
    expect_warnings(NULL, DEVICES(DEV("0x4711", "")), "");
    expect_warnings(nowhere, DEVICES(DEV("0x4711", "")), "");
    expect_warnings(here, DOMAIN(OS, OFF, ""), "");
    expect_warnings(here, DOMAIN(OS, OFF, DEV("0x1234", "")),
                    "s390-map-css is off: a guest sees devices outside css fe only if it enables MCSS-E, which Linux "
                    "does not");
    expect_warnings(there, DEVICES(DEV("0x9", "") "\n" DEV("0x4711", "")),
                    "line 2: channel device 0.0.0009 is no DASD: its control unit is a 3270/00, a DASD's is a 3990|"
                    "line 3: this host has no channel device 0.0.4711");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu/validate/good", good);
    g_test_add_func("/qemu/validate/refused", refused);
    g_test_add_func("/qemu/validate/emulator", emulator);
    g_test_add_func("/qemu/validate/named-emulator", named_emulator);
    g_test_add_func("/qemu/validate/warned", warned);
    return g_test_run();
}
