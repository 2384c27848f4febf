/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-config.h"

#include <glib/gstdio.h>

#include "lab/lab-programs.h"
#include "util/error.h"

#define QEMU_CONF                                                                                                      \
    "# virtlogd is not started here, and ownership remembered in extended attributes would outlive the lab.\n"         \
    "stdio_handler = \"file\"\n"                                                                                       \
    "remember_owner = 0\n"                                                                                             \
    "seccomp_sandbox = 1\n"                                                                                            \
    "clear_emulator_capabilities = 1\n"                                                                                \
    "# Profiles of AppArmor and labels of SELinux would outlive the lab, too. QEMU has a Landlock domain instead.\n"   \
    "security_driver = \"none\"\n"

static const struct {
    const char *path;
    int mode;
    const char *text;
} files[] = {
    { "/etc/libvirt/libvirtd.conf", 0644,
      "# virtccwd is where libvirt's clients look; this daemon is behind it.\n"
      "unix_sock_dir = \"" LAB_BACKEND "\"\n"
      "unix_sock_ro_perms = \"0700\"\n"
      "unix_sock_rw_perms = \"0700\"\n"
      "auth_unix_ro = \"none\"\n"
      "auth_unix_rw = \"none\"\n"
      "log_outputs = \"3:stderr\"\n" },
    { "/etc/libvirt/libvirt.conf", 0644, "uri_default = \"" LAB_URI "\"\n" },
    { "/etc/libvirt/hooks/qemu", 0755, "#!/bin/sh\nexec " LAB_BIN "/virt-ccw hook -- \"$@\"\n" },
};

static gboolean write_file(const char *path, const char *text, int mode, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    g_autoptr(GError) problem = NULL;

    g_mkdir_with_parents(folder, 0755);
    if (g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, mode, &problem))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot make the lab: %s", problem->message);
    return FALSE;
}

static gboolean write_qemu_conf(gboolean can_make_nodes, LabGuestUser user, GError **error)
{
    g_autoptr(GString) text = g_string_new(QEMU_CONF);

    g_string_append_printf(text, "user = \"+%u\"\ngroup = \"+%u\"\n", (guint)user.uid, (guint)user.gid);
    if (user.uid == 0)
        g_string_append(text, "# There is one user, and it has the images already.\ndynamic_ownership = 0\n");
    if (!can_make_nodes)
        g_string_append(text, "namespaces = []\n");
    return write_file("/etc/libvirt/qemu.conf", text->str, 0644, error);
}

gboolean lab_config_write(gboolean can_make_nodes, LabGuestUser user, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++)
        if (!write_file(files[i].path, files[i].text, files[i].mode, error))
            return FALSE;
    return write_qemu_conf(can_make_nodes, user, error);
}
