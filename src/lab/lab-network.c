/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-network.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/lab-resolver.h"
#include "lab/lab-route.h"
#include "util/error.h"
#include "util/file.h"

#define CONNECT_SECONDS 20
#define WORDS_MAX 4096           /* of a program, for a message */
#define SLIRP_CIDR "10.0.3.0/24" /* 10.0.2.0/24 is QEMU's own network for guests */
#define SLIRP_RESOLVER "10.0.3.3"
#define PASTA_RESOLVER "169.254.1.1"

/* A program that is about to run, in the host's namespaces. */
typedef struct {
    pid_t lab;        /* a process in the lab's namespaces */
    int net_fd;       /* the lab's network namespace */
    int user_fd;      /* the lab's user namespace; -1: it is the host's */
    GPtrArray *words; /* its arguments */
} Launch;

static void add(Launch *launch, const char *first, ...) G_GNUC_NULL_TERMINATED;
static void add(Launch *launch, const char *first, ...)
{
    va_list more;

    va_start(more, first);
    for (const char *word = first; word; word = va_arg(more, const char *))
        g_ptr_array_add(launch->words, g_strdup(word));
    va_end(more);
}

/* @as: 0 or 1. Newer versions of pasta close all other descriptors that they inherit. */
static void add_fd(Launch *launch, const char *option, int fd, int as)
{
    dup2(fd, as);
    g_ptr_array_add(launch->words, g_strdup(option));
    g_ptr_array_add(launch->words, g_strdup_printf("/proc/self/fd/%d", as));
}

/*
 * Forwards no ports, and does not lead the gateway's address to the host's loopback. Without --runas, pasta that root
 * starts becomes the user "nobody", which cannot enter the lab's namespace. pasta itself drops all privileges.
 */
static void add_pasta(Launch *launch)
{
    add(launch, "--foreground", "--quiet", "--config-net", "--no-map-gw", "--dns-forward", PASTA_RESOLVER, "-t", "none",
        "-u", "none", "-T", "none", "-U", "none", NULL);
    add_fd(launch, "--netns", launch->net_fd, STDIN_FILENO);
    if (launch->user_fd >= 0)
        add_fd(launch, "--userns", launch->user_fd, STDOUT_FILENO);
    else
        add(launch, "--runas", "0", NULL);
}

static void add_slirp(Launch *launch)
{
    add(launch, "--configure", "--mtu=65520", "--disable-host-loopback", "--enable-sandbox", "--enable-seccomp",
        "--cidr=" SLIRP_CIDR, NULL);
    g_ptr_array_add(launch->words, g_strdup_printf("%d", launch->lab));
    add(launch, "tap0", NULL);
}

/*
 * In the order in which they are tried. It is reversed where the host's name server has a loopback address: pasta of
 * Debian 12 asks no such server, and slirp4netns knows only IPv4.
 */
static const struct {
    const char *name;
    const char *resolver;
    void (*add)(Launch *launch);
} programs[] = {
    { "pasta", PASTA_RESOLVER, add_pasta },
    { "slirp4netns", SLIRP_RESOLVER, add_slirp },
};

typedef struct {
    char *path;   /* NULL: the program is not installed */
    pid_t pid;    /* 0: it has ended, or was not started */
    int go_fd;    /* a byte lets it run */
    int words_fd; /* has what it printed */
} Candidate;

struct _LabNetwork {
    Candidate candidates[G_N_ELEMENTS(programs)];
    gboolean is_reversed;
    gsize chosen;
};

static int open_namespace(pid_t pid, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/ns/%s", (int)pid, name);

    return open(path, O_RDONLY); /* the program inherits it */
}

static gboolean is_own_namespace(int fd, const char *path)
{
    struct stat ours, theirs;

    return fstat(fd, &theirs) == 0 && stat(path, &ours) == 0 && ccw_file_is_same(&ours, &theirs);
}

/* Runs in the child, which waits until the lab's namespaces are there. */
static void run(gsize i, const Candidate *candidate, pid_t lab, int go_fd) G_GNUC_NORETURN;
static void run(gsize i, const Candidate *candidate, pid_t lab, int go_fd)
{
    Launch launch = { lab, -1, -1, g_ptr_array_new() };
    char go;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid(); /* ^C of the terminal is not for it */
    if (read(go_fd, &go, 1) != 1)
        _exit(EXIT_FAILURE);
    dup2(candidate->words_fd, STDOUT_FILENO);
    dup2(candidate->words_fd, STDERR_FILENO);
    launch.net_fd = open_namespace(lab, "net");
    launch.user_fd = open_namespace(lab, "user");
    if (is_own_namespace(launch.user_fd, "/proc/self/ns/user")) {
        close(launch.user_fd);
        launch.user_fd = -1;
    }
    add(&launch, candidate->path, NULL);
    programs[i].add(&launch);
    g_ptr_array_add(launch.words, NULL);
    execv(candidate->path, (char **)launch.words->pdata);
    g_printerr("cannot run %s: %s\n", candidate->path, g_strerror(errno));
    _exit(EXIT_FAILURE);
}

