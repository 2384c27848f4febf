/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list of known differences: a key file, a group for each with its patterns, what was taken, and why. */
#pragma once

#include <glib.h>

typedef struct _OracleKnown OracleKnown;

OracleKnown *oracle_known_load(const char *path, GError **error);
void oracle_known_free(OracleKnown *known);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OracleKnown, oracle_known_free)

/* The group that has a pattern for this difference (see compare_slots), NULL for none. It is counted. */
const char *oracle_known_find(OracleKnown *known, const char *difference);

/*
 * Whether the table of a page below this heading (doc_table_read) has a row for each group, in the list's order and
 * with its words: name, what was taken, why. Prints the rows that the page needs if not.
 */
gboolean oracle_known_check_page(const OracleKnown *known, const char *page, const char *heading);

/* How often each pattern was met, to standard output. Returns how many never were. */
guint oracle_known_report(const OracleKnown *known);
