# SPDX-License-Identifier: LGPL-2.1-or-later
"""The installed programs and units of a build, or of packages that are installed, in a test's own mount namespace."""

import glob
import os

import private_systemd
from steps import command

PACKAGES = os.environ.get("CCW_TEST_PACKAGES")  # their folder, from tests/packages/test-packages
PREFIX = "/usr" if PACKAGES else "/usr/local"
SETUP = f"{PREFIX}/sbin/virtccwd-setup"


def install(build):
    """Installs into a folder that becomes /usr/local in the namespace. With packages: only their units, with the
    distribution's."""
    if PACKAGES:
        add_units("/lib/systemd/system/virtccwd*", "/lib/systemd/system/virt-ccw-*")
        return
    folder = "/run/test-installed"
    command(["meson", "install", "-C", build, "--no-rebuild", "--destdir", folder], timeout=120)
    command(["mount", "--bind", f"{folder}/usr/local", "/usr/local"])


def apparmor_profile(build):
    """Returns virtccwd's unit as it is installed. A build for another prefix than /usr does not install it."""
    return "/etc/apparmor.d/usr.sbin.virtccwd" if PACKAGES else os.path.join(build, "packaging", "usr.sbin.virtccwd")


def add_units(*patterns, programs="/usr/sbin"):
    for pattern in patterns:
        for path in glob.glob(pattern):
            private_systemd.add_unit(path, programs)
    command(["systemctl", "daemon-reload"])
