# SPDX-License-Identifier: Apache-2.0
"""Jobs on a machine that loses its power, reboots and panics, with vmc run as the one who wants to know."""

import dataclasses
import datetime
import json
import re
import time
import uuid

import sweep
from conftest import BOOT_WITHIN, lab_vm

BURSTS, LINES, PAUSE = 16, 100, 0.25
#: The bursts and what an emulated machine needs for them; some of the machines die after that.
LONG = 7.0
#: How well the time of death is known to who followed; its records reach the disk every ten seconds only.
FOLLOWED, KEPT = 2, 10


def noise(identity, code):
    """Numbered lines on both streams. The console, which no power cut can harm, is told when it is entered, and
    what time it is; in the middle what was printed is put on the disk."""
    lines = 'awk -v b=$b \'BEGIN { for (i = 0; i < %d; i++) printf "%s %%07d\\n", b * %d + i }\''
    return (f"echo entered {identity} >/dev/console; b=0; while [ $b -lt {BURSTS} ]; do "
            f"{lines % (LINES, 'out', LINES)}; {lines % (LINES, 'err', LINES)} >&2; b=$((b+1)); "
            f"echo clock {identity} $(date +%s) >/dev/console; [ $b != {BURSTS // 2} ] || sync; "
            f"sleep {PAUSE}; done; exit {code}")


def numbered(word):
    return "".join(f"{word} {n:07d}\n" for n in range(BURSTS * LINES))


@dataclasses.dataclass
class Trial:
    """One job, what became of it, and what there is of it here and there."""
    vm: object
    code: int
    end: object  # how the machine is ended: a function
    identity: str = dataclasses.field(default_factory=lambda: str(uuid.uuid4()))

    def __post_init__(self):
        self.directory = self.vm.home / self.identity
        self.directory.mkdir()
        self.files = {word: self.directory / word for word in ("out", "err")}
        self.result = self.directory / "result"

    def start(self, *options, line=None):
        sinks = ("--stdout", self.files["out"], "--stderr", self.files["err"], "--result", self.result)
        self.process = self.vm.start("run", line or noise(self.identity, self.code), "--id", self.identity, *sinks,
                                     *options)
        self.vm.wait_for(f"entered {self.identity}")

    def finish(self):
        _, self.said = self.process.communicate(timeout=BOOT_WITHIN)
        self.told = json.loads(self.result.read_text())
        return self.process.returncode

    def play(self, after):
        """True: it had not ended when the machine did."""
        self.start()
        time.sleep(after)
        met = self.process.poll() is None
        self.end(self.vm)
        self.exit = self.finish()
        return met

    def clock(self):
        """The last time of the machine's own clock that the console knows."""
        words = [line.split() for line in self.vm.console() if line.startswith(f"clock {self.identity} ")]
        return int(words[-1][2])

    def logs(self, word):
        shown = self.vm.vmc("logs", self.identity, options=["--stderr"] if word == "err" else [])
        assert shown.returncode == 0, shown.stderr
        return shown.stdout

    def rolled_back(self, word):
        """From and to how many bytes, when that was said."""
        found = re.search(f"std{word} of the job is shorter .* rolled back from (\\d+) to (\\d+) bytes", self.said)
        return tuple(map(int, found.groups())) if found else None


def moment_of(job, moment="ended_at"):
    return datetime.datetime.fromisoformat(job[moment].replace("Z", "+00:00")).timestamp()


def check_interrupted(trial):
    """Died in the middle, at the right time, and what we hold is what the machine has, or it is said."""
    assert (trial.exit, trial.told["outcome"]) == (75, "interrupted"), trial.said
    job = trial.told["job"]
    # Who died before the first beat was heard of left no time of death.
    died = moment_of(job, "ended_at" if job["ended_at"] else "started_at")
    assert abs(died - trial.clock()) <= FOLLOWED, (trial.clock(), trial.told)
    for word, path in trial.files.items():
        here, there = path.read_text(), trial.logs(word)
        # Its length may be on the disk and its last bytes not: they are NUL then, and that is said.
        assert numbered(word).startswith(here.rstrip("\0")), (word, len(here), trial.said)
        said = f"of std{word} of the job, from byte" in trial.said
        assert here.endswith("\0") == said, (word, here[-99:], trial.said)
        sizes = trial.rolled_back(word)
        if sizes:
            assert sizes == (len(here), len(there)), (word, sizes, len(here), len(there))
            assert here.startswith(there.rstrip("\0")), (word, sizes, there[-99:])
        elif f"std{word} of the job is not what it was before" in trial.said:
            assert len(here) == len(there), (word, len(here), len(there), trial.said)
        else:
            assert here == there, (word, len(here), len(there), trial.said)


