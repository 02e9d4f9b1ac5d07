# SPDX-License-Identifier: Apache-2.0
"""Every scenario of the fault matrix: what must be said of it, what may become of a job, and which tests show that.

A test is named by its file and its own name. `tools/fault-matrix` runs them all and prints one table."""

import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOSTS, SIMULATED = "test/matrix/fault_rows.py", "test/scenario/fault_matrix_test.cpp"


@dataclasses.dataclass(frozen=True)
class Shown:
    file: str
    name: str

    def __str__(self):
        return f"{self.file}: {self.name}"

    def missing(self):
        """Why there is no such test; nothing when there is one."""
        path = ROOT / self.file
        if not path.is_file():
            return f"there is no file {self.file}"
        text = path.read_text()
        name = re.escape(self.name.partition("[")[0])
        wanted = rf"\.name = \"{name}\"" if self.file == SIMULATED else rf"\bRow\(\s*\"{name}\"" \
            if self.file == HOSTS else rf"^def {name}\(" if self.file.endswith(".py") else rf"TEST_CASE.*?\"{name}\"\)"
        found = re.search(wanted, text, re.MULTILINE | re.DOTALL)
        return "" if found else f"there is no test {self}"


@dataclasses.dataclass(frozen=True)
class Scenario:
    """`tiers`: where it is played. `says`: verdict and cause, or the outcome of a command. `job`: of one under way."""

    name: str
    tiers: str
    says: str
    job: str
    shown: tuple[Shown, ...]


def host(name):
    return Shown(HOSTS, name)


def simulated(name):
    return Shown(SIMULATED, name)


def cli(file, *names):
    return tuple(Shown(f"test/cli/test_{file}.py", f"test_{name}") for name in names)


def vm(file, *names):
    return tuple(Shown(f"test/vm/test_{file}.py", f"test_{name}") for name in names)


def case(file, *names):
    return tuple(Shown(f"test/{file}_test.cpp", name) for name in names)


