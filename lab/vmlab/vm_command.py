"""lab/vm: QEMU virtual machines from the command line. One JSON document on stdout.

usage: lab/vm [--state DIR] VERB ...
"""

import argparse
import json
import os
import sys

from . import qmp
from .places import LabError
from .vm import Vm


def main(arguments) -> int:
    options = _parser().parse_args(arguments)
    if options.state:
        os.environ["VMLAB_STATE"] = os.path.abspath(options.state)
    try:
        answer = options.act(options)
    except LabError as error:
        print(f"lab/vm: {error}", file=sys.stderr)
        return 1
    except PermissionError as error:
        print(f"lab/vm: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    print(json.dumps({"schema": 1, **answer}))
    return 0


def _up(options) -> dict:
    return Vm.up(options.name, options.memory, options.net, options.disk, options.append,
                 options.on_panic, options.qemu_option, options.program, not options.no_wait).describe()


def _down(options) -> dict:
    for name in options.names:
        Vm(name).down()
    return {"down": options.names}


def _list(_options) -> dict:
    return {"vms": [Vm(name).describe() for name in Vm.names()]}


def _status(options) -> dict:
    return Vm(options.name).describe()


def _qmp(options) -> dict:
    request = options.request
    request = json.loads(request) if request.startswith("{") else {"execute": request}
    return {"return": qmp.exchange(Vm(options.name).directory / "lab.sock", request)}


def _power(options) -> dict:
    vm = Vm(options.name)
    wait = not options.no_wait
    {"off": vm.power_off, "on": lambda: vm.power_on(wait), "cut": vm.cut,
     "reset": lambda: vm.reset(wait), "pause": lambda: vm.qmp("stop"), "cont": lambda: vm.qmp("cont"),
     "status": lambda: None, "nmi": lambda: vm.qmp("inject-nmi")}[options.what]()
    return vm.describe()


def _reboot(options) -> dict:
    vm = Vm(options.name)
    vm.reset(not options.no_wait)
    return vm.describe()


def _console(options) -> dict:
    return {"console": Vm(options.name).console(options.tail)}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab/vm", description=__doc__.splitlines()[0])
    parser.add_argument("--state", help="directory for what is made; default build/lab")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    up = verbs.add_parser("up", help="make a VM and boot it")
    up.set_defaults(act=_up)
    up.add_argument("--name")
    up.add_argument("--memory", type=int, default=256, metavar="MIB")
    up.add_argument("--disk", type=int, default=256, metavar="MIB")
    up.add_argument("--tap", dest="net", action="store_const", const="tap",
                    help="on the session's wire; the default inside lab/enter")
    up.add_argument("--user-net", dest="net", action="store_const", const="user",
                    help="a forwarded port on loopback; the default elsewhere, needs no root")
    up.add_argument("--append", default="", metavar="'KERNEL ARGUMENTS'")
    up.add_argument("--on-panic", default="pause", choices=("pause", "none"),
                    help="pause: status says guest-panicked; none: the kernel goes on (panic=N reboots)")
    up.add_argument("--qemu-option", action="append", default=[], metavar="ARGUMENT")
    up.add_argument("--program", action="append", default=[], metavar="NAME",
                    help="a program of this machine, as /usr/local/sbin/NAME in the guest")
    up.add_argument("--no-wait", action="store_true")
    down = verbs.add_parser("down", help="remove VMs")
    down.set_defaults(act=_down)
    down.add_argument("names", nargs="+", metavar="NAME")
    verbs.add_parser("list", help="every VM").set_defaults(act=_list)
    _named(verbs, "status", _status, "one VM")
    _named(verbs, "qmp", _qmp, "talk to QEMU").add_argument("request", metavar="COMMAND|JSON")
    power = _named(verbs, "power", _power, "buttons and power cuts")
    power.add_argument("what", choices=("off", "on", "cut", "reset", "pause", "cont", "status", "nmi"))
    power.add_argument("--no-wait", action="store_true")
    _named(verbs, "console", _console, "what the serial console printed").add_argument(
        "--tail", type=int, default=0, metavar="N")
    _named(verbs, "reboot", _reboot, "the reset button").add_argument("--no-wait", action="store_true")
    return parser


def _named(verbs, name, act, text):
    parser = verbs.add_parser(name, help=text, description=text)
    parser.set_defaults(act=act)
    parser.add_argument("name", metavar="NAME")
    return parser
