"""Faults on the wire, as nftables rules in the router between client and machine.

A machine's faults are one list, kept in a file and written out as one table in one
transaction, so that changing them never lets a packet through in between. "In" is
towards the machine.
"""

import json

from . import wire
from .places import LabError, session_directory

_ECHO = ["icmp type echo-request drop", "icmpv6 type echo-request drop"]
_SYN = "tcp flags & (syn | ack) == syn"
_RST = "meta l4proto tcp reject with tcp reset"

# name → (takes a number, rules towards the machine, rules from the machine)
KINDS = {
    "drop": (False, ["drop"], ["drop"]),
    "drop-in": (False, ["drop"], []),
    "drop-out": (False, [], ["drop"]),
    "reject-rst": (False, [_RST], [_RST]),
    "reject-icmp": (False, ["reject with icmpx type host-unreachable"], []),
    "drop-new": (False, [f"{_SYN} drop"], []),
    "refuse-new": (False, [f"{_SYN} reject with tcp reset"], []),
    "drop-icmp": (False, _ECHO, []),
    "drop-tcp": (False, ["meta l4proto tcp drop"], ["meta l4proto tcp drop"]),
    "mtu": (True, ["meta length > {n} drop"], ["meta length > {n} drop"]),
    "loss": (True, ["numgen random mod 100 < {n} drop"], ["numgen random mod 100 < {n} drop"]),
    "cut-after": (True, ["ct original bytes > {n} drop"], ["ct original bytes > {n} drop"]),
    "cut-reply-after": (True, ["ct reply bytes > {n} drop"], ["ct reply bytes > {n} drop"]),
    "rst-after": (True, ["meta l4proto tcp ct original bytes > {n} reject with tcp reset"],
                  ["meta l4proto tcp ct original bytes > {n} reject with tcp reset"]),
}


def add(number: int, kind: str, value=None, port=None) -> list[dict]:
    if kind not in KINDS:
        raise LabError(f"there is no fault {kind}: one of {', '.join(KINDS)}")
    if KINDS[kind][0] != (value is not None):
        raise LabError(f"the fault {kind} takes {'one number' if KINDS[kind][0] else 'no number'}")
    faults = [fault for fault in current(number) if fault["kind"] != kind]
    return _apply(number, faults + [{"kind": kind, "value": value, "port": port}])


def heal(number: int, kinds=()) -> list[dict]:
    """End these faults, or all."""
    return _apply(number, [fault for fault in current(number) if kinds and fault["kind"] not in kinds])


def current(number: int) -> list[dict]:
    try:
        return json.loads(_record(number).read_text())
    except FileNotFoundError:
        return []


def forget(number: int) -> None:
    if _record(number).exists():
        heal(number)
        _record(number).unlink()


def _record(number: int):
    return session_directory() / "numbers" / f"{number}.faults"


def _apply(number: int, faults: list[dict]) -> list[dict]:
    table = f"inet machine{number}"
    lines = [f"add table {table}", f"delete table {table}"]
    if faults:
        rules = "\n".join(f"    {rule}" for fault in faults for rule in _rules(number, fault))
        lines.append(f"table {table} {{\n  chain forward {{\n"
                     f"    type filter hook forward priority 0; policy accept;\n{rules}\n  }}\n}}")
    wire.run_in_wire(["nft", "-f", "-"], "\n".join(lines) + "\n")
    _record(number).write_text(json.dumps(faults))
    return faults


def _rules(number: int, fault: dict) -> list[str]:
    address = wire.Address(number)
    _, towards, back = KINDS[fault["kind"]]
    rules = []
    for verdicts, side, port in ((towards, "daddr", "dport"), (back, "saddr", "sport")):
        only = f"tcp {port} {fault['port']} " if fault["port"] else ""
        for family, ip in (("ip", address.v4), ("ip6", address.v6)):
            for verdict in verdicts:
                if verdict.startswith("icmp") and verdict.startswith("icmpv6") != (family == "ip6"):
                    continue
                rules.append(f"{family} {side} {ip} {only}{verdict.format(n=fault['value'])}")
    return rules
