/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Parses the command line of qemu-ccw: its own options and QEMU's.
 */
#pragma once

#include "launcher/launch.h"

/* qemu-ccw's own options, for its --help and the completion of shells; the last row is empty. */
extern const GOptionEntry launcher_options[];

/**
 * launcher_parse: Parses the words after the program's name. Options with two dashes are ours, options with one dash
 * are QEMU's; all words after "--" are QEMU's. If QEMU's first word is the path of a qemu-system-* or qemu-kvm, it
 * names the program, so that a line of "virt-ccw argv --dialect series" can follow.
 * @words: NULL after the last
 *
 * Returns: the launch, or NULL with G_OPTION_ERROR for an unknown option or bad value, or with CCW_ERROR_INVALID for a
 * bad bus id, or one that is given twice.
 */
Launcher *launcher_parse(char *const *words, GError **error);
