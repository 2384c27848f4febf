/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection of the proxy between two sockets of the test's own: it plays the client and libvirt, frame by frame. The
 * host is that of fake-host.h.
 */
#pragma once

#include <glib.h>

#include "fake-host.h"
#include "remote/connection.h"
#include "rpc/wire.h"
#include "util/error.h"

typedef struct {
    CcwPoll *poll;
    CcwServices services;
    CcwConnection *connection; /* NULL: ended */
    CcwUser *user;             /* set before peers_set_up(): who is charged; NULL: nothing is counted */
    int client;                /* -1: hung up */
    int backend;
    guint changed; /* how often the watcher was called */
} Peers;

void peers_set_up(Peers *peers, gconstpointer data);
void peers_set_up_as(Peers *peers, CcwPeer *peer); /* who the client is; takes it */
void peers_tear_down(Peers *peers, gconstpointer data);

/* A frame and its payload. */
typedef struct {
    CcwHeader header;
    GByteArray *payload;
} Frame;
void frame_clear(Frame *frame);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Frame, frame_clear)

void peers_send(Peers *peers, int fd, guint32 type, gint32 procedure, guint32 serial, guint32 status,
                const GByteArray *payload);

/* Sends bytes of any length, while the connection takes them. */
void peers_send_all(Peers *peers, int fd, const GByteArray *bytes);

/* A descriptor with a byte of its own, as libvirt sends them. FALSE: the socket takes nothing now. */
gboolean peers_send_fd(int to, int fd);
int peers_receive_fd(int from);

/* The next frame at that end, within some seconds. */
Frame peers_receive(Peers *peers, int fd);

/* The client's call of that procedure and serial is answered with this code, and a message with these words, and no
 * UUID of ours, in it. */
void peers_expect_error(Peers *peers, guint32 serial, gint32 procedure, gint32 code, const char *words);

/* Nothing comes there, and everything that can be done has been done. */
void peers_assert_quiet(Peers *peers, int fd);

/* The connection ends by itself, within some seconds. */
void peers_wait_ended(Peers *peers);
void peers_hang_up(int *fd);
void peers_turn(Peers *peers); /* until there is nothing to do */

/* Keeps every thread that parses busy until it is called with FALSE; meanwhile peers_turn() does not return. */
void peers_hold_parsers(Peers *peers, gboolean hold);

/* Payloads. */
GByteArray *payload_attach(const char *xml, guint32 flags); /* also detach; with flags: procedures 160 and 161 */
GByteArray *payload_string(const char *text);
GByteArray *payload_error(gint32 code, const char *message);
char *payload_read_string(const Frame *frame);
char *payload_read_attach_xml(const Frame *frame);
char *payload_read_error(const Frame *frame, gint32 *ret_code);
