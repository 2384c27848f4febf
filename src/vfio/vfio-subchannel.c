/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-subchannel.h. */
#include "vfio/vfio-subchannel.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "channel/ccw-irb.h"
#include "channel/ccw-translate.h"
#include "vfio/vfio-log.h"
#include "vfio/vfio-trace.h"

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
    gboolean warned;
    CcwTranslation *translation; /* changes only while idle */
    CcwCmdRequest request;
    int result; /* of the last request */
    guint8 irb[CCW_IRB_SIZE];
    int irb_error;    /* a negative errno instead of the IRB */
    gboolean pending; /* the IRB was not fetched yet */
    VfioTrace trace;
};

/* The one way to the device. */
static int perform(VfioSubchannel *sch, CcwCmdRequest *request)
{
    return dasd_device_request(sch->dasd, request);
}

/* Called with the lock held, as everything below that has no lock of its own. */
static void present(VfioSubchannel *sch, const guint8 *irb, int error)
{
    if (irb)
        memcpy(sch->irb, irb, CCW_IRB_SIZE);
    sch->irb_error = error;
    sch->pending = TRUE;
    vfio_irqs_trigger(sch->irqs, VFIO_CCW_IO_IRQ_INDEX);
}

/*
 * Status that nobody fetched is taken back, its signal too: after CANCEL SUBCHANNEL, of which QEMU tells nobody, the
 * guest would otherwise get the status of a program it gave up together with the next one's.
 */
static void forget_status(VfioSubchannel *sch)
{
    if (sch->pending)
        vfio_irqs_revoke(sch->irqs, VFIO_CCW_IO_IRQ_INDEX);
    sch->pending = FALSE;
    sch->irb_error = 0;
    memset(sch->irb, 0, CCW_IRB_SIZE);
}

static void finish(VfioSubchannel *sch, int result)
{
    sch->result = result;
    vfio_trace_end(&sch->trace, TRACE_START, &sch->request, result);
    if (result == 0)
        ccw_translation_map_irb(sch->translation, sch->request.irb);
    if (!sch->stopping)
        present(sch, result == 0 ? sch->request.irb : NULL, result);
    sch->state = SUBCHANNEL_IDLE;
    g_cond_broadcast(&sch->changed);
}

static gpointer run(gpointer data)
{
    VfioSubchannel *sch = data;

    g_mutex_lock(&sch->lock);
    for (;;) {
        int result;

        while (sch->state != SUBCHANNEL_QUEUED && !sch->quit)
            g_cond_wait(&sch->changed, &sch->lock);
        if (sch->state != SUBCHANNEL_QUEUED)
            break;
        sch->state = SUBCHANNEL_RUNNING;
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
    vfio_trace_init();
    g_mutex_init(&sch->lock);
    g_cond_init(&sch->changed);
    sch->thread = g_thread_new("ccw-device", run, sch);
    return sch;
}

void vfio_subchannel_free(VfioSubchannel *sch)
{
    g_mutex_lock(&sch->lock);
    stop(sch);
    sch->quit = TRUE;
    g_cond_broadcast(&sch->changed);
    g_mutex_unlock(&sch->lock);
    g_thread_join(sch->thread);

    dasd_device_free(sch->dasd);
    ccw_translation_free(sch->translation);
    g_cond_clear(&sch->changed);
    g_mutex_clear(&sch->lock);
    g_free(sch);
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
    case CCW_TRANSLATE_UNSUPPORTED:
        if (!sch->warned)
            vfio_log("the guest started a channel program that suspends itself, which is not supported");
        sch->warned = TRUE;
        return -EOPNOTSUPP;
    }
    g_assert_not_reached();
}

int vfio_subchannel_start(VfioSubchannel *sch, const guint8 orb[CCW_ORB_SIZE], const guint8 scsw[CCW_SCSW_SIZE])
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sch->lock);
    const CcwMemory *view;
    int result;

    if (sch->state != SUBCHANNEL_IDLE || sch->stopping)
        return -EBUSY;
    forget_status(sch);
    vfio_trace_begin(&sch->trace, orb);
    view = vfio_memory_hold(sch->memory);
    result = start_translated(sch, ccw_translate(sch->translation, view, orb, scsw, &sch->request));
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

    if (sch->pending || sch->stopping)
        return -EBUSY;
    if (stop(sch) && sch->result == 0) {
        memcpy(irb, sch->request.irb, CCW_IRB_SIZE);
        ccw_irb_add_halt(irb);
    } else {
        ccw_irb_halt(irb);
    }
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

    sch->pending = FALSE;
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
    dasd_device_reset(sch->dasd);
}

void vfio_subchannel_quiesce(VfioSubchannel *sch)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sch->lock);

    wait_idle(sch);
}
