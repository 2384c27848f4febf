/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/domcaps.h"

#include <string.h>

#include "conf/uuid.h"
#include "conf/xml-chars.h"
#include "conf/xml.h"

#define MACHINE_PREFIX "s390-ccw"
#define SAMPLE                                                                                                         \
    "<domain type='%s'><name>libvirt-ccw-sample</name><memory unit='MiB'>64</memory>"                                  \
    "<os><type arch='%s' machine='%s'>hvm</type></os><devices><emulator>%s</emulator>"                                 \
    "<hostdev mode='subsystem' type='mdev' managed='no' model='vfio-ccw'><source><address uuid='%s'/></source>"        \
    "</hostdev></devices></domain>"
#define FEATURE "<s390-map-css supported='yes'/>"

static gboolean is_root(const ConfXmlElement *root)
{
    return root && conf_xml_is(root, "domainCapabilities");
}

static char *content_of(const ConfXmlElement *root, const char *name)
{
    const ConfXmlElement *element = conf_xml_child(root, name);

    return element ? conf_xml_content(element) : NULL;
}

char *conf_domcaps_sample(const char *text)
{
    g_autoptr(ConfXml) xml = strstr(text, MACHINE_PREFIX) ? conf_xml_open(text, NULL) : NULL;
    const ConfXmlElement *root = xml ? conf_xml_root(xml) : NULL;
    g_autofree char *machine = NULL, *emulator = NULL, *type = NULL, *arch = NULL;
    char uuid[CONF_UUID_STR_LEN];

    if (!is_root(root))
        return NULL;
    machine = content_of(root, "machine");
    emulator = content_of(root, "path");
    type = content_of(root, "domain");
    arch = content_of(root, "arch");
    if (!machine || !conf_xml_starts_with(machine, MACHINE_PREFIX) || !emulator || !type || !arch)
        return NULL;
    return g_markup_printf_escaped(SAMPLE, type, arch, machine, emulator, conf_uuid_encode(&(CcwBusId){ 0 }, uuid));
}

/* Adds an element after the last one in parent, on a new line if the last one is on its own line. */
static void append(ConfXml *xml, const ConfXmlElement *parent, const char *element)
{
    const ConfXmlElement *last = conf_xml_last_element(parent);
    guint32 gap = conf_xml_gap_before(xml, last);
    g_autofree char *text =
        g_strdup_printf("%.*s%s", (int)(conf_xml_span(last)->start - gap), xml->text + gap, element);

    conf_xml_insert(xml, conf_xml_span(last)->end, text);
}

static const ConfXmlElement *find_types(const ConfXmlElement *root)
{
    const ConfXmlElement *devices = conf_xml_child(root, "devices");
    const ConfXmlElement *hostdev = devices ? conf_xml_child(devices, "hostdev") : NULL;
    const ConfXmlElement *types = NULL;

    if (hostdev && conf_xml_get_is(hostdev, "supported", "yes"))
        types = conf_xml_child(hostdev, "enum");
    while (types && !conf_xml_get_is(types, "name", "subsysType"))
        types = conf_xml_next(types, "enum");
    return types && conf_xml_first_element(types) ? types : NULL;
}

char *conf_domcaps_raise(const char *text, gboolean *ret_changed, GError **error)
{
    g_autoptr(ConfXml) xml = conf_xml_open(text, error);
    const ConfXmlElement *root, *types, *features;

    if (!xml)
        return NULL;
    root = conf_xml_root(xml);
    types = is_root(root) ? find_types(root) : NULL;
    features = types ? conf_xml_child(root, "features") : NULL;
    if (types)
        append(xml, types, "<value>ccw</value>");
    if (features && conf_xml_first_element(features) && !conf_xml_child(features, "s390-map-css"))
        append(xml, features, FEATURE);
    *ret_changed = conf_xml_is_edited(xml);
    return conf_xml_apply(xml);
}
