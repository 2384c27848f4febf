/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compares the model with the recorded answers and events of a real s390x kernel (Linux 6.1 with vfio_ccw). */
#include <errno.h>
#include <string.h>

#include "lab/lab-model.h"

#define UUID "cc390000-0001-8000-8000-000000001234"
#define UUID_2 "cc390000-0001-8000-8000-000000001235"

typedef struct {
    LabModel *model;
    LabSubchannel *sch, *sch_2;
    GString *log;
    GMutex lock;
    GCond requested;
    guint64 request; /* serial of the last request */
} Fixture;

static void on_uevent(const char *action, const char *devpath, const char *subsystem, const char *env, gpointer opaque)
{
    g_autofree char *words = g_strdelimit(g_strdup(env), "\n", ' ');

    g_string_append_printf(((Fixture *)opaque)->log, "%s %s %s %s\n", action, devpath, subsystem, g_strchomp(words));
}

static void on_node(guint group, gboolean present, gpointer opaque)
{
    g_string_append_printf(((Fixture *)opaque)->log, "%s /dev/vfio/%u\n", present ? "make" : "unlink", group);
}

static void on_request(guint64 serial, gpointer opaque)
{
    Fixture *f = opaque;

    g_mutex_lock(&f->lock);
    f->request = serial;
    g_cond_signal(&f->requested);
    g_mutex_unlock(&f->lock);
}

static const LabModelEvents events = { on_uevent, on_node, on_request };

static void set_up(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    const LabDevice devices[] = {
        { { 0, 0, 0x1234 }, 0x3990, 0x3390, 0xe9, 0x0c, 10, 11, FALSE },
        { { 0, 0, 0x1235 }, 0x3990, 0x3390, 0xe9, 0x0a, 10, 12, TRUE },
        { { 0, 1, 0xabcd }, 0x3990, 0x3390, 0xe9, 0x0a, 10, 13, FALSE },
    };

    f->model = lab_model_new(devices, G_N_ELEMENTS(devices));
    f->sch = g_ptr_array_index(f->model->subchannels, 0);
    f->sch_2 = g_ptr_array_index(f->model->subchannels, 1);
    f->log = g_string_new(NULL);
    g_mutex_init(&f->lock);
    g_cond_init(&f->requested);
    lab_model_set_events(f->model, &events, f);
}

static void tear_down(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    lab_model_free(f->model);
    g_string_free(f->log, TRUE);
    g_cond_clear(&f->requested);
    g_mutex_clear(&f->lock);
}

static int create(Fixture *f, LabSubchannel *sch, const char *text)
{
    return lab_mdev_create(f->model, sch, text, strlen(text));
}

static int online(Fixture *f, LabSubchannel *sch, const char *text)
{
    return lab_ccw_online(f->model, sch, text, strlen(text));
}

/* The device is on vfio_ccw, and the log is empty. */
static void take(Fixture *f)
{
    g_assert_cmpint(lab_css_unbind(f->model, LAB_DRIVER_IO_SUBCHANNEL, "0.0.0000\n"), ==, 0);
    g_assert_cmpint(lab_css_bind(f->model, LAB_DRIVER_VFIO_CCW, "0.0.0000\n"), ==, 0);
    g_string_truncate(f->log, 0);
}

static void beginning(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    const LabSubchannel *third = g_ptr_array_index(f->model->subchannels, 2);

    g_assert_cmpstr(f->sch->name, ==, "0.0.0000");
    g_assert_cmpstr(f->sch_2->name, ==, "0.0.0001");
    g_assert_cmpstr(third->name, ==, "0.1.0000");
    g_assert_cmpstr(third->device, ==, "0.1.abcd");
    for (guint i = 0; i < f->model->subchannels->len; i++) {
        const LabSubchannel *sch = g_ptr_array_index(f->model->subchannels, i);

        g_assert_true(lab_ccw_is_present(sch) && sch->is_device_bound && sch->is_online);
        g_assert_null(sch->driver_override);
    }
}

typedef enum { BIND_IO, BIND_VFIO, UNBIND_IO, UNBIND_VFIO, PROBE, OVERRIDE, ONLINE, CREATE, CREATE_2, REMOVE } Op;

