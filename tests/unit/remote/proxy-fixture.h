/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection of the proxy between two sockets of the test's own: it plays the client and libvirt, frame by frame. The
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
    RemoteConnection *connection; /* NULL: ended */
    RemoteUser *user;             /* set before proxy_set_up(): who is charged; NULL: nothing is counted */
    int client;                   /* -1: hung up */
    int backend;
    guint changed; /* how often the watcher was called */
} Proxy;

void proxy_set_up(Proxy *proxy, gconstpointer data);
void proxy_set_up_as(Proxy *proxy, RemoteClientProcess *process); /* who the client is; the function owns it */
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

/* Sends bytes of any length, while the connection takes them. */
void proxy_send_all(Proxy *proxy, int fd, const GByteArray *bytes);

/* A descriptor with a byte of its own, as libvirt sends them. FALSE: the socket takes nothing now. */
gboolean proxy_send_fd(int to, int fd);
int proxy_receive_fd(int from);

/* The next frame at that end, within some seconds. */
Frame proxy_receive(Proxy *proxy, int fd);

/* The client's call of that procedure and serial is answered with this code, and a message with these words, and no
 * UUID of ours, in it. */
void proxy_expect_error(Proxy *proxy, guint32 serial, gint32 procedure, gint32 code, const char *words);

/* Nothing comes there, and everything that can be done has been done. */
void proxy_assert_quiet(Proxy *proxy, int fd);

/* The connection ends by itself, within some seconds. */
void proxy_wait_ended(Proxy *proxy);
void proxy_hang_up(int *fd);
void proxy_turn(Proxy *proxy); /* until there is nothing to do */

/* Keeps every thread that parses busy until it is called with FALSE; meanwhile proxy_turn() does not return. */
void proxy_block_parsers(Proxy *proxy, gboolean block);

/* Payloads. */
GByteArray *payload_attach(const char *xml, guint32 flags); /* also detach; with flags: procedures 160 and 161 */
GByteArray *payload_string(const char *text);
GByteArray *payload_error(gint32 code, const char *message);
char *payload_read_string(const Frame *frame);
char *payload_read_attach_xml(const Frame *frame);
char *payload_read_error(const Frame *frame, gint32 *ret_code);
