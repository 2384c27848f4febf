/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "launcher/command-line.h"
#include "launcher/launch.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dasd/dasd-image.h"
#include "util/error.h"
#include "util/lab-protocol.h"

#define MDEV "cc390000-0001-8000-8000-0000"

static const LauncherSettings settings = { .sysfs_root = "sys" };

/* Makes a program in the current folder that prints an emulator's recorded answers. */
static void make_emulator(const char *name)
{
    g_autofree char *file = g_strconcat(name, ".replies", NULL);
    g_autofree char *replies = g_test_build_filename(G_TEST_DIST, "qemucapabilitiesdata", file, NULL);
    g_autofree char *quoted = g_shell_quote(replies);
    g_autofree char *script = g_strdup_printf("#!/bin/sh\nexec cat %s\n", quoted);

    g_assert_true(g_file_set_contents(name, script, -1, NULL));
    g_assert_cmpint(chmod(name, 0755), ==, 0);
}

static Launcher *parse(const char *line, GError **error)
{
    g_auto(GStrv) words = NULL;

    if (*line)
        g_assert_true(g_shell_parse_argv(line, NULL, &words, NULL));
    return launcher_parse(words ? words : (char *[]){ NULL }, error);
}

static void parsed(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Launcher) launch = parse("--dasd 0.0.1234=/a=b -S --dasd=1.1.abcd=c,x,sync --qemu /x/qemu -append --dasd "
                                       "-device y -- --dasd --help",
                                       &error);
    g_auto(GStrv) words = NULL;
    g_autofree char *text = NULL;
    const LauncherDasd *dasd;

    g_assert_no_error(error);
    g_assert_cmpuint(launch->dasds->len, ==, 2);
    dasd = g_ptr_array_index(launch->dasds, 0);
    g_assert_cmpstr(dasd->path, ==, "/a=b");
    g_assert_cmphex(dasd->id.devno, ==, 0x1234);
    dasd = g_ptr_array_index(launch->dasds, 1);
    g_assert_cmpstr(dasd->path, ==, "c,x");
    g_assert_true(dasd->options.sync && !dasd->options.read_only);
    g_assert_cmphex(dasd->id.cssid, ==, 1);
    g_assert_false(launch->is_help);
    words = qemu_argv_to_words(launch->argv);
    text = g_strjoinv(" ", words);
    g_assert_cmpstr(text, ==, "/x/qemu -S -append --dasd -device y --dasd --help");
}

static void help_and_version(void)
{
    g_autoptr(Launcher) help = parse("--help", NULL);
    g_autoptr(Launcher) version = parse("-S --version", NULL);
    g_autoptr(Launcher) qemus = parse("-help -version", NULL);
    g_autoptr(Launcher) nothing = parse("", NULL);

    g_assert_true(help->is_help && !help->is_version);
    g_assert_true(version->is_version && !version->is_help);
    g_assert_true(!qemus->is_help && !qemus->is_version);
    g_assert_cmpuint(qemus->argv->args->len, ==, 2);
    g_assert_cmpuint(nothing->argv->args->len, ==, 0);
}

