"""What prose names exists: modules and names by their dots, files by their paths; one version is told everywhere."""

import pkgutil
import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from conftest import ROOT

import tempose

PACKAGE = ROOT / "src" / "tempose"
PROSE = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *PACKAGE.rglob("*.md")} - {ROOT / "CHANGELOG.md"})
CODE = [
    path.relative_to(ROOT).as_posix() for top in ("src", "tests", "benchmarks") for path in ROOT.glob(f"{top}/**/*.py")
]


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def is_there(dotted):
    try:
        pkgutil.resolve_name(dotted)
    except (ImportError, AttributeError):
        return False
    return True


@pytest.mark.parametrize("page", PROSE, ids=name_of)
def test_dotted_names_are_there(page):
    text = page.read_text(encoding="utf-8")
    dotted = {*re.findall(r"\btempose(?:\.\w+)+", text)}
    dotted |= {f"tempose.{name}" for name in re.findall(rf"`((?:{'|'.join(tempose.__all__)})\.\w+)", text)}
    assert [name for name in sorted(dotted) if not is_there(name)] == []


@pytest.mark.parametrize("page", PROSE, ids=name_of)
def test_files_are_there(page):
    text = re.sub(r"\[[^]]*\]\(https?:[^)]*\)", "", page.read_text(encoding="utf-8"))
    words = {word for code in re.findall(r"```.*?```|`[^`\n]+`", text, re.S) for word in re.findall(r"[\w./-]+", code)}
    missing = []
    for word in sorted(words):
        of_the_project = re.match(r"(?:src|tests|configs|benchmarks|docs|\.github)/", word)
        if of_the_project and not re.search(r"\b[A-Z]{4}", word):  # ROOM/FILE.py stands for any
            missing += [word] if not (ROOT / word).exists() else []
        elif word.endswith(".py") and not of_the_project:
            missing += [word] if not any(f"/{path}".endswith(f"/{word}") for path in CODE) else []
    assert missing == []


@pytest.mark.parametrize("page", PROSE, ids=name_of)
def test_targets_of_make_are_there(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.M)) <= targets


def test_extras_that_are_to_be_installed_are_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    told = set()
    for path in (*PROSE, *PACKAGE.rglob("*.py"), ROOT / "Makefile", ROOT / "Dockerfile"):
        for names in re.findall(r"'(?:tempose|\.)\[([a-z,]+)\]'", path.read_text(encoding="utf-8")):
            told |= set(names.split(","))
    assert told == set(project["optional-dependencies"])


def test_the_table_of_rooms_names_all_rooms_and_only_modules_that_are_there():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms, here = set(), ""
    for room, modules in re.findall(r"^\| (`\w+`)? *\|([^|]*)\|[^|]*\|$", text, re.M):
        here = room.strip("`") or here  # a row without a room goes on with the one above
        rooms.add(here)
        for name in re.findall(r"`(\w+)`", modules):
            there = PACKAGE / here / name
            assert there.is_dir() or there.with_suffix(".py").is_file(), f"{here}/{name}"
    assert rooms == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def test_one_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    released = re.search(r"^## (\S+) \((\d\S+)\)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert (citation["version"], str(citation["date-released"])) == released.groups()
    assert citation["version"] == tempose.__version__


def test_every_page_is_in_the_site_and_links_lead_somewhere(tmp_path):
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: pip install 'tempose[docs]'")
    pytest.importorskip("mkdocstrings", reason="mkdocstrings is not installed: pip install 'tempose[docs]'")
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    api = (tmp_path / "api.html").read_text(encoding="utf-8")
    assert [name for name in tempose.__all__ if f'id="tempose.{name}"' not in api] == []
    pages = "".join(page.read_text(encoding="utf-8") for page in tmp_path.rglob("*.html"))
    assert set(re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="?(https?:[^"> ]+)', pages)) == set()