def check_finished(trial):
    """It had come to its end: that stays so, here and for whoever asks later, and nothing is missing."""
    assert (trial.exit, trial.told["outcome"]) == (trial.code, "exited"), trial.said
    again = [trial.directory / "out-again", trial.directory / "err-again"]
    attached = trial.vm.vmc("attach", trial.identity, options=["--stdout", again[0], "--stderr", again[1]])
    assert attached.returncode == trial.code, attached.stderr
    for path, word in (*((path, word) for word, path in trial.files.items()), *zip(again, ("out", "err"))):
        assert path.read_text() == numbered(word), (path, path.stat().st_size)


def sweep_of(vm, test, end):
    rolls = sweep.chance(test)
    cut, whole, rolled = 0, 0, 0
    total = sweep.tries(2, 20)
    for _ in range(total):
        trial = Trial(vm, rolls.randrange(1, 60), end)
        trial.play(rolls.uniform(0, LONG))
        assert vm.console().count(f"entered {trial.identity}") == 1, "it ran twice"
        if trial.told["outcome"] == "exited":
            whole += 1
            check_finished(trial)
        else:
            cut += 1
            rolled += any(map(trial.rolled_back, trial.files))
            check_interrupted(trial)
    print(f"{total} machines ended: {cut} jobs interrupted ({rolled} rolled back), {whole} had ended before")


def cut_the_power(vm):
    vm.power("cut")
    vm.power("on")


def reboot(vm):
    boots = vm.console().count("lab: up")
    asked = vm.vmc("exec", "--", "reboot", options=["--lost-after", "10"])
    assert asked.returncode in (0, 255), asked.stderr
    vm.wait_for("lab: up", boots + 1)
    assert vm.vmc("wait", options=["--for", "up", "--timeout", str(BOOT_WITHIN)]).returncode == 0


def test_a_power_cut_at_any_instant_interrupts_a_job_or_finds_it_ended(vm):
    sweep_of(vm, "test_a_power_cut_at_any_instant", cut_the_power)


def test_an_orderly_reboot_at_any_instant_interrupts_a_job_or_finds_it_ended(vm):
    sweep_of(vm, "test_an_orderly_reboot_at_any_instant", reboot)


def panic(vm):
    vm.vmc("exec", "--", "echo c >/proc/sysrq-trigger", options=["--lost-after", "2"])
    assert lab_vm("status", vm.name)["power"] == "guest-panicked"
    vm.power("reset")


def test_a_kernel_panic_interrupts_a_job(vm):
    trial = Trial(vm, 3, panic)
    assert trial.play(3)
    check_interrupted(trial)
    assert trial.told["job"]["heartbeat_heard"] and "its last heartbeat was heard here" in trial.said, trial.said
    # Who was not there knows what the disk has kept.
    jobs = json.loads(vm.vmc("jobs", options=["--json"]).stdout)["jobs"]
    kept = next(job for job in jobs if job["id"] == trial.identity)
    assert kept["state"] == "interrupted" and not kept["heartbeat_heard"]
    assert -KEPT - FOLLOWED <= moment_of(kept) - trial.clock() <= 0, (kept, trial.clock())