static int run(Fixture *f, Op op, const char *text)
{
    switch (op) {
    case BIND_IO:
        return lab_css_bind(f->model, LAB_DRIVER_IO_SUBCHANNEL, text);
    case BIND_VFIO:
        return lab_css_bind(f->model, LAB_DRIVER_VFIO_CCW, text);
    case UNBIND_IO:
        return lab_css_unbind(f->model, LAB_DRIVER_IO_SUBCHANNEL, text);
    case UNBIND_VFIO:
        return lab_css_unbind(f->model, LAB_DRIVER_VFIO_CCW, text);
    case PROBE:
        return lab_css_probe(f->model, text);
    case OVERRIDE:
        return lab_css_override(f->model, f->sch, text);
    case ONLINE:
        return online(f, f->sch, text);
    case CREATE:
        return create(f, f->sch, text);
    case CREATE_2:
        return create(f, f->sch_2, text);
    default:
        return lab_mdev_remove(f->model, UUID, text);
    }
}

/* Runs steps in order. After each, the driver is the one in the last column. */
static const struct {
    Op op;
    const char *text;
    int expected;
    LabDriver driver;
} transition_steps[] = {
    { BIND_VFIO, "0.0.0000\n", EBUSY, LAB_DRIVER_IO_SUBCHANNEL },
    { BIND_IO, "0.0.0000\n", EBUSY, LAB_DRIVER_IO_SUBCHANNEL },
    { UNBIND_VFIO, "0.0.0000\n", ENODEV, LAB_DRIVER_IO_SUBCHANNEL },
    { UNBIND_IO, "0.0.1234\n", ENODEV, LAB_DRIVER_IO_SUBCHANNEL }, /* a ccw bus id */
    { UNBIND_IO, "0.0.0009\n", ENODEV, LAB_DRIVER_IO_SUBCHANNEL },
    { UNBIND_IO, "0.0.0000\n\n", ENODEV, LAB_DRIVER_IO_SUBCHANNEL },
    { UNBIND_IO, " 0.0.0000", ENODEV, LAB_DRIVER_IO_SUBCHANNEL },
    { UNBIND_IO, "", ENODEV, LAB_DRIVER_IO_SUBCHANNEL },
    { PROBE, "0.0.0000\n", 0, LAB_DRIVER_IO_SUBCHANNEL },
    { PROBE, "0.0.0009\n", ENODEV, LAB_DRIVER_IO_SUBCHANNEL },
    { ONLINE, "1\n", EINVAL, LAB_DRIVER_IO_SUBCHANNEL },
    { ONLINE, "2\n", EINVAL, LAB_DRIVER_IO_SUBCHANNEL },
    { ONLINE, "yes\n", EINVAL, LAB_DRIVER_IO_SUBCHANNEL },
    { ONLINE, "-1\n", EINVAL, LAB_DRIVER_IO_SUBCHANNEL },
    { ONLINE, "0x\n", EINVAL, LAB_DRIVER_IO_SUBCHANNEL },
    { ONLINE, "10000000000000000\n", ERANGE, LAB_DRIVER_IO_SUBCHANNEL },
    { ONLINE, "+0x0\n", 0, LAB_DRIVER_IO_SUBCHANNEL },
    { ONLINE, "0\n", EINVAL, LAB_DRIVER_IO_SUBCHANNEL },
    { CREATE, UUID "\n", ENODEV, LAB_DRIVER_IO_SUBCHANNEL },
    { OVERRIDE, "vfio_ccw\n", 0, LAB_DRIVER_IO_SUBCHANNEL },
    { BIND_IO, "0.0.0000\n", ENODEV, LAB_DRIVER_IO_SUBCHANNEL },
    { UNBIND_IO, "0.0.0000", 0, LAB_DRIVER_NONE },
    { UNBIND_IO, "0.0.0000", ENODEV, LAB_DRIVER_NONE },
    { ONLINE, "1\n", ENODEV, LAB_DRIVER_NONE },
    { BIND_IO, "0.0.0000\n", ENODEV, LAB_DRIVER_NONE },
    { PROBE, "0.0.0000\n", 0, LAB_DRIVER_VFIO_CCW },
    { BIND_VFIO, "0.0.0000\n", EBUSY, LAB_DRIVER_VFIO_CCW },
    { CREATE, UUID " \n", EINVAL, LAB_DRIVER_VFIO_CCW },
    { CREATE, "cc390000-0001-8000-8000-00000000123", EINVAL, LAB_DRIVER_VFIO_CCW },
    { CREATE, "cc390000x0001-8000-8000-000000001234", EINVAL, LAB_DRIVER_VFIO_CCW },
    { CREATE, "gc390000-0001-8000-8000-000000001234", EINVAL, LAB_DRIVER_VFIO_CCW },
    { CREATE, "CC390000-0001-8000-8000-000000001234\n", 0, LAB_DRIVER_VFIO_CCW },
    { CREATE, UUID "\n", EEXIST, LAB_DRIVER_VFIO_CCW },
    { CREATE, UUID_2 "\n", EUSERS, LAB_DRIVER_VFIO_CCW },
    { REMOVE, "0\n", 0, LAB_DRIVER_VFIO_CCW },
    { CREATE, UUID "\n", EEXIST, LAB_DRIVER_VFIO_CCW },
    { REMOVE, "x\n", EINVAL, LAB_DRIVER_VFIO_CCW },
    { REMOVE, "1\n", 0, LAB_DRIVER_VFIO_CCW },
    { REMOVE, "1\n", ENODEV, LAB_DRIVER_VFIO_CCW },
    { CREATE, "00000000-0000-0000-0000-000000000000\n", 0, LAB_DRIVER_VFIO_CCW },
    { UNBIND_VFIO, "0.0.0000\n", 0, LAB_DRIVER_NONE }, /* the unused mdev is removed, too */
    { BIND_VFIO, "0.0.0000\n", 0, LAB_DRIVER_VFIO_CCW },
    { CREATE, "ffffffff-ffff-ffff-ffff-ffffffffffff", 0, LAB_DRIVER_VFIO_CCW },
    { UNBIND_VFIO, "0.0.0000\n", 0, LAB_DRIVER_NONE },
    { OVERRIDE, "nonsense\n", 0, LAB_DRIVER_NONE },
    { PROBE, "0.0.0000\n", 0, LAB_DRIVER_NONE },
    { OVERRIDE, "\n", 0, LAB_DRIVER_NONE },
    { BIND_IO, "0.0.0000\n", 0, LAB_DRIVER_IO_SUBCHANNEL },
    { ONLINE, "0\n", EINVAL, LAB_DRIVER_IO_SUBCHANNEL }, /* a DASD comes back offline */
    { ONLINE, "force\n", 0, LAB_DRIVER_IO_SUBCHANNEL },
    { UNBIND_IO, "0.0.0000\n", 0, LAB_DRIVER_NONE },      /* Linux allows this while the device is online */
    { PROBE, "0.0.0000\n", 0, LAB_DRIVER_IO_SUBCHANNEL }, /* io_subchannel was registered first */
};

