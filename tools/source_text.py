"""C++ text as the house's checks read it: which files there are, and code without its comments."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
CPP = (".hpp", ".cpp", ".h", ".c")


def files(root: pathlib.Path = ROOT) -> list[str]:
    """Paths of the project's files, tracked or about to be; what git ignores is not ours."""
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            check=True, capture_output=True, text=True, timeout=60).stdout
    return sorted(path for path in set(listed.split("\0")) if path and (root / path).is_file())


def is_cpp(path: str) -> bool:
    return path.endswith(CPP)


_TOKENS = re.compile(
    r'R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'  # raw string
    r'|"(?:\\.|[^"\\\n])*"'                          # string
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'"         # character; not the ' of 1'000
    r"|//[^\n]*|/\*.*?\*/", re.S)


def bare(text: str) -> str:
    """The code with comments gone and literals emptied; every line stays where it was."""
    def blank(match: re.Match) -> str:
        token = match.group(0)
        newlines = "\n" * token.count("\n")
        if token.startswith(("//", "/*")):
            return " " + newlines
        return token[-1] + newlines + token[-1]
    return _TOKENS.sub(blank, text)


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
