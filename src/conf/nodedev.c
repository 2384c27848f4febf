/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/nodedev.h"

#include <string.h>

#include "conf/conf.h"
#include "conf/uuid.h"
#include "conf/xml.h"
#include "util/error.h"

static char *content_of(const ConfXmlElement *parent, const char *name)
{
    const ConfXmlElement *element = parent ? conf_xml_child(parent, name) : NULL;

    return element ? g_strstrip(conf_xml_content(element)) : NULL;
}

static gboolean read_number(const ConfXmlElement *parent, const char *name, guint max, guint *ret_value)
{
    g_autofree char *text = content_of(parent, name);
    char *end = NULL;
    guint64 value = text ? g_ascii_strtoull(text, &end, 0) : 0;

    if (!text || end == text || *end || *text == '-' || value > max)
        return FALSE;
    *ret_value = (guint)value;
    return TRUE;
}

/* Reads <cssid>, <ssid> and <devno>, as capccwaddress in libvirt's nodedev.rng has them. */
static gboolean read_address(const ConfXmlElement *parent, CcwBusId *ret_id)
{
    guint cssid, ssid, devno;

    if (!parent || !read_number(parent, "cssid", CCW_CSSID_MAX, &cssid) ||
        !read_number(parent, "ssid", CCW_SSID_MAX, &ssid) || !read_number(parent, "devno", G_MAXUINT16, &devno))
        return FALSE;
    *ret_id = (CcwBusId){ .cssid = (guint8)cssid, .ssid = (guint8)ssid, .devno = (guint16)devno };
    return TRUE;
}

static const ConfXmlElement *first_capability(const ConfXml *xml)
{
    const ConfXmlElement *root = conf_xml_root(xml);

    return root && conf_xml_is(root, "device") ? conf_xml_child(root, "capability") : NULL;
}

/* Returns the capability of type ccw or css with a device, or NULL if the document has no such capability. */
static const ConfXmlElement *find_capability(const ConfXml *xml, CcwBusId *ret_id)
{
    const ConfXmlElement *capability = first_capability(xml);

    for (; capability; capability = conf_xml_next(capability, "capability")) {
        if (conf_xml_get_is(capability, "type", "ccw") && read_address(capability, ret_id))
            return capability;
        if (conf_xml_get_is(capability, "type", "css") &&
            read_address(conf_xml_child(capability, "channel_dev_addr"), ret_id))
            return capability;
    }
    return NULL;
}

static gboolean has_mdev_before(const ConfXml *xml, const ConfXmlElement *end)
{
    const ConfXmlElement *capability = first_capability(xml);

    for (; capability && capability != end; capability = conf_xml_next(capability, "capability"))
        if (conf_xml_get_is(capability, "type", "mdev"))
            return TRUE;
    return FALSE;
}

/* Parses a document. *ret_xml is NULL if the text certainly has no capability, which saves the time of parsing it. */
static gboolean open_with_capability(const char *text, ConfXml **ret_xml, GError **error)
{
    *ret_xml = NULL;
    if (!strstr(text, "<capability"))
        return TRUE;
    *ret_xml = conf_xml_open(text, error);
    return *ret_xml != NULL;
}

char *conf_advertise(const char *text, gboolean *ret_changed, GError **error)
{
    g_autoptr(ConfXml) xml = NULL;
    const ConfXmlElement *capability;
    CcwBusId id;

    *ret_changed = FALSE;
    if (!open_with_capability(text, &xml, error))
        return NULL;
    if (!xml)
        return g_strdup(text);
    capability = find_capability(xml, &id);
    if (capability && !has_mdev_before(xml, capability)) {
        char uuid[CONF_UUID_STR_LEN];
        g_autofree char *mdev = g_strdup_printf("<capability type='mdev'>\n"
                                                "    <type id='" CONF_MDEV_TYPE "'/>\n"
                                                "    <uuid>%s</uuid>\n"
                                                "  </capability>\n  ",
                                                conf_uuid_encode_advertised(&id, uuid));

        conf_xml_insert(xml, conf_xml_span(capability)->start, mdev);
        *ret_changed = TRUE;
    }
    return conf_xml_apply(xml);
}

static gboolean is_advertised(const ConfXmlElement *capability, CcwBusId *ret_id)
{
    g_autofree char *uuid = NULL;
    gboolean advertised;

    if (!conf_xml_get_is(capability, "type", "mdev"))
        return FALSE;
    uuid = content_of(capability, "uuid");
    return uuid && conf_uuid_decode_xml(uuid, ret_id, &advertised) && advertised;
}

/* Returns: the first advertised mdev capability from @capability on, or NULL if no other one is advertised. */
static const ConfXmlElement *next_advertised(const ConfXmlElement *capability, CcwBusId *ret_id)
{
    while (capability && !is_advertised(capability, ret_id))
        capability = conf_xml_next(capability, "capability");
    return capability;
}

gboolean conf_nodedev_device(const char *text, CcwBusId *ret_id)
{
    g_autoptr(ConfXml) xml = conf_xml_open(text, NULL);

    return xml && find_capability(xml, ret_id);
}

gboolean conf_nodedev_is_advertised(const char *text, const CcwBusId *id)
{
    g_autoptr(ConfXml) xml = conf_xml_open(text, NULL);
    CcwBusId advertised;
    const ConfXmlElement *capability = xml ? next_advertised(first_capability(xml), &advertised) : NULL;

    while (capability && !ccw_bus_id_equal(&advertised, id))
        capability = next_advertised(conf_xml_next(capability, "capability"), &advertised);
    return capability != NULL;
}

char *conf_unadvertise(const char *text, gboolean *ret_changed, GError **error)
{
    g_autoptr(ConfXml) xml = NULL;
    const ConfXmlElement *capability;
    CcwBusId id;

    *ret_changed = FALSE;
    if (!open_with_capability(text, &xml, error))
        return NULL;
    if (!xml)
        return g_strdup(text);
    for (capability = next_advertised(first_capability(xml), &id); capability;
         capability = next_advertised(conf_xml_next(capability, "capability"), &id))
        conf_xml_remove(xml, conf_xml_gap_before(xml, capability), conf_xml_span(capability)->end);
    if (conf_xml_is_edited(xml) && !conf_xml_check_bounds(xml, error))
        return NULL;
    *ret_changed = conf_xml_is_edited(xml);
    return conf_xml_apply(xml);
}

char *conf_detached_device(const char *css_xml, const char *name, const char *parent, const char *driver,
                           const CcwBusId *id, GError **error)
{
    g_autoptr(ConfXml) css = conf_xml_open(css_xml, error);
    g_autofree char *path = css ? content_of(conf_xml_root(css), "path") : NULL;
    g_autofree char *text = NULL;
    gboolean changed;

    if (!css)
        return NULL;
    text = g_markup_printf_escaped("<device>\n"
                                   "  <name>%s</name>\n"
                                   "  <path>%s</path>\n"
                                   "  <parent>%s</parent>\n"
                                   "  <driver>\n"
                                   "    <name>%s</name>\n"
                                   "  </driver>\n"
                                   "  <capability type='ccw'>\n"
                                   "    <cssid>0x%x</cssid>\n"
                                   "    <ssid>0x%x</ssid>\n"
                                   "    <devno>0x%04x</devno>\n"
                                   "  </capability>\n"
                                   "</device>\n",
                                   name, path ? path : "", parent, driver, id->cssid, id->ssid, id->devno);
    return conf_advertise(text, &changed, error);
}
