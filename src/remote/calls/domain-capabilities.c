/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Domain capabilities: adds the host device type and the feature of libvirt-ccw to libvirt's reply, if the emulator
 * supports channel devices. virtccwd runs no emulator to find out, because libvirt knows the emulator's capabilities:
 *
 *   call    sends the client's call
 *   sample  if libvirt accepted it: a worker makes a domain with that emulator and a channel device from the reply
 *   ask     asks CONNECT_DOMAIN_XML_TO_NATIVE about the sample, in the client's name. libvirt checks the same access
 *           (connect.write), touches no device, and answers with an error if the emulator has no vfio-ccw
 *   extend  unless the answer was an error: a worker extends the reply to the client's call
 */
#include "conf/domcaps.h"

#include <string.h>

#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "rpc/xdr.h"

#define NATIVE_FORMAT "qemu-argv" /* QEMU_ARGV_FORMAT of libvirt's src/qemu/qemu_driver.c */

typedef struct {
    RemoteTask task;
    GByteArray *reply; /* libvirt's reply */
    char *xml;         /* the XML in the reply */
    char *sample;      /* NULL: virtccwd can make no sample for this emulator */
    char *extended;    /* NULL: the reply stays as it is */
} Capabilities;

static void capabilities_free(RemoteTask *task)
{
    Capabilities *capabilities = (Capabilities *)task;

    g_clear_pointer(&capabilities->reply, g_byte_array_unref);
    g_free(capabilities->xml);
    g_free(capabilities->sample);
    g_free(capabilities->extended);
    g_free(capabilities);
}

static void end(RemoteTask *task)
{
    remote_task_end(task, g_steal_pointer(&((Capabilities *)task)->reply));
}

static void sample_work(RemoteTask *task);
static void sample_done(RemoteTask *task);
static void native_asked(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length);
static void extend_work(RemoteTask *task);
static void extend_done(RemoteTask *task);

static void called(RemoteTask *task, const RpcHeader *header, const guint8 *payload, gsize length)
{
    Capabilities *capabilities = (Capabilities *)task;

    capabilities->reply = remote_task_raise(task, header, payload, length);
    if (header->status == RPC_STATUS_OK)
        capabilities->xml = remote_task_read_string(payload, length);
    if (capabilities->xml)
        remote_task_work(task, REMOTE_WORK_PARSE, sample_work, sample_done);
    else
        end(task);
}

static void sample_work(RemoteTask *task)
{
    Capabilities *capabilities = (Capabilities *)task;

    capabilities->sample = conf_domcaps_sample(capabilities->xml);
}

static void sample_done(RemoteTask *task)
{
    const char *domain = ((Capabilities *)task)->sample;
    g_autoptr(GByteArray) payload = g_byte_array_new();

    if (!domain || strlen(domain) > RPC_XDR_STRING_MAX) {
        end(task);
        return;
    }
    rpc_xdr_write_string(payload, NATIVE_FORMAT, strlen(NATIVE_FORMAT));
    rpc_xdr_write_string(payload, domain, strlen(domain));
    rpc_xdr_write_u32(payload, 0); /* flags */
    remote_task_ask(task, REMOTE_PROC_CONNECT_DOMAIN_XML_TO_NATIVE, payload, native_asked, end);
}

static void native_asked(RemoteTask *task, const RpcHeader *header, const guint8 *payload G_GNUC_UNUSED,
                         gsize length G_GNUC_UNUSED)
{
    if (header->status == RPC_STATUS_OK)
        remote_task_work(task, REMOTE_WORK_PARSE, extend_work, extend_done);
    else
        end(task);
}

static void extend_work(RemoteTask *task)
{
    Capabilities *capabilities = (Capabilities *)task;
    gboolean changed;

    capabilities->extended = conf_domcaps_raise(capabilities->xml, &changed, NULL);
}

static void extend_done(RemoteTask *task)
{
    const char *xml = ((Capabilities *)task)->extended;
    g_autoptr(GByteArray) payload = g_byte_array_new();

    if (!xml || strlen(xml) > RPC_XDR_STRING_MAX) {
        end(task);
        return;
    }
    rpc_xdr_write_string(payload, xml, strlen(xml));
    remote_task_end(task, remote_task_success(task, payload));
}

gboolean remote_domain_capabilities_begin(RemoteConnection *connection, RemoteCall *call)
{
    Capabilities *capabilities = g_new0(Capabilities, 1);

    capabilities->task.free = capabilities_free;
    remote_task_begin(&capabilities->task, connection, call);
    remote_task_call(&capabilities->task, called, end);
    return TRUE;
}
