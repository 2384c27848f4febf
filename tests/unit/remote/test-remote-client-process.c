/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks the kernel for the identity of a client, in a time that does not depend on the client. */
#include "remote/client-process.h"

#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/error.h"

#define THREADS 4000u
#define ENOUGH_THREADS 1000u /* a machine with a low limit of threads may allow fewer */
#define GROUPS 65536u
#define STACK 16384u
#define ROUNDS 9
#define OTHER_UID 12345u

/* A sanitizer keeps memory for each thread, and qemu-user, which runs the tests of s390x, has a thread for each. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__s390x__)
#define HAS_CHEAP_THREADS 0
#else
#define HAS_CHEAP_THREADS 1
#endif

/* A process that has connected. */
typedef struct {
    pid_t pid;
    int fd; /* our end of the connection */
} Client;

/* Prepares the process, which then reports the result and waits. */
typedef guint (*Prepare)(void);

static int listening = -1;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static const socklen_t address_length = sizeof(sa_family_t);

/* Listens at an abstract address that the kernel chooses. */
static void start_listening(void)
{
    socklen_t length = sizeof(address);

    listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(listening, (struct sockaddr *)&address, address_length), ==, 0);
    g_assert_cmpint(getsockname(listening, (struct sockaddr *)&address, &length), ==, 0);
    g_assert_cmpint(listen(listening, 5), ==, 0);
}

static void run_client(Prepare prepare) G_GNUC_NORETURN;
static void run_client(Prepare prepare)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    guint done = 0;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (connect(fd, (struct sockaddr *)&address, sizeof(sa_family_t) + 6) == 0) {
        done = prepare();
        if (write(fd, &done, sizeof(done)) == sizeof(done))
            for (;;)
                pause();
    }
    _exit(1);
}

/* ret_done: the result of prepare() */
static Client client_start(Prepare prepare, guint *ret_done)
{
    Client client = { fork(), -1 };

    g_assert_cmpint(client.pid, >=, 0);
    if (client.pid == 0)
        run_client(prepare);
    client.fd = accept(listening, NULL, NULL);
    g_assert_cmpint(client.fd, >=, 0);
    g_assert_cmpint(read(client.fd, ret_done, sizeof(*ret_done)), ==, sizeof(*ret_done));
    return client;
}

static void client_end(Client *client)
{
    kill(client->pid, SIGKILL);
    waitpid(client->pid, NULL, 0);
    close(client->fd);
}

static guint prepare_nothing(void)
{
    return 0;
}

static gpointer wait_for_ever(gpointer data)
{
    for (;;)
        pause();
    return data;
}

static guint prepare_threads(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    guint count = 0;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK);
    while (count < THREADS && pthread_create(&thread, &attributes, wait_for_ever, NULL) == 0)
        count++;
    return count;
}

static guint prepare_groups(void)
{
    g_autofree gid_t *groups = g_new(gid_t, GROUPS);

    for (guint i = 0; i < GROUPS; i++)
        groups[i] = 1000000000 + i;
    return setgroups(GROUPS, groups) == 0;
}

static guint prepare_other_effective(void)
{
    return seteuid(OTHER_UID) == 0;
}

static guint prepare_other(void)
{
    return setuid(OTHER_UID) == 0;
}

/* Returns the processor time of one check of the client, in nanoseconds. */
static gint64 time_check(const Client *client)
{
    g_autoptr(GError) error = NULL;
    struct timespec before, after;
    RemoteClientProcess *process;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    process = remote_client_process_new(client->fd, &error);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    g_assert_no_error(error);
    g_assert_cmpint(process->pid, ==, client->pid);
    remote_client_process_free(process);
    return (after.tv_sec - before.tv_sec) * G_GINT64_CONSTANT(1000000000) + after.tv_nsec - before.tv_nsec;
}

/*
 * Measures both in turns. The shortest time of each counts. Time for each thread or group would be hundreds of times
 * more.
 */
static void compare_times(const Client *plain, const Client *heavy, const char *what)
{
    gint64 plain_time = G_MAXINT64, heavy_time = G_MAXINT64;

    for (guint i = 0; i < ROUNDS; i++) {
        gint64 plain_now = time_check(plain), heavy_now = time_check(heavy);

        plain_time = MIN(plain_time, plain_now);
        heavy_time = MIN(heavy_time, heavy_now);
    }
    g_test_message("a plain client: %" G_GINT64_FORMAT " ns; one with %s: %" G_GINT64_FORMAT " ns", plain_time, what,
                   heavy_time);
    g_assert_cmpint(heavy_time, <, 10 * plain_time);
}

static void many_threads(void)
{
    guint ignored, threads;
    Client plain, heavy;

    if (!HAS_CHEAP_THREADS) {
        g_test_skip("threads cost too much in this build");
        return;
    }
    plain = client_start(prepare_nothing, &ignored);
    heavy = client_start(prepare_threads, &threads);
    if (threads >= ENOUGH_THREADS)
        compare_times(&plain, &heavy, "many threads");
    else
        g_test_skip("this machine cannot start enough threads");
    client_end(&plain);
    client_end(&heavy);
}

static void many_groups(void)
{
    guint ignored, has_groups;
    Client plain = client_start(prepare_nothing, &ignored);
    Client heavy = client_start(prepare_groups, &has_groups);

    if (has_groups)
        compare_times(&plain, &heavy, "many groups");
    else
        g_test_skip("only root may have many groups");
    client_end(&plain);
    client_end(&heavy);
}

/*
 * A root process that has set another effective user since it connected is served, but not one that has given up root.
 */
static void changed_user(void)
{
    guint changed;
    Client client;
    g_autoptr(GError) error = NULL;

    if (geteuid() != 0) {
        g_test_skip("only root may change its user");
        return;
    }
    client = client_start(prepare_other_effective, &changed);
    g_assert_true(changed);
    time_check(&client);
    client_end(&client);
    client = client_start(prepare_other, &changed);
    g_assert_true(changed);
    g_assert_null(remote_client_process_new(client.fd, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_SYSTEM);
    client_end(&client);
}

/* The start time is the same as polkit's, from /proc/PID/stat: field 22 of proc(5). */
static void start_time(void)
{
    guint ignored;
    Client client = client_start(prepare_nothing, &ignored);
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", client.pid);
    g_autoptr(RemoteClientProcess) process = remote_client_process_new(client.fd, NULL);
    g_autofree char *text = NULL;
    g_auto(GStrv) fields = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    fields = g_strsplit(strrchr(text, ')'), " ", 0);
    g_assert_cmpuint(process->start_time, ==, g_ascii_strtoull(fields[20], NULL, 10));
    g_assert_cmpuint(process->uid, ==, geteuid());
    client_end(&client);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    start_listening();
    g_test_add_func("/remote/client-process/start-time", start_time);
    g_test_add_func("/remote/client-process/many-threads", many_threads);
    g_test_add_func("/remote/client-process/many-groups", many_groups);
    g_test_add_func("/remote/client-process/changed-user", changed_user);
    return g_test_run();
}
