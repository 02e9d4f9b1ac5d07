# SPDX-License-Identifier: Apache-2.0
from vm_connection._lines import LONGEST_LINE, Lines


def lines_of(*pieces, prefix=""):
    told = []
    lines = Lines(told.append, prefix)
    for piece in pieces:
        lines.feed(piece)
    lines.end()
    return told


def test_a_line_is_told_once_it_is_whole_and_without_its_newline():
    assert lines_of(b"one\ntw", b"o\n", b"\nthree") == ["one", "two", "", "three"]


def test_no_output_is_no_line():
    assert lines_of() == lines_of(b"") == []
    assert lines_of(b"\n") == [""]


def test_a_character_cut_in_two_by_the_wire_arrives_whole():
    assert lines_of("grün".encode()[:3], "grün".encode()[3:]) == ["grün"]


def test_what_is_not_utf8_is_replaced():
    assert lines_of(b"a\xff\xfeb\n") == ["a\ufffd\ufffdb"]


def test_stderr_lines_are_marked():
    assert lines_of(b"oops\nagain\n", prefix="STDERR: ") == ["STDERR: oops", "STDERR: again"]


def test_a_line_without_end_comes_in_pieces_and_loses_nothing():
    text = "ü" * LONGEST_LINE
    pieces = lines_of(text.encode())
    assert len(pieces) > 1 and "".join(pieces) == text
