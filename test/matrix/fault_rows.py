# SPDX-License-Identifier: Apache-2.0
"""The rows of the fault matrix that real hosts can play: what is broken, and what may be said of it."""

from fault_acts import (a_job_is_refused, bastion, boot_again_and_again, drop_held, fault, fill_maxstartups, flap,
                        forget_flows, forwarded, hardly_run, inside, is_named, move_keys, named,
                        nobody_logged_in_there, nothing, restart_user_space, restore_keys, sshd, stop_watching,
                        until_it_can_fork, use_up_processes, way_is, with_another)


class Row:
    """`causes`: what the diagnosis may name; `set_of`: causes that must be among its hypotheses when it names none;
    `at_most`: how often it may speak until all is well again; `look`: what else is wrong, while it is broken;
    `attach`: more words for who comes back for the job; `line`, `output`: another job than the usual one;
    `followed`: somebody follows it all the time; `known`: why it may go wrong as yet, which is a failure all the same
    but does not stop the other tests."""

    def __init__(self, name, begin, *, verdicts, causes, set_of=(), end=None, within=10.0, claim=None, job="whole",
                 host=None, heals=True, prepare=None, every=3, may_claim=None, alive=None, at_most=None,
                 change=None, look=None, attach=(), line=None, output=None, followed=True, known=""):
        self.name, self.verdicts, self.causes, self.set_of = name, set(verdicts.split()), set(causes.split()), set_of
        self.begin = begin
        self.end = end or (lambda place: place.host.heal())
        self.within, self.claim, self.job, self.host, self.heals = within, claim, job, host or {}, heals
        self.prepare = prepare or (lambda place: None)
        self.every, self.alive, self.at_most = every, alive, at_most
        self.change, self.look, self.attach, self.line, self.output = change, look, attach, line, output
        self.followed, self.known = followed, known
        self.grace = 15.0
        self.ill_from_the_start = begin is nothing
        # "unknown" names nothing, and "none" beside a healthy verdict is looked at elsewhere.
        self.may_claim = (self.causes | {"unknown"}) if may_claim is None else set(may_claim.split())

    def meets(self, document):
        if document["verdict"] not in self.verdicts or document["cause"] not in self.causes:
            return False
        if self.claim is not None and document["claim"] is not self.claim:
            return False
        if self.alive is not None and (document["confidence"] >= 0.6) is not self.alive:
            return False
        if self.change is not None and document["boot_change"] != self.change:
            return False
        named = {each["cause"] for each in document["hypotheses"]}
        return document["cause"] != "unknown" or set(self.set_of) <= named

    def expected(self):
        claim = {None: "", True: ", claimed", False: ", not claimed"}[self.claim]
        change = f", boot {self.change}" if self.change else ""
        return f"{'|'.join(sorted(self.verdicts))}: {'|'.join(sorted(self.causes))}{claim}{change}"


