/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/json.h"
#include "qemu/props.h"

static void both_spellings(void)
{
    static const struct {
        const char *before;
        const char *after;
    } cases[] = {
        { "vfio-ccw,id=d0,hostid=0.0.1234,x=1", "vfio-ccw,id=d0,sysfsdev=/a,x=1,devno=fe" },
        { "{\"driver\":\"vfio-ccw\",\"id\":\"d0\",\"hostid\":\"0.0.1234\",\"x\":1}",
          "{\"driver\":\"vfio-ccw\",\"id\":\"d0\",\"sysfsdev\":\"/a\",\"x\":1,\"devno\":\"fe\"}" },
        { "{ \"hostid\": \"0.0.1234\", \"id\" : \"d0\", \"driver\":\"vfio-ccw\", \"x\":{\"y\":[1,true,null,{}]}}",
          "{\"sysfsdev\":\"/a\",\"id\":\"d0\",\"driver\":\"vfio-ccw\",\"x\":{\"y\":[1,true,null,{}]},"
          "\"devno\":\"fe\"}" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QemuProps) props = qemu_props_parse(cases[i].before, "driver");
        g_autofree char *after = NULL;

        g_assert_true(qemu_props_equal(props, "driver", "vfio-ccw"));
        g_assert_true(qemu_props_equal(props, "id", "d0"));
        g_assert_false(qemu_props_equal(props, "id", "d"));
        g_assert_false(qemu_props_equal(props, "absent", "d0"));
        qemu_props_replace(props, "hostid", "sysfsdev", "/a");
        qemu_props_replace(props, "guestid", "devno", "fe");
        qemu_props_remove(props, "absent");
        after = qemu_props_format(props);
        g_assert_cmpstr(after, ==, cases[i].after);
    }
}

static void removed(void)
{
    g_autoptr(QemuProps) props = qemu_props_parse("{\"a\":1,\"b\":\"2\"}", NULL);
    g_autofree char *text = NULL;

    qemu_props_remove(props, "a");
    text = qemu_props_format(props);
    g_assert_cmpstr(text, ==, "{\"b\":\"2\"}");
}

/* The property exists, but is not a string: the caller rejects it. */
static void not_a_string(void)
{
    static const char *const cases[] = { "{\"hostid\":5}", "{\"hostid\":null}", "{\"hostid\":{\"hostid\":\"x\"}}",
                                         "{\"hostid\":[\"0.0.1234\"]}", "vfio-ccw,hostid" };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(QemuProps) props = qemu_props_parse(cases[i], "driver");
        const char *value = "untouched";

        g_assert_true(qemu_props_get(props, "hostid", &value));
        g_assert_null(value);
    }
}

static void unreadable(void)
{
    static const char *const cases[] = { "{", "{}x", "{\"a\":}", "{\"a\":1", "{'a" };
    g_autofree char *deep = g_strnfill(200000, '[');
    g_autofree char *text = g_strconcat("{\"a\":", deep, NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        g_assert_null(qemu_props_parse(cases[i], "driver"));
    g_assert_null(qemu_props_parse(text, "driver"));
}

/* Text that looks like JSON is a value in an option string, and the other way round. */
static void not_confused(void)
{
    g_autoptr(QemuProps) string = qemu_props_parse("x,name={\"driver\":\"vfio-ccw\"}", "driver");
    g_autoptr(QemuProps) json = qemu_props_parse("{\"driver\":\"x\",\"name\":\"y,driver=vfio-ccw\"}", "driver");

    g_assert_false(qemu_props_equal(string, "driver", "vfio-ccw"));
    g_assert_false(qemu_props_equal(json, "driver", "vfio-ccw"));
}

/* Makes {"a":{"a":...{}}} with this many objects. */
static char *nest(guint depth)
{
    g_autoptr(GString) text = g_string_new("{}");

    for (guint i = 1; i < depth; i++) {
        g_string_prepend(text, "{\"a\":");
        g_string_append_c(text, '}');
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void nests_up_to_the_limit(void)
{
    g_autofree char *deepest = nest(QEMU_JSON_DEPTH_MAX);
    g_autofree char *deeper = nest(QEMU_JSON_DEPTH_MAX + 1);
    g_autoptr(JsonObject) object = qemu_json_parse(deepest);

    g_assert_nonnull(object);
    g_assert_null(qemu_json_parse(deeper));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu/props/both-spellings", both_spellings);
    g_test_add_func("/qemu/props/removed", removed);
    g_test_add_func("/qemu/props/not-a-string", not_a_string);
    g_test_add_func("/qemu/props/unreadable", unreadable);
    g_test_add_func("/qemu/props/not-confused", not_confused);
    g_test_add_func("/qemu/json/nests-up-to-the-limit", nests_up_to_the_limit);
    return g_test_run();
}
