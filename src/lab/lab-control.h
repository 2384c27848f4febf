/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Controls the devices of a running lab, as an administrator of real hardware does. The lab's root connects to a
 * SOCK_SEQPACKET socket; each connection is one request.
 *
 * The client sends one packet: "DEVICE" asks for a state, "DEVICE STATE" sets it, and "DEVICE volser" asks for the
 * serial of the volume. The lab answers with one packet: "ok STATE" or "ok SERIAL", or "error TEXT" with a sentence for
 * people.
 */
#pragma once

#include "lab/lab-model.h"

#define LAB_CONTROL_SOCKET CCW_LAB_CONTROL_SOCKET

typedef struct _LabControl LabControl;

/**
 * lab_control_start: Listens at a socket and serves requests until the process ends.
 * @model: the devices; must live until the process ends
 * @path: the socket
 * @done: called from any thread after a request has changed a device
 * @opaque: passed to @done
 *
 * Returns: the service, or NULL with an error if the socket cannot be made.
 */
LabControl *lab_control_start(LabModel *model, const char *path, void (*done)(gpointer), gpointer opaque,
                              GError **error);

/**
 * lab_control_ask: Sends one request to the lab that the caller runs in, and waits for the answer.
 * @path: the socket of lab_control_start()
 * @device: a bus id
 * @state: the state to set, a word; NULL only asks
 *
 * Returns: the device's state, a word, to be freed with g_free(). NULL with CCW_ERROR_NOT_FOUND outside of a lab,
 * with CCW_ERROR_INVALID and the lab's own text if the lab rejects the request, else with the error of a system call.
 */
char *lab_control_ask(const char *path, const char *device, const char *state, GError **error);

/**
 * lab_control_ask_volser: Asks the lab that the caller runs in for the serial of a volume. Waits at most a second.
 * @path, @device: as of lab_control_ask()
 *
 * Returns: the serial, to be freed with g_free(), "" if the volume has no label, or NULL with an error as
 * lab_control_ask()
 */
char *lab_control_ask_volser(const char *path, const char *device, GError **error);
