# SPDX-License-Identifier: Apache-2.0
"""From looks at labelled episodes to the table of src/model/likelihoods.hpp."""

import collections
import hashlib
import math

FEATURES = ("login", "old-session", "echo", "closed-port", "system", "ourselves", "identity", "pace",
            "listener", "canary", "company")
# The names of the values, as far as they were seen; how many there are decides the smoothing (see likelihoods.cpp).
KINDS = {"login": 24, "old-session": 6, "echo": 2, "closed-port": 3, "system": 11, "ourselves": 3, "identity": 5,
         "pace": 4, "listener": 2, "canary": 2, "company": 2}
# What else a look is described by.
OTHERS = {"seed", "cause", "alive", "setting", "verdict", "claim", "named", "confidence", "misses", "phi", "since",
          "took", "cause-before", "alive-before", "kind"}


# A kind with fewer looks than that has no row of its own.
FEW = 25


class Table:
    def __init__(self, rows, temperature, seeds, day):
        self.rows, self.temperature, self.seeds, self.day = rows, temperature, seeds, day

    def text(self):
        lines = ""
        for (cause, setting, alive, _), row in sorted(self.rows.items()):
            lines += f"row {cause} {setting} {'alive' if alive else 'dead'} {row.looks}"
            for feature in FEATURES:
                counts = sorted((value, n) for value, n in row.counts[feature].items() if value != "unknown")
                if counts:
                    lines += f" {feature}:" + ",".join(f"{value}={n}" for value, n in counts)
            lines += "\n"
        digest = hashlib.sha1(lines.encode()).hexdigest()
        return (f"vm-connection likelihoods 1\nseeds {self.seeds}\nfitted {self.day}\n"
                f"temperature {self.temperature}\nsha1 {digest}\n{lines}")


class Row:
    def __init__(self):
        self.looks = 0
        self.counts = {feature: collections.Counter() for feature in FEATURES}

    def add(self, look):
        self.looks += 1
        for feature in FEATURES:
            self.counts[feature][look[feature]] += 1

    def log_likelihood(self, feature, value):
        counts = self.counts[feature]
        known = sum(n for name, n in counts.items() if name != "unknown")
        return math.log((counts[value] + 0.5) / (known + 0.5 * KINDS[feature]))


def count(looks):
    """A row for each kind of a cause; those that were hardly seen are one kind."""
    def key(look):
        return look["cause"], look["setting"], look["alive"] == "1"

    seen = collections.Counter((*key(look), look["kind"]) for look in looks)
    rows = collections.defaultdict(Row)
    for look in looks:
        kind = look["kind"] if seen[(*key(look), look["kind"])] >= FEW else "others"
        rows[(*key(look), kind)].add(look)
    return dict(rows)


def posterior(rows, temperature, look, by_setting):
    logs = {}
    for key in by_setting[look["setting"]]:
        row = rows[key]
        total = sum(row.log_likelihood(feature, look[feature]) for feature in FEATURES if look[feature] != "unknown")
        logs[key] = math.log(row.looks) + temperature * total
    most = max(logs.values())
    weights = {key: math.exp(value - most) for key, value in logs.items()}
    whole = sum(weights.values())
    return {key: weight / whole for key, weight in weights.items()}


def fit(looks, seeds, day):
    """The temperature is chosen on a quarter of the episodes that the counts for it have not seen."""
    forgotten = set(looks[0]) - set(FEATURES) - OTHERS
    assert not forgotten, f"seen, and not counted: {forgotten}"
    held = [look for look in looks if int(look["seed"]) % 4 == 0]
    rows = count([look for look in looks if int(look["seed"]) % 4 != 0])
    by_setting = collections.defaultdict(list)
    for key in rows:
        by_setting[key[1]].append(key)

    def loss(temperature):
        total = 0.0
        for look in held:
            after = posterior(rows, temperature, look, by_setting)
            right = sum(p for (cause, _, _, _), p in after.items() if cause == look["cause"])
            alive = sum(p for (_, _, lives, _), p in after.items() if lives)
            truth = alive if look["alive"] == "1" else 1 - alive
            total -= math.log(max(right, 1e-6)) + math.log(max(truth, 1e-6))
        return total / len(held)

    steps = [round(0.5 + 0.05 * i, 2) for i in range(11)]
    temperature = min(steps, key=loss)
    return Table(count(looks), temperature, seeds, day)
