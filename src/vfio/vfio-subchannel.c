/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-subchannel.h. */
#include "vfio/vfio-subchannel.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "channel/irb.h"
#include "channel/translate.h"
#include "util/endian.h"
#include "util/thread.h"
#include "vfio/vfio-trace.h"

#define LOOK_INTERVAL G_TIME_SPAN_SECOND
#define QUIET_TIME (G_TIME_SPAN_SECOND / 4)

typedef enum {
    SUBCHANNEL_IDLE,
    SUBCHANNEL_QUEUED,  /* the thread is to perform `request` */
    SUBCHANNEL_RUNNING, /* the thread, or a caller of vfio_subchannel_request(), is at the device */
} SubchannelState;

struct _VfioSubchannel {
    DasdDevice *dasd;
    VfioMemory *memory;
    VfioIrqs *irqs;
    GThread *thread;

    GMutex lock; /* guards all below; not held while the device works */
    GCond changed;
    SubchannelState state;
    gboolean stopping; /* whoever waits for the end of the request deals with its status */
    gboolean quit;
    CcwTranslation *translation; /* changes only while idle */
    CcwCmdRequest request;
    gboolean of_guest;        /* the request that runs is `request` */
    guint8 orb[CCW_ORB_SIZE]; /* of the last start function; the CPA of a suspended one: of the CCW to go on with */
    gboolean suspended;       /* idle, and to be resumed */
    int result;               /* of the last request */
    guint8 irb[CCW_IRB_SIZE];
    int irb_error;        /* a negative errno instead of the IRB */
    gboolean pending;     /* the IRB was not fetched yet */
    gboolean twice;       /* it came over one that was not fetched either, and was signalled as well */
    gboolean going;       /* it is of a program that goes on: what comes next takes it in */
    gboolean owed;        /* the device has something to tell of itself, and could not yet */
    gboolean unsolicited; /* that is what the pending status tells */
    gint64 fetched;       /* when a status was fetched last, or something was started */
    gint64 look_at;       /* when the device is looked after, 0: not now */
    VfioTrace trace;
};

/* The one way to the device. */
static int perform(VfioSubchannel *sch, CcwCmdRequest *request)
{
    return dasd_device_request(sch->dasd, request);
}

/* Status that QEMU has not fetched yet gives way. What the device had to tell of itself is not lost by that. */
static void take_back(VfioSubchannel *sch)
{
    if (sch->pending && sch->unsolicited) {
        sch->owed = TRUE;
        g_cond_broadcast(&sch->changed);
    }
    sch->pending = FALSE;
    sch->unsolicited = FALSE;
    sch->going = FALSE;
}

/* Called with the lock held, as everything below that has no lock of its own. */
static void present(VfioSubchannel *sch, const guint8 *irb, int error)
{
    sch->twice = sch->pending;
    take_back(sch);
    if (irb)
        memcpy(sch->irb, irb, CCW_IRB_SIZE);
    sch->irb_error = error;
    sch->pending = TRUE;
    vfio_irqs_trigger(sch->irqs, VFIO_CCW_IO_IRQ_INDEX);
}

/*
 * Status that QEMU has not fetched is taken back, its signal too: after CANCEL SUBCHANNEL, which QEMU does not report,
 * the guest would otherwise get the status of a program it gave up together with the next one's.
 */
static void forget_status(VfioSubchannel *sch)
{
    if (sch->pending)
        vfio_irqs_revoke(sch->irqs, VFIO_CCW_IO_IRQ_INDEX);
    take_back(sch);
    sch->irb_error = 0;
    memset(sch->irb, 0, CCW_IRB_SIZE);
}

/*
 * A program-controlled interruption, told by the thread that performs the request. One that QEMU has not fetched yet is
 * not stacked: the newer one takes its place (Principles of Operation, chapter 15). The dedicated request has no status
 * but its own.
 */
