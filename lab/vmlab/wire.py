"""The network between the client and its hosts: one router, one link per machine.

Machine number N has the link 10.213.0.0/30 + 4*N and fd5a:213:0:N::/64; number 0 is
the client. The router keeps a blackhole route below each link's own: when a machine
is off its link is gone, and packets for it vanish as they do on the internet; on
request the router answers "host unreachable" instead, as a nearby router would.
"""

import ipaddress
import os
import pathlib
import subprocess

from . import kernel
from .places import LabError, session_directory

_FIRST = ipaddress.ip_address("10.213.0.0")
_MAX_MACHINES = 16000
_COMMAND_SECONDS = 20

# Tracking must be on before a fault asks about a flow, or the flow's past is unknown.
_TRACK = """
table inet track { chain forward { type filter hook forward priority -10; ct state established accept; }; }
"""


class Address:
    """The addresses of machine number N and of the router's end of its link."""

    def __init__(self, number: int):
        self.number = number
        self.link = f"h{number}"
        self.network = f"{_FIRST + 4 * number}/30"
        self.network6 = f"fd5a:213:0:{number:x}::/64"
        self.router = str(_FIRST + 4 * number + 1)
        self.v4 = str(_FIRST + 4 * number + 2)
        self.router6 = f"fd5a:213:0:{number:x}::1"
        self.v6 = f"fd5a:213:0:{number:x}::2"
        octets = number.to_bytes(3, "big")
        self.mac = "52:54:00:" + ":".join(f"{octet:02x}" for octet in octets)


def build(directory: pathlib.Path) -> None:
    """Called by the session's init: leaves it in the client's namespace, the wire kept by a mount."""
    (directory / "wire.net").touch()
    kernel.unshare(kernel.NEWNET)
    kernel.bind("/proc/self/ns/net", directory / "wire.net")
    _set("net/ipv4/ip_forward", "1")
    _set("net/ipv6/conf/all/forwarding", "1")
    _set("net/ipv4/icmp_ratelimit", "0")  # else only the first reject of a second is sent
    _set("net/ipv6/icmp/ratelimit", "0")
    run(["nft", "-f", "-"], _TRACK)
    _set("net/netfilter/nf_conntrack_acct", "1")
    kernel.unshare(kernel.NEWNET)
    _set("net/ipv4/ping_group_range", "0 2147483647")
    _set("net/ipv6/conf/default/accept_dad", "0")
    client = Address(0)
    plug(client, os.getpid())
    run(["ip", "-batch", "-"], machine_end(client))


def router_end(address: Address) -> str:
    return f"""link set lo up
link set {address.link} up
address add {address.router}/30 dev {address.link}
address add {address.router6}/64 dev {address.link} nodad
"""


def machine_end(address: Address, device: str = "eth0") -> str:
    return f"""link set lo up
link set {device} address {address.mac} up
address add {address.v4}/30 dev {device}
address add {address.v6}/64 dev {device} nodad
route add default via {address.router}
route add default via {address.router6} dev {device}
"""


def reserve(address: Address, unreachable: bool = False) -> None:
    """What the router says of a machine that is off: nothing, or "host unreachable"."""
    kind = "unreachable" if unreachable else "blackhole"
    other = "blackhole" if unreachable else "unreachable"
    run_in_wire(["ip", "-force", "-batch", "-"],
                f"route replace {kind} {address.network} metric 9999\n"
                f"route replace {kind} {address.network6} metric 9999\n"
                f"route del {other} {address.network6} metric 9999\n", may_fail=True)


def plug(address: Address, pid: int) -> None:
    """A link from the router into the network namespace of process pid, there called eth0."""
    run_in_wire(["ip", "-batch", "-"],
                f"link add {address.link} type veth peer name eth0 netns {pid}\n"
                + router_end(address))


def unplug(address: Address) -> None:
    """At once and on both ends: what a dying machine still sends goes nowhere."""
    run_in_wire(["ip", "link", "del", address.link], may_fail=True)


def release(address: Address) -> None:
    run_in_wire(["ip", "-force", "-batch", "-"],
                f"route del {address.network} metric 9999\nroute del {address.network6} metric 9999\n",
                may_fail=True)


def take_number() -> int:
    """The lowest free machine number; the file is the reservation."""
    numbers = session_directory() / "numbers"
    for number in range(1, _MAX_MACHINES):
        try:
            os.close(os.open(numbers / str(number), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            return number
        except FileExistsError:
            continue
    raise LabError(f"a session holds at most {_MAX_MACHINES} machines")


def give_number_back(number: int) -> None:
    (session_directory() / "numbers" / str(number)).unlink(missing_ok=True)


def run_in_wire(command, text: str = "", may_fail: bool = False) -> str:
    return run(command, text, f"{session_directory()}/wire.net", may_fail)


def run(command, text: str = "", namespace: str = "", may_fail: bool = False) -> str:
    def enter():
        kernel.enter(namespace, kernel.NEWNET)
    done = subprocess.run(command, input=text, text=True, capture_output=True,
                          timeout=_COMMAND_SECONDS, preexec_fn=enter if namespace else None)
    if done.returncode != 0 and not may_fail:
        raise LabError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def _set(key: str, value: str) -> None:
    try:
        pathlib.Path("/proc/sys", key).write_text(value)
    except OSError as error:
        raise LabError(f"the kernel does not take {key}={value}: {error.strerror}") from error
