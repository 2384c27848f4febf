/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hercules' part of oracle-run.h: it loads the core, runs it until it waits, saves its storage and ends. Its automatic
 * operator does the last two when the messages before them come.
 */
#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "oracle-run.h"
#include "util/error.h"

static const char configuration[] = "ARCHMODE ESA/390\n"
                                    "CPUMODEL 9672\n"
                                    "CPUSERIAL 012345\n"
                                    "MAINSIZE %" G_GSIZE_FORMAT "\n"
                                    "NUMCPU 1\n"
                                    "PANRATE SLOW\n"
                                    "3001 3390 %s cu=3990-6\n";
/* Each message of the left has its command: storage is saved again until the processor has stopped. */
static const char script[] = "hao tgt HHCCP011I\n"
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
    g_autofree char *path = g_build_filename(folder, "core", NULL), *result = g_build_filename(folder, "result", NULL);

    g_unlink(result);
    return put(folder, "hercules.cnf", g_strdup_printf(configuration, core->size / (1024 * 1024) + 2, image), error) &&
           put(folder, "start", g_strdup_printf(script, folder, core->size - 1), error) &&
           g_file_set_contents(path, (const char *)core->bytes, (gssize)core->size, error);
}

static gboolean give_up(gpointer process)
{
    g_subprocess_force_exit(process);
    return G_SOURCE_REMOVE;
}

static void note_end(GObject *process, GAsyncResult *result, gpointer loop)
{
    g_subprocess_wait_finish(G_SUBPROCESS(process), result, NULL);
    g_main_loop_quit(loop);
}

/* TRUE if it ended by itself. */
static gboolean wait_for(GSubprocess *process, guint seconds)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    guint timer = g_timeout_add_seconds(seconds, give_up, process);

    g_subprocess_wait_async(process, NULL, note_end, loop);
    g_main_loop_run(loop);
    if (!g_subprocess_get_if_exited(process))
        return FALSE;
    g_source_remove(timer);
    return TRUE;
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
    if (!wait_for(process, seconds)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "Hercules did not end in %u s; its log is %s", seconds, log);
        return FALSE;
    }
    return take_result(core, folder, error);
}
