/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests the devices that conf_collect finds, and what a single hostdev takes over from its domain. */
#include <string.h>

#include "conf/conf.h"
#include "util/error.h"

static char *load(const char *file)
{
    g_autofree char *path = g_build_filename(g_getenv("CCW_TEST_DATA"), file, NULL);
    char *text = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static GArray *collect_file(const char *file, ConfMapCss *ret_map)
{
    g_autofree char *text = load(file);
    g_autoptr(GError) error = NULL;
    GArray *devices;

    devices = conf_collect(text, ret_map, &error);
    g_assert_no_error(error);
    return devices;
}

static void check(const ConfHostdev *dev, const char *source, gboolean managed, const char *guest, guint boot)
{
    char buf[CCW_BUS_ID_STR_LEN];

    g_assert_cmpstr(ccw_bus_id_format(&dev->source, buf), ==, source);
    g_assert_cmpint(dev->managed, ==, managed);
    g_assert_cmpint(dev->has_guest, ==, guest != NULL);
    if (guest)
        g_assert_cmpstr(ccw_bus_id_format(&dev->guest, buf), ==, guest);
    g_assert_cmpuint(dev->boot_order, ==, boot);
}

static void both_forms(void)
{
    static const char *const files[] = { "hostdev-ccw-boot-alias.xml", "hostdev-ccw-boot-alias.lowered.xml" };

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        ConfMapCss map = CONF_MAP_CSS_OFF;
        g_autoptr(GArray) devices = collect_file(files[i], &map);

        g_assert_cmpuint(devices->len, ==, 1);
        check(&g_array_index(devices, ConfHostdev, 0), "1.3.abcd", TRUE, "fe.0.0001", 1);
        g_assert_cmpint(map, ==, CONF_MAP_CSS_ABSENT);
    }
}

static void document_order(void)
{
    ConfMapCss map = CONF_MAP_CSS_ABSENT;
    g_autoptr(GArray) devices = collect_file("hostdev-ccw-defaults.xml", NULL);
    g_autoptr(GArray) snapshot = collect_file("snapshot.lowered.xml", &map);

    g_assert_cmpuint(devices->len, ==, 2);
    check(&g_array_index(devices, ConfHostdev, 0), "0.0.1234", FALSE, NULL, 0);
    check(&g_array_index(devices, ConfHostdev, 1), "0.2.1234", FALSE, NULL, 2);
    g_assert_cmpuint(snapshot->len, ==, 2);
    g_assert_cmpint(map, ==, CONF_MAP_CSS_OFF);
}

static void advertised_is_managed(void)
{
    g_autoptr(GArray) devices = collect_file("hostdev-ccw-advertised.xml", NULL);

    g_assert_cmpuint(devices->len, ==, 2);
    check(&g_array_index(devices, ConfHostdev, 0), "0.0.1234", TRUE, NULL, 0);
    check(&g_array_index(devices, ConfHostdev, 1), "0.1.12ab", TRUE, NULL, 0);
}

static void feature(void)
{
    static const struct {
        const char *file;
        ConfMapCss map;
    } rows[] = {
        { "map-css-on.xml", CONF_MAP_CSS_ON },         { "map-css-on.lowered.xml", CONF_MAP_CSS_ON },
        { "map-css-off.xml", CONF_MAP_CSS_OFF },       { "map-css-off.lowered.xml", CONF_MAP_CSS_OFF },
        { "stock-metadata.xml", CONF_MAP_CSS_ABSENT },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        ConfMapCss map = 7;

        g_array_unref(collect_file(rows[i].file, &map));
        g_assert_cmpint(map, ==, rows[i].map);
    }
}

