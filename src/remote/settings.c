/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/settings.h"

#include <errno.h>
#include <string.h>

#include "util/error.h"

#define PERMS_MAX 0777
/* Defaults of libvirt (src/remote/remote_daemon_config.c). */
#define MAX_CLIENTS 5000
#define MAX_QUEUED_CLIENTS 1000
#define MAX_ANONYMOUS_CLIENTS 20

typedef enum {
    KIND_TEXT,
    KIND_PERMS,
    KIND_AUTH,
    KIND_NUMBER,
} Kind;

static const struct setting {
    const char *name;
    Kind kind;
    goffset offset;
} table[] = {
    { "unix_sock_dir", KIND_TEXT, G_STRUCT_OFFSET(RemoteSettings, unix_sock_dir) },
    { "unix_sock_group", KIND_TEXT, G_STRUCT_OFFSET(RemoteSettings, unix_sock_group) },
    { "unix_sock_rw_perms", KIND_PERMS, G_STRUCT_OFFSET(RemoteSettings, unix_sock_perms[0]) },
    { "unix_sock_ro_perms", KIND_PERMS, G_STRUCT_OFFSET(RemoteSettings, unix_sock_perms[1]) },
    { "auth_unix_rw", KIND_AUTH, G_STRUCT_OFFSET(RemoteSettings, auth_unix[0]) },
    { "auth_unix_ro", KIND_AUTH, G_STRUCT_OFFSET(RemoteSettings, auth_unix[1]) },
    { "max_clients", KIND_NUMBER, G_STRUCT_OFFSET(RemoteSettings, max_clients) },
    { "max_queued_clients", KIND_NUMBER, G_STRUCT_OFFSET(RemoteSettings, max_queued_clients) },
    { "max_anonymous_clients", KIND_NUMBER, G_STRUCT_OFFSET(RemoteSettings, max_anonymous_clients) },
    { "max_user_clients", KIND_NUMBER, G_STRUCT_OFFSET(RemoteSettings, max_user_clients) },
};

RemoteSettings *remote_settings_new(void)
{
    RemoteSettings *settings = g_new0(RemoteSettings, 1);

    *settings = (RemoteSettings){
        .unix_sock_perms = { 0777, 0777 },
        .auth_unix = { REMOTE_AUTH_POLKIT, REMOTE_AUTH_POLKIT },
        .max_clients = MAX_CLIENTS,
        .max_queued_clients = MAX_QUEUED_CLIENTS,
        .max_anonymous_clients = MAX_ANONYMOUS_CLIENTS,
    };
    return settings;
}

void remote_settings_free(RemoteSettings *settings)
{
    if (!settings)
        return;
    g_free(settings->unix_sock_dir);
    g_free(settings->unix_sock_group);
    g_free(settings);
}

static gboolean set_perms(guint *perms, const char *value, GError **error)
{
    gsize digits = strspn(value, "01234567");
    guint64 number = digits && digits <= 5 && !value[digits] ? g_ascii_strtoull(value, NULL, 8) : G_MAXUINT64;

    if (number > PERMS_MAX) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "'%s' is not a file's permissions, in octal, like \"0770\"",
                    value);
        return FALSE;
    }
    *perms = (guint)number;
    return TRUE;
}

static gboolean set_auth(RemoteAuth *auth, const char *value, GError **error)
{
    if (strcmp(value, "none") != 0 && strcmp(value, "polkit") != 0) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "'%s' is not supported: give \"none\" or \"polkit\"", value);
        return FALSE;
    }
    *auth = strcmp(value, "polkit") == 0 ? REMOTE_AUTH_POLKIT : REMOTE_AUTH_NONE;
    return TRUE;
}

static gboolean set_number(guint *number, const char *value, GError **error)
{
    guint64 parsed;

    if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXINT, &parsed, NULL)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "'%s' is not a number of clients", value);
        return FALSE;
    }
    *number = (guint)parsed;
    return TRUE;
}

/* Sets one setting. A number has no quotes, any other value has. */
static gboolean set(RemoteSettings *settings, const struct setting *setting, const char *value, gboolean quoted,
                    GError **error)
{
    gpointer at = G_STRUCT_MEMBER_P(settings, setting->offset);

    if (quoted == (setting->kind == KIND_NUMBER)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "'%s' %s", value,
                    quoted ? "is a number: write it without quotes" : "is a text: write it in quotes");
        return FALSE;
    }
    switch (setting->kind) {
    case KIND_TEXT:
        g_free(*(char **)at);
        *(char **)at = g_strdup(value);
        break;
    case KIND_PERMS:
        return set_perms(at, value, error);
    case KIND_AUTH:
        return set_auth(at, value, error);
    case KIND_NUMBER:
        return set_number(at, value, error);
    }
    return TRUE;
}

/* Returns: whether only a comment follows the value. */
static gboolean is_end(const char *text)
{
    text += strspn(text, " \t\r");
    return !*text || *text == '#';
}

/* Returns: the value in the rest of a line, without quotes, or NULL if the line has no value. */
static char *take_value(const char *rest, gboolean *ret_quoted)
{
    gboolean quoted = *rest == '"' || *rest == '\'';
    const char stop[] = { *rest, '\0' };
    gsize length = quoted ? strcspn(rest + 1, stop) : strcspn(rest, " \t\r#");

    if (quoted ? !rest[length + 1] || !is_end(rest + length + 2) : length == 0 || !is_end(rest + length))
        return NULL;
    *ret_quoted = quoted;
    return g_strndup(rest + quoted, length);
}

static const struct setting *find(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

static gboolean parse_line(RemoteSettings *settings, const char *line, GError **error)
{
    const char *start = line + strspn(line, " \t\r");
    gsize length = strspn(start, G_CSET_a_2_z "_");
    g_autofree char *name = g_strndup(start, length);
    const char *rest = start + length + strspn(start + length, " \t");
    const struct setting *setting = find(name);
    g_autofree char *value = NULL;
    gboolean quoted = FALSE;

    if (is_end(start))
        return TRUE;
    if (length == 0 || *rest != '=' || !(value = take_value(rest + 1 + strspn(rest + 1, " \t"), &quoted))) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "'%s' is not like NAME = \"VALUE\" or NAME = NUMBER", start);
        return FALSE;
    }
    if (!setting) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "there is no setting '%s'", name);
        return FALSE;
    }
    if (set(settings, setting, value, quoted, error))
        return TRUE;
    g_prefix_error(error, "%s: ", name);
    return FALSE;
}

gboolean remote_settings_parse(RemoteSettings *settings, const char *text, const char *name, GError **error)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i]; i++) {
        if (parse_line(settings, lines[i], error))
            continue;
        g_prefix_error(error, "%s:%u: ", name, i + 1);
        return FALSE;
    }
    if (settings->max_clients >= settings->max_anonymous_clients)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "%s: max_clients %u is less than max_anonymous_clients %u", name,
                settings->max_clients, settings->max_anonymous_clients);
    return FALSE;
}

gboolean remote_settings_load(RemoteSettings *settings, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) local = NULL;

    if (g_file_get_contents(path, &text, NULL, &local))
        return remote_settings_parse(settings, text, path, error);
    ccw_error_set_errno(error, g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? ENOENT : EACCES,
                        "cannot read %s", path);
    return FALSE;
}
