/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/conf.h"
#include "conf/uuid.h"

static void known(void)
{
    static const struct {
        CcwBusId id;
        const char *uuid;
    } rows[] = {
        { { 0, 0, 0x1234 }, "cc390000-0001-8000-8000-000000001234" },
        { { 0, 0, 0 }, "cc390000-0001-8000-8000-000000000000" },
        { { 0xfe, 3, 0xffff }, "cc390000-0001-8000-8000-0000fe03ffff" },
        { { 0x1, 0x2, 0xabcd }, "cc390000-0001-8000-8000-00000102abcd" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        char buf[CONF_UUID_STR_LEN];
        g_autofree char *upper = g_ascii_strup(rows[i].uuid, -1);
        gboolean advertised = TRUE;
        CcwBusId id;

        g_assert_cmpstr(conf_uuid_encode(&rows[i].id, buf), ==, rows[i].uuid);
        g_assert_true(conf_uuid_decode(buf, &id, &advertised));
        g_assert_true(ccw_bus_id_equal(&id, &rows[i].id));
        g_assert_false(advertised);
        upper[27] = '1';
        g_assert_true(conf_uuid_decode(upper, &id, &advertised));
        g_assert_true(ccw_bus_id_equal(&id, &rows[i].id));
        g_assert_true(advertised);
    }
}

static void every_device_of_a_set(void)
{
    for (guint devno = 0; devno <= G_MAXUINT16; devno++) {
        CcwBusId id = { .cssid = (guint8)(devno % 0xff), .ssid = devno & 3, .devno = (guint16)devno };
        char buf[CONF_UUID_STR_LEN];
        gboolean advertised;
        CcwBusId back;

        g_assert_true(conf_uuid_decode(conf_uuid_encode(&id, buf), &back, &advertised));
        g_assert_true(ccw_bus_id_equal(&id, &back));
    }
}

static void foreign(void)
{
    static const char *const uuids[] = {
        "",
        "cc390000-0001-8000-8000-00000000123",
        "cc390000-0001-8000-8000-0000000012345",
        "cc390000-0001-8000-8000-000000001234 ",
        " cc390000-0001-8000-8000-000000001234",
        "cc390000-0001-8000-8000-000200001234",
        "cc390000-0001-8000-8000-0000ff001234",
        "cc390000-0001-8000-8000-000000041234",
        "cc390000-0001-8000-8000-00000000123g",
        "cc390000-0002-8000-8000-000000001234",
        "cc390000-0001-4000-8000-000000001234",
        "cc39000000018000800000000000123400000",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(uuids); i++) {
        CcwBusId id = { 9, 9, 9 };
        gboolean advertised;

        g_assert_false(conf_uuid_decode(uuids[i], &id, &advertised));
        g_assert_cmpuint(id.devno, ==, 9);
    }
}

/* As virUUIDParse() reads it; tests/libvirt/conf-readings.py asks libvirt. */
static void spelled_otherwise(void)
{
    static const struct {
        const char *text;
        gboolean is_ours;
    } rows[] = {
        { "cc390000-0001-8000-8000-000000001234", TRUE },
        { "CC390000-0001-8000-8000-000000001234", TRUE },
        { " cc39000000018000-8000000000001234 ", TRUE },
        { "\n\tcc39 00 00 --00018000800000000000 1234\r\n", TRUE },
        { "cc39000000018000800000000000123400", FALSE },
        { "cc3900000001800080000000000012", FALSE },
        { "c c39000000018000800000000000 1234", FALSE },
        { "cc39000000018000800000000000\t1234", FALSE },
        { "cc390000-0001-8000-8000-000000001234-", FALSE },
        { "cc390000-0001-8000-8000-000200001234", FALSE },
        { "", FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        CcwBusId id = { 0 };
        gboolean advertised;

        g_assert_cmpint(conf_uuid_decode_xml(rows[i].text, &id, &advertised), ==, rows[i].is_ours);
        g_assert_cmphex(id.devno, ==, rows[i].is_ours ? 0x1234 : 0);
    }
}

static void in_messages(void)
{
    static const struct {
        const char *text;
        const char *raised;
    } rows[] = {
        { "", "" },
        { "no UUID", "no UUID" },
        { "mediated device CC390000-0001-8000-8000-000000001234 is in use by driver QEMU, domain d3",
          "ccw device 0.0.1234 is in use by driver QEMU, domain d3" },
        { "mediated device /sys/bus/mdev/devices/cc390000-0001-8000-8000-000000001234 is in use by driver QEMU",
          "ccw device 0.0.1234 is in use by driver QEMU" },
        { "mediated device 'cc390000-0001-8000-8000-000000001234' not found",
          "mediated device of ccw device 0.0.1234 not found" },
        { "mediated device 'cc390000-0001-8000-8000-000000001234", "mediated device 'ccw device 0.0.1234" },
        { "cannot open /sys/bus/mdev/devices/cc390000-0001-8000-8000-000000001234/iommu_group",
          "cannot open /sys/bus/mdev/devices/cc390000-0001-8000-8000-000000001234/iommu_group" },
        { "'cc390000-0001-8000-8000-0000fe03abcd','cc390000-0001-8000-8000-000100000001'",
          "'ccw device fe.3.abcd','ccw device 0.0.0001'" },
        { "cc390000-0001-8000-8000-0000000012345", "cc390000-0001-8000-8000-0000000012345" },
        { "0cc390000-0001-8000-8000-000000001234", "0cc390000-0001-8000-8000-000000001234" },
        { "cc390000-0001-8000-8000-00000000123", "cc390000-0001-8000-8000-00000000123" },
        { "9063cba3-ecef-47b6-abcf-3fef4fdcad85", "9063cba3-ecef-47b6-abcf-3fef4fdcad85" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *raised = conf_raise_text(rows[i].text);

        g_assert_cmpstr(raised, ==, rows[i].raised);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/conf/uuid/known", known);
    g_test_add_func("/conf/uuid/every-device", every_device_of_a_set);
    g_test_add_func("/conf/uuid/foreign", foreign);
    g_test_add_func("/conf/uuid/spelled-otherwise", spelled_otherwise);
    g_test_add_func("/conf/uuid/in-messages", in_messages);
    return g_test_run();
}