/* The namespace matters, not the prefix that the document binds to it. */
static void other_prefixes(void)
{
    static const char *const carriers[] = {
        "<x-y:s390-map-css xmlns:x-y='" CONF_NAMESPACE "' state='off'/>",
        "<s390-map-css state='off' xmlns='" CONF_NAMESPACE "'></s390-map-css>",
        "<ccw:s390-map-css xmlns:ccw='" CONF_NAMESPACE_BEFORE_1_0 "' state='off'/>",
    };
    g_autofree char *expected = load("map-css-off.xml");
    g_autofree char *lowered = load("map-css-off.lowered.xml");
    char *start = strstr(lowered, "<ccw:");
    char *end = strstr(start, "/>") + 2;

    for (gsize i = 0; i < G_N_ELEMENTS(carriers); i++) {
        g_autofree char *head = g_strndup(lowered, (gsize)(start - lowered));
        g_autofree char *text = g_strconcat(head, carriers[i], end, NULL);
        gboolean changed = FALSE;
        g_autofree char *raised = conf_raise(text, &changed, NULL);

        g_assert_cmpstr(raised, ==, expected);
    }
}

/* Elements that lower cannot have written stay unchanged. */
static void no_carriers(void)
{
    static const char *const carriers[] = {
        "<c:s390-map-css xmlns:c='urn:other' state='off'/>",
        "<c:s390-map-css xmlns:c='" CONF_NAMESPACE "' state='maybe'/>",
        "<c:s390-map-css xmlns:c='" CONF_NAMESPACE "'/>",
        "<c:s390-map-css xmlns:c='" CONF_NAMESPACE "' state='on' more='x'/>",
        "<c:s390-map-css xmlns:c='" CONF_NAMESPACE "' state='on'>text</c:s390-map-css>",
        "<x><c:s390-map-css xmlns:c='" CONF_NAMESPACE "' state='off'/></x>",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(carriers); i++) {
        g_autofree char *text = g_strconcat("<domain><metadata>", carriers[i], "</metadata></domain>", NULL);
        gboolean changed = TRUE;
        g_autofree char *raised = conf_raise(text, &changed, NULL);

        g_assert_cmpstr(raised, ==, text);
        g_assert_false(changed);
    }
}

static void nothing_there(void)
{
    static const char *const files[] = { "stock-metadata.xml", "stock-elsewhere.xml", "stock-hostdev-mdev-foreign.xml",
                                         "error-doctype.xml", "stock-hostdev-pci.xml" };

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autoptr(GArray) devices = collect_file(files[i], NULL);

        g_assert_cmpuint(devices->len, ==, 0);
    }
}

static void errors(void)
{
    static const struct {
        const char *text;
        CcwError code;
    } rows[] = {
        { "", CCW_ERROR_XML },
        { "<domain>", CCW_ERROR_XML },
        { "<hostdev type='ccw'/>", CCW_ERROR_INVALID },
        { "<domain><features><s390-map-css/></features></domain>", CCW_ERROR_INVALID },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(conf_collect(rows[i].text, NULL, &error));
        g_assert_error(error, CCW_ERROR, (gint)rows[i].code);
    }
}

