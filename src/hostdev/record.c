/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/record.h"

#include <string.h>

#include "hostdev/process.h"
#include "util/error.h"

#define JOURNAL_VERSION 1

/*
 * The values of 'owner'. Older versions do not have this key: for qemu-ccw they use a 'domain' of HOSTDEV_QEMU_CCW_UUID
 * and the process id in the last 12 digits. This version still writes such a 'domain' for them.
 */
#define JSON_OWNER_DOMAIN "domain"
#define JSON_OWNER_ADMINISTRATOR "administrator"
#define JSON_OWNER_HAND "hand" /* an administrator, in an entry of an older version */
#define JSON_OWNER_QEMU_CCW "qemu-ccw"
#define PID_DIGITS 12

static const char *const state_names[HOSTDEV_CLAIM_LAST] = {
    [HOSTDEV_CLAIM_PENDING] = "pending",
    [HOSTDEV_CLAIM_OWNED] = "owned",
    [HOSTDEV_CLAIM_RELEASING] = "releasing",
};

static const char *const step_names[HOSTDEV_STEP_LAST] = {
    [HOSTDEV_STEP_OFFLINE] = "offline", [HOSTDEV_STEP_OVERRIDE] = "override", [HOSTDEV_STEP_UNBIND] = "unbind",
    [HOSTDEV_STEP_BIND] = "bind",       [HOSTDEV_STEP_MDEV] = "mdev",
};

static const char *const owner_names[] = {
    [HOSTDEV_OWNER_DOMAIN] = JSON_OWNER_DOMAIN,
    [HOSTDEV_OWNER_QEMU_CCW] = JSON_OWNER_QEMU_CCW,
    [HOSTDEV_OWNER_ADMINISTRATOR] = JSON_OWNER_ADMINISTRATOR,
};

const char *hostdev_owner_name(HostdevOwner owner)
{
    return owner_names[owner];
}

const char *hostdev_step_name(HostdevStep step)
{
    return step_names[step];
}

const char *hostdev_claim_state_name(HostdevClaimState state)
{
    return state_names[state];
}

void hostdev_record_free(HostdevRecord *record)
{
    if (!record)
        return;
    g_free(record->owner);
    g_free(record->token);
    g_free(record->found_driver);
    g_free(record->found_override);
    g_free(record->found_devtype);
    g_free(record->found_cutype);
    g_free(record->found_volser);
    hostdev_dasd_settings_clear(&record->found_settings);
    g_free(record);
}

static gboolean find_name(const char *const *names, guint n_names, const char *name, guint *ret_index)
{
    for (guint i = 0; i < n_names; i++) {
        if (strcmp(names[i], name) == 0) {
            *ret_index = i;
            return TRUE;
        }
    }
    return FALSE;
}

/* Returns a member if it has the wanted type, else NULL. json_object_get_string_member() and the like do not check. */
static JsonNode *get_value(JsonObject *object, const char *name, GType type)
{
    JsonNode *node = json_object_get_member(object, name);

    return node && JSON_NODE_HOLDS_VALUE(node) && json_node_get_value_type(node) == type ? node : NULL;
}

static const char *get_string(JsonObject *object, const char *name)
{
    JsonNode *node = get_value(object, name, G_TYPE_STRING);

    return node ? json_node_get_string(node) : NULL;
}

static gboolean is_null(JsonObject *object, const char *name)
{
    JsonNode *node = json_object_get_member(object, name);

    return node && JSON_NODE_HOLDS_NULL(node);
}

static gboolean get_int(JsonObject *object, const char *name, gint64 low, gint64 high, gint64 *ret_value)
{
    JsonNode *node = get_value(object, name, G_TYPE_INT64);

    if (!node || json_node_get_int(node) < low || json_node_get_int(node) > high)
        return FALSE;
    *ret_value = json_node_get_int(node);
    return TRUE;
}

static gboolean get_bus_id(JsonObject *object, const char *name, CcwBusId *ret_id)
{
    const char *text = get_string(object, name);

    return text && ccw_bus_id_parse(text, ret_id, NULL);
}

static gboolean get_steps(JsonObject *object, guint *ret_steps)
{
    JsonNode *node = json_object_get_member(object, "steps");
    JsonArray *array = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
    guint steps = 0;

    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        JsonNode *element = json_array_get_element(array, i);
        guint step;

        if (!JSON_NODE_HOLDS_VALUE(element) || json_node_get_value_type(element) != G_TYPE_STRING ||
            !find_name(step_names, HOSTDEV_STEP_LAST, json_node_get_string(element), &step))
            return FALSE;
        steps |= 1u << step;
    }
    *ret_steps = steps;
    return array != NULL;
}

