/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list as a table, in the words of lscss and lszdev. Only the last column has blanks in its cells. */
#include <string.h>

#include "css/device.h"
#include "node_device/list.h"

#define USERS_SHOWN 2
#define CHPIDS 8 /* the number of chpids in the kernel's attribute */
#define GAP 2

typedef struct {
    const char *heading;
    char *(*cell)(const NodedevListRow *row); /* returns NULL or "" for an empty cell */
    gboolean is_long;                         /* shown in the long list only */
} Column;

static char *cell_device(const NodedevListRow *row)
{
    return ccw_bus_id_to_string(&row->device->bus_id);
}

static char *cell_subchannel(const NodedevListRow *row)
{
    return ccw_bus_id_to_string(&row->device->subchannel);
}

static char *cell_devtype(const NodedevListRow *row)
{
    return g_strcmp0(row->device->devtype, "n/a") == 0 ? NULL : g_strdup(row->device->devtype);
}

static char *cell_cutype(const NodedevListRow *row)
{
    return g_strdup(row->device->cutype);
}

/* The ccw device's driver; the subchannel's driver if there is no ccw device. */
static char *cell_driver(const NodedevListRow *row)
{
    const CssDevice *device = row->device;

    return g_strdup(device->device_driver ? device->device_driver : device->online < 0 ? device->driver : NULL);
}

/* "yes" or "no", or why the device cannot be used: "boxed", "no-path", "alias". */
static char *cell_online(const NodedevListRow *row)
{
    const char *availability = row->device->availability;

    if (row->device->online < 0)
        return NULL;
    if (availability && *availability && strcmp(availability, "good") != 0)
        return g_strdelimit(g_strdup(availability), " ", '-');
    if (row->device->alias)
        return g_strdup("alias");
    return g_strdup(row->device->online ? "yes" : "no");
}

/* The kernel pads the chpids to eight. The path-installed mask says which of them exist. */
char **nodedev_list_chpids(const CssDevice *device)
{
    g_auto(GStrv) all = g_strsplit(device->chpids ? device->chpids : "", " ", CHPIDS);
    guint64 installed = device->paths ? g_ascii_strtoull(device->paths, NULL, 16) : 0x80;
    GPtrArray *chpids = g_ptr_array_new();

    for (guint i = 0; i < CHPIDS && all[i]; i++)
        if (installed & 0x80u >> i)
            g_ptr_array_add(chpids, g_strdup(g_strstrip(all[i])));
    g_ptr_array_add(chpids, NULL);
    return (char **)g_ptr_array_free(chpids, FALSE);
}

static char *cell_chpids(const NodedevListRow *row)
{
    g_auto(GStrv) chpids = nodedev_list_chpids(row->device);

    return g_strjoinv(",", chpids);
}

static char *cell_name(const NodedevListRow *row)
{
    return g_strdup(row->device->block);
}

static char *cell_volser(const NodedevListRow *row)
{
    return g_strdup(row->volser);
}

static char *mask(const NodedevListRow *row, guint n)
{
    g_auto(GStrv) masks = g_strsplit(row->device->paths ? row->device->paths : "", " ", -1);

    return g_strdup(n < g_strv_length(masks) ? masks[n] : NULL);
}

static char *cell_pim(const NodedevListRow *row)
{
    return mask(row, 0);
}

static char *cell_pam(const NodedevListRow *row)
{
    return mask(row, 1);
}

static char *cell_pom(const NodedevListRow *row)
{
    return mask(row, 2);
}

static char *cell_mdev(const NodedevListRow *row)
{
    return g_strjoinv(",", row->device->mdevs);
}

/* The names of kinds of users, and the texts around a user's name. */
static const struct {
    const char *name;
    const char *before;
    const char *after;
} kinds[CSS_USER_LAST] = {
    [CSS_USER_MOUNT] = { "mount", "", "" },
    [CSS_USER_SWAP] = { "swap", "swap", "" },
    [CSS_USER_HOLDER] = { "holder", "", "" },
    [CSS_USER_GROUP] = { "group", "group device ", "" },
    [CSS_USER_DISK] = { "disk", "disk ", "" },
    [CSS_USER_NET] = { "net", "network interface ", "" },
    [CSS_USER_DOMAIN] = { "domain", "domain ", "" },
    [CSS_USER_QEMU_CCW] = { "qemu-ccw", "qemu-ccw (process ", ")" },
    [CSS_USER_MDEV] = { "mdev", "mediated device ", "" },
    [CSS_USER_DETACHED] = { "detached", "detached", "" },
    [CSS_USER_RELEASING] = { "releasing", "releasing", "" },
    [CSS_USER_UNKNOWN] = { "unknown", "? (its journal entry is not understood)", "" },
};

