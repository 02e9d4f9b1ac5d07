# SPDX-License-Identifier: Apache-2.0
"""What is done to a host, to the way there, or to ourselves, in a row of the fault matrix."""

import pathlib
import signal
import socket
import subprocess
import tempfile
import threading
import time

from forwarder import Forwarder


def nothing(place):
    pass


def fault(kind, value=None):
    return lambda place: place.host.fault(kind, value)


def sshd(verb):
    return lambda place: place.host.sshd(verb)


def inside(line):
    return lambda place: place.inside(line)


def fill_maxstartups(place):
    """Connections that never log in hold all the places."""
    held = [socket.create_connection((place.at.address, place.at.port), 5) for _ in range(3)]
    for one in held:
        one.recv(8)  # sshd serves it
    place.extra.append(lambda: [one.close() for one in held])
    place.held = held


def drop_held(place):
    for one in place.held:
        one.close()


def move_keys(place):
    place.inside("for f in $(find /root /etc/ssh -name 'authorized_keys*'); do mv $f $f.away; done")


def restore_keys(place):
    place.inside("for f in $(find /root /etc/ssh -name '*.away'); do mv $f ${f%.away}; done")


def flap(place):
    """Half a second on, half a second off, for 20 s."""
    def toggle():
        for turn in range(40):
            place.host.fault("drop") if turn % 2 == 0 else place.host.heal()
            time.sleep(0.5)
        place.host.heal()

    place.flapping = threading.Thread(target=toggle)
    place.flapping.start()


def boot_again_and_again(place):
    for _ in range(4):
        place.host.reboot(down_for=1.0)
        time.sleep(2)


def stop_watching(place):
    """Our own process stands still, as on a laptop whose lid is closed."""
    place.watch.process.send_signal(signal.SIGSTOP)
    time.sleep(12)
    place.watch.process.send_signal(signal.SIGCONT)


def use_up_processes(place):
    """A limit of this process namespace of its own (Linux 6.14 on), and sleepers that use it up for a while."""
    place.inside("mkdir -p /tmp/p; mount -t proc proc /tmp/p && echo 301 >/tmp/p/sys/kernel/pid_max;"
                 " i=0; while [ $i -lt 300 ]; do sleep 25 </dev/null >/dev/null 2>&1 & i=$((i+1)); done; :",
                 check=False)


def until_it_can_fork(place):
    """The limit is lifted by a process of its own, which has to be begun first."""
    deadline = time.monotonic() + 60
    while place.inside("echo 32768 >/tmp/p/sys/kernel/pid_max", check=False).returncode != 0:
        assert time.monotonic() < deadline
        time.sleep(0.5)


def bastion(place):
    place.bastion = place.lab.up()
    place.extra.append(place.bastion.down)
    facts = place.bastion.describe()
    config = place.vmc.home / "ssh_config"
    config.write_text(f"""Host bastion
  HostName {facts['address']}
  User root
  IdentityFile {facts['key']}
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
Host behind
  HostName {place.at.address}
  User root
  IdentityFile {place.at.key}
  ProxyCommand ssh -F {config} -q -W %h:%p bastion
""")
    place.words = ("-F", config, "behind")


def forwarded(place):
    """It is reached through a port of ours, whose way can be made long and narrow."""
    way = place.way = Forwarder(place.at.address, place.at.port)
    place.extra.append(way.end)
    place.words = place.job_words = ("-i", place.at.key, f"root@127.0.0.1:{way.port}")


def way_is(**how):
    return lambda place: place.way.__dict__.update(how)


_names = {}
_names_lock = threading.Lock()


def _name(name, address):
    """What /etc/hosts says of a name, in this session of the lab; without an address: nothing any more."""
    with _names_lock:
        hosts = pathlib.Path("/etc/hosts")
        if not _names:
            copy = pathlib.Path(tempfile.mkdtemp()) / "hosts"
            copy.write_text(hosts.read_text())
            subprocess.run(["mount", "--bind", copy, hosts], check=True)
            _names[""] = hosts.read_text()
        _names[name] = address
        hosts.write_text(_names[""] + "".join(f"{a} {n}\n" for n, a in _names.items() if n and a))


def named(place):
    """It is reached by a name; beside it there is another machine."""
    place.name = f"{place.at.host.name}.example"
    _name(place.name, place.at.address)
    place.extra.append(lambda: _name(place.name, None))
    place.words = place.job_words = ("-i", place.at.key, f"root@{place.name}")


def with_another(place):
    named(place)
    place.other = place.lab.up()
    place.extra.append(place.other.down)


def is_named(address):
    return lambda place: _name(place.name, address(place))


def nobody_logged_in_there(place):
    log = place.other.log()
    return [f"logged in to the wrong machine: {log}"] if "Accepted" in log or "Failed" in log else []


FORGET = """ports=$(ss -Htn state established "sport = :22" | sed -n 's/.*:\\([0-9]*\\) *$/\\1/p' | paste -sd,)
nft -f - <<end
table inet nat {
    chain in { type filter hook input priority 0; tcp sport { $ports } drop; }
    chain out { type filter hook output priority 0; tcp dport { $ports } drop; }
}
end"""


def forget_flows(place):
    """As a NAT that has forgotten them: what belongs to a connection of before goes nowhere, new ones pass."""
    place.inside(FORGET)


def restart_user_space(place):
    """Everything ends and process 1 begins anew, under the same kernel."""
    record = place.host.directory / "boot_id"
    before = record.read_text()
    # Its sshd waits a moment; until then nobody has seen the new id.
    place.host.reboot(booting_for=2.0, wait=False)
    record.write_text(before)


def hardly_run(place):
    """Our processes get a fiftieth of the time they want, for 25 s."""
    ours = [place.watch.process, place.follower]
    for _ in range(50):
        for number, span in ((signal.SIGSTOP, 0.49), (signal.SIGCONT, 0.01)):
            for process in ours:
                process.send_signal(number)
            time.sleep(span)


def a_job_is_refused(place):
    ended = place.vmc("run", "-q", *place.words, "--", "echo x >>/ledger", within=40)
    ran = pathlib.Path(place.at.ledger).read_text()
    refused = ended.code in (125, 255) and "started nothing" in ended.err and not ran
    return [] if refused else [f"a job was not refused: {ended!r}, {ran!r}"]