static void transitions(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    for (gsize i = 0; i < G_N_ELEMENTS(transition_steps); i++) {
        int result = run(f, transition_steps[i].op, transition_steps[i].text);

        if (result != transition_steps[i].expected || f->sch->driver != transition_steps[i].driver)
            g_error("step %zu (%d, '%s'): %s, driver %d", i, transition_steps[i].op, transition_steps[i].text,
                    g_strerror(result), f->sch->driver);
    }
    g_assert_null(f->sch->driver_override);
}

static void uuid_of_another(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    take(f);
    g_assert_cmpint(lab_css_unbind(f->model, LAB_DRIVER_IO_SUBCHANNEL, "0.0.0001\n"), ==, 0);
    g_assert_cmpint(lab_css_bind(f->model, LAB_DRIVER_VFIO_CCW, "0.0.0001\n"), ==, 0);
    g_assert_cmpint(create(f, f->sch, UUID), ==, 0);
    g_assert_cmpint(create(f, f->sch_2, UUID), ==, EEXIST);
    g_assert_cmpint(create(f, f->sch_2, UUID_2), ==, 0);
    g_assert_cmpuint(f->sch->mdev->group, ==, 0);
    g_assert_cmpuint(f->sch_2->mdev->group, ==, 1);
    g_assert_cmpint(lab_mdev_remove(f->model, UUID, "1"), ==, 0);
    g_assert_cmpint(create(f, f->sch, UUID), ==, 0);
    g_assert_cmpuint(f->sch->mdev->group, ==, 0);
}

static void overrides(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *most = g_strnfill(4094, 'x');
    g_autofree char *more = g_strnfill(4095, 'x');

    g_assert_cmpint(lab_css_override(f->model, f->sch, "one\ntwo\n"), ==, 0);
    g_assert_cmpstr(f->sch->driver_override, ==, "one");
    g_assert_cmpint(lab_css_override(f->model, f->sch, more), ==, EINVAL);
    g_assert_cmpstr(f->sch->driver_override, ==, "one");
    g_assert_cmpint(lab_css_override(f->model, f->sch, most), ==, 0);
    g_assert_cmpstr(f->sch->driver_override, ==, most);
    g_assert_cmpint(lab_css_override(f->model, f->sch, ""), ==, 0);
    g_assert_null(f->sch->driver_override);
}

