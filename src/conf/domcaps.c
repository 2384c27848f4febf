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

static gboolean is_root(const CcwXmlElement *root)
{
    return root && ccw_xml_is(root, "domainCapabilities");
}

static char *content_of(const CcwXmlElement *root, const char *name)
{
    const CcwXmlElement *element = ccw_xml_child(root, name);

    return element ? ccw_xml_content(element) : NULL;
}

char *ccw_conf_domcaps_sample(const char *text)
{
    g_autoptr(CcwXml) xml = strstr(text, MACHINE_PREFIX) ? ccw_xml_open(text, NULL) : NULL;
    const CcwXmlElement *root = xml ? ccw_xml_root(xml) : NULL;
    g_autofree char *machine = NULL, *emulator = NULL, *type = NULL, *arch = NULL;
    char uuid[CCW_UUID_STR_LEN];

    if (!is_root(root))
        return NULL;
    machine = content_of(root, "machine");
    emulator = content_of(root, "path");
    type = content_of(root, "domain");
    arch = content_of(root, "arch");
    if (!machine || !ccw_xml_starts_with(machine, MACHINE_PREFIX) || !emulator || !type || !arch)
        return NULL;
    return g_markup_printf_escaped(SAMPLE, type, arch, machine, emulator, ccw_uuid_encode(&(CcwBusId){ 0 }, uuid));
}

/* After the last element in parent, in a line of its own if that has one. */
static void append(CcwXml *xml, const CcwXmlElement *parent, const char *what)
{
    const CcwXmlElement *last = ccw_xml_last_element(parent);
    guint32 gap = ccw_xml_gap_before(xml, last);
    g_autofree char *text = g_strdup_printf("%.*s%s", (int)(ccw_xml_span(last)->start - gap), xml->text + gap, what);

    ccw_xml_insert(xml, ccw_xml_span(last)->end, text);
}

static const CcwXmlElement *find_types(const CcwXmlElement *root)
{
    const CcwXmlElement *devices = ccw_xml_child(root, "devices");
    const CcwXmlElement *hostdev = devices ? ccw_xml_child(devices, "hostdev") : NULL;
    const CcwXmlElement *types = NULL;

    if (hostdev && ccw_xml_get_is(hostdev, "supported", "yes"))
        types = ccw_xml_child(hostdev, "enum");
    while (types && !ccw_xml_get_is(types, "name", "subsysType"))
        types = ccw_xml_next(types, "enum");
    return types && ccw_xml_first_element(types) ? types : NULL;
}

char *ccw_conf_domcaps_raise(const char *text, gboolean *ret_changed, GError **error)
{
    g_autoptr(CcwXml) xml = ccw_xml_open(text, error);
    const CcwXmlElement *root, *types, *features;

    if (!xml)
        return NULL;
    root = ccw_xml_root(xml);
    types = is_root(root) ? find_types(root) : NULL;
    features = types ? ccw_xml_child(root, "features") : NULL;
    if (types)
        append(xml, types, "<value>ccw</value>");
    if (features && ccw_xml_first_element(features) && !ccw_xml_child(features, "s390-map-css"))
        append(xml, features, FEATURE);
    *ret_changed = ccw_xml_is_edited(xml);
    return ccw_xml_apply(xml);
}
