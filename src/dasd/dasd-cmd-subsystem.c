/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands to the control unit: characteristics, configuration, subsystem functions.
 */
#include "dasd/dasd-cmd-subsystem.h"

#include <string.h>

#include "dasd/dasd-chain.h"
#include "dasd/dasd-config.h"
#include "dasd/dasd-data.h"
#include "dasd/dasd-exec.h"
#include "dasd/dasd-move.h"
#include "dasd/dasd-sense.h"
#include "util/endian.h"

#define PSF_ORDER_PREPARE 0x18
#define PSF_ORDER_SET_CHARACTERISTICS 0x1d
#define PSF_ORDER_SET_INTERFACE 0xb0
#define PSF_OFS_FLAGS 1
#define PSF_OFS_UNIT 4 /* logical subsystem and unit address */
#define PSF_OFS_SUBORDER 6
#define PSF_OFS_SCOPE 7
#define PSF_OFS_MESSAGE 8
#define PSF_SIZE_PREPARE 12
#define PSF_SIZE_SET_CHARACTERISTICS 66
#define PSF_SIZE_SET_INTERFACE 4
#define PSF_SIZE_MAX PSF_SIZE_SET_CHARACTERISTICS
#define PSF_SUBORDER_STATISTICS 0x01
#define PSF_SUBORDER_MESSAGES 0x03
#define PSF_SUBORDER_VOLUME_STORAGE 0x52
#define PSF_NODE_QUALIFIED 0x00 /* flags of SET INTERFACE IDENTIFIER: descriptor and qualifier of a node */
#define PSF_NODE_OF_INTERFACE 0x01

#define MESSAGE_OFS_ID 4

#define DIAGNOSE_MEDIA_QUERY 0x12

#define ANSWER(suborder, field)                                                                                        \
    {                                                                                                                  \
        PSF_ORDER_PREPARE, suborder, G_STRUCT_OFFSET(DasdConfig, field), sizeof(((DasdConfig *)NULL)->field)           \
    }

/* Answers that an order can prepare for READ SUBSYSTEM DATA. */
static const struct {
    guint8 order;
    guint8 suborder; /* for SET INTERFACE IDENTIFIER: the flags */
    gsize offset;    /* of the answer in DasdConfig */
    gsize size;
} answers[] = {
    ANSWER(0x00, path_status),
    ANSWER(PSF_SUBORDER_STATISTICS, statistics),
    ANSWER(PSF_SUBORDER_MESSAGES, message),
    ANSWER(0x0e, unit_addresses),
    ANSWER(0x41, features),
    ANSWER(PSF_SUBORDER_VOLUME_STORAGE, volume_storage),
    ANSWER(0x53, logical_configuration),
    { PSF_ORDER_SET_INTERFACE, PSF_NODE_QUALIFIED, G_STRUCT_OFFSET(DasdConfig, node), DASD_NODE_SIZE },
    { PSF_ORDER_SET_INTERFACE, PSF_NODE_OF_INTERFACE, G_STRUCT_OFFSET(DasdConfig, node), DASD_NODE_DESCRIPTOR_SIZE },
};

/*
 * One bit depends on the path group: it is set after the path group has described its host. The command resets the
 * orientation (SA22-1025, page 4-54).
 */
void dasd_cmd_read_characteristics(DasdExec *exec)
{
    guint8 rdc[DASD_RDC_SIZE];

    memcpy(rdc, exec->drive->config.characteristics, sizeof(rdc));
    if (exec->drive->lasting.host_told)
        rdc[DASD_RDC_OFS_FACILITIES] |= DASD_RDC_HOST_TOLD;
    dasd_move_lose_orientation(exec);
    dasd_data_put(&exec->data, rdc, sizeof(rdc));
}

void dasd_cmd_read_configuration(DasdExec *exec)
{
    dasd_data_put(&exec->data, exec->drive->config.configuration, DASD_RCD_SIZE);
}

void dasd_cmd_sense_subsystem_status(DasdExec *exec)
{
    dasd_data_put(&exec->data, exec->drive->config.subsystem_status, DASD_SUBSYSTEM_STATUS_SIZE);
}

static gboolean prepare(DasdExec *exec, guint8 order, guint8 suborder)
{
    for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
        if (answers[i].order == order && answers[i].suborder == suborder) {
            exec->chain.prepared = (guint)i + 1;
            return TRUE;
        }
    }
    return dasd_check(exec, DASD_CHECK_PARAMETER);
}

static gboolean is_zero(const guint8 *bytes, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (bytes[i])
            return FALSE;
    return TRUE;
}

/*
 * A query has zero in the bytes that it does not use. Linux sends a unit with the volume storage query. For the
 * statistics of the subsystem it sends 1 at PSF_OFS_MESSAGE.
 */
