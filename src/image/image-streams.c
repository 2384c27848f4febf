/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-streams.h"

#include <errno.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "image/image-mark.h"
#include "util/error.h"

#define BUFFER_SIZE 16384u

/* One way from the guest to a descriptor of this process. */
typedef struct {
    ImagePort port;
    int to;
    ImageMark *mark; /* NULL: the guest does not have this port, or there is no command */
} Output;

#define OUTPUTS 3u

struct _ImageStreams {
    ImageGuest *guest;
    Output outputs[OUTPUTS];
    ImagePort input;     /* the port to which standard input goes */
    GByteArray *pending; /* bytes of standard input that QEMU has not taken yet */
    gboolean is_at_end;  /* of standard input */
    gboolean is_raw;
    struct termios before;
};

ImageStreams *image_streams_new(ImageGuest *guest, const char *mark)
{
    ImageStreams *streams = g_new0(ImageStreams, 1);

    streams->guest = guest;
    streams->outputs[0] = (Output){ IMAGE_PORT_OUTPUT, STDOUT_FILENO, NULL };
    streams->outputs[1] = (Output){ IMAGE_PORT_ERROR, STDERR_FILENO, NULL };
    streams->outputs[2] = (Output){ IMAGE_PORT_TERMINAL, STDOUT_FILENO, NULL };
    for (guint i = 0; i < OUTPUTS; i++)
        if (mark && guest->ports[streams->outputs[i].port] >= 0)
            streams->outputs[i].mark = image_mark_new(mark);
    streams->input = guest->ports[IMAGE_PORT_TERMINAL] >= 0 ? IMAGE_PORT_TERMINAL : IMAGE_PORT_INPUT;
    streams->pending = g_byte_array_new();
    return streams;
}

void image_streams_free(ImageStreams *streams)
{
    if (!streams)
        return;
    if (streams->is_raw)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &streams->before);
    for (guint i = 0; i < OUTPUTS; i++)
        image_mark_free(streams->outputs[i].mark);
    g_byte_array_unref(streams->pending);
    g_free(streams);
}

void image_streams_begin(ImageStreams *streams)
{
    struct termios raw;

    if (streams->guest->ports[IMAGE_PORT_TERMINAL] < 0 || tcgetattr(STDIN_FILENO, &streams->before) < 0)
        return;
    raw = streams->before;
    cfmakeraw(&raw);
    streams->is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static void close_port(ImageStreams *streams, ImagePort port)
{
    close(streams->guest->ports[port]);
    streams->guest->ports[port] = -1;
}

guint image_streams_poll(ImageStreams *streams, struct pollfd polls[IMAGE_STREAMS_POLLS])
{
    guint n = 0;
    int input = streams->guest->ports[streams->input];

    for (guint i = 0; i < OUTPUTS; i++)
        if (streams->guest->ports[streams->outputs[i].port] >= 0)
            polls[n++] = (struct pollfd){ .fd = streams->guest->ports[streams->outputs[i].port], .events = POLLIN };
    if (input >= 0 && streams->pending->len > 0)
        polls[n++] = (struct pollfd){ .fd = input, .events = POLLOUT };
    else if (input >= 0 && !streams->is_at_end)
        polls[n++] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
    return n;
}

static gboolean write_output(const Output *output, const guint8 *bytes, gsize length, GError **error)
{
    while (length > 0) {
        ssize_t n = write(output->to, bytes, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN) { /* another process has made the descriptor not block */
            struct pollfd ready = { output->to, POLLOUT, 0 };

            poll(&ready, 1, -1);
            continue;
        }
        if (n < 0) {
            ccw_error_set_errno(error, errno, "cannot write the command's %s",
                                output->to == STDERR_FILENO ? "errors" : "output");
            return FALSE;
        }
        bytes += n;
        length -= (gsize)n;
    }
    return TRUE;
}

static gboolean serve_output(ImageStreams *streams, Output *output, GError **error)
{
    g_autoptr(GByteArray) ready = g_byte_array_new();
    guint8 buffer[BUFFER_SIZE];
    ssize_t n = read(streams->guest->ports[output->port], buffer, sizeof(buffer));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return TRUE;
    if (n <= 0) { /* QEMU has ended; the report's port says so, too */
        close_port(streams, output->port);
        return TRUE;
    }
    if (!output->mark)
        return write_output(output, buffer, (gsize)n, error);
    image_mark_feed(output->mark, buffer, (gsize)n, ready);
    return write_output(output, ready->data, ready->len, error);
}

static void serve_standard_input(ImageStreams *streams)
{
    guint8 buffer[BUFFER_SIZE];
    ssize_t n = read(STDIN_FILENO, buffer, sizeof(buffer));

    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n > 0) {
        g_byte_array_append(streams->pending, buffer, (guint)n);
        return;
    }
    streams->is_at_end = TRUE;
    /* The command reads the end of its input. QEMU drops what it has not read yet of a socket that is closed. */
    if (streams->input == IMAGE_PORT_INPUT)
        shutdown(streams->guest->ports[streams->input], SHUT_WR);
}

static void send_pending(ImageStreams *streams)
{
    ssize_t n = send(streams->guest->ports[streams->input], streams->pending->data, streams->pending->len,
                     MSG_NOSIGNAL | MSG_DONTWAIT);

    if (n > 0)
        g_byte_array_remove_range(streams->pending, 0, (guint)n);
    else if (n < 0 && errno != EAGAIN && errno != EINTR)
        g_byte_array_set_size(streams->pending, 0); /* QEMU has ended */
}

gboolean image_streams_serve(ImageStreams *streams, const struct pollfd *polls, guint n, GError **error)
{
    for (guint i = 0; i < n; i++) {
        if (!polls[i].revents)
            continue;
        if (polls[i].fd == STDIN_FILENO)
            serve_standard_input(streams);
        else if (polls[i].events == POLLOUT)
            send_pending(streams);
        for (guint k = 0; k < OUTPUTS && polls[i].events == POLLIN; k++)
            if (polls[i].fd == streams->guest->ports[streams->outputs[k].port] &&
                !serve_output(streams, &streams->outputs[k], error))
                return FALSE;
    }
    return TRUE;
}

gboolean image_streams_are_over(const ImageStreams *streams)
{
    for (guint i = 0; i < OUTPUTS; i++)
        if (streams->outputs[i].mark && !streams->outputs[i].mark->is_found)
            return FALSE;
    return TRUE;
}
