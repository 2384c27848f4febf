/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list of known differences: a key file. Each group has its patterns, the side that is followed, and why. A group
 * without patterns is a rule of oracle-rules.h.
 */
#pragma once

#include <glib.h>

typedef struct _OracleKnown OracleKnown;

/**
 * oracle_known_load:
 *
 * Returns: the list (free with oracle_known_free()); NULL with @error if the file is not valid
 */
OracleKnown *oracle_known_load(const char *path, GError **error);
void oracle_known_free(OracleKnown *known);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(OracleKnown, oracle_known_free)

/**
 * oracle_known_find:
 * @difference: as compare_slots() returns it
 *
 * Finds the first pattern of the list that matches, and counts it.
 *
 * Returns: the group of the pattern; NULL if no pattern matches
 */
const char *oracle_known_find(OracleKnown *known, const char *difference);

/**
 * oracle_known_find_rule:
 *
 * Finds the group of a rule, and counts it.
 *
 * Returns: FALSE if the list has no such group
 */
gboolean oracle_known_find_rule(OracleKnown *known, const char *name);

/**
 * oracle_known_check_page:
 * @page: path of a document
 * @heading: the table is below this heading
 *
 * Checks that the table has a row for each group, in the order and with the words of the list: name, side, why. Prints
 * the rows that the page needs if it does not.
 *
 * Returns: TRUE if the table is right
 */
gboolean oracle_known_check_page(const OracleKnown *known, const char *page, const char *heading);

/**
 * oracle_known_report:
 * @ret_rules: gets the number of rules that never changed anything
 *
 * Prints how often each pattern matched.
 *
 * Returns: the number of patterns and rules that never matched
 */
guint oracle_known_report(const OracleKnown *known, guint *ret_rules);
