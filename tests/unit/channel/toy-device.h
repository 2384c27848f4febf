/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device for comparing two channels. Its behaviour depends only on its own few numbers and on the bytes that it
 * receives, and each received byte changes the numbers. It has no storage.
 */
#pragma once

#include <glib.h>

/* The channel's side of one command. Both functions return how many bytes they moved. */
typedef struct {
    gsize (*put)(void *opaque, const void *from, gsize length); /* to the guest */
    gsize (*get)(void *opaque, void *to, gsize length);
    void *opaque;
} ToyPort;

typedef struct {
    guint commands; /* executed since the program began */
    guint32 hash;   /* of all bytes that it received */
} ToyDevice;

typedef enum {
    TOY_UNKNOWN,
    TOY_IMMEDIATE, /* moves no data */
    TOY_MOVES,
} ToyKind;

ToyKind toy_device_kind(guint8 cmd);

/* Executes a known command. Returns the device status: channel end, device end, and other bits. */
guint8 toy_device_execute(ToyDevice *device, guint8 cmd, const ToyPort *port);
