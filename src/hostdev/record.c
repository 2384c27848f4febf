/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/record.h"

#include <string.h>

#include "hostdev/token.h"
#include "util/error.h"

#define JOURNAL_VERSION 1

/*
 * The values of 'owner'. Older versions, which do not have it, know what qemu-ccw took by a 'domain' that begins so and
 * has its process id in the last 12 digits; it is written for them still.
 */
#define OWNER_DOMAIN "domain"
#define OWNER_BY_HAND "hand"
#define OWNER_QEMU_CCW "qemu-ccw"
#define PID_DIGITS 12

static const char *const state_names[CCW_CLAIM_LAST] = {
    [CCW_CLAIM_PENDING] = "pending",
    [CCW_CLAIM_OWNED] = "owned",
    [CCW_CLAIM_RELEASING] = "releasing",
};

static const char *const step_names[CCW_STEP_LAST] = {
    [CCW_STEP_OFFLINE] = "offline", [CCW_STEP_OVERRIDE] = "override", [CCW_STEP_UNBIND] = "unbind",
    [CCW_STEP_BIND] = "bind",       [CCW_STEP_MDEV] = "mdev",
};

const char *ccw_step_name(CcwStep step)
{
    return step_names[step];
}

const char *ccw_claim_state_name(CcwClaimState state)
{
    return state_names[state];
}

void ccw_record_free(CcwRecord *record)
{
    if (!record)
        return;
    g_free(record->domain);
    g_free(record->token);
    g_free(record->found_driver);
    g_free(record->found_override);
    ccw_dasd_settings_clear(&record->found_settings);
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

/* The member as a node of the wanted type, or NULL; json_object_get_string_member and its like do not check. */
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
            !find_name(step_names, CCW_STEP_LAST, json_node_get_string(element), &step))
            return FALSE;
        steps |= 1u << step;
    }
    *ret_steps = steps;
    return array != NULL;
}

/* There are none in an entry of an older version, and others in one of a newer. */
static gboolean get_settings(JsonObject *found, CcwDasdSettings *settings)
{
    JsonNode *node = json_object_get_member(found, "settings");
    JsonObject *object = node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

    for (guint i = 0; object && i < CCW_DASD_SETTINGS; i++) {
        const char *value = get_string(object, ccw_dasd_setting_name(i));

        if (value ? !ccw_dasd_setting_is_valid(value) : json_object_has_member(object, ccw_dasd_setting_name(i)))
            return FALSE;
        settings->values[i] = g_strdup(value);
    }
    return object || !node;
}

/* "found": what the device was before anything was done to it. */
static gboolean get_found(JsonObject *object, CcwRecord *record)
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
    /* They become a path's component and an attribute's value. */
    if (driver ? !*driver || strchr(driver, '/') || *driver == '.' : !JSON_NODE_HOLDS_NULL(driver_node))
        return FALSE;
    if (!override || strchr(override, '\n'))
        return FALSE;
    record->found_online = (gint)online;
    record->found_driver = g_strdup(driver);
    record->found_override = g_strdup(override);
    return get_settings(found, &record->found_settings);
}

gboolean ccw_record_is_of_earlier_boot(CcwHost *host, JsonNode *root)
{
    JsonObject *object = root && JSON_NODE_HOLDS_OBJECT(root) ? json_node_get_object(root) : NULL;
    const char *boot = object ? get_string(object, "boot") : NULL;
    g_autofree char *now = boot ? ccw_host_boot(host) : NULL;

    return now && strcmp(boot, now) != 0;
}

gboolean ccw_journal_is_reserved(const char *uuid)
{
    return g_ascii_strncasecmp(uuid, CCW_RESERVED_UUID, strlen(CCW_RESERVED_UUID)) == 0;
}

static gboolean is_uuid_of_qemu_ccw(const char *uuid)
{
    return uuid && ccw_journal_is_reserved(uuid) &&
           strspn(uuid + strlen(CCW_RESERVED_UUID), "0123456789") == PID_DIGITS;
}

