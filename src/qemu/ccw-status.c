/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/ccw-status.h"

#include <errno.h>
#include <libxml/xmlreader.h>
#include <string.h>
#include <unistd.h>

#include "util/ccw-error.h"
#include "util/ccw-file.h"

#define SUFFIX ".xml"
#define DEPTH_DOMAIN 1
#define DEPTH_UUID 2
#define DEPTH_DEVICE 3
#define DEPTH_SOURCE 4
#define DEPTH_ADDRESS 5

/* A process of that number may be another by now: then the domain may run, as far as anybody knows here. */
static gboolean may_run(xmlTextReader *reader, const char *proc_root)
{
    xmlChar *pid = xmlTextReaderGetAttribute(reader, (const xmlChar *)"pid");
    gint64 number = pid ? g_ascii_strtoll((const char *)pid, NULL, 10) : 0;
    g_autofree char *dir = g_strdup_printf("%s/%" G_GINT64_FORMAT, proc_root, number);

    xmlFree(pid);
    return number <= 0 || g_file_test(dir, G_FILE_TEST_IS_DIR);
}

static char *read_uuid(xmlTextReader *reader)
{
    xmlChar *text = xmlTextReaderReadString(reader);
    char *uuid = text ? g_ascii_strdown(g_strstrip((char *)text), -1) : NULL;

    xmlFree(text);
    if (uuid && !g_uuid_string_is_valid(uuid))
        g_clear_pointer(&uuid, g_free);
    return uuid;
}

/* The domain's UUID; NULL if there is none. */
static char *read_status(xmlTextReader *reader, const char *proc_root, gboolean *ret_may_run)
{
    gboolean in_domain = FALSE;

    while (xmlTextReaderRead(reader) == 1) {
        const char *name = (const char *)xmlTextReaderConstLocalName(reader);
        int depth = xmlTextReaderDepth(reader);

        if (xmlTextReaderNodeType(reader) != XML_READER_TYPE_ELEMENT)
            continue;
        if (depth == 0 && strcmp(name, "domstatus") != 0)
            break;
        if (depth == 0)
            *ret_may_run = may_run(reader, proc_root);
        else if (depth == DEPTH_DOMAIN)
            in_domain = strcmp(name, "domain") == 0;
        else if (depth == DEPTH_UUID && in_domain && strcmp(name, "uuid") == 0)
            return read_uuid(reader);
    }
    return NULL;
}

