/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vfio/vfio-subchannel.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "channel/irb.h"
#include "channel/translate.h"
#include "util/endian.h"
#include "util/thread.h"
#include "vfio/vfio-status.h"
#include "vfio/vfio-stores.h"
#include "vfio/vfio-trace.h"

#define CHECK_INTERVAL G_TIME_SPAN_SECOND

typedef enum {
    SUBCHANNEL_IDLE,
    SUBCHANNEL_QUEUED,    /* the thread has to perform `request` */
    SUBCHANNEL_RUNNING,   /* the thread performs it: a start function of the guest */
    SUBCHANNEL_DEDICATED, /* a caller of vfio_subchannel_request() uses the device */
    SUBCHANNEL_QUIT,      /* the thread has to end */
} SubchannelState;

struct _VfioSubchannel {
    DasdDevice *dasd;
    VfioMemory *memory;
    GThread *thread;

    GMutex lock; /* protects all members below; not held while the device works */
    GCond changed;
    SubchannelState state;
    gboolean stopping;               /* a waiting function uses the status of the request when it ends */
    ChannelTranslation *translation; /* changes only in SUBCHANNEL_IDLE */
    CcwCmdRequest request;
    guint8 orb[CHANNEL_ORB_SIZE]; /* ORB of the last start; if suspended, its CPA is that of the next CCW */
    gboolean suspended;           /* idle, and the guest can resume the program */
    gboolean may_store;           /* QEMU does not know yet what the request has stored */
    int result;                   /* result of the last request */
    VfioStatus status;
    gboolean owed;   /* the device has unsolicited status, which the subchannel still has to present */
    gint64 check_at; /* time of the next dasd_device_check_ready(), or 0 if the device does not wait */
    VfioTrace trace;
};

/* All requests to the device go through this function. */
static int perform(VfioSubchannel *sch, CcwCmdRequest *request)
{
    return dasd_device_request(sch->dasd, request);
}

/* Unsolicited status that was dropped is not lost: the subchannel presents it again later. */
static void note_dropped(VfioSubchannel *sch, gboolean has_dropped)
{
    if (!has_dropped)
        return;
    sch->owed = TRUE;
    g_cond_broadcast(&sch->changed);
}

/* The caller holds the lock, as for all functions below that do not take it. */
static void present(VfioSubchannel *sch, VfioStatusKind kind, const guint8 *irb, int error)
{
    note_dropped(sch, vfio_status_present(&sch->status, kind, irb, error));
}

static void forget_status(VfioSubchannel *sch)
{
    note_dropped(sch, vfio_status_forget(&sch->status));
}

/*
 * Presents a program-controlled interruption. The thread that performs the request calls this. Interruptions do not
 * queue: a newer one replaces one that QEMU has not fetched (Principles of Operation, chapter 15). The dedicated
 * request has only its own status.
 */
static gboolean present_intermediate(gpointer opaque, const guint8 *of_program)
{
    VfioSubchannel *sch = opaque;
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sch->lock);
    guint8 irb[CHANNEL_IRB_SIZE];

    if (sch->state != SUBCHANNEL_RUNNING || sch->stopping)
        return FALSE;
    memcpy(irb, of_program, sizeof(irb));
    channel_translation_map_irb(sch->translation, irb);
    present(sch, VFIO_STATUS_INTERMEDIATE, irb, 0);
    return TRUE;
}

/* If QEMU has not fetched an intermediate status, the next status includes it. */
static void merge_intermediate(VfioSubchannel *sch, guint8 *irb)
{
    if (sch->status.kind == VFIO_STATUS_INTERMEDIATE)
        channel_irb_add_pci(irb);
}

static void note_suspension(VfioSubchannel *sch)
{
    const guint8 *irb = sch->request.irb;

    sch->suspended = (ccw_load_be16(irb + CHANNEL_SCSW_OFS_CTL) & CHANNEL_SCSW_ACTL_SUSPENDED) != 0;
    if (sch->suspended)
        ccw_store_be32(sch->orb + CHANNEL_ORB_OFS_CPA, ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA) - CCW_SIZE);
}

/*
 * Even if the ORB suppresses the interruption of a suspension, this function presents the suspension, without status
 * pending. QEMU learns the state of the subchannel from here. It does not let a guest resume a program that QEMU does
 * not know to be suspended.
 */
static void finish(VfioSubchannel *sch, int result)
{
    sch->result = result;
    vfio_trace_end(&sch->trace, TRACE_START, &sch->request, result);
    if (result == 0) {
        channel_translation_map_irb(sch->translation, sch->request.irb);
        merge_intermediate(sch, sch->request.irb);
        note_suspension(sch);
    }
    if (!sch->stopping)
        present(sch, VFIO_STATUS_FINAL, result == 0 ? sch->request.irb : NULL, result);
    sch->state = SUBCHANNEL_IDLE;
    g_cond_broadcast(&sch->changed);
}

