/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starts an emulator without a guest (-machine none), and asks it questions over QMP (QEMU's docs/interop/qmp-spec).
 * caps.h knows what the answers mean.
 */
#pragma once

#include <json-glib/json-glib.h>

#define QEMU_QMP_SECONDS 30                  /* time for all answers together */
#define QEMU_QMP_BYTES_MAX (4 * 1024 * 1024) /* size of all answers together */

typedef struct _QemuQmp QemuQmp;

/**
 * qemu_qmp_start: Starts an emulator, and waits for its greeting.
 *
 * Returns: the connection, or NULL with CCW_ERROR_NOT_FOUND or CCW_ERROR_SYSTEM if the emulator cannot be executed, or
 * with CCW_ERROR_UNSUPPORTED and the first line of its stderr if it does not speak QMP.
 */
QemuQmp *qemu_qmp_start(const char *emulator, GError **error);

/* Kills the emulator, and waits for its end. */
void qemu_qmp_free(QemuQmp *qmp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuQmp, qemu_qmp_free)

/**
 * qemu_qmp_ask: Asks a question, and waits for its answer.
 * @id: an id for the question and its answer
 * @arguments: JSON text, or NULL
 *
 * Returns: the whole answer with "return" or "error", to be freed with json_object_unref(), or NULL with
 * CCW_ERROR_UNSUPPORTED if the answer is missing, late or too long.
 */
JsonObject *qemu_qmp_ask(QemuQmp *qmp, const char *id, const char *command, const char *arguments, GError **error);

/* Returns: all messages so far, an object on each line: the greeting, then the answers with the ids of questions. */
const char *qemu_qmp_transcript(const QemuQmp *qmp);
