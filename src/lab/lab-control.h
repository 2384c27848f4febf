/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The control of a running lab: its root does to the devices what an administrator of real hardware does. One
 * SOCK_SEQPACKET connection is one request of one packet, "DEVICE" to ask for a state or "DEVICE STATE" to set it, with
 * one packet in return: "ok STATE", or "error TEXT" with a sentence for people.
 */
#pragma once

#include "lab/lab-model.h"

#define LAB_CONTROL_SOCKET CCW_LAB_CONTROL_SOCKET

typedef struct _LabControl LabControl;

/* Serves until the process ends. done is called from any thread when something was changed. */
LabControl *lab_control_start(LabModel *model, const char *path, void (*done)(gpointer), gpointer opaque,
                              GError **error);

/* From inside the lab. state: NULL to ask. Free the device's state, a word, with g_free; NULL with error if it failed.
 */
char *lab_control_ask(const char *path, const char *device, const char *state, GError **error);
