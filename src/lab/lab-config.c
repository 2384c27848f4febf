/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-config.h"

#include <glib/gstdio.h>

#include "lab/lab-parts.h"
#include "util/ccw-error.h"

typedef enum {
    ALWAYS,
    PRIVILEGED,
    UNPRIVILEGED,
} When;

#define QEMU_CONF                                                                                                      \
    "# virtlogd is not started here, and ownership remembered in extended attributes would outlive the lab.\n"         \
    "stdio_handler = \"file\"\n"                                                                                       \
    "remember_owner = 0\n"                                                                                             \
    "# Images, kernels and initrds belong to whoever runs the lab.\n"                                                  \
    "user = \"+0\"\n"                                                                                                  \
    "group = \"+0\"\n"                                                                                                 \
    "security_driver = \"none\"\n"

static const struct {
    const char *path;
    When when;
    int mode;
    const char *text;
} files[] = {
    { "/etc/libvirt/libvirtd.conf", ALWAYS, 0644,
      "# virtccwd is where libvirt's clients look; this daemon is behind it.\n"
      "unix_sock_dir = \"" LAB_BACKEND "\"\n"
      "auth_unix_ro = \"none\"\n"
      "auth_unix_rw = \"none\"\n"
      "log_outputs = \"3:stderr\"\n" },
    { "/etc/libvirt/qemu.conf", PRIVILEGED, 0644, QEMU_CONF },
    { "/etc/libvirt/qemu.conf", UNPRIVILEGED, 0644,
      QEMU_CONF "# There is one user, and no privilege to make device nodes.\n"
                "dynamic_ownership = 0\n"
                "namespaces = []\n" },
    { "/etc/libvirt/libvirt.conf", ALWAYS, 0644, "uri_default = \"" LAB_URI "\"\n" },
    { "/etc/libvirt/hooks/qemu", ALWAYS, 0755, "#!/bin/sh\nexec " LAB_BIN "/virt-ccw hook -- \"$@\"\n" },
};

gboolean lab_config_write(gboolean privileged, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *folder = g_path_get_dirname(files[i].path);
        g_autoptr(GError) problem = NULL;

        if (files[i].when == (privileged ? UNPRIVILEGED : PRIVILEGED))
            continue;
        g_mkdir_with_parents(folder, 0755);
        if (!g_file_set_contents_full(files[i].path, files[i].text, -1, G_FILE_SET_CONTENTS_NONE, files[i].mode,
                                      &problem)) {
            g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot make the lab: %s", problem->message);
            return FALSE;
        }
    }
    return TRUE;
}
