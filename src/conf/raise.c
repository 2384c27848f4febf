/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From stock libvirt's XML, and its messages, to what our users read. */
#include <string.h>

#include "conf/feature.h"
#include "conf/hostdev.h"
#include "conf/loadparm.h"
#include "conf/uuid.h"
#include "conf/walk.h"
#include "conf/xml-chars.h"

/* Can anything of ours stand in it? A character reference may spell anything. */
static gboolean is_worth_parsing(const char *text)
{
    return (strstr(text, "hostdev") && (strstr(text, "vfio-ccw") || strstr(text, "&#"))) ||
           strstr(text, "s390-map-css");
}

static void remove_with_blanks(CcwXml *xml, const CcwXmlAttr *attr)
{
    guint32 start = attr->name;

    while (ccw_xml_is_space(xml->text[start - 1]))
        start--;
    ccw_xml_remove(xml, start, attr->value_end + 1);
}

/* Writes NAME='0xNUMBER' with that many digits, or as many as needed (0). Returns the end. */
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

/* The blanks or line breaks that lower put before and after the '='; one blank where there are none. */
static char *put_gap_or_blank(char *out, const CcwXml *xml, guint32 start, guint32 end)
{
    if (end > start)
        return mempcpy(out, xml->text + start, end - start);
    *out = ' ';
    return out + 1;
}

static void replace_uuid(CcwXml *xml, const CcwHostdevNode *node)
{
    static const char longest[] = "cssid='0xff' ssid='0x3' devno='0xffff'";
    const CcwBusId *id = &node->dev.source;
    g_autofree char *allocated = NULL;
    char usual[2 * sizeof(longest)];
    const CcwXmlAttr *uuid = &node->uuid;
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
    ccw_xml_replace_n(xml, uuid->name, uuid->value_end + 1, with, (gsize)(out - with));
}

/* The variant that node devices advertise is managed, whatever it says. */
static void set_managed(CcwXml *xml, const CcwHostdevNode *node)
{
    const char quote = xml->text[node->type.value - 1];
    g_autofree char *managed = g_strdup_printf(" managed=%cyes%c", quote, quote);
    CcwXmlAttr attr;

    if (ccw_xml_attr(node->element, "managed", &attr))
        ccw_xml_replace(xml, attr.value, attr.value_end, "yes");
    else
        ccw_xml_insert(xml, node->type.value_end + 1, managed);
}

static void raise_hostdev(CcwXml *xml, const CcwHostdevNode *node)
{
    ccw_xml_replace(xml, node->type.value, node->type.value_end, "ccw");
    if (node->form == CCW_HOSTDEV_ADVERTISED)
        set_managed(xml, node);
    remove_with_blanks(xml, &node->model);
    replace_uuid(xml, node);
}

static void raise_hostdevs(CcwXml *xml, const CcwXmlElement *domain)
{
    g_autoptr(GPtrArray) hostdevs = ccw_walk_hostdevs(xml, domain);

    for (guint i = 0; i < hostdevs->len; i++) {
        CcwHostdevNode node;

        if (ccw_hostdev_read_source(xml, hostdevs->pdata[i], &node, NULL) &&
            (node.form == CCW_HOSTDEV_MDEV || node.form == CCW_HOSTDEV_ADVERTISED))
            raise_hostdev(xml, &node);
    }
}

char *ccw_conf_raise(const char *text, gboolean *ret_changed, GError **error)
{
    g_autoptr(CcwXml) xml = NULL;
    g_autoptr(GPtrArray) domains = NULL;

    if (!is_worth_parsing(text)) {
        *ret_changed = FALSE;
        return g_strdup(text);
    }
    xml = ccw_xml_open(text, error);
    if (!xml)
        return NULL;
    domains = ccw_walk_domains(xml);
    for (guint i = 0; i < domains->len; i++) {
        CcwFeature feature;

        if (ccw_feature_read(xml, domains->pdata[i], &feature, NULL) && feature.carrier)
            ccw_feature_raise(xml, domains->pdata[i], &feature);
        ccw_loadparm_raise(xml, domains->pdata[i]);
        raise_hostdevs(xml, domains->pdata[i]);
    }
    raise_hostdevs(xml, NULL);
    *ret_changed = ccw_xml_is_edited(xml);
    return ccw_xml_apply(xml);
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
 * What libvirt calls the UUID: mediated device 'UUID', which it does not find (src/util/virmdev.c), though the ccw
 * device may be there; or the same without quotes, with its path in sysfs, which is in use
 * (src/hypervisor/virhostdev.c). out ends where the UUID begins, after is what follows it. Returns how much of that
 * goes too.
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

/* A path that goes on below the mediated device is left as it is: there is no other name for what it names. */
static gboolean is_ours(const char *text, const char *p, CcwBusId *ret_id)
{
    char uuid[CCW_UUID_STR_LEN] = { 0 };
    gsize length = strnlen(p, CCW_UUID_STR_LEN);
    gboolean advertised;

    if (g_ascii_tolower(*p) != 'c' || length < CCW_UUID_STR_LEN - 1 || (p > text && may_join_uuid(p[-1])))
        return FALSE;
    memcpy(uuid, p, CCW_UUID_STR_LEN - 1);
    p += CCW_UUID_STR_LEN - 1;
    return !may_join_uuid(*p) && *p != '/' && ccw_uuid_decode(uuid, ret_id, &advertised);
}

char *ccw_conf_raise_text(const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    const char *p = text;

    while (*p) {
        char bus_id[CCW_BUS_ID_STR_LEN];
        CcwBusId id;

        if (!is_ours(text, p, &id)) {
            g_string_append_c(out, *p++);
            continue;
        }
        p += CCW_UUID_STR_LEN - 1;
        p += strip_mdev(out, p);
        g_string_append_printf(out, "ccw device %s", ccw_bus_id_format(&id, bus_id));
    }
    return g_string_free(g_steal_pointer(&out), FALSE);
}
