/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hook/status.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/xml.h"
#include "util/error.h"
#include "util/file.h"

#define SUFFIX ".xml"
#define TEXT_MAX CONF_XML_MAX /* bytes; this file reads only the head of a longer file */
#define UUID_END "</uuid>"
#define HEAD_END "</domain></domstatus>"

/* Also returns TRUE if another process has the process id by now. */
static gboolean may_run(const ConfXmlElement *root, const char *proc_root)
{
    g_autofree char *pid = conf_xml_get(root, "pid");
    gint64 number = pid ? g_ascii_strtoll(pid, NULL, 10) : 0;
    g_autofree char *dir = g_strdup_printf("%s/%" G_GINT64_FORMAT, proc_root, number);

    return number <= 0 || g_file_test(dir, G_FILE_TEST_IS_DIR);
}

/* One status file. */
typedef struct {
    char *text; /* the text of xml; must outlive it */
    ConfXml *xml;
    const ConfXmlElement *root, *domain; /* NULL if they are missing */
} Status;

static void status_clear(Status *status)
{
    g_clear_pointer(&status->xml, conf_xml_free);
    g_clear_pointer(&status->text, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Status, status_clear)

/* Reads up to max bytes of a file. Returns NULL if it cannot be read. */
static GString *read_head(const char *path, gsize max)
{
    g_autoptr(GString) text = g_string_new(NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char buffer[65536];
    ssize_t n = 0;

    if (fd < 0)
        return NULL;
    while (text->len < max && (n = read(fd, buffer, MIN(sizeof(buffer), max - text->len))) != 0) {
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0)
            g_string_append_len(text, buffer, n);
    }
    close(fd);
    return n < 0 ? NULL : g_steal_pointer(&text);
}

/*
 * Reads a status file. Clients choose a domain's metadata, and libvirt does not limit the sum. libvirt writes QEMU's
 * process id and the domain's UUID before the first text that a client chooses, and escapes each '<' in such text. This
 * function cuts a file that is too long after the UUID, so that the domain has no devices in the result.
 */
static char *read_text(const char *path)
{
    g_autoptr(GString) text = read_head(path, TEXT_MAX + 1);
    const char *end;

    if (!text)
        return NULL;
    if (text->len > TEXT_MAX) {
        end = strstr(text->str, UUID_END);
        g_string_truncate(text, end ? (gsize)(end - text->str) + strlen(UUID_END) : 0);
        g_string_append(text, HEAD_END);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void status_read(Status *status, const char *path)
{
    const ConfXmlElement *root;

    status->text = read_text(path);
    if (status->text)
        status->xml = conf_xml_open(status->text, NULL);
    root = status->xml ? conf_xml_root(status->xml) : NULL;
    status->root = root && conf_xml_is(root, "domstatus") ? root : NULL;
    status->domain = status->root ? conf_xml_child(status->root, "domain") : NULL;
}

/* Returns the domain's UUID, or NULL if the element is missing or malformed. */
static char *read_uuid(const ConfXmlElement *domain)
{
    const ConfXmlElement *element = domain ? conf_xml_child(domain, "uuid") : NULL;
    g_autofree char *text = element ? g_strstrip(conf_xml_content(element)) : NULL;

    return text && g_uuid_string_is_valid(text) ? g_ascii_strdown(text, -1) : NULL;
}

static gboolean add_file(GHashTable *running, const char *dir, const char *file, const char *proc_root, GError **error)
{
    g_autofree char *path = g_build_filename(dir, file, NULL);
    g_auto(Status) status = { 0 };
    g_autofree char *uuid = NULL;

    status_read(&status, path);
    uuid = read_uuid(status.domain);
    if (!uuid && g_file_test(path, G_FILE_TEST_EXISTS)) { /* without the file, the domain has ended meanwhile */
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "libvirt's status file %s is not understood", path);
        return FALSE;
    }
    if (uuid && may_run(status.root, proc_root))
        g_hash_table_replace(running, g_steal_pointer(&uuid), g_strndup(file, strlen(file) - strlen(SUFFIX)));
    return TRUE;
}

/* Adds the hostdev's mediated device. The guest's address, which is not in <source>, has no UUID. */
static void add_mdev(GHashTable *uses, const ConfXmlElement *hostdev, const char *domain)
{
    const ConfXmlElement *source = conf_xml_child(hostdev, "source");
    const ConfXmlElement *address = source ? conf_xml_child(source, "address") : NULL;
    g_autofree char *uuid = address ? conf_xml_get(address, "uuid") : NULL;

    if (uuid && g_uuid_string_is_valid(uuid))
        g_hash_table_replace(uses, g_ascii_strdown(uuid, -1), g_strdup(domain));
}

static void add_disk(GHashTable *uses, const ConfXmlElement *disk, const char *domain)
{
    const ConfXmlElement *source = conf_xml_child(disk, "source");
    g_autofree char *node = source ? conf_xml_get(source, "dev") : NULL;
    char *number = node ? ccw_block_dev_of(node) : NULL;

    if (number)
        g_hash_table_replace(uses, number, g_strdup(domain));
    if (node)
        g_hash_table_replace(uses, g_steal_pointer(&node), g_strdup(domain));
}

static void add_uses(GHashTable *uses, const ConfXmlElement *element, const char *domain)
{
    const ConfXmlElement *devices = conf_xml_child(element, "devices");

    for (; devices; devices = conf_xml_next(devices, "devices")) {
        for (const ConfXmlElement *n = conf_xml_first_element(devices); n; n = conf_xml_next_element(n)) {
            if (conf_xml_is(n, "hostdev"))
                add_mdev(uses, n, domain);
            else if (conf_xml_is(n, "disk"))
                add_disk(uses, n, domain);
        }
    }
}

GHashTable *hook_status_uses(const char *dir, const char *proc_root)
{
    GHashTable *all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_autoptr(GDir) handle = g_dir_open(dir, 0, NULL);
    const char *file;

    while (handle && (file = g_dir_read_name(handle))) {
        g_autofree char *path = g_build_filename(dir, file, NULL);
        g_autofree char *domain = NULL;
        g_auto(Status) status = { 0 };

        if (!g_str_has_suffix(file, SUFFIX))
            continue;
        domain = g_strndup(file, strlen(file) - strlen(SUFFIX));
        status_read(&status, path);
        if (status.domain && may_run(status.root, proc_root))
            add_uses(all, status.domain, domain);
    }
    return all;
}

/* skip: skip malformed files. */
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

GHashTable *hook_status_running(const char *dir, const char *proc_root, GError **error)
{
    return read_all(dir, proc_root, FALSE, error);
}

GHashTable *hook_status_names(const char *dir, const char *proc_root)
{
    return read_all(dir, proc_root, TRUE, NULL);
}

/* --- for css_host_know_domains() --- */

static const char *dir_of(gconstpointer dir)
{
    return dir ? dir : HOOK_STATUS_DIR;
}

static char *find_name(const char *domain_uuid, gconstpointer dir)
{
    g_autoptr(GHashTable) names = hook_status_names(dir_of(dir), "/proc");

    return g_strdup(g_hash_table_lookup(names, domain_uuid));
}

static char *find_disk_user(const char *dev, gconstpointer dir)
{
    g_autoptr(GHashTable) uses = hook_status_uses(dir_of(dir), "/proc");

    return g_strdup(g_hash_table_lookup(uses, dev));
}

static GArray *find_pids(gconstpointer dir)
{
    GArray *pids = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GDir) handle = g_dir_open(dir_of(dir), 0, NULL);
    const char *file;

    while (handle && (file = g_dir_read_name(handle))) {
        g_autofree char *path = g_build_filename(dir_of(dir), file, NULL);
        g_auto(Status) status = { 0 };
        g_autofree char *pid = NULL;
        guint64 number;

        if (!g_str_has_suffix(file, SUFFIX))
            continue;
        status_read(&status, path);
        pid = status.root ? conf_xml_get(status.root, "pid") : NULL;
        number = pid ? g_ascii_strtoull(pid, NULL, 10) : 0;
        if (number)
            g_array_append_val(pids, number);
    }
    return pids;
}

const CssKnownDomains hook_status_domains = { .name = find_name, .disk_user = find_disk_user, .pids = find_pids };
