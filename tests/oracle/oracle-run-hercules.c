/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs programs on Hercules. It loads the core, runs it until the processor waits, saves the storage and ends. Its
 * automatic operator does the last two after the messages of the steps before them.
 */
#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "channel/arch.h"
#include "oracle-run.h"
#include "util/endian.h"
#include "util/error.h"

#define WAIT_MESSAGE "HHCCP011I" /* the processor waits */
#define LAST_MESSAGE "HHCHD909I"
#define STALLED_MAX 8 /* seconds that the log may stay as it is after the processor waits */

static const char configuration[] = "ARCHMODE ESA/390\n"
                                    "CPUMODEL 9672\n"
                                    "CPUSERIAL 012345\n"
                                    "MAINSIZE %" G_GSIZE_FORMAT "\n"
                                    "NUMCPU 1\n"
                                    "PANRATE SLOW\n"
                                    "OSTAILOR QUIET\n"
                                    "3001 3390 %s cu=3990-6\n";
/* Each message on the left has a command. Hercules saves the storage again until the processor has stopped. */
static const char script[] = "hao tgt " WAIT_MESSAGE "\n"
                             "hao cmd savecore %1$s/result 0 %2$zx\n"
                             "hao tgt HHCPN102E\n"
                             "hao cmd savecore %1$s/result 0 %2$zx\n"
                             "hao tgt HHCPN170I\n"
                             "hao cmd quit\n"
                             "loadcore %1$s/core 0\n"
                             "restart\n";

static gboolean put(const char *folder, const char *name, char *text, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    gboolean ok = g_file_set_contents(path, text, -1, error);

    g_free(text);
    return ok;
}

static gboolean prepare(const Core *core, const char *image, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "core", NULL), *result = g_build_filename(folder, "result", NULL),
                    *log = g_build_filename(folder, "log", NULL);

    /* Remove the files of the start before. GLib writes over a log, and leaves the rest of a longer one. */
    g_unlink(result);
    g_unlink(log);
    return put(folder, "hercules.cnf", g_strdup_printf(configuration, core->size / (1024 * 1024) + 2, image), error) &&
           put(folder, "start", g_strdup_printf(script, folder, core->size - 1), error) &&
           g_file_set_contents(path, (const char *)core->bytes, (gssize)core->size, error);
}

typedef struct {
    GSubprocess *process;
    GMainLoop *loop;
    const char *log;
    guint seconds;    /* that are left */
    gboolean is_done; /* the log has Hercules' last message */
    gsize size;       /* of the log, when the processor waits */
    guint stalled;    /* seconds since the log got this size */
} Wait;

/*
 * On a busy machine Hercules 3.13 sometimes runs for ever after its last message, when it has closed its image, or its
 * automatic operator misses the message of the wait.
 */
static void read_log(Wait *wait)
{
    g_autofree char *text = NULL;
    gsize size;

    if (!g_file_get_contents(wait->log, &text, &size, NULL))
        return;
    wait->is_done = strstr(text, LAST_MESSAGE) != NULL;
    wait->stalled = size == wait->size && strstr(text, WAIT_MESSAGE) ? wait->stalled + 1 : 0;
    wait->size = size;
}

static gboolean look(gpointer data)
{
    Wait *wait = data;

    read_log(wait);
    if (wait->is_done || wait->seconds <= 1 || wait->stalled >= STALLED_MAX)
        g_subprocess_force_exit(wait->process);
    else
        wait->seconds--;
    return G_SOURCE_CONTINUE;
}

static void note_end(GObject *process, GAsyncResult *result, gpointer data)
{
    Wait *wait = data;

    g_subprocess_wait_finish(G_SUBPROCESS(process), result, NULL);
    g_main_loop_quit(wait->loop);
}

/* Returns TRUE if Hercules ended by itself, or had nothing more to do. */
static gboolean wait_for(GSubprocess *process, const char *log, guint seconds)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    Wait wait = { .process = process, .loop = loop, .log = log, .seconds = seconds };
    guint timer = g_timeout_add_seconds(1, look, &wait);

    g_subprocess_wait_async(process, NULL, note_end, &wait);
    g_main_loop_run(loop);
    g_source_remove(timer);
    return wait.is_done || g_subprocess_get_if_exited(process);
}

static gboolean has_ended(const guint8 *slot)
{
    return ccw_load_be16(slot + CORE_SLOT_IRB + CHANNEL_SCSW_OFS_CTL) & CHANNEL_SCSW_STCTL_SECONDARY;
}

static gboolean take_result(Core *core, const char *folder, GError **error)
{
    g_autofree char *path = g_build_filename(folder, "result", NULL), *bytes = NULL;
    gsize size;

    if (!g_file_get_contents(path, &bytes, &size, error))
        return FALSE;
    if (size != core->size) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "Hercules saved %" G_GSIZE_FORMAT " bytes", size);
        return FALSE;
    }
    memcpy(core->bytes, bytes, size);
    for (guint i = core->first; i < core->n_slots; i++) {
        if (has_ended(core_slot(core, i)))
            continue;
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "program %u did not run to its end", i);
        return FALSE;
    }
    return TRUE;
}

gboolean oracle_run_hercules(Core *core, const char *image, const char *folder, guint seconds, GError **error)
{
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDERR_MERGE);
    g_autofree char *config = g_build_filename(folder, "hercules.cnf", NULL),
                    *log = g_build_filename(folder, "log", NULL), *rc = g_build_filename(folder, "start", NULL);
    const char *const argv[] = { "hercules", "-d", "-f", config, NULL };
    g_autoptr(GSubprocess) process = NULL;

    if (!prepare(core, image, folder, error))
        return FALSE;
    g_subprocess_launcher_setenv(launcher, "HERCULES_RC", rc, TRUE);
    g_subprocess_launcher_set_stdout_file_path(launcher, log);
    process = g_subprocess_launcher_spawnv(launcher, argv, error);
    if (!process)
        return FALSE;
    if (!wait_for(process, log, seconds)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "Hercules did not end, and had %u s; its log is %s", seconds,
                    log);
        return FALSE;
    }
    return take_result(core, folder, error);
}
