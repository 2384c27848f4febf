/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs generated channel programs on Hercules 3.13 and on the device library, and compares what became of them: status,
 * residual count, address, sense, what was read, and the tracks. A difference that is not in the list of known ones is
 * a failure. docs/dasd.md says how it is used.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "oracle-compare.h"
#include "oracle-image.h"
#include "oracle-known.h"
#include "oracle-plan.h"
#include "oracle-run.h"

#define BATCH (300 * (ORACLE_WINDOWS_READ + 1)) /* programs in one start of Hercules */
#define BATCH_SECONDS 300
#define HEADING "### Where Hercules 3.13 and this device differ"
#define EXAMPLES_MAX 400 /* differences that are shown */

static struct {
    int step;
    gint64 programs;
    gint64 seed;
    char *known;
    char *page;
    gboolean complete;
    char *log;
} options = { .seed = -1 };

static const GOptionEntry entries[] = {
    { "systematic", 0, 0, G_OPTION_ARG_INT, &options.step, "Run every STEP-th systematic program", "STEP" },
    { "random", 0, 0, G_OPTION_ARG_INT64, &options.programs, "Run so many random programs", "NUMBER" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &options.seed, "Of the random programs", "NUMBER" },
    { "known", 0, 0, G_OPTION_ARG_FILENAME, &options.known, "The list of known differences", "FILE" },
    { "page", 0, 0, G_OPTION_ARG_FILENAME, &options.page, "The page that has a table of that list", "FILE" },
    { "complete", 0, 0, G_OPTION_ARG_NONE, &options.complete, "A pattern of that list that is not met is a failure",
      NULL },
    { "log", 0, 0, G_OPTION_ARG_FILENAME, &options.log, "Write all differences to a file, known ones, too", "FILE" },
    { NULL },
};

typedef struct {
    OracleKnown *known;
    char *folder;
    char *ours; /* images */
    char *theirs;
    guint64 programs;
    guint64 differing;
    guint points; /* of the test */
    gboolean failed;
    FILE *log;
    GHashTable *unknown; /* kind of difference: how often */
} Run;

static void fail(GError *error) G_GNUC_NORETURN;
static void fail(GError *error)
{
    g_printerr("dasd-oracle: %s\n", error->message);
    exit(1);
}

static void read_slot(int fd, guint32 track, guint8 *slot)
{
    off_t at = (off_t)(DASD_CKD_HEADER_SIZE + (guint64)track * DASD_3390_TRACK_SIZE);

    if (pread(fd, slot, DASD_3390_TRACK_SIZE, at) != DASD_3390_TRACK_SIZE)
        g_error("cannot read track %u: %s", track, g_strerror(errno));
}

static gboolean same_window(int ours, int theirs, guint window)
{
    static guint8 a[DASD_3390_TRACK_SIZE], b[DASD_3390_TRACK_SIZE];

    for (guint32 i = 0; i < WINDOW_TRACKS; i++) {
        read_slot(ours, window_track(window) + i, a);
        read_slot(theirs, window_track(window) + i, b);
        if (!window_tracks_equal(a, b))
            return FALSE;
    }
    return TRUE;
}

static void note(Run *run, const char *difference, const guint8 *ours, const guint8 *theirs, guint32 address)
{
    char *kind = compare_kind(difference);
    guint times = GPOINTER_TO_UINT(g_hash_table_lookup(run->unknown, kind));

    if (times == 0 && g_hash_table_size(run->unknown) < EXAMPLES_MAX) {
        g_autofree char *text = compare_describe(ours, theirs, address);

        g_print("# a difference that is not known: %s\n%s", difference, text);
    }
    g_hash_table_replace(run->unknown, kind, GUINT_TO_POINTER(times + 1));
}

static void compare(Run *run, const Core *ours, const Core *theirs)
{
    int a = g_open(run->ours, O_RDONLY | O_CLOEXEC), b = g_open(run->theirs, O_RDONLY | O_CLOEXEC);

    for (guint i = 0; i < ours->n_slots; i++) {
        g_autofree char *difference =
            compare_slots(core_slot(ours, i), core_slot(theirs, i), core_slot_address(i), same_window(a, b, i));

        run->programs++;
        if (!difference)
            continue;
        run->differing++;
        if (run->log)
            fprintf(run->log, "%s\n", difference);
        if (!oracle_known_find(run->known, difference))
            note(run, difference, core_slot(ours, i), core_slot(theirs, i), core_slot_address(i));
    }
    close(a);
    close(b);
}

/* Fills the slots of a core; fewer than it has when the plan ends. */
static guint fill(OraclePlan *plan, const Core *core)
{
    for (guint i = 0; i < core->n_slots; i++) {
        OracleProgram program = { .slot = core_slot(core, i),
                                  .address = core_slot_address(i),
                                  .first_track = window_track(i) };

        if (i % (ORACLE_WINDOWS_READ + 1) == 0)
            oracle_program_make_reading(&program);
        else if (!oracle_plan_next(plan, &program))
            return i;
    }
    return core->n_slots;
}

