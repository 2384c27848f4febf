/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds of values that the completion finds on this host: devices, images, domains, models. */
#pragma once

#include "cmd-complete.h"

extern const CmdKind cmd_words[]; /* of virt-ccw */
