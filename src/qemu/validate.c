/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/validate.h"

#include <string.h>

#include "conf/feature.h"
#include "conf/find.h"
#include "css/device.h"
#include "qemu/dialect.h"
#include "qemu/element.h"
#include "util/error.h"
#include "util/hash.h"

#define MACHINE "s390-ccw-virtio"
#define MACHINE_PREFIX "s390-ccw" /* the prefix by which libvirt recognises these machines */
#define DASD_CONTROL_UNIT "3990/"

/* A domain or a bare <hostdev>, with its channel devices. */
typedef struct {
    const ConfXml *xml;
    const ConfXmlElement *domain; /* NULL: a bare <hostdev> */
    ConfFeature feature;
    GArray *nodes;          /* ConfHostdevNode of channel devices */
    GHashTable *by_element; /* ConfXmlElement * -> ConfHostdevNode * */
    const QemuValidate *with;
} Subject;

static guint line_of(const Subject *subject, const ConfXmlElement *element)
{
    return conf_xml_line(subject->xml, conf_xml_span(element)->start);
}

static const ConfHostdevNode *nth(const Subject *subject, guint n)
{
    return &g_array_index(subject->nodes, ConfHostdevNode, n);
}

static gboolean check_machine(const Subject *subject, GError **error)
{
    const ConfXmlElement *os = subject->domain ? conf_xml_child(subject->domain, "os") : NULL;
    const ConfXmlElement *type = os ? conf_xml_child(os, "type") : NULL;
    g_autofree char *arch = type ? conf_xml_get(type, "arch") : NULL;
    g_autofree char *machine = type ? conf_xml_get(type, "machine") : NULL;
    g_autofree char *wrong = NULL;

    if (arch && strcmp(arch, "s390x") != 0)
        wrong = g_strdup_printf("arch '%s'", arch);
    else if (machine && !g_str_has_prefix(machine, MACHINE_PREFIX))
        wrong = g_strdup_printf("machine '%s'", machine);
    if (!wrong)
        return TRUE;
    g_strdelimit(wrong, "\r\n", ' ');
    conf_set_unsupported(subject->xml, type, error,
                         "%s is only supported for machine type " MACHINE " of arch s390x, and this domain has %s",
                         subject->nodes->len > 0 ? "a ccw <hostdev>" : "<s390-map-css>", wrong);
    return FALSE;
}

/* libvirt would not see a second <features>, because lowering may remove the one with our feature. */
static gboolean check_features(const Subject *subject, GError **error)
{
    const ConfXmlElement *list = subject->feature.feature ? conf_xml_child(subject->domain, "features") : NULL;
    const ConfXmlElement *second = list ? conf_xml_next(list, "features") : NULL;

    if (second)
        conf_set_invalid(subject->xml, second, error,
                         "<features> is given twice in a domain with <s390-map-css>: put all features into one");
    return !second;
}

static gboolean check_caps(const Subject *subject, GError **error)
{
    g_autofree char *what = NULL;
    char text[CCW_BUS_ID_STR_LEN];

    if (!subject->with->caps || subject->nodes->len == 0)
        return TRUE;
    what = g_strdup_printf("line %u: ccw device %s", line_of(subject, nth(subject, 0)->element),
                           ccw_bus_id_format(&nth(subject, 0)->dev.source, text));
    return qemu_caps_check(subject->with->caps, subject->with->emulator, what, error);
}

