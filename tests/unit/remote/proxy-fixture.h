/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection of the proxy between two sockets of the test. The test is the client and libvirt, frame by frame. The
 * host is that of fake-host.h.
 */
#pragma once

#include <glib.h>

#include "fake-host.h"
#include "procedures.h"
#include "remote/connection.h"
#include "rpc/wire.h"
#include "util/error.h"

typedef struct {
    RpcPoll *poll;
    RemoteServices services;
    RemoteConnection *connection; /* NULL: it has ended */
    RemoteUser *user; /* set before proxy_set_up(): the user whose share is charged; NULL: nothing is counted */
    int client;       /* -1: closed by proxy_hang_up() */
    int backend;
    guint changed; /* how often the connection has woken the watcher */
} Proxy;

void proxy_set_up(Proxy *proxy, gconstpointer data);
void proxy_set_up_as(Proxy *proxy, RemoteClientProcess *process); /* process: the client; takes ownership */
void proxy_tear_down(Proxy *proxy, gconstpointer data);

/* A frame and its payload. */
typedef struct {
    RpcHeader header;
    GByteArray *payload;
} Frame;
void frame_clear(Frame *frame);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Frame, frame_clear)

void proxy_send(Proxy *proxy, int fd, guint32 type, gint32 procedure, guint32 serial, guint32 status,
                const GByteArray *payload);

/* Sends bytes of any length, while the connection reads them. */
void proxy_send_all(Proxy *proxy, int fd, const GByteArray *bytes);

/* Sends a descriptor with one byte, as libvirt does. FALSE: the socket is full. */
gboolean proxy_send_fd(int to, int fd);
int proxy_receive_fd(int from);

/* Returns the next frame at that end, within some seconds. */
Frame proxy_receive(Proxy *proxy, int fd);

/*
 * Asserts that the client's call of this procedure and serial gets an error with this code, and a message that contains
 * these words and no UUID of ours.
 */
void proxy_expect_error(Proxy *proxy, guint32 serial, gint32 procedure, gint32 code, const char *words);

/* Asserts that no byte arrives there, after all pending work is done. */
void proxy_assert_quiet(Proxy *proxy, int fd);

/* Waits until the connection ends by itself, for some seconds. */
void proxy_wait_ended(Proxy *proxy);
void proxy_hang_up(int *fd);
void proxy_turn(Proxy *proxy); /* runs the main loop until it has nothing to do */

/* Keeps all threads that parse busy until a call with FALSE; meanwhile proxy_turn() does not return. */
void proxy_block_parsers(Proxy *proxy, gboolean block);

/* Payloads. */
GByteArray *payload_attach(const char *xml, guint32 flags); /* also for detach; with flags: ATTACH and DETACH */
GByteArray *payload_string(const char *text);
GByteArray *payload_error(gint32 code, const char *message);
char *payload_read_string(const Frame *frame);
char *payload_read_attach_xml(const Frame *frame);
char *payload_read_error(const Frame *frame, gint32 *ret_code);
