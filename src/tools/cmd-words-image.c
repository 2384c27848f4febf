/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Completes the two parts of "BUSID=IMAGE". */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd-words-image.h"
#include "dasd/dasd-image.h"

#define ENTRIES_MAX 5000 /* of a folder; a shell waits for the answer */
#define FIRST_DEVNO 0x1234
#define DEVNO_MAX 0xffff

/* Returns: whether the words before give this device an image. */
static gboolean is_given(const CmdWord *word, const char *bus_id)
{
    for (char *const *before = word->before; *before; before++)
        if (strstr(*before, bus_id))
            return TRUE;
    return FALSE;
}

/* The user chooses the number of a DASD: offers the first from 0.0.1234 on that the command line does not have yet. */
void cmd_add_new_bus_id(const CmdWord *word)
{
    for (guint devno = FIRST_DEVNO; devno <= DEVNO_MAX; devno++) {
        g_autofree char *bus_id = g_strdup_printf("0.0.%04x=", devno);

        if (is_given(word, bus_id))
            continue;
        cmd_complete_add(word, bus_id, "a new device number");
        return;
    }
}

/* Returns: "3390-3, LAB001"; NULL if the file is no image. */
static char *describe_image(const char *path)
{
    DasdImageInfo info;
    int fd = dasd_image_open_unlocked(path, &info, NULL);

    if (fd < 0)
        return NULL;
    close(fd);
    return g_strdup_printf("%s, %u cylinders%s%s", info.name, info.cylinders, *info.volser ? ", " : "", info.volser);
}

static void add_entry(const CmdWord *word, const char *folder, const char *shown, const char *name)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *candidate = g_strconcat(shown, name, NULL);
    g_autofree char *text = NULL;
    struct stat status;

    if (!g_str_has_prefix(candidate, word->part) || stat(path, &status) != 0)
        return;
    if (S_ISDIR(status.st_mode)) {
        g_autofree char *slash = g_strconcat(candidate, "/", NULL);

        cmd_complete_add(word, slash, "folder");
        return;
    }
    text = S_ISREG(status.st_mode) ? describe_image(path) : NULL;
    if (text)
        cmd_complete_add(word, candidate, text);
}

void cmd_add_images(const CmdWord *word)
{
    const char *slash = strrchr(word->part, '/');
    g_autofree char *shown = slash ? g_strndup(word->part, (gsize)(slash - word->part) + 1) : g_strdup("");
    g_autofree char *folder = g_str_has_prefix(shown, "~/") ? g_build_filename(g_get_home_dir(), shown + 2, NULL)
                                                            : g_strdup(*shown ? shown : ".");
    gboolean is_hidden_wanted = (slash ? slash[1] : word->part[0]) == '.';
    DIR *dir = opendir(folder);
    const struct dirent *entry;

    for (guint n = 0; dir && n < ENTRIES_MAX && (entry = readdir(dir)) != NULL; n++)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            (entry->d_name[0] != '.' || is_hidden_wanted))
            add_entry(word, folder, shown, entry->d_name);
    if (dir)
        closedir(dir);
}

const CmdKind cmd_image_words[] = {
    { "BUSID", "words", cmd_add_new_bus_id },
    { "IMAGE", "words", cmd_add_images },
    { NULL, NULL, NULL },
};
