"""Debian packages, downloaded and unpacked beside the system, never installed.

`apt-get download` checks each file against the archive's signed index; `dpkg -x`
unpacks it. One directory per package version and owner (sudo must belong to root),
made under another name and renamed, so two runs at once cannot see half a package.
When the machine's package lists are empty or stale, lists of our own are kept in
the cache; the system's are never touched.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from .package_sets import KERNEL_METAPACKAGE, KERNEL_PREFIX, SETS
from .places import LabError, guest_cache, in_session

_DOWNLOAD_SECONDS = 600
_URI = re.compile(r"^'[^']+' (?P<name>[^_ ]+)_(?P<version>[^_ ]+)_(?P<arch>[^_ ]+)\.deb \d+")
_MERGED_INTO_USR = ("bin", "sbin", "lib", "lib64")


def layers(set_name: str, refresh: bool = False) -> list[pathlib.Path]:
    """The unpacked packages of a set, fetched if they are not there yet."""
    record = guest_cache() / f"{set_name}.u{os.geteuid()}.json"
    if not refresh:
        try:
            directories = [guest_cache() / name for name in json.loads(record.read_text())]
            if all(directory.is_dir() for directory in directories):
                return directories
        except (OSError, ValueError):
            pass
    directories = _fetch(set_name)
    _write_atomically(record, json.dumps([directory.name for directory in directories]))
    return directories


def find(directories, relative: str) -> pathlib.Path:
    """The first layer that has this file."""
    for directory in directories:
        if (directory / relative).exists():
            return directory / relative
    raise LabError(f"no fetched package holds {relative}: run tools/fetch-guest --refresh")


def _fetch(set_name: str) -> list[pathlib.Path]:
    for program in ("apt-get", "apt-cache", "dpkg", "dpkg-query"):
        if not shutil.which(program):
            raise LabError(f"{program} is missing: the lab needs a Debian machine")
    wanted = SETS[set_name]
    names = wanted["always"] + _not_installed(wanted["if_missing"])
    if not names:
        return []
    if in_session():
        raise LabError(f"the packages of {set_name} are not here yet, and a lab session has no way to the internet: "
                       f"run tools/fetch-guest {set_name} outside of it first")
    failure = ""
    for options in (_apt_options(own_lists=False), _apt_options(own_lists=True)):
        if options.own_lists:
            _say("the machine's package lists do not do: fetching lists of our own")
            _run(["apt-get", *options.arguments, "-q", "update"], "apt-get update")
        try:
            return _download(names, options.arguments)
        except LabError as error:
            failure = str(error)
    raise LabError(failure)


def _download(names, options) -> list[pathlib.Path]:
    names = [_kernel(options) if name == "KERNEL" else name for name in names]
    printed = _run(["apt-get", *options, "download", "--print-uris", *names], "apt-get")
    found = [_URI.match(line) for line in printed.splitlines()]
    found = [match for match in found if match]
    if len(found) < len(set(names)):
        missing = sorted(set(names) - {match["name"] for match in found})
        raise LabError(f"apt does not know these packages: {' '.join(missing)}")
    directories = {match["name"]: _directory_of(match) for match in found}
    needed = [match for match in found if not directories[match["name"]].is_dir()]
    if needed:
        with tempfile.TemporaryDirectory(dir=guest_cache(), prefix=".download-") as scratch:
            _say(f"downloading {len(needed)} packages")
            _run(["apt-get", *options, "-q", "download",
                  *(f"{match['name']}={_plain(match['version'])}" for match in needed)],
                 "apt-get download", cwd=scratch)
            for match in needed:
                _unpack(pathlib.Path(scratch), match, directories[match["name"]])
    return [directories[name] for name in names]


def _directory_of(match) -> pathlib.Path:
    version = match["version"].replace("%3a", "~")  # ':' separates layers in overlay's options
    return guest_cache() / f"{match['name']}_{version}_{match['arch']}.u{os.geteuid()}"


def _plain(version: str) -> str:
    return version.replace("%3a", ":")


def _unpack(scratch: pathlib.Path, match, final: pathlib.Path) -> None:
    _say(f"unpacking {match['name']} {_plain(match['version'])}")
    (archive,) = scratch.glob(f"{match['name']}_*.deb")
    tree = scratch / match["name"]
    _run(["dpkg", "-x", str(archive), str(tree)], "dpkg -x")
    for name in _MERGED_INTO_USR:
        if (tree / name).is_dir() and not (tree / name).is_symlink():
            _merge(tree / name, tree / "usr" / name)
    tree.chmod(0o755)
    (tree / "usr").mkdir(exist_ok=True)
    archive.unlink()
    try:
        tree.rename(final)
    except OSError:
        if not final.is_dir():  # else another run was faster
            raise


def _merge(source: pathlib.Path, target: pathlib.Path) -> None:
    """Debian 12 packages still ship /lib; on a Debian 12 machine that is /usr/lib."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        if entry.is_dir() and not entry.is_symlink() and (target / entry.name).is_dir():
            _merge(entry, target / entry.name)
        else:
            entry.rename(target / entry.name)
    source.rmdir()


def _kernel(options) -> str:
    printed = _run(["apt-cache", *options, "depends", KERNEL_METAPACKAGE], "apt-cache")
    names = re.findall(rf"Depends: ({KERNEL_PREFIX}\S+)", printed)
    if not names:
        raise LabError(f"apt does not know the package {KERNEL_METAPACKAGE}")
    return names[0]


def _not_installed(names) -> list[str]:
    if not names:
        return []
    printed = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n", *names],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60).stdout
    installed = {line.split()[1] for line in printed.splitlines() if line.startswith("installed ")}
    return [name for name in names if name not in installed]


class _apt_options:  # pylint: disable=invalid-name
    """Arguments that keep apt's own files out of the system's directories."""

    def __init__(self, own_lists: bool):
        self.own_lists = own_lists
        cache = guest_cache() / ".apt"
        (cache / "archives" / "partial").mkdir(parents=True, exist_ok=True)
        self.arguments = ["-o", f"Dir::Cache={cache}", "-o", "Debug::NoLocking=1"]
        if os.geteuid() == 0:
            self.arguments += ["-o", "APT::Sandbox::User=root"]
        if own_lists:
            (cache / "lists" / "partial").mkdir(parents=True, exist_ok=True)
            self.arguments += ["-o", f"Dir::State::Lists={cache / 'lists'}"]


def _run(command, what: str, cwd=None) -> str:
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=_DOWNLOAD_SECONDS,
                          env={**os.environ, "LC_ALL": "C"})
    if done.returncode != 0:
        tail = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise LabError(f"{what} failed: {tail}")
    return done.stdout


def _say(text: str) -> None:
    print(f"lab: {text}", file=sys.stderr, flush=True)


def _write_atomically(path: pathlib.Path, text: str) -> None:
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(text)
    scratch.replace(path)
