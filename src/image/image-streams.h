/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Joins standard input, output and error of this process with those of the command in a captive guest, or this
 * process's terminal with the guest's.
 */
#pragma once

#include <poll.h>

#include "image/image-guest.h"

typedef struct _ImageStreams ImageStreams;

/* @mark: ends what the command writes to each port of the guest; NULL: there is no command */
ImageStreams *image_streams_new(ImageGuest *guest, const char *mark);

/* Gives the terminal its settings back. */
void image_streams_free(ImageStreams *streams);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ImageStreams, image_streams_free)

/* The command begins: from now on each key of the terminal goes to the guest. */
void image_streams_begin(ImageStreams *streams);

#define IMAGE_STREAMS_POLLS 5u

/* Fills in what to wait for. Returns: how many. */
guint image_streams_poll(ImageStreams *streams, struct pollfd polls[IMAGE_STREAMS_POLLS]);

/* Passes on what has come. Returns: FALSE with CCW_ERROR_SYSTEM if this process's output cannot be written. */
gboolean image_streams_serve(ImageStreams *streams, const struct pollfd *polls, guint n, GError **error);

/* Returns: whether all that the command has written has been passed on. */
gboolean image_streams_are_over(const ImageStreams *streams);