/* An entry of an older version has no settings, and one of a newer version may have more. */
static gboolean get_settings(JsonObject *found, HostdevDasdSettings *settings)
{
    JsonNode *node = json_object_get_member(found, "settings");
    JsonObject *object = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

    for (guint i = 0; object && i < HOSTDEV_DASD_SETTINGS; i++) {
        const char *value = get_string(object, hostdev_dasd_setting_name(i));

        if (value ? !hostdev_dasd_setting_is_valid(value)
                  : json_object_has_member(object, hostdev_dasd_setting_name(i)))
            return FALSE;
        settings->values[i] = g_strdup(value);
    }
    return object || !node;
}

/* Reads "found": the state of the device before the first step. */
static gboolean get_found(JsonObject *object, HostdevRecord *record)
{
    JsonNode *node = json_object_get_member(object, "found");
    JsonObject *found = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
    JsonNode *driver_node = found ? json_object_get_member(found, "driver") : NULL;
    const char *driver, *override;
    gint64 online;

    if (!driver_node || !get_int(found, "online", -1, 1, &online))
        return FALSE;
    driver = get_string(found, "driver");
    override = get_string(found, "driver-override");
    /* A release uses them as a component of a path and as the value of an attribute. */
    if (driver ? !*driver || strchr(driver, '/') || *driver == '.' : !JSON_NODE_HOLDS_NULL(driver_node))
        return FALSE;
    if (!override || strchr(override, '\n'))
        return FALSE;
    record->found_online = (gint)online;
    record->found_driver = g_strdup(driver);
    record->found_override = g_strdup(override);
    /* An entry of an older version does not have them. */
    record->found_devtype = g_strdup(get_string(found, "devtype"));
    record->found_cutype = g_strdup(get_string(found, "cutype"));
    record->found_volser = g_strdup(get_string(found, "volser"));
    return get_settings(found, &record->found_settings);
}

gboolean hostdev_record_is_of_earlier_boot(CssHost *host, JsonNode *root)
{
    JsonObject *object = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
    const char *boot = object ? get_string(object, "boot") : NULL;
    g_autofree char *now = boot ? hostdev_boot(host) : NULL;

    return now && strcmp(boot, now) != 0;
}

gboolean hostdev_record_is_qemu_ccw_uuid(const char *uuid)
{
    return g_ascii_strncasecmp(uuid, HOSTDEV_QEMU_CCW_UUID, strlen(HOSTDEV_QEMU_CCW_UUID)) == 0;
}

static gboolean is_uuid_of_qemu_ccw(const char *uuid)
{
    return uuid && hostdev_record_is_qemu_ccw_uuid(uuid) &&
           strspn(uuid + strlen(HOSTDEV_QEMU_CCW_UUID), "0123456789") == PID_DIGITS;
}

/* Returns 'owner', or its equivalent in an entry of an older version, or NULL if it is malformed. */
static const char *get_owner_kind(JsonObject *object, const char *uuid)
{
    if (json_object_has_member(object, "owner"))
        return get_string(object, "owner");
    return is_uuid_of_qemu_ccw(uuid) ? JSON_OWNER_QEMU_CCW : uuid ? JSON_OWNER_DOMAIN : JSON_OWNER_ADMINISTRATOR;
}

static gboolean get_owner(JsonObject *object, HostdevRecord *record)
{
    const char *uuid = get_string(object, "domain");
    const char *kind = get_owner_kind(object, uuid);

    if (!kind || (uuid ? !g_uuid_string_is_valid(uuid) : !is_null(object, "domain")))
        return FALSE;
    if (strcmp(kind, JSON_OWNER_ADMINISTRATOR) == 0 || strcmp(kind, JSON_OWNER_HAND) == 0)
        return !uuid;
    if (strcmp(kind, JSON_OWNER_QEMU_CCW) == 0 && is_uuid_of_qemu_ccw(uuid))
        record->owner = g_strdup_printf(HOSTDEV_QEMU_CCW_PREFIX "%" G_GUINT64_FORMAT,
                                        g_ascii_strtoull(uuid + strlen(HOSTDEV_QEMU_CCW_UUID), NULL, 10));
    else if (strcmp(kind, JSON_OWNER_DOMAIN) == 0)
        record->owner = g_strdup(uuid);
    return record->owner != NULL;
}

