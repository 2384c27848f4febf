/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/argv.h"
#include "util/error.h"

static void taken_apart(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QemuArgv) argv = qemu_argv_parse_shell("LC_ALL=C A_1='x y' /usr/bin/qemu -S --append '-device' "
                                                     "disk.img -no-shutdown -device '{\"driver\":\"x\"}' -machine",
                                                     &error);
    static const struct {
        const char *option;
        const char *value;
    } expected[] = {
        { "-S", NULL },           { "--append", "-device" },           { NULL, "disk.img" },
        { "-no-shutdown", NULL }, { "-device", "{\"driver\":\"x\"}" }, { "-machine", NULL },
    };

    g_assert_no_error(error);
    g_assert_cmpuint(argv->env->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(argv->env, 1), ==, "A_1=x y");
    g_assert_cmpstr(argv->program, ==, "/usr/bin/qemu");
    g_assert_cmpuint(argv->args->len, ==, G_N_ELEMENTS(expected));
    for (gsize i = 0; i < G_N_ELEMENTS(expected); i++) {
        const QemuArg *arg = g_ptr_array_index(argv->args, i);

        g_assert_cmpstr(arg->option, ==, expected[i].option);
        g_assert_cmpstr(arg->value, ==, expected[i].value);
    }
    g_assert_true(qemu_arg_is(g_ptr_array_index(argv->args, 1), "append"));
    g_assert_false(qemu_arg_is(g_ptr_array_index(argv->args, 2), "disk.img"));
}

static void printed(void)
{
    g_autoptr(QemuArgv) argv =
        qemu_argv_parse_shell("LC_ALL=C E= X='a b' '/usr/bin/my qemu' -S -append 'it'\\''s a=1' -name '' img", NULL);
    g_autofree char *text = qemu_argv_format(argv);
    g_auto(GStrv) words = qemu_argv_to_words(argv);

    g_assert_cmpstr(text, ==,
                    "LC_ALL=C \\\n"
                    "E= \\\n"
                    "X='a b' \\\n"
                    "'/usr/bin/my qemu' \\\n"
                    "-S \\\n"
                    "-append 'it'\\''s a=1' \\\n"
                    "-name '' \\\n"
                    "img\n");
    g_assert_cmpstr(words[0], ==, "/usr/bin/my qemu");
    g_assert_cmpstr(words[3], ==, "it's a=1");
    g_assert_cmpuint(g_strv_length(words), ==, 7);
}

/* A shell that reads the printed command line gets back the arguments, with every possible byte in them. */
static void round_trip(void)
{
    g_autoptr(QemuArgv) argv = qemu_argv_new();
    g_autoptr(QemuArgv) again = NULL;
    g_autofree char *text = NULL;

    argv->program = g_strdup("qemu");
    for (guint byte = 1; byte < 256; byte++) {
        char value[] = { 'x', (char)byte, '\0' };
        char alone[] = { (char)byte, '\0' };

        qemu_argv_add(argv, "-append", value);
        qemu_argv_add(argv, "-append", alone);
    }
    text = qemu_argv_format(argv);
    again = qemu_argv_parse_shell(text, NULL);
    g_assert_cmpuint(again->args->len, ==, argv->args->len);
    for (guint i = 0; i < again->args->len; i++)
        g_assert_cmpstr(((QemuArg *)g_ptr_array_index(again->args, i))->value, ==,
                        ((QemuArg *)g_ptr_array_index(argv->args, i))->value);
}

static void rejected(void)
{
    static const struct {
        const char *line;
        const char *message;
    } cases[] = {
        { "qemu 'x", "cannot read the command line: *" },
        { "", "cannot read the command line: *" },
        { "LC_ALL=C HOME=/", "the command line names no program" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(qemu_argv_parse_shell(cases[i].line, &error));
        g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
        g_assert_true(g_pattern_match_simple(cases[i].message, error->message));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu/argv/taken-apart", taken_apart);
    g_test_add_func("/qemu/argv/printed", printed);
    g_test_add_func("/qemu/argv/round-trip", round_trip);
    g_test_add_func("/qemu/argv/rejected", rejected);
    return g_test_run();
}
