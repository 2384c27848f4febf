/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/procedures.h"

#include <stdlib.h>

#include "rpc/wire.h"

/* Field names without their prefix, for the table's sake. */
#define U32 CCW_FIELD_U32
#define STRING CCW_FIELD_STRING
#define OPT_STRING CCW_FIELD_OPT_STRING
#define DOMAIN CCW_FIELD_DOMAIN
#define NODE CCW_FIELD_NODE
#define XML CCW_FIELD_XML
#define OPT_XML CCW_FIELD_OPT_XML
#define PARAMS CCW_FIELD_PARAMS
#define OPAQUE CCW_FIELD_OPAQUE
#define U64 CCW_FIELD_U64
#define ATTACH .action = CCW_ACTION_ATTACH
#define DETACH .action = CCW_ACTION_DETACH
#define BY_HAND .action = CCW_ACTION_BY_HAND
#define NODE_CALL .action = CCW_ACTION_NODE
#define NODES_CALL .action = CCW_ACTION_NODES
#define DEFINE .action = CCW_ACTION_DEFINE
#define MIGRATE .action = CCW_ACTION_MIGRATE
#define DOMCAPS .action = CCW_ACTION_DOMCAPS
#define MESSAGES .action = CCW_ACTION_MESSAGES
#define STARTS .starts = TRUE

/* A row of the remote program: arguments and results in braces, in the order of the wire. */
#define CALL(...) .call = { __VA_ARGS__ }
#define REPLY(...) .reply = { __VA_ARGS__ }
#define ROW(number, name, ...)                                                                                         \
    {                                                                                                                  \
        CCW_PROGRAM_REMOTE, number, name, __VA_ARGS__                                                                  \
    }

/*
 * Every procedure up to CCW_PROCEDURES_CHECKED with domain or device XML, or the name of a node device, in it, and
 * those that start a domain, but for these:
 *   - what MIGRATE_BEGIN3 (213, 302) answers: libvirt's client hands it on to the other host as it is, which need not
 *     have a virtccwd;
 *   - 421 DOMAIN_BACKUP_BEGIN, whose checkpoint has no domain in it, and 422;
 *   - what 136 DOMAIN_XML_TO_NATIVE answers: a command line, in which the UUID is a path;
 *   - 297, which finds SCSI hosts only, and events (376, 377), which name a node device as libvirt does.
 */
