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


@pytest.mark.parametrize("name", ["self", "given", "changes", "model_config", "__class__", ""])
def test_no_name_of_python_s_is_one_of_a_setting(name):
    for ask in (Some, Some().changed):
        with pytest.raises(InputError, match=f"there is no setting '{name}'"):
            ask(**{name: 1})


def test_a_number_that_no_machine_holds_is_refused_as_any_other():
    for name in ("kind", "size", "share", "place"):
        with pytest.raises(InputError, match=f"{name} is 1000"):
            Some(**{name: 10**400})


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
        ({"frame": "16x"}, "the size is '16x'; wanted HEIGHTxWIDTH in pixels, such as 128x96"),
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


def test_names_and_texts_that_can_be_no_file_are_refused():
    with pytest.raises(InputError, match="there is no setting"):
        AnimateSettings(**{"\ud800": 1})
    for given in ("a\0b", Path("a\0b")):
        with pytest.raises(InputError, match=r"mask is .*without a null byte"):
            AnimateSettings(mask=given)


def test_some_of_the_fields_make_settings_of_their_own():
    kind = Some.some("kind", "share")
    assert [entry.name for entry in kind.entries()] == ["kind", "share"]
    assert kind().share == Some().share
    with pytest.raises(InputError, match="did you mean 'share'"):
        kind(shore=0.5)
    with pytest.raises(InputError, match="share is -7; wanted a number, more than 0"):
        kind(share=-7)
