"""lab/host: namespace hosts from the command line. One JSON document on stdout.

usage: lab/host [--state DIR] VERB ...       (inside `lab/enter`)
"""

import argparse
import json
import os
import pathlib
import re
import sys

from . import faults, inits, places
from .host import Host
from .places import LabError

_CONNECTION = re.compile(r"^Connection from |^\S+ \S+ \S+ Child connection from ", re.M)
_ACCEPTED = re.compile(r"Accepted \S+ for|auth succeeded for", re.M)
_DENIED = re.compile(r"Failed (?!none)\S+ for|Bad password attempt|Pubkey auth attempt with unknown", re.M)


def main(arguments) -> int:
    options = _parser().parse_args(arguments)
    if options.state:
        os.environ["VMLAB_STATE"] = os.path.abspath(options.state)
    try:
        places.need_root()
        answer = options.act(options)
    except LabError as error:
        print(f"lab/host: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"schema": 1, **answer}))
    return 0


def _up(options) -> dict:
    return Host.up(options.name, options.login_shell, options.shell, options.user, options.sshd,
                   options.port, options.sshd_option, options.icmp, options.disk,
                   options.booting_for, not options.no_wait, options.init, options.logind_option).describe()


def _down(options) -> dict:
    for name in options.names:
        Host(name).down()
    return {"down": options.names}


def _list(_options) -> dict:
    return {"hosts": [Host(name).describe() for name in Host.names()]}


def _status(options) -> dict:
    return Host(options.name).describe()


def _reboot(options) -> dict:
    host = Host(options.name)
    host.reboot(options.down_for, options.booting_for, options.orderly, not options.no_wait)
    return host.describe()


def _off(options) -> dict:
    host = Host(options.name)
    host.power_off(options.unreachable)
    return host.describe()


def _on(options) -> dict:
    host = Host(options.name)
    host.power_on(options.booting_for, not options.no_wait)
    return host.describe()


def _fault(options) -> dict:
    return {"faults": faults.add(machine_number(options.name), options.kind, options.value, options.port)}


def _heal(options) -> dict:
    return {"faults": faults.heal(machine_number(options.name), options.kinds)}


def machine_number(name: str) -> int:
    """Faults are for any machine on the wire: a host, a VM, or the client itself."""
    if name == "client":
        return 0
    for kind in ("hosts", "vms"):
        path = places.session_directory() / kind / name / "spec.json"
        if path.exists():
            return json.loads(path.read_text())["number"]
    raise LabError(f"there is no machine {name}")


def _sshd(options) -> dict:
    return Host(options.name).sshd(options.what)


def _newkey(options) -> dict:
    host = Host(options.name)
    host.new_host_keys()
    return host.describe()


def _auth(options) -> dict:
    text = Host(options.name).log()
    accepted, denied = len(_ACCEPTED.findall(text)), len(_DENIED.findall(text))
    return {"attempts": accepted + denied, "accepted": accepted, "denied": denied,
            "connections": len(_CONNECTION.findall(text))}


def _log(options) -> dict:
    return {"log": Host(options.name).log()}


def _exec(options) -> dict:
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise LabError("exec needs a command: lab/host exec NAME -- COMMAND")
    entry = Host(options.name).entry()
    os.execvp(entry[0], [*entry, *command])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab/host", description=__doc__.splitlines()[0])
    parser.add_argument("--state", help="directory for what is made; default build/lab")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    up = _verb(verbs, "up", _up, "make a host and boot it", named=False)
    up.add_argument("--name")
    up.add_argument("--login-shell", default="/bin/bash", help="of root, tester and --user; default bash")
    up.add_argument("--shell", action="append", default=[], metavar="PATH",
                    help="add a user named like this shell, with it; zsh fish tcsh bsd-csh mksh yash are fetched")
    up.add_argument("--user", action="append", default=[], metavar="NAME", help="add an ordinary user")
    up.add_argument("--sshd", default="openssh", choices=("openssh", "dropbear", "tinyssh"))
    up.add_argument("--port", type=int, default=22)
    up.add_argument("--sshd-option", action="append", default=[], metavar="'NAME VALUE'")
    up.add_argument("--no-icmp", dest="icmp", action="store_false", help="echo requests go unanswered")
    up.add_argument("--disk", type=int, default=64, metavar="MIB", help="of /home, /root and /var")
    up.add_argument("--init", default="busybox", choices=inits.INITS, help="process 1; default busybox")
    up.add_argument("--logind-option", action="append", default=[], metavar="NAME=VALUE")
    _boot_options(up)
    down = _verb(verbs, "down", _down, "remove hosts", named=False)
    down.add_argument("names", nargs="+", metavar="NAME")
    _verb(verbs, "list", _list, "every host of the session", named=False)
    _verb(verbs, "status", _status, "one host")
    reboot = _verb(verbs, "reboot", _reboot, "cut the power and boot")
    reboot.add_argument("--down-for", type=float, default=0, metavar="S", help="silence before the boot")
    reboot.add_argument("--orderly", action="store_true", help="as `reboot` inside does")
    _boot_options(reboot)
    off = _verb(verbs, "off", _off, "cut the power")
    off.add_argument("--unreachable", action="store_true", help="the router says so; default: silence")
    _boot_options(_verb(verbs, "on", _on, "boot"))
    fault = _verb(verbs, "fault", _fault, "put a fault on the wire of a host, a VM or `client`")
    fault.add_argument("kind", choices=list(faults.KINDS))
    fault.add_argument("value", nargs="?", type=int, metavar="NUMBER")
    fault.add_argument("--port", type=int, help="only for this TCP port of the machine")
    heal = _verb(verbs, "heal", _heal, "end these faults, or all")
    heal.add_argument("kinds", nargs="*", metavar="KIND")
    sshd = _verb(verbs, "sshd", _sshd, "the SSH server's processes")
    sshd.add_argument("what", choices=("stop", "start", "restart", "freeze", "thaw", "kill-sessions",
                                       "freeze-sessions", "thaw-sessions"))
    _verb(verbs, "newkey", _newkey, "new host keys, as after a reinstallation")
    _verb(verbs, "auth", _auth, "how often logins were tried and denied")
    _verb(verbs, "log", _log, "what sshd logged")
    run = _verb(verbs, "exec", _exec, "run inside, without ssh; prints what the command prints")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    return parser


def _verb(verbs, name, act, text, named=True):
    parser = verbs.add_parser(name, help=text, description=text)
    parser.set_defaults(act=act)
    if named:
        parser.add_argument("name", metavar="NAME")
    return parser


def _boot_options(parser) -> None:
    parser.add_argument("--booting-for", type=float, default=0, metavar="S",
                        help="the network is up but port 22 answers RST")
    parser.add_argument("--no-wait", action="store_true", help="return before sshd listens")
