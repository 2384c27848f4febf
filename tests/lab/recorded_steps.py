# SPDX-License-Identifier: LGPL-2.1-or-later
"""The actions of record-tree.py on a DASD: right and wrong ones, in an order in which each has what it needs.

A step is (label, path below /sys, written text, condition to wait for or None), or with a list of (path, written text)
in place of the two. In paths and texts {S} is the subchannel, {D} the DASD's bus id and {C} its channel path, as
"0.40".
"""

DASD = "devices/css0/{S}/{D}"
SCH = "devices/css0/{S}"
UUID = "cc390000-0001-8000-8000-000000001234"
OTHER = "cc390000-0001-8000-8000-000000004321"
MDEV = f"{SCH}/{UUID}"
CREATE = f"{SCH}/mdev_supported_types/vfio_ccw-io/create"
VARY = "devices/css0/chp{C}/status"
READ = None  # as text: open the file to read
IO, VFIO, ECKD, MDEV_DRIVER = (f"bus/{name}" for name in ("css/drivers/io_subchannel", "css/drivers/vfio_ccw",
                                                          "ccw/drivers/dasd-eckd", "mdev/drivers/vfio_ccw_mdev"))


# Conditions for the end of a step: the path exists (True) or not (False), or its content is this text.
def there(path):
    return path, True


def gone(path):
    return path, False


def reads(path, value):
    return path, value


def attributes(state):
    """Wrong and right values for each attribute of dasd-eckd. Not for eer_enabled: after a wrong value Linux 6.1 keeps
    a reference for ever (dasd_eer_store()), and the next offline waits for it."""
    rows = [
        ("readonly", ("2", "x", "1", "0")), ("use_diag", ("2", "1", "0")), ("raw_track_access", ("2", "1", "0")),
        ("erplog", ("2", "1", "0")), ("failfast", ("2", "1", "0")),
        ("expires", ("x", "0", "31")), ("retries", ("x", "255")), ("timeout", ("x",)),
        ("reservation_policy", ("x", "fail", "ignore")), ("last_known_reservation_state", ("x", "reset")),
        ("path_threshold", ("x", "255")), ("path_autodisable", ("2", "0", "1")), ("path_interval", ("0", "301")),
        ("cmb_enable", ("x", "2", "0")), ("online", ("2", "x", "")), ("availability", ("good",)), ("uid", ("x",)),
    ]
    writes = [(f"{DASD}/{name}", text) for name, texts in rows for text in texts]
    return [(f"attributes, {state}", writes, None)]


