/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From stock libvirt's XML, and its messages, to what our users read. */
#include <string.h>

#include "conf/ccw-feature.h"
#include "conf/ccw-hostdev.h"
#include "conf/ccw-loadparm.h"
#include "conf/ccw-uuid.h"
#include "conf/ccw-walk.h"
#include "conf/ccw-xml-chars.h"

/* Can anything of ours stand in it? A character reference may spell anything. */
static gboolean is_worth_parsing(const char *text)
{
    return strstr(text, "s390-map-css") ||
           (strstr(text, "hostdev") && (strstr(text, "vfio-ccw") || strstr(text, "&#")));
}

static void remove_model(CcwXml *xml, const CcwXmlElement *element)
{
    CcwXmlAttr attr;

    if (ccw_xml_attr(element, "model", &attr)) {
        guint32 start = attr.name;

        while (ccw_xml_is_space(xml->text[start - 1]))
            start--;
        ccw_xml_remove(xml, start, attr.value_end + 1);
    }
}

/* An attribute whose value is a number in hexadecimal of that many digits, or of as many as needed (0). */
static void append_number(GString *out, const char *name, guint number, guint digits, char quote)
{
    guint count = digits ? digits : number > 0xf ? 2 : 1;

    g_string_append(out, name);
    g_string_append_c(out, '=');
    g_string_append_c(out, quote);
    g_string_append(out, "0x");
    while (count-- > 0)
        g_string_append_c(out, "0123456789abcdef"[number >> (4 * count) & 0xf]);
    g_string_append_c(out, quote);
}

/* The blanks or line breaks that lower put before and after the '='; one blank where there are none. */
static void append_gap_or_blank(GString *out, const CcwXml *xml, guint32 start, guint32 end)
{
    if (end > start)
        g_string_append_len(out, xml->text + start, end - start);
    else
        g_string_append_c(out, ' ');
}

static void replace_uuid(CcwXml *xml, const CcwHostdevNode *node)
{
    const CcwBusId *id = &node->dev.source;
    const char *equals;
    CcwXmlAttr attr;
    GString *with;
    guint32 at;
    char q;

    if (!ccw_xml_attr(node->address, "uuid", &attr))
        return;
    equals = memchr(xml->text + attr.name_end, '=', attr.value - attr.name_end);
    if (!equals)
        return;
    at = (guint32)(equals - xml->text);
    q = xml->text[attr.value - 1];
    with = ccw_xml_edit(xml, attr.name, attr.value_end + 1);
    append_number(with, "cssid", id->cssid, 0, q);
    append_gap_or_blank(with, xml, attr.name_end, at);
    append_number(with, "ssid", id->ssid, 0, q);
    append_gap_or_blank(with, xml, at + 1, attr.value - 1);
    append_number(with, "devno", id->devno, 4, q);
}

static void raise_hostdev(CcwXml *xml, const CcwHostdevNode *node)
{
    CcwXmlAttr attr;

    if (ccw_xml_attr(node->element, "type", &attr))
        ccw_xml_replace(xml, attr.value, attr.value_end, "ccw");
    if (node->form == CCW_HOSTDEV_ADVERTISED) {
        char quote = xml->text[attr.value - 1];
        g_autofree char *managed = g_strdup_printf(" managed=%cyes%c", quote, quote);
        guint32 type_end = attr.value_end + 1;

        if (ccw_xml_attr(node->element, "managed", &attr))
            ccw_xml_replace(xml, attr.value, attr.value_end, "yes");
        else
            ccw_xml_insert(xml, type_end, managed);
    }
    remove_model(xml, node->element);
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
