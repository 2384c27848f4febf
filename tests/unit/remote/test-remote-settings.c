/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virtccwd.conf with libvirtd's names and defaults, its errors with line and word, and systemd's sockets. */
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "remote/activation.h"
#include "remote/settings.h"
#include "util/error.h"

static void defaults(void)
{
    g_autoptr(RemoteSettings) settings = remote_settings_new();

    g_assert_true(remote_settings_parse(settings, "# nothing\n\n   \t# nothing\n", "f", NULL));
    for (guint i = 0; i < 2; i++) {
        g_assert_cmpint(settings->auth_unix[i], ==, REMOTE_AUTH_POLKIT);
        g_assert_cmpuint(settings->unix_sock_perms[i], ==, 0777);
    }
    g_assert_null(settings->unix_sock_dir);
    g_assert_null(settings->unix_sock_group);
    g_assert_cmpuint(settings->max_clients, ==, 5000);
    g_assert_cmpuint(settings->max_queued_clients, ==, 1000);
    g_assert_cmpuint(settings->max_anonymous_clients, ==, 20);
}

/* The installed file: each setting in it is a comment, and shows the default. */
static void installed(void)
{
    g_autoptr(RemoteSettings) expected = remote_settings_new();
    g_autoptr(RemoteSettings) settings = remote_settings_new();
    g_autofree char *path = g_build_filename(g_getenv("G_TEST_SRCDIR"), "src", "tools", "virtccwd.conf", NULL);
    g_autofree char *text = NULL, *active = NULL;
    g_autoptr(GRegex) regex = g_regex_new("^#([a-z_]+ = )", G_REGEX_MULTILINE, 0, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(g_file_get_contents(path, &text, NULL, &error));
    g_assert_true(remote_settings_parse(settings, text, path, &error));
    g_assert_cmpmem(settings, sizeof(*settings), expected, sizeof(*expected)); /* the installed file changes nothing */
    active = g_regex_replace(regex, text, -1, 0, "\\1", 0, &error);
    remote_settings_parse(settings, active, path, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(settings->unix_sock_dir, ==, "/run/libvirt");
    g_assert_cmpstr(settings->unix_sock_group, ==, "libvirt");
    for (guint i = 0; i < 2; i++) {
        g_assert_cmpint(settings->auth_unix[i], ==, expected->auth_unix[i]);
        g_assert_cmpuint(settings->unix_sock_perms[i], ==, expected->unix_sock_perms[i]);
    }
    g_assert_cmpuint(settings->max_clients, ==, expected->max_clients);
    g_assert_cmpuint(settings->max_queued_clients, ==, expected->max_queued_clients);
    g_assert_cmpuint(settings->max_anonymous_clients, ==, expected->max_anonymous_clients);
    g_assert_cmpuint(settings->max_user_clients, ==, expected->max_user_clients);
}

static void all(void)
{
    g_autoptr(RemoteSettings) settings = remote_settings_new();
    g_autoptr(GError) error = NULL;

    remote_settings_parse(settings,
                          "unix_sock_dir = \"/run/a b\" # where\r\n"
                          "unix_sock_group='libvirt'\n"
                          "\tunix_sock_rw_perms\t=\t\"0770\"\n"
                          "unix_sock_ro_perms = \"750\"\n"
                          "auth_unix_rw = \"none\"\n"
                          "auth_unix_ro = \"polkit\"\n"
                          "max_clients = 40#\n"
                          "max_queued_clients=30\n"
                          "max_anonymous_clients = 0\n"
                          "max_clients = 41",
                          "f", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(settings->unix_sock_dir, ==, "/run/a b");
    g_assert_cmpstr(settings->unix_sock_group, ==, "libvirt");
    g_assert_cmpuint(settings->unix_sock_perms[0], ==, 0770);
    g_assert_cmpuint(settings->unix_sock_perms[1], ==, 0750);
    g_assert_cmpint(settings->auth_unix[0], ==, REMOTE_AUTH_NONE);
    g_assert_cmpint(settings->auth_unix[1], ==, REMOTE_AUTH_POLKIT);
    g_assert_cmpuint(settings->max_clients, ==, 41);
    g_assert_cmpuint(settings->max_queued_clients, ==, 30);
    g_assert_cmpuint(settings->max_anonymous_clients, ==, 0);
}

static void rejected(void)
{
    static const struct {
        const char *line;
        const char *words;
    } rows[] = {
        { "auth_unix_rw = \"sasl\"", "f:2: auth_unix_rw: 'sasl' is not supported" },
        { "auth_unix_rw = none", "is a text: write it in quotes" },
        { "auth_unix_rw = \"none", "is not like NAME" },
        { "auth_unix_rw = \"none\" more", "is not like NAME" },
        { "auth_unix_rw \"none\"", "is not like NAME" },
        { "auth_unix_rw =", "is not like NAME" },
        { "= 1", "is not like NAME" },
        { "max_clients = 1 2", "is not like NAME" },
        { "max_clients = -1", "'-1' is not a number" },
        { "max_clients = 99999999999", "is not a number" },
        { "max_clients = \"1\"", "write it without quotes" },
        { "max_clients = 19", "less than max_anonymous_clients 20" },
        { "unix_sock_rw_perms = \"0778\"", "'0778' is not a file's permissions" },
        { "unix_sock_rw_perms = \"01777\"", "is not a file's permissions" },
        { "unix_sock_rw_perms = \"\"", "is not a file's permissions" },
        { "unix_sock_rw_perms = 0777", "is a text: write it in quotes" },
        { "listen_tls = 1", "there is no setting 'listen_tls'" },
        { "\001", "is not like NAME" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(RemoteSettings) settings = remote_settings_new();
        g_autofree char *text = g_strdup_printf("# first\n%s\n", rows[i].line);
        g_autoptr(GError) error = NULL;

        g_test_message("%s", rows[i].line);
        g_assert_false(remote_settings_parse(settings, text, "f", &error));
        g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, rows[i].words));
    }
}

static void no_file(void)
{
    g_autoptr(RemoteSettings) settings = remote_settings_new();
    g_autoptr(GError) error = NULL;

    g_assert_false(remote_settings_load(settings, "/nothing/virtccwd.conf", &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "/nothing/virtccwd.conf"));
}

/* For another process: a service's child inherits these variables. */
static void not_for_us(void)
{
    int fds[2] = { 0, 0 };

    g_setenv("LISTEN_PID", "1", TRUE);
    g_setenv("LISTEN_FDS", "2", TRUE);
    g_assert_true(remote_activation_take(fds, NULL));
    g_assert_cmpint(fds[0], ==, -1);
    g_assert_cmpint(fds[1], ==, -1);
    g_assert_null(g_getenv("LISTEN_FDS"));
}

static void notified(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_autofree char *path = g_strdup_printf("@ccw-test-%d", getpid());
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    char text[20] = "";

    strcpy(address.sun_path, path);
    address.sun_path[0] = '\0';
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address,
                         (socklen_t)(G_STRUCT_OFFSET(struct sockaddr_un, sun_path) + strlen(path))),
                    ==, 0);
    g_unsetenv("NOTIFY_SOCKET");
    remote_activation_notify("NOBODY=1");
    g_setenv("NOTIFY_SOCKET", path, TRUE);
    remote_activation_notify("READY=1");
    g_assert_cmpint(recv(fd, text, sizeof(text) - 1, 0), ==, strlen("READY=1"));
    g_assert_cmpstr(text, ==, "READY=1");
    close(fd);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/remote/settings/defaults", defaults);
    g_test_add_func("/remote/settings/installed", installed);
    g_test_add_func("/remote/settings/all", all);
    g_test_add_func("/remote/settings/rejected", rejected);
    g_test_add_func("/remote/settings/no-file", no_file);
    g_test_add_func("/remote/activation/not-for-us", not_for_us);
    g_test_add_func("/remote/activation/notified", notified);
    return g_test_run();
}