static void ccw_drivers(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_cmpint(lab_ccw_bind(f->model, "0.0.1234\n"), ==, EBUSY);
    g_assert_cmpint(lab_ccw_unbind(f->model, "0.0.0000\n"), ==, ENODEV);
    g_assert_cmpint(lab_ccw_unbind(f->model, "0.0.1234\n"), ==, 0);
    g_assert_false(f->sch->is_online);
    g_assert_cmpint(lab_ccw_unbind(f->model, "0.0.1234\n"), ==, ENODEV);
    g_assert_cmpint(online(f, f->sch, "1\n"), ==, EINVAL);
    g_assert_cmpint(lab_ccw_probe(f->model, "0.0.1234\n"), ==, 0);
    g_assert_true(f->sch->is_device_bound);
    g_assert_cmpint(lab_css_unbind(f->model, LAB_DRIVER_IO_SUBCHANNEL, "0.0.0000"), ==, 0);
    g_assert_cmpint(lab_ccw_bind(f->model, "0.0.1234\n"), ==, ENODEV);
    g_assert_cmpint(lab_ccw_probe(f->model, "0.0.1234\n"), ==, ENODEV);
}

#define CCW_ENV "CU_TYPE=3990 CU_MODEL=E9 DEV_TYPE=3390 DEV_MODEL=0C MODALIAS=ccw:t3990mE9dt3390dm0C\n"
#define CSS_ENV "ST=0 MODALIAS=css:t0\n"
/* The event of an unbind has no MODALIAS: Linux removes it. */
#define CCW_GONE "CU_TYPE=3990 CU_MODEL=E9 DEV_TYPE=3390 DEV_MODEL=0C\n"
#define CSS_GONE "ST=0\n"
#define CSS "/devices/css0/0.0.0000"

static void expect_log(Fixture *f, const char *expected)
{
    g_assert_cmpstr(f->log->str, ==, expected);
    g_string_truncate(f->log, 0);
}

static void uevents(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    lab_css_unbind(f->model, LAB_DRIVER_IO_SUBCHANNEL, "0.0.0000");
    expect_log(f, "unbind " CSS "/0.0.1234 ccw " CCW_GONE "remove " CSS "/0.0.1234 ccw " CCW_ENV "unbind " CSS
                  " css " CSS_GONE);
    lab_css_bind(f->model, LAB_DRIVER_VFIO_CCW, "0.0.0000");
    expect_log(f, "change " CSS " css MDEV_STATE=registered DRIVER=vfio_ccw " CSS_ENV "bind " CSS
                  " css DRIVER=vfio_ccw " CSS_ENV);
    create(f, f->sch, UUID);
    expect_log(f, "add " CSS "/" UUID " mdev \n"
                  "make /dev/vfio/0\n"
                  "add /devices/virtual/vfio/0 vfio MAJOR=254 MINOR=0 DEVNAME=vfio/0\n"
                  "add " CSS "/" UUID "/vfio-dev/vfio0 vfio-dev \n"
                  "bind " CSS "/" UUID " mdev DRIVER=vfio_ccw_mdev\n");
    lab_mdev_remove(f->model, UUID, "1\n");
    expect_log(f, "remove " CSS "/" UUID "/vfio-dev/vfio0 vfio-dev \n"
                  "unlink /dev/vfio/0\n"
                  "remove /devices/virtual/vfio/0 vfio MAJOR=254 MINOR=0 DEVNAME=vfio/0\n"
                  "unbind " CSS "/" UUID " mdev \n"
                  "remove " CSS "/" UUID " mdev \n");
    lab_css_unbind(f->model, LAB_DRIVER_VFIO_CCW, "0.0.0000");
    expect_log(f, "change " CSS " css MDEV_STATE=unregistered DRIVER=vfio_ccw " CSS_ENV "unbind " CSS " css " CSS_GONE);
    lab_css_bind(f->model, LAB_DRIVER_IO_SUBCHANNEL, "0.0.0000");
    expect_log(f, "bind " CSS " css DRIVER=io_subchannel " CSS_ENV "add " CSS "/0.0.1234 ccw " CCW_ENV "bind " CSS
                  "/0.0.1234 ccw DRIVER=dasd-eckd " CCW_ENV);
    g_assert_cmpint(online(f, f->sch, "1"), ==, 0);
    expect_log(f, "change " CSS "/0.0.1234 ccw DRIVER=dasd-eckd " CCW_ENV);
    g_assert_cmpint(online(f, f->sch, "1"), ==, EINVAL);
    expect_log(f, "");
}

static void synthetic(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_cmpint(lab_synth_uevent(f->model, f->sch, LAB_SYNTH_CCW, "changed\n"), ==, EINVAL);
    g_assert_cmpint(lab_synth_uevent(f->model, f->sch, LAB_SYNTH_CCW, ""), ==, EINVAL);
    g_assert_cmpint(lab_synth_uevent(f->model, f->sch, LAB_SYNTH_MDEV, "add\n"), ==, ENODEV);
    expect_log(f, "");
    g_assert_cmpint(lab_synth_uevent(f->model, f->sch, LAB_SYNTH_CCW, "change\n"), ==, 0);
    expect_log(f, "change " CSS "/0.0.1234 ccw SYNTH_UUID=0 DRIVER=dasd-eckd " CCW_ENV);
}

