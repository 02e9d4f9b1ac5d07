# SPDX-License-Identifier: Apache-2.0
"""What a lab host is plugged into, and who switches it: programs of one's own, or a fence agent."""

import pathlib
import threading

SETTINGS = """
[host."{host}".power]
type = "command"
status = ["cat", "{state}"]
on = ["sh", "-c", "echo on >>{orders}; while ! grep -q on {state}; do sleep 0.05; done"]
off = ["sh", "-c", "echo off >>{orders}; while ! grep -q off {state}; do sleep 0.05; done"]
within = 30
[host."{host}".recovery]
profile = "lab"
silence = 5
{more}
"""


class Outlet:
    """What a lab host is plugged into. The orders are carried out here, as a hypervisor would."""

    def __init__(self, vmc, at, tmp_path, more=""):
        self.at, self.state, self.orders = at, tmp_path / "power", tmp_path / "orders"
        self.state.write_text("on\n")
        self.orders.touch()
        vmc.settings(SETTINGS.format(host=at.name, state=self.state, orders=self.orders, more=more))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def pull(self):
        """Somebody else turns it off."""
        self.at.host.power_off()
        self.state.write_text("off\n")

    def given(self):
        return self.orders.read_text().split()

    def end(self):
        self._over.set()
        self._thread.join()

    def _serve(self):
        done = 0
        while not self._over.wait(0.05):
            for order in self.given()[done:]:
                done += 1
                if order == "on" and self.state.read_text() != "on\n":
                    self.at.host.power_on()
                elif order == "off":
                    self.at.host.power_off()
                self.state.write_text(order + "\n")


class Fenced:
    """Switched by ClusterLabs' own fence_dummy, whose outlet is one word in a file."""

    def __init__(self, vmc, at, tmp_path, **options):
        from vmlab import packages
        layers = packages.layers("fence")
        (tmp_path / "pycurl.py").write_text("error = OSError  # fence_dummy asks no web server\n")
        places = [str(tmp_path), *(str(layer / "usr/lib/python3/dist-packages") for layer in layers),
                  str(packages.find(layers, "usr/share/fence/fencing.py").parent)]
        vmc.environment["PYTHONPATH"] = ":".join(places)
        self.at, self.outlet, self.seen = at, pathlib.Path(tmp_path / "outlet"), []
        self.outlet.write_text("on")
        options = {"status_file": str(self.outlet), **options}
        lines = "".join(f'{key} = "{value}"\n' for key, value in options.items())
        vmc.settings(f'[host."{at.name}".power]\ntype = "fence"\nwithin = 60\n'
                     f'agent = "{packages.find(layers, "usr/sbin/fence_dummy")}"\n'
                     f'[host."{at.name}".power.options]\n{lines}'
                     f'[host."{at.name}".recovery]\nprofile = "lab"\nsilence = 5\n')
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def end(self):
        self._over.set()
        self._thread.join()

    def _serve(self):
        """An agent takes longer to start than this to look: off and on again is seen as two words."""
        stands = "on"
        while not self._over.wait(0.01):
            says = self.outlet.read_text()
            if says in ("on", "off") and says != stands:
                stands = says
                self.seen.append(says)
                (self.at.host.power_on if says == "on" else self.at.host.power_off)()
