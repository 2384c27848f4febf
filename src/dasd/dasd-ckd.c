/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of 3390 models, and the capacity of a track.
 */
#include "dasd/dasd-ckd.h"

#include <string.h>

static const DasdModel models[] = {
    { "3390-1", 1113, 1, 0x02, 0x26 },  { "3390-2", 2226, 1, 0x06, 0x27 },   { "3390-3", 3339, 1, 0x0a, 0x24 },
    { "3390-9", 10017, 3, 0x0c, 0x32 }, { "3390-27", 32760, 3, 0x0c, 0x32 }, { "3390-54", 65520, 3, 0x0c, 0x32 },
};

const DasdModel *dasd_model_by_name(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(models); i++)
        if (strcmp(models[i].name, name) == 0)
            return &models[i];
    return NULL;
}

const DasdModel *dasd_model_by_cylinders(guint32 cylinders)
{
    gsize i = 0;

    while (i < G_N_ELEMENTS(models) - 1 && models[i].cylinders + models[i].alternates < cylinders)
        i++;
    return &models[i];
}

char *dasd_model_names(void)
{
    g_autoptr(GString) names = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(models); i++)
        g_string_append_printf(names, "%s%s", i ? ", " : "", models[i].name);
    return g_string_free(g_steal_pointer(&names), FALSE);
}

static guint area_cells(guint length)
{
    guint segments = (length + 6 + 231) / 232 + 1;

    return 9 + (length + 6 * segments + 33) / 34;
}

guint dasd_3390_record_cells(guint key_length, guint data_length)
{
    return 10 + (key_length ? area_cells(key_length) : 0) + area_cells(data_length);
}
