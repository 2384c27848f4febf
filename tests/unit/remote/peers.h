/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection of the proxy between two sockets of the test's own: it plays the client and libvirt, frame by frame. And
 * a host that only writes down what is asked of it, in order, for that order is what these tests are about; the real
 * one has tests of its own.
 */
#pragma once

#include <glib.h>

#include "remote/ccw-connection.h"
#include "remote/ccw-wire.h"
#include "util/ccw-error.h"

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
#define GUEST_UUID "deadbeef-0001-0203-0405-060708090a0b"
GByteArray *payload_attach(const char *xml, guint32 flags); /* also detach; with flags: procedures 160 and 161 */
GByteArray *payload_string(const char *text);
GByteArray *payload_error(gint32 code, const char *message);
char *payload_read_string(const Frame *frame);
char *payload_read_attach_xml(const Frame *frame);
char *payload_read_error(const Frame *frame, gint32 *ret_code);

/* The host. What was asked of it, in words, since last asked; it may be told to fail, or not to go on. */
char *host_take_log(void);
void host_fail_claim(CcwError code, const char *message); /* NULL: not any more */
void host_fail_modules(const char *message);
void host_hold_claims(gboolean hold);
guint host_take_lookups(void);         /* the look-ups of devices since last asked */
void host_hold_lookups(gboolean hold); /* they wait until it is called with FALSE */
void host_detach_many(guint count);    /* so many devices are on vfio_ccw besides the one; 65,536 at most */
gboolean host_is_announced(void);      /* an attach is with libvirt */
gboolean host_has_announced(const CcwBusId *id);

/*
 * Holds up every call of "confirm", "back" (a roll-back) or "reconcile" until another word, or NULL, is given; and
 * waits until one is held up.
 */
void host_block(const char *word);
void host_wait_blocked(void);
