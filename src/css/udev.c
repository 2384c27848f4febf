/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/udev.h"

#include <stdio.h>
#include <string.h>

#include "css/host-private.h"
#include "css/sysfs.h"

#define SERIAL "E:ID_SERIAL="
#define VOLSER_MAX 6
#define LINE_MAX_LENGTH 4096
#define FILE_MAX (64 * 1024)

/* Returns: whether the text is a volume serial. ID_SERIAL of other disks has other forms. */
static gboolean is_volser(const char *text)
{
    gsize length = strlen(text);

    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isgraph(text[i]))
            return FALSE;
    return length >= 1 && length <= VOLSER_MAX;
}

/* Reads at most FILE_MAX bytes. */
static char *find_volser(FILE *file)
{
    char line[LINE_MAX_LENGTH];
    gsize left = FILE_MAX;

    while (left >= sizeof(line) && fgets(line, sizeof(line), file)) {
        left -= strlen(line);
        g_strchomp(line);
        if (g_str_has_prefix(line, SERIAL))
            return is_volser(line + strlen(SERIAL)) ? g_strdup(line + strlen(SERIAL)) : NULL;
    }
    return NULL;
}

/* udev's database has a file for each disk, by the number of the disk: b94:0 (sd-device of systemd). */
char *css_udev_volser(CssHost *host, const CssDevice *device)
{
    g_autofree char *number = device->block_dir ? css_sysfs_attr(device->block_dir, "dev") : NULL;
    g_autofree char *name = NULL;
    g_autofree char *path = NULL;
    char *volser = NULL;
    FILE *file;

    if (!number || !*number || strspn(number, "0123456789:") != strlen(number))
        return NULL;
    name = g_strconcat("b", number, NULL);
    path = g_build_filename(host->udev_dir, name, NULL);
    file = fopen(path, "re");
    if (file) {
        volser = find_volser(file);
        fclose(file);
    }
    return volser;
}
