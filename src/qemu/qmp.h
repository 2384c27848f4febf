/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A conversation with an emulator that runs no guest (-machine none), over QMP (QEMU's docs/interop/qmp-spec): it is
 * started for it and gone afterwards. What the answers mean is caps.h's.
 */
#pragma once

#include <json-glib/json-glib.h>

#define CCW_QMP_SECONDS 30                  /* for a whole conversation */
#define CCW_QMP_BYTES_MAX (4 * 1024 * 1024) /* of all answers together */

typedef struct _CcwQmp CcwQmp;

/*
 * Starts it, and waits for its greeting. Errors: CCW_ERROR_NOT_FOUND, CCW_ERROR_SYSTEM (it cannot be executed);
 * CCW_ERROR_UNSUPPORTED (what it says is not QMP; with the first line of its stderr).
 */
CcwQmp *ccw_qmp_start(const char *emulator, GError **error);

/* Kills it. */
void ccw_qmp_free(CcwQmp *qmp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CcwQmp, ccw_qmp_free)

/*
 * Asks, and waits for the answer to this question; arguments is JSON text, or NULL. Returns the whole answer: it has
 * "return" or "error". Free with json_object_unref. Error: CCW_ERROR_UNSUPPORTED (no answer, not in time, too long).
 */
JsonObject *ccw_qmp_ask(CcwQmp *qmp, const char *id, const char *command, const char *arguments, GError **error);

/* Everything it said until now: a JSON object a line, the greeting first, each answer with the id of its question. */
const char *ccw_qmp_transcript(const CcwQmp *qmp);
