/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs generated channel programs on Hercules 3.13 and on the device library, and compares the results: status,
 * residual count, address, sense, data that was read, and the tracks. A difference that is not in the list of known
 * differences is a failure. docs/dasd.md explains how to use this program.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "channel/arch.h"
#include "dasd/dasd-ckd.h"
#include "oracle-compare.h"
#include "oracle-image.h"
#include "oracle-known.h"
#include "oracle-plan.h"
#include "oracle-rules.h"
#include "oracle-run.h"

#define BATCH (280 * (ORACLE_WINDOWS_READ + 1)) /* programs in one start of Hercules */
#define STARTS_MAX 5                            /* of Hercules, for one batch */
#define HEADING "### Where Hercules 3.13 and this device differ"
#define BEGINNING 4096   /* bytes of a track */
#define ALONE_MAX 100    /* programs that run alone, each of which takes a start of Hercules */
#define EXAMPLES_MAX 400 /* differences that are shown */

static struct {
    int step;
    gint64 programs;
    gint64 seed;
    char *known;
    char *page;
    gboolean complete;
    char *log;
    int seconds;
    int progress;
} options = { .seed = -1, .seconds = 120 };

static const GOptionEntry entries[] = {
    { "systematic", 0, 0, G_OPTION_ARG_INT, &options.step, "Run every STEP-th systematic program", "STEP" },
    { "random", 0, 0, G_OPTION_ARG_INT64, &options.programs, "Run so many random programs", "NUMBER" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &options.seed, "Of the random programs", "NUMBER" },
    { "known", 0, 0, G_OPTION_ARG_FILENAME, &options.known, "The list of known differences", "FILE" },
    { "page", 0, 0, G_OPTION_ARG_FILENAME, &options.page, "The page that has a table of that list", "FILE" },
    { "complete", 0, 0, G_OPTION_ARG_NONE, &options.complete, "A pattern of that list that is not met is a failure",
      NULL },
    { "log", 0, 0, G_OPTION_ARG_FILENAME, &options.log, "Write all differences to a file, known ones, too", "FILE" },
    { "seconds", 0, 0, G_OPTION_ARG_INT, &options.seconds,
      "Wait so long for each start of Hercules [120]; a busy machine needs more", "NUMBER" },
    { "progress", 0, 0, G_OPTION_ARG_INT, &options.progress,
      "Say how far the run is after so many seconds each time; for long runs", "SECONDS" },
    { NULL },
};

typedef struct {
    OracleKnown *known;
    char *folder;
    char *ours;  /* images */
    char *ruled; /* of the device library with Hercules' rules */
    char *theirs;
    guint64 programs;
    guint64 differing;
    guint points; /* of the test */
    gboolean failed;
    FILE *log;
    GHashTable *unknown; /* kind of difference: how often */
    guint alone;         /* programs that ran alone */
    guint64 displaced;   /* differences that Hercules has only behind other programs of its start */
    gint64 begin;        /* in microseconds */
    gint64 said;         /* when the progress was last said */
} Run;

static void fail(GError *error) G_GNUC_NORETURN;
static void fail(GError *error)
{
    g_printerr("dasd-oracle: %s\n", error->message);
    exit(1);
}

static void read_slot(int fd, guint32 track, guint8 *slot, gsize size)
{
    off_t at = (off_t)(DASD_CKD_HEADER_SIZE + (guint64)track * DASD_3390_TRACK_SIZE);

    if (pread(fd, slot, size, at) != (ssize_t)size)
        g_error("cannot read track %u: %s", track, g_strerror(errno));
}

/* Most tracks have few bytes, so this reads their beginning first. */
static gboolean same_window(int ours, int theirs, guint window)
{
    static guint8 a[DASD_3390_TRACK_SIZE], b[DASD_3390_TRACK_SIZE];

    for (guint32 i = 0; i < WINDOW_TRACKS; i++) {
        gsize size = BEGINNING;

        read_slot(ours, window_track(window) + i, a, size);
        if (!window_track_ends(a, size)) {
            size = DASD_3390_TRACK_SIZE;
            read_slot(ours, window_track(window) + i, a, size);
        }
        read_slot(theirs, window_track(window) + i, b, size);
        if (!window_tracks_equal(a, b))
            return FALSE;
    }
    return TRUE;
}

static void note(Run *run, const char *difference, const guint8 *ours, const guint8 *theirs)
{
    char *kind = compare_kind(difference);
    guint times = GPOINTER_TO_UINT(g_hash_table_lookup(run->unknown, kind));

    if (times == 0 && g_hash_table_size(run->unknown) < EXAMPLES_MAX) {
        g_autofree char *text = compare_describe(ours, theirs);

        g_print("# a difference that is not known: %s\n%s", difference, text);
    }
    g_hash_table_replace(run->unknown, kind, GUINT_TO_POINTER(times + 1));
}

/* The results of a batch. */
typedef struct {
    const Core *ours;
    const Core *ruled; /* of the device library with Hercules' rules */
    const Core *theirs;
    const guint *rules; /* of each slot: those that changed something */
    int ours_fd;        /* images */
    int ruled_fd;
    int theirs_fd;
    GArray *suspects; /* Suspect */
} Results;

