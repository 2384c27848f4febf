/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A record of an acquired device: the state in which it was found, the steps that were done, and its owner. Converts
 * records from and to the JSON that the journal stores (hostdev/journal.h).
 */
#pragma once

#include <json-glib/json-glib.h>

#include "css/host.h"
#include "hostdev/dasd-settings.h"
#include "util/address.h"

/* CssDevice.owner of a device that an administrator has detached. */
#define HOSTDEV_OWNER_DETACHED "detached"
/* The owner of a device that qemu-ccw has acquired: this prefix and qemu-ccw's process id. No domain can have it. */
#define HOSTDEV_QEMU_CCW_PREFIX "qemu-ccw:"

/* What the owner in a record is. */
typedef enum {
    HOSTDEV_OWNER_DOMAIN,        /* a domain: its UUID */
    HOSTDEV_OWNER_QEMU_CCW,      /* a qemu-ccw: HOSTDEV_QEMU_CCW_PREFIX and its process id */
    HOSTDEV_OWNER_ADMINISTRATOR, /* an administrator, who detached the device (nodedev_detach()): NULL */
} HostdevOwner;

/* Returns: what the owner is. NULL is an administrator. */
static inline HostdevOwner hostdev_owner_kind(const char *owner)
{
    if (!owner)
        return HOSTDEV_OWNER_ADMINISTRATOR;
    return g_str_has_prefix(owner, HOSTDEV_QEMU_CCW_PREFIX) ? HOSTDEV_OWNER_QEMU_CCW : HOSTDEV_OWNER_DOMAIN;
}

typedef enum {
    HOSTDEV_CLAIM_PENDING,   /* being acquired, or acquired and not confirmed; has a token */
    HOSTDEV_CLAIM_OWNED,     /* the owner has it */
    HOSTDEV_CLAIM_RELEASING, /* a release has begun; steps has those that remain to be undone */
    HOSTDEV_CLAIM_LAST,
} HostdevClaimState;

typedef enum {
    HOSTDEV_STEP_OFFLINE,
    HOSTDEV_STEP_OVERRIDE,
    HOSTDEV_STEP_UNBIND,
    HOSTDEV_STEP_BIND,
    HOSTDEV_STEP_MDEV,
    HOSTDEV_STEP_LAST,
} HostdevStep;

typedef struct {
    CcwBusId device;
    CcwBusId subchannel; /* at the time when the device was acquired */
    HostdevClaimState state;
    gint64 since;         /* css_host_clock() of the last claim or confirmation */
    char *owner;          /* see hostdev_owner_kind(); a UUID is in lower case */
    char *token;          /* of the process for which the device is acquired (hostdev/process.h); NULL unless pending */
    gint found_online;    /* 1, 0, -1 as in CssDevice */
    char *found_driver;   /* of the subchannel, or NULL */
    char *found_override; /* "" if it was not set */
    char *found_devtype;  /* "3390/0c", for display; NULL: unknown */
    char *found_cutype;   /* "3990/e9"; NULL: unknown */
    char *found_volser;   /* serial of the volume; NULL: unknown */
    HostdevDasdSettings found_settings; /* if the device was online */
    guint steps;                        /* 1 << HostdevStep of each step that may have been done and is not undone */
} HostdevRecord;
void hostdev_record_free(HostdevRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostdevRecord, hostdev_record_free)

/* Prefix of UUIDs that no domain may have: the journal writes the owner of a qemu-ccw as such a UUID. */
#define HOSTDEV_QEMU_CCW_UUID "cc390000-0002-8000-8000-"

/* Returns: whether the text begins with that prefix, in either case. */
gboolean hostdev_record_is_qemu_ccw_uuid(const char *uuid);

/* These return the names in the journal, such as "domain", "offline" and "pending". */
const char *hostdev_owner_name(HostdevOwner owner);
const char *hostdev_step_name(HostdevStep step);
const char *hostdev_claim_state_name(HostdevClaimState state);

/**
 * hostdev_record_from_json:
 * @id: the device of the entry
 * @ret_why: what is malformed, a clause for a message
 *
 * Returns: NULL if the entry is malformed
 */
HostdevRecord *hostdev_record_from_json(JsonNode *root, const CcwBusId *id, const char **ret_why);

/* Returns: the entry with the boot of @host, to be freed with json_node_unref(). */
JsonNode *hostdev_record_to_json(CssHost *host, const HostdevRecord *record);

/**
 * hostdev_record_is_of_earlier_boot:
 *
 * DEVICES_DIR is in /run, but a container may keep that over a boot. An entry of an earlier boot is no longer true.
 */
gboolean hostdev_record_is_of_earlier_boot(CssHost *host, JsonNode *root);
