/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-guest.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>

/* The user that libvirt's package makes, as Debian and Fedora name it. */
static const char *const names[] = { "libvirt-qemu", "qemu", "nobody" };

/* path: /proc/self/uid_map or gid_map, whose lines are "first id inside, first id outside, count". */
static gboolean is_mapped(const char *path, guint id)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL))
        return FALSE;
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        guint first, outside, count;

        if (sscanf(*line, "%u %u %u", &first, &outside, &count) == 3 && id >= first && id - first < count)
            return TRUE;
    }
    return FALSE;
}

LabGuestUser lab_guest_find_user(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const struct passwd *user = getpwnam(names[i]);
        const struct group *group = getgrnam(names[i]);
        LabGuestUser found;

        if (!user)
            continue;
        found = (LabGuestUser){ .uid = user->pw_uid, .gid = group ? group->gr_gid : user->pw_gid };
        if (is_mapped("/proc/self/uid_map", found.uid) && is_mapped("/proc/self/gid_map", found.gid))
            return found;
    }
    return (LabGuestUser){ 0 };
}
