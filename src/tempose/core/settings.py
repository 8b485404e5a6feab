"""Settings: typed, frozen, checked where they are made, and described in one place.

A class of settings is the one list of what can be asked for. The command line's options, a configuration
file, the HTTP interface and the page's form are made of its fields; the text under a field is their help.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, NamedTuple, Self, Union, get_args, get_origin

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError, create_model
from pydantic.fields import FieldInfo

from tempose.core.errors import InputError, KeywordError, unknown


@dataclass(frozen=True)
class Shown:
    """How a field is shown to people.

    Attributes:
        metavar: what its value is called in the help; by default it follows from the type.
        title: its label on the page; without one it is not offered to visitors, only to the machine's owner.
        names: the page's words for the choices, in their order.
        unset: what happens where nothing is given, instead of a default.
        option: on the command line, where it is not the field's name.
    """

    metavar: str = ""
    title: str = ""
    names: tuple[str, ...] = ()
    unset: str = ""
    option: str = ""


class Size(NamedTuple):
    """Height and width of pictures in pixels; as text 128x96."""

    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.height}x{self.width}"


def parse_size(given: Any) -> Any:
    """A text such as 128x96 as a `Size`; anything else as it is.

    Raises:
        ValueError: the text is of another form.
    """
    if not isinstance(given, str):
        return given
    height, _, width = given.lower().replace("×", "x").partition("x")
    try:
        return Size(int(height), int(width))
    except ValueError:
        raise ValueError(f"the size is {given!r}; wanted HEIGHTxWIDTH in pixels, such as 128x96") from None


def _even(size: Size) -> Size:
    if min(size) < 8 or size.height % 2 or size.width % 2:
        raise ValueError(f"the size is {size}; wanted HEIGHTxWIDTH, both even and 8 or more")
    return size


# The size of the pictures of a dataset.
EvenSize = Annotated[Size, BeforeValidator(parse_size), AfterValidator(_even), Shown("HEIGHTxWIDTH")]


class Settings(BaseModel):
    """Values by name, each with a type, bounds, a default and a docstring.

    Raises:
        KeywordError: a name is unknown; the nearest valid one is told.
        InputError: a value of the wrong type or out of range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    def __init__(self, /, **given: Any) -> None:
        for name, value in given.items():
            if name not in type(self).model_fields:
                raise unknown("setting", name, type(self).model_fields, error=KeywordError)
            if isinstance(value, (str, Path)) and "\0" in str(value):
                raise InputError(f"{name} is {str(value)!r}; wanted a text without a null byte")
        try:
            super().__init__(**given)
        except ValidationError as error:
            raise InputError("; ".join(problem_told(each, type(self)) for each in error.errors())) from None

    @classmethod
    def entries(cls) -> Iterator[Entry]:
        """The fields of these settings, in their order, as the command line and the page describe them."""
        return (Entry(name, field) for name, field in cls.model_fields.items())

    @classmethod
    def some(cls, *names: str) -> type[Settings]:
        """Settings of some of these fields alone, each as it is here."""
        fields: dict[str, Any] = {name: (cls.model_fields[name].annotation, cls.model_fields[name]) for name in names}
        return create_model(f"Some{cls.__name__}", __base__=Settings, **fields)

    def changed(self, /, **changes: Any) -> Self:
        """The same settings with some values changed; they are checked anew."""
        return type(self)(**{**dict(self), **changes})

    def options(self, **instead: Any) -> list[str]:
        """The words of the command line that say what differs from the defaults, with some values called otherwise."""
        told = ((entry, instead.get(entry.name, getattr(self, entry.name))) for entry in self.entries())
        return [word for entry, value in told if value != entry.default for word in entry.words(value)]

    def as_dict(self) -> dict[str, Any]:
        """Name → value, as plain values that JSON can hold."""
        return self.model_dump(mode="json")


def problem_told(problem: Any, kind: type[BaseModel]) -> str:
    """One problem that pydantic found with values of a kind, or of its sections, as a sentence."""
    place, found, within = [str(each) for each in problem["loc"]], "", kind
    for depth, part in enumerate(place):  # what follows the field is an item of it, or one of its types
        if part not in within.model_fields:
            break
        found, kind, inner = ".".join(place[: depth + 1]), within, within.model_fields[part].annotation
        within = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else BaseModel
    if problem["type"] == "extra_forbidden":
        return str(unknown("setting", ".".join(place), [".".join([*place[:-1], each]) for each in within.model_fields]))
    if problem["type"] == "missing":
        return f"{'.'.join(place)} is missing"
    if problem["type"] == "value_error":  # of a validator of ours, which says all that is to be said
        return str(problem["ctx"]["error"])
    given = problem["input"]
    said = given if is_number(given) else reprlib.repr(given)
    if problem["type"].startswith("model") or any(isinstance(each, int) for each in problem["loc"]):
        return f"{'.'.join(place)} is {said}; {problem['msg'][0].lower()}{problem['msg'][1:]}"
    field = found.rpartition(".")[2]
    return f"{found} is {said}; wanted {Entry(field, kind.model_fields[field]).wanted}"