static gboolean check_prepare(const guint8 *order)
{
    guint8 suborder = order[PSF_OFS_SUBORDER];
    gboolean statistics = suborder == PSF_SUBORDER_STATISTICS;

    return order[PSF_OFS_FLAGS] == 0 && is_zero(order + 2, 2) &&
           (suborder == PSF_SUBORDER_VOLUME_STORAGE || is_zero(order + PSF_OFS_UNIT, 2)) &&
           (order[PSF_OFS_SCOPE] == 0 || (statistics && order[PSF_OFS_SCOPE] == 0xff)) &&
           (suborder == PSF_SUBORDER_MESSAGES ||
            (order[PSF_OFS_MESSAGE] <= (statistics ? 1 : 0) && is_zero(order + PSF_OFS_MESSAGE + 1, 3)));
}

/*
 * The device rejects a query that is not in the table with "invalid parameter", which drivers/s390/block/dasd_alias.c
 * takes as "not supported".
 */
static void prepare_subsystem_data(DasdExec *exec, const guint8 *order)
{
    if (!check_prepare(order)) {
        dasd_check(exec, DASD_CHECK_PARAMETER);
        return;
    }
    memcpy(exec->chain.message, order + PSF_OFS_MESSAGE, sizeof(exec->chain.message));
    prepare(exec, PSF_ORDER_PREPARE, order[PSF_OFS_SUBORDER]);
}

/*
 * In a subsystem of one device without aliases, the order has one effect: the device characteristics tell that it came.
 */
static void set_characteristics(DasdExec *exec, const guint8 *order)
{
    if (order[PSF_OFS_FLAGS])
        dasd_check(exec, DASD_CHECK_PARAMETER);
    else
        exec->drive->lasting.host_told = TRUE;
}

/* The device has one interface, that of the channel path. */
static void set_interface(DasdExec *exec, const guint8 *order)
{
    if (order[PSF_OFS_FLAGS] == PSF_NODE_OF_INTERFACE &&
        ccw_load_be16(order + 2) != exec->drive->config.node[DASD_NODE_OFS_CHPID])
        dasd_check(exec, DASD_CHECK_STATUS);
    else
        prepare(exec, PSF_ORDER_SET_INTERFACE, order[PSF_OFS_FLAGS]);
}

void dasd_cmd_subsystem_function(DasdExec *exec)
{
    static const struct {
        guint8 order;
        gsize size;
        void (*run)(DasdExec *exec, const guint8 *order);
    } orders[] = {
        { PSF_ORDER_PREPARE, PSF_SIZE_PREPARE, prepare_subsystem_data },
        { PSF_ORDER_SET_CHARACTERISTICS, PSF_SIZE_SET_CHARACTERISTICS, set_characteristics },
        { PSF_ORDER_SET_INTERFACE, PSF_SIZE_SET_INTERFACE, set_interface },
    };
    guint8 order[PSF_SIZE_MAX];

    if (dasd_data_get(&exec->data, order, 1) < 1)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(orders); i++) {
        if (orders[i].order != order[0])
            continue;
        if (dasd_data_get_upto(&exec->data, order + 1, orders[i].size - 1) == orders[i].size - 1)
            orders[i].run(exec, order);
        else if (!exec->data.cstat)
            dasd_check(exec, DASD_CHECK_COUNT);
        return;
    }
    dasd_check(exec, DASD_CHECK_PARAMETER);
}

/* Answers a summary unit check. Only alias devices raise one, and this device has no aliases. */
void dasd_cmd_reset_summary_unit_check(DasdExec *exec)
{
    guint8 reason[16];

    dasd_data_get_upto(&exec->data, reason, sizeof(reason));
}

void dasd_cmd_read_subsystem_data(DasdExec *exec)
{
    guint row = exec->chain.prepared;
    guint8 message[DASD_MESSAGE_SIZE];
    const guint8 *from;

    exec->chain.prepared = 0;
    if (!row) {
        dasd_check(exec, DASD_CHECK_SEQUENCE);
        return;
    }
    row--;
    from = (const guint8 *)&exec->drive->config + answers[row].offset;
    if (from == exec->drive->config.message) {
        memcpy(message, from, sizeof(message));
        memcpy(message + MESSAGE_OFS_ID, exec->chain.message, sizeof(exec->chain.message));
        from = message;
    }
    dasd_data_put(&exec->data, from, answers[row].size);
}

/* The log is empty: the device reports each error with the status of its program. */
void dasd_cmd_read_buffered_log(DasdExec *exec)
{
    static const guint8 log[DASD_SENSE_SIZE];

    dasd_data_put(&exec->data, log, sizeof(log));
}

/* The device accepts only the harmless subcommand, which asks whether the medium is under maintenance. It never is. */
void dasd_cmd_diagnostic_control(DasdExec *exec)
{
    guint8 control[4];

    if (dasd_data_get(&exec->data, control, sizeof(control)) < sizeof(control))
        return;
    if (control[0] != DIAGNOSE_MEDIA_QUERY || control[2] || control[3])
        dasd_check(exec, DASD_CHECK_PARAMETER);
    else if ((exec->chain.mask & DASD_MASK_AUTHORITY) == DASD_MASK_AUTHORITY_NORMAL)
        dasd_check(exec, DASD_CHECK_AUTHORITY);
}
