/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keeps capabilities on disk: one JSON file for each emulator, named by the hash of its path, with the identity of its
 * binary. If a file is not valid or of another binary, the emulator is asked again.
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

char *qemu_caps_default_cache(void)
{
    return geteuid() == 0 ? g_strdup(SYSTEM_CACHE)
                          : g_build_filename(g_get_user_cache_dir(), "libvirt-ccw", "capabilities", NULL);
}

/* The identity contains our version, too, because another version may read more from the emulator's answers. */
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
    { "ccw-machine", G_STRUCT_OFFSET(QemuCaps, has_ccw_machine) },
    { "vfio-ccw", G_STRUCT_OFFSET(QemuCaps, has_vfio_ccw) },
    { "boot-index", G_STRUCT_OFFSET(QemuCaps, has_boot_index) },
    { "force-orb-pfch", G_STRUCT_OFFSET(QemuCaps, has_force_orb_pfch) },
    { "loadparm", G_STRUCT_OFFSET(QemuCaps, has_loadparm) },
    { "iommufd", G_STRUCT_OFFSET(QemuCaps, has_iommufd) },
};

static QemuCaps *decode(const char *text, const char *identity)
{
    g_autoptr(JsonObject) object = qemu_json_parse(text);
    g_autoptr(QemuCaps) caps = g_new0(QemuCaps, 1);
    gint64 dialect = qemu_json_int(object, "dialect");

    if (g_strcmp0(qemu_json_string(object, "identity"), identity) != 0)
        return NULL;
    caps->version = g_strdup(qemu_json_string(object, "version"));
    caps->target = g_strdup(qemu_json_string(object, "target"));
    if (!caps->version || !caps->target || dialect < QEMU_CAPS_STOCK || dialect > QEMU_CAPS_SERIES)
        return NULL;
    caps->dialect = (QemuCapsDialect)dialect;
    for (gsize i = 0; i < G_N_ELEMENTS(booleans); i++) {
        gint64 value = qemu_json_int(object, booleans[i].name);

        if (value < 0)
            return NULL;
        G_STRUCT_MEMBER(gboolean, caps, booleans[i].offset) = value != 0;
    }
    return g_steal_pointer(&caps);
}

static char *encode(const QemuCaps *caps, const char *identity)
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

    /* The file may be another user's, who must not decide about our emulator. */
    if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_size > FILE_MAX)
        return NULL;
    return g_file_get_contents(path, &text, NULL, NULL) ? g_steal_pointer(&text) : NULL;
}

static QemuCaps *ask(const char *emulator, GError **error)
{
    g_autofree char *answers = qemu_caps_record(emulator, error);
    QemuCaps *caps = answers ? qemu_caps_read(answers, error) : NULL;

    if (answers && !caps)
        g_prefix_error(error, "%s: ", emulator);
    return caps;
}

QemuCaps *qemu_caps_get(const char *emulator, const char *cache_dir, GError **error)
{
    g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, emulator, -1);
    g_autofree char *path = cache_dir ? g_strdup_printf("%s/%s.json", cache_dir, hash) : NULL;
    g_autofree char *cached = path ? read_file(path) : NULL;
    g_autofree char *identity = NULL, *text = NULL;
    g_autoptr(QemuCaps) caps = NULL;
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