STEPS = [
    ("bind while bound, the same driver", f"{IO}/bind", "{S}", None),
    ("bind while bound, the other driver", f"{VFIO}/bind", "{S}", None),
    ("drivers_probe of a bound subchannel", "bus/css/drivers_probe", "{S}", None),
    ("drivers_probe of an absent one", "bus/css/drivers_probe", "0.0.ffee", None),
    ("unbind from the wrong driver", f"{VFIO}/unbind", "{S}", None),
    ("unbind of an absent subchannel", f"{IO}/unbind", "0.0.ffee", None),
    ("unbind of a ccw id", f"{IO}/unbind", "{D}", None),
    ("a driver that is not there", "bus/css/drivers/qdio/bind", "{S}", None),
    ("online to its current value", f"{DASD}/online", "1", None),
    ("read what is only for writing", f"{SCH}/logging", READ, None),
    ("read what is only for writing, again", f"{DASD}/safe_offline", READ, None),
    ("write what is only for reading", f"{SCH}/type", "1", None),
    ("an uevent by hand", f"{DASD}/uevent", "change", None),
    ("an uevent by hand that is none", f"{DASD}/uevent", "changed", None),
    ("vary nonsense", VARY, "maybe", None),
    ("configure nonsense", "devices/css0/chp{C}/configure", "2", None),
    *attributes("online"),
    ("offline", f"{DASD}/online", "0", reads(f"{DASD}/status", "unknown")),
    ("offline again", f"{DASD}/online", "0", None),
    ("safe_offline while offline", f"{DASD}/safe_offline", "1", None),
    *attributes("offline"),
    ("vary off, offline", VARY, "offline", gone(DASD)),
    ("bind a subchannel whose device has gone", f"{IO}/bind", "{S}", None),
    ("vary on, offline", VARY, "online", there(f"{ECKD}/{{D}}")),
    ("rescan", "devices/css0/rescan", "1", there(f"{ECKD}/{{D}}")),
    ("unbind the DASD's driver", f"{ECKD}/unbind", "{D}", None),
    ("unbind the DASD's driver twice", f"{ECKD}/unbind", "{D}", None),
    ("online without a driver", f"{DASD}/online", "1", None),
    ("bind the DASD's driver", f"{ECKD}/bind", "{D}", None),
    ("bind the DASD's driver twice", f"{ECKD}/bind", "{D}", None),
    ("bind the DASD's driver to nobody", f"{ECKD}/bind", "0.0.ffee", None),
    ("drivers_probe of a DASD", "bus/ccw/drivers_probe", "{D}", None),
    ("driver_override", f"{SCH}/driver_override", "vfio_ccw", None),
    ("unbind", f"{IO}/unbind", "{S}", gone(DASD)),
    ("unbind twice", f"{IO}/unbind", "{S}", None),
    ("online of a device that is gone", f"{DASD}/online", "1", None),
    ("bind against the override", f"{IO}/bind", "{S}", None),
    ("create without vfio_ccw", CREATE, UUID, None),
    ("bind to vfio_ccw", f"{VFIO}/bind", "{S}", there(CREATE)),
    ("bind to vfio_ccw twice", f"{VFIO}/bind", "{S}", None),
    ("a bad UUID", CREATE, UUID[:-1] + "x", None),
    ("a short UUID", CREATE, UUID[:-1], None),
    ("a UUID with trailing blanks", CREATE, UUID + "  ", None),
    ("create", CREATE, UUID.upper(), there(f"{MDEV}/vfio-dev")),
    ("a duplicate UUID", CREATE, UUID, None),
    ("a second mdev", CREATE, OTHER, None),
    ("remove <- 0", f"{MDEV}/remove", "0", None),
    ("remove <- x", f"{MDEV}/remove", "x", None),
    ("read remove", f"{MDEV}/remove", READ, None),
    ("bind a bound mdev", f"{MDEV_DRIVER}/bind", UUID, None),
    ("unbind an absent mdev", f"{MDEV_DRIVER}/unbind", OTHER, None),
    ("unbind the mdev", f"{MDEV_DRIVER}/unbind", UUID, None),
    ("unbind the mdev twice", f"{MDEV_DRIVER}/unbind", UUID, None),
    ("bind the mdev again", f"{MDEV_DRIVER}/bind", UUID, None),
    ("drivers_probe of the mdev", "bus/mdev/drivers_probe", UUID, None),
    ("create beside an unbound mdev", CREATE, OTHER, None),
    ("remove an unbound mdev", f"{MDEV}/remove", "1", gone(MDEV)),
    ("mdev drivers_autoprobe 0", "bus/mdev/drivers_autoprobe", "0", None),
    ("create, autoprobe or not", CREATE, UUID, there(f"{MDEV}/vfio-dev")),
    ("mdev drivers_autoprobe 1", "bus/mdev/drivers_autoprobe", "1", None),
    ("vary off, with an mdev", VARY, "off", None),
    ("vary on, with an mdev", VARY, "on", None),
    ("remove", f"{MDEV}/remove", "1", gone(MDEV)),
    ("create again", CREATE, UUID, there(f"{MDEV}/vfio-dev")),
    ("unbind with an idle mdev", f"{VFIO}/unbind", "{S}", gone(CREATE)),
    ("bind against the override, after all", f"{IO}/bind", "{S}", None),
    ("drivers_probe follows the override", "bus/css/drivers_probe", "{S}", there(CREATE)),
    ("an empty line clears the override", f"{SCH}/driver_override", "", None),
    ("unbind for good", f"{VFIO}/unbind", "{S}", None),
    ("bind to io_subchannel", f"{IO}/bind", "{S}", there(f"{ECKD}/{{D}}")),
    ("online, as before", f"{DASD}/online", "1", reads(f"{DASD}/online", "1")),
    ("vary off, online", VARY, "offline", reads(f"{DASD}/availability", "no path")),
    ("vary off again", VARY, "off", None),
    ("online without path", f"{DASD}/online", "1", None),
    ("vary on, online", VARY, "1", reads(f"{DASD}/availability", "good")),
]
