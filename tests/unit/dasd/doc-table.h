/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the tables of a page of docs/ as data for tests. */
#pragma once

#include <glib.h>

/*
 * Returns the rows of the first table below a heading of the page (the whole line, as "## Done"), without the column
 * headings. Each row is a NULL-terminated array of trimmed cells. Asserts that there is such a table.
 */
GPtrArray *doc_table_read(const char *page, const char *heading);