static gboolean present_intermediate(gpointer opaque, const guint8 *of_program)
{
    VfioSubchannel *sch = opaque;
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sch->lock);
    guint8 irb[CCW_IRB_SIZE];

    if (!sch->of_guest || sch->stopping)
        return FALSE;
    memcpy(irb, of_program, sizeof(irb));
    ccw_translation_map_irb(sch->translation, irb);
    present(sch, irb, 0);
    sch->going = TRUE;
    return TRUE;
}

/* An intermediate status that QEMU has not fetched yet comes with the one that follows it. */
static void merge_intermediate(VfioSubchannel *sch, guint8 *irb)
{
    if (sch->pending && sch->going)
        ccw_irb_add_pci(irb);
}

static void note_suspension(VfioSubchannel *sch)
{
    const guint8 *irb = sch->request.irb;

    sch->suspended = (ccw_load_be16(irb + CCW_SCSW_OFS_CTL) & CCW_SCSW_ACTL_SUSPENDED) != 0;
    if (sch->suspended)
        ccw_store_be32(sch->orb + CCW_ORB_OFS_CPA, ccw_load_be32(irb + CCW_SCSW_OFS_CPA) - CCW_SIZE);
}

/*
 * A suspension of which the ORB suppresses the interruption is presented too, without status pending: QEMU takes what
 * it knows of the subchannel from here, and lets no guest resume what it does not know to be suspended.
 */
static void finish(VfioSubchannel *sch, int result)
{
    sch->result = result;
    sch->of_guest = FALSE;
    vfio_trace_end(&sch->trace, TRACE_START, &sch->request, result);
    if (result == 0) {
        ccw_translation_map_irb(sch->translation, sch->request.irb);
        merge_intermediate(sch, sch->request.irb);
        note_suspension(sch);
    }
    if (!sch->stopping)
        present(sch, result == 0 ? sch->request.irb : NULL, result);
    sch->state = SUBCHANNEL_IDLE;
    g_cond_broadcast(&sch->changed);
}

/*
 * The device tells something of itself (unsolicited status). Only when nothing happened for a while: QEMU has one place
 * for a status, and when it has fetched one nobody tells us that the guest has, too. A guest that waits to be told is
 * quiet.
 */
static void present_unsolicited(VfioSubchannel *sch)
{
    guint8 irb[CCW_IRB_SIZE];

    if (!sch->owed || sch->state != SUBCHANNEL_IDLE || sch->stopping || sch->pending || sch->suspended ||
        g_get_monotonic_time() - sch->fetched < QUIET_TIME)
        return;
    dasd_device_state_change(irb);
    vfio_trace_status(&sch->trace, TRACE_UNSOLICITED, irb);
    present(sch, irb, 0);
    sch->owed = FALSE;
    sch->unsolicited = TRUE;
}

/*
 * Nothing tells when a host has room again, so it is looked for now and then, while a device waits for it. The lock is
 * held: it does not take long, and nobody else may be at the device.
 */
static void idle(VfioSubchannel *sch)
{
    if (!sch->owed && !dasd_device_waits(sch->dasd)) {
        sch->look_at = 0;
        g_cond_wait(&sch->changed, &sch->lock);
        return;
    }
    if (!sch->look_at)
        sch->look_at = g_get_monotonic_time() + LOOK_INTERVAL;
    if (g_cond_wait_until(&sch->changed, &sch->lock, sch->look_at))
        return;
    sch->look_at = g_get_monotonic_time() + LOOK_INTERVAL;
    if (sch->state == SUBCHANNEL_IDLE && dasd_device_look(sch->dasd))
        sch->owed = TRUE;
    present_unsolicited(sch);
}

