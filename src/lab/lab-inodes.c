/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-inodes.h"

#include <string.h>

typedef struct {
    guint64 number;
    guint64 lookups;
    guint owner;
    char *path;
} Inode;

struct _LabInodes {
    GMutex lock;
    GHashTable *by_number; /* guint64 * -> Inode *; owns the inodes */
    GHashTable *by_path;   /* char * -> Inode * */
    guint64 last;
};

static void inode_free(Inode *inode)
{
    g_free(inode->path);
    g_free(inode);
}

static Inode *add(LabInodes *inodes, const char *path)
{
    Inode *inode = g_new0(Inode, 1);

    inode->number = ++inodes->last;
    inode->path = g_strdup(path);
    g_hash_table_insert(inodes->by_number, &inode->number, inode);
    g_hash_table_insert(inodes->by_path, inode->path, inode);
    return inode;
}

LabInodes *lab_inodes_new(void)
{
    LabInodes *inodes = g_new0(LabInodes, 1);

    g_mutex_init(&inodes->lock);
    inodes->by_number = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, (GDestroyNotify)inode_free);
    inodes->by_path = g_hash_table_new(g_str_hash, g_str_equal);
    add(inodes, ""); /* LAB_INODE_ROOT */
    return inodes;
}

void lab_inodes_free(LabInodes *inodes)
{
    g_hash_table_unref(inodes->by_path);
    g_hash_table_unref(inodes->by_number);
    g_mutex_clear(&inodes->lock);
    g_free(inodes);
}

guint64 lab_inodes_lookup(LabInodes *inodes, const char *path, guint owner)
{
    Inode *inode;
    guint64 number;

    g_mutex_lock(&inodes->lock);
    inode = g_hash_table_lookup(inodes->by_path, path);
    if (!inode)
        inode = add(inodes, path);
    inode->owner = owner;
    inode->lookups++;
    number = inode->number;
    g_mutex_unlock(&inodes->lock);
    return number;
}

void lab_inodes_forget(LabInodes *inodes, guint64 number, guint64 lookups)
{
    Inode *inode;

    g_mutex_lock(&inodes->lock);
    inode = number == LAB_INODE_ROOT ? NULL : g_hash_table_lookup(inodes->by_number, &number);
    if (inode) {
        inode->lookups -= MIN(inode->lookups, lookups);
        if (!inode->lookups) {
            g_hash_table_remove(inodes->by_path, inode->path);
            g_hash_table_remove(inodes->by_number, &number);
        }
    }
    g_mutex_unlock(&inodes->lock);
}

char *lab_inodes_path(LabInodes *inodes, guint64 number)
{
    Inode *inode;
    char *path;

    g_mutex_lock(&inodes->lock);
    inode = g_hash_table_lookup(inodes->by_number, &number);
    path = inode ? g_strdup(inode->path) : NULL;
    g_mutex_unlock(&inodes->lock);
    return path;
}

guint64 lab_inodes_number(LabInodes *inodes, const char *path)
{
    Inode *inode;
    guint64 number;

    g_mutex_lock(&inodes->lock);
    inode = g_hash_table_lookup(inodes->by_path, path);
    number = inode ? inode->number : 0;
    g_mutex_unlock(&inodes->lock);
    return number;
}

GPtrArray *lab_inodes_paths(LabInodes *inodes, guint owner)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    gpointer value;

    g_mutex_lock(&inodes->lock);
    g_hash_table_iter_init(&iter, inodes->by_path);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const Inode *inode = value;

        if (inode->owner == owner && *inode->path)
            g_ptr_array_add(paths, g_strdup(inode->path));
    }
    g_mutex_unlock(&inodes->lock);
    return paths;
}
