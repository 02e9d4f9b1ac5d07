"""What is measured, what is shown of it, and what we want it to be.

A target is a ratio of our figure to a peer's. It is printed, never asserted: a benchmark
reports; only what did not run at all is a failure.
"""

import statistics


class Measure:
    """One thing all clients do, in turns: `rounds` times A B C …"""

    def __init__(self, mode, amount, rounds, lines):
        self.mode, self.amount, self.rounds, self.lines = mode, amount, rounds, lines


class Line:
    """One line of the table, read from the figures of a measure."""

    def __init__(self, label, unit, read, targets=None):
        self.label, self.unit, self.read, self.targets = label, unit, read, targets or {}


def _each(result):
    return result["each"] * 1e3


def _cpu(result):
    return (result["cpu_user"] + result["cpu_sys"]) / result["items"] * 1e3


def _rate(result):
    return result["bytes"] / result["each"] / 1e6


def _cpu_per_gigabyte(result):
    return (result["cpu_user"] + result["cpu_sys"]) / result["bytes"] * 1e9


def _private(result):
    return result["private"] / 2**20


def _rss(result):
    return result["rss"] / 2**20


def _private_kib(result):
    return result["private"] / 2**10


_MEMORY = [Line("  private memory", "MiB", _private), Line("  peak RSS", "MiB", _rss)]


def measures(quick: bool, stream_bytes: int):
    few = 3 if quick else 9
    return [
        Measure("connect", 5 if quick else 10, few, [
            Line("connect: TCP to logged in", "ms", _each), Line("  client CPU", "ms", _cpu)]),
        Measure("exec", 30 if quick else 100, few, [
            Line("warm exec of `true`", "ms", _each,
                 {"floor": "≤ 1.1", "asyncssh": "≤ 0.6", "ssh": "≤ 0.4"}),
            Line("  client CPU", "ms", _cpu), *_MEMORY]),
        Measure("cold", 3 if quick else 5, few, [
            Line("cold exec, same kex", "ms", _each, {"ssh": "≤ 0.7"}), Line("  client CPU", "ms", _cpu)]),
        Measure("cold defaults", 3 if quick else 5, few, [
            Line("cold exec, defaults", "ms", _each, {"ssh": "≤ 0.5"}), Line("  client CPU", "ms", _cpu)]),
        Measure("stream", stream_bytes, 1 if quick else 3, [
            Line(f"stream of {stream_bytes / 1e9:g} GB", "MB/s", _rate, {"floor": "≥ 0.9", "asyncssh": "≥ 3"}),
            Line("  client CPU per GB", "s", _cpu_per_gigabyte), *_MEMORY]),
        Measure("hold", 10, 1 if quick else 3, [
            Line("idle link, private memory", "KiB", _private_kib), Line("  client CPU to set up", "ms", _cpu)]),
    ]


def render(done, names) -> str:
    """`done`: (measure, {client: [result of each round]}) in order. Ours is the first client."""
    peers = [name for name in names if name != "vmc"]
    head = ["", "", *names, *(f"vmc/{peer}" for peer in peers)]
    rows = [row for measure, results in done for line in measure.lines
            for row in [_row(line, results, names, peers)] if any(row[2:2 + len(names)])]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    return "\n".join(_aligned(row, widths) for row in [head, ["-" * width for width in widths], *rows])


def _row(line, results, names, peers):
    figures = {name: statistics.median(map(line.read, results[name])) for name in names if results.get(name)}
    shown = [_figure(figures.get(name)) for name in names]
    ratios = []
    for peer in peers:
        if not figures.get("vmc") or not figures.get(peer):
            ratios.append("")
            continue
        target = line.targets.get(peer)
        ratios.append(f"{figures['vmc'] / figures[peer]:.2f}" + (f" ({target})" if target else ""))
    return [line.label, line.unit, *shown, *ratios]


def _figure(value) -> str:
    if not value:  # a client that has no such mode, or no such figure
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _aligned(row, widths) -> str:
    cells = [cell.ljust(width) if i < 2 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
    return "  ".join(cells).rstrip()
