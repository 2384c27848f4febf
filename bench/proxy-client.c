/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client of libvirt's protocol that does as little as possible between two calls, so that the daemons dominate the
 * measured time. bench/proxy runs it.
 *
 *   proxy-client rounds DIRECT BARE PROXY COUNT DOMAIN... the same calls by the three sockets in turn; a line for each:
 *                                                        NAME, and p50, p99 and calls a second of each socket
 *   proxy-client bare LISTEN CONNECT                     a proxy that only moves bytes, for one client after the other
 *   proxy-client idle SOCKET COUNT                       opens as many clients, prints a line, and waits for EOF
 */
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "rpc/wire.h"
#include "rpc/xdr.h"

#define AUTH_LIST 66
#define CONNECT_OPEN 1
#define GET_LIB_VERSION 157
#define LOOKUP_BY_NAME 23
#define GET_XML_DESC 14
#define LIST_ALL_DOMAINS 273
#define WARM_UP 50
#define SOCKETS 3

typedef struct {
    int fd;
    guint32 serial;
    GByteArray *reply; /* payload of the last reply */
} Client;

static void fail(const char *what)
{
    fprintf(stderr, "proxy-client: %s: %m\n", what);
    exit(1);
}

static void read_all(int fd, guint8 *bytes, gsize length)
{
    while (length) {
        ssize_t n = recv(fd, bytes, length, 0);

        if (n <= 0)
            fail("the server hung up");
        bytes += n;
        length -= (gsize)n;
    }
}

/* Makes a call. The reply's payload is in client->reply. */
static void call(Client *client, gint32 procedure, const GByteArray *payload)
{
    const RpcHeader header = {
        .program = RPC_PROGRAM_REMOTE,
        .version = RPC_PROGRAM_VERSION,
        .procedure = procedure,
        .serial = client->serial++,
    };
    g_autoptr(GByteArray) frame = rpc_frame_new(&header, payload ? payload->data : NULL, payload ? payload->len : 0);
    guint8 head[RPC_FRAME_HEAD];
    RpcHeader reply;

    if (send(client->fd, frame->data, frame->len, MSG_NOSIGNAL) != (ssize_t)frame->len)
        fail("send");
    read_all(client->fd, head, sizeof(head));
    if (!rpc_header_decode(head, &reply, NULL))
        fail("a reply");
    g_byte_array_set_size(client->reply, reply.length - RPC_FRAME_HEAD);
    read_all(client->fd, client->reply->data, client->reply->len);
    if (reply.status != RPC_STATUS_OK || reply.procedure != procedure || reply.serial != header.serial) {
        fprintf(stderr, "proxy-client: procedure %d is answered with status %u\n", procedure, reply.status);
        exit(1);
    }
}

static int open_socket(const char *path, int (*use)(int fd, const struct sockaddr *address, socklen_t length))
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    if (fd < 0 || use(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        fail(path);
    return fd;
}

static Client client_open(const char *path)
{
    Client client = { .fd = open_socket(path, connect), .reply = g_byte_array_new() };
    g_autoptr(GByteArray) name = g_byte_array_new();

    call(&client, AUTH_LIST, NULL);
    rpc_xdr_write_optional(name, "qemu:///system");
    rpc_xdr_write_u32(name, 0);
    call(&client, CONNECT_OPEN, name);
    return client;
}

static gint64 now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * G_GINT64_CONSTANT(1000000000) + time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    const gint64 *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static gint64 percentile(gint64 *times, guint count, guint percent)
{
    qsort(times, count, sizeof(*times), compare);
    return times[MIN(count - 1, count * percent / 100)];
}

/* Makes a call with each of the payloads in turns. */
static void measure(Client clients[SOCKETS], const char *name, gint32 procedure, const GPtrArray *payloads, guint count)
{
    gint64 *times[SOCKETS];
    gint64 sums[SOCKETS] = { 0 };

    for (guint side = 0; side < SOCKETS; side++)
        times[side] = g_new(gint64, count);
    for (guint i = 0; i < count + WARM_UP; i++) {
        for (guint side = 0; side < SOCKETS; side++) {
            gint64 start = now();

            call(&clients[side], procedure, payloads->pdata[i % payloads->len]);
            if (i >= WARM_UP) {
                times[side][i - WARM_UP] = now() - start;
                sums[side] += times[side][i - WARM_UP];
            }
        }
    }
    printf("%s", name);
    for (guint side = 0; side < SOCKETS; side++)
        printf(" %.2f %.2f %.0f", (double)percentile(times[side], count, 50) / 1e3,
               (double)percentile(times[side], count, 99) / 1e3, count * 1e9 / (double)sums[side]);
    printf("\n");
    for (guint side = 0; side < SOCKETS; side++)
        g_free(times[side]);
}

/* Returns the arguments of a domain's dumpxml. */
static GByteArray *dump_payload(Client *client, const char *domain)
{
    g_autoptr(GByteArray) lookup = g_byte_array_new();
    GByteArray *dump = g_byte_array_new();

    rpc_xdr_write_string(lookup, domain, strlen(domain));
    call(client, LOOKUP_BY_NAME, lookup);
    g_byte_array_append(dump, client->reply->data, client->reply->len);
    rpc_xdr_write_u32(dump, 0);
    return dump;
}

static GPtrArray *one_payload(GByteArray *payload)
{
    GPtrArray *payloads = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);

    g_ptr_array_add(payloads, payload);
    return payloads;
}

