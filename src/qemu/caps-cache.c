/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Capabilities on disk: a JSON file an emulator, named by the hash of its path, with the identity of the binary it is
 * true of. Whatever is not as it should be is asked anew.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qemu/caps.h"
#include "qemu/json.h"
#include "util/ccw-config.h"
#include "util/error.h"
#include "util/file.h"

#define SYSTEM_CACHE "/var/cache/libvirt-ccw/capabilities"
#define FILE_MAX 65536

char *ccw_caps_default_cache(void)
{
    return geteuid() == 0 ? g_strdup(SYSTEM_CACHE)
                          : g_build_filename(g_get_user_cache_dir(), "libvirt-ccw", "capabilities", NULL);
}

/* Also of who reads the answers: another version of ours may find more in them. */
static char *identify(const char *emulator, const struct stat *st)
{
    return g_strdup_printf("%s %s %ju:%ju %ju %jd.%09ld", CCW_VERSION, emulator, (uintmax_t)st->st_dev,
                           (uintmax_t)st->st_ino, (uintmax_t)st->st_size, (intmax_t)st->st_mtim.tv_sec,
                           st->st_mtim.tv_nsec);
}

static const struct {
    const char *name;
    gsize offset;
} booleans[] = {
    { "ccw-machine", G_STRUCT_OFFSET(CcwCaps, ccw_machine) },
    { "vfio-ccw", G_STRUCT_OFFSET(CcwCaps, vfio_ccw) },
    { "boot-index", G_STRUCT_OFFSET(CcwCaps, boot_index) },
    { "force-orb-pfch", G_STRUCT_OFFSET(CcwCaps, force_orb_pfch) },
    { "loadparm", G_STRUCT_OFFSET(CcwCaps, loadparm) },
    { "iommufd", G_STRUCT_OFFSET(CcwCaps, iommufd) },
};

static CcwCaps *decode(const char *text, const char *identity)
{
    g_autoptr(JsonObject) object = ccw_json_parse(text);
    g_autoptr(CcwCaps) caps = g_new0(CcwCaps, 1);
    gint64 dialect = ccw_json_int(object, "dialect");

    if (g_strcmp0(ccw_json_string(object, "identity"), identity) != 0)
        return NULL;
    caps->version = g_strdup(ccw_json_string(object, "version"));
    caps->target = g_strdup(ccw_json_string(object, "target"));
    if (!caps->version || !caps->target || dialect < CCW_CAPS_STOCK || dialect > CCW_CAPS_SERIES)
        return NULL;
    caps->dialect = (CcwCapsDialect)dialect;
    for (gsize i = 0; i < G_N_ELEMENTS(booleans); i++) {
        gint64 value = ccw_json_int(object, booleans[i].name);

        if (value < 0)
            return NULL;
        G_STRUCT_MEMBER(gboolean, caps, booleans[i].offset) = value != 0;
    }
    return g_steal_pointer(&caps);
}

static char *encode(const CcwCaps *caps, const char *identity)
{
    g_autoptr(JsonNode) root = json_node_init_object(json_node_alloc(), NULL);
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "identity", identity);
    json_object_set_string_member(object, "version", caps->version);
    json_object_set_string_member(object, "target", caps->target);
    json_object_set_int_member(object, "dialect", caps->dialect);
    for (gsize i = 0; i < G_N_ELEMENTS(booleans); i++)
        json_object_set_boolean_member(object, booleans[i].name, G_STRUCT_MEMBER(gboolean, caps, booleans[i].offset));
    json_node_take_object(root, object);
    return json_to_string(root, TRUE);
}

static char *read_file(const char *path)
{
    g_autofree char *text = NULL;
    struct stat st;

    /* Another user must not have put it there. */
    if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_size > FILE_MAX)
        return NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? g_steal_pointer(&text) : NULL;
}

static CcwCaps *ask(const char *emulator, GError **error)
{
    g_autofree char *answers = ccw_caps_record(emulator, error);
    CcwCaps *caps = answers ? ccw_caps_read(answers, error) : NULL;

    if (answers && !caps)
        g_prefix_error(error, "%s: ", emulator);
    return caps;
}

CcwCaps *ccw_caps_get(const char *emulator, const char *cache_dir, GError **error)
{
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, emulator, -1);
    g_autofree char *path = cache_dir ? g_strdup_printf("%s/%s.json", cache_dir, hash) : NULL;
    g_autofree char *cached = path ? read_file(path) : NULL;
    g_autofree char *identity = NULL, *text = NULL;
    g_autoptr(CcwCaps) caps = NULL;
    struct stat st;

    if (stat(emulator, &st) < 0) {
        ccw_error_set_errno(error, errno, "emulator %s", emulator);
        return NULL;
    }
    identity = identify(emulator, &st);
    caps = cached ? decode(cached, identity) : NULL;
    if (caps)
        return g_steal_pointer(&caps);
    caps = ask(emulator, error);
    if (caps && path && g_mkdir_with_parents(cache_dir, 0700) == 0) {
        text = encode(caps, identity);
        ccw_file_replace(path, text, strlen(text), 0600, NULL);
    }
    return g_steal_pointer(&caps);
}
