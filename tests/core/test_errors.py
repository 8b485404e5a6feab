"""The sentence of an error: its file, what is wrong, and how to mend it, once each."""

import re
from pathlib import Path

import pytest
from sentences import said

from tempose.core.errors import InputError, PoseError, TemposeError, about, called, sayable, unknown


def raised(error, *within):
    """The error, after it went through the given contexts, the innermost first."""
    try:
        for context in within:
            try:
                with context:
                    raise error
            except TemposeError as again:
                error = again
    finally:
        assert isinstance(error, TemposeError)
    return error


def test_the_sentence_names_the_file_and_the_remedy_once():
    assert str(PoseError("nobody was found")) == "nobody was found"
    error = PoseError("nobody was found", path="a/me.png", remedy="take another photo")
    assert str(error) == "a/me.png: nobody was found; take another photo"
    assert (error.message, error.path, error.remedy) == ("nobody was found", Path("a/me.png"), "take another photo")
    assert str(InputError("a/me.png is empty", path="a/me.png")) == "a/me.png is empty"
    assert isinstance(error, ValueError)


def test_an_error_is_about_the_innermost_file():
    error = raised(PoseError("nobody was found"), about("inner.png"), about("outer.png"))
    assert (error.path, str(error)) == (Path("inner.png"), "inner.png: nobody was found")


def test_files_are_called_as_their_owner_calls_them():
    error = raised(
        PoseError("/tmp/x/poses/1.json is damaged"),
        called({Path("/tmp/x/poses"): "poses"}), called({Path("/tmp/me.png"): "me.png"}),
    )  # fmt: skip
    assert str(error) == "poses/1.json is damaged"
    assert (
        str(raised(PoseError("nobody"), about("/tmp/me.png"), called({Path("/tmp/me.png"): "I.png"})))
        == "I.png: nobody"
    )


def test_what_is_not_known_is_told_with_the_nearest_that_is():
    error = unknown("motion", "wlak", ["walk", "run"], path="moves.csv")
    assert str(error) == "moves.csv: there is no motion 'wlak'; did you mean 'walk'? known: walk, run"
    assert (error.path, error.remedy) == (Path("moves.csv"), "did you mean 'walk'? known: walk, run")
    assert str(unknown("motion", "x", iter(["walk"]))) == "there is no motion 'x'; known: walk"
    with pytest.raises(InputError), about("a"):
        raise InputError("b")


def test_a_sentence_stays_one_line_whatever_the_names_in_it():
    assert str(InputError("\x1b[2J\na\ud800 is none", path="\x07")) == "\\x07: \\x1b[2J\\na\\ud800 is none"
    assert sayable("Фото 写真.jpg – é") == "Фото 写真.jpg – é"
    long = str(InputError("x" * 1_000_000, remedy="name another"))
    assert len(long) < 2010
    assert long.endswith("; name another")


def test_an_address_stays_as_it_is():
    assert (
        str(InputError("s3://bucket//a.csv has no jobs", path="s3://bucket//a.csv")) == "s3://bucket//a.csv has no jobs"
    )


def test_remedies_and_paths_stand_beside_the_message():
    errors = list(said())
    assert len(errors) > 300
    # Behind a semicolon a message says what is wanted; what to do is the remedy.
    remedies = "; (?!wanted)|pip install|: (give|choose|name) "
    assert [each for each in errors if re.search(remedies, each.message)] == []
    paths = r"\{(path|folder|file|out|table|sheet|photos|motions|self\.path|self\.folder)\}"
    assert [each for each in errors if re.search(paths, each.message) and "path" not in each.beside] == []