static int rounds(char **argv)
{
    Client clients[SOCKETS] = { client_open(argv[0]), client_open(argv[1]), client_open(argv[2]) };
    guint count = (guint)g_ascii_strtoull(argv[3], NULL, 10);
    GByteArray *list = g_byte_array_new();
    g_autoptr(GPtrArray) ping = one_payload(g_byte_array_new());
    g_autoptr(GPtrArray) lists = one_payload(list);
    g_autoptr(GPtrArray) dump = one_payload(dump_payload(&clients[0], argv[4]));
    g_autoptr(GPtrArray) dumps = one_payload(dump_payload(&clients[0], argv[4]));

    for (char **domain = argv + 5; *domain; domain++)
        g_ptr_array_add(dumps, dump_payload(&clients[0], *domain));
    rpc_xdr_write_u32(list, 1);
    rpc_xdr_write_u32(list, 0);
    measure(clients, "ping", GET_LIB_VERSION, ping, count);
    measure(clients, "dumpxml", GET_XML_DESC, dump, MAX(count / 10, 1));
    measure(clients, "dumpxml-each", GET_XML_DESC, dumps, MAX(count / 10, 1));
    measure(clients, "list-all", LIST_ALL_DOMAINS, lists, MAX(count / 10, 1));
    return 0;
}

static void move_bytes(int from, int to, gboolean *ret_open)
{
    static guint8 bytes[65536];
    ssize_t n = recv(from, bytes, sizeof(bytes), 0);

    *ret_open = n > 0;
    for (ssize_t sent = 0; sent < n;) {
        ssize_t part = send(to, bytes + sent, (size_t)(n - sent), MSG_NOSIGNAL);

        if (part < 0)
            fail("send");
        sent += part;
    }
}

static void serve(int client, int backend)
{
    int set = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN, .data.fd = client };
    gboolean open = TRUE;

    epoll_ctl(set, EPOLL_CTL_ADD, client, &event);
    event.data.fd = backend;
    epoll_ctl(set, EPOLL_CTL_ADD, backend, &event);
    while (open && epoll_wait(set, &event, 1, -1) == 1)
        move_bytes(event.data.fd, event.data.fd == client ? backend : client, &open);
    close(set);
}

G_GNUC_NORETURN static void bare(char **argv)
{
    int listener = open_socket(argv[0], bind);

    if (listen(listener, 1) < 0)
        fail(argv[0]);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        int backend = open_socket(argv[1], connect);

        serve(client, backend);
        close(client);
        close(backend);
    }
}

static int idle(char **argv)
{
    guint count = (guint)g_ascii_strtoull(argv[1], NULL, 10);
    char byte;

    for (guint i = 0; i < count; i++)
        g_byte_array_unref(client_open(argv[0]).reply);
    printf("open\n");
    fflush(stdout);
    return read(0, &byte, 1) < 0;
}

int main(int argc, char **argv)
{
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (argc >= 7 && strcmp(argv[1], "rounds") == 0)
        return rounds(argv + 2);
    if (argc == 4 && strcmp(argv[1], "bare") == 0)
        bare(argv + 2);
    if (argc == 4 && strcmp(argv[1], "idle") == 0)
        return idle(argv + 2);
    fprintf(stderr, "usage: bench/proxy runs this\n");
    return 2;
}