ROWS = [
    Row("net-blackhole-both", fault("drop"), verdicts="unreachable", causes="unknown path-dead", claim=False,
        set_of={"path-dead", "vm-off"}),
    Row("net-blackhole-inbound-only", fault("drop-in"), verdicts="unreachable", causes="unknown path-dead",
        claim=False, set_of={"path-dead", "vm-off"}),
    Row("net-blackhole-outbound-only", fault("drop-out"), verdicts="unreachable", causes="unknown path-dead",
        claim=False, set_of={"path-dead", "vm-off"}),
    Row("net-rst-established", sshd("kill-sessions"), verdicts="healthy", causes="none", within=5.0),
    Row("net-refused", sshd("stop"), end=sshd("start"), verdicts="degraded", causes="sshd-down", claim=True,
        within=6.0),
    Row("net-syn-drop-established-ok", fault("drop-new"), verdicts="degraded", causes="port-filtered unknown",
        set_of={"port-filtered"}, claim=True, alive=True),
    Row("net-refused-by-firewall", lambda place: place.host.fault("refuse-new", None, place.at.port),
        verdicts="degraded", causes="port-rejected", claim=True, alive=True, within=6.0),
    Row("net-mtu-blackhole", fault("mtu", 1000), verdicts="degraded", causes="mtu lossy unknown", within=16.0),
    Row("net-loss-20", fault("loss", 20), verdicts="degraded healthy", causes="lossy slow none unknown", within=30.0),
    Row("net-loss-5", fault("loss", 5), verdicts="degraded healthy", causes="lossy slow none unknown", within=30.0),
    Row("net-loss-50", fault("loss", 50), verdicts="degraded healthy unreachable",
        causes="lossy slow none unknown flapping", may_claim="lossy slow unknown flapping", within=30.0),
    Row("net-latency-2s-jitter", way_is(delay=0.8, jitter=0.4), prepare=forwarded, end=way_is(delay=0.0, jitter=0.0),
        verdicts="degraded unreachable", causes="slow unknown", set_of={"slow"}, may_claim="slow unknown", within=60.0),
    Row("net-bandwidth-8kbit", way_is(rate=1000), prepare=forwarded, end=way_is(rate=None),
        verdicts="degraded", causes="slow lossy unknown", within=60.0,
        line="sleep 3; seq 1 6000; exit 7", output="".join(f"{n}\n" for n in range(1, 6001))),
    Row("net-flap-1hz", flap, end=lambda place: place.flapping.join(), verdicts="degraded healthy unreachable",
        causes="flapping lossy none unknown", may_claim="flapping lossy unknown", within=30.0, at_most=12),
    Row("net-nat-idle-expiry", forget_flows, end=nothing, verdicts="healthy", causes="none", within=15.0),
    Row("net-icmp-blocked", fault("drop-icmp"), verdicts="healthy", causes="none", within=15.0),
    Row("net-icmp-ok-tcp-dead", fault("drop-tcp"), verdicts="unreachable", causes="port-filtered unknown",
        set_of={"port-filtered"}, alive=True, claim=False),
    Row("net-reject-icmp", fault("reject-icmp"), verdicts="unreachable", causes="port-rejected route unknown",
        claim=False),
    Row("net-dns-broken", is_named(lambda place: None), prepare=named,
        end=is_named(lambda place: place.at.address), verdicts="unreachable unknown degraded", causes="dns",
        within=20.0),
    Row("net-dns-wrong-ip", is_named(lambda place: place.other.address.v4), prepare=with_another,
        end=is_named(lambda place: place.at.address), look=nobody_logged_in_there, verdicts="unknown degraded",
        causes="host-key-changed", heals=False, attach=("--retry-auth",)),
    Row("net-ip-reused-by-other-vm", lambda place: (place.host.new_host_keys(), place.host.sshd("kill-sessions")),
        verdicts="unknown", causes="host-key-changed", claim=False, heals=False, job=None, end=nothing),
    Row("net-bastion-down", lambda place: place.bastion.power_off(unreachable=False), prepare=bastion,
        end=lambda place: place.bastion.power_on(), verdicts="unreachable degraded unknown",
        causes="bastion-down unknown", set_of={"bastion-down"}, within=20.0),
    Row("sshd-sigstop", sshd("freeze"), end=sshd("thaw"), verdicts="degraded", causes="sshd-hung", claim=True,
        alive=True),
    Row("sshd-session-sigstop", sshd("freeze-sessions"), end=sshd("thaw-sessions"), verdicts="healthy degraded",
        causes="none unknown slow session-killed", within=20.0),
    Row("sshd-killed", inside("pkill -KILL -x sshd; :"), end=sshd("start"), verdicts="degraded", causes="sshd-down",
        claim=True, within=6.0),
    Row("sshd-restart-upgrade", sshd("restart"), end=nothing, verdicts="healthy", causes="none", within=10.0),
    Row("ssh-maxstartups", fill_maxstartups, end=drop_held, host={"sshd_options": ("MaxStartups 3:100:3",)},
        verdicts="throttled degraded", causes="throttled", claim=True, within=12.0),
    Row("ssh-auth-revoked", move_keys, end=restore_keys, verdicts="unknown degraded", causes="auth-denied",
        heals=False, attach=("--retry-auth",), within=12.0),
    Row("ssh-nologin", inside("usermod -s /usr/sbin/nologin root 2>/dev/null || "
                              "sed -i '/^root:/s#:[^:]*$#:/usr/sbin/nologin#' /etc/passwd"), end=nothing,
        verdicts="unknown degraded", causes="restricted-shell", heals=False, job=None, within=12.0),
    Row("ssh-forcecommand", nothing, host={"sshd_options": ("ForceCommand /bin/echo this is no shell",)},
        look=a_job_is_refused, verdicts="unknown degraded", causes="restricted-shell", heals=False, job=None),
    Row("ssh-maxsessions-1", nothing, host={"sshd_options": ("MaxSessions 1",)}, verdicts="healthy", causes="none"),
    # Longer than a busy machine takes between two words of its report.
    Row("ssh-channeltimeout", nothing, host={"sshd_options": ("ChannelTimeout session:*=3s",)}, verdicts="healthy",
        causes="none", line="echo 0; sleep 8; echo 1; exit 7", output="0\n1\n"),
    Row("obs-suspended", stop_watching, end=nothing, verdicts="healthy", causes="none", within=25.0),
    Row("obs-overload", hardly_run, end=nothing, verdicts="healthy degraded unknown unreachable",
        causes="none slow observer-overloaded unknown", may_claim="", within=35.0),
    Row("vm-bootloop", boot_again_and_again, end=nothing, verdicts="degraded unreachable healthy",
        causes="booting sshd-down boot-loop flapping unknown none",
        may_claim="booting sshd-down boot-loop flapping unknown", within=30.0, job="interrupted",
        heals=False),  # that it flaps is said for some minutes more
    Row("vm-clean-reboot", lambda place: place.host.reboot(orderly=True, wait=False), end=nothing,
        verdicts="unreachable degraded", causes="unknown path-dead sshd-down booting shutting-down",
        may_claim="sshd-down booting shutting-down unknown", job="interrupted"),
    Row("vm-power-cut-running", lambda place: place.host.power_off(), end=lambda place: place.host.power_on(),
        verdicts="unreachable", causes="unknown", set_of={"vm-off"}, claim=False, job="interrupted"),
    Row("vm-userspace-restart", restart_user_space, end=nothing, verdicts="healthy", causes="none",
        change="soft-reboot", may_claim="sshd-down booting none", within=15.0, job="interrupted"),
    Row("vm-disk-hang", inside("fsfreeze -f /var"), end=inside("fsfreeze -u /var"), verdicts="degraded",
        causes="disk-hung", claim=True, within=15.0),
    Row("vm-disk-full", inside("dd if=/dev/zero of=/var/fill bs=1M; :"), end=inside("rm /var/fill"),
        verdicts="degraded", causes="disk-full", claim=True, within=15.0, job=None),
    Row("vm-fork-fail", use_up_processes, end=until_it_can_fork, verdicts="degraded",
        causes="fork-failure unknown", set_of={"fork-failure"}, within=15.0, heals=False,
        line="echo 0; sleep 30; echo 1; exit 7", output="0\n1\n", followed=False, attach=("--retry-auth",)),
]
