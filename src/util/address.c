/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/address.h"

#include <string.h>

#include "util/error.h"

#define NODE_PREFIX "ccw_" /* libvirt names node devices ccw_0_0_1234 */

/* Accepts up to max_digits hexadecimal digits and the terminator; rejects a sign, blanks and a prefix. */
static gboolean parse_field(const char **pos, guint min_digits, guint max_digits, char terminator, guint *ret_value)
{
    const char *p = *pos;
    guint value = 0;
    guint digits = 0;

    while (digits < max_digits && g_ascii_isxdigit(*p)) {
        value = value << 4 | (guint)g_ascii_xdigit_value(*p++);
        digits++;
    }
    if (digits < min_digits || *p != terminator)
        return FALSE;
    *pos = terminator ? p + 1 : p;
    *ret_value = value;
    return TRUE;
}

static gboolean check_range(guint cssid, guint ssid, const char *text, GError **error)
{
    if (cssid > CCW_CSSID_MAX)
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "cssid %x of '%s' is out of range: 0 to %x", cssid, text,
                    CCW_CSSID_MAX);
    else if (ssid > CCW_SSID_MAX)
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "ssid %x of '%s' is out of range: 0 to %x", ssid, text,
                    CCW_SSID_MAX);
    else
        return TRUE;
    return FALSE;
}

gboolean ccw_bus_id_parse(const char *text, CcwBusId *ret_id, GError **error)
{
    const char *pos = text;
    guint cssid, ssid, devno;

    if (!parse_field(&pos, 1, 2, '.', &cssid) || !parse_field(&pos, 1, 1, '.', &ssid) ||
        !parse_field(&pos, 4, 4, '\0', &devno)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "'%s' is not a device bus id: give it as CSSID.SSID.DEVNO, for example 0.0.1234", text);
        return FALSE;
    }
    if (!check_range(cssid, ssid, text, error))
        return FALSE;
    *ret_id = (CcwBusId){ .cssid = (guint8)cssid, .ssid = (guint8)ssid, .devno = (guint16)devno };
    return TRUE;
}

static gboolean read_field(const char **pos, char terminator, guint *ret_value)
{
    if (g_ascii_strncasecmp(*pos, "0x", 2) == 0)
        *pos += 2;
    return parse_field(pos, 1, 8, terminator, ret_value);
}

static gboolean read_fields(const char *text, guint *ret_cssid, guint *ret_ssid, guint *ret_devno)
{
    const char *pos = text;

    *ret_cssid = *ret_ssid = 0;
    if (read_field(&pos, '\0', ret_devno))
        return TRUE;
    pos = text;
    return read_field(&pos, '.', ret_cssid) && read_field(&pos, '.', ret_ssid) && read_field(&pos, '\0', ret_devno);
}

gboolean ccw_bus_id_read(const char *text, CcwBusId *ret_id, GError **error)
{
    gboolean is_name = g_str_has_prefix(text, NODE_PREFIX);
    g_autofree char *name = is_name ? g_strdup(text + strlen(NODE_PREFIX)) : NULL;
    guint cssid, ssid, devno;

    if (name)
        g_strdelimit(name, "_", '.');
    if (!read_fields(name ? name : text, &cssid, &ssid, &devno)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "'%s' is not a device bus id: give it as CSSID.SSID.DEVNO, for example 0.0.1234, or 1234 for that",
                    text);
        return FALSE;
    }
    if (!check_range(cssid, ssid, text, error))
        return FALSE;
    if (devno > G_MAXUINT16) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "device number %x of '%s' is out of range: 0 to ffff, in hexadecimal", devno, text);
        return FALSE;
    }
    *ret_id = (CcwBusId){ .cssid = (guint8)cssid, .ssid = (guint8)ssid, .devno = (guint16)devno };
    return TRUE;
}

const char *ccw_bus_id_format(const CcwBusId *id, char buf[CCW_BUS_ID_STR_LEN])
{
    g_snprintf(buf, CCW_BUS_ID_STR_LEN, "%x.%x.%04x", id->cssid, id->ssid & 0xfu, id->devno);
    return buf;
}

char *ccw_bus_id_to_string(const CcwBusId *id)
{
    char buf[CCW_BUS_ID_STR_LEN];

    return g_strdup(ccw_bus_id_format(id, buf));
}

guint ccw_bus_id_hash(gconstpointer id)
{
    const CcwBusId *i = id;

    return (guint)i->cssid << 24 | (guint)i->ssid << 16 | i->devno;
}

gboolean ccw_bus_id_equal(gconstpointer a, gconstpointer b)
{
    return ccw_bus_id_hash(a) == ccw_bus_id_hash(b);
}
