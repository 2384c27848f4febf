/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a lab in this process, for lab_exec() and lab_start(). */
#pragma once

#include "lab/lab-init.h"
#include "lab/lab-record.h"
#include "lab/lab-settings.h"

/**
 * lab_run: Runs a lab until it ends.
 * @init: the caller sets the command, or the descriptors of a lab that stays; lab_run() sets the other members
 * @record: of a lab that stays: gets the lab's process and network. NULL: there is no record
 *
 * Returns: the lab's exit code, or -1 with an error.
 */
int lab_run(const LabSettings *settings, LabInit *init, LabRecord *record, GError **error);
