/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The texts that a lab's network reads and writes: the kernel's routes, and resolv.conf. */
#include <glib.h>

#include "lab/lab-resolver.h"
#include "lab/lab-route.h"

#define HEAD "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
#define V4(destination, flags, mask) "tap0\t" destination "\t0203000A\t" flags "\t0\t0\t0\t" mask "\t0\t0\t0\n"
#define ZERO "00000000000000000000000000000000"
#define ROUTER "fe800000000000000000000000000001"
#define V6(destination, length, gateway)                                                                               \
    destination " " length " " ZERO " 00 " gateway " 00000400 00000001 00000000 00000003     eth0\n"

static const struct {
    const char *route, *ipv6_route;
    gboolean has_default;
} routes[] = {
    { NULL, NULL, FALSE },
    { "", "", FALSE },
    { HEAD, V6(ZERO, "00", ZERO), FALSE }, /* every namespace has this line */
    { HEAD V4("0003000A", "0001", "00FFFFFF"), NULL, FALSE },
    { HEAD V4("0003000A", "0001", "00FFFFFF") V4("00000000", "0003", "00000000"), NULL, TRUE },
    { HEAD V4("00000000", "0002", "00000000"), NULL, FALSE }, /* the interface is not up */
    { HEAD V4("00000000", "0003", "000000FF"), NULL, FALSE }, /* 0.0.0.0/8 */
    { HEAD, V6(ZERO, "00", ROUTER), TRUE },
    { HEAD, V6(ZERO, "40", ROUTER), FALSE },
    { HEAD, V6(ROUTER, "00", ROUTER), FALSE },
    { "nonsense\n\n\ttext", "0 0 0", FALSE },
};

static void test_routes(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(routes); i++) {
        g_test_message("row %zu", i);
        g_assert_cmpint(lab_route_has_default(routes[i].route, routes[i].ipv6_route), ==, routes[i].has_default);
    }
}

static void test_resolver(void)
{
    static const struct {
        const char *before, *after;
    } texts[] = {
        { "", "nameserver 10.0.3.3\n" },
        { "nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch example.org lan\n",
          "nameserver 10.0.3.3\nsearch example.org lan\n" },
        { "# searching\ndomain lan\nnameserver ::1", "nameserver 10.0.3.3\ndomain lan\n" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autofree char *text = lab_resolver_text("10.0.3.3", texts[i].before);

        g_assert_cmpstr(text, ==, texts[i].after);
    }
}

static void test_loopback(void)
{
    static const struct {
        const char *text;
        gboolean is_loopback;
    } texts[] = {
        { "", FALSE },
        { "nameserver 192.0.2.1\nnameserver 127.0.0.1\n", FALSE },
        { "# nameserver 192.0.2.1\nsearch lan\nnameserver 127.0.0.53\n", TRUE },
        { "nameserver ::1", TRUE },
        { "nameserver ::1 \n", TRUE },
        { "nameserver ::12\n", FALSE },
        { "nameserver \n", FALSE },
        { "nameserver", FALSE },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_test_message("row %zu", i);
        g_assert_cmpint(lab_resolver_is_loopback(texts[i].text), ==, texts[i].is_loopback);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/lab/route/routes", test_routes);
    g_test_add_func("/lab/route/resolver", test_resolver);
    g_test_add_func("/lab/route/loopback", test_loopback);
    return g_test_run();
}
