/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/validate.h"

#include <string.h>

#include "conf/feature.h"
#include "conf/walk.h"
#include "css/device.h"
#include "qemu/dialect.h"
#include "qemu/element.h"
#include "util/error.h"
#include "util/hash.h"

#define MACHINE "s390-ccw-virtio"
#define MACHINE_PREFIX "s390-ccw" /* what libvirt takes for one */
#define DASD_CONTROL_UNIT "3990/"

/* One domain, or none around a bare hostdev, with its channel devices. */
typedef struct {
    const CcwXml *xml;
    const CcwXmlElement *domain; /* or NULL */
    CcwFeature feature;
    GArray *nodes;          /* of CcwHostdevNode, ours only */
    GHashTable *by_element; /* CcwXmlElement -> its CcwHostdevNode */
    const CcwQemuValidate *with;
} Subject;

static guint line_of(const Subject *subject, const CcwXmlElement *element)
{
    return ccw_xml_line(subject->xml, ccw_xml_span(element)->start);
}

static const CcwHostdevNode *nth(const Subject *subject, guint n)
{
    return &g_array_index(subject->nodes, CcwHostdevNode, n);
}

static gboolean check_machine(const Subject *subject, GError **error)
{
    const CcwXmlElement *os = subject->domain ? ccw_xml_child(subject->domain, "os") : NULL;
    const CcwXmlElement *type = os ? ccw_xml_child(os, "type") : NULL;
    g_autofree char *arch = type ? ccw_xml_get(type, "arch") : NULL;
    g_autofree char *machine = type ? ccw_xml_get(type, "machine") : NULL;
    g_autofree char *wrong = NULL;

    if (arch && strcmp(arch, "s390x") != 0)
        wrong = g_strdup_printf("arch '%s'", arch);
    else if (machine && !g_str_has_prefix(machine, MACHINE_PREFIX))
        wrong = g_strdup_printf("machine '%s'", machine);
    if (!wrong)
        return TRUE;
    g_strdelimit(wrong, "\r\n", ' ');
    ccw_conf_refuse(subject->xml, type, error,
                    "unsupported configuration: %s is only supported for machine type " MACHINE
                    " of arch s390x, and this domain has %s",
                    subject->nodes->len > 0 ? "a ccw <hostdev>" : "<s390-map-css>", wrong);
    return FALSE;
}

/* Lowering may remove the <features> that the feature stands in, and then libvirt sees one list where there were two.
 */