static void groups(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    LabGroup group = { .serial = 99 }, other;

    take(f);
    g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, ENODEV);
    g_assert_cmpuint(group.serial, ==, 99);
    create(f, f->sch, UUID);
    g_assert_cmpint(lab_group_open(f->model, 1, &group), ==, ENODEV);
    g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, 0);
    g_assert_cmpstr(group.uuid, ==, UUID);
    g_assert_cmpstr(group.bus_id, ==, "0.0.1234");
    g_assert_cmpint(group.image_fd, ==, 11);
    g_assert_false(group.is_read_only);
    g_assert_cmpint(lab_group_open(f->model, 0, &other), ==, EBUSY);
    lab_group_close(f->model, group.serial);
    g_assert_cmpint(lab_group_open(f->model, 0, &other), ==, 0);
    /* The group is open, but the client has not received the device's own fd: a removal does not wait. */
    g_assert_cmpint(lab_mdev_remove(f->model, UUID, "1"), ==, 0);
    g_assert_false(lab_group_set_in_use(f->model, other.serial, TRUE));
    create(f, f->sch, UUID);
    lab_group_close(f->model, other.serial); /* the open of the removed mdev */
    g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, 0);
    g_assert_cmpuint(group.serial, !=, other.serial);
}

typedef struct {
    Fixture *f;
    const char *how; /* NULL: by "remove" */
    int result;
} Remover;

static gpointer remove_it(gpointer opaque)
{
    Remover *remover = opaque;

    if (!remover->how)
        remover->result = lab_mdev_remove(remover->f->model, UUID, "1\n");
    else if (strcmp(remover->how, "unbind") == 0)
        remover->result = lab_css_unbind(remover->f->model, LAB_DRIVER_VFIO_CCW, "0.0.0000\n");
    else
        remover->result = lab_hardware_set(remover->f->model, "0.0.1234", LAB_STATE_UNPLUGGED);
    return NULL;
}

/* QEMU has the device: a removal waits. Meanwhile other processes read the old state, and may do other things. */
static void in_use(Fixture *f, gconstpointer how)
{
    Remover remover = { f, how, -1 };
    LabGroup group, other;
    GThread *thread;

    take(f);
    create(f, f->sch, UUID);
    g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, 0);
    g_assert_true(lab_group_set_in_use(f->model, group.serial, TRUE));
    thread = g_thread_new("remover", remove_it, &remover);
    g_mutex_lock(&f->lock);
    while (f->request != group.serial)
        g_cond_wait(&f->requested, &f->lock);
    g_mutex_unlock(&f->lock);

    g_assert_cmpint(lab_mdev_remove(f->model, UUID, "1"), ==, ENODEV);
    g_assert_cmpint(create(f, f->sch, UUID), ==, EEXIST);
    g_assert_cmpint(create(f, f->sch, UUID_2), ==, EUSERS);
    g_assert_cmpint(lab_group_open(f->model, 0, &other), ==, ENODEV);
    g_assert_cmpint(online(f, f->sch_2, "0"), ==, 0); /* other devices are not blocked */
    g_mutex_lock(&f->model->lock);
    g_assert_nonnull(f->sch->mdev);
    g_assert_false(f->sch->mdev->is_active);
    g_assert_cmpint(lab_driver_is_linked(f->sch), ==, !how);
    g_mutex_unlock(&f->model->lock);
    g_assert_false(lab_group_set_in_use(f->model, group.serial, TRUE));
    g_assert_cmpint(remover.result, ==, -1);

    if (how)
        lab_group_close(f->model, group.serial);
    else
        lab_group_set_in_use(f->model, group.serial, FALSE);
    g_thread_join(thread);
    g_assert_cmpint(remover.result, ==, 0);
    g_assert_null(f->sch->mdev);
    g_assert_cmpint(f->sch->driver, ==, how ? LAB_DRIVER_NONE : LAB_DRIVER_VFIO_CCW);
    g_assert_cmpint(f->sch->is_registered, ==, g_strcmp0(how, "unplug") != 0);
}

static int set(Fixture *f, LabState state)
{
    return lab_hardware_set(f->model, "0.0.1234", state);
}

#define D CSS "/0.0.1234"