/* Returns: FALSE with errno. */
static gboolean start(gsize i, Candidate *candidate)
{
    pid_t lab = getpid();
    int go[2];

    candidate->words_fd = memfd_create(programs[i].name, MFD_CLOEXEC);
    if (candidate->words_fd < 0 || pipe2(go, O_CLOEXEC) != 0)
        return FALSE;
    candidate->go_fd = go[1];
    candidate->pid = fork();
    if (candidate->pid == 0) {
        close(go[1]);
        run(i, candidate, lab, go[0]);
    }
    close(go[0]);
    return candidate->pid > 0;
}

LabNetwork *lab_network_prepare(GError **error)
{
    g_autoptr(LabNetwork) network = g_new0(LabNetwork, 1);
    g_autofree char *resolver = NULL;
    gboolean is_any = FALSE;

    g_file_get_contents(LAB_RESOLV_CONF, &resolver, NULL, NULL);
    network->is_reversed = resolver && lab_resolver_is_loopback(resolver);
    for (gsize i = 0; i < G_N_ELEMENTS(programs); i++)
        network->candidates[i].go_fd = network->candidates[i].words_fd = -1;
    for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
        Candidate *candidate = &network->candidates[i];

        candidate->path = g_find_program_in_path(programs[i].name);
        if (candidate->path && !start(i, candidate)) {
            ccw_error_set_errno(error, errno, "cannot start %s for the lab's network", candidate->path);
            return NULL;
        }
        is_any = is_any || candidate->path;
    }
    if (is_any)
        return g_steal_pointer(&network);
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                "--network: there is neither pasta nor slirp4netns on this host: install one of them");
    return NULL;
}

static void end(Candidate *candidate)
{
    if (candidate->go_fd >= 0)
        close(candidate->go_fd);
    candidate->go_fd = -1;
    if (candidate->pid <= 0)
        return;
    kill(candidate->pid, SIGKILL);
    waitpid(candidate->pid, NULL, 0);
    candidate->pid = 0;
}

/* Returns: what the program printed, on one line. */
static char *words_of(const Candidate *candidate)
{
    char text[WORDS_MAX + 1];
    ssize_t got = pread(candidate->words_fd, text, WORDS_MAX, 0);

    text[MAX(got, 0)] = '\0';
    return ccw_one_line(g_strstrip(text));
}

static gboolean try(Candidate *candidate)
{
    return write(candidate->go_fd, "", 1) == 1 && lab_route_wait(candidate->pid, CONNECT_SECONDS);
}

/* Lets a candidate run, or ends it. Returns: whether it connects the lab. */
static gboolean use(LabNetwork *network, gsize i, gboolean is_needed, GString *failures)
{
    Candidate *candidate = &network->candidates[i];
    g_autofree char *words = NULL;

    if (!candidate->path)
        return FALSE;
    if (is_needed && try(candidate)) {
        network->chosen = i;
        return TRUE;
    }
    end(candidate);
    words = words_of(candidate);
    if (is_needed)
        g_string_append_printf(failures, "; %s: %s", programs[i].name, *words ? words : "it printed no error");
    return FALSE;
}

gboolean lab_network_connect(LabNetwork *network, GError **error)
{
    const gsize count = G_N_ELEMENTS(programs);
    g_autoptr(GString) failures = g_string_new(NULL);
    gboolean is_connected = FALSE;

    for (gsize i = 0; i < count; i++)
        is_connected |= use(network, network->is_reversed ? count - 1 - i : i, !is_connected, failures);
    if (!is_connected)
        g_set_error(
            error, CCW_ERROR, CCW_ERROR_SYSTEM,
            "--network: no program connects the lab with the host's network (a host without a default route has "
            "none to share)%s",
            failures->str);
    return is_connected;
}

const char *lab_network_program(const LabNetwork *network)
{
    return programs[network->chosen].name;
}

const char *lab_network_resolver(const LabNetwork *network)
{
    return programs[network->chosen].resolver;
}

void lab_network_free(LabNetwork *network)
{
    for (gsize i = 0; i < G_N_ELEMENTS(programs); i++) {
        end(&network->candidates[i]);
        if (network->candidates[i].words_fd >= 0)
            close(network->candidates[i].words_fd);
        g_free(network->candidates[i].path);
    }
    g_free(network);
}