/* 'owner', or what an entry of an older version means; NULL if it is malformed. */
static const char *get_owner_kind(JsonObject *object, const char *uuid)
{
    if (json_object_has_member(object, "owner"))
        return get_string(object, "owner");
    return is_uuid_of_qemu_ccw(uuid) ? OWNER_QEMU_CCW : uuid ? OWNER_DOMAIN : OWNER_BY_HAND;
}

static gboolean get_owner(JsonObject *object, CcwRecord *record)
{
    const char *uuid = get_string(object, "domain");
    const char *kind = get_owner_kind(object, uuid);

    if (!kind || (uuid ? !g_uuid_string_is_valid(uuid) : !is_null(object, "domain")))
        return FALSE;
    if (strcmp(kind, OWNER_BY_HAND) == 0)
        return !uuid;
    if (strcmp(kind, OWNER_QEMU_CCW) == 0 && is_uuid_of_qemu_ccw(uuid))
        record->domain = g_strdup_printf(CCW_OWNER_QEMU_CCW "%" G_GUINT64_FORMAT,
                                         g_ascii_strtoull(uuid + strlen(CCW_RESERVED_UUID), NULL, 10));
    else if (strcmp(kind, OWNER_DOMAIN) == 0)
        record->domain = g_strdup(uuid);
    return record->domain != NULL;
}

/* NULL and what is wrong with it. */
CcwRecord *ccw_record_from_json(JsonNode *root, const CcwBusId *id, const char **ret_why)
{
    g_autoptr(CcwRecord) record = g_new0(CcwRecord, 1);
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
    if (!state || !find_name(state_names, CCW_CLAIM_LAST, state, &state_index))
        return NULL;
    record->state = state_index;
    record->token = g_strdup(get_string(object, "token"));
    *ret_why = "its 'since' is not a time";
    if (!get_int(object, "since", 0, G_MAXINT64, &record->since))
        return NULL;
    *ret_why = "its 'owner' is not domain, hand or qemu-ccw, or does not go with its 'domain', a UUID or null";
    if (!get_owner(object, record))
        return NULL;
    *ret_why = "it is pending without a 'token'";
    if (record->state == CCW_CLAIM_PENDING && !record->token)
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
    g_autofree char *uuid = NULL;

    if (owner && g_str_has_prefix(owner, CCW_OWNER_QEMU_CCW))
        uuid = g_strdup_printf(CCW_RESERVED_UUID "%0*" G_GUINT64_FORMAT, PID_DIGITS,
                               g_ascii_strtoull(owner + strlen(CCW_OWNER_QEMU_CCW), NULL, 10));
    add_string(builder, "owner", uuid ? OWNER_QEMU_CCW : owner ? OWNER_DOMAIN : OWNER_BY_HAND);
    add_string(builder, "domain", uuid ? uuid : owner);
}

static void add_settings(JsonBuilder *builder, const CcwDasdSettings *settings)
{
    json_builder_set_member_name(builder, "settings");
    json_builder_begin_object(builder);
    for (guint i = 0; i < CCW_DASD_SETTINGS; i++)
        if (settings->values[i])
            add_string(builder, ccw_dasd_setting_name(i), settings->values[i]);
    json_builder_end_object(builder);
}

JsonNode *ccw_record_to_json(CcwHost *host, const CcwRecord *record)
{
    g_autofree char *boot = ccw_host_boot(host);
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
    add_owner(builder, record->domain);
    if (record->token)
        add_string(builder, "token", record->token);
    json_builder_set_member_name(builder, "found");
    json_builder_begin_object(builder);
    json_builder_set_member_name(builder, "online");
    json_builder_add_int_value(builder, record->found_online);
    add_string(builder, "driver", record->found_driver);
    add_string(builder, "driver-override", record->found_override);
    add_settings(builder, &record->found_settings);
    json_builder_end_object(builder);
    json_builder_set_member_name(builder, "steps");
    json_builder_begin_array(builder);
    for (guint step = 0; step < CCW_STEP_LAST; step++)
        if (record->steps & 1u << step)
            json_builder_add_string_value(builder, step_names[step]);
    json_builder_end_array(builder);
    json_builder_end_object(builder);
    return json_builder_get_root(builder);
}