static void unplugged(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    LabState state = LAB_STATE_LAST;

    g_assert_cmpint(lab_hardware_set(f->model, "0.0.4321", LAB_STATE_UNPLUGGED), ==, ENODEV);
    g_assert_cmpint(lab_hardware_get(f->model, "0.0.4321", &state), ==, ENODEV);
    g_assert_cmpint(state, ==, LAB_STATE_LAST);
    g_assert_cmpint(set(f, LAB_STATE_GOOD), ==, EEXIST);
    g_assert_cmpint(online(f, f->sch, "0"), ==, 0);
    g_string_truncate(f->log, 0);
    g_assert_cmpint(set(f, LAB_STATE_UNPLUGGED), ==, 0);
    expect_log(f, "unbind " D " ccw " CCW_GONE "remove " D " ccw " CCW_ENV "unbind " CSS " css " CSS_GONE "remove " CSS
                  " css " CSS_ENV);
    g_assert_cmpint(lab_hardware_get(f->model, "0.0.1234", &state), ==, 0);
    g_assert_cmpint(state, ==, LAB_STATE_UNPLUGGED);
    g_assert_cmpint(lab_css_bind(f->model, LAB_DRIVER_VFIO_CCW, "0.0.0000"), ==, ENODEV);
    g_assert_cmpint(online(f, f->sch, "1"), ==, ENODEV);
    g_assert_cmpint(set(f, LAB_STATE_GOOD), ==, 0);
    expect_log(f, "add " CSS " css " CSS_ENV "bind " CSS " css DRIVER=io_subchannel " CSS_ENV "add " D " ccw " CCW_ENV
                  "bind " D " ccw DRIVER=dasd-eckd " CCW_ENV);
    g_assert_false(f->sch->is_online);
}

/* dasd_generic_notify() keeps a device that is online: the device waits below css0/defunct. */
static void unplugged_online(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_cmpint(set(f, LAB_STATE_UNPLUGGED), ==, 0);
    expect_log(f, "move /devices/css0/defunct/0.0.1234 ccw DEVPATH_OLD=" D " DRIVER=dasd-eckd " CCW_ENV "unbind " CSS
                  " css " CSS_GONE "remove " CSS " css " CSS_ENV);
    g_assert_cmpstr(lab_availability(f->model, f->sch), ==, "no device");
    g_assert_true(f->sch->is_online);
    g_assert_cmpint(online(f, f->sch, "1"), ==, EINVAL);
    g_assert_cmpint(set(f, LAB_STATE_GOOD), ==, 0);
    expect_log(f, "add " CSS " css " CSS_ENV "bind " CSS " css DRIVER=io_subchannel " CSS_ENV "move " D
                  " ccw DEVPATH_OLD=/devices/css0/defunct/0.0.1234 DRIVER=dasd-eckd " CCW_ENV);
    g_assert_cmpstr(lab_availability(f->model, f->sch), ==, "good");
    g_assert_true(f->sch->is_online);

    set(f, LAB_STATE_UNPLUGGED);
    g_assert_cmpint(online(f, f->sch, "0"), ==, 0);
    g_assert_false(lab_ccw_is_present(f->sch));
}

static void unplugged_taken(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_cmpint(lab_css_override(f->model, f->sch, "vfio_ccw"), ==, 0);
    take(f);
    create(f, f->sch, UUID);
    g_assert_cmpint(set(f, LAB_STATE_UNPLUGGED), ==, 0);
    g_assert_null(f->sch->mdev);
    g_assert_cmpint(set(f, LAB_STATE_GOOD), ==, 0);
    g_assert_null(f->sch->driver_override);
    g_assert_cmpint(f->sch->driver, ==, LAB_DRIVER_IO_SUBCHANNEL);
    g_assert_false(f->sch->is_online);
}

/* css_evaluate_known_subchannel() asks the driver, but the subchannel has no driver. */
static void unplugged_unbound(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_cmpint(lab_css_unbind(f->model, LAB_DRIVER_IO_SUBCHANNEL, "0.0.0000"), ==, 0);
    g_assert_cmpint(set(f, LAB_STATE_UNPLUGGED), ==, 0);
    g_assert_true(f->sch->is_registered);
    g_assert_cmpint(lab_css_bind(f->model, LAB_DRIVER_IO_SUBCHANNEL, "0.0.0000"), ==, 0);
    g_assert_false(lab_ccw_is_present(f->sch));
    g_assert_cmpint(set(f, LAB_STATE_GOOD), ==, 0);
    g_assert_true(lab_ccw_is_present(f->sch));
}

