/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares what conf/xml.h finds in a text with libxml2's tree of the same text. */
#pragma once

#include <glib.h>

/*
 * conf_compare: aborts if the two differ in the verdict, an element or an attribute
 * @text: at most a few KiB, as libxml2 has no bound here
 */
void conf_compare(const char *text);