/* Guest addresses as libvirt reads them. An address that libvirt rejects counts as missing, and stays in the XML. */
static void guest_addresses(void)
{
    static const struct {
        const char *address;
        const char *guest;
    } rows[] = {
        { "type='ccw' cssid='0xfe' ssid='0' devno='010'", "fe.0.0008" },
        { "type='ccw' cssid='254' ssid='3' devno='0xFFFF'", "fe.3.ffff" },
        { "type='ccw' cssid='0xff' ssid='0' devno='1'", NULL },
        { "type='ccw' cssid='0xfe' ssid='4' devno='1'", NULL },
        { "type='ccw' cssid='0xfe' ssid='0'", NULL },
        { "type='ccw' cssid='0xfe' ssid='0' devno='-1'", NULL },
        { "type='ccw'", NULL },
        { "type='pci' cssid='0xfe' ssid='0' devno='1'", NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf("<hostdev type='ccw'><source><address devno='1'/></source>"
                                                "<address %s/></hostdev>",
                                                rows[i].address);
        g_autoptr(GError) error = NULL;
        gboolean changed;
        g_autofree char *lowered = conf_lower(text, CONF_MAP_CSS_ABSENT, &changed, &error);
        g_autoptr(GArray) devices = conf_collect(text, NULL, &error);

        g_assert_no_error(error);
        check(&g_array_index(devices, ConfHostdev, 0), "0.0.0001", FALSE, rows[i].guest, 0);
        g_assert_nonnull(strstr(lowered, rows[i].address));
        g_assert_cmpstr(strstr(strstr(lowered, "</source>"), "<address"), ==,
                        strstr(strstr(text, "</source>"), "<address"));
    }
}

/* A hostdev without a domain has no feature: the caller passes the domain's. */
static void default_map(void)
{
    static const struct {
        ConfMapCss map;
        const char *cssid;
    } rows[] = {
        { CONF_MAP_CSS_ABSENT, "cssid='0xfe'" },
        { CONF_MAP_CSS_ON, "cssid='0xfe'" },
        { CONF_MAP_CSS_OFF, "cssid='0x2'" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        gboolean changed = FALSE;
        g_autofree char *lowered =
            conf_lower("<hostdev type='ccw'><source><address cssid='2' devno='1'/></source></hostdev>", rows[i].map,
                       &changed, NULL);

        g_assert_true(changed);
        g_assert_nonnull(strstr(lowered, rows[i].cssid));
    }
}

#define OURS "uuid='cc390000-0001-8000-8000-000000001234'"

/* Elements that libvirt reads differently from the schema, and elements that are no ccw device in any reading. */
static void readings(void)
{
    static const struct {
        const char *hostdev;
        gint devices; /* -1: rejected */
    } rows[] = {
        { "<hostdev xmlns:x='u' x:type='scsi_host' type='ccw'><source><address devno='1'/></source></hostdev>", -1 },
        { "<hostdev xmlns:x='u' x:type='ccw'><source><address devno='1'/></source></hostdev>", -1 },
        { "<hostdev type='ccw' xml:managed='yes'><source><address devno='1'/></source></hostdev>", -1 },
        { "<hostdev type='mdev' model='vfio-ccw'><source xmlns:x='u'><address x:" OURS "/></source></hostdev>", -1 },
        { "<hostdev type='mdev' model='vfio-ccw' x:a=''><source><address " OURS "/></source></hostdev>", -1 },
        { "<hostdev type='mdev' model='vfio-ccw'><source><address uuid=' cc39000000018000-8000000000001234 '/></source>"
          "</hostdev>",
          1 },
        { "<x:hostdev xmlns:x='u' type='ccw'><source><address devno='1'/></source></x:hostdev>", 1 },
        { "<hostdev xmlns:x='u' type='ccw'><source><address devno='1'/></source></hostdev>", 1 },
        { "<hostdev xmlns:x='u' type='pci' x:type='usb'><source><address x:slot='1'/></source></hostdev>", 0 },
        { "<x:domain xmlns:x='u'><devices><hostdev type='ccw'><source><address devno='1'/></source></hostdev>"
          "</devices></x:domain>",
          1 },
        { "<domain xmlns='u'><devices><hostdev type='ccw'><source><address devno='1'/></source></hostdev>"
          "</devices></domain>",
          0 },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GArray) devices = conf_collect(rows[i].hostdev, NULL, &error);

        g_test_message("%s: %s", rows[i].hostdev, error ? error->message : "");
        g_assert_cmpint(devices ? (gint)devices->len : -1, ==, rows[i].devices);
        if (error)
            g_assert_nonnull(strstr(error->message, "has a namespace prefix, which libvirt ignores"));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/collect/both-forms", both_forms);
    g_test_add_func("/conf/collect/document-order", document_order);
    g_test_add_func("/conf/collect/advertised", advertised_is_managed);
    g_test_add_func("/conf/collect/feature", feature);
    g_test_add_func("/conf/raise/prefixes", other_prefixes);
    g_test_add_func("/conf/raise/no-carriers", no_carriers);
    g_test_add_func("/conf/collect/nothing", nothing_there);
    g_test_add_func("/conf/collect/errors", errors);
    g_test_add_func("/conf/collect/guest-addresses", guest_addresses);
    g_test_add_func("/conf/lower/default-map", default_map);
    g_test_add_func("/conf/collect/readings", readings);
    return g_test_run();
}