static void boxed(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    g_assert_cmpint(set(f, LAB_STATE_BOXED), ==, 0);
    g_assert_true(f->sch->is_online);
    g_assert_cmpstr(lab_availability(f->model, f->sch), ==, "boxed");
    g_assert_cmpint(online(f, f->sch, "0"), ==, 0);
    g_assert_cmpint(online(f, f->sch, "1"), ==, ENODEV);
    g_assert_cmpint(lab_css_unbind(f->model, LAB_DRIVER_IO_SUBCHANNEL, "0.0.0000"), ==, 0);
    g_assert_cmpint(lab_css_bind(f->model, LAB_DRIVER_IO_SUBCHANNEL, "0.0.0000"), ==, 0);
    g_assert_cmpstr(lab_availability(f->model, f->sch), ==, "good"); /* the device answers to Sense ID */
    g_assert_cmpint(online(f, f->sch, "1"), ==, ENODEV);
    g_assert_cmpstr(lab_availability(f->model, f->sch), ==, "boxed");
    g_assert_cmpint(online(f, f->sch, "force\n"), ==, 0);
    g_assert_cmpstr(lab_availability(f->model, f->sch), ==, "good");
}

static void no_path(Fixture *f, gconstpointer vary)
{
#define LOSE() (vary ? lab_chp_vary(f->model, "off\n") : set(f, LAB_STATE_NO_PATH))
#define REGAIN() (vary ? lab_chp_vary(f->model, "1\n") : set(f, LAB_STATE_GOOD))
    g_assert_cmpint(LOSE(), ==, 0);
    g_assert_cmpstr(lab_availability(f->model, f->sch), ==, "no path");
    g_assert_true(f->sch->is_online);
    g_assert_cmpint(f->sch->vpm, ==, 0);
    g_assert_cmpint(REGAIN(), ==, 0);
    g_assert_cmpstr(lab_availability(f->model, f->sch), ==, "good");
    g_assert_cmpint(f->sch->vpm, ==, 0x80);
    expect_log(f, "");

    g_assert_cmpint(online(f, f->sch, "0"), ==, 0);
    g_string_truncate(f->log, 0);
    g_assert_cmpint(LOSE(), ==, 0);
    expect_log(f, "unbind " D " ccw " CCW_GONE "remove " D " ccw " CCW_ENV);
    g_assert_cmpint(f->sch->driver, ==, LAB_DRIVER_IO_SUBCHANNEL);
    g_assert_cmpint(REGAIN(), ==, 0);
    expect_log(f, "add " D " ccw " CCW_ENV "bind " D " ccw DRIVER=dasd-eckd " CCW_ENV);

    g_assert_cmpint(LOSE(), ==, 0);
    take(f);
    create(f, f->sch, UUID); /* vfio_ccw does not check the paths */
    g_assert_nonnull(f->sch->mdev);
    g_assert_cmpint(lab_css_unbind(f->model, LAB_DRIVER_VFIO_CCW, "0.0.0000"), ==, 0);
    g_assert_cmpint(lab_css_bind(f->model, LAB_DRIVER_IO_SUBCHANNEL, "0.0.0000"), ==, 0);
    g_assert_false(lab_ccw_is_present(f->sch));
}

static void vary_words(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        const char *text;
        int expected;
        gboolean off;
    } rows[] = {
        { "", 0, FALSE },           { " \n", 0, FALSE },      { "x\n", EINVAL, FALSE }, { "of\n", EINVAL, FALSE },
        { "2\n", EINVAL, FALSE },   { "OFFLINE\n", 0, TRUE }, { "0\n", 0, TRUE },       { "10\n", EINVAL, TRUE },
        { " online \n", 0, FALSE }, { "offwards", 0, TRUE },  { "On", 0, FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_assert_cmpint(lab_chp_vary(f->model, rows[i].text), ==, rows[i].expected);
        g_assert_cmpint(f->model->is_varied_off, ==, rows[i].off);
    }
}

/* The driver of an mdev can be unbound through sysfs, but not bound. */
static void mdev_unbound(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    LabGroup group;

    take(f);
    create(f, f->sch, UUID);
    g_string_truncate(f->log, 0);
    g_assert_cmpint(lab_mdev_unbind(f->model, UUID_2), ==, ENODEV);
    g_assert_cmpint(lab_mdev_unbind(f->model, UUID "\n"), ==, 0);
    expect_log(f, "remove " CSS "/" UUID "/vfio-dev/vfio0 vfio-dev \n"
                  "unlink /dev/vfio/0\n"
                  "remove /devices/virtual/vfio/0 vfio MAJOR=254 MINOR=0 DEVNAME=vfio/0\n"
                  "unbind " CSS "/" UUID " mdev \n");
    g_assert_cmpint(lab_mdev_unbind(f->model, UUID "\n"), ==, ENODEV);
    g_assert_cmpint(lab_mdev_probe(f->model, UUID), ==, 0);
    g_assert_cmpint(lab_mdev_probe(f->model, UUID_2), ==, ENODEV);
    g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, ENODEV);
    g_assert_cmpint(create(f, f->sch, UUID_2), ==, EUSERS);
    g_assert_cmpint(lab_mdev_remove(f->model, UUID, "1"), ==, 0);
    expect_log(f, "remove " CSS "/" UUID " mdev \n");
    g_assert_cmpint(create(f, f->sch, UUID), ==, 0);
    g_assert_cmpuint(f->sch->mdev->group, ==, 0);
}

