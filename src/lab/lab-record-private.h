/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The file of a lab's record, in lab-record-file.c: what the lab is, as text. */
#pragma once

#include "lab/lab-record.h"

#define LAB_RECORD_FILE "lab"
#define LAB_RECORD_FILE_NEW "lab.new"

/* Replaces the file in the record's folder at once. Returns: FALSE with an error. */
gboolean lab_record_file_save(const LabRecord *record, GError **error);

/* Reads the file. The record stays as it is where the file is missing, or damaged. */
void lab_record_file_load(LabRecord *record);
