/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/argv.h"

#include <string.h>

#include "util/error.h"

/*
 * QEMU's options without a value; all others have one (HAS_ARG in its qemu-options.hx, 2.12 to 8.x, all targets).
 * tests/qemu/check-flags.py compares this table with the installed QEMU.
 */
static const char *const flags[] = {
    "S",
    "alt-grab",
    "async-teardown",
    "audio-help",
    "ctrl-grab",
    "curses",
    "daemonize",
    "enable-fips",
    "enable-hax",
    "enable-kvm",
    "enable-sync-profile",
    "full-screen",
    "h",
    "help",
    "jitdump",
    "mem-prealloc",
    "no-acpi",
    "no-fd-bootchk",
    "no-frame",
    "no-hpet",
    "no-kvm",
    "no-kvm-irqchip",
    "no-kvm-pit",
    "no-kvm-pit-reinjection",
    "no-quit",
    "no-reboot",
    "no-shutdown",
    "no-user-config",
    "nodefaults",
    "nodefconfig",
    "nographic",
    "nouserconfig",
    "old-param",
    "one-insn-per-tb",
    "only-migratable",
    "perfmap",
    "portrait",
    "preconfig",
    "rtc-td-hack",
    "s",
    "sdl",
    "semihosting",
    "show-cursor",
    "singlestep",
    "snapshot",
    "usb",
    "version",
    "win2k-hack",
    "xen-attach",
    "xen-domid-restrict",
};

static void arg_free(gpointer data)
{
    QemuArg *arg = data;

    g_free(arg->option);
    g_free(arg->value);
    g_free(arg);
}

QemuArgv *qemu_argv_new(void)
{
    QemuArgv *argv = g_new0(QemuArgv, 1);

    argv->env = g_ptr_array_new_with_free_func(g_free);
    argv->args = g_ptr_array_new_with_free_func(arg_free);
    return argv;
}

void qemu_argv_free(QemuArgv *argv)
{
    if (!argv)
        return;
    g_ptr_array_unref(argv->env);
    g_ptr_array_unref(argv->args);
    g_free(argv->program);
    g_free(argv);
}

/* QEMU takes an option with one dash or two. */
static const char *option_name(const char *word)
{
    return word + (word[1] == '-' ? 2 : 1);
}

static gboolean is_flag(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++)
        if (strcmp(flags[i], name) == 0)
            return TRUE;
    return FALSE;
}

/* Returns: whether the word is NAME=... with a valid name of a shell variable. */
static gboolean is_assignment(const char *word)
{
    const char *p = word;

    while (g_ascii_isalpha(*p) || *p == '_' || (p > word && g_ascii_isdigit(*p)))
        p++;
    return p > word && *p == '=';
}

void qemu_argv_add(QemuArgv *argv, const char *option, const char *value)
{
    QemuArg *arg = g_new0(QemuArg, 1);

    arg->option = g_strdup(option);
    arg->value = g_strdup(value);
    g_ptr_array_add(argv->args, arg);
}

QemuArgv *qemu_argv_copy(const QemuArgv *argv)
{
    QemuArgv *copy = qemu_argv_new();

    copy->program = g_strdup(argv->program);
    for (guint i = 0; i < argv->env->len; i++)
        g_ptr_array_add(copy->env, g_strdup(g_ptr_array_index(argv->env, i)));
    for (guint i = 0; i < argv->args->len; i++) {
        const QemuArg *arg = g_ptr_array_index(argv->args, i);

        qemu_argv_add(copy, arg->option, arg->value);
    }
    return copy;
}

guint qemu_argv_add_words(QemuArgv *argv, char *const *words)
{
    if (words[0][0] != '-') {
        qemu_argv_add(argv, NULL, words[0]);
        return 1;
    }
    if (is_flag(option_name(words[0])) || !words[1]) {
        qemu_argv_add(argv, words[0], NULL);
        return 1;
    }
    qemu_argv_add(argv, words[0], words[1]);
    return 2;
}

QemuArgv *qemu_argv_parse_shell(const char *line, GError **error)
{
    g_autoptr(QemuArgv) argv = qemu_argv_new();
    g_autoptr(GError) shell_error = NULL;
    g_auto(GStrv) words = NULL;
    guint i = 0;

    if (!g_shell_parse_argv(line, NULL, &words, &shell_error)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "cannot read the command line: %s", shell_error->message);
        return NULL;
    }
    while (words[i] && is_assignment(words[i]))
        g_ptr_array_add(argv->env, g_strdup(words[i++]));
    if (!words[i]) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "the command line names no program");
        return NULL;
    }
    argv->program = g_strdup(words[i++]);
    while (words[i])
        i += qemu_argv_add_words(argv, words + i);
    return g_steal_pointer(&argv);
}

gboolean qemu_arg_is(const QemuArg *arg, const char *option)
{
    return arg->option && strcmp(option_name(arg->option), option) == 0;
}

static void append_word(GString *text, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";

    if (*word && strspn(word, plain) == strlen(word)) {
        g_string_append(text, word);
    } else {
        g_autofree char *quoted = g_shell_quote(word);

        g_string_append(text, quoted);
    }
}

/* Quotes only the value, because a shell takes a word with a quoted name as a command. */
static void append_assignment(GString *text, const char *assignment)
{
    const char *value = strchr(assignment, '=') + 1;

    g_string_append_len(text, assignment, value - assignment);
    if (*value)
        append_word(text, value);
}

char *qemu_argv_format(const QemuArgv *argv)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < argv->env->len; i++) {
        append_assignment(text, g_ptr_array_index(argv->env, i));
        g_string_append(text, " \\\n");
    }
    append_word(text, argv->program ? argv->program : "");
    for (guint i = 0; i < argv->args->len; i++) {
        const QemuArg *arg = g_ptr_array_index(argv->args, i);

        g_string_append(text, " \\\n");
        if (arg->option)
            append_word(text, arg->option);
        if (arg->option && arg->value)
            g_string_append_c(text, ' ');
        if (arg->value)
            append_word(text, arg->value);
    }
    g_string_append_c(text, '\n');
    return g_string_free(text, FALSE);
}

char **qemu_argv_to_words(const QemuArgv *argv)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();

    g_ptr_array_add(words, g_strdup(argv->program));
    for (guint i = 0; i < argv->args->len; i++) {
        const QemuArg *arg = g_ptr_array_index(argv->args, i);

        if (arg->option)
            g_ptr_array_add(words, g_strdup(arg->option));
        if (arg->value)
            g_ptr_array_add(words, g_strdup(arg->value));
    }
    g_ptr_array_add(words, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&words), FALSE);
}
