/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-tree.h. */
#include "vfio/vfio-tree.h"

#include <errno.h>
#include <string.h>

#define LINKS_MAX 40 /* limit of the kernel */
#define FIRST_INODE 1000

static void node_free(gpointer data)
{
    VfioNode *node = data;

    g_clear_pointer(&node->children, g_ptr_array_unref);
    g_free(node->name);
    g_free(node->path);
    g_free(node->text);
    g_free(node);
}

void vfio_tree_free(VfioNode *root)
{
    node_free(root);
}

static VfioNode *node_new(VfioNodeKind kind, const char *name, gsize length)
{
    static gint inodes = FIRST_INODE;
    VfioNode *node = g_new0(VfioNode, 1);

    node->kind = kind;
    node->inode = (guint64)g_atomic_int_add(&inodes, 1);
    node->name = g_strndup(name, length);
    if (kind == VFIO_NODE_FOLDER)
        node->children = g_ptr_array_new_with_free_func(node_free);
    return node;
}

VfioNode *vfio_tree_new(void)
{
    VfioNode *root = node_new(VFIO_NODE_FOLDER, "", 0);

    root->path = g_strdup("/");
    root->is_shared = TRUE;
    root->parent = root;
    return root;
}

static VfioNode *find_child(const VfioNode *folder, const char *name, gsize length)
{
    for (guint i = 0; i < folder->children->len; i++) {
        VfioNode *child = folder->children->pdata[i];

        if (strlen(child->name) == length && memcmp(child->name, name, length) == 0)
            return child;
    }
    return NULL;
}

static VfioNode *add_child(VfioNode *folder, VfioNodeKind kind, const char *name, gsize length)
{
    VfioNode *child = node_new(kind, name, length);

    child->parent = folder;
    child->path = g_strconcat(folder->parent == folder ? "" : folder->path, "/", child->name, NULL);
    g_ptr_array_add(folder->children, child);
    return child;
}

VfioNode *vfio_tree_add(VfioNode *root, const char *path, VfioNodeKind kind, const char *text)
{
    VfioNode *folder = root;
    VfioNode *node;
    const char *slash;

    while ((slash = strchr(++path, '/'))) {
        gsize length = (gsize)(slash - path);

        node = find_child(folder, path, length);
        if (!node) {
            node = add_child(folder, VFIO_NODE_FOLDER, path, length);
            node->is_shared = folder->is_shared;
        }
        folder = node;
        path = slash;
    }
    node = find_child(folder, path, strlen(path));
    if (node)
        return node;
    node = add_child(folder, kind, path, strlen(path));
    node->text = g_strdup(text);
    return node;
}

static const VfioNode *walk(const VfioNode *at, const char *path, gboolean follow, guint links, int *ret_errno);

/* Goes from a folder to the node of a name in it. */
static const VfioNode *step(const VfioNode *folder, const char *name, gsize length, gboolean follow, guint links,
                            int *ret_errno)
{
    const VfioNode *child;

    if (folder->kind != VFIO_NODE_FOLDER) {
        *ret_errno = ENOTDIR;
        return NULL;
    }
    if (length == 1 && name[0] == '.')
        return folder;
    if (length == 2 && name[0] == '.' && name[1] == '.')
        return folder->parent;
    child = find_child(folder, name, length);
    if (!child)
        *ret_errno = folder->is_shared ? 0 : ENOENT;
    if (!child || child->kind != VFIO_NODE_LINK || !follow)
        return child;
    if (links < LINKS_MAX)
        return walk(folder, child->text, TRUE, links + 1, ret_errno);
    *ret_errno = ELOOP;
    return NULL;
}

static const VfioNode *walk(const VfioNode *at, const char *path, gboolean follow, guint links, int *ret_errno)
{
    if (*path == '/')
        while (at->parent != at)
            at = at->parent;
    for (path += strspn(path, "/"); *path && at;) {
        gsize length = strcspn(path, "/");
        gboolean is_last = path[length] == '\0';

        at = step(at, path, length, follow || !is_last, links, ret_errno);
        path += length;
        if (at && *path && at->kind != VFIO_NODE_FOLDER) {
            *ret_errno = ENOTDIR;
            return NULL;
        }
        path += strspn(path, "/");
    }
    return at;
}

const VfioNode *vfio_tree_find(const VfioNode *from, const char *path, gboolean follow, int *ret_errno)
{
    *ret_errno = 0;
    return walk(from, path, follow, 0, ret_errno);
}
