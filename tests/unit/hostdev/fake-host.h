/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host that only notes the calls that it gets, because the tests that use it are about their order. The real host has
 * its own tests. It takes the place of src/css, src/hostdev and src/node_device in a program that is linked with it.
 */
#pragma once

#include "util/address.h"
#include "util/error.h"

#define GUEST_UUID "deadbeef-0001-0203-0405-060708090a0b" /* the host's only domain */

/* Returns the calls since the last host_take_log(), as words. The other functions make calls fail, or wait. */
char *host_take_log(void);
void host_fail_claim(CcwError code, const char *message); /* NULL: claims succeed again */
void host_fail_modules(const char *message);
void host_block_claims(gboolean block);
guint host_take_lookups(void);           /* the number of device lookups since the last call */
void host_block_lookups(gboolean block); /* lookups wait until a call with FALSE */
void host_detach_many(guint count);      /* binds this many more devices to vfio_ccw; 65,536 at most */
gboolean host_is_announced(void);        /* libvirt has an attach that it has not answered */
gboolean host_has_announced(const CcwBusId *id);

/*
 * Stops every call of "confirm", "back" (a roll-back) or "reconcile" until a call with another word, or with NULL.
 * host_wait_blocked() waits until one is stopped.
 */
void host_block(const char *word);
void host_wait_blocked(void);
