/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/ccw-address.h"
#include "util/ccw-error.h"

static void round_trip(void)
{
    static const char *const good[] = { "0.0.0000", "0.0.1234", "3.2.abcd", "fe.3.ffff" };

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        char buf[CCW_BUS_ID_STR_LEN];
        CcwBusId id;

        g_assert_true(ccw_bus_id_parse(good[i], &id, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(ccw_bus_id_format(&id, buf), ==, good[i]);
    }
}

static void fields(void)
{
    CcwBusId id;

    g_assert_true(ccw_bus_id_parse("Fe.1.AbCd", &id, NULL));
    g_assert_cmphex(id.cssid, ==, 0xfe);
    g_assert_cmphex(id.ssid, ==, 1);
    g_assert_cmphex(id.devno, ==, 0xabcd);
}

static void refused(void)
{
    static const struct {
        const char *text;
        const char *message;
    } bad[] = {
        { "", "*not a device bus id*" },          { "1234", "*'1234'*CSSID.SSID.DEVNO*" },
        { "0.0.123", "*not a device bus id*" },   { "0.0.12345", "*not a device bus id*" },
        { "0.0.1234 ", "*not a device bus id*" }, { "0..1234", "*not a device bus id*" },
        { "-0.0.1234", "*not a device bus id*" }, { "0.0.12g4", "*not a device bus id*" },
        { "0.0x.1234", "*not a device bus id*" }, { "ff.0.1234", "*cssid ff*out of range*" },
        { "0.4.1234", "*ssid 4*out of range*" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        CcwBusId id = { 9, 9, 9 };

        g_assert_false(ccw_bus_id_parse(bad[i].text, &id, &error));
        g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
        g_assert_true(g_pattern_match_simple(bad[i].message, error->message));
        g_assert_cmpuint(id.devno, ==, 9);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/util/address/round-trip", round_trip);
    g_test_add_func("/util/address/fields", fields);
    g_test_add_func("/util/address/refused", refused);
    return g_test_run();
}
