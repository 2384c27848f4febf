/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of procedures that virtccwd looks into; every other one is forwarded unread. A row is data: which
 * procedure, how its arguments and its reply are laid out in XDR (libvirt src/remote/remote_protocol.x), which of the
 * strings are XML, and what there is to do besides. What is done with the XML is in rewrite.c and relay.c.
 */
#pragma once

#include <glib.h>

/* What stands in a payload, one after the other. */
typedef enum {
    CCW_FIELD_END,
    CCW_FIELD_U32,
    CCW_FIELD_U64,
    CCW_FIELD_STRING,
    CCW_FIELD_OPT_STRING,
    CCW_FIELD_DOMAIN,       /* name, 16 bytes of UUID, id */
    CCW_FIELD_DOMAIN_CHILD, /* a snapshot or a checkpoint: its name, and its domain */
    CCW_FIELD_OPT_DOMAIN,
    CCW_FIELD_OPT_NETWORK, /* name, 16 bytes of UUID */
    CCW_FIELD_XML,         /* strings with our element in them: rewritten */
    CCW_FIELD_OPT_XML,
    CCW_FIELD_PARAMS,   /* typed parameters; those that have XML by their name are XML */
    CCW_FIELD_OPT_TEXT, /* an error's text: rewritten */
    CCW_FIELD_NODE,     /* a node device's name */
    CCW_FIELD_OPAQUE,   /* bytes with their count: a migration cookie */
} CcwField;

#define CCW_FIELDS_MAX 12

typedef enum {
    CCW_ACTION_NONE,
    CCW_ACTION_ATTACH,   /* {domain, XML, ...}: the host's device is taken when libvirt misses it */
    CCW_ACTION_DETACH,   /* {domain, XML, ...}: and given back before the reply is */
    CCW_ACTION_NODE,     /* {node device, ...}: answered for one that libvirt does not list while it is detached */
    CCW_ACTION_NODES,    /* {...}: those added to a list */
    CCW_ACTION_BY_HAND,  /* {node device, ...}: detached, reattached or reset for no domain */
    CCW_ACTION_DEFINE,   /* {XML, ...}: validated before libvirt gets it */
    CCW_ACTION_MIGRATE,  /* {[domain,] ...}: refused for a domain with our devices */
    CCW_ACTION_DOMCAPS,  /* {...}: told what there is besides */
    CCW_ACTION_MESSAGES, /* {domain, U32}: and what there is to be warned of */
} CcwActionKind;

typedef struct {
    guint32 program;
    gint32 number;
    const char *name;               /* as in remote_protocol.x, without its prefix */
    CcwField call[CCW_FIELDS_MAX];  /* all of the arguments; nothing: calls are forwarded unread */
    CcwField reply[CCW_FIELDS_MAX]; /* all of the result; nothing: likewise */
    CcwActionKind action;
    gboolean starts;  /* a domain starts by it, and libvirt's hook runs */
    gboolean of_node; /* its XML is a node device's, else a domain's */
    gboolean has_fds; /* its call may come with descriptors; that of any other then passes unread */
} CcwProcedure;

#define CCW_PROC_CONNECT_OPEN 1
#define CCW_PROC_CONNECT_CLOSE 2
#define CCW_PROC_DOMAIN_GET_XML_DESC 14
#define CCW_PROC_CONNECT_SUPPORTS_FEATURE 60
#define CCW_PROC_CONNECT_GET_URI 110
#define CCW_PROC_DOMAIN_MIGRATE_PERFORM 62
#define CCW_PROC_AUTH_LIST 66
#define CCW_PROC_AUTH_SASL_INIT 67
#define CCW_PROC_AUTH_SASL_START 68
#define CCW_PROC_AUTH_SASL_STEP 69
#define CCW_PROC_AUTH_POLKIT 70
#define CCW_PROC_NODE_NUM_OF_DEVICES 111
#define CCW_PROC_NODE_LIST_DEVICES 112
#define CCW_PROC_NODE_DEVICE_LOOKUP_BY_NAME 113
#define CCW_PROC_NODE_DEVICE_GET_XML_DESC 114
#define CCW_PROC_NODE_DEVICE_GET_PARENT 115
#define CCW_PROC_NODE_DEVICE_NUM_OF_CAPS 116
#define CCW_PROC_NODE_DEVICE_LIST_CAPS 117
#define CCW_PROC_NODE_DEVICE_DETTACH 118
#define CCW_PROC_NODE_DEVICE_RE_ATTACH 119
#define CCW_PROC_NODE_DEVICE_RESET 120
#define CCW_PROC_NODE_DEVICE_DESTROY 124
#define CCW_PROC_CONNECT_DOMAIN_XML_TO_NATIVE 136
#define CCW_PROC_DOMAIN_MIGRATE_PERFORM3 216
#define CCW_PROC_CONNECT_LIST_ALL_NODE_DEVICES 285
#define CCW_PROC_NODE_DEVICE_DETACH_FLAGS 301
#define CCW_PROC_DOMAIN_MIGRATE_PERFORM3_PARAMS 305
#define CCW_PROC_CONNECT_SET_IDENTITY 419
#define CCW_PROC_NODE_DEVICE_UNDEFINE 429
#define CCW_PROC_NODE_DEVICE_CREATE 430
#define CCW_PROC_NODE_DEVICE_GET_AUTOSTART 433
#define CCW_PROC_NODE_DEVICE_SET_AUTOSTART 434
#define CCW_PROC_NODE_DEVICE_IS_PERSISTENT 435
#define CCW_PROC_NODE_DEVICE_IS_ACTIVE 436
#define CCW_PROC_NODE_DEVICE_UPDATE 447

/*
 * The highest procedure of the remote program that this table has been checked against: libvirt 12.8's. A newer
 * libvirt's additions are found by tests/libvirt/protocol-level.py. Read what each of them carries, give it a row if
 * that is a domain's or a node device's XML, the name of a node device, or the start of a domain, and then raise this
 * number.
 */
#define CCW_PROCEDURES_CHECKED 456

/* virNetMessageError, which every reply of status ERROR carries. */
extern const CcwField ccw_error_fields[CCW_FIELDS_MAX];

/* NULL if it is not in the table. */
const CcwProcedure *ccw_procedure_lookup(guint32 program, gint32 number);

/* The whole table, ordered by program and number. */
const CcwProcedure *ccw_procedures(gsize *ret_count);