/* A printed line begins with the emulator. A disk image's name does not look like one. */
static void emulator_first(gconstpointer name)
{
    g_autofree char *dir = g_dir_make_tmp("ccw-launch-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *line = g_strdup_printf("--dasd 0.0.1234=i %s -S", path);
    g_autofree char *later = g_strdup_printf("-S %s", path);
    g_autoptr(Launcher) first = NULL, second = NULL, image = NULL;
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    first = parse(line, NULL);
    g_assert_cmpstr(first->argv->program, ==, path);
    g_assert_cmpuint(first->argv->args->len, ==, 1);
    second = parse(later, NULL);
    g_assert_null(second->argv->program);
    g_assert_cmpuint(second->argv->args->len, ==, 2);
    image = parse("/path/to/qemu-system-disk.img", NULL);
    g_assert_null(image->argv->program);
    unlink(path);
    rmdir(dir);
}

static void usage(void)
{
    static const struct {
        const char *line;
        const char *message;
    } cases[] = {
        { "--dasd", "--dasd needs a value" },
        { "--dasd 0.0.1234",
          "--dasd 0.0.1234: give it as BUSID=IMAGE[,ro][,sync][,snapshot], for example 0.0.1234=disk.ckd" },
        { "--dasd 0.0.1234=", "--dasd 0.0.1234=: give it as*" },
        { "--dasd=", "--dasd : give it as*" },
        { "--dsad 0.0.1234=x", "there is no option '--dsad' (QEMU's own are written with one dash*" },
        { "-S --dasdx", "there is no option '--dasdx'*" },
        { "--qemu", "--qemu needs a value" },
        { "--qemu a --qemu b", "--qemu b: give one program*" },
        { "--help=x", "--help takes no value" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(parse(cases[i].line, &error));
        g_assert_nonnull(error);
        g_assert_cmpint(error->domain, ==, G_OPTION_ERROR);
        if (!g_pattern_match_simple(cases[i].message, error->message))
            g_error("'%s' is not '%s'", error->message, cases[i].message);
    }
}

static const struct {
    const char *line;
    CcwError code;
    const char *message;
} rejections[] = {
    { "--dasd 0.0.1234=i.ckd --dasd 0.0.1234=j.ckd", CCW_ERROR_INVALID,
      "--dasd 0.0.1234=j.ckd: device 0.0.1234 has an image already: i.ckd" },
    { "--dasd 0.0.1234=i.ckd --dasd 1234=j.ckd", CCW_ERROR_INVALID, "--dasd *: device 1234 has an image already*" },
    { "--dasd foo=i.ckd", CCW_ERROR_INVALID, "--dasd foo=i.ckd: 'foo' is not a device bus id*" },
    { "--dasd ff.0.1234=i.ckd", CCW_ERROR_INVALID, "--dasd *: cssid ff of 'ff.0.1234' is out of range: 0 to fe" },
    { "--qemu /bin/true --dasd 0.0.1234=none.ckd", CCW_ERROR_NOT_FOUND, "*none.ckd*" },
    { "--qemu /bin/true --dasd 0.0.1234=text.ckd", CCW_ERROR_IMAGE, "*text.ckd*" },
    { "--qemu /bin/true --dasd 0.0.1234=i.ckd --dasd 0.0.1235=i.ckd", CCW_ERROR_BUSY, "*i.ckd*" },
    { "--qemu /bin/true -device vfio-ccw,hostid=0.0.1234", CCW_ERROR_NOT_FOUND,
      "hostid 0.0.1234: there is no mediated device sys/bus/mdev/devices/" MDEV "00001234: give an image with "
      "--dasd 0.0.1234=IMAGE, or detach the host's device by virsh nodedev-detach ccw_0_0_1234, "
      "or run qemu-ccw as root and without -daemonize, which then acquires the device" },
    { "--qemu /bin/true -device vfio-ccw,hostid=0.0.4711", CCW_ERROR_UNSUPPORTED,
      "emulator /bin/true ended without answering over QMP (*" },
    { "--qemu ./no-vfio-ccw.s390x -device vfio-ccw,hostid=0.0.4711", CCW_ERROR_UNSUPPORTED,
      "hostid 0.0.4711: VFIO CCW device assignment is not supported by this version of QEMU: emulator "
      "*no-vfio-ccw.s390x (QEMU 8.2.0) has no device vfio-ccw" },
    { "--qemu ./no-ccw-machine.x86_64 -device vfio-ccw,hostid=0.0.4711", CCW_ERROR_UNSUPPORTED,
      "hostid 0.0.4711: emulator *no-ccw-machine.x86_64 (QEMU 7.2.0, x86_64) has no machine type *" },
    { "--dasd 0.0.4711=i.ckd --qemu ./series.s390x -device vfio-ccw,hostid=0.0.4711", CCW_ERROR_UNSUPPORTED,
      "emulator *series.s390x has the series' own vfio-ccw, which --dasd cannot serve*" },
    { "--dasd 0.0.4711=i.ckd -object iommufd,id=i -device vfio-ccw,hostid=0.0.4711,iommufd=i", CCW_ERROR_UNSUPPORTED,
      "iommufd of ccw device 0.0.4711: an embedded device *: remove iommufd from the device" },
    { "--dasd 0.0.4711=i.ckd -device "
      "'{\"driver\":\"vfio-ccw\",\"sysfsdev\":\"/sys/bus/mdev/devices/" MDEV "00004711\",\"iommufd\":\"i\"}'",
      CCW_ERROR_UNSUPPORTED, "iommufd of ccw device 0.0.4711: *" },
    { "--qemu no-such-qemu", CCW_ERROR_NOT_FOUND, "no-such-qemu is not an executable program in PATH: *" },
    { "--qemu ./no-such-qemu", CCW_ERROR_NOT_FOUND, "./no-such-qemu is not an executable program: *" },
    { "-device vfio-ccw,id=d,hostid=0.1", CCW_ERROR_INVALID, "-device vfio-ccw,id=d,hostid=0.1: hostid: *" },
};

/* Runs in a folder with an image i.ckd, and a file text.ckd that is no image. */
static void rejected(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rejections); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Launcher) launch = parse(rejections[i].line, &error);
        char *env[] = { NULL }, **envp = NULL, *warning = NULL;

        if (launch)
            g_assert_false(launcher_prepare(launch, &settings, env, &envp, &warning, &error));
        g_assert_error(error, CCW_ERROR, (int)rejections[i].code);
        if (!g_pattern_match_simple(rejections[i].message, error->message))
            g_error("'%s' is not '%s'", error->message, rejections[i].message);
        g_assert_null(envp);
        g_assert_null(warning);
    }
}

