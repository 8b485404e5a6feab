"""For the site alone: the pages that stand in the repository's root, and links from one page to another."""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]

# File in the repository → page of the site; what stands in docs/ keeps its name.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "src/tempose/weights/people-128/README.md": "model-card.md",
}
LINK = re.compile(r"(?<=\]\()(?!https?:|#)([^)#\s]+)(?=[)#])")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that do not stand in docs/."""
    for path, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / path).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links as they are in the repository into links as they are in the site."""
    places = {page: path for path, page in PAGES.items()}
    here = posixpath.dirname(places.get(page.file.src_uri, f"docs/{page.file.src_uri}"))

    def there(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(here, link[1]))
        if path in PAGES:
            return PAGES[path]
        if path.startswith("docs/"):
            return path.removeprefix("docs/")
        return f"{config.extra['repository']}/blob/main/{path}" if (ROOT / path).exists() else link[1]

    return LINK.sub(there, markdown)
