/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/procedures.h"

#include <stdlib.h>

#include "remote/calls/calls.h"
#include "rpc/wire.h"

/* A longer call with a node device's name cannot name one of ours. */
#define NODE_CALL_MAX 16384u

/* Short names, for the table. */
#define U32 REMOTE_FIELD_U32
#define STRING REMOTE_FIELD_STRING
#define OPT_STRING REMOTE_FIELD_OPT_STRING
#define DOMAIN REMOTE_FIELD_DOMAIN
#define NODE REMOTE_FIELD_NODE
#define XML REMOTE_FIELD_XML
#define OPT_XML REMOTE_FIELD_OPT_XML
#define PARAMS REMOTE_FIELD_PARAMS
#define OPAQUE REMOTE_FIELD_OPAQUE
#define U64 REMOTE_FIELD_U64
#define DEVICE .xml = REMOTE_XML_DEVICE
#define NODE_DEVICE .xml = REMOTE_XML_NODE_DEVICE
#define WRITE .is_write = TRUE
#define STARTS .starts = TRUE
#define ATTACH .handler = remote_attach_begin, .is_for_ours = TRUE, DEVICE, WRITE
#define DETACH .handler = remote_detach_begin, DEVICE, WRITE
#define DEFINE .handler = remote_define_begin, .is_for_ours = TRUE, .is_validated = TRUE, WRITE
#define MIGRATE .handler = remote_migrate_begin, WRITE
#define CAPABILITIES .handler = remote_domain_capabilities_begin
#define MESSAGES .handler = remote_messages_begin
#define NODE_OPERATION .handler = remote_nodedev_operation_begin, WRITE
/*
 * These rows have no WRITE, so that the calls of read-only clients reach the handler, too. Those that change something
 * do not change it for such a client: the handler first asks libvirt about the subchannel, by a call that a read-only
 * libvirtd rejects.
 */
#define NODE_QUERY .handler = remote_nodedev_query_begin, .length_max = NODE_CALL_MAX
#define NODE_QUERY_XML .handler = remote_nodedev_query_begin, NODE_DEVICE, WRITE
#define NODE_LIST .handler = remote_nodedev_list_begin

/* A row of the remote program. Arguments and results are in the order of the wire. */
#define CALL(...) .call = { __VA_ARGS__ }
#define REPLY(...) .reply = { __VA_ARGS__ }
#define ROW(number, name, ...)                                                                                         \
    {                                                                                                                  \
        RPC_PROGRAM_REMOTE, number, name, __VA_ARGS__                                                                  \
    }

/*
 * All procedures up to REMOTE_PROCEDURES_CHECKED that carry the XML of a domain or a device, or the name of a node
 * device, and those that start a domain. The table leaves out:
 *   - the reply of MIGRATE_BEGIN3 (213, 302): libvirt's client hands it unchanged to the other host, which may have no
 *     virtccwd;
 *   - 421 DOMAIN_BACKUP_BEGIN, whose checkpoint contains no domain, and 422;
 *   - the reply of 136 DOMAIN_XML_TO_NATIVE: a command line, in which the UUID is part of a path;
 *   - 297, which finds SCSI hosts only, and events (376, 377), which name a node device as libvirt does.
 */
