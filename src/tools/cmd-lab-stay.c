/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-ccw lab start, enter, stop and list: labs that stay. */
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd-lab.h"
#include "lab/lab-record.h"
#include "lab/lab.h"
#include "util/error.h"

static const char *const state_names[] = {
    [LAB_RECORD_DIED] = "died",
    [LAB_RECORD_STARTING] = "starting",
    [LAB_RECORD_RUNNING] = "running",
};

static const GOptionEntry start_options[] = {
    CMD_LAB_OPTIONS("when the lab ends", "commands in the lab"),
    G_OPTION_ENTRY_NULL,
};

static gboolean is_list_json;

static const GOptionEntry list_options[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &is_list_json, "Print an array of objects", NULL },
    G_OPTION_ENTRY_NULL,
};

/* Returns: whether there is one argument, the name of a lab; prints how to give it otherwise. */
static gboolean has_one_name(int argc, char **argv)
{
    if (argc < 2)
        cmd_usage("the name of the lab is missing");
    else if (argc > 2)
        cmd_usage("'%s' is one argument too many", argv[2]);
    return argc == 2;
}

static int run_start(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) devices = NULL;
    g_auto(GStrv) dasds = NULL;
    g_autofree char *uri = NULL;
    LabSettings settings = { .writable = cmd_lab_given.writable, .has_network = cmd_lab_given.has_network };
    int rc;

    if (!has_one_name(argc, argv) || !cmd_lab_check_dasds())
        return CMD_USAGE;
    devices = cmd_lab_open_devices(&error);
    if (!devices)
        return cmd_fail(g_steal_pointer(&error));
    settings.devices = devices;
    dasds = cmd_lab_describe_devices(devices);
    rc = lab_start(argv[1], &settings, dasds, &uri, &error);
    if (rc < 0)
        return cmd_fail(g_steal_pointer(&error));
    if (rc > 0)
        return rc;
    printf("%s\n", uri);
    if (!cmd_is_quiet && isatty(STDOUT_FILENO))
        printf("\nThe lab '%s' runs: 'virsh -c URI' reaches its libvirt, 'virt-ccw lab enter %s' is a shell in it, and "
               "'virt-ccw lab stop %s' ends it.\n",
               argv[1], argv[1], argv[1]);
    return CMD_OK;
}

static int run_enter(int argc, char **argv)
{
    const char *shell = g_getenv("SHELL");
    char *command[] = { (char *)(shell && *shell ? shell : "/bin/sh"), NULL };
    g_autoptr(GError) error = NULL;
    int rc;

    if (!has_one_name(argc, argv))
        return CMD_USAGE;
    rc = lab_enter(argv[1], command, &error);
    return rc < 0 ? cmd_fail(g_steal_pointer(&error)) : rc;
}

static int run_stop(int argc, char **argv)
{
    int code = CMD_OK;

    if (argc < 2)
        return cmd_usage("the name of the lab is missing");
    for (char **name = argv + 1; *name; name++) {
        g_autoptr(GError) error = NULL;
        gboolean has_died = FALSE;

        if (!lab_stop(*name, &has_died, &error))
            code = cmd_fail(g_steal_pointer(&error));
        else if (has_died)
            cmd_warning("the lab '%s' had died; what it left is removed", *name);
    }
    return code;
}

static char *format_time(gint64 seconds)
{
    g_autoptr(GDateTime) time = seconds ? g_date_time_new_from_unix_local(seconds) : NULL;

    return time ? g_date_time_format(time, "%F %T") : g_strdup("-");
}

