/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds the row of a path, and lists, reads and writes by the row and the model. The rows are in lab-tree-rows.c.
 */
#include "lab/lab-tree.h"

#include <errno.h>
#include <string.h>

#include "lab/lab-tree-match.h"
#include "lab/lab-tree-rows.h"

struct _LabTree {
    LabModel *model;
    char **mount_points;
    const char **names; /* for each row, the last component of its path */
    GArray **children;  /* for each row of a folder, gsize: the rows in the folder */
};

/* Finds the row of a folder. length: of the folder's path, which the path of row begins with. */
static gsize find_parent(gsize row, gsize length)
{
    for (gsize i = 0; i < lab_n_rows; i++)
        if (lab_rows[i].kind == LAB_NODE_DIR && strlen(lab_rows[i].path) == length &&
            strncmp(lab_rows[i].path, lab_rows[row].path, length) == 0)
            return i;
    g_assert_not_reached(); /* the table has a row for every folder */
}

LabTree *lab_tree_new(LabModel *model, const char *const *mount_points)
{
    LabTree *tree = g_new0(LabTree, 1);

    g_assert(!*lab_rows[0].path);
    tree->model = model;
    tree->mount_points = g_strdupv((char **)mount_points);
    tree->names = g_new0(const char *, lab_n_rows);
    tree->names[0] = "";
    tree->children = g_new0(GArray *, lab_n_rows);
    for (gsize i = 0; i < lab_n_rows; i++)
        tree->children[i] = g_array_new(FALSE, FALSE, sizeof(gsize));
    for (gsize i = 1; i < lab_n_rows; i++) {
        const char *slash = strrchr(lab_rows[i].path, '/');

        tree->names[i] = slash ? slash + 1 : lab_rows[i].path;
        g_array_append_val(tree->children[find_parent(i, slash ? (gsize)(slash - lab_rows[i].path) : 0)], i);
    }
    return tree;
}

void lab_tree_free(LabTree *tree)
{
    for (gsize i = 0; i < lab_n_rows; i++)
        g_array_unref(tree->children[i]);
    g_free(tree->children);
    g_free(tree->names);
    g_strfreev(tree->mount_points);
    g_free(tree);
}

/* Finds the row of name in the folder of a row. Returns: the row, or -1. */
static gssize find_child(const LabTree *tree, gsize row, const char *name, LabMatch *match)
{
    const GArray *children = tree->children[row];

    for (guint i = 0; i < children->len; i++) {
        gsize child = g_array_index(children, gsize, i);
        const char *part = tree->names[child];
        LabMatch found = *match;

        if (part[0] == '%' ? !lab_match_placeholder(tree->model, part, name, &found) : strcmp(part, name) != 0)
            continue;
        if (!lab_match_is_true(lab_rows[child].when, &found))
            continue;
        *match = found;
        return (gssize)child;
    }
    return -1;
}

static gssize find_row(const LabTree *tree, const char *path, LabMatch *ret_match)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    LabMatch match = { NULL, LAB_DRIVER_NONE, 0, "" };
    gssize row = 0;

    for (char **name = names; *name && row >= 0; name++)
        row = find_child(tree, (gsize)row, *name, &match);
    if (match.sch && match.sch->mdev)
        memcpy(match.uuid, match.sch->mdev->uuid, sizeof(match.uuid));
    *ret_match = match;
    return row;
}

/* Returns: whether path is a mount point, or a folder above a mount point. */
static gboolean is_mount_point(const LabTree *tree, const char *path)
{
    gsize length = strlen(path);

    for (char **point = tree->mount_points; *point; point++)
        if (strncmp(*point, path, length) == 0 && (!(*point)[length] || (*point)[length] == '/'))
            return TRUE;
    return FALSE;
}

static guint mode_of(const LabTree *tree, gsize row, const LabMatch *match)
{
    return strcmp(tree->names[row], "%A") == 0 ? lab_dasd_attr_mode(match->attr) : lab_rows[row].mode;
}

static guint owner_of(const LabSubchannel *sch)
{
    return sch ? sch->number : 0;
}

gboolean lab_tree_lookup(LabTree *tree, const char *path, LabEntry *ret_entry)
{
    LabMatch match;
    gssize row;

    g_mutex_lock(&tree->model->lock);
    row = find_row(tree, path, &match);
    g_mutex_unlock(&tree->model->lock);
    if (row < 0 && !is_mount_point(tree, path))
        return FALSE;
    *ret_entry = row < 0
                     ? (LabEntry){ NULL, LAB_NODE_DIR, 0755, 0 }
                     : (LabEntry){ NULL, lab_rows[row].kind, mode_of(tree, (gsize)row, &match), owner_of(match.sch) };
    return TRUE;
}

static void entry_clear(LabEntry *entry)
{
    g_free(entry->name);
}

static void add_entry(GArray *entries, const char *name, LabNodeKind kind, guint mode)
{
    LabEntry entry = { g_strdup(name), kind, mode, 0 };

    g_array_append_val(entries, entry);
}

static gboolean has_entry(const GArray *entries, const char *name)
{
    for (guint i = 0; i < entries->len; i++)
        if (strcmp(g_array_index(entries, LabEntry, i).name, name) == 0)
            return TRUE;
    return FALSE;
}