HostdevRecord *hostdev_record_from_json(JsonNode *root, const CcwBusId *id, const char **ret_why)
{
    g_autoptr(HostdevRecord) record = g_new0(HostdevRecord, 1);
    JsonObject *object = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
    const char *state = object ? get_string(object, "state") : NULL;
    guint state_index = 0;
    gint64 version;

    *ret_why = "it is not a JSON object";
    if (!object)
        return NULL;
    *ret_why = "its version is not " G_STRINGIFY(JOURNAL_VERSION);
    if (!get_int(object, "version", JOURNAL_VERSION, JOURNAL_VERSION, &version))
        return NULL;
    *ret_why = "its 'device' is another device";
    if (!get_bus_id(object, "device", &record->device) || !ccw_bus_id_equal(&record->device, id))
        return NULL;
    *ret_why = "its 'state' is not pending, owned or releasing";
    if (!state || !find_name(state_names, HOSTDEV_CLAIM_LAST, state, &state_index))
        return NULL;
    record->state = state_index;
    record->token = g_strdup(get_string(object, "token"));
    *ret_why = "its 'since' is not a time";
    if (!get_int(object, "since", 0, G_MAXINT64, &record->since))
        return NULL;
    *ret_why = "its 'owner' is not domain, administrator or qemu-ccw, or does not go with its 'domain', a UUID or null";
    if (!get_owner(object, record))
        return NULL;
    *ret_why = "it is pending without a 'token'";
    if (record->state == HOSTDEV_CLAIM_PENDING && !record->token)
        return NULL;
    *ret_why = "its 'subchannel', 'found' or 'steps' is malformed";
    if (!get_bus_id(object, "subchannel", &record->subchannel) || !get_found(object, record) ||
        !get_steps(object, &record->steps))
        return NULL;
    return g_steal_pointer(&record);
}

static void add_bus_id(JsonBuilder *builder, const char *name, const CcwBusId *id)
{
    char buf[CCW_BUS_ID_STR_LEN];

    json_builder_set_member_name(builder, name);
    json_builder_add_string_value(builder, ccw_bus_id_format(id, buf));
}

static void add_string(JsonBuilder *builder, const char *name, const char *value)
{
    json_builder_set_member_name(builder, name);
    if (value)
        json_builder_add_string_value(builder, value);
    else
        json_builder_add_null_value(builder);
}

static void add_owner(JsonBuilder *builder, const char *owner)
{
    HostdevOwner kind = hostdev_owner_kind(owner);
    g_autofree char *uuid = NULL;

    if (kind == HOSTDEV_OWNER_QEMU_CCW)
        uuid = g_strdup_printf(HOSTDEV_QEMU_CCW_UUID "%0*" G_GUINT64_FORMAT, PID_DIGITS,
                               g_ascii_strtoull(owner + strlen(HOSTDEV_QEMU_CCW_PREFIX), NULL, 10));
    add_string(builder, "owner", owner_names[kind]);
    add_string(builder, "domain", uuid ? uuid : owner);
}

static void add_settings(JsonBuilder *builder, const HostdevDasdSettings *settings)
{
    json_builder_set_member_name(builder, "settings");
    json_builder_begin_object(builder);
    for (guint i = 0; i < HOSTDEV_DASD_SETTINGS; i++)
        if (settings->values[i])
            add_string(builder, hostdev_dasd_setting_name(i), settings->values[i]);
    json_builder_end_object(builder);
}

JsonNode *hostdev_record_to_json(CssHost *host, const HostdevRecord *record)
{
    g_autofree char *boot = hostdev_boot(host);
    g_autoptr(JsonBuilder) builder = json_builder_new();

    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "version");
    json_builder_add_int_value(builder, JOURNAL_VERSION);
    add_bus_id(builder, "device", &record->device);
    add_bus_id(builder, "subchannel", &record->subchannel);
    add_string(builder, "state", state_names[record->state]);
    json_builder_set_member_name(builder, "since");
    json_builder_add_int_value(builder, record->since);
    if (boot)
        add_string(builder, "boot", boot);
    add_owner(builder, record->owner);
    if (record->token)
        add_string(builder, "token", record->token);
    json_builder_set_member_name(builder, "found");
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "online");
    json_builder_add_int_value(builder, record->found_online);
    add_string(builder, "driver", record->found_driver);
    add_string(builder, "driver-override", record->found_override);
    if (record->found_devtype)
        add_string(builder, "devtype", record->found_devtype);
    if (record->found_cutype)
        add_string(builder, "cutype", record->found_cutype);
    if (record->found_volser)
        add_string(builder, "volser", record->found_volser);
    add_settings(builder, &record->found_settings);
    json_builder_end_object(builder);
    json_builder_set_member_name(builder, "steps");
    json_builder_begin_array(builder);
    for (guint step = 0; step < HOSTDEV_STEP_LAST; step++)
        if (record->steps & 1u << step)
            json_builder_add_string_value(builder, step_names[step]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    return json_builder_get_root(builder);
}
