/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-ccw capabilities: what an emulator, and libvirt with it, can do for channel devices. */
#include <json-glib/json-glib.h>
#include <stdio.h>

#include "cmd.h"
#include "commands.h"
#include "qemu/caps-libvirt.h"
#include "qemu/caps.h"
#include "util/emulator.h"

static const struct {
    const char *name; /* in JSON */
    const char *text;
    gsize offset;
} rows[] = {
    { "ccw_machine", "machine s390-ccw-virtio", G_STRUCT_OFFSET(CcwCaps, ccw_machine) },
    { "vfio_ccw", "device vfio-ccw", G_STRUCT_OFFSET(CcwCaps, vfio_ccw) },
    { "boot_index", "boots from vfio-ccw", G_STRUCT_OFFSET(CcwCaps, boot_index) },
    { "force_orb_pfch", "forces prefetching", G_STRUCT_OFFSET(CcwCaps, force_orb_pfch) },
    { "loadparm", "a loadparm per device", G_STRUCT_OFFSET(CcwCaps, loadparm) },
    { "iommufd", "binds it to an iommufd", G_STRUCT_OFFSET(CcwCaps, iommufd) },
};

static const struct {
    const char *name; /* in the object "libvirt" of JSON */
    const char *text;
    gsize offset;
} libvirt_rows[] = {
    { "vfio_ccw", "libvirt assigns it", G_STRUCT_OFFSET(CcwLibvirtCaps, vfio_ccw) },
    { "loadparm", "libvirt sets loadparm", G_STRUCT_OFFSET(CcwLibvirtCaps, loadparm) },
    { "iommufd", "libvirt sets iommufd", G_STRUCT_OFFSET(CcwLibvirtCaps, iommufd) },
};

/* Both print what libvirt says if @libvirt is not NULL. */
static void print_text(const char *emulator, const CcwCaps *caps, const CcwLibvirtCaps *libvirt)
{
    printf("%-25s%s\n%-25s%s\n%-25s%s\n", "emulator", emulator, "version", caps->version, "target", caps->target);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        printf("%-25s%s\n", rows[i].text, G_STRUCT_MEMBER(gboolean, caps, rows[i].offset) ? "yes" : "no");
    printf("%-25s%s\n", "dialect", ccw_caps_dialect_name(caps->dialect));
    for (gsize i = 0; i < G_N_ELEMENTS(libvirt_rows); i++)
        printf("%-25s%s\n", libvirt_rows[i].text,
               !libvirt                                                     ? "not known"
               : G_STRUCT_MEMBER(gboolean, libvirt, libvirt_rows[i].offset) ? "yes"
                                                                            : "no");
}

static void add_libvirt(JsonObject *object, const CcwLibvirtCaps *libvirt)
{
    JsonObject *member = libvirt ? json_object_new() : NULL;

    for (gsize i = 0; member && i < G_N_ELEMENTS(libvirt_rows); i++)
        json_object_set_boolean_member(member, libvirt_rows[i].name,
                                       G_STRUCT_MEMBER(gboolean, libvirt, libvirt_rows[i].offset));
    if (member)
        json_object_set_object_member(object, "libvirt", member);
    else
        json_object_set_null_member(object, "libvirt");
}

static void print_json(const char *emulator, const CcwCaps *caps, const CcwLibvirtCaps *libvirt)
{
    g_autoptr(JsonNode) root = json_node_init_object(json_node_alloc(), NULL);
    JsonObject *object = json_object_new();
    g_autofree char *text = NULL;

    json_object_set_string_member(object, "emulator", emulator);
    json_object_set_string_member(object, "version", caps->version);
    json_object_set_string_member(object, "target", caps->target);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        json_object_set_boolean_member(object, rows[i].name, G_STRUCT_MEMBER(gboolean, caps, rows[i].offset));
    json_object_set_string_member(object, "dialect", ccw_caps_dialect_name(caps->dialect));
    add_libvirt(object, libvirt);
    json_node_take_object(root, object);
    text = json_to_string(root, TRUE);
    puts(text);
}

/* Asks libvirt, and warns if it does not answer: the emulator's part is worth printing then. */
static gboolean ask_libvirt(const char *emulator, const CcwCaps *caps, CcwLibvirtCaps *ret_libvirt)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CcwEmbed) embed = ccw_embed_open(&error);
    gboolean is_asked = embed != NULL;

    if (!embed || !ccw_libvirt_caps_ask(embed, emulator, caps, ret_libvirt, &error))
        g_printerr("%s: warning: %s\n", g_get_prgname(), error->message);
    return is_asked;
}

static int print_capabilities(const char *name, gboolean json)
{
    g_autoptr(GError) error = NULL;
    CcwLibvirtCaps answer;
    const CcwLibvirtCaps *libvirt;
    g_autofree char *emulator = ccw_emulator_find(name, &error);
    g_autofree char *cache = ccw_caps_default_cache();
    g_autoptr(CcwCaps) caps = emulator ? ccw_caps_get(emulator, cache, &error) : NULL;

    if (!caps)
        return cmd_fail(g_steal_pointer(&error));
    libvirt = ask_libvirt(emulator, caps, &answer) ? &answer : NULL;
    if (json)
        print_json(emulator, caps, libvirt);
    else
        print_text(emulator, caps, libvirt);
    return CMD_OK;
}

int cmd_capabilities(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        { "json", 'j', 0, G_OPTION_ARG_NONE, &json, "Write JSON", NULL },
        G_OPTION_ENTRY_NULL,
    };
    int status =
        cmd_options("[EMULATOR]",
                    "Asks EMULATOR (" CCW_EMULATOR_DEFAULT ") what it can do for channel devices, and in which "
                    "dialect it wants them written; and the installed libvirt, what it does with them.",
                    entries, FALSE, &argc, &argv);

    if (status >= 0)
        return status;
    if (argc > 2)
        return cmd_usage("give one EMULATOR: '%s' is one too many", argv[2]);
    return print_capabilities(argc == 2 ? argv[1] : NULL, json);
}
