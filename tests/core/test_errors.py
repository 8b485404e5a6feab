"""The sentence of an error: its file, what is wrong, and how to mend it, once each."""

from pathlib import Path

import pytest

from tempose.core.errors import InputError, PoseError, TemposeError, about, called, unknown


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
    assert (
        unknown("motion", "wlak", ["walk", "run"]) == "there is no motion 'wlak'; did you mean 'walk'? known: walk, run"
    )
    assert unknown("motion", "x", iter(["walk"])) == "there is no motion 'x'; known: walk"
    with pytest.raises(InputError), about("a"):
        raise InputError("b")
