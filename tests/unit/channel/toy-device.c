/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See toy-device.h. */
#include "toy-device.h"

#include "channel/arch.h"

#define PROGRAM_MAX 300 /* commands; then the device ends the program, so that no loop is endless */
#define DATA_MAX 6000

static void give(ToyDevice *device, const ToyPort *port, gsize length)
{
    guint8 data[DATA_MAX];

    for (gsize i = 0; i < length; i++)
        data[i] = (guint8)(i * 7 + device->hash + (i >> 8));
    device->hash = device->hash * 31 + (guint32)port->put(port->opaque, data, length);
}

static void take(ToyDevice *device, const ToyPort *port, gsize length)
{
    guint8 data[DATA_MAX];
    gsize given = port->get(port->opaque, data, length);

    for (gsize i = 0; i < given; i++)
        device->hash = (device->hash ^ data[i]) * 16777619u;
    device->hash = device->hash * 31 + (guint32)given;
}

/* Takes the data in two parts, as a device does that reads the parameters first. */
static void take_twice(ToyDevice *device, const ToyPort *port, gsize length)
{
    take(device, port, MIN(length, 16));
    take(device, port, length);
}

/* The length of each command's data; 0: the device chooses one. */
static const struct {
    guint8 cmd;
    ToyKind kind;
    guint16 length;
    void (*move)(ToyDevice *device, const ToyPort *port, gsize length);
} commands[] = {
    { 0x02, TOY_MOVES, 0, give },  { 0x86, TOY_MOVES, 4096, give },
    { 0x04, TOY_MOVES, 24, give }, { 0xe4, TOY_MOVES, 7, give },
    { 0x05, TOY_MOVES, 0, take },  { 0x85, TOY_MOVES, 4096, take },
    { 0x07, TOY_MOVES, 6, take },  { 0x1d, TOY_MOVES, 0, take_twice },
    { 0x31, TOY_MOVES, 5, take },  { 0xe9, TOY_MOVES, 8, take },
    { 0x03, TOY_IMMEDIATE },       { 0x13, TOY_IMMEDIATE },
    { 0x1f, TOY_MOVES, 1, take },
};

ToyKind toy_device_kind(guint8 cmd)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (commands[i].cmd == cmd)
            return commands[i].kind;
    return TOY_UNKNOWN;
}

static guint8 more_status(const ToyDevice *device, guint8 cmd)
{
    if (device->commands > PROGRAM_MAX)
        return CHANNEL_DSTAT_UNIT_CHECK;
    if ((cmd & 0x07) == 0x01 && device->hash % 3 == 0)
        return CHANNEL_DSTAT_STATUS_MODIFIER;
    if (device->hash % 61 == 0)
        return CHANNEL_DSTAT_UNIT_CHECK;
    return device->hash % 67 == 0 ? CHANNEL_DSTAT_UNIT_EXCEPTION : 0;
}

guint8 toy_device_execute(ToyDevice *device, guint8 cmd, const ToyPort *port)
{
    device->hash = device->hash * 31 + cmd;
    device->commands++;
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (commands[i].cmd == cmd && commands[i].move)
            commands[i].move(device, port, commands[i].length ? commands[i].length : device->hash % DATA_MAX);
    return CHANNEL_DSTAT_CHANNEL_END | CHANNEL_DSTAT_DEVICE_END | more_status(device, cmd);
}
