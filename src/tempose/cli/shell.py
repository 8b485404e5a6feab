"""What all commands share: how options are made of settings, what is said to people, and what to programs."""

from __future__ import annotations

import inspect
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import typer
from typer.core import TyperCommand, TyperGroup

from tempose.core.errors import InputError, TemposeError, sayable
from tempose.core.files import REMEDIES, remove_leftovers
from tempose.core.progress import bar, end_bars, quiet
from tempose.core.streams import make_steadfast

if TYPE_CHECKING:
    from tempose.core.settings import Entry, Settings

# Metavariables by type, where a command gives none.
METAVARS = {bool: "", int: "N", float: "NUMBER", Path: "PATH", str: "TEXT"}

Address = Annotated[
    str | None,
    typer.Option(
        metavar="auto|HOST:PORT",
        help=r"A Ray cluster; auto: the one that runs here. [dim]\[default: this machine alone][/dim]",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there already.")]
MODEL = "A name that ships, a folder of weights, or OWNER/NAME on the Hub."


class Tidy:
    """A command whose help names every value once, in capitals: no `<path>` beside PHOTO, nothing beside a switch."""

    def get_params(self, ctx: Any) -> Any:
        """Its parameters."""
        found = super().get_params(ctx)  # type: ignore[misc]
        for each in found:
            if each.param_type_name == "argument":
                each.display_type_rich = lambda ctx: None
            elif each.is_flag and each.metavar is None:
                each.metavar = ""
        return found


class Command(Tidy, TyperCommand):
    """One command."""


class Group(Tidy, TyperGroup):
    """Commands under a name. Those with settings get their options when they are called: `tempose --help` is quick."""

    def resolve_command(self, ctx: Any, args: Any) -> Any:
        """The command that is called."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, COMPLETED[name]() if name in COMPLETED else found, rest


# Commands with settings → what makes them with all of their options.
COMPLETED: dict[str | None, Callable[[], Any]] = {}

LOOK: dict[str, Any] = {
    "pretty_exceptions_enable": False,
    "rich_markup_mode": "rich",
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


app = typer.Typer(
    cls=Group,
    name="tempose",
    help="One photo of a person and one motion in, a video of that person moving out.",
    epilog="Examples: [bold]tempose demo[/bold] · [bold]tempose animate me.jpg walk[/bold] · "
    "[bold]tempose animate --help[/bold]",
    no_args_is_help=True,
    **LOOK,
)


@dataclass(frozen=True)
class Shell:
    """How a command speaks.

    Attributes:
        quiet: nothing but errors.
        verbose: also what the settings come to, and the logs.
        as_json: one line of JSON as the result, on stdout alone.
    """

    quiet: bool = False
    verbose: bool = False
    as_json: bool = False

    def track(self, items: Iterable, label: str, total: int | None = None) -> Iterable:
        """The items, under a bar on stderr."""
        return (quiet if self.quiet else bar)(items, label, total)

    def note(self, text: str) -> None:
        """What had to be guessed or changed, on stderr."""
        if not self.quiet:
            typer.echo(f"note: {sayable(text)}", err=True)

    def detail(self, text: str) -> None:
        """What only some want to know, on stderr."""
        if self.verbose:
            typer.echo(sayable(text), err=True)

    def done(self, text: str, **facts: Any) -> None:
        """The result: in words, or as JSON."""
        if self.as_json:
            typer.echo(json.dumps(facts, ensure_ascii=False, default=str))
        elif not self.quiet:
            typer.echo("\n".join(map(sayable, text.split("\n"))))


Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.", rich_help_panel="Output")]
Verbose = Annotated[
    bool, typer.Option("-v", "--verbose", help="Say more: settings and logs.", rich_help_panel="Output")
]
Json = Annotated[
    bool, typer.Option("--json", help="Write the result as one line of JSON to stdout.", rich_help_panel="Output")
]
SPEECH = {"quiet": Quiet, "verbose": Verbose, "as_json": Json}

Config = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Settings from a YAML file; those of the command line come first."),
]


def command(
    name: str, *, group: str, settings: str | None = None, under: typer.Typer = app
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a function to the command line, in a group of its help.

    Its first argument is the `Shell`. With a class of settings, as "module:Class", which is imported when the command
    is called, each of their fields becomes an option, and `--config` is added. The function then gets them as
    `settings`; or, where it has `changes` instead, what was given of them.
    """

    def add(run: Callable[..., None]) -> Callable[..., None]:
        told: dict[str, Any] = {"cls": Command, "rich_help_panel": group}
        if settings is None:
            under.command(name, **told)(as_typed(run, None))
            return run

        def completed() -> Any:
            alone = typer.Typer(add_completion=False, **LOOK)
            module, _, kind = settings.partition(":")
            alone.command(name, **told)(as_typed(run, getattr(import_module(module), kind)))
            return typer.main.get_command(alone)

        COMPLETED[name] = completed
        under.command(name, help=run.__doc__, **told)(lambda: None)
        return run

    return add


def as_typed(run: Callable[..., None], settings: type[Settings] | None) -> Callable[..., None]:
    """A command's function as typer reads it: with options for the settings, and for how the command speaks."""
    kinds = {} if settings is None else {each.__name__: each for each in settings.__mro__}
    given_to = inspect.signature(run, eval_str=True, locals=kinds).parameters
    takes = next((name for name in given_to if settings is not None and name in ("settings", "changes")), "")
    own = [each for each in list(given_to.values())[1:] if each.name != takes]
    entries = [] if settings is None else list(settings.entries())

    def shown(**given: Any) -> None:
        shell = Shell(**{key: given.pop(key) for key in SPEECH})
        if shell.verbose:
            logging.basicConfig(level=logging.INFO)
        if settings is not None:
            from tempose.core.settings import read_mapping

            file = given.pop("config")
            typed = {entry.name: given.pop(entry.name) for entry in entries}
            typed = {key: value for key, value in typed.items() if value is not None}
            typed = {**({} if file is None else read_mapping(file)), **typed}
            given[takes] = settings(**typed) if takes == "settings" else typed
        run(shell, **given)

    parameters = [parameter(each.name, with_metavar(each), each.default) for each in own]
    parameters += [parameter(entry.name, option(entry), None) for entry in entries]
    parameters += [] if settings is None else [parameter("config", Config, None)]
    parameters += [parameter(key, with_metavar(parameter(key, kind, False)), False) for key, kind in SPEECH.items()]
    shown.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    shown.__annotations__ = {each.name: each.annotation for each in parameters}
    shown.__doc__, shown.__name__, shown.__module__ = run.__doc__, run.__name__, run.__module__
    return shown


def parameter(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    """A parameter by name."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def with_metavar(given: inspect.Parameter) -> Any:
    """The type of a command's own parameter, with a metavariable in the one style."""
    if get_origin(given.annotation) is not Annotated:
        raise TypeError(f"{given.name} has no help")
    kind, told = get_args(given.annotation)
    if told.metavar is None and isinstance(told, typer.models.ArgumentInfo):
        told.metavar = given.name.upper()
    elif told.metavar is None:
        inner = next((each for each in get_args(kind) if each is not type(None)), kind)
        told.metavar = METAVARS[inner]
    return Annotated[kind, told]


def option(entry: Entry) -> Any:
    """The type of an option made of a field of settings; what is typed is checked by the settings."""
    from tempose.core.settings import as_word

    default = entry.shown.unset if entry.default is None else as_word(entry.default)
    told = entry.help + ("" if not default or entry.default is False else rf" [dim]\[default: {default}][/dim]")
    if entry.kind is bool:
        return Annotated[bool | None, typer.Option(f"{entry.option}/--no{entry.option[1:]}", metavar="", help=told)]
    choices = list(entry.choices)
    return Annotated[
        str | None,
        typer.Option(
            entry.option, metavar=entry.metavar, help=told, autocompletion=(lambda: choices) if choices else None
        ),
    ]


def check_output(
    path: Path, *, overwrite: bool, inputs: Iterable[Path | str] = (), finished: Callable[[Path], bool] = Path.is_file
) -> Path:
    """Where a result is to be written, if it may be.

    Args:
        finished: whether a folder is a result that may be replaced, too.

    Raises:
        InputError: it is standard output, or something is there already that is not an input.
    """
    if str(path) == "-":
        raise InputError("a result cannot be written to standard output", remedy="name a file, such as -o out.mp4")
    remove_leftovers(path)
    there = (path.is_file() or finished(path)) and path.resolve() not in {Path(each).resolve() for each in inputs}
    if there and not overwrite:
        raise InputError("it is there already", path=path, remedy="name another output, or give --overwrite")
    return path


def tell_error(text: str, facts: Mapping[str, Any]) -> None:
    """A mistake, in one line on stderr; for programs also as JSON on stdout."""
    text = sayable(text)
    typer.echo(f"error: {text}", err=True)
    if "--json" in sys.argv:
        typer.echo(json.dumps({"error": text, **facts}, ensure_ascii=False))


# What torch says, on processors and GPUs, where others raise a MemoryError.
NO_MEMORY = ("can't allocate memory", "out of memory")


def main() -> None:
    """Run a command line; a user's mistake ends in one sentence and exit code 2."""
    make_steadfast()
    # Threads that wait for one another sleep rather than spin: many times faster on a machine with other work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # What torch cannot compute on an Apple GPU it computes on the processor, rather than not at all.
    os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")
    try:
        app()
    except TemposeError as error:
        end_bars(error)
        path = None if error.path is None else str(error.path)
        tell_error(str(error), {"path": path, "remedy": error.remedy})
        sys.exit(2)
    except OSError as error:
        end_bars(error)
        place = f"{error.filename}: " if error.filename else ""
        remedy = REMEDIES.get(error.errno or 0)
        hint = f"; {remedy}" if remedy else ""
        tell_error(f"{place}{error.strerror or error}{hint}", {"path": error.filename, "remedy": remedy})
        sys.exit(2)
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, MemoryError) and not any(words in str(error) for words in NO_MEMORY):
            raise
        end_bars(error)
        remedy = "ask for less at once, such as fewer frames or a smaller size"
        tell_error(f"there is not enough memory for this; {remedy}", {"path": None, "remedy": remedy})
        sys.exit(2)
