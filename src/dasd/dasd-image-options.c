/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dasd/dasd-image-options.h"

#include <string.h>

char *dasd_image_parse(const char *text, DasdImageOptions *ret_options)
{
    g_autofree char *path = g_strdup(text);
    char *comma;

    *ret_options = (DasdImageOptions){ .read_only = FALSE };
    while ((comma = strrchr(path, ',')) != NULL) {
        const char *word = comma + 1;
        gboolean end_of_name = *word == '\0';

        if (strcmp(word, "ro") == 0 || strcmp(word, "read-only") == 0)
            ret_options->read_only = TRUE;
        else if (strcmp(word, "sync") == 0)
            ret_options->sync = TRUE;
        else if (strcmp(word, "snapshot") == 0)
            ret_options->snapshot = TRUE;
        else if (!end_of_name)
            break;
        *comma = '\0';
        if (end_of_name)
            break;
    }
    return g_steal_pointer(&path);
}
