/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-kernel.h"

#include <string.h>

#include "image/image-modules.h"
#include "util/error.h"

static const char *const module_folders[] = { "usr/lib/modules/", "lib/modules/" };

/* Where distributions put a kernel and its initramfs; %s is the version. */
static const char *const kernel_places[] = { "boot/vmlinuz-%s", "boot/image-%s", "usr/lib/modules/%s/vmlinuz",
                                             "usr/lib/modules/%s/image" };
static const char *const initramfs_places[] = { "boot/initrd.img-%s", "boot/initramfs-%s.img", "boot/initrd-%s",
                                                "usr/lib/modules/%s/initrd" };

/* Modules that every captive guest needs. */
static const char *const all_modules[] = { "virtio_console", "virtio_blk", "dasd_eckd_mod", NULL };
/* Modules that file systems request by name in some kernels. Other kernels do not have them. */
static const char *const checksum_modules[] = { "crc32c_generic", NULL };
static const char *const btrfs_checksums[] = { "crc32c_generic", "xxhash_generic", "blake2b_generic", "sha256_generic",
                                               NULL };

static const struct {
    const char *name; /* of the file system, and of its module */
    const char *const *optional;
} file_systems[IMAGE_FILE_SYSTEMS] = {
    [IMAGE_EXT4] = { "ext4", checksum_modules },
    [IMAGE_XFS] = { "xfs", checksum_modules },
    [IMAGE_BTRFS] = { "btrfs", btrfs_checksums },
};

const char *image_file_system_name(ImageFileSystem file_system)
{
    return file_systems[file_system].name;
}

gboolean image_file_system_parse(const char *text, ImageFileSystem *ret_file_system, GError **error)
{
    for (guint i = 0; i < IMAGE_FILE_SYSTEMS; i++) {
        if (strcmp(file_systems[i].name, text) != 0)
            continue;
        *ret_file_system = (ImageFileSystem)i;
        return TRUE;
    }
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "there is no file system '%s'; it is one of ext4, xfs, btrfs",
                text);
    return FALSE;
}

void image_kernel_free(ImageKernel *kernel)
{
    if (!kernel)
        return;
    g_free(kernel->version);
    g_free(kernel->modules);
    g_free(kernel->kernel);
    g_free(kernel->initramfs);
    g_free(kernel);
}

/* Returns: the first of the places that the root has; NULL. */
static char *find_place(const ImageRoot *root, const char *const *places, gsize n, const char *version)
{
    for (gsize i = 0; i < n; i++) {
        g_auto(GStrv) parts = g_strsplit(places[i], "%s", 2);
        g_autofree char *path = g_strconcat(parts[0], version, parts[1], NULL);

        if (image_root_has(root, path))
            return g_steal_pointer(&path);
    }
    return NULL;
}

/* Returns: "6.1.0-44-s390x" of "usr/lib/modules/6.1.0-44-s390x/modules.dep"; NULL for any other path. */
static char *version_of(const char *path)
{
    for (gsize i = 0; i < G_N_ELEMENTS(module_folders); i++) {
        const char *version = path + strlen(module_folders[i]), *slash;

        if (!g_str_has_prefix(path, module_folders[i]))
            continue;
        slash = strchr(version, '/');
        if (slash && strcmp(slash, "/modules.dep") == 0)
            return g_strndup(version, (gsize)(slash - version));
    }
    return NULL;
}

typedef struct {
    const ImageRoot *root;
    ImageKernel *newest; /* NULL: none so far */
} Search;

static void consider(const char *path, gpointer data)
{
    Search *search = data;
    g_autofree char *version = version_of(path);
    g_autofree char *kernel =
        version ? find_place(search->root, kernel_places, G_N_ELEMENTS(kernel_places), version) : NULL;

    if (!kernel || (search->newest && strverscmp(search->newest->version, version) >= 0))
        return;
    image_kernel_free(search->newest);
    search->newest = g_new0(ImageKernel, 1);
    search->newest->initramfs = find_place(search->root, initramfs_places, G_N_ELEMENTS(initramfs_places), version);
    search->newest->modules = g_path_get_dirname(path);
    search->newest->version = g_steal_pointer(&version);
    search->newest->kernel = g_steal_pointer(&kernel);
}

ImageKernel *image_kernel_find(const ImageRoot *root, GError **error)
{
    Search search = { .root = root };

    image_root_foreach(root, consider, &search);
    if (!search.newest)
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                    "the root file system has no kernel: there is no usr/lib/modules/VERSION/modules.dep with a "
                    "boot/vmlinuz-VERSION, boot/image-VERSION or usr/lib/modules/VERSION/vmlinuz; install a kernel in "
                    "it");
    return search.newest;
}

static char *read_text(const ImageRoot *root, const char *folder, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autoptr(GBytes) bytes = image_root_read(root, path, error);
    gsize size;
    const char *data = bytes ? g_bytes_get_data(bytes, &size) : NULL;

    return data ? g_strndup(data, size) : NULL;
}

static gboolean add_modules(const ImageModules *modules, const char *const *names, gboolean is_optional,
                            GPtrArray *paths, GError **error)
{
    for (; *names; names++) {
        g_autoptr(GError) failure = NULL;

        if (image_modules_add(modules, *names, paths, &failure) ||
            (is_optional && g_error_matches(failure, CCW_ERROR, CCW_ERROR_NOT_FOUND)))
            continue;
        g_propagate_error(error, g_steal_pointer(&failure));
        return FALSE;
    }
    return TRUE;
}

GPtrArray *image_kernel_modules(const ImageRoot *root, const ImageKernel *kernel, ImageFileSystem file_system,
                                GError **error)
{
    const char *const own[] = { file_systems[file_system].name, NULL };
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *dep = read_text(root, kernel->modules, "modules.dep", error);
    g_autofree char *builtin = dep ? read_text(root, kernel->modules, "modules.builtin", error) : NULL;
    g_autoptr(ImageModules) modules = builtin ? image_modules_parse(dep, builtin, error) : NULL;

    if (!modules || !add_modules(modules, all_modules, FALSE, paths, error) ||
        !add_modules(modules, file_systems[file_system].optional, TRUE, paths, error) ||
        !add_modules(modules, own, FALSE, paths, error))
        return NULL;
    for (guint i = 0; i < paths->len; i++) {
        char *path = g_ptr_array_index(paths, i);

        g_ptr_array_index(paths, i) = g_build_filename(kernel->modules, path, NULL);
        g_free(path);
    }
    return g_steal_pointer(&paths);
}