WHOLE = "goes on, whole"
ONCE = case("live/jobs", "a job runs once and gives every byte once, wherever its connection is cut")
CUT_ANYWHERE = case("disk/power_cut", "whatever step the power goes before, no result is lost and nothing runs twice")
NETWORK = [
    ("net-blackhole-both", "host", "unreachable, path-dead among the causes, no claim", WHOLE,
     host("net-blackhole-both")),
    ("net-blackhole-inbound-only", "host", "unreachable, no claim", WHOLE, host("net-blackhole-inbound-only")),
    ("net-blackhole-outbound-only", "host", "unreachable, no claim", "a submit repeated runs once",
     host("net-blackhole-outbound-only"), *ONCE),
    ("net-rst-established", "host, sim", "healthy: none; a command is lost, a link back in 0.5 s", WHOLE,
     host("net-rst-established"),
     *case("scenario/reconnect", "a link whose connection is reset is back within half a second"), *ONCE),
    ("net-refused", "host", "degraded: sshd-down", WHOLE, host("net-refused")),
    ("net-refused-by-firewall", "host", "degraded: port-rejected, alive", WHOLE, host("net-refused-by-firewall")),
    ("net-syn-drop-established-ok", "host", "degraded: port-filtered, alive", WHOLE,
     host("net-syn-drop-established-ok")),
    ("net-mtu-blackhole", "host", "degraded: mtu", WHOLE, host("net-mtu-blackhole")),
    ("net-loss-5", "host", "healthy or degraded: lossy", WHOLE, host("net-loss-5")),
    ("net-loss-20", "host", "healthy or degraded: lossy", WHOLE, host("net-loss-20")),
    ("net-loss-50", "host, VM", "degraded: lossy, or no claim", WHOLE, host("net-loss-50"),
     *vm("jobs", "a_job_that_loses_three_packets_of_ten_for_a_while_ends_with_its_code_and_all_it_printed")),
    ("net-latency-2s-jitter", "host, sim", "degraded: slow; or slow among the causes, no claim", WHOLE,
     host("net-latency-2s-jitter"), simulated("net-latency-2s")),
    ("net-bandwidth-8kbit", "host", "degraded: slow, or slow among the causes", "is slowed down, whole",
     host("net-bandwidth-8kbit"), simulated("net-bandwidth-8kbit")),
    ("net-flap-1hz", "host", "flapping, lossy or none, told at most 12 times", WHOLE, host("net-flap-1hz")),
    ("net-cut-after-n-bytes", "host", "lost, may_have_run as it was", "runs once, whole", *ONCE,
     *case("live/at_most_once", "a command runs at most once, and never starts after its outcome was reported")),
    ("net-nat-idle-expiry", "host, sim", "healthy: none", WHOLE, host("net-nat-idle-expiry"),
     simulated("net-nat-idle-expiry")),
    ("net-icmp-blocked", "host", "healthy: none", "not touched", host("net-icmp-blocked")),
    ("net-icmp-ok-tcp-dead", "host", "unreachable: port-filtered, alive", WHOLE, host("net-icmp-ok-tcp-dead")),
    ("net-reject-icmp", "host", "unreachable: port-rejected or route, no claim", WHOLE, host("net-reject-icmp")),
    ("net-dns-broken", "host", "dns", WHOLE, host("net-dns-broken"),
     *cli("bad_input", "an_unknown_host_name_is_named_as_such")),
    ("net-dns-wrong-ip", "host", "host-key-changed; nobody logs in there", WHOLE, host("net-dns-wrong-ip")),
    ("net-ip-reused-by-other-vm", "host, sim", "unknown: host-key-changed, no reboot", "cannot be asked for",
     host("net-ip-reused-by-other-vm"),
     *case("live/engine_host_key",
           "a changed key is a hard stop before any key of ours is offered, until it is trusted")),
    ("net-bastion-down", "host", "unreachable, bastion-down among the causes", WHOLE, host("net-bastion-down")),
    ("net-uplink-cut", "sim", "observer-offline among the causes, no claim", "-", simulated("net-uplink-cut (ours)")),
]
SSH = [
    ("sshd-sigstop", "host", "degraded: sshd-hung, alive", WHOLE, host("sshd-sigstop")),
    ("sshd-session-sigstop", "host", "a new session works", WHOLE, host("sshd-session-sigstop"),
     *case("live/faults", "a frozen sshd is told apart from a dead path")),
    ("sshd-killed", "host", "degraded: sshd-down", WHOLE, host("sshd-killed"),
     *cli("run_disrupted", "a_command_that_kills_every_sshd_ends_with_its_code"),
     *cli("run_systemd", "neither_a_restarted_nor_a_killed_sshd_ends_a_job")),
    ("sshd-restart-upgrade", "host", "healthy: none", WHOLE, host("sshd-restart-upgrade")),
    ("ssh-maxstartups", "host", "throttled", WHOLE, host("ssh-maxstartups"),
     *cli("diagnose", "a_watch_does_not_hammer_a_sshd_that_turns_it_away")),
    ("ssh-penalised", "sim", "throttled", "-", simulated("ssh-penalised"),
     *case("scenario/gatekeeper", "a link is never banned for what it does while a machine is unwell for eight minutes"
           )),
    ("ssh-fail2ban-ban", "sim", "does not come to it; else port-filtered, no claim", "-",
     simulated("ssh-fail2ban-ban"),
     *case("scenario/etiquette",
           "an hour of watching, diagnosing and reconnecting is never banned, whatever befalls the VM",
           "an hour of a shell loop of short processes is never banned, whatever befalls the VM")),
    ("ssh-auth-revoked", "host", "auth-denied, asked twice at most", WHOLE, host("ssh-auth-revoked"),
     *cli("bad_input", "a_loop_of_20_execs_with_a_wrong_key_shows_the_server_at_most_2_denials")),
    ("ssh-hostkey-changed", "host", "unknown: host-key-changed, nothing sent", "cannot be asked for",
     *cli("bad_input", "a_changed_host_key_stops_everything_until_it_is_trusted"), host("net-ip-reused-by-other-vm"),
     *case("scenario/hard_stop", "a changed host key stops the link: no login, no command, no further attempt")),
    ("ssh-channeltimeout", "host", "healthy: none", WHOLE, host("ssh-channeltimeout")),
    ("ssh-close-before-drain", "host", "exited, whole", "-",
     *cli("exec", "what_comes_in_one_burst_with_the_close_is_delivered_whole")),
    ("ssh-no-exit-status", "sim, host", "lost, never code 0", "its record decides",
     *case("scenario/command", "a channel that closes without a status is its own answer, never exit code 0 (L29)"),
     *case("live/jobs_lost", "a job does not notice that every sshd is killed, and its follower comes back for the rest"
           )),
    ("ssh-exit-255-vs-loss", "host", "exited 255, or signalled", "the same",
     *cli("exec", "a_remote_255_is_told_from_ours", "a_signal_that_ended_it_is_told_from_an_exit_code"),
     *case("live/job_endings", "an exit code and a signal come back as what they were, from every shell")),
    ("ssh-banner-flood", "fake", "no verdict on the VM, 64 MiB at most", "-",
     *cli("diagnose_hostile", "a_banner_that_is_none_names_no_cause_that_it_does_not_show"),
     *case("live/engine_banner", "an endless preamble is cut off, with lines or without")),
    ("ssh-endless-output", "host", "flat memory", "output-cap",
     *cli("exec", "endless_output_into_a_slow_consumer_costs_flat_memory"),
     *cli("run", "too_much_output_ends_it_with_that_cause")),
    ("ssh-forcecommand", "host", "restricted-shell", "refused before it starts", host("ssh-forcecommand")),
    ("ssh-nologin", "host", "restricted-shell", "-", host("ssh-nologin"),
     *cli("bad_input", "a_login_shell_that_refuses_is_told_from_a_command_that_fails")),
    ("ssh-maxsessions-1", "host", "healthy: none, in turn", WHOLE, host("ssh-maxsessions-1"),
     *case("live/commands", "a server that allows one session at a time serves them in turn")),
]
MACHINE = [
    ("vm-clean-reboot", "host, VM, sim", "reboot, told once", "interrupted", host("vm-clean-reboot"),
     *case("scenario/boot", "a reboot is told once, with both boot ids, and the link is back within three seconds of "
                            "sshd"),
     *vm("jobs", "an_orderly_reboot_at_any_instant_interrupts_a_job_or_finds_it_ended")),
    ("vm-power-cut-running", "host, VM", "unreachable, vm-off among the causes; then reboot", "interrupted, "
     "what was rolled back is said", host("vm-power-cut-running"),
     *vm("jobs", "a_power_cut_at_any_instant_interrupts_a_job_or_finds_it_ended")),
    ("vm-power-cut-at-finish", "disk", "-", "exited and whole, or interrupted", *CUT_ANYWHERE),
    ("vm-power-cut-at-start", "disk", "-", "never began, or ran once", *CUT_ANYWHERE,
     *case("disk/power_cut", "what was said to never run does not run after a power cut")),
    ("vm-panic-no-reboot", "sim, VM", "unreachable, kernel-dead among the causes, no claim", "interrupted",
     simulated("vm-panic-no-reboot"), *vm("jobs", "a_kernel_panic_interrupts_a_job")),
    ("vm-panic behind hostfwd", "sim", "unreachable, kernel-dead among the causes, no claim", "-",
     simulated("vm-panic behind hostfwd")),
    ("vm-panic-autoreboot", "VM, host", "reboot; crash-reboot with its record", "interrupted",
     *vm("real_kernel", "a_panic_that_left_no_record_is_a_reboot_and_no_crash_is_claimed"),
     *cli("boot", "the_record_of_a_panic_is_a_crash_and_an_old_one_is_not")),
    ("vm-kexec", "sim", "healthy; reboot", "-", simulated("vm-kexec")),
    ("vm-paused", "VM, sim", "unreachable; then healthy, pause and no reboot", "goes on; its time stood still",
     simulated("vm-paused"), simulated("vm-paused, and went on"),
     *vm("real_kernel", "a_pause_is_told_as_one_and_is_no_reboot"),
     *vm("jobs", "a_pause_takes_nothing_from_the_time_that_a_job_has")),
    ("vm-snapshot-revert", "sim, host", "healthy; snapshot-revert", "rolled back is said, what follows is taken",
     simulated("vm-snapshot-revert"),
     *cli("run_records", "output_that_went_back_on_the_vm_is_said_and_what_follows_is_taken")),
    ("vm-userspace-restart", "host", "healthy; soft-reboot, no reboot", "interrupted", host("vm-userspace-restart")),
    ("vm-soft-reboot", "sim", "healthy; soft-reboot", "-", simulated("vm-soft-reboot")),
    ("vm-new-machine-id, same hardware", "sim", "healthy; reboot", "-",
     simulated("new machine-id, same key and hardware")),
    ("vm-new-machine-id", "sim", "unknown: ambiguous-identity, no claim", "-",
     simulated("new machine-id, same key (or a clone)")),
    ("vm-clock-jump", "VM, sim, host", "degraded: clock-stepped, no reboot", "not timed out",
     simulated("vm-clock-jump"), *vm("jobs", "a_clock_that_jumps_a_year_ends_no_job_and_is_no_reboot"),
     *cli("run_records", "a_clock_set_back_a_year_changes_no_state_and_prunes_nothing")),
    ("vm-bootloop", "host", "boot-loop, flapping, booting or sshd-down", "interrupted", host("vm-bootloop")),
    ("vm-readonly-root", "sim, host", "degraded: read-only-root", "a new one is refused",
     simulated("vm-readonly-root"),
     *cli("run_places", "a_home_that_is_read_only_is_refused_and_another_place_can_be_named")),
    ("vm-disk-hang", "host", "degraded: disk-hung", "stands still, then whole", host("vm-disk-hang")),
    ("vm-disk-eio-fsync", "host", "output_kept: false", "exited, and not said to be safe; a new one is refused",
     *cli("run_records", "a_result_whose_fsync_failed_is_never_said_to_be_safe")),
]
REST = [
    ("job-enospc", "host", "degraded: disk-full", "exited, its code kept, the gap said", host("vm-disk-full"),
     *cli("run_records", "a_full_disk_is_said_and_the_result_is_written_all_the_same")),
    ("job-inode-full", "host", "-", "a new one is refused", *cli(
        "run_places", "a_disk_without_inodes_is_refused_with_the_reason_and_nothing_is_left_of_the_try")),
    ("job-supervisor-sigkill", "host", "-", "killed, never run again; ended by cancel",
     *cli("run_systemd", "a_job_whose_supervisor_was_killed_is_still_ended_by_cancel")),
    ("job-oom", "VM", "alive, no reboot", "signalled KILL",
     *vm("jobs", "a_job_that_takes_all_the_memory_is_killed_and_the_machine_lives_on")),
    ("job-escapes-group", "host", "-", "ends in time; who left is ended too",
     *cli("run_systemd", "timeout_and_cancel_end_what_has_left_the_session",
          "what_it_leaves_running_outlives_it_as_after_a_login")),
    ("job-logind-kill", "host", "-", "outlives the logout, or is refused",
     *cli("run_systemd", "a_job_outlives_the_logout_of_the_session_that_began_it",
          "who_may_not_linger_is_refused_before_anything_starts_and_may_insist")),
    ("job-fork-fail", "host", "degraded: fork-failure", "goes on, whole", host("vm-fork-fail")),
    ("job-noisy-rc", "host", "-", "exact bytes",
     *cli("run_places", "a_login_shell_that_talks_does_not_confuse_a_job",
          "a_job_is_the_same_whatever_the_login_shell_and_the_userland")),
    ("obs-client-sigkill", "LOCAL", "-", "goes on; files whole, to the byte",
     *cli("run_killed", "a_client_may_be_killed_anywhere")),
    ("obs-suspended", "LOCAL", "healthy: none", WHOLE, host("obs-suspended")),
    ("obs-overload", "LOCAL", "no claim", WHOLE, host("obs-overload")),
    ("obs-fd-full", "LOCAL", "unknown or our failure, no claim", "-",
     *cli("observer", "with_too_few_descriptors_nothing_is_claimed_of_the_vm")),
    ("obs-disk-full", "LOCAL", "unknown, or the VM as it is", "refused, or followed to its end",
     *cli("observer", "with_a_full_disk_of_ours_nothing_is_claimed_that_is_not_so"),
     *cli("run_records", "a_client_that_cannot_remember_refuses_before_anything_runs",
          "a_state_directory_that_becomes_full_does_not_end_what_is_followed")),
    ("vm-off, paused or panicked, with a power switch", "host", "off, unreachable or crashed, claimed", "-",
     *cli("diagnose", "a_power_switch_tells_apart_what_silence_does_not")),
    ("obs-uplink-cut-behind-gateway", "sim, host", "observer-offline first among the causes, no claim", "-",
     *case("scenario/elsewhere", "an uplink cut behind our gateway is ours where the canary falls silent with the VM"),
     *cli("diagnose", "a_canary_tells_our_own_network_from_the_vm")),
    ("obs-fleet-wide-outage", "sim", "observer-offline among the causes of each, no claim", "-",
     *case("scenario/outage", "of a hundred VMs that are lost at once with our uplink none is said to be down")),
]
SCENARIOS = [Scenario(name, tiers, says, job, tuple(shown)) for name, tiers, says, job, *shown in
             (*NETWORK, *SSH, *MACHINE, *REST)]
