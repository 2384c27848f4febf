/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/address.h"
#include "util/error.h"

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

static void rejected(void)
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

/* The forms that a user may write, as chccwdev and chzdev read them. */
static void read_from_user(void)
{
    static const struct {
        const char *text;
        CcwBusId id;
    } good[] = {
        { "0.0.1234", { 0, 0, 0x1234 } },
        { "1234", { 0, 0, 0x1234 } },
        { "aF", { 0, 0, 0xaf } },
        { "0", { 0, 0, 0 } },
        { "0x1234", { 0, 0, 0x1234 } },
        { "0.0.0x1234", { 0, 0, 0x1234 } },
        { "00.0.123", { 0, 0, 0x123 } },
        { "00001234", { 0, 0, 0x1234 } },
        { "Fe.3.fffF", { 0xfe, 3, 0xffff } },
        { "ccw_0_1_1234", { 0, 1, 0x1234 } },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(GError) error = NULL;
        CcwBusId id;

        g_assert_true(ccw_bus_id_read(good[i].text, &id, &error));
        g_assert_no_error(error);
        g_assert_true(ccw_bus_id_equal(&id, &good[i].id));
    }
}

static void rejected_from_user(void)
{
    static const struct {
        const char *text;
        const char *message;
    } bad[] = {
        { "", "''*for example 0.0.1234, or 1234 for that" },
        { "foo", "'foo' is not a device bus id: give it as CSSID.SSID.DEVNO*" },
        { "12345", "device number 12345 of '12345' is out of range: 0 to ffff*" },
        { "0.0.12345", "device number 12345 *" },
        { "000001234", "*not a device bus id*" },
        { "0x", "*not a device bus id*" },
        { "0x0x12", "*not a device bus id*" },
        { "1234 ", "*not a device bus id*" },
        { "-1234", "*not a device bus id*" },
        { "0.1234", "*not a device bus id*" },
        { "0..1234", "*not a device bus id*" },
        { "0.0.1234.", "*not a device bus id*" },
        { "ccw_0_0", "'ccw_0_0' is not *" },
        { "css_0_0_0034", "*not a device bus id*" },
        { "ff.0.1234", "cssid ff of 'ff.0.1234' is out of range*" },
        { "0.4.1234", "ssid 4*out of range*" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        CcwBusId id = { 9, 9, 9 };

        g_assert_false(ccw_bus_id_read(bad[i].text, &id, &error));
        g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
        if (!g_pattern_match_simple(bad[i].message, error->message))
            g_error("'%s' is not '%s'", error->message, bad[i].message);
        g_assert_cmpuint(id.devno, ==, 9);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/util/address/round-trip", round_trip);
    g_test_add_func("/util/address/fields", fields);
    g_test_add_func("/util/address/rejected", rejected);
    g_test_add_func("/util/address/read-from-user", read_from_user);
    g_test_add_func("/util/address/rejected-from-user", rejected_from_user);
    return g_test_run();
}
