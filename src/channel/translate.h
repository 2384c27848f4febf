/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Translation of a guest's channel program into the user-space program of request.h, and of the status back. This
 * is the whole boundary between guest and device: after it nothing reads a CCW or an IDAW of the guest again.
 *
 * The guest's CCWs are fetched run by run: a run is CCWs that lie one after another in the guest's storage, and each
 * TIC whose target no run holds begins another. Every CCW and IDAW is read once (as one doubleword or word), and what
 * was read is what is checked and used.
 *
 * What a guest can get wrong is a program or protection check, never an error of the host's:
 *  - a CCW that is not valid leads nowhere, and a CCW with command 00 (invalid in every format) takes its place. The
 *    device finds it when it gets there, as a channel would: what stands before it is executed;
 *  - data that leaves the guest's storage behind its first byte becomes a list that ends there: what comes before is
 *    transferred;
 *  - if it is the first CCW, or the ORB's own address, the IRB is made here and the device is not asked;
 *  - so too for a program of more than CCW_PROGRAM_MAX CCWs: nothing of it is executed, and the SCSW's address is 8
 *    beyond the CCW that found no place. Exactly CCW_PROGRAM_MAX are allowed (no NOOP then).
 *
 * After a TIC, or the end of a chain, the next CCW in storage can be reached only when the CCW before ends with status
 * modifier. Only searches do so (commands xxxxx001), so only after those a run goes on there. Such a CCW may be a
 * command or the data of the one before it: it is placed once, and its storage has to suit both.
 *
 * A command with the suspend flag, where the ORB allows it, ends what is fetched: the device stops before it, and it is
 * fetched anew when the program is resumed.
 *
 * Storage keys are not checked. A program that was started without prefetch is fetched at its start as well.
 */
#pragma once

#include <glib.h>

#include "channel/memory.h"
#include "channel/request.h"

/* One a device; it holds the program and the lists, so that translating allocates nothing. Not for two threads at once.
 */
typedef struct _CcwTranslation CcwTranslation;

typedef enum {
    CCW_TRANSLATED,       /* the request is ready for the device */
    CCW_TRANSLATE_STATUS, /* request->irb is what the guest gets */
} CcwTranslateResult;

CcwTranslation *ccw_translation_new(void);
void ccw_translation_free(CcwTranslation *translation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwTranslation, ccw_translation_free)

/*
 * orb and scsw are the guest's, big-endian. Where the SCSW says that a resume function is pending, the ORB's CPA is the
 * address of the CCW before which the program was suspended. Fills in the request; the program it names belongs to the
 * translation and is valid until the next one, as the addresses in it are while the guest's storage stays where it is.
 */
CcwTranslateResult ccw_translate(CcwTranslation *translation, const CcwMemory *memory, const guint8 orb[CCW_ORB_SIZE],
                                 const guint8 scsw[CCW_SCSW_SIZE], CcwCmdRequest *request);

/* Puts guest terms into the IRB that the device made of the last translation: the SCSW's CPA, the format of CCWs. */
void ccw_translation_map_irb(const CcwTranslation *translation, guint8 irb[CCW_IRB_SIZE]);