/* A write beyond RLIMIT_FSIZE is to be an error like others, and not the end of QEMU: its signal stays pending. */
static void block_file_size_signal(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static gpointer run(gpointer data)
{
    VfioSubchannel *sch = data;

    block_file_size_signal();
    g_mutex_lock(&sch->lock);
    for (;;) {
        int result;

        while (sch->state != SUBCHANNEL_QUEUED && !sch->quit)
            idle(sch);
        if (sch->state != SUBCHANNEL_QUEUED)
            break;
        sch->state = SUBCHANNEL_RUNNING;
        sch->of_guest = TRUE;
        g_mutex_unlock(&sch->lock);
        result = perform(sch, &sch->request);
        g_mutex_lock(&sch->lock);
        finish(sch, result);
    }
    g_mutex_unlock(&sch->lock);
    return NULL;
}

/* Waits until nothing runs. The device forgets a cancel that comes before its request, hence again and again. */
static void wait_idle(VfioSubchannel *sch)
{
    while (sch->state != SUBCHANNEL_IDLE) {
        dasd_device_cancel(sch->dasd);
        g_cond_wait_until(&sch->changed, &sch->lock, g_get_monotonic_time() + G_TIME_SPAN_MILLISECOND);
    }
}

/* TRUE if a start function was ended by this; its status, in `request`, is for the caller to use. */
static gboolean stop(VfioSubchannel *sch)
{
    gboolean busy = sch->state != SUBCHANNEL_IDLE;

    sch->stopping = TRUE;
    wait_idle(sch);
    sch->stopping = FALSE;
    return busy;
}

/* Of a subchannel whose thread has ended or never started. */
static void free_idle(VfioSubchannel *sch)
{
    vfio_trace_close(&sch->trace);
    dasd_device_free(sch->dasd);
    ccw_translation_free(sch->translation);
    g_cond_clear(&sch->changed);
    g_mutex_clear(&sch->lock);
    g_free(sch);
}

VfioSubchannel *vfio_subchannel_new(int image_fd, const DasdDeviceConfig *config, VfioMemory *memory, VfioIrqs *irqs,
                                    GError **error)
{
    DasdDevice *dasd = dasd_device_new(image_fd, config, error);
    VfioSubchannel *sch;

    if (!dasd) {
        close(image_fd);
        return NULL;
    }
    sch = g_new0(VfioSubchannel, 1);
    sch->dasd = dasd;
    sch->memory = memory;
    sch->irqs = irqs;
    sch->translation = ccw_translation_new();
    sch->trace = (VfioTrace){ .bus_id = config->bus_id, .memory = memory, .translation = sch->translation };
    vfio_trace_open(&sch->trace);
    dasd_device_set_intermediate(dasd, present_intermediate, sch);
    g_mutex_init(&sch->lock);
    g_cond_init(&sch->changed);
    sch->thread = ccw_thread_start("ccw-device", run, sch, error);
    if (sch->thread)
        return sch;
    free_idle(sch);
    return NULL;
}

void vfio_subchannel_free(VfioSubchannel *sch)
{
    g_mutex_lock(&sch->lock);
    stop(sch);
    sch->quit = TRUE;
    g_cond_broadcast(&sch->changed);
    g_mutex_unlock(&sch->lock);
    g_thread_join(sch->thread);
    free_idle(sch);
}

static int start_translated(VfioSubchannel *sch, CcwTranslateResult result)
{
    switch (result) {
    case CCW_TRANSLATED:
        sch->state = SUBCHANNEL_QUEUED;
        g_cond_broadcast(&sch->changed);
        return 0;
    case CCW_TRANSLATE_STATUS:
        present(sch, sch->request.irb, 0);
        return 0;
    }
    g_assert_not_reached();
}

/*
 * RESUME SUBCHANNEL comes as a start function does, with the resume-pending bit and the ORB of the start. What was
 * suspended and is started anew was given up by CANCEL SUBCHANNEL, of which nobody is told.
 */
static gboolean begin_function(VfioSubchannel *sch, const guint8 *orb, const guint8 *scsw)
{
    gboolean resumes = (ccw_load_be16(scsw + CCW_SCSW_OFS_CTL) & CCW_SCSW_ACTL_RESUME_PENDING) != 0;

    if (sch->state != SUBCHANNEL_IDLE || sch->stopping || (resumes && !sch->suspended))
        return FALSE;
    if (!resumes)
        memcpy(sch->orb, orb, CCW_ORB_SIZE);
    sch->suspended = FALSE;
    return TRUE;
}

int vfio_subchannel_start(VfioSubchannel *sch, const guint8 orb[CCW_ORB_SIZE], const guint8 scsw[CCW_SCSW_SIZE])
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sch->lock);
    const CcwMemory *view;
    int result;

    if (!begin_function(sch, orb, scsw))
        return -EBUSY;
    forget_status(sch);
    sch->fetched = g_get_monotonic_time();
    vfio_trace_begin(&sch->trace, sch->orb);
    view = vfio_memory_hold(sch->memory);
    result = start_translated(sch, ccw_translate(sch->translation, view, sch->orb, scsw, &sch->request));
    /* The request is under way before the storage can change: an unmap waits for it. */
    vfio_memory_release(sch->memory);
    if (sch->state != SUBCHANNEL_QUEUED)
        vfio_trace_end(&sch->trace, TRACE_START, &sch->request, result);
    return result;
}

