/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A record: what was found of a device that was taken, how far the taking went, and which domain it is for; and the
 * same as the JSON that the journal keeps (hostdev/journal.h). A text that is not understood is refused, never guessed
 * at.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "css/host.h"
#include "hostdev/dasd-settings.h"
#include "util/address.h"

/* Who has a device that was detached by hand, in the place of a domain's UUID. */
#define CCW_OWNER_BY_HAND "detached"
/*
 * Who has a device that qemu-ccw took, in the same place: this, and qemu-ccw's process id. It is no UUID, so that no
 * domain can take that place.
 */
#define CCW_OWNER_QEMU_CCW "qemu-ccw:"

typedef enum {
    CCW_CLAIM_PENDING,   /* taken, libvirt has not said yes yet; has a token */
    CCW_CLAIM_OWNED,     /* the domain has it */
    CCW_CLAIM_RELEASING, /* being given back; steps says what remains */
    CCW_CLAIM_LAST,
} CcwClaimState;

typedef enum {
    CCW_STEP_OFFLINE,
    CCW_STEP_OVERRIDE,
    CCW_STEP_UNBIND,
    CCW_STEP_BIND,
    CCW_STEP_MDEV,
    CCW_STEP_LAST,
} CcwStep;

typedef struct {
    CcwBusId device;
    CcwBusId subchannel; /* when it was taken */
    CcwClaimState state;
    gint64 since; /* ccw_host_clock() of the last claim or confirmation */
    char *domain; /* UUID, lower case; or CCW_OWNER_QEMU_CCW and a process id; NULL: taken by hand (ccw_host_detach) */
    char *token;  /* "PID:STARTTIME"; NULL unless pending */
    gint found_online;              /* 1, 0, -1 as in CcwHostDevice */
    char *found_driver;             /* of the subchannel, or NULL */
    char *found_override;           /* "" where none was set */
    CcwDasdSettings found_settings; /* if it was online */
    guint steps;                    /* 1 << CcwStep of each step that may have been done and is not undone */
} CcwRecord;
void ccw_record_free(CcwRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwRecord, ccw_record_free)

/*
 * No domain may have a UUID that begins so: in an entry of an older version it is qemu-ccw's, and older versions take
 * it for that.
 */
#define CCW_RESERVED_UUID "cc390000-0002-8000-8000-"
gboolean ccw_journal_is_reserved(const char *uuid);

const char *ccw_step_name(CcwStep step);
const char *ccw_claim_state_name(CcwClaimState state);

/* Reads the entry of the device id. Returns NULL if the entry is broken; *ret_why says which part. */
CcwRecord *ccw_record_from_json(JsonNode *root, const CcwBusId *id, const char **ret_why);
JsonNode *ccw_record_to_json(CcwHost *host, const CcwRecord *record);

/* Nothing of it is true of a host that was started anew; DEVICES_DIR is in /run, but a container may keep that. */
gboolean ccw_record_is_of_earlier_boot(CcwHost *host, JsonNode *root);
