/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/ccw-address.h"

#include "util/ccw-error.h"

/* At most max_digits hexadecimal digits, then the terminator; no sign, no blanks, no prefix. */
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
    if (cssid > CCW_CSSID_MAX) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "cssid %x of '%s' is out of range: 0 to %x", cssid, text,
                    CCW_CSSID_MAX);
        return FALSE;
    }
    if (ssid > CCW_SSID_MAX) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "ssid %x of '%s' is out of range: 0 to %x", ssid, text,
                    CCW_SSID_MAX);
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
