/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-ccw capabilities: prints what an emulator, and libvirt with it, can do for channel devices. */
#include <stdio.h>

#include "cmd-json.h"
#include "cmd-table.h"
#include "commands.h"
#include "qemu/caps-libvirt.h"
#include "qemu/caps.h"
#include "util/emulator.h"

static const struct {
    const char *name; /* the key in JSON */
    const char *text;
    gsize offset;
} rows[] = {
    { "ccw_machine", "machine s390-ccw-virtio", G_STRUCT_OFFSET(QemuCaps, has_ccw_machine) },
    { "vfio_ccw", "device vfio-ccw", G_STRUCT_OFFSET(QemuCaps, has_vfio_ccw) },
    { "boot_index", "boots from vfio-ccw", G_STRUCT_OFFSET(QemuCaps, has_boot_index) },
    { "force_orb_pfch", "forces prefetching", G_STRUCT_OFFSET(QemuCaps, has_force_orb_pfch) },
    { "loadparm", "a loadparm per device", G_STRUCT_OFFSET(QemuCaps, has_loadparm) },
    { "iommufd", "binds it to an iommufd", G_STRUCT_OFFSET(QemuCaps, has_iommufd) },
};

static const struct {
    const char *name; /* the key in JSON's object "libvirt" */
    const char *text;
    gsize offset;
} libvirt_rows[] = {
    { "vfio_ccw", "libvirt assigns it", G_STRUCT_OFFSET(QemuLibvirtCaps, has_vfio_ccw) },
    { "loadparm", "libvirt sets loadparm", G_STRUCT_OFFSET(QemuLibvirtCaps, has_loadparm) },
    { "iommufd", "libvirt sets iommufd", G_STRUCT_OFFSET(QemuLibvirtCaps, has_iommufd) },
};

/* libvirt: NULL if libvirt could not be asked */
static void print_text(const char *emulator, const QemuCaps *caps, const QemuLibvirtCaps *libvirt)
{
    printf("%-25s%s\n%-25s%s\n%-25s%s\n", "emulator", emulator, "version", caps->version, "target", caps->target);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        printf("%-25s%s\n", rows[i].text, G_STRUCT_MEMBER(gboolean, caps, rows[i].offset) ? "yes" : "no");
    printf("%-25s%s\n", "dialect", qemu_caps_dialect_name(caps->dialect));
    for (gsize i = 0; i < G_N_ELEMENTS(libvirt_rows); i++)
        printf("%-25s%s\n", libvirt_rows[i].text,
               !libvirt                                                     ? "not known"
               : G_STRUCT_MEMBER(gboolean, libvirt, libvirt_rows[i].offset) ? "yes"
                                                                            : "no");
}

static void add_libvirt(JsonObject *object, const QemuLibvirtCaps *libvirt)
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

static void print_json(const char *emulator, const QemuCaps *caps, const QemuLibvirtCaps *libvirt)
{
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "emulator", emulator);
    json_object_set_string_member(object, "version", caps->version);
    json_object_set_string_member(object, "target", caps->target);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        json_object_set_boolean_member(object, rows[i].name, G_STRUCT_MEMBER(gboolean, caps, rows[i].offset));
    json_object_set_string_member(object, "dialect", qemu_caps_dialect_name(caps->dialect));
    add_libvirt(object, libvirt);
    cmd_print_json_object(object);
}

/* Asks libvirt. Only warns of errors, because the emulator's capabilities are useful alone. */
static gboolean ask_libvirt(const char *emulator, const QemuCaps *caps, QemuLibvirtCaps *ret_libvirt)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(QemuPrivateLibvirt) driver = qemu_private_libvirt_open(&error);
    gboolean is_asked = driver != NULL;

    if (!driver || !qemu_libvirt_caps_ask(driver, emulator, caps, ret_libvirt, &error))
        cmd_warning("%s", error->message);
    return is_asked;
}

static gboolean is_json;

static const GOptionEntry options[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &is_json, "Print JSON", NULL },
    G_OPTION_ENTRY_NULL,
};

static int run(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    QemuLibvirtCaps answer;
    const QemuLibvirtCaps *libvirt;
    g_autofree char *cache = qemu_caps_default_cache();
    g_autofree char *emulator = NULL;
    g_autoptr(QemuCaps) caps = NULL;

    if (argc > 2)
        return cmd_usage("give one EMULATOR: '%s' is one too many", argv[2]);
    emulator = ccw_emulator_find(argv[1], &error);
    caps = emulator ? qemu_caps_get(emulator, cache, &error) : NULL;
    if (!caps)
        return cmd_fail(g_steal_pointer(&error));
    libvirt = ask_libvirt(emulator, caps, &answer) ? &answer : NULL;
    if (is_json)
        print_json(emulator, caps, libvirt);
    else
        print_text(emulator, caps, libvirt);
    return CMD_OK;
}

const CmdCommand cmd_capabilities = {
    .name = "capabilities",
    .summary = "print what an emulator can do for channel devices",
    .description = "Asks EMULATOR (" CCW_EMULATOR_DEFAULT ") for its capabilities for channel devices and its dialect "
                   "for them, and the installed libvirt for its capabilities.",
    .arguments = "[EMULATOR]",
    .options = options,
    .func = run,
};
