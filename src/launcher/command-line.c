/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launcher/command-line.h"

#include <string.h>

#include "util/emulator.h"
#include "util/error.h"

static gboolean parse_dasd(const char *name G_GNUC_UNUSED, const char *value, gpointer data, GError **error)
{
    Launcher *launch = data;
    const char *equals = strchr(value, '=');
    g_autofree char *text = equals ? g_strndup(value, (gsize)(equals - value)) : NULL;
    DasdImageOptions options;
    g_autofree char *path = equals ? dasd_image_parse(equals + 1, &options) : NULL;
    CcwBusId id;

    if (!path || !*path) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--dasd %s: give it as BUSID=IMAGE[,ro][,sync][,snapshot], for example 0.0.1234=disk.ckd", value);
        return FALSE;
    }
    if (!ccw_bus_id_read(text, &id, error)) {
        g_prefix_error(error, "--dasd %s: ", value);
        return FALSE;
    }
    if (launcher_find_dasd(launch, &id)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "--dasd %s: device %s has an image already: %s", value, text,
                    launcher_find_dasd(launch, &id)->path);
        return FALSE;
    }
    launcher_add_dasd(launch, &id, path, &options);
    return TRUE;
}

static gboolean parse_qemu(const char *name G_GNUC_UNUSED, const char *value, gpointer data, GError **error)
{
    Launcher *launch = data;

    if (launch->argv->program || !*value) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--qemu %s: give one program, and --qemu once",
                    value);
        return FALSE;
    }
    launch->argv->program = g_strdup(value);
    return TRUE;
}

static gboolean parse_qmp(const char *name G_GNUC_UNUSED, const char *value, gpointer data, GError **error)
{
    Launcher *launch = data;

    if (launch->qmp || !*value) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--qmp %s: give one path, and --qmp once", value);
        return FALSE;
    }
    launch->qmp = g_strdup(value);
    return TRUE;
}

static gboolean parse_snapshot_dir(const char *name G_GNUC_UNUSED, const char *value, gpointer data, GError **error)
{
    Launcher *launch = data;

    if (launch->snapshot_dir || !*value) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--snapshot-dir %s: give one folder, and --snapshot-dir once", value);
        return FALSE;
    }
    launch->snapshot_dir = g_strdup(value);
    return TRUE;
}

static gboolean parse_help(const char *name G_GNUC_UNUSED, const char *value G_GNUC_UNUSED, gpointer data,
                           GError **error G_GNUC_UNUSED)
{
    Launcher *launch = data;

    launch->is_help = TRUE;
    return TRUE;
}

static gboolean parse_version(const char *name G_GNUC_UNUSED, const char *value G_GNUC_UNUSED, gpointer data,
                              GError **error G_GNUC_UNUSED)
{
    Launcher *launch = data;

    launch->is_version = TRUE;
    return TRUE;
}

/* GOption does not parse them, because it would take QEMU's options, too. arg_data is a GOptionArgFunc. */
const GOptionEntry launcher_options[] = {
    { "dasd", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)parse_dasd,
      "Make a channel device, for example 0.0.1234, from the DASD in IMAGE; repeatable. ro: read-only; sync: the "
      "guest's write ends when the data is on the disk, so that it survives a power cut; snapshot: IMAGE is only read, "
      "and the guest's writes are thrown away at the end",
      "BUSID=IMAGE[,ro][,sync][,snapshot]" },
    { "snapshot-dir", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)parse_snapshot_dir,
      "Put what guests write to snapshots into DIR, and not into $TMPDIR or /var/tmp", "DIR" },
    { "qemu", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)parse_qemu, "The emulator [" CCW_EMULATOR_DEFAULT "]",
      "EMULATOR" },
    { "qmp", 0, 0, G_OPTION_ARG_CALLBACK, (gpointer)parse_qmp,
      "Make a QMP monitor at a unix socket; its device_add knows hostid", "PATH" },
    { "help", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer)parse_help,
      "Show this help (-help, with one dash, is QEMU's own)", NULL },
    { "version", 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer)parse_version, "Show the version", NULL },
    G_OPTION_ENTRY_NULL,
};

/* Parses one of our options, "--dasd VALUE" or "--dasd=VALUE". Returns: the number of its words; 0 with an error. */
static guint parse_own(Launcher *launch, char *const *words, GError **error)
{
    gsize length = strcspn(words[0], "=");
    const char *value = words[0][length] ? words[0] + length + 1 : NULL;

    for (const GOptionEntry *option = launcher_options; option->long_name; option++) {
        gboolean has_value = !(option->flags & G_OPTION_FLAG_NO_ARG);
        guint used = 1;

        if (strlen(option->long_name) != length - 2 || strncmp(option->long_name, words[0] + 2, length - 2) != 0)
            continue;
        if (has_value && !value) {
            value = words[1];
            used = 2;
        }
        if (has_value != (value != NULL)) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--%s %s", option->long_name,
                        value ? "takes no value" : "needs a value");
            return 0;
        }
        return ((GOptionArgFunc)option->arg_data)(option->long_name, value, launch, error) ? used : 0;
    }
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                "there is no option '%s' (QEMU's own are written with one dash, or after --)", words[0]);
    return 0;
}

static gboolean is_emulator(const char *word)
{
    return word[0] == '/' && ccw_emulator_is_qemu(word) && g_file_test(word, G_FILE_TEST_IS_EXECUTABLE);
}

Launcher *launcher_parse(char *const *words, GError **error)
{
    g_autoptr(Launcher) launch = launcher_new();
    gboolean is_all_qemu = FALSE;

    while (*words) {
        guint used = 1;

        if (!is_all_qemu && strcmp(*words, "--") == 0)
            is_all_qemu = TRUE;
        else if (!is_all_qemu && g_str_has_prefix(*words, "--"))
            used = parse_own(launch, words, error);
        else if (launch->argv->args->len == 0 && !launch->argv->program && is_emulator(*words))
            launch->argv->program = g_strdup(*words);
        else
            used = qemu_argv_add_words(launch->argv, words);
        if (used == 0)
            return NULL;
        words += used;
    }
    return g_steal_pointer(&launch);
}