static gboolean check_elements(const Subject *subject, GError **error)
{
    for (guint i = 0; i < subject->nodes->len; i++) {
        const ConfHostdevNode *node = nth(subject, i);

        if (node->form != CONF_HOSTDEV_MDEV && !qemu_check_element(subject->xml, node, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean check_sources(const Subject *subject, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(ccw_bus_id_hash, ccw_bus_id_equal);

    for (guint i = 0; i < subject->nodes->len; i++) {
        const ConfHostdevNode *node = nth(subject, i);
        const ConfHostdevNode *other = g_hash_table_lookup(seen, &node->dev.source);
        char text[CCW_BUS_ID_STR_LEN];

        if (other) {
            conf_set_invalid(subject->xml, node->element, error,
                             "Hostdev already exists in the domain configuration: ccw device %s is in line %u "
                             "already",
                             ccw_bus_id_format(&node->dev.source, text), line_of(subject, other->element));
            return FALSE;
        }
        g_hash_table_insert(seen, (gpointer)&node->dev.source, (gpointer)node);
    }
    return TRUE;
}

/* Stock libvirt accepts any guest address, but the feature puts all devices into css fe. */
static gboolean check_map_css(const Subject *subject, GError **error)
{
    for (guint i = 0; i < subject->nodes->len && (subject->domain || subject->with->has_domain); i++) {
        const ConfHostdevNode *node = nth(subject, i);
        char source[CCW_BUS_ID_STR_LEN], guest[CCW_BUS_ID_STR_LEN];

        if (subject->feature.state == CONF_MAP_CSS_OFF || !node->dev.has_guest ||
            node->dev.guest.cssid == CCW_CSSID_VIRTUAL)
            continue;
        conf_set_invalid(subject->xml, node->element, error,
                         "guest address %s of ccw device %s is outside css fe, which contradicts <s390-map-css "
                         "state='on'/> (the default): give an address in css fe, or state='off'",
                         ccw_bus_id_format(&node->dev.guest, guest), ccw_bus_id_format(&node->dev.source, source));
        return FALSE;
    }
    return TRUE;
}

/* Lowering moves the loadparm of a domain's boot device to the machine, which the XML of an attach does not have. */
static gboolean check_loadparms(const Subject *subject, GError **error)
{
    for (guint i = 0; i < subject->nodes->len && !subject->domain; i++) {
        const ConfHostdevNode *node = nth(subject, i);
        const ConfXmlElement *boot = conf_xml_child(node->element, "boot");
        ConfXmlAttr attr;

        if (node->form == CONF_HOSTDEV_MDEV || !boot || !conf_xml_attr(boot, "loadparm", &attr))
            continue;
        conf_set_unsupported(subject->xml, boot, error,
                             "loadparm of <boot> of a ccw <hostdev> takes effect only in the XML of "
                             "a whole domain: remove it, or define the domain with it");
        return FALSE;
    }
    return TRUE;
}

static const ConfHostdevNode *find_node(const Subject *subject, const ConfXmlElement *element)
{
    return g_hash_table_lookup(subject->by_element, element);
}

/* Finds the key of a device. node: NULL if it is no channel device. Returns: FALSE if the device has no key. */
typedef gboolean (*KeyFunc)(const Subject *subject, const ConfXmlElement *device, const ConfHostdevNode *node,
                            guint *ret_key);
/* Sets the error for two devices with the same key. */
typedef void (*ReportFunc)(const Subject *subject, const ConfXmlElement *device, const ConfXmlElement *other, guint key,
                           GError **error);

/* Rejects two devices of a domain with the same key if at least one is a channel device. */
static gboolean check_unique(const Subject *subject, KeyFunc get_key, ReportFunc report, GError **error)
{
    const ConfXmlElement *devices = subject->domain ? conf_xml_child(subject->domain, "devices") : NULL;
    g_autoptr(GHashTable) seen = g_hash_table_new(ccw_hash_number, NULL);

    for (; devices; devices = conf_xml_next(devices, "devices")) {
        for (const ConfXmlElement *device = conf_xml_first_element(devices); device;
             device = conf_xml_next_element(device)) {
            const ConfHostdevNode *node = find_node(subject, device);
            const ConfXmlElement *other;
            guint key;

            if (!get_key(subject, device, node, &key))
                continue;
            other = g_hash_table_lookup(seen, GUINT_TO_POINTER(key));
            if (other && (node || find_node(subject, other))) {
                report(subject, device, other, key, error);
                return FALSE;
            }
            g_hash_table_insert(seen, GUINT_TO_POINTER(key), (gpointer)device);
        }
    }
    return TRUE;
}

/* The key is the guest address, 0xCCSSDDDD. A stock element without an address has no key: libvirt chooses it. */
static gboolean get_address(const Subject *subject, const ConfXmlElement *device, const ConfHostdevNode *node,
                            guint *ret_key)
{
    CcwBusId id;

    if (node && node->form != CONF_HOSTDEV_MDEV && !conf_xml_child(device, "address"))
        id = qemu_dialect_default_guest(&node->dev.source, subject->feature.state);
    else if (!conf_hostdev_read_guest(device, &id))
        return FALSE;
    *ret_key = (guint)id.cssid << 24 | (guint)id.ssid << 16 | id.devno;
    return TRUE;
}

static void report_address(const Subject *subject, const ConfXmlElement *device, const ConfXmlElement *other, guint key,
                           GError **error)
{
    const CcwBusId id = { .cssid = (guint8)(key >> 24), .ssid = (guint8)(key >> 16), .devno = (guint16)key };
    const ConfHostdevNode *node = find_node(subject, device);
    g_autofree char *name = conf_xml_name(other);
    g_autofree char *shown = conf_excerpt(name);
    char text[CCW_BUS_ID_STR_LEN];

    conf_set_invalid(subject->xml, device, error,
                     "The CCW devno '%s' is in use already, by <%s> in line %u: give %s another guest address",
                     ccw_bus_id_format(&id, text), shown, line_of(subject, other),
                     node && !node->dev.has_guest ? "this ccw device, which gets that one by default," : "one of them");
}

static gboolean get_boot_order(const Subject *subject G_GNUC_UNUSED, const ConfXmlElement *device,
                               const ConfHostdevNode *node G_GNUC_UNUSED, guint *ret_key)
{
    *ret_key = conf_hostdev_read_boot_order(device);
    return *ret_key != 0;
}

static void report_boot_order(const Subject *subject, const ConfXmlElement *device, const ConfXmlElement *other,
                              guint key, GError **error)
{
    g_autofree char *name = conf_xml_name(other);
    g_autofree char *shown = conf_excerpt(name);

    conf_set_unsupported(subject->xml, device, error,
                         "boot order '%u' used for more than one device: <%s> in line %u has it "
                         "too",
                         key, shown, line_of(subject, other));
}

static gboolean check_addresses(const Subject *subject, GError **error)
{
    return check_unique(subject, get_address, report_address, error);
}

static gboolean check_boot_orders(const Subject *subject, GError **error)
{
    return check_unique(subject, get_boot_order, report_boot_order, error);
}

static void free_warning(gpointer data)
{
    QemuWarning *warning = data;

    g_free(warning->message);
    g_free(warning);
}

GPtrArray *qemu_warnings_new(void)
{
    return g_ptr_array_new_with_free_func(free_warning);
}

char *qemu_warning_format(const QemuWarning *warning)
{
    return warning->line ? g_strdup_printf("line %u: %s", warning->line, warning->message) : g_strdup(warning->message);
}

/* Takes the message; NULL: adds nothing. */
static void add_warning(GPtrArray *warnings, guint line, char *message)
{
    QemuWarning *warning = message ? g_new(QemuWarning, 1) : NULL;

    if (!warning)
        return;
    *warning = (QemuWarning){ line, message };
    g_ptr_array_add(warnings, warning);
}

/* A missing device, or one that is no DASD, is often a mistake, although vfio-ccw can pass through any device. */
static char *warning_of_device(CssHost *host, const QemuDevice *device)
{
    g_autoptr(CssDevice) found = css_host_lookup(host, &device->id, NULL);
    char text[CCW_BUS_ID_STR_LEN];

    ccw_bus_id_format(&device->id, text);
    if (!found)
        return g_strdup_printf("this host has no channel device %s", text);
    if (found->cutype && !g_str_has_prefix(found->cutype, DASD_CONTROL_UNIT))
        return g_strdup_printf("channel device %s is not a DASD: its control unit is a %s, a DASD's is a 3990", text,
                               found->cutype);
    return NULL;
}

/* On a host without a channel subsystem users only write domains, so there is no warning. */
void qemu_warn_of_devices(CssHost *host, const GArray *devices, GPtrArray *warnings)
{
    if (devices->len == 0 || !css_host_has_css(host, NULL))
        return;
    for (guint i = 0; i < MIN(devices->len, QEMU_WARNED_DEVICES_MAX); i++) {
        const QemuDevice *device = &g_array_index(devices, QemuDevice, i);

        add_warning(warnings, device->line, warning_of_device(host, device));
    }
}

static void add_devices(const Subject *subject, GArray *devices)
{
    for (guint i = 0; i < MIN(subject->nodes->len, QEMU_WARNED_DEVICES_MAX); i++) {
        const QemuDevice device = { nth(subject, i)->dev.source, line_of(subject, nth(subject, i)->element) };

        g_array_append_val(devices, device);
    }
}

static void add_warnings(const Subject *subject)
{
    const QemuValidate *with = subject->with;
    g_autoptr(GArray) devices = g_array_new(FALSE, FALSE, sizeof(QemuDevice));

    if (subject->nodes->len == 0 || !with->warnings)
        return;
    if (subject->feature.state == CONF_MAP_CSS_OFF)
        add_warning(with->warnings, 0, g_strdup(QEMU_DIALECT_OFF_WARNING));
    if (with->devices) {
        add_devices(subject, with->devices);
    } else if (with->host) {
        add_devices(subject, devices);
        qemu_warn_of_devices(with->host, devices, with->warnings);
    }
}

static gboolean (*const checks[])(const Subject *subject, GError **error) = {
    check_machine, check_features,  check_elements,    check_caps,      check_sources,
    check_map_css, check_addresses, check_boot_orders, check_loadparms,
};

static gboolean check(ConfXml *xml, const ConfXmlElement *domain, const QemuValidate *with, GError **error)
{
    g_autoptr(GPtrArray) hostdevs = conf_find_hostdevs(xml, domain);
    g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(ConfHostdevNode));
    g_autoptr(GHashTable) by_element = g_hash_table_new(NULL, NULL);
    Subject subject = { .xml = xml, .domain = domain, .nodes = nodes, .by_element = by_element, .with = with };

    if (domain && !conf_feature_read(xml, domain, &subject.feature, error))
        return FALSE;
    if (!domain && with->has_domain)
        subject.feature.state = with->map_css;
    for (guint i = 0; i < hostdevs->len; i++) {
        ConfHostdevNode node;

        if (!conf_hostdev_read(xml, g_ptr_array_index(hostdevs, i), &node, error))
            return FALSE;
        if (node.form != CONF_HOSTDEV_OTHER)
            g_array_append_val(nodes, node);
    }
    for (guint i = 0; i < nodes->len; i++)
        g_hash_table_insert(by_element, (gpointer)nth(&subject, i)->element, (gpointer)nth(&subject, i));
    if (nodes->len == 0 && subject.feature.state == CONF_MAP_CSS_ABSENT)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(checks); i++)
        if (!checks[i](&subject, error))
            return FALSE;
    add_warnings(&subject);
    return TRUE;
}

gboolean qemu_validate_xml(ConfXml *xml, const QemuValidate *with, GError **error)
{
    g_autoptr(GPtrArray) domains = NULL;

    if (!conf_check_readable(xml, error))
        return FALSE;
    domains = conf_find_domains(xml);
    for (guint i = 0; i < domains->len; i++)
        if (!check(xml, g_ptr_array_index(domains, i), with, error))
            return FALSE;
    return domains->len > 0 || check(xml, NULL, with, error);
}

gboolean qemu_validate(const char *text, const QemuValidate *with, GError **error)
{
    g_autoptr(ConfXml) xml = conf_xml_open(text, error);

    return xml && qemu_validate_xml(xml, with, error);
}

char *qemu_emulator(const char *text)
{
    g_autoptr(ConfXml) xml = conf_xml_open(text, NULL);
    g_autoptr(GPtrArray) domains = xml ? conf_find_domains(xml) : NULL;
    const ConfXmlElement *devices, *emulator;
    g_autofree char *path = NULL;

    if (!domains || domains->len == 0)
        return NULL;
    devices = conf_xml_child(g_ptr_array_index(domains, 0), "devices");
    emulator = devices ? conf_xml_child(devices, "emulator") : NULL;
    path = emulator ? conf_xml_content(emulator) : NULL;
    return path && *path ? g_steal_pointer(&path) : NULL;
}
