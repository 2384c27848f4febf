/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The part of libvirt's remote protocol that virtccwd knows: the kinds of fields in a payload (XDR, libvirt
 * src/remote/remote_protocol.x), the columns of the table of procedures, and the numbers of the procedures that
 * virtccwd sends or answers itself.
 */
#pragma once

#include <glib.h>

typedef struct _RemoteConnection RemoteConnection;
typedef struct _RemoteCall RemoteCall;

/* Kinds of fields in a payload. */
typedef enum {
    REMOTE_FIELD_END,
    REMOTE_FIELD_U32,
    REMOTE_FIELD_U64,
    REMOTE_FIELD_STRING,
    REMOTE_FIELD_OPT_STRING,
    REMOTE_FIELD_DOMAIN,       /* name, 16 bytes of UUID, id */
    REMOTE_FIELD_DOMAIN_CHILD, /* a snapshot or a checkpoint: its name, and its domain */
    REMOTE_FIELD_OPT_DOMAIN,
    REMOTE_FIELD_OPT_NETWORK, /* name, 16 bytes of UUID */
    REMOTE_FIELD_XML,         /* a document that may have an element of ours, which virtccwd rewrites */
    REMOTE_FIELD_OPT_XML,
    REMOTE_FIELD_PARAMS,   /* typed parameters; virtccwd rewrites those whose name says that they are XML */
    REMOTE_FIELD_OPT_TEXT, /* a text of an error, which virtccwd rewrites */
    REMOTE_FIELD_NODE,     /* a node device's name */
    REMOTE_FIELD_OPAQUE,   /* a byte count and bytes: a migration cookie */
} RemoteField;

#define REMOTE_FIELDS_MAX 12

/* Root element of the documents in a call and in its reply. */
typedef enum {
    REMOTE_XML_DOMAIN, /* a domain, or a snapshot or checkpoint that contains one */
    REMOTE_XML_DEVICE, /* a device of a domain */
    REMOTE_XML_NODE_DEVICE,
} RemoteXmlKind;

/**
 * RemoteHandler:
 * @call: decoded, and laid out as its row says; the handler owns it if it returns TRUE
 *
 * Begins the task of a call that needs more than lowered XML.
 *
 * Returns: FALSE if the call needs no task: the relay forwards the call, or replies with its error.
 */
typedef gboolean (*RemoteHandler)(RemoteConnection *connection, RemoteCall *call);

typedef struct {
    guint32 program;
    gint32 number;
    const char *name;                     /* as in remote_protocol.x, without its prefix */
    RemoteField call[REMOTE_FIELDS_MAX];  /* all arguments; empty: calls are forwarded unread */
    RemoteField reply[REMOTE_FIELDS_MAX]; /* all results; empty: replies are forwarded unread */
    RemoteHandler handler;                /* NULL: virtccwd only rewrites the XML */
    gsize length_max;                     /* a longer call is forwarded unread; 0: no limit of our own */
    RemoteXmlKind xml;
    gboolean is_write;     /* the call changes something or carries XML: forwarded unread for a read-only client */
    gboolean is_for_ours;  /* the handler ignores a call without an element of ours */
    gboolean is_validated; /* the XML is a whole domain, which virtccwd validates before it forwards the call */
    gboolean starts;       /* the call starts a domain, for which libvirt runs its hook */
    gboolean has_fds;      /* a call may have descriptors; without has_fds such a call is forwarded unread */
} RemoteProcedure;

#define REMOTE_PROC_CONNECT_OPEN 1
#define REMOTE_PROC_CONNECT_CLOSE 2
#define REMOTE_PROC_DOMAIN_GET_XML_DESC 14
#define REMOTE_PROC_CONNECT_SUPPORTS_FEATURE 60
#define REMOTE_PROC_CONNECT_GET_URI 110
#define REMOTE_PROC_DOMAIN_MIGRATE_PERFORM 62
#define REMOTE_PROC_AUTH_LIST 66
#define REMOTE_PROC_AUTH_SASL_INIT 67
#define REMOTE_PROC_AUTH_SASL_START 68
#define REMOTE_PROC_AUTH_SASL_STEP 69
#define REMOTE_PROC_AUTH_POLKIT 70
#define REMOTE_PROC_NODE_NUM_OF_DEVICES 111
#define REMOTE_PROC_NODE_LIST_DEVICES 112
#define REMOTE_PROC_NODE_DEVICE_LOOKUP_BY_NAME 113
#define REMOTE_PROC_NODE_DEVICE_GET_XML_DESC 114
#define REMOTE_PROC_NODE_DEVICE_GET_PARENT 115
#define REMOTE_PROC_NODE_DEVICE_NUM_OF_CAPS 116
#define REMOTE_PROC_NODE_DEVICE_LIST_CAPS 117
#define REMOTE_PROC_NODE_DEVICE_DETTACH 118
#define REMOTE_PROC_NODE_DEVICE_RE_ATTACH 119
#define REMOTE_PROC_NODE_DEVICE_RESET 120
#define REMOTE_PROC_NODE_DEVICE_DESTROY 124
#define REMOTE_PROC_CONNECT_DOMAIN_XML_TO_NATIVE 136
#define REMOTE_PROC_DOMAIN_MIGRATE_PERFORM3 216
#define REMOTE_PROC_CONNECT_LIST_ALL_NODE_DEVICES 285
#define REMOTE_PROC_NODE_DEVICE_DETACH_FLAGS 301
#define REMOTE_PROC_DOMAIN_MIGRATE_PERFORM3_PARAMS 305
#define REMOTE_PROC_CONNECT_SET_IDENTITY 419
#define REMOTE_PROC_NODE_DEVICE_UNDEFINE 429
#define REMOTE_PROC_NODE_DEVICE_CREATE 430
#define REMOTE_PROC_NODE_DEVICE_GET_AUTOSTART 433
#define REMOTE_PROC_NODE_DEVICE_SET_AUTOSTART 434
#define REMOTE_PROC_NODE_DEVICE_IS_PERSISTENT 435
#define REMOTE_PROC_NODE_DEVICE_IS_ACTIVE 436
#define REMOTE_PROC_NODE_DEVICE_UPDATE 447
