/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rpc/rpc-error.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "rpc/xdr.h"
#include "util/error.h"

#define UUID_BYTES 16

/* libvirt's words before the message of an error with that number (src/util/virerror.c); clients print both. */
static const struct {
    gint32 code;
    const char *words;
} introductions[] = {
    { VIR_ERR_INTERNAL_ERROR, "internal error: " },
    { VIR_ERR_OPERATION_FAILED, "operation failed: " },
    { VIR_ERR_XML_ERROR, "XML error: " },
    { VIR_ERR_SYSTEM_ERROR, "" },
    { VIR_ERR_AUTH_FAILED, "authentication failed: " },
    { VIR_ERR_AUTH_CANCELLED, "authentication cancelled: " },
    { VIR_ERR_AUTH_UNAVAILABLE, "authentication unavailable: " },
    { VIR_ERR_OPERATION_UNSUPPORTED, "Operation not supported: " },
    { VIR_ERR_XML_INVALID_SCHEMA, "XML document failed to validate against schema: " },
    { VIR_ERR_OPERATION_INVALID, "Requested operation is not valid: " },
    { VIR_ERR_CONFIG_UNSUPPORTED, "unsupported configuration: " },
    { VIR_ERR_ACCESS_DENIED, "access denied: " },
    { VIR_ERR_DEVICE_MISSING, "device not found: " },
};

/*
 * The numbers of our errors for a user of libvirt. For a PCI device, libvirt uses VIR_ERR_OPERATION_INVALID if it is in
 * use (src/hypervisor/virhostdev.c), and VIR_ERR_DEVICE_MISSING if it does not exist.
 */
static const struct {
    CcwError code;
    gint32 number;
    gint32 domain;
} numbers[] = {
    { CCW_ERROR_INVALID, VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN },
    { CCW_ERROR_XML, VIR_ERR_XML_ERROR, VIR_FROM_DOMAIN },
    { CCW_ERROR_NOT_FOUND, VIR_ERR_DEVICE_MISSING, VIR_FROM_QEMU },
    { CCW_ERROR_BUSY, VIR_ERR_OPERATION_INVALID, VIR_FROM_QEMU },
    { CCW_ERROR_UNSUPPORTED, VIR_ERR_CONFIG_UNSUPPORTED, VIR_FROM_QEMU },
    { CCW_ERROR_DENIED, VIR_ERR_ACCESS_DENIED, VIR_FROM_QEMU },
};

static char *read_optional(RpcXdrReader *reader)
{
    gsize length = 0;
    const char *text = rpc_xdr_read_present(reader) ? rpc_xdr_read_string(reader, &length) : NULL;

    return text ? g_strndup(text, length) : NULL;
}

static void skip_domain(RpcXdrReader *reader)
{
    gsize length;

    if (!rpc_xdr_read_present(reader))
        return;
    rpc_xdr_read_string(reader, &length);
    rpc_xdr_read_fixed(reader, UUID_BYTES);
    rpc_xdr_read_u32(reader);
}

gboolean rpc_error_decode(RpcError *ret_error, const guint8 *payload, gsize length)
{
    RpcError error = { 0 };
    RpcXdrReader reader;

    rpc_xdr_reader_init(&reader, payload, length);
    error.code = (gint32)rpc_xdr_read_u32(&reader);
    error.domain = (gint32)rpc_xdr_read_u32(&reader);
    error.message = read_optional(&reader);
    rpc_xdr_read_u32(&reader); /* level */
    skip_domain(&reader);
    for (guint i = 0; i < G_N_ELEMENTS(error.str); i++)
        error.str[i] = read_optional(&reader);
    if (reader.failed) {
        rpc_error_clear(&error);
        return FALSE;
    }
    *ret_error = error;
    return TRUE;
}

