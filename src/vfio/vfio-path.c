/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vfio/vfio-path.h"

#include <errno.h>
#include <fcntl.h>

#include "vfio/vfio-real.h"

static gboolean is_qemu;
static const VfioNode *root;

void vfio_path_start(const VfioNode *tree)
{
    is_qemu = TRUE;
    root = tree;
}

gboolean vfio_path_is_qemu(void)
{
    return is_qemu;
}

gboolean vfio_path_is_real(const VfioNode *node)
{
    int errnum = errno;
    gboolean is_real = VFIO_REAL(access)(node->path, F_OK) == 0;

    errno = errnum;
    return is_real;
}

const VfioNode *vfio_path_find_any(int at, const char *path, gboolean follow, int *ret_errno)
{
    const VfioNode *from;

    *ret_errno = 0;
    path = vfio_path_maybe_null(path);
    if (G_LIKELY(!root) || !path || *path == '\0')
        return NULL;
    from = *path == '/' ? root : vfio_folder_of(at);
    return from ? vfio_tree_find(from, path, follow, ret_errno) : NULL;
}

const VfioNode *vfio_path_find(int at, const char *path, gboolean follow, int *ret_errno)
{
    const VfioNode *node = vfio_path_find_any(at, path, follow, ret_errno);

    return node && node->is_shared && vfio_path_is_real(node) ? NULL : node;
}

const VfioNode *vfio_path_find_at(int at, const char *path, int flags, int *ret_errno)
{
    *ret_errno = 0;
    path = vfio_path_maybe_null(path);
    if (G_LIKELY(!root))
        return NULL;
    if (path && *path == '\0' && flags & AT_EMPTY_PATH)
        return vfio_folder_of(at);
    return vfio_path_find(at, path, !(flags & AT_SYMLINK_NOFOLLOW), ret_errno);
}