int vfio_subchannel_halt(VfioSubchannel *sch)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sch->lock);
    guint8 irb[CCW_IRB_SIZE];

    if ((sch->pending && !sch->going && !sch->unsolicited) || sch->stopping)
        return -EBUSY;
    if ((stop(sch) && sch->result == 0) || sch->suspended) {
        memcpy(irb, sch->request.irb, CCW_IRB_SIZE);
        ccw_irb_add_halt(irb);
    } else {
        ccw_irb_halt(irb);
    }
    sch->suspended = FALSE;
    vfio_trace_status(&sch->trace, TRACE_HALT, irb);
    present(sch, irb, 0);
    return 0;
}

int vfio_subchannel_clear(VfioSubchannel *sch)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sch->lock);
    guint8 irb[CCW_IRB_SIZE];

    if (sch->stopping)
        return -EBUSY;
    stop(sch);
    forget_status(sch);
    sch->suspended = FALSE;
    ccw_irb_clear(irb);
    vfio_trace_status(&sch->trace, TRACE_CLEAR, irb);
    present(sch, irb, 0);
    return 0;
}

int vfio_subchannel_request(VfioSubchannel *sch, CcwCmdRequest *request)
{
    int result;

    if (request->argsz < sizeof(*request))
        return -EINVAL;
    g_mutex_lock(&sch->lock);
    if (sch->state != SUBCHANNEL_IDLE || sch->stopping) {
        g_mutex_unlock(&sch->lock);
        return -EBUSY;
    }
    sch->state = SUBCHANNEL_RUNNING;
    vfio_trace_begin(&sch->trace, request->orb);
    g_mutex_unlock(&sch->lock);
    result = perform(sch, request);
    g_mutex_lock(&sch->lock);
    vfio_trace_end(&sch->trace, TRACE_REQUEST, request, result);
    /* Not what a halt may present: it was no start function of the guest. */
    sch->result = -ECANCELED;
    sch->state = SUBCHANNEL_IDLE;
    g_cond_broadcast(&sch->changed);
    g_mutex_unlock(&sch->lock);
    return result;
}

int vfio_subchannel_fetch(VfioSubchannel *sch, guint8 ret_irb[CCW_IRB_SIZE])
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sch->lock);

    /*
     * QEMU clears its eventfd before it comes here. A status that took in the one it was signalled for has signalled
     * too, since then: QEMU would make a second interruption of it, with the status of the first.
     */
    if (sch->pending && sch->twice)
        vfio_irqs_revoke(sch->irqs, VFIO_CCW_IO_IRQ_INDEX);
    sch->pending = FALSE;
    sch->unsolicited = FALSE;
    sch->fetched = g_get_monotonic_time();
    if (sch->irb_error)
        return sch->irb_error == -ENODEV ? -ENODEV : -EIO;
    memcpy(ret_irb, sch->irb, CCW_IRB_SIZE);
    return 0;
}

void vfio_subchannel_reset(VfioSubchannel *sch)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sch->lock);

    stop(sch);
    forget_status(sch);
    sch->suspended = FALSE;
    sch->owed = FALSE;
    dasd_device_reset(sch->dasd);
}

void vfio_subchannel_quiesce(VfioSubchannel *sch)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sch->lock);

    wait_idle(sch);
}