/* Presents unsolicited status. The subchannel must have been quiet: a guest that waits for such a status is quiet. */
static void present_unsolicited(VfioSubchannel *sch)
{
    guint8 irb[CHANNEL_IRB_SIZE];

    if (!sch->owed || sch->state != SUBCHANNEL_IDLE || sch->stopping || sch->suspended ||
        !vfio_status_is_quiet(&sch->status))
        return;
    dasd_device_state_change(irb);
    vfio_trace_status(&sch->trace, TRACE_UNSOLICITED, irb);
    present(sch, VFIO_STATUS_UNSOLICITED, irb, 0);
    sch->owed = FALSE;
}

/*
 * No event says when the disk of the image has room again. So the thread checks at intervals while a device waits for
 * it. The thread holds the lock: the check is short, and no other thread may use the device meanwhile.
 */
static void idle(VfioSubchannel *sch)
{
    if (!sch->owed && !dasd_device_waits(sch->dasd)) {
        sch->check_at = 0;
        g_cond_wait(&sch->changed, &sch->lock);
        return;
    }
    if (!sch->check_at)
        sch->check_at = g_get_monotonic_time() + CHECK_INTERVAL;
    if (g_cond_wait_until(&sch->changed, &sch->lock, sch->check_at))
        return;
    sch->check_at = g_get_monotonic_time() + CHECK_INTERVAL;
    if (sch->state == SUBCHANNEL_IDLE && dasd_device_check_ready(sch->dasd))
        sch->owed = TRUE;
    present_unsolicited(sch);
}

/* A write beyond RLIMIT_FSIZE must be an error like others, and must not end QEMU. The blocked signal stays pending. */
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

        while (sch->state != SUBCHANNEL_QUEUED && sch->state != SUBCHANNEL_QUIT)
            idle(sch);
        if (sch->state == SUBCHANNEL_QUIT)
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

/*
 * Waits until no request runs. The device forgets a cancel that comes before its request, so this function repeats the
 * cancel.
 */
static void wait_idle(VfioSubchannel *sch)
{
    while (sch->state != SUBCHANNEL_IDLE) {
        dasd_device_cancel(sch->dasd);
        g_cond_wait_until(&sch->changed, &sch->lock, g_get_monotonic_time() + G_TIME_SPAN_MILLISECOND);
    }
}

/* Ends a running request. Returns TRUE if a request was running; the caller may use its status in `request`. */
static gboolean stop(VfioSubchannel *sch)
{
    gboolean busy = sch->state != SUBCHANNEL_IDLE;

    sch->stopping = TRUE;
    wait_idle(sch);
    sch->stopping = FALSE;
    return busy;
}

/* Frees a subchannel whose thread has ended or never started. */
static void free_idle(VfioSubchannel *sch)
{
    vfio_trace_close(&sch->trace);
    dasd_device_free(sch->dasd);
    channel_translation_free(sch->translation);
    g_cond_clear(&sch->changed);
    g_mutex_clear(&sch->lock);
    g_free(sch);
}

static DasdDevice *open_dasd(int image_fd, int snapshot_fd, const DasdDeviceConfig *config, GError **error)
{
    DasdDevice *dasd = snapshot_fd < 0 ? dasd_device_new(image_fd, config, error)
                                       : dasd_device_new_snapshot(image_fd, snapshot_fd, config, error);

    if (dasd)
        return dasd;
    close(image_fd);
    if (snapshot_fd >= 0)
        close(snapshot_fd);
    return NULL;
}

