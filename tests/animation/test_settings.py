"""All that an animation can be told is told in one place."""

import inspect

import pytest
from subjects import small_model, subject

import tempose
from tempose.animation.animate import animate
from tempose.animation.motion import read_motion
from tempose.animation.settings import AnimateSettings, DressSettings
from tempose.core.errors import InputError
from tempose.diffusion.windows import STRATEGIES
from tempose.pose.retarget import RETARGET_MODES


@pytest.mark.parametrize("kind", [AnimateSettings, DressSettings])
def test_every_field_has_a_help(kind):
    for entry in kind.entries():
        assert entry.help.endswith("."), entry.name


def test_the_choices_are_those_that_there_are():
    choices = {entry.name: entry.choices for entry in AnimateSettings.entries()}
    assert choices["retarget"] == RETARGET_MODES
    assert set(choices["strategy"]) == set(STRATEGIES) - {"strided"}  # which leaves frames out


def test_what_concerns_the_motion_is_what_its_reader_takes():
    taken = inspect.signature(read_motion).parameters
    assert AnimateSettings().reading.keys() <= taken.keys()
    for name, value in AnimateSettings().reading.items():
        assert taken[name].default in (value, None), name


def test_people_are_chosen_in_words_and_in_numbers():
    for given, meant in (("largest", "largest"), ("2", 2), (2, 2), ("3,4.5", (3, 4.5)), ([3, 4.5], (3, 4.5))):
        assert AnimateSettings(person=given).person == meant
    with pytest.raises(InputError, match="person is 'first'"):
        AnimateSettings(person="first")


@pytest.mark.parametrize("given", [{}, {"part": "upper", "mask": "m.png"}])
def test_clothes_are_said_once(given):
    with pytest.raises(InputError, match="either --part upper, lower, head or whole, or --mask"):
        DressSettings(**given)


def test_settings_as_one_object_or_by_name(tmp_path):
    settings = AnimateSettings(steps=1, max_frames=2, background="plain")
    made = tempose.animate(subject(), "walk", settings, model=small_model(), seed=3)
    assert (
        made.record["settings"]
        == animate(subject(), "walk", model=small_model(), steps=1, max_frames=2, background="plain", seed=3).record[
            "settings"
        ]
    )
    assert made.save(tmp_path / "new" / "a.mp4") == tmp_path / "new" / "a.mp4.json"
    assert len(list(made.frames())) == 2
