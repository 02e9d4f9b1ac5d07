"""Builds what is measured, in a build directory of its own."""

import pathlib
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DIRECTORY = REPOSITORY / "build" / "bench"
HINT = "apt-get install cmake ninja-build g++ pkg-config libssh-dev libboost1.81-dev"


class Unbuilt(Exception):
    """One sentence."""


def programs(targets, failures, no_build=False) -> dict:
    """Target to path. What cannot be built is missing there, and a sentence in `failures` says so."""
    paths = {}
    try:
        if not no_build:
            _run(["cmake", "--preset", "release", "-B", str(DIRECTORY), "-DVMC_BENCH=ON",
                  "-DVMC_TESTS=OFF", "-DVMC_PYTHON=OFF"], "configuring")
        for target in targets:
            try:
                paths[target] = _existing(target) if no_build else _built(target)
            except Unbuilt as error:
                failures.append(str(error))
    except Unbuilt as error:
        failures.append(str(error))
    return paths


def _built(target: str) -> pathlib.Path:
    _run(["cmake", "--build", str(DIRECTORY), "-j", "2", "--target", target], f"building {target}")
    return DIRECTORY / "bin" / target


def _existing(target: str) -> pathlib.Path:
    path = DIRECTORY / "bin" / target
    if not path.exists():
        raise Unbuilt(f"{path} is not built yet")
    return path


def _run(command, what) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)
    try:
        done = subprocess.run(command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except FileNotFoundError as error:
        raise Unbuilt(f"{error.filename} is missing: {HINT}") from error
    if done.returncode != 0:
        print(done.stdout[-4000:], file=sys.stderr)
        raise Unbuilt(f"{what} failed")