void rpc_error_clear(RpcError *error)
{
    g_clear_pointer(&error->message, g_free);
    for (guint i = 0; i < G_N_ELEMENTS(error->str); i++)
        g_clear_pointer(&error->str[i], g_free);
}

gboolean rpc_error_mentions(const RpcError *error, const char *text)
{
    if (error->message && strstr(error->message, text))
        return TRUE;
    for (guint i = 0; i < G_N_ELEMENTS(error->str); i++)
        if (error->str[i] && strstr(error->str[i], text))
            return TRUE;
    return FALSE;
}

char *rpc_error_hook_reason(const char *text)
{
    static const char introduction[] = "Hook script execution failed: ";
    const char *said = strstr(text, RPC_ERROR_HOOK);
    const char *words = strstr(text, introduction);
    g_autofree char *reason = NULL;

    if (!said)
        return NULL;
    reason = g_strchomp(g_strdup(said + strlen(RPC_ERROR_HOOK)));
    return words && words < said ? g_strdup_printf("%.*s%s%s", (int)(words - text), text, introduction, reason)
                                 : g_steal_pointer(&reason);
}

/*
 * Returns: the placeholder for the message after libvirt's words: "%s", in newer versions "%1$s". Without words it is
 * "%s" in all versions. This function asks libvirt's library, which provides libvirtd's words, by an error that the
 * library makes without a connection.
 */
static const char *find_placeholder(void)
{
    const char *found = "%s";
    virErrorPtr error;

    virInitialize();
    virConnectClose(NULL);
    error = virGetLastError();
    if (error && error->str1 && strstr(error->str1, "%1$s"))
        found = "%1$s";
    virResetLastError();
    return found;
}

static const char *placeholder(void)
{
    static const char *found;

    if (g_once_init_enter(&found))
        g_once_init_leave(&found, find_placeholder());
    return found;
}

static const char *introduction_of(gint32 code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(introductions); i++)
        if (introductions[i].code == code)
            return introductions[i].words;
    return "";
}

GByteArray *rpc_error_reply(const RpcHeader *call, gint32 code, gint32 domain, const char *message)
{
    g_autofree char *valid = g_utf8_make_valid(message, -1);
    g_autoptr(GByteArray) payload = g_byte_array_new();
    const char *introduction = introduction_of(code);
    g_autofree char *words = g_strconcat(introduction, *introduction ? placeholder() : "%s", NULL);
    g_autofree char *whole = NULL;
    RpcHeader header = *call;

    if (strlen(valid) > RPC_XDR_STRING_MAX / 4)
        valid[RPC_XDR_STRING_MAX / 4] = '\0';
    whole = g_strconcat(introduction, valid, NULL);
    rpc_xdr_write_u32(payload, (guint32)code);
    rpc_xdr_write_u32(payload, (guint32)domain);
    rpc_xdr_write_optional(payload, whole);
    rpc_xdr_write_u32(payload, VIR_ERR_ERROR);
    rpc_xdr_write_u32(payload, FALSE); /* dom */
    rpc_xdr_write_optional(payload, words);
    rpc_xdr_write_optional(payload, valid);
    rpc_xdr_write_optional(payload, NULL);
    rpc_xdr_write_u32(payload, (guint32)-1); /* int1, int2: none */
    rpc_xdr_write_u32(payload, (guint32)-1);
    rpc_xdr_write_u32(payload, FALSE); /* net */
    header.type = RPC_TYPE_REPLY;
    header.status = RPC_STATUS_ERROR;
    return rpc_frame_new(&header, payload->data, payload->len);
}

GByteArray *rpc_error_reply_for(const RpcHeader *call, const GError *error)
{
    if (error->domain == CCW_ERROR)
        for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
            if (error->code == (gint)numbers[i].code)
                return rpc_error_reply(call, numbers[i].number, numbers[i].domain, error->message);
    return rpc_error_reply(call, VIR_ERR_OPERATION_FAILED, VIR_FROM_QEMU, error->message);
}