/* A program with a difference that is not known. */
typedef struct {
    guint slot;
    char *difference;
} Suspect;

static void suspect_clear(gpointer data)
{
    g_free(((Suspect *)data)->difference);
}

static GArray *suspects_new(void)
{
    GArray *suspects = g_array_new(FALSE, FALSE, sizeof(Suspect));

    g_array_set_clear_func(suspects, suspect_clear);
    return suspects;
}

/* Hercules' rules explain a difference if there is none with them, or another one, which a pattern has to explain. */
static void explain(Run *run, guint rules)
{
    for (guint i = 0; i < oracle_rules(); i++)
        if (rules >> i & 1)
            oracle_known_find_rule(run->known, oracle_rule_name(i));
}

static void add_suspect(const Results *results, guint slot, char *difference)
{
    Suspect suspect = { slot, difference };

    g_array_append_val(results->suspects, suspect);
}

static gboolean has_incorrect_length(const guint8 *slot)
{
    return slot[CORE_SLOT_IRB + CHANNEL_IRB_OFS_SCSW + CHANNEL_SCSW_OFS_CSTAT] & CHANNEL_CSTAT_INCORRECT_LENGTH;
}

/* Finds a rule of Hercules that the device has in place of its own. @is_same: its result is that of Hercules */
static void find_same_rule(const Results *results, guint slot, gboolean is_same)
{
    guint rules = results->rules[slot];
    const char *name = is_same ? oracle_rules_find_same(rules) : NULL;

    if (name)
        add_suspect(results, slot, g_strdup_printf("both - have Hercules' rule: %s", name));
    else if (rules & ORACLE_RULES_LENGTH && !has_incorrect_length(core_slot(results->ours, slot)))
        add_suspect(results, slot, g_strdup("ours - has no incorrect length"));
}

static void compare_slot(Run *run, const Results *results, guint i)
{
    const guint8 *ruled = core_slot(results->ruled, i);
    guint8 *theirs = core_slot(results->theirs, i);
    g_autofree char *own =
        compare_slots(core_slot(results->ours, i), theirs, same_window(results->ours_fd, results->theirs_fd, i));
    g_autofree char *difference = NULL;
    guint rules = results->rules[i];

    run->programs++;
    find_same_rule(results, i, !own);
    if (!own)
        return;
    run->differing++;
    rules |= oracle_rules_correct(ruled, theirs);
    difference = compare_slots(ruled, theirs, same_window(results->ruled_fd, results->theirs_fd, i));
    if (run->log)
        fprintf(run->log, "%s\n", difference ? difference : "rule");
    if (!difference && rules == 0)
        difference = g_steal_pointer(&own); /* no rule has said that it changed something */
    else if (!difference || strcmp(own, difference) != 0)
        explain(run, rules);
    if (difference && !oracle_known_find(run->known, difference))
        add_suspect(results, i, g_steal_pointer(&difference));
}

static void compare(Run *run, Results *results)
{
    results->ours_fd = g_open(run->ours, O_RDONLY | O_CLOEXEC);
    results->ruled_fd = g_open(run->ruled, O_RDONLY | O_CLOEXEC);
    results->theirs_fd = g_open(run->theirs, O_RDONLY | O_CLOEXEC);
    for (guint i = results->ours->first; i < results->ours->n_slots; i++)
        compare_slot(run, results, i);
    close(results->ours_fd);
    close(results->ruled_fd);
    close(results->theirs_fd);
}

/* Fills the slots of a core. Returns how many it filled: fewer than all when the plan ends. */
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

/* Hercules' automatic operator sometimes misses its message, and the start never ends. Then this starts it again. */
static gboolean run_hercules(const Run *run, const Core *ours, Core *theirs, GError **error)
{
    guint windows = ours->n_slots + ORACLE_WINDOWS_READ;

    for (guint start = 1;; start++) {
        g_autoptr(GError) failure = NULL;

        memcpy(theirs->bytes, ours->bytes, ours->size);
        if (!window_image_make(run->theirs, windows, error))
            return FALSE;
        if (oracle_run_hercules(theirs, run->theirs, run->folder, (guint)options.seconds, &failure))
            return TRUE;
        if (start == STARTS_MAX) {
            g_propagate_error(error, g_steal_pointer(&failure));
            return FALSE;
        }
        g_print("# again, because of: %s\n", failure->message);
    }
}

static void copy_core(Core *to, const Core *from)
{
    core_init(to, from->n_slots);
    memcpy(to->bytes, from->bytes, from->size);
    to->first = from->first;
}

/*
 * Runs a core on both sides, and compares.
 * @ours: gets the results of the device
 * @ret_theirs: gets those of Hercules
 *
 * Returns: the programs with a difference that is not known
 */
