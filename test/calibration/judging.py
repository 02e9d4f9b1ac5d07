# SPDX-License-Identifier: Apache-2.0
"""How good the probabilities are: calibration, sharpness, claims, latency; against what people use instead."""

import collections
import math
import random

BINS = 15
LIVING_BINS = 5


def wilson(hits, n, z=1.96):
    """The 95 % interval of a share."""
    if n == 0:
        return 0.0, 1.0
    share = hits / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def brier(pairs):
    return sum((p - truth) ** 2 for p, truth in pairs) / len(pairs)


def equal_mass(pairs, bins):
    ordered = sorted(pairs)
    size = len(ordered) / bins
    return [ordered[round(i * size):round((i + 1) * size)] for i in range(bins)]


def calibration_error(pairs, bins=BINS):
    """Expected calibration error over bins of equal mass; ties stay together by sorting on the truth last."""
    error = 0.0
    for part in equal_mass(pairs, bins):
        if part:
            said = sum(p for p, _ in part) / len(part)
            was = sum(truth for _, truth in part) / len(part)
            error += abs(said - was) * len(part) / len(pairs)
    return error


def bootstrap(looks, bins, rounds=200, seed=1):
    """A 95 % interval of the calibration error, drawing whole episodes: looks of one are not independent."""
    episodes = collections.defaultdict(list)
    for look in looks:
        episodes[look["seed"]].append((float(look["confidence"]), int(look["alive"])))
    keys, chance = sorted(episodes), random.Random(seed)
    errors = sorted(calibration_error([pair for _ in keys for pair in episodes[chance.choice(keys)]], bins)
                    for _ in range(rounds))
    return errors[round(0.025 * rounds)], errors[min(rounds - 1, round(0.975 * rounds))]


class Findings:
    """All figures of one report."""

    def __init__(self, looks, bins=BINS):
        # Where nothing at all is known of the host the answer is 0.0 by the founding rule, and no probability.
        self.all_looks = len(looks)
        self.looks = [look for look in looks if float(look["confidence"]) > 0]
        self.episodes = len({look["seed"] for look in looks})
        self.pairs = [(float(look["confidence"]), int(look["alive"])) for look in self.looks]
        self.ece = calibration_error(self.pairs, bins)
        self.interval = bootstrap(self.looks, bins, 100)
        self.brier = brier(self.pairs)
        base = sum(truth for _, truth in self.pairs) / len(self.pairs)
        self.base_rate = base
        self.brier_base = base * (1 - base)
        self.brier_misses = brier([(float(look["misses"]), int(look["alive"])) for look in self.looks])
        self.brier_phi = brier([(float(look["phi"]), int(look["alive"])) for look in self.looks])
        self.log_loss = -sum(math.log(max(1e-9, p if truth else 1 - p)) for p, truth in self.pairs) / len(self.pairs)
        self._claims(looks)
        self._causes(looks)

    def _claims(self, looks):
        claims = [look for look in looks if look["claim"] == "1"]
        self.claims = len(claims)
        self.wrong = [look for look in claims if is_wrong(look)]
        self.named = sum(look["named"] not in ("unknown", "none") for look in looks)
        self.misnamed = sum(is_misnamed(look) for look in looks)

    def _causes(self, looks):
        self.confusion = collections.defaultdict(collections.Counter)
        self.took = collections.defaultdict(list)
        for look in looks:
            self.confusion[look["cause"]][look["named"]] += 1
            self.took[look["cause"]].append(float(look["took"]))

    def summary(self):
        low, high = self.interval
        return (f"{self.all_looks} looks in {self.episodes} held-out episodes: ECE {self.ece:.4f} "
                f"(95 % {low:.4f}-{high:.4f}), Brier {self.brier:.4f} (three misses {self.brier_misses:.4f}, "
                f"phi-accrual {self.brier_phi:.4f}, base rate {self.brier_base:.4f}), log-loss {self.log_loss:.3f}; "
                f"{len(self.wrong)} wrong of {self.claims} claims; "
                f"{self.misnamed} of {self.named} causes misnamed")


# Nothing is wrong any more by the time of the look, or not for who logs in anew.
OVER = {"none", "session-killed", "nat-expired", "booting", "boot-loop", "flapping", "lossy", "slow", "mtu",
        "shutting-down", "observer-offline", "observer-overloaded"}


def is_wrong(look):
    """A claim that was so neither when the look began nor when it ended."""
    return all(_is_false(look, look["cause" + when], look["alive" + when] == "1") for when in ("", "-before"))


def _is_false(look, cause, alive):
    """Of healthy, off, crashed, another machine, or that something is wrong with a VM that is well."""
    verdict = look["verdict"]
    if look["named"] == "other-machine":
        return cause not in ("other-machine", "host-key-changed")
    if verdict == "healthy":
        return not alive or cause not in OVER
    if verdict in ("off", "crashed"):
        return alive
    return cause == "none"


def is_misnamed(look):
    """It names one cause, and it was another (a booting machine's sshd is down, too)."""
    said, cause = look["named"], look["cause"]
    over = cause in OVER and said == "none"
    return said not in ("unknown", cause) and not over and not (cause in ("booting", "boot-loop") and
                                                                said == "sshd-down")


