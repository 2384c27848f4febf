/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starts an emulator, asks it for its capabilities over QMP, and reads its answers. virtccwd does not link this file
 * (tests/tools/test-virtccwd-links.py).
 */
#include <string.h>

#include "qemu/caps.h"
#include "qemu/json.h"
#include "qemu/qmp.h"
#include "util/error.h"

#define MACHINE "s390-ccw-virtio"
#define LONGEST_NAME 100

/* Returns: whether one of the objects in the array has this "name". array may be NULL. */
static gboolean has_name(JsonArray *array, const char *name)
{
    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);

        if (JSON_NODE_HOLDS_OBJECT(node) && g_strcmp0(qemu_json_string(json_node_get_object(node), "name"), name) == 0)
            return TRUE;
    }
    return FALSE;
}

/* The state while the answers are read. */
typedef struct {
    QemuCaps *caps;
    gboolean has_hostid, has_squash_mcss;
} Reading;

static void read_target(Reading *reading, JsonObject *answer)
{
    const char *target = qemu_json_string(qemu_json_object(answer, "return"), "arch");

    if (target && strlen(target) <= LONGEST_NAME) {
        g_free(reading->caps->target);
        reading->caps->target = g_strdup(target);
    }
}

static void read_device(Reading *reading, JsonObject *answer)
{
    JsonArray *properties = qemu_json_array(answer, "return");

    reading->caps->has_vfio_ccw = properties != NULL;
    reading->caps->has_boot_index = has_name(properties, "bootindex");
    reading->caps->has_force_orb_pfch = has_name(properties, "force-orb-pfch");
    reading->caps->has_loadparm = has_name(properties, "loadparm");
    reading->caps->has_iommufd = has_name(properties, "iommufd");
    reading->has_hostid = has_name(properties, "hostid");
}

static void read_options(Reading *reading, JsonArray *options)
{
    reading->has_squash_mcss = reading->has_squash_mcss || has_name(options, "s390-squash-mcss");
}

static void read_machine(Reading *reading, JsonObject *answer)
{
    read_options(reading, qemu_json_array(answer, "return"));
}

/* The answer is [{"option": "machine", "parameters": [...]}]. */
static void read_machine_options(Reading *reading, JsonObject *answer)
{
    JsonArray *array = qemu_json_array(answer, "return");

    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);

        if (JSON_NODE_HOLDS_OBJECT(node))
            read_options(reading, qemu_json_array(json_node_get_object(node), "parameters"));
    }
}

/* Returns: the name of the machine that has the alias s390-ccw-virtio, if it is safe to put into a question; NULL. */
static const char *find_machine(JsonObject *answer)
{
    JsonArray *machines = qemu_json_array(answer, "return");

    for (guint i = 0; machines && i < json_array_get_length(machines); i++) {
        JsonNode *node = json_array_get_element(machines, i);
        JsonObject *machine = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
        const char *name = qemu_json_string(machine, "name");

        if (name && strlen(name) <= LONGEST_NAME && strspn(name, G_CSET_a_2_z G_CSET_DIGITS ".-") == strlen(name) &&
            (strcmp(name, MACHINE) == 0 || g_strcmp0(qemu_json_string(machine, "alias"), MACHINE) == 0))
            return name;
    }
    return NULL;
}

static void read_machines(Reading *reading, JsonObject *answer)
{
    reading->caps->has_ccw_machine = find_machine(answer) != NULL;
}

/* The questions in their order. qemu_caps_record() makes the arguments of "machine" from the answer to "machines". */
static const struct {
    const char *id;
    const char *command;
    const char *arguments;
    void (*read)(Reading *reading, JsonObject *answer);
} questions[] = {
    { "target", "query-target", NULL, read_target },
    { "device", "device-list-properties", "{\"typename\":\"vfio-ccw\"}", read_device },
    { "machine-options", "query-command-line-options", "{\"option\":\"machine\"}", read_machine_options },
    { "machines", "query-machines", NULL, read_machines },
    { "machine", "qom-list-properties", NULL, read_machine }, /* since QEMU 2.12 */
};

static void read_greeting(Reading *reading, JsonObject *greeting)
{
    JsonObject *version = qemu_json_object(qemu_json_object(greeting, "version"), "qemu");

    g_free(reading->caps->version);
    reading->caps->version =
        g_strdup_printf("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT, qemu_json_int(version, "major"),
                        qemu_json_int(version, "minor"), qemu_json_int(version, "micro"));
}

static QemuCapsDialect find_dialect(const Reading *reading)
{
    if (reading->has_hostid)
        return QEMU_CAPS_SERIES;
    return reading->has_squash_mcss ? QEMU_CAPS_SQUASH_MCSS : QEMU_CAPS_STOCK;
}

static void read_answer(Reading *reading, JsonObject *answer)
{
    const char *id = qemu_json_string(answer, "id");

    if (qemu_json_object(answer, "QMP"))
        read_greeting(reading, qemu_json_object(answer, "QMP"));
    for (gsize i = 0; id && i < G_N_ELEMENTS(questions); i++)
        if (strcmp(id, questions[i].id) == 0)
            questions[i].read(reading, answer);
}

QemuCaps *qemu_caps_read(const char *answers, GError **error)
{
    g_autoptr(QemuCaps) caps = g_new0(QemuCaps, 1);
    g_auto(GStrv) lines = g_strsplit(answers, "\n", -1);
    Reading reading = { .caps = caps };

    for (char **line = lines; *line; line++) {
        g_autoptr(JsonObject) answer = **line == '{' ? qemu_json_parse(*line) : NULL;

        if (answer)
            read_answer(&reading, answer);
    }
    if (!caps->version || !caps->target) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED, "the emulator does not report its %s over QMP",
                    caps->version ? "target" : "version");
        return NULL;
    }
    caps->dialect = find_dialect(&reading);
    return g_steal_pointer(&caps);
}

char *qemu_caps_record(const char *emulator, GError **error)
{
    g_autoptr(QemuQmp) qmp = qemu_qmp_start(emulator, error);
    g_autofree char *class = NULL;

    if (!qmp)
        return NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(questions); i++) {
        const char *arguments = questions[i].read == read_machine ? class : questions[i].arguments;
        g_autoptr(JsonObject) answer = NULL;

        if (questions[i].read == read_machine && !class)
            continue;
        answer = qemu_qmp_ask(qmp, questions[i].id, questions[i].command, arguments, error);
        if (!answer)
            return NULL;
        if (questions[i].read == read_machines && find_machine(answer))
            class = g_strdup_printf("{\"typename\":\"%s-machine\"}", find_machine(answer));
    }
    return g_strdup(qemu_qmp_transcript(qmp));
}
