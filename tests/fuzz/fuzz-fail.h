/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a fuzz target says that the rule it checks is broken. */
#pragma once

#include <glib.h>
#include <stdlib.h>

/**
 * fuzz_fail:
 * @format: what is wrong
 *
 * Ends the program by abort(): libFuzzer keeps the input of an abort, but not that of g_error()'s trap.
 */
#define fuzz_fail(...)                                                                                                 \
    G_STMT_START                                                                                                       \
    {                                                                                                                  \
        g_printerr(__VA_ARGS__);                                                                                       \
        g_printerr("\n");                                                                                              \
        abort();                                                                                                       \
    }                                                                                                                  \
    G_STMT_END
