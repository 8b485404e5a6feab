"""Everything that can be said of a fitting to one person: one field a setting, as in `tempose.animation.settings`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tempose.animation.settings import OWN, Model, Seed
from tempose.core.settings import EvenSize, Settings, Shown
from tempose.diffusion.hub import DEFAULT_MODEL


class PersonalizeSettings(Settings):
    """How weights are fitted to one person."""

    model: Model = DEFAULT_MODEL
    """The weights to start from: a name that ships, a folder, or OWNER/NAME on the Hub."""

    size: Annotated[EvenSize | None, Shown("HEIGHTxWIDTH", unset=OWN)] = None
    """Size to fit at."""

    steps: Annotated[int, Field(ge=1)] = 200
    """At most so many steps; fitting ends as soon as what is held out gains no more."""

    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-4
    """How far a step goes."""

    seed: Seed = 0
    """Of everything random."""
