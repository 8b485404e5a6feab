"""Weights of a run, put on the Hub: safetensors, a model card that the run itself tells, and samples."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from tempose.core.errors import CheckpointError, InputError
from tempose.core.files import temporary_folder
from tempose.core.settings import read_mapping
from tempose.diffusion.hub import HUB_ID
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.training.export import export
from tempose.training.run import read_description

# The newest so many of a run's sheets and videos.
SAMPLES = 2

CARD = """---
library_name: tempose
license: {license}
pipeline_tag: image-to-video
tags: [pose-transfer, human-animation, video-generation, diffusion]
---

# {name}

One photo of a person and a motion in, frames of {height}×{width} pixels out: weights for
[tempose](https://github.com/tempose/tempose), {parameters:,} parameters in float16.

```sh
pip install tempose
tempose animate me.jpg walk --model {name}
```

```python
import tempose

model = tempose.load_model("{name}")
tempose.animate("me.jpg", "walk", model=model).save("me-walk.mp4")
```

{body}"""

# How the Hub's short names of licenses look.
LICENSE = re.compile(r"[\w.+-]+", re.ASCII)

# Sections of a run's configuration that the card shows: what the weights follow from.
TOLD = ("stage", "data", "optimization", "seed")


def push(
    source: Path, name: str, *, license: str, private: bool = False, revision: str | None = None
) -> tuple[str, tuple[str, ...]]:
    """Put weights on the Hub, where `load_model(name)` finds them.

    Args:
        source: the folder of a run, of which the newest weights are taken, or of weights.
        name: OWNER/NAME; made there if it is new.
        license: of the weights, by the Hub's short name for it, such as `mit` or `cc-by-4.0`.
        private: whether a new one is seen by its owner alone.
        revision: the branch to write, made if it is new; by default `main`.

    Returns:
        the address of the commit, and the files that went there.

    Raises:
        InputError: there are no weights, or the name or license is none.
        CheckpointError: the Hub refuses, or cannot be reached.
    """
    from huggingface_hub import HfApi

    if not HUB_ID.fullmatch(name):
        raise InputError(f"{name} is no name on the Hub; wanted OWNER/NAME")
    if not LICENSE.fullmatch(license):
        raise InputError(f"the license is {license!r}; wanted the Hub's short name for it, such as mit or cc-by-4.0")
    with temporary_folder() as folder:
        out = folder / "weights"
        export(source, out)
        for path in newest_samples(source):
            (out / "samples").mkdir(exist_ok=True)
            shutil.copy(path, out / "samples" / path.name)
        (out / "README.md").write_text(card(source, out, name=name, license=license), encoding="utf-8")
        files = tuple(sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()))
        api = HfApi(library_name="tempose")
        try:
            api.create_repo(name, private=private, exist_ok=True)
            if revision is not None:
                api.create_branch(name, branch=revision, exist_ok=True)
            commit = api.upload_folder(
                repo_id=name, folder_path=out, revision=revision, commit_message="Weights by tempose push"
            )
        except Exception as error:  # whatever the Hub and the network layer raise
            raise CheckpointError(f"{name} cannot be put on the Hub: {refusal(error)}") from error
    return str(commit.commit_url), files


def refusal(error: Exception) -> str:
    """What the Hub's refusal means, and what to do."""
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError, OfflineModeIsEnabled

    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set; unset it"
    status = error.response.status_code if isinstance(error, HfHubHTTPError) and error.response is not None else None
    if isinstance(error, LocalTokenNotFoundError) or status == 401:
        return "nobody is logged in here; `hf auth login` with a token that may write"
    if status == 403:
        return "whoever is logged in may not write there; `hf auth login` with a token that may"
    if isinstance(error, HfHubHTTPError):
        return str(error.server_message or error).strip().split("\n")[0]
    return f"{type(error).__name__}: {str(error).strip().split(chr(10))[0]}"


def newest_samples(run: Path) -> list[Path]:
    """The newest sheets and videos that a run made of validation samples; no link to what lies elsewhere."""
    samples = run / "samples"
    found = sorted(samples.glob("[0-9]*.png")) if samples.is_dir() and not samples.is_symlink() else []
    newest = [sheet for sheet in found if is_plain(sheet) and re.fullmatch("[0-9]+", sheet.stem)][-SAMPLES:]
    return [*newest, *(video for sheet in newest if is_plain(video := sheet.with_suffix(".mp4")))]


def is_plain(path: Path) -> bool:
    """Whether it is a file, and no link to one."""
    return path.is_file() and not path.is_symlink()


def card(source: Path, weights: Path, *, name: str, license: str) -> str:
    """The model card: what these weights are, how to use them, and, of a run, how they were made."""
    pipeline = PersonVideoPipeline.from_pretrained(weights)
    height, width = pipeline.sampling.size
    parts = []
    samples = sorted((weights / "samples").glob("*.png")) if (weights / "samples").is_dir() else []
    if samples:
        parts.append("## Samples\n\nOf validation clips: photo, pose, truth, sample.\n")
        parts += [f"![Samples at step {int(path.stem):,}](samples/{path.name})\n" for path in samples]
    description = source / "run.yaml"
    if description.is_file():
        run, configuration = read_mapping(description), read_description(description).configuration
        told = {key: value for key, value in configuration.items() if key in TOLD and value is not None}
        told = without_roots(told)
        made = {"configuration": told, **{key: run.get(key) for key in ("revision", "python", "packages")}}
        text = yaml.safe_dump(made, sort_keys=False, allow_unicode=True).replace("```", "'``")  # it ends no block
        parts.append(f"## Training\n\nThe resolved configuration of the run:\n\n```yaml\n{text}```\n")
    parts.append("It makes videos of people who have not moved so. Ask them first.\n")
    parameters = sum(part.num_parameters() for part in (pipeline.texture_encoder, pipeline.unet))
    return CARD.format(
        name=name, license=license, height=height, width=width, parameters=parameters, body="\n".join(parts)
    )


def without_roots(held: Any) -> Any:
    """A configuration without where its data lies, in all its sections: those are paths of that machine."""
    if isinstance(held, dict):
        return {key: without_roots(value) for key, value in held.items() if key != "root"}
    return [without_roots(value) for value in held] if isinstance(held, (list, tuple)) else held
