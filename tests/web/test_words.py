"""What the page tells visitors in another language than English: every sentence that they can bring about, or none."""

import json
import re
from pathlib import Path

import pytest
from sentences import said

import tempose.web
from tempose.animation.motion import CONVERSIONS, WANTED
from tempose.animation.settings import AnimateSettings
from tempose.animation.subject import CROSSED
from tempose.core.errors import InputError, unknown
from tempose.media import formats
from tempose.pose.pose_files import unknown as of_no_format
from tempose.pose.retarget import RESTS
from tempose.warp.face import COVERED, NO_FACE
from tempose.warp.hands import MIRRORED, RIGID
from tempose.web.limits import Limits, no_picture
from tempose.web.uploads import refusal

PAGE = Path(tempose.web.__file__).parent / "page"
FORMS = json.loads((PAGE / "said.json").read_text(encoding="utf-8"))
KINDS = {"setting": r"\w+", "choices": r"[\w-]+(?:(?:, | or )[\w-]+)*"}  # as in words.js

# Where the files of visitors and their wishes are read.
ROOMS = (
    "media/animated", "media/container", "media/display", "media/failures", "media/formats", "media/images",
    "media/sound", "media/video", "body/bvh", "body/joints", "body/keypoints", "pose/estimate.", "pose/formats",
    "pose/pose_files", "pose/layouts", "pose/pointed", "pose/retarget", "pose/time_range", "pose/tracking", "pose/turn",
    "animation/animate", "animation/compose", "animation/dress", "animation/motion", "animation/subject",
    "people/choose", "warp/given",
    "web/api", "web/jobs", "web/limits", "web/request", "web/studio", "web/uploads",
)  # fmt: skip

# What only a caller from Python, or the owner of the machine on the command line, can bring about.
OF_OTHERS = (
    "cannot write", "no photo was given", "the mask {path}", "matting network", "mask, (1, 1", "float32 (1, 3",
    "ONNX", "does not run on a picture", "map of joints", "uint8", "(height, width)", "fps > 0", "{list(indices)}",
    "positive number of frames", "cannot hold sound", "but the first is", "without a rate", "retarget is", "camera is",
    "the photo's pose has", "fps is", "start is", "max_frames is", "{given!r}", "place is",
)  # fmt: skip


def form_of(clause):
    """The first form that fits a clause."""
    for form in FORMS:
        escaped = re.sub(r"[.*+?^$()|\[\]\\]", r"\\\g<0>", form["en"])
        if re.fullmatch(re.sub(r"\{(\w+)\}", lambda hole: f"(?:{KINDS.get(hole[1], '.+?')})", escaped), clause):
            return form
    return None


def untold(sentence):
    """The clauses of a sentence that have no form."""
    filled = re.sub(r"\{[^{}]*(\{[^{}]*\}[^{}]*)*\}", "x1", sentence)
    return [clause for clause in filled.split("; ") if form_of(clause) is None]


def test_every_sentence_that_visitors_bring_about_is_told_in_their_language():
    found = [each for each in said() if each.place.startswith(ROOMS)]
    assert len(found) > 100
    texts = ["; ".join(filter(None, (each.message, each.beside.get("remedy")))) for each in found]
    texts = [text for text in texts if text and not any(part in text for part in OF_OTHERS)]
    # JSON of no known format: its sentence is put together elsewhere.
    assert [text for text in texts if untold(text) and "{unknown(data)}" not in text] == []


def test_every_request_that_is_turned_away_is_told():
    guard = (PAGE.parent / "guard.py").read_text(encoding="utf-8")
    found = re.findall(r'Refused\(\d+, f?"([^"]+)"', guard)
    assert len(found) > 15
    assert [text for text in found if untold(text)] == []


def test_every_note_is_told_in_their_language():
    found = [each.message for each in said({"note"}) if each.place.startswith(ROOMS) and each.message]
    assert len(found) > 8
    assert [text for text in found if untold(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        f"a.json {of_no_format({'people': []})}",
        *(f"a is empty; wanted {wanted}" for wanted in (*formats.WANTED.values(), WANTED)),
        *sorted({how for _, how in CONVERSIONS.values()}),
        *(note.format("x1", "x2") for note in (NO_FACE, COVERED, MIRRORED, RIGID)),
        CROSSED,
        RESTS,
        str(Limits().too_large("a")),
        str(Limits().too_many(90, 12.0)),
        no_picture("a"),
        str(refusal()),
        str(unknown("built-in motion", "wlak", ["walk", "run"])),
        "a.png: nobody was found; wanted one person, best seen from head to foot",
    ],
)
def test_what_is_put_together_elsewhere_is_told_too(text):
    assert untold(text) == []


def test_every_setting_that_does_not_fit_is_told():
    for entry in AnimateSettings.entries():
        if entry.shown.title:
            with pytest.raises(InputError) as caught:
                AnimateSettings(**{entry.name: [None]})
            assert untold(f"{entry.name} is x1; {str(caught.value).split('; ')[-1]}") == []


def test_a_sentence_that_is_not_known_in_full_stays_as_it_is():
    assert untold("the moon is full; wanted a whole number, 0 or more") == ["the moon is full"]


def test_every_form_has_the_same_holes_in_every_language_and_none_hides_another():
    for number, form in enumerate(FORMS):
        holes = [set(re.findall(r"\{(\w+)\}", text)) for text in form.values()]
        assert set(form) == {"en", "de"}
        assert holes[1] <= holes[0], form  # what only the command line knows may be left out
        assert form_of(re.sub(r"\{\w+\}", "x1", form["en"])) is form, (number, form)


# Put together of parts that stand apart in the code: what is wanted, what is not known, sides of the body.
TOGETHER = re.compile(
    "wanted |left |right |there is no |did you|.*in a known format|.*no known pose|.*no file or|.*trained for"
)


def test_every_form_is_of_a_sentence_that_is_said():
    code = "".join(path.read_text(encoding="utf-8") for path in PAGE.parents[1].rglob("*.py"))
    code = re.sub(r'"\s*\n\s*f?"', "", code)  # a sentence that goes on in the next line
    apart = [form["en"] for form in FORMS if not TOGETHER.match(form["en"])]
    assert len(apart) > 200
    assert [text for text in apart if any(part not in code for part in re.split(r"\{\w+\}", text))] == []
