"""One self-contained HTML page: style, tables and videos, without any outside file.

Light and dark follow the reader's setting; on a phone tables scroll by themselves.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

STYLE = """
:root { color-scheme: light dark;
  --ground: #fcfcfb; --ink: #1b1b1a; --faint: #6a6a66; --rule: #dcdcd7; --mark: #eef3fb;
  --line-0: #6a6a66; --line-1: #b4690e; --line-2: #0b7d6b; --line-3: #2458c5; --line-4: #a3256d;
  --line-5: #6b4fc0; --line-6: #4d7a10; --line-7: #b3392f; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #171716; --ink: #ecece8; --faint: #a2a29b; --rule: #3a3a37; --mark: #202a3a;
  --line-0: #a2a29b; --line-1: #e8a04a; --line-2: #3fc4ae; --line-3: #7ba6ff; --line-4: #ef7fbd;
  --line-5: #b39dff; --line-6: #a3d15c; --line-7: #ff8d80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 62rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.15rem; margin: 2.4rem 0 .6rem; }
h3 { font-size: 1rem; margin: 0 0 .3rem; font-weight: 600; }
p { max-width: 44rem; margin: .4rem 0; }
.faint, small, figcaption, caption { color: var(--faint); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { text-align: right; padding: .35rem .7rem; border-bottom: 1px solid var(--rule); white-space: nowrap;
  vertical-align: top; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: var(--ground);
  white-space: normal; overflow-wrap: anywhere; min-width: min(8.5rem, 35vw); max-width: 16rem; }
@media (max-width: 40rem) { th, td { padding: .35rem .4rem; } table { font-size: .8rem; } }
td small { display: block; font-size: .78em; }
td.best { font-weight: 650; background: var(--mark); }
td.wide { white-space: normal; text-align: left; min-width: 16rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); gap: 1.2rem; }
svg { width: 100%; height: auto; display: block; }
svg text { font: 12px system-ui, sans-serif; fill: var(--faint); }
.grid { stroke: var(--rule); } .join { stroke: var(--faint); stroke-width: 2; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: .6rem 0; padding: 0; list-style: none; }
.legend svg { width: 2.2rem; height: .8rem; display: inline-block; vertical-align: middle; margin-right: .4rem; }
figure { margin: 0 0 1.6rem; }
.views { min-width: 38rem; max-width: 54rem; }
video { display: block; width: 100%; border: 1px solid var(--rule); }
.columns { display: grid; grid-auto-columns: 1fr; grid-auto-flow: column; font-size: .75rem;
  color: var(--faint); text-align: center; line-height: 1.15; padding: .2rem 0; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--mark); padding: .7rem; font-size: .8rem; }
"""
DASHES = ("2 4", "7 4", "7 3 2 3", "", "", "10 3", "4 2", "1 3")
LINE_STYLE = "".join(
    f".line-{i} {{ stroke: var(--line-{i}); stroke-dasharray: {dash or 'none'}; }}\n" for i, dash in enumerate(DASHES)
)


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page of parts that are HTML already."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}{LINE_STYLE}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def text(*paragraphs: str) -> str:
    """Paragraphs of plain words."""
    return "".join(f"<p>{escape(each)}</p>" for each in paragraphs)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are HTML already: each a `cell`."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def cell(words: str, *, below: str = "", kind: str = "") -> str:
    """One cell; `below` stands under it in small letters."""
    small = f"<small>{escape(below)}</small>" if below else ""
    return f'<td class="{kind}">{escape(words)}{small}</td>' if kind else f"<td>{escape(words)}{small}</td>"


def legend(labels: Sequence[str], *, first: int = 0) -> str:
    """Which line is which, from the line of class `first` on."""
    items = (
        f'<li><svg viewBox="0 0 36 12" aria-hidden="true"><polyline class="line line-{i}" points="0,6 36,6"/></svg>'
        f"{escape(label)}</li>"
        for i, label in enumerate(labels, start=first)
    )
    return f'<ul class="legend">{"".join(items)}</ul>'


def charts(drawn: Iterable[tuple[str, str]]) -> str:
    """Charts (title, SVG) beside one another, as many as fit."""
    cells = "".join(f"<figure><h3>{escape(title)}</h3>{svg}</figure>" for title, svg in drawn)
    return f'<div class="charts">{cells}</div>'


def video(mp4: bytes, *, caption: str, columns: Sequence[str]) -> str:
    """A video inside the page, with a name over each of the views that stand beside one another in it."""
    names = "".join(f"<span>{escape(name)}</span>" for name in columns)
    data = base64.b64encode(mp4).decode()
    return (
        f'<figure><h3>{escape(caption)}</h3><div class="scroll"><div class="views"><div class="columns">{names}</div>'
        '<video controls loop muted playsinline preload="metadata" '
        f'src="data:video/mp4;base64,{data}"></video></div></div></figure>'
    )