// clang-format off
static const CcwProcedure table[] = {
    ROW(8,   "DOMAIN_ATTACH_DEVICE",               CALL(DOMAIN, XML), ATTACH),
    ROW(9,   "DOMAIN_CREATE",                      STARTS),
    ROW(10,  "DOMAIN_CREATE_XML",                  CALL(XML, U32), DEFINE, STARTS),
    ROW(11,  "DOMAIN_DEFINE_XML",                  CALL(XML), DEFINE),
    ROW(13,  "DOMAIN_DETACH_DEVICE",               CALL(DOMAIN, XML), DETACH),
    ROW(14,  "DOMAIN_GET_XML_DESC",                REPLY(XML)),
    ROW(54,  "DOMAIN_RESTORE",                     STARTS),
    ROW(62,  "DOMAIN_MIGRATE_PERFORM",             CALL(DOMAIN, OPAQUE, STRING, U64, OPT_STRING, U64), MIGRATE),
    ROW(108, "DOMAIN_MIGRATE_PREPARE2",            CALL(OPT_STRING, U64, OPT_STRING, U64, XML), MIGRATE),
    ROW(111, "NODE_NUM_OF_DEVICES",                CALL(OPT_STRING, U32), NODES_CALL),
    ROW(112, "NODE_LIST_DEVICES",                  CALL(OPT_STRING, U32, U32), NODES_CALL),
    ROW(113, "NODE_DEVICE_LOOKUP_BY_NAME",         CALL(NODE), NODE_CALL),
    ROW(114, "NODE_DEVICE_GET_XML_DESC",           CALL(NODE, U32), REPLY(XML), NODE_CALL, .of_node = TRUE),
    ROW(115, "NODE_DEVICE_GET_PARENT",             CALL(NODE), NODE_CALL),
    ROW(116, "NODE_DEVICE_NUM_OF_CAPS",            CALL(NODE), NODE_CALL),
    ROW(117, "NODE_DEVICE_LIST_CAPS",              CALL(NODE, U32), NODE_CALL),
    ROW(118, "NODE_DEVICE_DETTACH",                CALL(NODE), BY_HAND),
    ROW(119, "NODE_DEVICE_RE_ATTACH",              CALL(NODE), BY_HAND),
    ROW(120, "NODE_DEVICE_RESET",                  CALL(NODE), BY_HAND),
    ROW(123, "NODE_DEVICE_CREATE_XML",             CALL(XML, U32), .of_node = TRUE),
    ROW(124, "NODE_DEVICE_DESTROY",                CALL(NODE), NODE_CALL),
    ROW(135, "CONNECT_DOMAIN_XML_FROM_NATIVE",     REPLY(XML)),
    ROW(136, "CONNECT_DOMAIN_XML_TO_NATIVE",       CALL(STRING, XML, U32)),
    ROW(148, "DOMAIN_MIGRATE_PREPARE_TUNNEL",      CALL(U64, OPT_STRING, U64, XML), MIGRATE),
    ROW(160, "DOMAIN_ATTACH_DEVICE_FLAGS",         CALL(DOMAIN, XML, U32), ATTACH),
    ROW(161, "DOMAIN_DETACH_DEVICE_FLAGS",         CALL(DOMAIN, XML, U32), DETACH),
    ROW(174, "DOMAIN_UPDATE_DEVICE_FLAGS",         CALL(DOMAIN, XML, U32)),
    ROW(185, "DOMAIN_SNAPSHOT_CREATE_XML",         CALL(DOMAIN, XML, U32)),
    ROW(186, "DOMAIN_SNAPSHOT_GET_XML_DESC",       REPLY(XML)),
    ROW(192, "DOMAIN_REVERT_TO_SNAPSHOT",          STARTS),
    ROW(196, "DOMAIN_CREATE_WITH_FLAGS",           STARTS),
    ROW(213, "DOMAIN_MIGRATE_BEGIN3",              CALL(DOMAIN, OPT_XML, U64, OPT_STRING, U64), MIGRATE),
    ROW(214, "DOMAIN_MIGRATE_PREPARE3",            CALL(OPAQUE, OPT_STRING, U64, OPT_STRING, U64, XML), MIGRATE),
    ROW(215, "DOMAIN_MIGRATE_PREPARE_TUNNEL3",     CALL(OPAQUE, U64, OPT_STRING, U64, XML), MIGRATE),
    ROW(216, "DOMAIN_MIGRATE_PERFORM3",            CALL(DOMAIN, OPT_XML, OPAQUE, OPT_STRING, OPT_STRING, U64,
                                                        OPT_STRING, U64), MIGRATE),
    ROW(232, "DOMAIN_SAVE_FLAGS",                  CALL(DOMAIN, STRING, OPT_XML, U32)),
    ROW(233, "DOMAIN_RESTORE_FLAGS",               CALL(STRING, OPT_XML, U32), STARTS),
    ROW(235, "DOMAIN_SAVE_IMAGE_GET_XML_DESC",     REPLY(XML)),
    ROW(236, "DOMAIN_SAVE_IMAGE_DEFINE_XML",       CALL(STRING, XML, U32)),
    ROW(285, "CONNECT_LIST_ALL_NODE_DEVICES",      CALL(U32, U32), NODES_CALL),
    ROW(301, "NODE_DEVICE_DETACH_FLAGS",           CALL(NODE, OPT_STRING, U32), BY_HAND),
    ROW(302, "DOMAIN_MIGRATE_BEGIN3_PARAMS",       CALL(DOMAIN, PARAMS, U32), MIGRATE),
    ROW(303, "DOMAIN_MIGRATE_PREPARE3_PARAMS",     CALL(PARAMS, OPAQUE, U32), MIGRATE),
    ROW(304, "DOMAIN_MIGRATE_PREPARE_TUNNEL3_PARAMS", CALL(PARAMS, OPAQUE, U32), MIGRATE),
    ROW(305, "DOMAIN_MIGRATE_PERFORM3_PARAMS",     CALL(DOMAIN, OPT_STRING, PARAMS, OPAQUE, U32), MIGRATE),
    ROW(309, "DOMAIN_CREATE_XML_WITH_FILES",       CALL(XML, U32), DEFINE, STARTS, .has_fds = TRUE),
    ROW(310, "DOMAIN_CREATE_WITH_FILES",           STARTS),
    ROW(342, "CONNECT_GET_DOMAIN_CAPABILITIES",    CALL(OPT_STRING, OPT_STRING, OPT_STRING, OPT_STRING, U32), DOMCAPS),
    ROW(350, "DOMAIN_DEFINE_XML_FLAGS",            CALL(XML, U32), DEFINE),
    ROW(388, "DOMAIN_MANAGED_SAVE_GET_XML_DESC",   REPLY(XML)),
    ROW(389, "DOMAIN_MANAGED_SAVE_DEFINE_XML",     CALL(DOMAIN, OPT_XML, U32)),
    ROW(392, "DOMAIN_DETACH_DEVICE_ALIAS",         CALL(DOMAIN, STRING, U32), DETACH),
    ROW(411, "DOMAIN_CHECKPOINT_CREATE_XML",       CALL(DOMAIN, XML, U32)),
    ROW(412, "DOMAIN_CHECKPOINT_GET_XML_DESC",     REPLY(XML)),
    ROW(426, "DOMAIN_GET_MESSAGES",                CALL(DOMAIN, U32), MESSAGES),
    ROW(428, "NODE_DEVICE_DEFINE_XML",             CALL(XML, U32), .of_node = TRUE),
    ROW(429, "NODE_DEVICE_UNDEFINE",               CALL(NODE, U32), NODE_CALL),
    ROW(430, "NODE_DEVICE_CREATE",                 CALL(NODE, U32), NODE_CALL),
    ROW(433, "NODE_DEVICE_GET_AUTOSTART",          CALL(NODE), NODE_CALL),
    ROW(434, "NODE_DEVICE_SET_AUTOSTART",          CALL(NODE, U32), NODE_CALL),
    ROW(435, "NODE_DEVICE_IS_PERSISTENT",          CALL(NODE), NODE_CALL),
    ROW(436, "NODE_DEVICE_IS_ACTIVE",              CALL(NODE), NODE_CALL),
    ROW(440, "DOMAIN_SAVE_PARAMS",                 CALL(DOMAIN, PARAMS, U32)),
    ROW(441, "DOMAIN_RESTORE_PARAMS",              CALL(PARAMS, U32), STARTS),
    ROW(447, "NODE_DEVICE_UPDATE",                 CALL(NODE, XML, U32), NODE_CALL, .of_node = TRUE),
};

/* code, domain, message, level, dom, str1, str2, str3, int1, int2, net */
const CcwField ccw_error_fields[CCW_FIELDS_MAX] = {
    U32, U32, CCW_FIELD_OPT_TEXT, U32, CCW_FIELD_OPT_DOMAIN, CCW_FIELD_OPT_TEXT, CCW_FIELD_OPT_TEXT,
    CCW_FIELD_OPT_TEXT, U32, U32, CCW_FIELD_OPT_NETWORK,
};
// clang-format on

static int compare(const void *key, const void *row)
{
    const CcwProcedure *a = key;
    const CcwProcedure *b = row;

    if (a->program != b->program)
        return a->program < b->program ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

const CcwProcedure *ccw_procedure_lookup(guint32 program, gint32 number)
{
    const CcwProcedure key = { .program = program, .number = number };

    return bsearch(&key, table, G_N_ELEMENTS(table), sizeof(table[0]), compare);
}

const CcwProcedure *ccw_procedures(gsize *ret_count)
{
    *ret_count = G_N_ELEMENTS(table);
    return table;
}
