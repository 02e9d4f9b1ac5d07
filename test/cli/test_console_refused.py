# SPDX-License-Identifier: Apache-2.0
"""vmc console where there is nothing to read, or nothing that makes sense: one line, and the code for it."""

import os
import socket

import pytest
from consoles import HOST, source  # noqa: F401


def test_no_console_is_64(vmc):
    ended = vmc("console", HOST)
    assert ended.code == 64 and "it has no console" in ended.err and len(ended.err.splitlines()) == 1, ended


@pytest.mark.parametrize("words", [["--lines", "-1"], ["--lines", "many"], ["--lines", "9999999"], ["--", "x"]])
def test_what_makes_no_sense_is_64(vmc, source, words):
    source("file")
    ended = vmc("console", HOST, *words)
    assert ended.code == 64 and ended.out == "" and len(ended.err.splitlines()) == 1, ended


@pytest.mark.parametrize("kind, make, complaint", [
    ("socket", lambda path: None, "No such file or directory"),
    ("socket", lambda path: path.mkdir(), "a directory, no socket"),
    ("socket", lambda path: path.write_text(""), "no socket"),
    ("socket", lambda path: socket.socket(socket.AF_UNIX).bind(os.fspath(path)), "Connection refused"),
    ("file", lambda path: None, "No such file or directory"),
    ("file", lambda path: path.mkdir(), "a directory, no file"),
    ("file", lambda path: os.mkfifo(path), "no regular file"),
])
def test_a_source_that_cannot_be_read_is_said_in_one_line(vmc, source, kind, make, complaint):
    path = source(kind)
    make(path)
    ended = vmc("console", HOST)
    assert ended.code == 125 and f"{path}: {complaint}" in ended.err and len(ended.err.splitlines()) == 1, ended
    assert ended.out == "" and ended.seconds < 20


@pytest.mark.parametrize("kind", ["socket", "file"])
def test_what_is_no_console_is_not_waited_for(vmc, source, kind):
    source(kind).mkdir()
    ended = vmc("console", HOST, "-f")
    assert ended.code == 125 and "a directory" in ended.err and len(ended.err.splitlines()) == 1, ended


def test_a_program_that_is_not_there_is_said(vmc, source):
    source("command", ["no-such-program-of-ours", "x"])
    ended = vmc("console", HOST)
    assert ended.code == 125 and "cannot start no-such-program-of-ours: No such file" in ended.err, ended


@pytest.mark.parametrize("lines, complaint", [
    ('[host."h".console]\ntype = "pty"', ':2: console.type must be "socket", "file" or "command"'),
    ('[host."h".console]\npath = "/x"', ":1: console.type is missing"),
    ('[host."h".console]\ntype = 7', ":2: console.type must be one line of text"),
    ('[host."h".console]\ntype = "socket"', ":1: console.path is missing"),
    ('[host."h".console]\ntype = "file"\npath = ["/x"]', ":3: console.path must be one line of text"),
    ('[host."h".console]\ntype = "file"\npath = ""', ":3: console.path must be one line of text"),
    ('[host."h".console]\ntype = "command"', ":1: console.command is missing"),
    ('[host."h".console]\ntype = "command"\ncommand = "tail -F x"', ":3: console.command must be a list of words"),
    ('[host."h".console]\ntype = "command"\ncommand = []', ":3: console.command must be a list of words"),
    ('[host."h".console]\ntype = "command"\ncommand = ["x", 1]', ":3: console.command must be a list of words"),
    ('[host."h".console]\ntype = "command"\ncommand = [""]', ":3: console.command begins with an empty word"),
    ('[host."h".console]\ntype = "socket"\npath = "/x"\nwait = 1', ":4: console.wait is no setting of a console"),
    ('[host."h"]\nconsole = "/x"', ":2: console must be a table"),
])
def test_a_mistake_in_the_configuration_names_its_line(vmc, lines, complaint):
    vmc.settings(lines + "\n")  # of another host: found before it matters
    ended = vmc("console", HOST)
    assert ended.code == 125 and complaint in ended.err and len(ended.err.splitlines()) == 1, ended
