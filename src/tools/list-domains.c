/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names of running domains, for virt-ccw list. libvirt itself is not asked: it may be busy, not there, or want a
 * password. Its status files are root's to read, DIR/NAME.xml, with the domain's XML in them
 * (libvirt's src/conf/domain_conf.c, virDomainObjFormat).
 */
#include <string.h>

#include "list.h"

#define SUFFIX ".xml"
#define HEAD 65536 /* the domain's UUID comes early */

/* The text of the first <uuid> of a file, lower case; NULL if there is none. */
static char *read_uuid(const char *path)
{
    g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, NULL);
    const char *text = file ? g_mapped_file_get_contents(file) : NULL;
    const char *tag = text ? g_strstr_len(text, (gssize)MIN(g_mapped_file_get_length(file), HEAD), "<uuid>") : NULL;
    gsize left = tag ? g_mapped_file_get_length(file) - (gsize)(tag - text) : 0;
    g_autofree char *uuid = left > strlen("<uuid>") + 36 ? g_ascii_strdown(tag + strlen("<uuid>"), 36) : NULL;

    return uuid && g_uuid_string_is_valid(uuid) ? g_steal_pointer(&uuid) : NULL;
}

GHashTable *list_domain_names(const char *dir)
{
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GDir) handle = g_dir_open(dir, 0, NULL);
    const char *file;

    while (handle && (file = g_dir_read_name(handle))) {
        g_autofree char *path = g_build_filename(dir, file, NULL);
        char *uuid = g_str_has_suffix(file, SUFFIX) ? read_uuid(path) : NULL;

        if (uuid)
            g_hash_table_insert(names, uuid, g_strndup(file, strlen(file) - strlen(SUFFIX)));
    }
    return names;
}
