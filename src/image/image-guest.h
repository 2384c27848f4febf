/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs a captive guest (image-captive.h) on a DASD image, in the QEMU that qemu-ccw would start: without privileges.
 * image-session.h speaks with it.
 */
#pragma once

#include <signal.h>
#include <sys/types.h>

#include "image/image-captive.h"
#include "util/address.h"

typedef struct {
    const ImageCaptive *captive;
    GBytes *plan;      /* of image_plan_finish() */
    const char *image; /* path of the DASD image */
    CcwBusId device;   /* its bus id in the guest */
    gboolean is_read_only;
    int disk_fd;          /* a raw virtio disk; -1: none */
    guint memory;         /* MiB */
    const char *emulator; /* NULL: the default one */
    gboolean has_streams; /* a command has standard input, output and error */
    gboolean has_terminal;
} ImageGuestSettings;

/* The channels of a guest: our ends of socket pairs, -1 for those that it does not have. */
typedef enum {
    IMAGE_PORT_CONSOLE, /* the kernel's console */
    IMAGE_PORT_REPORT,
    IMAGE_PORT_INPUT,
    IMAGE_PORT_OUTPUT,
    IMAGE_PORT_ERROR,
    IMAGE_PORT_TERMINAL,
    IMAGE_PORTS,
} ImagePort;

typedef struct {
    pid_t pid; /* of QEMU; 0: it has ended */
    int ports[IMAGE_PORTS];
    int log_fd; /* what QEMU itself writes to standard output and error */
} ImageGuest;

/**
 * image_guest_start:
 * @mask: the signal mask of QEMU, in place of the caller's
 *
 * Starts QEMU. The caller has blocked SIGCHLD.
 *
 * Returns: the guest; NULL with an error of launcher_prepare(), or CCW_ERROR_SYSTEM
 */
ImageGuest *image_guest_start(const ImageGuestSettings *settings, const sigset_t *mask, GError **error);

/**
 * image_guest_stop: Ends QEMU, with SIGTERM and, if that takes too long, SIGKILL. Closes all ports.
 *
 * Returns: FALSE with CCW_ERROR_SYSTEM if QEMU had to be killed, or has failed
 */
gboolean image_guest_stop(ImageGuest *guest, GError **error);

/* Kills a QEMU that still runs. */
void image_guest_free(ImageGuest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageGuest, image_guest_free)