/* NULL if it may not be read: libxml2 would say so on stderr, once a file. */
static xmlTextReader *open_status(const char *path)
{
    if (access(path, R_OK) < 0)
        return NULL;
    return xmlReaderForFile(path, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

static gboolean add_file(GHashTable *running, const char *dir, const char *file, const char *proc_root, GError **error)
{
    g_autofree char *path = g_build_filename(dir, file, NULL);
    xmlTextReader *reader = open_status(path);
    gboolean runs = FALSE;
    char *uuid = reader ? read_status(reader, proc_root, &runs) : NULL;

    xmlFreeTextReader(reader);
    if (uuid && runs)
        g_hash_table_replace(running, uuid, g_strndup(file, strlen(file) - strlen(SUFFIX)));
    else if (uuid)
        g_free(uuid);
    else if (g_file_test(path, G_FILE_TEST_EXISTS)) { /* else the domain ended meanwhile */
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "libvirt's status file %s is not understood", path);
        return FALSE;
    }
    return TRUE;
}

static char *attribute(xmlTextReader *reader, const char *name)
{
    xmlChar *value = xmlTextReaderGetAttribute(reader, (const xmlChar *)name);
    char *copy = g_strdup((const char *)value);

    xmlFree(value);
    return copy;
}

/* One domain's file; and what it is read into. */
typedef struct {
    xmlTextReader *reader;
    char *domain;
    GHashTable *uses;
} Uses;

static void add_disk(Uses *uses)
{
    g_autofree char *node = attribute(uses->reader, "dev");
    char *number = node ? ccw_block_dev_of(node) : NULL;

    if (number)
        g_hash_table_replace(uses->uses, number, g_strdup(uses->domain));
    if (node)
        g_hash_table_replace(uses->uses, g_steal_pointer(&node), g_strdup(uses->domain));
}

static void add_mdev(Uses *uses)
{
    g_autofree char *uuid = attribute(uses->reader, "uuid");

    if (uuid && g_uuid_string_is_valid(uuid))
        g_hash_table_replace(uses->uses, g_ascii_strdown(uuid, -1), g_strdup(uses->domain));
}

/* Below domstatus/domain/devices. */
static const struct {
    const char *device; /* element */
    const char *name;   /* of the one in it that tells */
    int depth;
    void (*add)(Uses *uses);
} tellers[] = {
    { "hostdev", "address", DEPTH_ADDRESS, add_mdev }, /* in source; the guest's own address has no UUID */
    { "disk", "source", DEPTH_SOURCE, add_disk },
};

static void add_uses(Uses *uses, const char *proc_root)
{
    gsize in = G_N_ELEMENTS(tellers);

    while (xmlTextReaderRead(uses->reader) == 1) {
        const char *name = (const char *)xmlTextReaderConstLocalName(uses->reader);
        int depth = xmlTextReaderDepth(uses->reader);

        if (xmlTextReaderNodeType(uses->reader) != XML_READER_TYPE_ELEMENT)
            continue;
        if (depth == 0 && (strcmp(name, "domstatus") != 0 || !may_run(uses->reader, proc_root)))
            return;
        if (depth <= DEPTH_DEVICE)
            for (in = 0; in < G_N_ELEMENTS(tellers); in++)
                if (depth == DEPTH_DEVICE && strcmp(name, tellers[in].device) == 0)
                    break;
        if (in < G_N_ELEMENTS(tellers) && depth == tellers[in].depth && strcmp(name, tellers[in].name) == 0)
            tellers[in].add(uses);
    }
}

GHashTable *ccw_status_uses(const char *dir, const char *proc_root)
{
    GHashTable *all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GDir) handle = g_dir_open(dir, 0, NULL);
    const char *file;

    while (handle && (file = g_dir_read_name(handle))) {
        g_autofree char *path = g_build_filename(dir, file, NULL);
        g_autofree char *domain = g_strdup(file);
        Uses uses = { .domain = domain, .uses = all };

        if (!g_str_has_suffix(file, SUFFIX))
            continue;
        domain[strlen(file) - strlen(SUFFIX)] = '\0';
        uses.reader = open_status(path);
        if (uses.reader)
            add_uses(&uses, proc_root);
        xmlFreeTextReader(uses.reader);
    }
    return all;
}

/* With skip those that are not understood are passed over. */
static GHashTable *read_all(const char *dir, const char *proc_root, gboolean skip, GError **error)
{
    g_autoptr(GHashTable) running = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GError) open_error = NULL;
    g_autoptr(GDir) handle = g_dir_open(dir, 0, &open_error);
    const char *name;

    if (!handle && !skip && !g_error_matches(open_error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot read libvirt's status files: %s", open_error->message);
        return NULL;
    }
    while (handle && (name = g_dir_read_name(handle)))
        if (g_str_has_suffix(name, SUFFIX) && !add_file(running, dir, name, proc_root, skip ? NULL : error) && !skip)
            return NULL;
    return g_steal_pointer(&running);
}

GHashTable *ccw_status_running(const char *dir, const char *proc_root, GError **error)
{
    return read_all(dir, proc_root, FALSE, error);
}

GHashTable *ccw_status_names(const char *dir, const char *proc_root)
{
    return read_all(dir, proc_root, TRUE, NULL);
}

char *ccw_status_name(const char *domain_uuid, gconstpointer dir)
{
    g_autoptr(GHashTable) names = ccw_status_names(dir ? dir : CCW_STATUS_DIR, "/proc");

    return g_strdup(g_hash_table_lookup(names, domain_uuid));
}
