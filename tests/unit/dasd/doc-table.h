/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tables of a page of docs/, as data for tests.
 */
#pragma once

#include <glib.h>

/*
 * The rows of the first table below a heading of the page (the whole line, as "## Done"), each a NULL-terminated array
 * of cells without their blanks. The heads of the columns are not among them. Asserts that there is such a table.
 */
GPtrArray *doc_table_read(const char *page, const char *heading);
