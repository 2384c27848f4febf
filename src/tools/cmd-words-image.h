/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Candidates for the two parts of "BUSID=IMAGE". */
#pragma once

#include "cmd-complete.h"

/* The kinds of values of qemu-ccw. */
extern const CmdKind cmd_image_words[];

/* Adds a device number that the command line does not have yet, with "=". */
void cmd_add_new_bus_id(const CmdWord *word);

/* Adds the images and the folders that begin with the word. Looks into the files to find images. */
void cmd_add_images(const CmdWord *word);