static gboolean check_features(const Subject *subject, GError **error)
{
    const CcwXmlElement *list = subject->feature.feature ? ccw_xml_child(subject->domain, "features") : NULL;
    const CcwXmlElement *second = list ? ccw_xml_next(list, "features") : NULL;

    if (second)
        ccw_conf_refuse(subject->xml, second, error,
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
    return ccw_caps_check(subject->with->caps, subject->with->emulator, what, error);
}

static gboolean check_elements(const Subject *subject, GError **error)
{
    for (guint i = 0; i < subject->nodes->len; i++) {
        const CcwHostdevNode *node = nth(subject, i);

        if (node->form != CCW_HOSTDEV_MDEV && !ccw_qemu_check_element(subject->xml, node, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean check_sources(const Subject *subject, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(ccw_bus_id_hash, ccw_bus_id_equal);

    for (guint i = 0; i < subject->nodes->len; i++) {
        const CcwHostdevNode *node = nth(subject, i);
        const CcwHostdevNode *other = g_hash_table_lookup(seen, &node->dev.source);
        char text[CCW_BUS_ID_STR_LEN];

        if (other) {
            ccw_conf_refuse(subject->xml, node->element, error,
                            "Hostdev already exists in the domain configuration: ccw device %s is in line %u "
                            "already",
                            ccw_bus_id_format(&node->dev.source, text), line_of(subject, other->element));
            return FALSE;
        }
        g_hash_table_insert(seen, (gpointer)&node->dev.source, (gpointer)node);
    }
    return TRUE;
}

/* Stock libvirt takes any guest address; the feature says where all devices are, and must not be contradicted. */
static gboolean check_map_css(const Subject *subject, GError **error)
{
    for (guint i = 0; i < subject->nodes->len && (subject->domain || subject->with->has_domain); i++) {
        const CcwHostdevNode *node = nth(subject, i);
        char source[CCW_BUS_ID_STR_LEN], guest[CCW_BUS_ID_STR_LEN];

        if (subject->feature.state == CCW_MAP_CSS_OFF || !node->dev.has_guest ||
            node->dev.guest.cssid == CCW_CSSID_VIRTUAL)
            continue;
        ccw_conf_refuse(subject->xml, node->element, error,
                        "guest address %s of ccw device %s is outside css fe, which contradicts <s390-map-css "
                        "state='on'/> (the default): give an address in css fe, or state='off'",
                        ccw_bus_id_format(&node->dev.guest, guest), ccw_bus_id_format(&node->dev.source, source));
        return FALSE;
    }
    return TRUE;
}

/* Lowering gives the machine the loadparm of the device that a domain is booted from, and sees no domain in an attach.
 */
static gboolean check_loadparms(const Subject *subject, GError **error)
{
    for (guint i = 0; i < subject->nodes->len && !subject->domain; i++) {
        const CcwHostdevNode *node = nth(subject, i);
        const CcwXmlElement *boot = ccw_xml_child(node->element, "boot");
        CcwXmlAttr attr;

        if (node->form == CCW_HOSTDEV_MDEV || !boot || !ccw_xml_attr(boot, "loadparm", &attr))
            continue;
        ccw_conf_refuse(
            subject->xml, boot, error,
            "unsupported configuration: loadparm of <boot> of a ccw <hostdev> takes effect only in the XML of "
            "a whole domain: remove it, or define the domain with it");
        return FALSE;
    }
    return TRUE;
}

static const CcwHostdevNode *find_node(const Subject *subject, const CcwXmlElement *element)
{
    return g_hash_table_lookup(subject->by_element, element);
}

/* Every device of the domain: only those with a key take part, and only a pair with one of ours in it is refused. */
typedef gboolean (*KeyFunc)(const Subject *subject, const CcwXmlElement *device, const CcwHostdevNode *node,
                            guint *ret_key);
typedef void (*RefuseFunc)(const Subject *subject, const CcwXmlElement *device, const CcwXmlElement *other, guint key,
                           GError **error);

static gboolean check_unique(const Subject *subject, KeyFunc get_key, RefuseFunc refuse, GError **error)
{
    const CcwXmlElement *devices = subject->domain ? ccw_xml_child(subject->domain, "devices") : NULL;
    g_autoptr(GHashTable) seen = g_hash_table_new(ccw_hash_number, NULL);

    for (; devices; devices = ccw_xml_next(devices, "devices")) {
        for (const CcwXmlElement *device = ccw_xml_first_element(devices); device;
             device = ccw_xml_next_element(device)) {
            const CcwHostdevNode *node = find_node(subject, device);
            const CcwXmlElement *other;
            guint key;

            if (!get_key(subject, device, node, &key))
                continue;
            other = g_hash_table_lookup(seen, GUINT_TO_POINTER(key));
            if (other && (node || find_node(subject, other))) {
                refuse(subject, device, other, key, error);
                return FALSE;
            }
            g_hash_table_insert(seen, GUINT_TO_POINTER(key), (gpointer)device);
        }
    }
    return TRUE;
}

/* The address that the guest will see: 0xCCSSDDDD. A stock element that states none gets libvirt's own choice. */
static gboolean get_address(const Subject *subject, const CcwXmlElement *device, const CcwHostdevNode *node,
                            guint *ret_key)
{
    CcwBusId id;

    if (node && node->form != CCW_HOSTDEV_MDEV && !ccw_xml_child(device, "address"))
        id = ccw_dialect_default_guest(&node->dev.source, subject->feature.state);
    else if (!ccw_hostdev_read_guest(device, &id))
        return FALSE;
    *ret_key = (guint)id.cssid << 24 | (guint)id.ssid << 16 | id.devno;
    return TRUE;
}

static void refuse_address(const Subject *subject, const CcwXmlElement *device, const CcwXmlElement *other, guint key,
                           GError **error)
{
    const CcwBusId id = { .cssid = (guint8)(key >> 24), .ssid = (guint8)(key >> 16), .devno = (guint16)key };
    const CcwHostdevNode *node = find_node(subject, device);
    g_autofree char *name = ccw_xml_name(other);
    g_autofree char *shown = ccw_conf_excerpt(name);
    char text[CCW_BUS_ID_STR_LEN];

    ccw_conf_refuse(subject->xml, device, error,
                    "The CCW devno '%s' is in use already, by <%s> in line %u: give %s another guest address",
                    ccw_bus_id_format(&id, text), shown, line_of(subject, other),
                    node && !node->dev.has_guest ? "this ccw device, which gets that one by default," : "one of them");
}

static gboolean get_boot_order(const Subject *subject G_GNUC_UNUSED, const CcwXmlElement *device,
                               const CcwHostdevNode *node G_GNUC_UNUSED, guint *ret_key)
{
    *ret_key = ccw_hostdev_read_boot_order(device);
    return *ret_key != 0;
}

static void refuse_boot_order(const Subject *subject, const CcwXmlElement *device, const CcwXmlElement *other,
                              guint key, GError **error)
{
    g_autofree char *name = ccw_xml_name(other);
    g_autofree char *shown = ccw_conf_excerpt(name);

    ccw_conf_refuse(subject->xml, device, error,
                    "unsupported configuration: boot order '%u' used for more than one device: <%s> in line %u has it "
                    "too",
                    key, shown, line_of(subject, other));
}

static gboolean check_addresses(const Subject *subject, GError **error)
{
    return check_unique(subject, get_address, refuse_address, error);
}

static gboolean check_boot_orders(const Subject *subject, GError **error)
{
    return check_unique(subject, get_boot_order, refuse_boot_order, error);
}

/* vfio-ccw passes any device through; a device that is missing or is not a DASD is often a mistake. */
static char *warning_of_device(CcwHost *host, const CcwQemuDevice *device)
{
    g_autoptr(CcwHostDevice) found = ccw_host_lookup(host, &device->id, NULL);
    char text[CCW_BUS_ID_STR_LEN];

    ccw_bus_id_format(&device->id, text);
    if (!found)
        return g_strdup_printf("line %u: this host has no channel device %s", device->line, text);
    if (found->cutype && !g_str_has_prefix(found->cutype, DASD_CONTROL_UNIT))
        return g_strdup_printf("line %u: channel device %s is not a DASD: its control unit is a %s, a DASD's is a 3990",
                               device->line, text, found->cutype);
    return NULL;
}

/* A host without a channel subsystem is where a domain is written, not where it runs. */
void ccw_qemu_warn_of_devices(CcwHost *host, const GArray *devices, GPtrArray *warnings)
{
    if (devices->len == 0 || !ccw_host_has_css(host, NULL))
        return;
    for (guint i = 0; i < MIN(devices->len, CCW_QEMU_WARNED_DEVICES_MAX); i++) {
        char *warning = warning_of_device(host, &g_array_index(devices, CcwQemuDevice, i));

        if (warning)
            g_ptr_array_add(warnings, warning);
    }
}

static void add_devices(const Subject *subject, GArray *devices)
{
    for (guint i = 0; i < MIN(subject->nodes->len, CCW_QEMU_WARNED_DEVICES_MAX); i++) {
        const CcwQemuDevice device = { nth(subject, i)->dev.source, line_of(subject, nth(subject, i)->element) };

        g_array_append_val(devices, device);
    }
}

static void add_warnings(const Subject *subject)
{
    const CcwQemuValidate *with = subject->with;
    g_autoptr(GArray) devices = g_array_new(FALSE, FALSE, sizeof(CcwQemuDevice));

    if (subject->nodes->len == 0 || !with->warnings)
        return;
    if (subject->feature.state == CCW_MAP_CSS_OFF)
        g_ptr_array_add(with->warnings, g_strdup(CCW_DIALECT_OFF_WARNING));
    if (with->devices) {
        add_devices(subject, with->devices);
    } else if (with->host) {
        add_devices(subject, devices);
        ccw_qemu_warn_of_devices(with->host, devices, with->warnings);
    }
}

static gboolean (*const checks[])(const Subject *subject, GError **error) = {
    check_machine, check_features,  check_elements,    check_caps,      check_sources,
    check_map_css, check_addresses, check_boot_orders, check_loadparms,
};

static gboolean check(CcwXml *xml, const CcwXmlElement *domain, const CcwQemuValidate *with, GError **error)
{
    g_autoptr(GPtrArray) hostdevs = ccw_walk_hostdevs(xml, domain);
    g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(CcwHostdevNode));
    g_autoptr(GHashTable) by_element = g_hash_table_new(NULL, NULL);
    Subject subject = { .xml = xml, .domain = domain, .nodes = nodes, .by_element = by_element, .with = with };

    if (domain && !ccw_feature_read(xml, domain, &subject.feature, error))
        return FALSE;
    if (!domain && with->has_domain)
        subject.feature.state = with->map_css;
    for (guint i = 0; i < hostdevs->len; i++) {
        CcwHostdevNode node;

        if (!ccw_hostdev_read(xml, g_ptr_array_index(hostdevs, i), &node, error))
            return FALSE;
        if (node.form != CCW_HOSTDEV_OTHER)
            g_array_append_val(nodes, node);
    }
    for (guint i = 0; i < nodes->len; i++)
        g_hash_table_insert(by_element, (gpointer)nth(&subject, i)->element, (gpointer)nth(&subject, i));
    if (nodes->len == 0 && subject.feature.state == CCW_MAP_CSS_ABSENT)
        return TRUE;
    for (gsize i = 0; i < G_N_ELEMENTS(checks); i++)
        if (!checks[i](&subject, error))
            return FALSE;
    add_warnings(&subject);
    return TRUE;
}

gboolean ccw_qemu_validate(const char *text, const CcwQemuValidate *with, GError **error)
{
    g_autoptr(CcwXml) xml = ccw_xml_open(text, error);
    g_autoptr(GPtrArray) domains = NULL;

    if (!xml || !ccw_walk_check_readable(xml, error))
        return FALSE;
    domains = ccw_walk_domains(xml);
    for (guint i = 0; i < domains->len; i++)
        if (!check(xml, g_ptr_array_index(domains, i), with, error))
            return FALSE;
    return domains->len > 0 || check(xml, NULL, with, error);
}

char *ccw_qemu_emulator(const char *text)
{
    g_autoptr(CcwXml) xml = ccw_xml_open(text, NULL);
    g_autoptr(GPtrArray) domains = xml ? ccw_walk_domains(xml) : NULL;
    const CcwXmlElement *devices, *emulator;
    g_autofree char *path = NULL;

    if (!domains || domains->len == 0)
        return NULL;
    devices = ccw_xml_child(g_ptr_array_index(domains, 0), "devices");
    emulator = devices ? ccw_xml_child(devices, "emulator") : NULL;
    path = emulator ? ccw_xml_content(emulator) : NULL;
    return path && *path ? g_steal_pointer(&path) : NULL;
}