VfioSubchannel *vfio_subchannel_new(int image_fd, int snapshot_fd, const DasdDeviceConfig *config, VfioMemory *memory,
                                    VfioIrqs *irqs, GError **error)
{
    DasdDevice *dasd = open_dasd(image_fd, snapshot_fd, config, error);
    VfioSubchannel *sch;

    if (!dasd)
        return NULL;
    sch = g_new0(VfioSubchannel, 1);
    sch->dasd = dasd;
    sch->memory = memory;
    sch->status.irqs = irqs;
    sch->translation = channel_translation_new();
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

/*
 * Tells QEMU what the request has stored so far, before QEMU has the status that lets the guest use the data. A guest
 * that polls its storage instead may still run old code.
 */
static void tell_stores(VfioSubchannel *sch)
{
    if (!sch->may_store)
        return;
    vfio_stores_tell(sch->memory, &sch->request);
    sch->may_store = sch->state != SUBCHANNEL_IDLE;
}

void vfio_subchannel_free(VfioSubchannel *sch)
{
    g_mutex_lock(&sch->lock);
    stop(sch);
    tell_stores(sch);
    sch->state = SUBCHANNEL_QUIT;
    g_cond_broadcast(&sch->changed);
    g_mutex_unlock(&sch->lock);
    g_thread_join(sch->thread);
    free_idle(sch);
}

static int start_translated(VfioSubchannel *sch, ChannelTranslateResult result)
{
    switch (result) {
    case CHANNEL_TRANSLATED:
        sch->state = SUBCHANNEL_QUEUED;
        sch->may_store = TRUE;
        g_cond_broadcast(&sch->changed);
        return 0;
    case CHANNEL_TRANSLATE_STATUS:
        present(sch, VFIO_STATUS_FINAL, sch->request.irb, 0);
        return 0;
    }
    g_assert_not_reached();
}

/*
 * RESUME SUBCHANNEL comes like a start function, with the resume-pending bit and the ORB of the start. If the guest
 * starts a suspended subchannel anew, it has given up the old program by CANCEL SUBCHANNEL, which QEMU does not report.
 */
static gboolean begin_function(VfioSubchannel *sch, const guint8 *orb, const guint8 *scsw)
{
    gboolean resumes = (ccw_load_be16(scsw + CHANNEL_SCSW_OFS_CTL) & CHANNEL_SCSW_ACTL_RESUME_PENDING) != 0;

    if (sch->state != SUBCHANNEL_IDLE || sch->stopping || (resumes && !sch->suspended))
        return FALSE;
    if (!resumes)
        memcpy(sch->orb, orb, CHANNEL_ORB_SIZE);
    sch->suspended = FALSE;
    return TRUE;
}

int vfio_subchannel_start(VfioSubchannel *sch, const guint8 orb[CHANNEL_ORB_SIZE], const guint8 scsw[CHANNEL_SCSW_SIZE])
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sch->lock);
    const ChannelMemory *view;
    int result;

    if (!begin_function(sch, orb, scsw))
        return -EBUSY;
    tell_stores(sch);
    forget_status(sch);
    vfio_status_note_start(&sch->status);
    vfio_trace_begin(&sch->trace, sch->orb);
    view = vfio_memory_lock(sch->memory);
    result = start_translated(sch, channel_translate(sch->translation, view, sch->orb, scsw, &sch->request));
    /* The request is queued before the storage can change: an unmap waits for it. */
    vfio_memory_unlock(sch->memory);
    if (sch->state != SUBCHANNEL_QUEUED)
        vfio_trace_end(&sch->trace, TRACE_START, &sch->request, result);
    return result;
}

int vfio_subchannel_halt(VfioSubchannel *sch)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sch->lock);
    guint8 irb[CHANNEL_IRB_SIZE];

    if (sch->status.kind == VFIO_STATUS_FINAL || sch->stopping)
        return -EBUSY;
    if ((stop(sch) && sch->result == 0) || sch->suspended) {
        memcpy(irb, sch->request.irb, CHANNEL_IRB_SIZE);
        channel_irb_add_halt(irb);
    } else {
        channel_irb_halt(irb);
    }
    sch->suspended = FALSE;
    vfio_trace_status(&sch->trace, TRACE_HALT, irb);
    present(sch, VFIO_STATUS_FINAL, irb, 0);
    return 0;
}

int vfio_subchannel_clear(VfioSubchannel *sch)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sch->lock);
    guint8 irb[CHANNEL_IRB_SIZE];

    if (sch->stopping)
        return -EBUSY;
    stop(sch);
    forget_status(sch);
    sch->suspended = FALSE;
    channel_irb_clear(irb);
    vfio_trace_status(&sch->trace, TRACE_CLEAR, irb);
    present(sch, VFIO_STATUS_FINAL, irb, 0);
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
    sch->state = SUBCHANNEL_DEDICATED;
    vfio_trace_begin(&sch->trace, request->orb);
    g_mutex_unlock(&sch->lock);
    result = perform(sch, request);
    g_mutex_lock(&sch->lock);
    vfio_trace_end(&sch->trace, TRACE_REQUEST, request, result);
    /* A halt must not present this result: the request was no start function of the guest. */
    sch->result = -ECANCELED;
    sch->state = SUBCHANNEL_IDLE;
    g_cond_broadcast(&sch->changed);
    g_mutex_unlock(&sch->lock);
    return result;
}

int vfio_subchannel_fetch(VfioSubchannel *sch, guint8 ret_irb[CHANNEL_IRB_SIZE])
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sch->lock);

    tell_stores(sch);
    return vfio_status_fetch(&sch->status, ret_irb);
}

void vfio_subchannel_reset(VfioSubchannel *sch)
{
    G_GNUC_UNUSED g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sch->lock);

    stop(sch);
    tell_stores(sch);
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
