/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-system.h"

#include "image/image-programs.h"
#include "util/error.h"

#define ZIPL_CONF "etc/zipl.conf"
#define PARAMETERS_MAX 800u /* bytes; older kernels have 896 in all */

/*
 * The links that a distribution keeps for its newest kernel and the one before. With them, zipl.conf stays true when a
 * kernel is upgraded.
 */
static const struct {
    const char *kernel;
    const char *initramfs;
    const char *old_kernel;
    const char *old_initramfs;
} kernel_links[] = {
    { "boot/vmlinuz", "boot/initrd.img", "/boot/vmlinuz.old", "/boot/initrd.img.old" },
    { "vmlinuz", "initrd.img", "/vmlinuz.old", "/initrd.img.old" },
    { "boot/image", "boot/initrd", NULL, NULL },
};

/* How a distribution sets a DASD online when it boots: the first row whose file is there decides. */
static const struct {
    const char *file;
    const char *activation; /* activate_... in guest/build */
} activations[] = {
    { "etc/sysconfig/hardware", "sysconfig" },
    { "usr/sbin/chzdev", "zdev" },
    { "sbin/chzdev", "zdev" },
};

static void plan_path(ImagePlan *plan, const char *name, const char *path)
{
    g_autofree char *absolute = path ? g_strconcat("/", path, NULL) : g_strdup("");

    image_plan_set(plan, name, absolute);
}

static void plan_kernel(const ImageRoot *root, const ImageKernel *kernel, ImagePlan *plan)
{
    for (gsize i = 0; i < G_N_ELEMENTS(kernel_links); i++) {
        if (!image_root_has(root, kernel_links[i].kernel) || !image_root_has(root, kernel_links[i].initramfs))
            continue;
        plan_path(plan, "kernel", kernel_links[i].kernel);
        plan_path(plan, "initramfs", kernel_links[i].initramfs);
        image_plan_set(plan, "old_kernel", kernel_links[i].old_kernel ? kernel_links[i].old_kernel : "");
        image_plan_set(plan, "old_initramfs", kernel_links[i].old_initramfs ? kernel_links[i].old_initramfs : "");
        return;
    }
    plan_path(plan, "kernel", kernel->kernel);
    plan_path(plan, "initramfs", kernel->initramfs);
    image_plan_set(plan, "old_kernel", "");
    image_plan_set(plan, "old_initramfs", "");
}

static void plan_activation(const ImageRoot *root, ImagePlan *plan)
{
    for (gsize i = 0; i < G_N_ELEMENTS(activations); i++) {
        if (!image_root_has(root, activations[i].file))
            continue;
        image_plan_set(plan, "activation", activations[i].activation);
        return;
    }
    image_plan_set(plan, "activation", "none");
}

static gboolean check_parameters(const ImageRoot *root, const char *parameters, GError **error)
{
    if (!parameters)
        return TRUE;
    if (image_root_has(root, ZIPL_CONF)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "--parameters '%s': the root file system has its own /" ZIPL_CONF
                    ", which sets the kernel parameters: add them there",
                    parameters);
        return FALSE;
    }
    for (const char *c = parameters; *c; c++)
        if (*c == '"' || g_ascii_iscntrl(*c) || c - parameters >= PARAMETERS_MAX) {
            g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                        "--parameters '%s': give at most %u characters, without a double quote or a line break",
                        parameters, PARAMETERS_MAX);
            return FALSE;
        }
    return TRUE;
}

/* dracut, unlike the other makers of an initramfs, wants the DASD on the command line. */
static char *all_parameters(const ImageRoot *root, const char *device, const char *parameters)
{
    gboolean has_dracut = image_root_has(root, "usr/lib/dracut");

    return g_strdup_printf("root=/dev/disk/by-path/ccw-%s-part1%s%s%s%s", device, has_dracut ? " rd.dasd=" : "",
                           has_dracut ? device : "", parameters ? " " : "", parameters ? parameters : "");
}

gboolean image_system_plan(const ImageRoot *root, const ImageKernel *kernel, const char *device, const char *parameters,
                           ImagePlan *plan, GError **error)
{
    g_autofree char *zipl = image_programs_find(root, "zipl");
    g_autofree char *words = NULL;

    if (!zipl) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                    "the root file system has no program zipl, which makes it bootable: install it there");
        return FALSE;
    }
    if (!image_root_has(root, ZIPL_CONF) && !kernel->initramfs) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                    "the root file system has no initramfs for its kernel %s, which would set the DASD online: make "
                    "one with its distribution's tool, or write /" ZIPL_CONF,
                    kernel->version);
        return FALSE;
    }
    if (!check_parameters(root, parameters, error))
        return FALSE;
    words = all_parameters(root, device, parameters);
    image_plan_set(plan, "parameters", words);
    image_plan_set(plan, "zipl", image_root_has(root, ZIPL_CONF) ? "own" : "made");
    image_plan_set(plan, "reipl", image_root_has(root, "usr/lib/tmpfiles.d") ? "yes" : "no");
    plan_kernel(root, kernel, plan);
    plan_activation(root, plan);
    return TRUE;
}