static void print_table(const GPtrArray *records)
{
    int width = (int)sizeof("NAME") - 1;

    if (records->len == 0)
        return;
    for (guint i = 0; i < records->len; i++)
        width = MAX(width, (int)strlen(((const LabRecord *)records->pdata[i])->name));
    printf("%-*s  %-8s  %-19s  %5s  %s\n", width, "NAME", "STATE", "STARTED", "DASDS", "URI");
    for (guint i = 0; i < records->len; i++) {
        const LabRecord *record = records->pdata[i];
        g_autofree char *started = format_time(record->started);

        printf("%-*s  %-8s  %-19s  %5u  %s\n", width, record->name, state_names[record->state], started,
               g_strv_length(record->dasds), record->state == LAB_RECORD_RUNNING ? record->uri : "-");
    }
}

static void add_string(JsonBuilder *builder, const char *name, const char *value)
{
    g_autofree char *valid = value ? g_utf8_make_valid(value, -1) : NULL;

    if (name)
        json_builder_set_member_name(builder, name);
    if (valid)
        json_builder_add_string_value(builder, valid);
    else
        json_builder_add_null_value(builder);
}

static void add_number(JsonBuilder *builder, const char *name, gint64 value)
{
    json_builder_set_member_name(builder, name);
    if (value > 0)
        json_builder_add_int_value(builder, value);
    else
        json_builder_add_null_value(builder);
}

static void add_record(JsonBuilder *builder, const LabRecord *record)
{
    gboolean lives = record->state != LAB_RECORD_DIED;
    g_autofree char *log = g_build_filename(record->folder, "log", NULL);

    json_builder_begin_object(builder);
    add_string(builder, "name", record->name);
    add_string(builder, "state", state_names[record->state]);
    add_string(builder, "uri", lives ? record->uri : NULL);
    add_number(builder, "pid", lives ? record->pid : 0);
    add_number(builder, "started_s", record->started);
    add_string(builder, "network", record->network);
    add_string(builder, "log", log);
    json_builder_set_member_name(builder, "dasds");
    json_builder_begin_array(builder);
    for (char **dasd = record->dasds; *dasd; dasd++)
        add_string(builder, NULL, *dasd);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
}

static void print_json(const GPtrArray *records)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    g_autoptr(JsonNode) root = NULL;
    g_autofree char *text = NULL;

    json_builder_begin_array(builder);
    for (guint i = 0; i < records->len; i++)
        add_record(builder, records->pdata[i]);
    json_builder_end_array(builder);
    root = json_builder_get_root(builder);
    text = json_to_string(root, TRUE);
    printf("%s\n", text);
}

static int run_list(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) records = NULL;

    if (argc > 1)
        return cmd_usage("'%s' is one argument too many", argv[1]);
    records = lab_record_list(&error);
    if (!records)
        return cmd_fail(g_steal_pointer(&error));
    if (is_list_json)
        print_json(records);
    else
        print_table(records);
    return CMD_OK;
}

const CmdCommand cmd_lab_start = {
    .name = "start",
    .summary = "start a lab that stays",
    .description = "Starts a lab that stays until 'virt-ccw lab stop', and prints the URI of its libvirt, for clients "
                   "outside the lab: 'virsh -c URI list'.",
    .arguments = "NAME",
    .options = start_options,
    .func = run_start,
};

const CmdCommand cmd_lab_enter = {
    .name = "enter",
    .summary = "run a shell in a lab that stays",
    .description = "Runs the shell of the variable SHELL, or /bin/sh, in a lab that stays.",
    .arguments = "LAB",
    .func = run_enter,
};

const CmdCommand cmd_lab_stop = {
    .name = "stop",
    .summary = "end labs that stay",
    .description = "Ends labs that stay, with all processes in them. Guests that run end as by a power cut: shut them "
                   "down before.",
    .arguments = "LAB...",
    .func = run_stop,
};

const CmdCommand cmd_lab_list = {
    .name = "list",
    .summary = "list the labs that stay",
    .description = "Lists the labs of this user that stay. A lab that was killed is listed as died, and keeps its log, "
                   "until 'virt-ccw "
                   "lab stop' removes it or 'virt-ccw lab start' uses its name again.",
    .options = list_options,
    .func = run_list,
};
