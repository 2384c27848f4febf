/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A QEMU command line, taken apart: environment, program, options with their values. It knows which of QEMU's options
 * take a value, and how a line is quoted; what an option means is dialect.h's.
 */
#pragma once

#include <glib.h>

typedef struct {
    char *option; /* as written, "-machine"; NULL: a word that is none (for QEMU: a disk image) */
    char *value;  /* NULL: the option takes none, or the line ended */
} CcwArg;

typedef struct {
    GPtrArray *env;  /* of char *, "NAME=VALUE", that stood before the program */
    char *program;   /* NULL if there is none */
    GPtrArray *args; /* of CcwArg * */
} CcwArgv;

CcwArgv *ccw_argv_new(void);
CcwArgv *ccw_argv_copy(const CcwArgv *argv);
void ccw_argv_free(CcwArgv *argv);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwArgv, ccw_argv_free)

/* From a line in shell quoting, as libvirt writes it. Errors: CCW_ERROR_INVALID (quotes that do not match, no program).
 */
CcwArgv *ccw_argv_parse_shell(const char *line, GError **error);

/*
 * Takes the argument that begins at words[0] (not NULL) off a NULL-terminated list: an option and the value it wants,
 * or a word that is no option. Returns how many words that were, 1 or 2.
 */
guint ccw_argv_take(CcwArgv *argv, char *const *words);

void ccw_argv_add(CcwArgv *argv, const char *option, const char *value);

/* TRUE if the argument is that option ("machine"), written with one dash or two. */
gboolean ccw_arg_is(const CcwArg *arg, const char *option);

/*
 * As libvirt's .args fixtures are: a variable, the program, an option with its value a line, continued by backslashes,
 * quoted for a shell where that is needed.
 */
char *ccw_argv_format(const CcwArgv *argv);

/* The words for execve(2): the program and its arguments, without the environment. */
char **ccw_argv_to_words(const CcwArgv *argv);
