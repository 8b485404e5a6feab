"""Settings are checked where they are made, and describe themselves."""

from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field, field_validator

from tempose.animation.settings import AnimateSettings
from tempose.core.errors import InputError
from tempose.core.settings import EvenSize, Settings, Shown, Size, read_mapping


class Some(Settings):
    """Of every kind."""

    kind: Literal["a", "b"] = "a"
    """One of
    two."""

    size: Annotated[int | None, Field(ge=4, le=8), Shown("PIXELS", unset="as it is")] = None
    share: Annotated[float, Field(gt=0)] = 0.1
    frame: EvenSize = Size(16, 8)
    drawn: bool = False
    file: Path | None = None
    place: tuple[float, float] | None = None

    @field_validator("file")
    @classmethod
    def _ends(cls, file):
        if file is not None and not file.suffix:
            raise InputError("the file has no ending")
        return file


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"kind": "c"}, "kind is 'c'; wanted a or b"),
        ({"size": 3}, "size is 3; wanted a whole number from 4 to 8"),
        ({"size": "3"}, "size is 3; wanted a whole number from 4 to 8"),
        ({"size": 4.5}, "size is 4.5; wanted a whole number from 4 to 8"),
        ({"share": "x"}, "share is 'x'; wanted a number, more than 0"),
        ({"share": float("nan")}, "share is nan; wanted a number, more than 0"),
        (
            {"sise": 3},
            "there is no setting 'sise'; did you mean 'size'? known: kind, size, share, frame, drawn, file, place",
        ),
        ({"frame": "16"}, "the size is '16'; wanted HEIGHTxWIDTH in pixels, such as 128x96"),
        ({"frame": (16, 9)}, "the size is 16x9; wanted HEIGHTxWIDTH, both even and 8 or more"),
        ({"file": "a"}, "the file has no ending"),
        ({"kind": None, "share": 0}, "kind is None; wanted a or b; share is 0; wanted a number, more than 0"),
    ],
)
def test_what_does_not_fit_is_one_sentence(given, sentence):
    with pytest.raises(InputError) as caught:
        Some(**given)
    assert str(caught.value) == sentence
    with pytest.raises(InputError):
        Some().changed(**given)


def test_words_and_records_make_the_same_again():
    made = Some(kind="b", size="5", file="a.txt", place=(1, 2.5))
    assert made.options() == ["--kind", "b", "--size", "5", "--file", "a.txt", "--place", "1,2.5"]
    assert made.options(file="b.txt")[5] == "b.txt"
    assert Some(**made.as_dict()) == made
    assert Some().options() == []
    small = Some(frame="32×24", drawn=True)
    assert small.frame == (32, 24)
    assert small.options() == ["--frame", "32x24", "--drawn"]
    assert Some(**small.as_dict()) == small
    assert {made: 1}[made.changed(size=5)] == 1


def test_fields_describe_themselves():
    entries = {entry.name: entry for entry in Some.entries()}
    metavars = ["a|b", "PIXELS", "NUMBER", "HEIGHTxWIDTH", "", "FILE", "TEXT"]
    assert [entry.metavar for entry in entries.values()] == metavars
    assert (entries["kind"].help, entries["kind"].choices) == ("One of two.", ("a", "b"))
    assert (entries["size"].optional, entries["share"].optional) == (True, False)
    assert entries["size"].shown.unset == "as it is"


def test_a_mapping_is_read_from_yaml(tmp_path):
    (tmp_path / "a.yaml").write_text("size: 5\n")
    assert read_mapping(tmp_path / "a.yaml") == {"size": 5}
    for text in ("[", "- a", "", "1: 2"):
        (tmp_path / "a.yaml").write_text(text)
        with pytest.raises(InputError, match=r"a\.yaml"):
            read_mapping(tmp_path / "a.yaml")


def test_a_name_that_is_none_is_a_type_error_too():
    with pytest.raises(TypeError, match="there is no setting 'sise'"):
        AnimateSettings(sise=3)
    with pytest.raises(InputError) as told:
        AnimateSettings(steps=0)
    assert not isinstance(told.value, TypeError)
