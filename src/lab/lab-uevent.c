/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "util/endian.h"
#include "util/error.h"

#define UDEV_GROUP 2 /* udevd's multicast group; group 1 is the kernel's own */
#define UDEV_MAGIC 0xfeedcafeu

typedef struct {
    char prefix[8];
    guint8 magic[4]; /* big-endian, like the hashes */
    guint32 header_size;
    guint32 properties_off;
    guint32 properties_len;
    guint8 subsystem_hash[4];
    guint8 devtype_hash[4];
    guint8 tag_bloom_hi[4];
    guint8 tag_bloom_lo[4];
} UdevHeader;
G_STATIC_ASSERT(sizeof(UdevHeader) == 40);

/* MurmurHash2 with seed 0 of words in the host's byte order, as in libudev. Listeners let the kernel filter by it. */
static guint32 hash(const char *text)
{
    const guint32 multiplier = 0x5bd1e995;
    gsize left = strlen(text);
    guint32 h = (guint32)left;

    for (; left >= 4; left -= 4, text += 4) {
        guint32 k;

        memcpy(&k, text, sizeof(k));
        k *= multiplier;
        h = h * multiplier ^ (k ^ k >> 24) * multiplier;
    }
    for (gsize i = left; i > 0; i--)
        h ^= (guint32)(guint8)text[i - 1] << 8 * (i - 1);
    if (left)
        h *= multiplier;
    h = (h ^ h >> 13) * multiplier;
    return h ^ h >> 15;
}

static void add(GByteArray *message, const char *key, const char *value)
{
    g_autofree char *line = g_strdup_printf("%s=%s", key, value);

    g_byte_array_append(message, (const guint8 *)line, (guint)strlen(line) + 1);
}

/* udevd sends the path of the node, the kernel only its name. */
static void add_node(GByteArray *message, const char *name)
{
    g_autofree char *path = g_strdup_printf("/dev/%s", name);

    add(message, "DEVNAME", path);
}

GByteArray *lab_uevent_message(const char *action, const char *devpath, const char *subsystem, const char *env,
                               guint64 seqnum)
{
    GByteArray *message = g_byte_array_new();
    g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, seqnum);
    g_auto(GStrv) lines = g_strsplit(env, "\n", -1);
    UdevHeader header = { .prefix = "libudev", .header_size = sizeof(header), .properties_off = sizeof(header) };

    g_byte_array_set_size(message, sizeof(header));
    add(message, "ACTION", action);
    add(message, "DEVPATH", devpath);
    add(message, "SUBSYSTEM", subsystem);
    add(message, "SEQNUM", number);
    for (char **line = lines; *line; line++) {
        if (g_str_has_prefix(*line, "DEVNAME="))
            add_node(message, *line + strlen("DEVNAME="));
        else if (**line)
            g_byte_array_append(message, (const guint8 *)*line, (guint)strlen(*line) + 1);
    }
    ccw_store_be32(header.magic, UDEV_MAGIC);
    ccw_store_be32(header.subsystem_hash, hash(subsystem));
    header.properties_len = message->len - (guint32)sizeof(header);
    memcpy(message->data, &header, sizeof(header));
    return message;
}

int lab_uevent_open(GError **error)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

    if (fd < 0)
        ccw_error_set_errno(error, errno, "cannot open a netlink socket for uevents");
    return fd;
}

void lab_uevent_send(int fd, const GByteArray *message)
{
    struct sockaddr_nl listeners = { .nl_family = AF_NETLINK, .nl_groups = UDEV_GROUP };
    ssize_t sent = sendto(fd, message->data, message->len, 0, (struct sockaddr *)&listeners, sizeof(listeners));

    /* ECONNREFUSED: there is no listener. ENOBUFS: a listener reads too slowly, and loses the kernel's events, too. */
    if (sent < 0 && errno != ECONNREFUSED && errno != ENOBUFS)
        g_warning("cannot send a uevent: %s", g_strerror(errno));
}
