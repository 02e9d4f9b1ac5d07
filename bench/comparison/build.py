"""Builds what is measured, in a build directory of its own."""

import pathlib
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
DIRECTORY = REPOSITORY / "build" / "bench"
HINT = "apt-get install cmake ninja-build g++ pkg-config libssh-dev libboost1.81-dev"


class Unbuilt(Exception):
    """One sentence."""


def configure() -> None:
    _run(["cmake", "--preset", "release", "-B", str(DIRECTORY), "-DVMC_BENCH=ON",
          "-DVMC_TESTS=OFF", "-DVMC_PYTHON=OFF"], "configuring")


def program(target: str) -> pathlib.Path:
    _run(["cmake", "--build", str(DIRECTORY), "-j", "2", "--target", target], f"building {target}")
    return DIRECTORY / "bin" / target


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
