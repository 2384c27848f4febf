/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Log messages that a client causes. They are limited in number, so that no client can fill the journal or have
 * journald drop the messages of others. For any thread.
 */
#pragma once

#include <glib.h>

/* As many messages in that time; those beyond are counted, and the next message says how many there were. */
#define CCW_LOG_BURST 20u
#define CCW_LOG_PERIOD (10 * G_TIME_SPAN_SECOND)

/* Logs as g_log() does, unless there were too many such messages just now. */
void ccw_log_client(GLogLevelFlags level, const char *format, ...) G_GNUC_PRINTF(2, 3);