/* Without an image, but with the host's mdev, no library is needed. Each emulator gets its own dialect. */
static void host_device(void)
{
    static const struct {
        const char *emulator;
        const char *line;
        const char *words; /* the arguments after the emulator */
    } cases[] = {
        { "./qemu-7.2.s390x", "-M x,s390-map-css=off -device vfio-ccw,hostid=0.0.4711",
          "-M x -device vfio-ccw,sysfsdev=/sys/bus/mdev/devices/" MDEV "00004711,devno=0.0.4711" },
        { "./qemu-7.2.s390x", "-M x -device vfio-ccw,hostid=0.0.4711",
          "-M x -device vfio-ccw,sysfsdev=/sys/bus/mdev/devices/" MDEV "00004711,devno=fe.0.4711" },
        { "./qemu-3.1.s390x", "-M x -device vfio-ccw,hostid=0.0.4711,guestid=fe.1.0001",
          "-M x -device vfio-ccw,sysfsdev=/sys/bus/mdev/devices/" MDEV
          "00004711,devno=0.1.0001 -machine s390-squash-mcss=on" },
        { "./qemu-3.1.s390x", "-M x,s390-map-css=off -device vfio-ccw,hostid=0.0.4711",
          "-M x -device vfio-ccw,sysfsdev=/sys/bus/mdev/devices/" MDEV "00004711,devno=0.0.4711" },
        { "./qemu-7.2.s390x", "-object iommufd,id=i -device vfio-ccw,hostid=0.0.4711,iommufd=i",
          "-object iommufd,id=i -device vfio-ccw,sysfsdev=/sys/bus/mdev/devices/" MDEV
          "00004711,iommufd=i,devno=fe.0.4711" },
        { "./series.s390x", "-M x,s390-map-css=off -device vfio-ccw,hostid=0.0.4711",
          "-M x,s390-map-css=off -device vfio-ccw,hostid=0.0.4711" },
    };
    char *env[] = { (char *)"A=1", (char *)CCW_LAB_DEVICES_ENV "=stale", (char *)"LD_PRELOAD=other.so", NULL };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *line = g_strdup_printf("--qemu %s %s", cases[i].emulator, cases[i].line);
        g_autoptr(Launcher) launch = parse(line, NULL);
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) envp = NULL, words = NULL;
        g_autofree char *warning = NULL, *text = NULL;

        g_assert_true(launcher_prepare(launch, &settings, env, &envp, &warning, &error));
        g_assert_no_error(error);
        g_assert_true(!!strstr(line, "off") == (warning && strstr(warning, "s390-map-css is off")));
        words = qemu_argv_to_words(launch->argv);
        text = g_strjoinv(" ", words + 1);
        g_assert_cmpstr(text, ==, cases[i].words);
        g_assert_cmpstr(g_environ_getenv(envp, "A"), ==, "1");
        g_assert_null(g_environ_getenv(envp, CCW_LAB_DEVICES_ENV));
        g_assert_cmpstr(g_environ_getenv(envp, "LD_PRELOAD"), ==, "other.so");
    }
}

/* The recorded files, and two more files. */
static const char *const files[] = { "qemu-7.2.s390x",    "qemu-3.1.s390x",        "qemu-2.11.s390x", "series.s390x",
                                     "no-vfio-ccw.s390x", "no-ccw-machine.x86_64", "i.ckd",           "text.ckd" };

/* Makes the files that the tests above use, below the current folder. */
static void make_files(void)
{
    g_autoptr(GError) error = NULL;

    for (gsize i = 0; i + 2 < G_N_ELEMENTS(files); i++)
        make_emulator(files[i]);
    g_assert_true(dasd_image_create("i.ckd", NULL, 1, NULL, &error));
    g_assert_no_error(error);
    g_assert_true(g_file_set_contents("text.ckd", "this is no image\n", -1, NULL));
    g_assert_cmpint(g_mkdir_with_parents("sys/bus/mdev/devices/" MDEV "00004711", 0755), ==, 0);
}

static void remove_files(const char *dir)
{
    static const char *const dirs[] = { "sys/bus/mdev/devices/" MDEV "00004711", "sys/bus/mdev/devices", "sys/bus/mdev",
                                        "sys/bus", "sys" };

    for (gsize i = 0; i < G_N_ELEMENTS(files); i++)
        g_assert_cmpint(unlink(files[i]), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(dirs); i++)
        g_assert_cmpint(rmdir(dirs[i]), ==, 0);
    g_assert_cmpint(chdir("/"), ==, 0);
    g_assert_cmpint(rmdir(dir), ==, 0);
}

int main(int argc, char **argv)
{
    g_autofree char *dir = g_dir_make_tmp("ccw-launch-XXXXXX", NULL);
    int status;

    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(chdir(dir), ==, 0);
    make_files();
    g_test_add_func("/launcher/launch/parsed", parsed);
    g_test_add_func("/launcher/launch/help-and-version", help_and_version);
    g_test_add_data_func("/launcher/launch/emulator-first", "qemu-system-s390x", emulator_first);
    g_test_add_data_func("/launcher/launch/emulator-first-kvm", "qemu-kvm", emulator_first);
    g_test_add_func("/launcher/launch/usage", usage);
    g_test_add_func("/launcher/launch/rejected", rejected);
    g_test_add_func("/launcher/launch/host-device", host_device);
    status = g_test_run();
    remove_files(dir);
    return status;
}
