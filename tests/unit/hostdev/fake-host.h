/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A host that only writes down what is asked of it, in order, for that order is what its tests are about; the real one
 * has tests of its own. It stands for src/css, src/hostdev and src/node_device in a program that is linked with it.
 */
#pragma once

#include "util/address.h"
#include "util/error.h"

#define GUEST_UUID "deadbeef-0001-0203-0405-060708090a0b" /* the domain that it knows */

/* What was asked of the host, in words, since last asked; it may be told to fail, or not to go on. */
char *host_take_log(void);
void host_fail_claim(CcwError code, const char *message); /* NULL: not any more */
void host_fail_modules(const char *message);
void host_block_claims(gboolean block);
guint host_take_lookups(void);           /* the look-ups of devices since last asked */
void host_block_lookups(gboolean block); /* they wait until it is called with FALSE */
void host_detach_many(guint count);      /* so many devices are on vfio_ccw besides the one; 65,536 at most */
gboolean host_is_announced(void);        /* an attach is with libvirt */
gboolean host_has_announced(const CcwBusId *id);

/*
 * Holds up every call of "confirm", "back" (a roll-back) or "reconcile" until another word, or NULL, is given; and
 * waits until one is held up.
 */
void host_block(const char *word);
void host_wait_blocked(void);