def test_a_job_that_may_be_entered_again_is_carried_through_three_reboots(vm):
    """A power cut, an orderly reboot and a panic; it goes on where its mark says."""
    trial = Trial(vm, 7, None)
    line = (f"echo entered {trial.identity} >/dev/console; echo begun $VMC_REBOOT_COUNT $(cat \"$VMC_MARK_FILE\"); "
            "echo $VMC_REBOOT_COUNT >\"$VMC_MARK_FILE\"; sync; echo ready $VMC_REBOOT_COUNT >/dev/console; "
            "[ $VMC_REBOOT_COUNT = 3 ] || sleep 600; exit 7")
    trial.start("--on-reboot", "resume", line=line)
    for number, end in enumerate((cut_the_power, reboot, panic)):
        vm.wait_for(f"ready {number}")
        end(vm)
    assert trial.finish() == 7, trial.said
    assert (trial.told["outcome"], trial.told["job"]["reboots"]) == ("exited", 3)
    assert trial.files["out"].read_text() == "begun 0\nbegun 1 0\nbegun 2 1\nbegun 3 2\n"
    assert vm.console().count(f"entered {trial.identity}") == 4


def test_a_job_that_loses_three_packets_of_ten_for_a_while_ends_with_its_code_and_all_it_printed(vm):
    """Sixteen bursts under that loss, then the wire is whole again."""
    trial = Trial(vm, 5, None)
    tc = "/usr/local/sbin/tc"  # by its path: busybox's shell prefers its own
    dropped = "sed -n 's/.*dropped \\([0-9]*\\).*/dropped \\1/p' >/dev/console"
    trial.start(line=f"insmod /lib/modules/sch_netem.ko; {tc} qdisc add dev eth0 root netem loss 30% || exit 99; "
                     f"( {noise(trial.identity, 0)} ); sleep 5; {tc} -s qdisc show dev eth0 | {dropped}; "
                     f"{tc} qdisc del dev eth0 root; exit 5")
    assert trial.finish() == 5, trial.said
    assert trial.told["outcome"] == "exited"
    for word, path in trial.files.items():
        assert path.read_text() == numbered(word), (word, path.stat().st_size, trial.said)
    lost = [int(line.split()[1]) for line in vm.console() if line.startswith("dropped ")]
    assert lost and lost[-1] >= 3, lost
    print(f"{lost[-1]} packets lost on the VM's side")


def test_a_pause_takes_nothing_from_the_time_that_a_job_has(vm):
    """Its limit is counted on the machine, which stood still as well."""
    trial = Trial(vm, 3, None)
    trial.start("--timeout", "9s", line=f"echo entered {trial.identity} >/dev/console; sleep 3; exit 3")
    vm.power("pause")
    time.sleep(10)
    vm.power("cont")
    assert trial.finish() == 3, trial.said
    assert trial.told["outcome"] == "exited"


YEAR = 365 * 86400


def test_a_clock_that_jumps_a_year_ends_no_job_and_is_no_reboot(vm):
    trial = Trial(vm, 4, None)
    line = f"echo entered {trial.identity} >/dev/console; read go <>/tmp/{trial.identity}; exit 4"
    vm.vmc("exec", "--", f"mkfifo /tmp/{trial.identity}")
    vm.vmc("diagnose")  # to know its boot
    trial.start("--timeout", "10m", line=line)
    for jump, change in ((YEAR, "clock-stepped"), (-2 * YEAR, "clock-stepped"), (YEAR, "none")):
        vm.vmc("exec", "--", f"date -s @$(($(date +%s) + {jump}))")
        told = json.loads(vm.vmc("diagnose", options=["--json"]).stdout)
        assert (told["cause"], told["boot_change"]) == (change, "none"), told
        assert trial.process.poll() is None
    vm.vmc("exec", "--", f"echo >/tmp/{trial.identity}")
    assert trial.finish() == 4, trial.said
    assert trial.told["outcome"] == "exited"


def test_a_job_that_takes_all_the_memory_is_killed_and_the_machine_lives_on(vm):
    trial = Trial(vm, 0, None)
    vm.vmc("diagnose")
    trial.start(line=f"echo entered {trial.identity} >/dev/console; echo begun; exec tail /dev/zero")
    assert trial.finish() == 137, trial.said
    assert (trial.told["outcome"], trial.told["signal"]) == ("signalled", "KILL"), trial.told
    assert trial.files["out"].read_text() == "begun\n"
    assert any("Out of memory" in line for line in vm.console())
    told = json.loads(vm.vmc("diagnose", options=["--json"]).stdout)
    assert told["alive"] and told["boot_change"] == "none", told
    assert any(each["check"] == "kernel-log" for each in told["evidence"] if each["answer"] == "fails"), told
