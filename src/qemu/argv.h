/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parses and formats QEMU's command lines: environment, program, options with their values. It knows which of QEMU's
 * options have a value, and how a shell quotes words; dialect.h knows what an option means.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *option; /* as written, "-machine"; NULL: the value is no option but, for QEMU, a disk image */
    char *value;  /* NULL: the option has no value, or it is the last word */
} QemuArg;

typedef struct {
    GPtrArray *env;  /* char *: the assignments NAME=VALUE before the program */
    char *program;   /* NULL: the line names no program */
    GPtrArray *args; /* QemuArg * */
} QemuArgv;

QemuArgv *qemu_argv_new(void);
QemuArgv *qemu_argv_copy(const QemuArgv *argv);
void qemu_argv_free(QemuArgv *argv);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuArgv, qemu_argv_free)

/**
 * qemu_argv_parse_shell: Parses a line in shell quoting, as libvirt writes it.
 *
 * Returns: the command line, or NULL with CCW_ERROR_INVALID if quotes do not match, or the line names no program.
 */
QemuArgv *qemu_argv_parse_shell(const char *line, GError **error);

/**
 * qemu_argv_add_words: Adds the first argument of a list of words: an option with its value, or a word that is no
 * option.
 * @words: NULL after the last; at least one word
 *
 * Returns: the number of words of the argument, 1 or 2.
 */
guint qemu_argv_add_words(QemuArgv *argv, char *const *words);

/* Adds an argument. @value: NULL for an option without a value */
void qemu_argv_add(QemuArgv *argv, const char *option, const char *value);

/* Returns: whether the argument is an option, such as "machine", with one dash or two. */
gboolean qemu_arg_is(const QemuArg *arg, const char *option);

/**
 * qemu_argv_format: Formats a command line as libvirt's .args fixtures: a line for each variable, the program and each
 * option with its value, with backslashes at their ends, quoted for a shell where necessary.
 *
 * Returns: a text that ends in a newline, to be freed with g_free().
 */
char *qemu_argv_format(const QemuArgv *argv);

/* Returns: the program and its arguments for execve(2), without the environment, to be freed with g_strfreev(). */
char **qemu_argv_to_words(const QemuArgv *argv);