const char *nodedev_list_kind_name(CssUserKind kind)
{
    return kinds[kind].name;
}

static char *describe_user(const CssUser *user)
{
    return g_strconcat(kinds[user->kind].before, user->name ? user->name : "", kinds[user->kind].after, NULL);
}

static char *cell_users(const NodedevListRow *row)
{
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < MIN(row->users->len, USERS_SHOWN); i++) {
        g_autofree char *user = describe_user(row->users->pdata[i]);

        g_string_append_printf(text, "%s%s", i ? ", " : "", user);
    }
    if (row->users->len > USERS_SHOWN)
        g_string_append_printf(text, ", %u more", row->users->len - USERS_SHOWN);
    return g_string_free(text, FALSE);
}

static const Column columns[] = {
    { "DEVICE", cell_device, FALSE },   { "SUBCHAN.", cell_subchannel, FALSE },
    { "DEVTYPE", cell_devtype, FALSE }, { "CUTYPE", cell_cutype, FALSE },
    { "DRIVER", cell_driver, FALSE },   { "ONLINE", cell_online, FALSE },
    { "PIM", cell_pim, TRUE },          { "PAM", cell_pam, TRUE },
    { "POM", cell_pom, TRUE },          { "CHPIDS", cell_chpids, FALSE },
    { "NAME", cell_name, FALSE },       { "VOLSER", cell_volser, FALSE },
    { "MDEV", cell_mdev, TRUE },        { "IN USE BY", cell_users, FALSE },
};
#define N_COLUMNS G_N_ELEMENTS(columns)

/*
 * Replaces characters that a terminal would obey or cannot show by '?'. Text from outside may contain them. In a column
 * other than the last it also replaces blanks, which would look like the next column.
 */
static char *clean(const char *text, gboolean is_last)
{
    g_autofree char *valid = g_utf8_make_valid(text && *text ? text : "-", -1);
    gboolean utf8 = g_get_charset(NULL);
    GString *result = g_string_new(NULL);

    for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        gboolean shown = g_unichar_isprint(c) && g_unichar_type(c) != G_UNICODE_FORMAT && (utf8 || c < 0x80) &&
                         (is_last || !g_unichar_isspace(c));

        g_string_append_unichar(result, shown ? c : '?');
    }
    return g_string_free(result, FALSE);
}

/* Returns: the number of terminal columns. */
static gsize width_of(const char *text)
{
    gsize width = 0;

    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        width += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
    }
    return width;
}

static void add_line(GString *text, char *const *cells, const gsize *widths, gboolean is_long)
{
    for (gsize c = 0; c < N_COLUMNS; c++) {
        if (columns[c].is_long && !is_long)
            continue;
        g_string_append(text, cells[c]);
        if (c + 1 < N_COLUMNS)
            g_string_append_printf(text, "%*s", (int)(widths[c] - width_of(cells[c]) + GAP), "");
    }
    g_string_append_c(text, '\n');
}

static char **cells_of(const NodedevListRow *row)
{
    char **cells = g_new0(char *, N_COLUMNS + 1);

    for (gsize c = 0; c < N_COLUMNS; c++) {
        g_autofree char *text = row ? columns[c].cell(row) : NULL;

        cells[c] = row ? clean(text, c + 1 == N_COLUMNS) : g_strdup(columns[c].heading);
    }
    return cells;
}

char *nodedev_list_table(const GArray *rows, gboolean is_long)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    GString *text = g_string_new(NULL);
    gsize widths[N_COLUMNS] = { 0 };

    g_ptr_array_add(lines, cells_of(NULL));
    for (guint i = 0; i < rows->len; i++)
        g_ptr_array_add(lines, cells_of(&g_array_index(rows, NodedevListRow, i)));
    for (guint i = 0; i < lines->len; i++)
        for (gsize c = 0; c < N_COLUMNS; c++)
            widths[c] = MAX(widths[c], width_of(((char **)lines->pdata[i])[c]));
    for (guint i = 0; i < lines->len; i++)
        add_line(text, lines->pdata[i], widths, is_long);
    return g_string_free(text, FALSE);
}
