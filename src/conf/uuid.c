/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/uuid.h"

#include <string.h>

#define WHITE " \t\n\f\r" /* the set of g_ascii_isspace() */
#define PREFIX_LEN (sizeof(CONF_UUID_PREFIX) - 1)

const char *conf_uuid_encode(const CcwBusId *id, char buf[CONF_UUID_STR_LEN])
{
    g_snprintf(buf, CONF_UUID_STR_LEN, CONF_UUID_PREFIX "0%02x%02x%04x", id->cssid, id->ssid, id->devno);
    return buf;
}

const char *conf_uuid_encode_advertised(const CcwBusId *id, char buf[CONF_UUID_STR_LEN])
{
    conf_uuid_encode(id, buf);
    buf[PREFIX_LEN] = '1';
    return buf;
}

/* strncmp() first: libvirt writes lower case, and this comparison is faster. */
static gboolean has_prefix(const char *uuid)
{
    return strncmp(uuid, CONF_UUID_PREFIX, PREFIX_LEN) == 0 ||
           g_ascii_strncasecmp(uuid, CONF_UUID_PREFIX, PREFIX_LEN) == 0;
}

static guint32 digit_value(char c)
{
    return c <= '9' ? (guint32)(c - '0') : (guint32)((c | 0x20) - 'a' + 10);
}

gboolean conf_uuid_decode(const char *uuid, CcwBusId *ret_id, gboolean *ret_advertised)
{
    guint32 device = 0;
    guint cssid, ssid;
    const char *p;

    if (!has_prefix(uuid))
        return FALSE;
    p = uuid + PREFIX_LEN;
    if (*p != '0' && *p != '1')
        return FALSE;
    for (guint i = 1; i <= 8; i++) {
        if (!g_ascii_isxdigit(p[i]))
            return FALSE;
        device = device << 4 | digit_value(p[i]);
    }
    cssid = device >> 24;
    ssid = device >> 16 & 0xff;
    if (p[9] != '\0' || cssid > CCW_CSSID_MAX || ssid > CCW_SSID_MAX)
        return FALSE;
    *ret_id = (CcwBusId){ .cssid = (guint8)cssid, .ssid = (guint8)ssid, .devno = (guint16)(device & 0xffff) };
    *ret_advertised = *p == '1';
    return TRUE;
}

/* Writes the UUID in libvirt's output form. Returns FALSE if libvirt does not read the text. */
static gboolean normalize(const char *text, char buf[CONF_UUID_STR_LEN])
{
    gsize length = 0;

    text += strspn(text, WHITE);
    while (length < CONF_UUID_STR_LEN - 1) {
        text += strspn(text, " -");
        if (!g_ascii_isxdigit(text[0]) || !g_ascii_isxdigit(text[1]))
            return FALSE;
        buf[length++] = *text++;
        buf[length++] = *text++;
        if (length == 8 || length == 13 || length == 18 || length == 23)
            buf[length++] = '-';
    }
    buf[length] = '\0';
    return text[strspn(text, WHITE)] == '\0';
}

gboolean conf_uuid_decode_xml(const char *text, CcwBusId *ret_id, gboolean *ret_advertised)
{
    char buf[CONF_UUID_STR_LEN];

    return normalize(text, buf) && conf_uuid_decode(buf, ret_id, ret_advertised);
}
