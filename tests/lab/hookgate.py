# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gates in libvirt's hook for guests: a start or an end stops there, before our hook or after it, for as long as a test
wants. Or our hook is not run, as if it had been killed."""

import os

from steps import StepFailed
from waiting import wait_until

HOOKS = "/etc/libvirt/hooks"

GATE = """gate="{folder}/{place}.$1.$2"
if test -p "$gate"; then
    : > "$gate.at"
    read -r verdict < "$gate"
    if test "$verdict" = killed; then kill -KILL $$; fi
fi
"""


class HookGates:
    """place: "before" or "behind" our hook"""

    def __init__(self, folder):
        self.folder = folder
        self.ours = next((path for path in (f"{HOOKS}/qemu.d/virt-ccw", f"{HOOKS}/qemu") if os.path.exists(path)), None)
        if not self.ours:
            raise StepFailed("our hook is not installed")
        with open(self.ours, encoding="utf-8") as file:
            self.text = file.read()
        self.behind = f"{HOOKS}/qemu.d/zz-gate"
        os.makedirs(os.path.dirname(self.behind), exist_ok=True)
        first, rest = self.text.split("\n", 1)
        self._install(self.ours, first + "\n" + GATE.format(folder=folder, place="before") + rest)
        self._install(self.behind, "#!/bin/sh\n" + GATE.format(folder=folder, place="behind"))

    @staticmethod
    def _install(path, text):
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)

    def remove(self):
        self._install(self.ours, self.text)
        os.unlink(self.behind)

    def gate(self, place, guest, operation):
        return HookGate(f"{self.folder}/{place}.{guest}.{operation}")


class HookGate:
    """One gate, which is closed while it exists."""

    def __init__(self, path):
        self.path = path
        os.mkfifo(path)

    def reached(self):
        wait_until(lambda: os.path.exists(self.path + ".at"), f"the hook at {os.path.basename(self.path)}")
        return self

    def go(self, verdict="go"):
        """verdict: the word by which the hook goes on; "killed" for a hook that is not run"""
        if not os.path.exists(self.path):
            return
        if os.path.exists(self.path + ".at"):
            with open(self.path, "w", encoding="ascii") as file:
                file.write(verdict + "\n")
            os.unlink(self.path + ".at")
        os.unlink(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.go()
