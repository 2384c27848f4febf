/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/option.h"

#include <string.h>

static void check(const char *text, const char *implied, const char *const *expected)
{
    g_autoptr(GPtrArray) options = qemu_options_parse(text, implied);

    for (guint i = 0; i < options->len; i++) {
        const QemuOption *option = g_ptr_array_index(options, i);

        g_assert_cmpstr(option->key, ==, expected[2 * i]);
        g_assert_cmpstr(option->value, ==, expected[2 * i + 1]);
    }
    g_assert_null(expected[2 * options->len]);
}

/* Expected key, value, key, value, ... as QEMU reads them. */
static void pieces(void)
{
    static const struct {
        const char *text;
        const char *expected[9];
    } cases[] = {
        { "vfio-ccw,id=d0", { "driver", "vfio-ccw", "id", "d0" } },
        { "driver=vfio-ccw", { "driver", "vfio-ccw" } },
        { "a=1,b=2,,3,c=", { "a", "1", "b", "2,3", "c", "" } },
        { "a=,,", { "a", "," } },
        { "a=,,,", { "a", "," } },
        { "a=,,,b=1", { "a", ",", "b", "1" } },
        { "x,,y,flag", { "driver", "x,y", "flag", NULL } },
        { "a=b=c", { "a", "b=c" } },
        { "", { NULL } },
        { "=", { "", "" } },
        { ",a=1", { "driver", "", "a", "1" } },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        check(cases[i].text, "driver", cases[i].expected);
    check("foo,bar=1", NULL, (const char *[]){ "foo", NULL, "bar", "1", NULL });
}

static void changes(void)
{
    g_autoptr(GPtrArray) options = qemu_options_parse("vfio-ccw,id=a,,b,hostid=1,x=,,,hostid=2", "driver");
    g_autofree char *same = qemu_options_format(options);
    g_autofree char *replaced = NULL, *removed = NULL;

    g_assert_cmpstr(same, ==, "vfio-ccw,id=a,,b,hostid=1,x=,,,hostid=2");
    g_assert_cmpstr(qemu_options_find(options, "hostid")->value, ==, "2");
    g_assert_null(qemu_options_find(options, "host"));
    qemu_options_replace(options, "hostid", "sysfsdev", "/a,b");
    qemu_options_replace(options, "guestid", "devno", "fe.0.1234");
    replaced = qemu_options_format(options);
    g_assert_cmpstr(replaced, ==, "vfio-ccw,id=a,,b,sysfsdev=/a,,b,x=,,,devno=fe.0.1234");
    qemu_options_remove(options, "x");
    qemu_options_remove(options, "absent");
    removed = qemu_options_format(options);
    g_assert_cmpstr(removed, ==, "vfio-ccw,id=a,,b,sysfsdev=/a,,b,devno=fe.0.1234");
}

/* Random bytes: the parser ends, and writes back what it has read, except a lone comma at the end. */
static void hostile(void)
{
    static const char alphabet[] = "a=,,={\"\\\n\xff";

    for (guint32 seed = 0; seed < 20000; seed++) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
        g_autoptr(GPtrArray) options = NULL;
        g_autofree char *again = NULL;
        char text[13] = "";
        gsize length = (gsize)g_rand_int_range(rand, 0, sizeof(text));

        for (gsize i = 0; i < length; i++)
            text[i] = alphabet[g_rand_int_range(rand, 0, sizeof(alphabet) - 1)];
        options = qemu_options_parse(text, seed % 2 ? "driver" : NULL);
        again = qemu_options_format(options);
        g_assert_true(g_str_has_prefix(text, again));
        g_assert_cmpuint(strlen(text) - strlen(again), <=, 1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu/option/pieces", pieces);
    g_test_add_func("/qemu/option/changes", changes);
    g_test_add_func("/qemu/option/hostile", hostile);
    return g_test_run();
}
