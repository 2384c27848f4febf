/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Translates stock libvirt's XML and messages to users' form. */
#include <string.h>

#include "conf/feature.h"
#include "conf/find.h"
#include "conf/hostdev.h"
#include "conf/loadparm.h"
#include "conf/uuid.h"
#include "conf/xml-chars.h"

/* Whether the text may have anything to raise. A character reference may spell any name. */
static gboolean is_worth_parsing(const char *text)
{
    return (strstr(text, "hostdev") && (strstr(text, "vfio-ccw") || strstr(text, "&#"))) ||
           strstr(text, "s390-map-css");
}

static void remove_with_blanks(ConfXml *xml, const ConfXmlAttr *attr)
{
    guint32 start = attr->name;

    while (conf_xml_is_space(xml->text[start - 1]))
        start--;
    conf_xml_remove(xml, start, attr->value_end + 1);
}

/* Writes NAME='0xNUMBER' with that many digits; 0: as many as needed. Returns the end. */
static char *put_number(char *out, const char *name, guint number, guint digits, char quote)
{
    guint count = digits ? digits : number > 0xf ? 2 : 1;

    out = stpcpy(out, name);
    *out++ = '=';
    *out++ = quote;
    *out++ = '0';
    *out++ = 'x';
    while (count-- > 0)
        *out++ = "0123456789abcdef"[number >> (4 * count) & 0xf];
    *out++ = quote;
    return out;
}

/* Writes the white space that lower put before or after the '='; one blank if lower put none. Returns the end. */
static char *put_gap_or_blank(char *out, const ConfXml *xml, guint32 start, guint32 end)
{
    if (end > start)
        return mempcpy(out, xml->text + start, end - start);
    *out = ' ';
    return out + 1;
}

static void replace_uuid(ConfXml *xml, const ConfHostdevNode *node)
{
    static const char longest[] = "cssid='0xff' ssid='0x3' devno='0xffff'";
    const CcwBusId *id = &node->dev.source;
    g_autofree char *allocated = NULL;
    char usual[2 * sizeof(longest)];
    const ConfXmlAttr *uuid = &node->uuid;
    const char *equals = memchr(xml->text + uuid->name_end, '=', uuid->value - uuid->name_end);
    const guint32 at = (guint32)(equals - xml->text);
    const char q = xml->text[uuid->value - 1];
    char *with = usual;
    char *out;

    if (uuid->value - uuid->name_end > sizeof(longest))
        with = allocated = g_malloc(sizeof(longest) + uuid->value - uuid->name_end);
    out = put_number(with, "cssid", id->cssid, 0, q);
    out = put_gap_or_blank(out, xml, uuid->name_end, at);
    out = put_number(out, "ssid", id->ssid, 0, q);
    out = put_gap_or_blank(out, xml, at + 1, uuid->value - 1);
    out = put_number(out, "devno", id->devno, 4, q);
    conf_xml_replace_n(xml, uuid->name, uuid->value_end + 1, with, (gsize)(out - with));
}

/* A hostdev with the UUID that node devices advertise is managed, whatever its attribute says. */
static void set_managed(ConfXml *xml, const ConfHostdevNode *node)
{
    const char quote = xml->text[node->type.value - 1];
    g_autofree char *managed = g_strdup_printf(" managed=%cyes%c", quote, quote);
    ConfXmlAttr attr;

    if (conf_xml_attr(node->element, "managed", &attr))
        conf_xml_replace(xml, attr.value, attr.value_end, "yes");
    else
        conf_xml_insert(xml, node->type.value_end + 1, managed);
}

static void raise_hostdev(ConfXml *xml, const ConfHostdevNode *node)
{
    conf_xml_replace(xml, node->type.value, node->type.value_end, "ccw");
    if (node->form == CONF_HOSTDEV_ADVERTISED)
        set_managed(xml, node);
    remove_with_blanks(xml, &node->model);
    replace_uuid(xml, node);
}