static GArray *run_core(Run *run, Core *ours, Core *ret_theirs)
{
    g_autofree guint *rules = g_new0(guint, ours->n_slots);
    guint windows = ours->n_slots + ORACLE_WINDOWS_READ;
    g_auto(Core) ruled = { NULL };
    Results results = {
        .ours = ours, .ruled = &ruled, .theirs = ret_theirs, .rules = rules, .suspects = suspects_new()
    };
    g_autoptr(GError) error = NULL;

    copy_core(ret_theirs, ours);
    copy_core(&ruled, ours);
    if (!run_hercules(run, ours, ret_theirs, &error) || !window_image_make(run->ours, windows, &error) ||
        !oracle_run_device(ours, run->ours, NULL, &error) || !window_image_make(run->ruled, windows, &error) ||
        !oracle_run_device(&ruled, run->ruled, rules, &error))
        fail(error);
    compare(run, &results);
    return results.suspects;
}

/*
 * Runs a program alone. Returns: whether it has no difference then, and the device has the same result as before. Then
 * an earlier program of the start has changed Hercules' result: some write beyond their tracks there. A device whose
 * result depends on earlier programs has kept a state that it must not keep.
 */
static gboolean is_displaced(Run *run, const Core *given, const Core *ours, guint slot)
{
    guint64 programs = run->programs, differing = run->differing;
    g_auto(Core) alone = { NULL }, theirs = { NULL };
    g_autoptr(GArray) suspects = NULL;

    run->alone++;
    copy_core(&alone, given);
    core_leave_one(&alone, slot);
    suspects = run_core(run, &alone, &theirs);
    run->programs = programs;
    run->differing = differing;
    return suspects->len == 0 && memcmp(core_slot(&alone, slot), core_slot(ours, slot), CORE_SLOT_SIZE) == 0;
}

static void run_batch(Run *run, Core *ours)
{
    g_auto(Core) given = { NULL }, theirs = { NULL };
    g_autoptr(GArray) suspects = NULL;

    copy_core(&given, ours);
    suspects = run_core(run, ours, &theirs);
    for (guint i = 0; i < suspects->len; i++) {
        const Suspect *suspect = &g_array_index(suspects, Suspect, i);

        if (run->alone < ALONE_MAX && is_displaced(run, &given, ours, suspect->slot))
            run->displaced++;
        else
            note(run, suspect->difference, core_slot(ours, suspect->slot), core_slot(&theirs, suspect->slot));
    }
}

static void point(Run *run, gboolean good, const char *name)
{
    g_print("%sok %u - %s\n", good ? "" : "not ", ++run->points, name);
    run->failed |= !good;
}

/* Says how far a long run is. */
static void say_progress(Run *run)
{
    gint64 now = g_get_monotonic_time();
    double seconds = (double)(now - run->begin) / G_USEC_PER_SEC;

    if (options.progress <= 0 || now - run->said < options.progress * G_USEC_PER_SEC)
        return;
    run->said = now;
    g_print("# %.0f s: %" G_GUINT64_FORMAT " programs (%.0f a second), %" G_GUINT64_FORMAT
            " with a difference, %u kinds not known\n",
            seconds, run->programs, (double)run->programs / seconds, run->differing, g_hash_table_size(run->unknown));
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
            say_progress(run);
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

/* Prints the result of the whole run. Returns the exit code. */
static int report(Run *run)
{
    guint rules, unmet = oracle_known_report(run->known, &rules);
    GHashTableIter iter;
    gpointer difference, times;

    g_hash_table_iter_init(&iter, run->unknown);
    while (g_hash_table_iter_next(&iter, &difference, &times))
        g_print("# %8u  NOT KNOWN %s\n", GPOINTER_TO_UINT(times), (char *)difference);
    if (run->displaced > 0)
        g_print("# %" G_GUINT64_FORMAT
                " programs differ only behind others, which wrote beyond their tracks in Hercules\n",
                run->displaced);
    g_print("# %" G_GUINT64_FORMAT " programs, %" G_GUINT64_FORMAT " with a difference, %u kinds not known\n",
            run->programs, run->differing, g_hash_table_size(run->unknown));
    /* Without a difference, a rule of Hercules may have become one of the device. */
    if (options.step > 0 && options.programs > 0 && run->programs > 0)
        point(run, rules == 0, "each rule of Hercules makes a difference");
    if (options.complete)
        point(run, unmet == 0, "all that is known was met");
    g_print("1..%u\n", run->points);
    return run->failed;
}

/* Makes a folder in memory if the host has one there, because each batch writes the images anew. */
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
    static const char *const names[] = { "ours", "ruled", "theirs", "core", "result", "start", "hercules.cnf", "log" };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(run->folder, names[i], NULL);

        g_unlink(path);
    }
    g_rmdir(run->folder);
    g_free(run->folder);
    g_free(run->ours);
    g_free(run->ruled);
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
    Run run = { .unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                .begin = g_get_monotonic_time() };
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
    run.ruled = g_build_filename(run.folder, "ruled", NULL);
    run.theirs = g_build_filename(run.folder, "theirs", NULL);
    if (has_hercules())
        run_plans(&run);
    else
        g_print("ok %u - channel programs # SKIP hercules is not installed\n", ++run.points);
    rc = report(&run);
    clean(&run);
    return rc;
}
