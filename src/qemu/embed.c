/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/embed.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "qemu/scratch.h"
#include "util/error.h"

struct _CcwEmbed {
    CcwScratch *root;
    GThread *loop;
    gint stopping; /* atomic */
    virConnectPtr conn;
};

/* Folders of an embedded root (libvirt's docs/drvqemu.rst), and the system's ones that stand in for them. */
static const struct {
    const char *below_root;
    const char *stable;
} places[] = {
    { "/lib", "/var/lib/libvirt" }, { "/cache", "/var/cache/libvirt" }, { "/log", "/var/log/libvirt" },
    { "/run", "/run/libvirt" },     { "/etc", "/etc/libvirt" },
};

/*
 * libvirt hands the first of these on to QEMU; the line is to show what a libvirtd does that the system started. For a
 * user other than root parts of libvirt keep state in the user's own folders, whatever the root is. Its log would go
 * to stderr beside the error that we return.
 */
static void set_environment(const char *root)
{
    static const char *const user_dirs[] = { "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR" };
    static const char *const passed_on[] = { "HOME", "USER", "LOGNAME", "TMPDIR", "LD_PRELOAD", "LD_LIBRARY_PATH" };

    for (gsize i = 0; i < G_N_ELEMENTS(passed_on); i++)
        g_unsetenv(passed_on[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(user_dirs); i++)
        g_setenv(user_dirs[i], root, TRUE);
    g_setenv("LIBVIRT_LOG_OUTPUTS", "4:file:/dev/null", FALSE);
    g_setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", TRUE);
}

/* Errors go into GError; nothing is printed by libvirt itself. */
static void discard_error(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

static gpointer run_loop(gpointer data)
{
    CcwEmbed *embed = data;

    while (!g_atomic_int_get(&embed->stopping))
        virEventRunDefaultImpl();
    return NULL;
}

static void wake_loop(int timer, void *opaque G_GNUC_UNUSED)
{
    virEventRemoveTimeout(timer);
}

static void stop_loop(CcwEmbed *embed)
{
    if (!embed->loop)
        return;
    g_atomic_int_set(&embed->stopping, 1);
    virEventAddTimeout(0, wake_loop, NULL, NULL);
    g_thread_join(embed->loop);
}

CcwEmbed *ccw_embed_open(GError **error)
{
    g_autoptr(CcwEmbed) embed = g_new0(CcwEmbed, 1);
    g_autofree char *uri = NULL;

    embed->root = ccw_scratch_new(error);
    if (!embed->root)
        return NULL;
    set_environment(ccw_scratch_path(embed->root));
    virSetErrorFunc(NULL, discard_error);
    if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "libvirt: %s", virGetLastErrorMessage());
        return NULL;
    }
    embed->loop = g_thread_new("libvirt-events", run_loop, embed);
    uri = g_strdup_printf("qemu:///embed?root=%s", ccw_scratch_path(embed->root));
    embed->conn = virConnectOpen(uri);
    if (!embed->conn) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED, "libvirt's embedded QEMU driver: %s",
                    virGetLastErrorMessage());
        return NULL;
    }
    return g_steal_pointer(&embed);
}

void ccw_embed_free(CcwEmbed *embed)
{
    if (!embed)
        return;
    if (embed->conn)
        virConnectClose(embed->conn);
    stop_loop(embed);
    ccw_scratch_free(embed->root);
    g_free(embed);
}

/* Replaces every ROOT/lib... by its stable spelling. */
static char *stabilize(const char *root, const char *line)
{
    GString *text = g_string_new(line);

    for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *from = g_strconcat(root, places[i].below_root, "/", NULL);
        g_autofree char *to = g_strconcat(places[i].stable, "/", NULL);

        g_string_replace(text, from, to, 0);
    }
    return g_string_free(text, FALSE);
}

char *ccw_embed_native(CcwEmbed *embed, const char *stock_xml, GError **error)
{
    char *line = virConnectDomainXMLToNative(embed->conn, "qemu-argv", stock_xml, 0);
    char *stable;

    if (!line) {
        g_autofree char *message = ccw_conf_raise_text(virGetLastErrorMessage());

        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "libvirt: %s", message);
        return NULL;
    }
    stable = stabilize(ccw_scratch_path(embed->root), line);
    free(line);
    return stable;
}
