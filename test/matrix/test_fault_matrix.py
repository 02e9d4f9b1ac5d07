# SPDX-License-Identifier: Apache-2.0
"""The fault matrix on real hosts: each fault is told by its name, in time, and nothing else is claimed; the job that
ran meanwhile is whole. Prints what was said (pytest -s); build/check/fault-matrix.txt keeps it, and
fault-matrix.json what tools/fault-matrix reads."""

import concurrent.futures
import json
import pathlib
import re

import pytest
from all_rows import HOSTS, SCENARIOS, SIMULATED
from fault_play import Place, Seen, play
from fault_rows import ROWS

from conftest import At, Vmc

pytestmark = pytest.mark.host
ROOT = pathlib.Path(__file__).resolve().parents[2]
# They wait much more than they compute.
AT_A_TIME = 4


@pytest.fixture(scope="module")
def played(lab, tmp_path_factory, request):
    wanted = {item.callspec.params["row"].name for item in request.session.items if hasattr(item, "callspec")
              and "row" in item.callspec.params}
    rows = [row for row in ROWS if row.name in wanted]
    tmp_path_factory.getbasetemp()  # made here, not by whichever thread comes first

    def one(row):
        vmc = Vmc(tmp_path_factory.mktemp(row.name))
        host = None
        try:
            host = lab.up(**row.host)
            return play(row, Place(vmc, At(host), lab))
        except Exception as trouble:  # of the lab: this row alone fails
            return Seen(row, wrong=[f"{type(trouble).__name__}: {trouble}"])
        finally:
            if host is not None:
                host.down()

    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        seen = {found.row.name: found for found in pool.map(one, rows)}
    text = table(seen.values())
    print("\n" + text)
    logs = ROOT / "build" / "check"
    logs.mkdir(parents=True, exist_ok=True)
    (logs / "fault-matrix.txt").write_text(text)
    (logs / "fault-matrix.json").write_text(json.dumps({name: in_short(one) for name, one in seen.items()}))
    return seen


def in_short(one):
    said = f"{one.verdict}: {one.cause}{' (claimed)' if one.claim else ''}, job {one.job}"
    wrong = "; ".join(one.wrong)
    if wrong and one.row.known:
        wrong = f"known: {one.row.known}: {wrong}"
    return {"said": said, "seconds": one.latency, "why": one.evidence, "wrong": wrong}


def table(seen):
    lines = [f"{'scenario':28} {'seen':40} {'after':>7} {'job':12} evidence that fails"]
    for one in seen:
        said = f"{one.verdict}: {one.cause}{' (claimed)' if one.claim else ''}"
        after = "-" if one.latency is None else f"{one.latency:.1f} s"
        lines.append(f"{one.row.name:28} {said:40} {after:>7} {one.job:12} {one.evidence}")
        lines.append(f"{'':28} expected {one.row.expected()} within {one.row.within:g} s; {one.hypotheses}")
        lines += [f"{'':28} {at:+.1f} s {what}" for at, what in one.said]
        lines += [f"{'':28} WRONG: {wrong}" for wrong in one.wrong]
    claims, wrong = sum(one.claims for one in seen), sum(w.startswith("claimed") for one in seen for w in one.wrong)
    lines.append(f"{len(list(seen))} scenarios; {claims} claims, {wrong} of them wrong")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_a_fault_is_told_by_its_name_and_the_job_is_whole(played, row):
    wrong = played[row.name].wrong
    if wrong and row.known:
        pytest.xfail(f"{row.known}: {wrong}")
    assert not wrong, wrong


def test_every_scenario_names_tests_that_exist():
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
    assert [shown.missing() for scenario in SCENARIOS for shown in scenario.shown if shown.missing()] == []
    assert all(scenario.shown for scenario in SCENARIOS)


def test_every_row_belongs_to_a_scenario():
    named = {(shown.file, shown.name) for scenario in SCENARIOS for shown in scenario.shown}
    simulated = re.findall(r"\.name = \"(.*?)\"", (ROOT / SIMULATED).read_text())
    rows = {(HOSTS, row.name) for row in ROWS} | {(SIMULATED, name) for name in simulated}
    assert rows - named == set()