@dataclass(frozen=True)
class Entry:
    """A field of settings, as the command line and the page describe it."""

    name: str
    field: FieldInfo

    @property
    def option(self) -> str:
        """The option that sets it on the command line, such as `--max-frames`."""
        return self.shown.option or f"--{self.name.replace('_', '-')}"

    @property
    def negated(self) -> str:
        """The option that switches it off, of a field that is true or false, such as `--no-pose`."""
        return f"--no{self.option[1:]}"

    def words(self, value: Any) -> tuple[str, ...]:
        """How a value is said on the command line."""
        if self.kind is bool:
            return (self.option if value else self.negated,)
        return self.option, as_word(value)

    @property
    def help(self) -> str:
        """What the field is, in one line: its docstring."""
        return " ".join((self.field.description or "").split())

    @property
    def default(self) -> Any:
        return self.field.default

    @property
    def shown(self) -> Shown:
        return next((each for each in self.field.metadata if isinstance(each, Shown)), Shown())

    @property
    def optional(self) -> bool:
        """Whether it may be left unset, as None."""
        return type(None) in get_args(self.field.annotation)

    @property
    def kind(self) -> Any:
        """The type of its values, None aside; of several types the first."""
        annotation: Any = self.field.annotation
        if get_origin(annotation) in (Union, UnionType):
            annotation = next(each for each in get_args(annotation) if each is not type(None))
        return annotation

    @property
    def choices(self) -> tuple[str, ...]:
        """Its values, where they can be listed in full; else empty."""
        kinds = [self.field.annotation]
        if get_origin(kinds[0]) in (Union, UnionType):
            kinds = [each for each in get_args(kinds[0]) if each is not type(None)]
        return get_args(kinds[0]) if len(kinds) == 1 and get_origin(kinds[0]) is Literal else ()

    @property
    def bounds(self) -> dict[str, float]:
        """The bounds of a number, by pydantic's names: `ge`, `gt`, `le`, `lt`, those that there are."""
        found: dict[str, float] = {}
        for each in self.field.metadata:
            found |= {key: getattr(each, key) for key in ("ge", "gt", "le", "lt") if hasattr(each, key)}
        return found

    @property
    def metavar(self) -> str:
        if self.shown.metavar or self.choices:
            return self.shown.metavar or "|".join(self.choices)
        return {bool: "", int: "N", float: "NUMBER", Path: "FILE"}.get(self.kind, "TEXT")

    @property
    def wanted(self) -> str:
        """What a value must be, in words."""
        if self.choices:
            return " or ".join(filter(None, (", ".join(self.choices[:-1]), self.choices[-1])))
        kinds = {int: "a whole number", float: "a number", bool: "true or false", Path: "a path"}
        bounds = {key: as_word(value) for key, value in self.bounds.items()}
        if {"ge", "le"} <= set(bounds):
            limits = f" from {bounds['ge']} to {bounds['le']}"
        else:
            words = {"ge": "{} or more", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}
            limits = "".join(f", {words[key].format(value)}" for key, value in bounds.items())
        return f"{kinds.get(self.kind, self.metavar)}{limits}"


def is_number(given: Any) -> bool:
    """Whether something is a number, or a text that says one."""
    try:
        return float(given) is not None
    except (TypeError, ValueError, OverflowError):
        return False


def as_word(value: Any) -> str:
    """A value as it is typed on the command line."""
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, tuple) and not isinstance(value, Size):
        return ",".join(map(as_word, value))
    return str(value)


def read_mapping(path: Path | str) -> dict[str, Any]:
    """Keys and values from a YAML file.

    Raises:
        InputError: it cannot be read, or holds something else.
    """
    from tempose.core.reading import read_yaml

    try:
        fields = read_yaml(path)
    except FileNotFoundError:
        raise InputError(f"there is no configuration {path}", path=path) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}", path=path) from error
    if not isinstance(fields, dict) or not all(isinstance(key, str) for key in fields):
        raise InputError(f"{path} holds no configuration; wanted keys and values", path=path)
    return fields
