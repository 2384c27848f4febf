/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/nodedev.h"

#include <string.h>

#include "conf/conf.h"
#include "conf/uuid.h"
#include "conf/xml.h"
#include "util/error.h"

#define MDEV_TYPE "vfio_ccw-io" /* drivers/s390/cio/vfio_ccw_ops.c */

static char *content_of(const CcwXmlElement *parent, const char *name)
{
    const CcwXmlElement *element = parent ? ccw_xml_child(parent, name) : NULL;

    return element ? g_strstrip(ccw_xml_content(element)) : NULL;
}

static gboolean read_number(const CcwXmlElement *parent, const char *name, guint max, guint *ret_value)
{
    g_autofree char *text = content_of(parent, name);
    char *end = NULL;
    guint64 value = text ? g_ascii_strtoull(text, &end, 0) : 0;

    if (!text || end == text || *end || *text == '-' || value > max)
        return FALSE;
    *ret_value = (guint)value;
    return TRUE;
}

/* <cssid>, <ssid> and <devno>, as capccwaddress of libvirt's nodedev.rng has them. */
static gboolean read_address(const CcwXmlElement *parent, CcwBusId *ret_id)
{
    guint cssid, ssid, devno;

    if (!parent || !read_number(parent, "cssid", CCW_CSSID_MAX, &cssid) ||
        !read_number(parent, "ssid", CCW_SSID_MAX, &ssid) || !read_number(parent, "devno", G_MAXUINT16, &devno))
        return FALSE;
    *ret_id = (CcwBusId){ .cssid = (guint8)cssid, .ssid = (guint8)ssid, .devno = (guint16)devno };
    return TRUE;
}

/* The capability before which the other goes, and the device; NULL if there is none, or the other is there. */
static const CcwXmlElement *find_capability(const CcwXmlElement *device, CcwBusId *ret_id)
{
    const CcwXmlElement *capability = ccw_xml_child(device, "capability");

    for (; capability; capability = ccw_xml_next(capability, "capability")) {
        if (ccw_xml_get_is(capability, "type", "mdev"))
            return NULL;
        if (ccw_xml_get_is(capability, "type", "ccw") && read_address(capability, ret_id))
            return capability;
        if (ccw_xml_get_is(capability, "type", "css") &&
            read_address(ccw_xml_child(capability, "channel_dev_addr"), ret_id))
            return capability;
    }
    return NULL;
}

char *ccw_conf_advertise(const char *text, gboolean *ret_changed, GError **error)
{
    g_autoptr(CcwXml) xml = NULL;
    const CcwXmlElement *root;
    const CcwXmlElement *capability = NULL;
    CcwBusId id;

    *ret_changed = FALSE;
    if (!strstr(text, "<capability"))
        return g_strdup(text);
    xml = ccw_xml_open(text, error);
    if (!xml)
        return NULL;
    root = ccw_xml_root(xml);
    if (root && ccw_xml_is(root, "device"))
        capability = find_capability(root, &id);
    if (capability) {
        char uuid[CCW_UUID_STR_LEN];
        g_autofree char *mdev = g_strdup_printf("<capability type='mdev'>\n"
                                                "    <type id='" MDEV_TYPE "'/>\n"
                                                "    <uuid>%s</uuid>\n"
                                                "  </capability>\n  ",
                                                ccw_uuid_encode_advertised(&id, uuid));

        ccw_xml_insert(xml, ccw_xml_span(capability)->start, mdev);
        *ret_changed = TRUE;
    }
    return ccw_xml_apply(xml);
}

static gboolean is_advertised(const CcwXmlElement *capability)
{
    g_autofree char *uuid = NULL;
    gboolean advertised;
    CcwBusId id;

    if (!ccw_xml_get_is(capability, "type", "mdev"))
        return FALSE;
    uuid = content_of(capability, "uuid");
    return uuid && ccw_uuid_decode_xml(uuid, &id, &advertised) && advertised;
}

char *ccw_conf_unadvertise(const char *text, gboolean *ret_changed, GError **error)
{
    g_autoptr(CcwXml) xml = NULL;
    const CcwXmlElement *root;
    const CcwXmlElement *capability;

    *ret_changed = FALSE;
    if (!strstr(text, "<capability"))
        return g_strdup(text);
    xml = ccw_xml_open(text, error);
    if (!xml)
        return NULL;
    root = ccw_xml_root(xml);
    capability = root && ccw_xml_is(root, "device") ? ccw_xml_child(root, "capability") : NULL;
    for (; capability; capability = ccw_xml_next(capability, "capability"))
        if (is_advertised(capability))
            ccw_xml_remove(xml, ccw_xml_gap_before(xml, capability), ccw_xml_span(capability)->end);
    if (ccw_xml_is_edited(xml) && !ccw_xml_check_bounds(xml, error))
        return NULL;
    *ret_changed = ccw_xml_is_edited(xml);
    return ccw_xml_apply(xml);
}

char *ccw_conf_detached_device(const char *css_xml, const char *name, const char *parent, const char *driver,
                               const CcwBusId *id, GError **error)
{
    g_autoptr(CcwXml) css = ccw_xml_open(css_xml, error);
    g_autofree char *path = css ? content_of(ccw_xml_root(css), "path") : NULL;
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
    return ccw_conf_advertise(text, &changed, error);
}