static void raise_hostdevs(ConfXml *xml, const ConfXmlElement *domain)
{
    g_autoptr(GPtrArray) hostdevs = conf_find_hostdevs(xml, domain);

    for (guint i = 0; i < hostdevs->len; i++) {
        ConfHostdevNode node;

        if (conf_hostdev_read_source(xml, hostdevs->pdata[i], &node, NULL) &&
            (node.form == CONF_HOSTDEV_MDEV || node.form == CONF_HOSTDEV_ADVERTISED))
            raise_hostdev(xml, &node);
    }
}

char *conf_raise(const char *text, gboolean *ret_changed, GError **error)
{
    g_autoptr(ConfXml) xml = NULL;
    g_autoptr(GPtrArray) domains = NULL;

    if (!is_worth_parsing(text)) {
        *ret_changed = FALSE;
        return g_strdup(text);
    }
    xml = conf_xml_open(text, error);
    if (!xml)
        return NULL;
    domains = conf_find_domains(xml);
    for (guint i = 0; i < domains->len; i++) {
        ConfFeature feature;

        if (conf_feature_read(xml, domains->pdata[i], &feature, NULL) && feature.carrier)
            conf_feature_raise(xml, domains->pdata[i], &feature);
        conf_loadparm_raise(xml, domains->pdata[i]);
        raise_hostdevs(xml, domains->pdata[i]);
    }
    raise_hostdevs(xml, NULL);
    *ret_changed = conf_xml_is_edited(xml);
    return conf_xml_apply(xml);
}

static gboolean may_join_uuid(char c)
{
    return g_ascii_isalnum(c) || c == '-';
}

static gboolean strip_suffix(GString *text, const char *suffix)
{
    gsize length = strlen(suffix);

    if (text->len < length || memcmp(text->str + text->len - length, suffix, length) != 0)
        return FALSE;
    g_string_truncate(text, text->len - length);
    return TRUE;
}

/*
 * Removes libvirt's words before the UUID from the end of out. libvirt writes "mediated device 'UUID'" when it does not
 * find the device (src/util/virmdev.c), although the ccw device may be there; and the same without quotes, with its
 * path in sysfs, when the device is in use (src/hypervisor/virhostdev.c). after: the text after the UUID. Returns how
 * many bytes of after to remove.
 */
static gsize strip_mdev(GString *out, const char *after)
{
    static const char words[] = "mediated device ";
    const char *const quoted[] = { "mediated device '", "mediated device \"" };

    strip_suffix(out, "/sys/bus/mdev/devices/");
    for (gsize i = 0; i < G_N_ELEMENTS(quoted); i++)
        if (*after == quoted[i][strlen(words)] && strip_suffix(out, quoted[i])) {
            g_string_append(out, "mediated device of ");
            return 1;
        }
    strip_suffix(out, words);
    return 0;
}

/*
 * Whether a UUID of conf/uuid.h begins at p, which is a position in text. A path that continues below the mediated
 * device keeps its UUID: its target has no other name.
 */
static gboolean begins_uuid(const char *text, const char *p, CcwBusId *ret_id)
{
    char uuid[CONF_UUID_STR_LEN] = { 0 };
    gsize length = strnlen(p, CONF_UUID_STR_LEN);
    gboolean advertised;

    if (g_ascii_tolower(*p) != 'c' || length < CONF_UUID_STR_LEN - 1 || (p > text && may_join_uuid(p[-1])))
        return FALSE;
    memcpy(uuid, p, CONF_UUID_STR_LEN - 1);
    p += CONF_UUID_STR_LEN - 1;
    return !may_join_uuid(*p) && *p != '/' && conf_uuid_decode(uuid, ret_id, &advertised);
}

char *conf_raise_text(const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const char *p = text;

    while (*p) {
        char bus_id[CCW_BUS_ID_STR_LEN];
        CcwBusId id;

        if (!begins_uuid(text, p, &id)) {
            g_string_append_c(out, *p++);
            continue;
        }
        p += CONF_UUID_STR_LEN - 1;
        p += strip_mdev(out, p);
        g_string_append_printf(out, "ccw device %s", ccw_bus_id_format(&id, bus_id));
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
