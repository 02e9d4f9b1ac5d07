#!/usr/bin/python3
"""What a bare script over a ControlMaster needs from a submit to the first byte of output.

usage: bare_jobs.py SSH_CONFIG DIRECTORY N

The same steps as ours, with no promise kept beyond them: one ssh that claims a directory, writes the
request and the start durably and leaves the command running in a session of its own, with its output in
files and its exit code written durably; one ssh that follows the output.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

from measure import print_fields
from openssh_client import Master

SUBMIT = """set -e
umask 077
job=$1/$2
mkdir "$job"
sync "$1"
: >"$job/out"
: >"$job/err"
printf 'command=%s\\n' "$3" >"$job/request.tmp"
sync "$job/request.tmp"
mv "$job/request.tmp" "$job/request"
sync "$job"
printf 'boot=%s\\npid=%s\\n' "$(cat /proc/sys/kernel/random/boot_id)" "$$" >"$job/start.tmp"
sync "$job/start.tmp"
mv "$job/start.tmp" "$job/start"
sync "$job"
setsid sh -c 'job=$1; sh -c "$2" </dev/null >>"$job/out" 2>>"$job/err"
code=$?; sync "$job/out" "$job/err"; echo "$code" >"$job/result.tmp"; sync "$job/result.tmp"
mv "$job/result.tmp" "$job/result"; sync "$job"' sh "$job" "$3" </dev/null >/dev/null 2>&1 &
"""


def submit_and_follow(master, directory, number):
    name = f"bare-{os.getpid()}-{number}"
    start = time.monotonic()
    words = master.command(f"sh -s {directory} {name} 'echo first'")
    subprocess.run(words, input=SUBMIT.encode(), check=True)
    with subprocess.Popen(master.command(f"tail -c +1 -f {directory}/{name}/out"), stdout=subprocess.PIPE) as tail:
        first = os.read(tail.stdout.fileno(), 1)
        took = time.monotonic() - start
        tail.terminate()
    if first != b"f":
        raise SystemExit("bare: no output came")
    return took


def main(config, directory, count):
    with tempfile.TemporaryDirectory(prefix="vmc-bench.") as sockets, Master(config, sockets) as master:
        submit_and_follow(master, directory, "first")
        start = time.monotonic()
        each = [submit_and_follow(master, directory, number) for number in range(int(count))]
        print_fields(len(each), statistics.median(each), 0, time.monotonic() - start, 0, 0, 0, 0)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
