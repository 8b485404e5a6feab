"""The sentences that the package says, read in its source: of errors and of notes."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import tempose
from tempose.core import errors

PACKAGE = Path(tempose.__file__).parent
KINDS = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.TemposeError)
}


class Sentence(NamedTuple):
    """What stands in a call: the message, and what is told beside it; `{…}` for what is filled in."""

    place: str
    message: str
    beside: dict[str, str]


def written(node: ast.expr) -> str:
    """A text as it stands in the source; of two texts to choose from the first."""
    match node:
        case ast.JoinedStr():
            return "".join(map(written, node.values))
        case ast.FormattedValue(value=ast.IfExp(body=ast.Constant(value=str(text)))):
            return text
        case ast.FormattedValue():
            return f"{{{ast.unparse(node.value)}}}"
        case ast.IfExp():
            return written(node.body)
        case ast.Constant(value=str(text)):
            return text
    return ""


def said(names: Collection[str] = KINDS) -> Iterator[Sentence]:
    """Every call of the functions or classes of those names whose first argument is a text."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names and node.args:
                beside = {each.arg or "": written(each.value) for each in node.keywords}
                yield Sentence(f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}", written(node.args[0]), beside)