// clang-format off
static const RemoteProcedure table[] = {
    ROW(8,   "DOMAIN_ATTACH_DEVICE",               CALL(DOMAIN, XML), ATTACH),
    ROW(9,   "DOMAIN_CREATE",                      STARTS),
    ROW(10,  "DOMAIN_CREATE_XML",                  CALL(XML, U32), DEFINE, STARTS),
    ROW(11,  "DOMAIN_DEFINE_XML",                  CALL(XML), DEFINE),
    ROW(13,  "DOMAIN_DETACH_DEVICE",               CALL(DOMAIN, XML), DETACH),
    ROW(14,  "DOMAIN_GET_XML_DESC",                REPLY(XML)),
    ROW(54,  "DOMAIN_RESTORE",                     STARTS),
    ROW(62,  "DOMAIN_MIGRATE_PERFORM",             CALL(DOMAIN, OPAQUE, STRING, U64, OPT_STRING, U64), MIGRATE),
    ROW(108, "DOMAIN_MIGRATE_PREPARE2",            CALL(OPT_STRING, U64, OPT_STRING, U64, XML), MIGRATE),
    ROW(111, "NODE_NUM_OF_DEVICES",                CALL(OPT_STRING, U32), NODE_LIST),
    ROW(112, "NODE_LIST_DEVICES",                  CALL(OPT_STRING, U32, U32), NODE_LIST),
    ROW(113, "NODE_DEVICE_LOOKUP_BY_NAME",         CALL(NODE), NODE_QUERY),
    ROW(114, "NODE_DEVICE_GET_XML_DESC",           CALL(NODE, U32), REPLY(XML), NODE_QUERY, NODE_DEVICE),
    ROW(115, "NODE_DEVICE_GET_PARENT",             CALL(NODE), NODE_QUERY),
    ROW(116, "NODE_DEVICE_NUM_OF_CAPS",            CALL(NODE), NODE_QUERY),
    ROW(117, "NODE_DEVICE_LIST_CAPS",              CALL(NODE, U32), NODE_QUERY),
    ROW(118, "NODE_DEVICE_DETTACH",                CALL(NODE), NODE_OPERATION),
    ROW(119, "NODE_DEVICE_RE_ATTACH",              CALL(NODE), NODE_OPERATION),
    ROW(120, "NODE_DEVICE_RESET",                  CALL(NODE), NODE_OPERATION),
    ROW(123, "NODE_DEVICE_CREATE_XML",             CALL(XML, U32), NODE_DEVICE, WRITE),
    ROW(124, "NODE_DEVICE_DESTROY",                CALL(NODE), NODE_QUERY),
    ROW(135, "CONNECT_DOMAIN_XML_FROM_NATIVE",     REPLY(XML)),
    ROW(136, "CONNECT_DOMAIN_XML_TO_NATIVE",       CALL(STRING, XML, U32), WRITE),
    ROW(148, "DOMAIN_MIGRATE_PREPARE_TUNNEL",      CALL(U64, OPT_STRING, U64, XML), MIGRATE),
    ROW(160, "DOMAIN_ATTACH_DEVICE_FLAGS",         CALL(DOMAIN, XML, U32), ATTACH),
    ROW(161, "DOMAIN_DETACH_DEVICE_FLAGS",         CALL(DOMAIN, XML, U32), DETACH),
    ROW(174, "DOMAIN_UPDATE_DEVICE_FLAGS",         CALL(DOMAIN, XML, U32), DEVICE, WRITE),
    ROW(185, "DOMAIN_SNAPSHOT_CREATE_XML",         CALL(DOMAIN, XML, U32), WRITE),
    ROW(186, "DOMAIN_SNAPSHOT_GET_XML_DESC",       REPLY(XML)),
    ROW(192, "DOMAIN_REVERT_TO_SNAPSHOT",          STARTS),
    ROW(196, "DOMAIN_CREATE_WITH_FLAGS",           STARTS),
    ROW(213, "DOMAIN_MIGRATE_BEGIN3",              CALL(DOMAIN, OPT_XML, U64, OPT_STRING, U64), MIGRATE),
    ROW(214, "DOMAIN_MIGRATE_PREPARE3",            CALL(OPAQUE, OPT_STRING, U64, OPT_STRING, U64, XML), MIGRATE),
    ROW(215, "DOMAIN_MIGRATE_PREPARE_TUNNEL3",     CALL(OPAQUE, U64, OPT_STRING, U64, XML), MIGRATE),
    ROW(216, "DOMAIN_MIGRATE_PERFORM3",            CALL(DOMAIN, OPT_XML, OPAQUE, OPT_STRING, OPT_STRING, U64,
                                                        OPT_STRING, U64), MIGRATE),
    ROW(232, "DOMAIN_SAVE_FLAGS",                  CALL(DOMAIN, STRING, OPT_XML, U32), WRITE),
    ROW(233, "DOMAIN_RESTORE_FLAGS",               CALL(STRING, OPT_XML, U32), WRITE, STARTS),
    ROW(235, "DOMAIN_SAVE_IMAGE_GET_XML_DESC",     REPLY(XML)),
    ROW(236, "DOMAIN_SAVE_IMAGE_DEFINE_XML",       CALL(STRING, XML, U32), WRITE),
    ROW(285, "CONNECT_LIST_ALL_NODE_DEVICES",      CALL(U32, U32), NODE_LIST),
    ROW(301, "NODE_DEVICE_DETACH_FLAGS",           CALL(NODE, OPT_STRING, U32), NODE_OPERATION),
    ROW(302, "DOMAIN_MIGRATE_BEGIN3_PARAMS",       CALL(DOMAIN, PARAMS, U32), MIGRATE),
    ROW(303, "DOMAIN_MIGRATE_PREPARE3_PARAMS",     CALL(PARAMS, OPAQUE, U32), MIGRATE),
    ROW(304, "DOMAIN_MIGRATE_PREPARE_TUNNEL3_PARAMS", CALL(PARAMS, OPAQUE, U32), MIGRATE),
    ROW(305, "DOMAIN_MIGRATE_PERFORM3_PARAMS",     CALL(DOMAIN, OPT_STRING, PARAMS, OPAQUE, U32), MIGRATE),
    ROW(309, "DOMAIN_CREATE_XML_WITH_FILES",       CALL(XML, U32), DEFINE, STARTS, .has_fds = TRUE),
    ROW(310, "DOMAIN_CREATE_WITH_FILES",           STARTS),
    ROW(342, "CONNECT_GET_DOMAIN_CAPABILITIES",    CALL(OPT_STRING, OPT_STRING, OPT_STRING, OPT_STRING, U32), CAPABILITIES),
    ROW(350, "DOMAIN_DEFINE_XML_FLAGS",            CALL(XML, U32), DEFINE),
    ROW(388, "DOMAIN_MANAGED_SAVE_GET_XML_DESC",   REPLY(XML)),
    ROW(389, "DOMAIN_MANAGED_SAVE_DEFINE_XML",     CALL(DOMAIN, OPT_XML, U32), WRITE),
    ROW(392, "DOMAIN_DETACH_DEVICE_ALIAS",         CALL(DOMAIN, STRING, U32), DETACH),
    ROW(411, "DOMAIN_CHECKPOINT_CREATE_XML",       CALL(DOMAIN, XML, U32), WRITE),
    ROW(412, "DOMAIN_CHECKPOINT_GET_XML_DESC",     REPLY(XML)),
    ROW(426, "DOMAIN_GET_MESSAGES",                CALL(DOMAIN, U32), MESSAGES),
    ROW(428, "NODE_DEVICE_DEFINE_XML",             CALL(XML, U32), NODE_DEVICE, WRITE),
    ROW(429, "NODE_DEVICE_UNDEFINE",               CALL(NODE, U32), NODE_QUERY),
    ROW(430, "NODE_DEVICE_CREATE",                 CALL(NODE, U32), NODE_QUERY),
    ROW(433, "NODE_DEVICE_GET_AUTOSTART",          CALL(NODE), NODE_QUERY),
    ROW(434, "NODE_DEVICE_SET_AUTOSTART",          CALL(NODE, U32), NODE_QUERY),
    ROW(435, "NODE_DEVICE_IS_PERSISTENT",          CALL(NODE), NODE_QUERY),
    ROW(436, "NODE_DEVICE_IS_ACTIVE",              CALL(NODE), NODE_QUERY),
    ROW(440, "DOMAIN_SAVE_PARAMS",                 CALL(DOMAIN, PARAMS, U32), WRITE),
    ROW(441, "DOMAIN_RESTORE_PARAMS",              CALL(PARAMS, U32), WRITE, STARTS),
    ROW(447, "NODE_DEVICE_UPDATE",                 CALL(NODE, XML, U32), NODE_QUERY_XML),
};
// clang-format on

static int compare(const void *key, const void *row)
{
    const RemoteProcedure *a = key;
    const RemoteProcedure *b = row;

    if (a->program != b->program)
        return a->program < b->program ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

const RemoteProcedure *remote_procedure_lookup(guint32 program, gint32 number)
{
    const RemoteProcedure key = { .program = program, .number = number };

    return bsearch(&key, table, G_N_ELEMENTS(table), sizeof(table[0]), compare);
}

const RemoteProcedure *remote_procedures(gsize *ret_count)
{
    *ret_count = G_N_ELEMENTS(table);
    return table;
}
