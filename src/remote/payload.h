/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a payload once, according to the fields in its procedure's row: the arguments that handlers need, and the
 * positions of the strings to be rewritten. virtccwd forwards a payload that is not laid out as the fields say, and
 * libvirt rejects it.
 */
#pragma once

#include "remote/protocol.h"

/* The position of a string that virtccwd may rewrite: XML, or a text of an error. */
typedef struct {
    gsize at;     /* offset of its length word */
    gsize end;    /* offset of the next field, after its padding */
    gsize length; /* length of the string in bytes */
} RemoteText;

/* The arguments of a call that handlers need. */
typedef struct {
    char *domain_uuid; /* "12345678-....", lower case; NULL without a domain */
    GBytes *domain;    /* the domain argument as in the payload */
    char *xml;         /* the first XML, or NULL if the payload has no XML */
    char *node;        /* name of the first node device, or NULL if it names none */
    char *option;      /* the first optional string, or NULL if it is absent */
    char *string;      /* the first string that is not optional; NULL: it is absent or long */
    gboolean has_flags;
    guint32 first; /* the first U32 */
    guint32 flags; /* the last U32 */
    gboolean has_hyper;
    guint64 hyper; /* the first U64 */
} RemoteArguments;

/* The fields of virNetMessageError, which every reply of status ERROR carries. */
extern const RemoteField remote_error_fields[REMOTE_FIELDS_MAX];

/**
 * remote_payload_read:
 * @ret_arguments: cleared with remote_arguments_clear()
 * @ret_texts: of RemoteText, in the order of the payload; NULL if it has no such string
 *
 * Returns: FALSE if the payload is not laid out as the fields say, to its last byte.
 */
gboolean remote_payload_read(const RemoteField *fields, const guint8 *payload, gsize length,
                             RemoteArguments *ret_arguments, GArray **ret_texts);

/**
 * remote_payload_find_texts:
 *
 * Finds the strings to be rewritten only.
 *
 * Returns: as @ret_texts of remote_payload_read(); NULL also if the payload is not laid out as the fields say.
 */
GArray *remote_payload_find_texts(const RemoteField *fields, const guint8 *payload, gsize length);

/* Returns: whether a payload is laid out as the fields say, to its last byte. */
gboolean remote_payload_matches(const RemoteField *fields, const guint8 *payload, gsize length);

void remote_arguments_clear(RemoteArguments *arguments);