def report(looks, first, last):
    f = Findings(looks)
    low, high = f.interval
    lines = [
        "# Calibration", "",
        "Written by `tools/calibrate report`; counted by `tools/calibrate fit` on other seeds.", "",
        f"Held-out seeds {first} to {last}: {f.episodes} episodes, {f.all_looks} looks. `confidence` is the",
        "probability that the VM's kernel runs and its programs make progress.", "",
        "| | this | three misses | phi-accrual, 8 | base rate |", "| --- | --- | --- | --- | --- |",
        f"| Brier score | **{f.brier:.4f}** | {f.brier_misses:.4f} | {f.brier_phi:.4f} | {f.brier_base:.4f} |", "",
        f"- Expected calibration error ({BINS} bins of equal mass): **{f.ece:.4f}**, 95 % {low:.4f} to {high:.4f} (by"
        " drawing episodes)",
        f"- Log-loss: {f.log_loss:.4f}",
        f"- Claims: {f.claims}, wrong: **{len(f.wrong)}** (with 95 % fewer than 1 in"
        f" {max(1, f.claims // 3)} when 0)",
        f"- Causes named: {f.named}, another one than it was: {f.misnamed} ({f.misnamed / f.named:.1%}); a name is"
        " given from a probability of 0.8 on",
        f"- {f.all_looks - len(f.looks)} looks knew nothing of the host at all (no name, no network, not tried):"
        " confidence 0.0 by rule, left out above", "",
        "![reliability](calibration.png)", "",
        "The mix of causes is the simulator's, not yours; what does not depend on it are the likelihoods in",
        "`src/model/likelihoods.table`. The baselines see the same episodes: a TCP connect each second; three misses",
        "in a row, or phi of their arrivals above 8, are death.", "",
        "## What it was, and what was named", "",
        "`unknown`: a set of causes was given, none named. Seconds: how long the look took, median and longest.", "",
        "| cause | looks | named right | unknown | named otherwise | seconds |",
        "| --- | --- | --- | --- | --- | --- |"]
    for cause, named in sorted(f.confusion.items()):
        total, took = sum(named.values()), sorted(f.took[cause])
        right, unknown = named[cause], named["unknown"] if cause != "unknown" else 0
        other = {name: n for name, n in named.most_common() if name not in (cause, "unknown")}
        said = ", ".join(f"{name} {n / total:.0%}" for name, n in list(other.items())[:4])
        lines.append(f"| {cause} | {total} | {right / total:.0%} | {unknown / total:.0%} | {said} |"
                     f" {took[len(took) // 2]:.1f}, {took[-1]:.1f} |")
    return "\n".join(lines) + "\n", f


def living_report(looks, not_played):
    """The same on real hosts: few episodes, so fewer bins, and said where that establishes nothing."""
    f = Findings(looks, LIVING_BINS)
    low, high = f.interval
    enough = f.episodes >= 300 and f.all_looks >= 2000
    established = enough and low <= 0.05
    ill = [look for look in f.wrong if look["verdict"] == "degraded" and look["cause"] == "none"]
    lines = [
        "# Calibration on real hosts", "",
        "Written by `tools/calibrate live`: hosts of the lab (network namespaces, a real sshd), each broken in one of",
        "the ways of `test/calibration/living.py` and looked at seven times.", "",
        f"- {f.episodes} episodes, {f.all_looks} looks; {not_played} episodes could not be played",
        f"- Expected calibration error ({LIVING_BINS} bins of equal mass): {f.ece:.4f}, 95 % {low:.4f} to {high:.4f}"
        f" (by drawing episodes): {'contains' if established else 'not established to contain'} 0.05 or less",
        f"- Brier score {f.brier:.4f}; three misses {f.brier_misses:.4f}, phi-accrual at 8 {f.brier_phi:.4f}, base rate"
        f" {f.brier_base:.4f}",
        f"- Log-loss: {f.log_loss:.4f}",
        f"- Claims: {f.claims}; wrong ones that it is healthy, off, crashed or another machine:"
        f" {len(f.wrong) - len(ill)}; that something is wrong with a host that we had not broken: {len(ill)}",
        *sorted({f"  - {look['fails']}" for look in ill}), "",
        "| confidence, mean | alive | of | Wilson 95 % |", "| --- | --- | --- | --- |"]
    for part in equal_mass(f.pairs, LIVING_BINS):
        hits, said = sum(truth for _, truth in part), sum(p for p, _ in part) / len(part)
        least, most = wilson(hits, len(part))
        lines.append(f"| {said:.3f} | {hits / len(part):.3f} | {len(part)} | {least:.3f} to {most:.3f} |")
    lines += ["", "| cause | looks | named | seconds, median and longest |", "| --- | --- | --- | --- |"]
    for cause, named in sorted(f.confusion.items()):
        took = sorted(f.took[cause])
        said = ", ".join(f"{name} {n}" for name, n in named.most_common())
        lines.append(f"| {cause} | {sum(named.values())} | {said} | {took[len(took) // 2]:.1f}, {took[-1]:.1f} |")
    return "\n".join(lines) + "\n", f


def draw(findings, path):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plot
    figure, (above, below) = plot.subplots(2, 1, figsize=(5, 6.5), height_ratios=[4, 1], sharex=True)
    above.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for part in equal_mass(findings.pairs, BINS):
        said = sum(p for p, _ in part) / len(part)
        hits = sum(truth for _, truth in part)
        low, high = wilson(hits, len(part))
        was = hits / len(part)
        bars = [[max(0.0, was - low)], [max(0.0, high - was)]]
        above.errorbar(said, was, yerr=bars, fmt="o", markersize=4, color="tab:blue", capsize=2)
    above.set_ylabel("share alive (Wilson 95 %)")
    above.set_title(f"ECE {findings.ece:.4f}, Brier {findings.brier:.4f}; {findings.episodes} held-out episodes",
                    fontsize=10)
    below.hist([p for p, _ in findings.pairs], bins=40, color="tab:blue")
    below.set_yscale("log")
    below.set_xlabel("confidence")
    below.set_ylabel("looks")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
