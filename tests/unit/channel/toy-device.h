/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device for comparing two channels: what it does with a command depends on nothing but its own few numbers and the
 * bytes that it is given, and everything it is given changes them. It knows no storage.
 */
#pragma once

#include <glib.h>

/* The channel's side of one command. Both return how many of the bytes were moved. */
typedef struct {
    gsize (*put)(void *opaque, const void *from, gsize length); /* to the guest */
    gsize (*get)(void *opaque, void *to, gsize length);
    void *opaque;
} ToyPort;

typedef struct {
    guint commands; /* executed since the program began */
    guint32 hash;   /* of all that it was given */
} ToyDevice;

typedef enum {
    TOY_UNKNOWN,
    TOY_IMMEDIATE, /* moves no data */
    TOY_MOVES,
} ToyKind;

ToyKind toy_device_kind(guint8 cmd);

/* Executes a command it knows. The device status: channel end, device end, and what else there is. */
guint8 toy_device_execute(ToyDevice *device, guint8 cmd, const ToyPort *port);