static void run_batch(Run *run, Core *ours)
{
    guint windows = ours->n_slots + ORACLE_WINDOWS_READ;
    g_auto(Core) theirs = { NULL };
    g_autoptr(GError) error = NULL;

    core_init(&theirs, ours->n_slots);
    memcpy(theirs.bytes, ours->bytes, ours->size);
    if (!window_image_make(run->ours, windows, &error) || !window_image_make(run->theirs, windows, &error) ||
        !oracle_run_device(ours, run->ours, &error) ||
        !oracle_run_hercules(&theirs, run->theirs, run->folder, BATCH_SECONDS, &error))
        fail(error);
    compare(run, ours, &theirs);
}

static void point(Run *run, gboolean good, const char *name)
{
    g_print("%sok %u - %s\n", good ? "" : "not ", ++run->points, name);
    run->failed |= !good;
}

static void run_plan(Run *run, OraclePlan *plan, const char *name)
{
    guint unknown = g_hash_table_size(run->unknown);
    guint64 before = run->programs;
    guint n;

    do {
        g_auto(Core) core = { NULL };

        core_init(&core, BATCH);
        n = fill(plan, &core);
        if (n > 0) {
            core_shorten(&core, n);
            run_batch(run, &core);
        }
    } while (n == BATCH);
    g_print("# %" G_GUINT64_FORMAT " programs\n", run->programs - before);
    point(run, g_hash_table_size(run->unknown) == unknown, name);
}

static gboolean has_hercules(void)
{
    g_autofree char *path = g_find_program_in_path("hercules");

    return path != NULL;
}

static void run_plans(Run *run)
{
    guint32 seed = options.seed >= 0 ? (guint32)options.seed : g_random_int();

    if (options.step > 0) {
        g_autoptr(OraclePlan) plan = oracle_plan_systematic((guint)options.step);

        run_plan(run, plan, "systematic programs");
    }
    if (options.programs > 0) {
        g_autoptr(OraclePlan) plan = oracle_plan_random(seed, (guint64)options.programs);

        g_print("# random programs of --seed %u\n", seed);
        run_plan(run, plan, "random programs");
    }
}

/* All of the run; returns the exit code. */
static int report(Run *run)
{
    guint unmet = oracle_known_report(run->known);
    GHashTableIter iter;
    gpointer difference, times;

    g_hash_table_iter_init(&iter, run->unknown);
    while (g_hash_table_iter_next(&iter, &difference, &times))
        g_print("# %8u  NOT KNOWN %s\n", GPOINTER_TO_UINT(times), (char *)difference);
    g_print("# %" G_GUINT64_FORMAT " programs, %" G_GUINT64_FORMAT " with a difference, %u kinds not known\n",
            run->programs, run->differing, g_hash_table_size(run->unknown));
    if (options.complete)
        point(run, unmet == 0, "all that is known was met");
    g_print("1..%u\n", run->points);
    return run->failed;
}

/* In memory if the host has a folder there: the images are written anew for each batch. */
static char *make_folder(void)
{
    g_autoptr(GError) error = NULL;
    char *folder = g_strdup("/dev/shm/dasd-oracle-XXXXXX");

    if (g_mkdtemp(folder))
        return folder;
    g_free(folder);
    folder = g_dir_make_tmp("dasd-oracle-XXXXXX", &error);
    if (!folder)
        fail(error);
    return folder;
}

static void clean(Run *run)
{
    static const char *const names[] = { "ours", "theirs", "core", "result", "start", "hercules.cnf", "log" };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(run->folder, names[i], NULL);

        g_unlink(path);
    }
    g_rmdir(run->folder);
    g_free(run->folder);
    g_free(run->ours);
    g_free(run->theirs);
    g_hash_table_unref(run->unknown);
    if (run->log)
        fclose(run->log);
    oracle_known_free(run->known);
}

int main(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("- compares channel programs with Hercules");
    g_autoptr(GError) error = NULL;
    Run run = { .unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) };
    int rc;

    setlocale(LC_ALL, "");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error))
        fail(error);
    run.known = oracle_known_load(options.known, &error);
    if (!run.known)
        fail(error);
    if (options.page)
        point(&run, oracle_known_check_page(run.known, options.page, HEADING), "the page has what is known");
    run.log = options.log ? g_fopen(options.log, "we") : NULL;
    run.folder = make_folder();
    run.ours = g_build_filename(run.folder, "ours", NULL);
    run.theirs = g_build_filename(run.folder, "theirs", NULL);
    if (has_hercules())
        run_plans(&run);
    else
        g_print("ok %u - channel programs # SKIP hercules is not installed\n", ++run.points);
    rc = report(&run);
    clean(&run);
    return rc;
}
