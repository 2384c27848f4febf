/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-tree-match.h"

#include <string.h>

/* Returns: the text before the group's number in %V, %C or %G. */
static const char *group_prefix(char placeholder)
{
    if (placeholder == 'V')
        return "vfio";
    return placeholder == 'C' ? LAB_GROUP_MAJOR ":" : "";
}

const char *lab_match_name(const char *placeholder, const LabSubchannel *sch, LabDriver driver,
                           char buf[LAB_UUID_STR_LEN])
{
    switch (placeholder[1]) {
    case 'X':
        return lab_driver_name(driver ? driver : sch->driver);
    case 'S':
        return sch->name;
    case 'P':
        return sch->is_orphan ? LAB_DEFUNCT : sch->name;
    case 'D':
        return sch->device;
    case 'M':
        return sch->mdev ? sch->mdev->uuid : NULL;
    default:
        if (!sch->mdev || !sch->mdev->is_bound)
            return NULL;
        g_snprintf(buf, LAB_UUID_STR_LEN, "%s%u", group_prefix(placeholder[1]), sch->mdev->group);
        return buf;
    }
}

gboolean lab_match_is_true(LabWhen when, const LabMatch *match)
{
    const LabSubchannel *sch = match->sch;

    switch (when) {
    case LAB_WHEN_LINKED:
        return lab_driver_is_linked(sch);
    case LAB_WHEN_LINKED_X:
        return lab_driver_is_linked(sch) && sch->driver == match->driver;
    case LAB_WHEN_MODULE:
        return match->driver == LAB_DRIVER_VFIO_CCW;
    case LAB_WHEN_REGISTERED:
        return sch->is_registered;
    case LAB_WHEN_IO:
        return sch->driver == LAB_DRIVER_IO_SUBCHANNEL && !sch->is_unbinding;
    case LAB_WHEN_CCW:
        return lab_ccw_is_present(sch);
    case LAB_WHEN_CCW_HERE:
        return lab_ccw_is_present(sch) && !sch->is_orphan;
    case LAB_WHEN_ORPHAN:
        return lab_ccw_is_present(sch) && sch->is_orphan;
    case LAB_WHEN_BOUND:
        return lab_ccw_is_present(sch) && sch->is_device_bound;
    case LAB_WHEN_ONLINE:
        return lab_ccw_is_present(sch) && sch->is_online;
    case LAB_WHEN_VFIO:
        return sch->driver == LAB_DRIVER_VFIO_CCW;
    case LAB_WHEN_MDEV_BUS:
        return sch->driver == LAB_DRIVER_VFIO_CCW && !sch->is_unbinding;
    case LAB_WHEN_MDEV:
        return sch->mdev != NULL;
    case LAB_WHEN_GROUP:
        return sch->mdev && sch->mdev->is_bound;
    case LAB_WHEN_DRIVEN:
        return sch->mdev && sch->mdev->is_active && sch->mdev->is_bound && !sch->mdev->is_unbinding;
    case LAB_WHEN_ACTIVE:
        return sch->mdev && sch->mdev->is_active;
    default:
        return TRUE;
    }
}

/* Returns: whether the subchannel exists and is the one that the path has named so far. */
static gboolean match_subchannel(const LabSubchannel *sch, LabMatch *match)
{
    if (!sch || (match->sch && match->sch != sch))
        return FALSE;
    match->sch = (LabSubchannel *)sch;
    return TRUE;
}

static gboolean match_driver(const char *name, LabMatch *match)
{
    for (LabDriver driver = LAB_DRIVER_NONE + 1; driver < LAB_DRIVER_LAST; driver++) {
        match->driver = driver;
        if (strcmp(lab_driver_name(driver), name) == 0)
            return TRUE;
    }
    return FALSE;
}

gboolean lab_match_placeholder(const LabModel *model, const char *placeholder, const char *name, LabMatch *match)
{
    char buf[LAB_UUID_STR_LEN];

    if (placeholder[1] == 'X')
        return match_driver(name, match);
    if (placeholder[1] == 'A')
        return lab_dasd_find_attr(name, &match->attr);
    if (placeholder[1] == 'S')
        return match_subchannel(g_hash_table_lookup(model->by_name, name), match);
    if (placeholder[1] == 'D')
        return match_subchannel(g_hash_table_lookup(model->by_device, name), match);
    for (guint i = 0; i < model->subchannels->len; i++) {
        const LabSubchannel *sch = match->sch ? match->sch : g_ptr_array_index(model->subchannels, i);

        if (g_strcmp0(lab_match_name(placeholder, sch, LAB_DRIVER_NONE, buf), name) == 0)
            return match_subchannel(sch, match);
        if (match->sch)
            break;
    }
    return FALSE;
}