/* Adds the entries of one row: one, or one for each name of the placeholder at the end of its path. */
static void add_children(const LabTree *tree, gsize row, const LabMatch *folder, GArray *entries)
{
    const char *part = tree->names[row];
    const LabRow *child = &lab_rows[row];
    char buf[LAB_UUID_STR_LEN];
    LabMatch match = *folder;

    if (part[0] != '%') {
        if (lab_match_is_true(child->when, &match))
            add_entry(entries, part, child->kind, child->mode);
        return;
    }
    for (LabDriver driver = LAB_DRIVER_NONE + 1; part[1] == 'X' && driver < LAB_DRIVER_LAST; driver++)
        add_entry(entries, lab_driver_name(driver), child->kind, child->mode);
    for (guint i = 0; part[1] == 'A' && lab_match_is_true(child->when, &match) && i < lab_dasd_n_attrs; i++)
        add_entry(entries, lab_dasd_attr_name(i), child->kind, lab_dasd_attr_mode(i));
    for (guint i = 0; !strchr("XA", part[1]) && i < tree->model->subchannels->len; i++) {
        const char *name;

        match.sch = g_ptr_array_index(tree->model->subchannels, i);
        if (folder->sch && folder->sch != match.sch)
            continue;
        name = lab_match_name(part, match.sch, LAB_DRIVER_NONE, buf);
        if (name && lab_match_is_true(child->when, &match))
            add_entry(entries, name, child->kind, child->mode);
    }
}

static void add_mount_points(const LabTree *tree, const char *path, GArray *entries)
{
    gsize length = strlen(path);

    for (char **point = tree->mount_points; *point; point++) {
        const char *rest = *point + length;
        g_autofree char *name = NULL;

        if (strncmp(*point, path, length) != 0 || (length && *rest++ != '/') || !*rest)
            continue;
        name = g_strndup(rest, strcspn(rest, "/"));
        if (!has_entry(entries, name))
            add_entry(entries, name, LAB_NODE_DIR, 0755);
    }
}

GArray *lab_tree_list(LabTree *tree, const char *path)
{
    GArray *entries = g_array_new(FALSE, FALSE, sizeof(LabEntry));
    LabMatch match;
    gssize row;

    g_array_set_clear_func(entries, (GDestroyNotify)entry_clear);
    g_mutex_lock(&tree->model->lock);
    row = find_row(tree, path, &match);
    for (guint i = 0; row >= 0 && i < tree->children[row]->len; i++)
        add_children(tree, g_array_index(tree->children[row], gsize, i), &match, entries);
    g_mutex_unlock(&tree->model->lock);
    if ((row < 0 && !is_mount_point(tree, path)) || (row >= 0 && lab_rows[row].kind != LAB_NODE_DIR)) {
        g_array_unref(entries);
        return NULL;
    }
    add_mount_points(tree, path, entries);
    return entries;
}

/* Makes a path to to relative to the folder of from: for "a/b/link" and "a/c/d" it is "../c/d". */
static char *relative(const char *from, const char *to)
{
    GString *text = g_string_new(NULL);
    gsize shared = 0;

    for (gsize i = 0; from[i] && from[i] == to[i]; i++)
        if (from[i] == '/')
            shared = i + 1;
    for (const char *slash = strchr(from + shared, '/'); slash; slash = strchr(slash + 1, '/'))
        g_string_append(text, "../");
    g_string_append(text, to + shared);
    return g_string_free(text, FALSE);
}

char *lab_tree_target(LabTree *tree, const char *path)
{
    g_autoptr(GString) target = g_string_new(NULL);
    LabMatch match;
    gssize row;

    g_mutex_lock(&tree->model->lock);
    row = find_row(tree, path, &match);
    if (row >= 0 && lab_rows[row].kind == LAB_NODE_LINK) {
        for (const char *at = lab_rows[row].text; *at; at++) {
            char buf[LAB_UUID_STR_LEN];

            if (*at == '%')
                g_string_append(target, lab_match_name(at++, match.sch, match.driver, buf));
            else
                g_string_append_c(target, *at);
        }
    }
    g_mutex_unlock(&tree->model->lock);
    return target->len ? relative(path, target->str) : NULL;
}

int lab_tree_read(LabTree *tree, const char *path, GString *text)
{
    int result = ENODEV;
    LabMatch match;
    gssize row;

    g_mutex_lock(&tree->model->lock);
    row = find_row(tree, path, &match);
    if (row >= 0 && lab_rows[row].show) {
        result = lab_rows[row].show(tree->model, &match, text);
    } else if (row >= 0 && lab_rows[row].kind == LAB_NODE_ATTR && lab_rows[row].text) {
        g_string_append(text, lab_rows[row].text);
        result = 0;
    } else if (row >= 0) {
        result = EIO; /* as sysfs, for an attribute without a show function */
    }
    g_mutex_unlock(&tree->model->lock);
    return result;
}

int lab_tree_write(LabTree *tree, const char *path, const char *data, gsize length)
{
    g_autofree char *text = NULL;
    LabMatch match;
    gssize row;

    length = MIN(length, LAB_ATTR_SIZE);
    text = g_malloc(length + 1);
    memcpy(text, data, length);
    text[length] = '\0';
    g_mutex_lock(&tree->model->lock);
    row = find_row(tree, path, &match);
    g_mutex_unlock(&tree->model->lock);
    if (row < 0)
        return ENODEV;
    return lab_rows[row].store ? lab_rows[row].store(tree->model, &match, text, length) : EIO;
}

void lab_tree_changes(LabTree *tree, guint64 *seen, GArray *ret_owners)
{
    g_mutex_lock(&tree->model->lock);
    for (guint i = 0; i < tree->model->subchannels->len; i++) {
        const LabSubchannel *sch = g_ptr_array_index(tree->model->subchannels, i);

        if (seen[i] == sch->changes)
            continue;
        seen[i] = sch->changes;
        g_array_append_val(ret_owners, sch->number);
    }
    g_mutex_unlock(&tree->model->lock);
}

guint lab_tree_owners(const LabTree *tree)
{
    return tree->model->subchannels->len;
}