static void dasd_attributes(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        const char *name, *text;
        int online, offline;
        const char *shown; /* the value while the device is online */
    } rows[] = {
        { "readonly", "1\n", 0, 0, "1\n" },
        { "readonly", "2\n", EINVAL, EINVAL, "1\n" },
        { "readonly", "0\n", 0, 0, "0\n" },
        { "use_diag", "1\n", EPERM, 0, "0\n" },
        { "raw_track_access", "1\n", EPERM, EPERM, "0\n" },
        { "eer_enabled", "2\n", EINVAL, ENODEV, "0\n" },
        { "expires", "0\n", EINVAL, ENODEV, "300\n" },
        { "expires", "40000001\n", EINVAL, ENODEV, "300\n" },
        { "expires", "31\n", 0, ENODEV, "31\n" },
        { "retries", "0\n", 0, ENODEV, "256\n" },
        { "reservation_policy", "fail", 0, 0, "fail\n" },
        { "reservation_policy", "failed", EINVAL, EINVAL, "fail\n" },
        { "last_known_reservation_state", "reset\n", 0, ENODEV, "none\n" },
        { "uid", "x", EIO, EIO, "CCW.00000000001234.0012.34\n" },
        { "path_masks", "x", EIO, EIO, "80 00 00 00 00 00\n" },
    };

    for (int is_online = 1; is_online >= 0; is_online--) {
        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
            g_autoptr(GString) text = g_string_new(NULL);
            guint attr = 0;
            int result;

            g_assert_true(lab_dasd_find_attr(rows[i].name, &attr));
            result = lab_ccw_dasd(f->model, f->sch, attr, rows[i].text);
            if (result != (is_online ? rows[i].online : rows[i].offline))
                g_error("%s <- %s: %s", rows[i].name, rows[i].text, g_strerror(result));
            result = lab_dasd_show(&f->sch->dasd, attr, text);
            if (is_online)
                g_assert_cmpstr(text->str, ==, rows[i].shown);
        }
        if (is_online)
            g_assert_cmpint(online(f, f->sch, "0"), ==, 0);
    }
    g_assert_false(lab_dasd_find_attr("online", &(guint){ 0 }));
    g_assert_cmpint(online(f, f->sch, "1"), ==, 0);
    g_assert_cmpuint(f->sch->dasd.numbers[LAB_DASD_EXPIRES], ==, 300);
}

static void safe_offline(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    guint attr = 0;

    g_assert_true(lab_dasd_find_attr("safe_offline", &attr));
    g_assert_cmpint(lab_ccw_dasd(f->model, f->sch, attr, "1"), ==, 0);
    g_assert_false(f->sch->is_online);
    g_assert_cmpint(lab_ccw_dasd(f->model, f->sch, attr, "1"), ==, ENODEV);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, data, func) g_test_add("/lab/model/" name, Fixture, data, set_up, func, tear_down)
    ADD("beginning", NULL, beginning);
    ADD("transitions", NULL, transitions);
    ADD("uuid-of-another", NULL, uuid_of_another);
    ADD("overrides", NULL, overrides);
    ADD("ccw-drivers", NULL, ccw_drivers);
    ADD("uevents", NULL, uevents);
    ADD("synthetic-uevents", NULL, synthetic);
    ADD("groups", NULL, groups);
    ADD("remove-in-use", NULL, in_use);
    ADD("unbind-in-use", "unbind", in_use);
    ADD("unplug-in-use", "unplug", in_use);
    ADD("mdev-unbound", NULL, mdev_unbound);
    ADD("dasd-attributes", NULL, dasd_attributes);
    ADD("safe-offline", NULL, safe_offline);
    ADD("unplugged", NULL, unplugged);
    ADD("unplugged-online", NULL, unplugged_online);
    ADD("unplugged-taken", NULL, unplugged_taken);
    ADD("unplugged-unbound", NULL, unplugged_unbound);
    ADD("boxed", NULL, boxed);
    ADD("no-path", NULL, no_path);
    ADD("varied-off", "vary", no_path);
    ADD("vary-words", NULL, vary_words);
    return g_test_run();
}
