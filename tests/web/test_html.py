"""What comes from outside is shown as text, never as a part of the page."""

from tempose.web.html import duration, note, remarks, summed_up, told
from tempose.web.jobs import WAITING, Progress


def test_text_is_escaped():
    evil = "<script>alert(1)</script>"
    for html in (note(evil), remarks((evil,)), summed_up(evil), told(Progress(evil, 1, 2, 3.0, 0))):
        assert "<script" not in html


def test_a_note_keeps_its_place_when_there_is_none():
    assert note("") == '<p class="note"></p>'
    assert 'role="alert"' in note("x")


def test_progress_says_part_place_and_time():
    assert "Waiting: 2 before you" in told(Progress(WAITING, 0, None, None, 2))
    generating = told(Progress("generating", 3, 9, 125.0, 0))
    assert "Generating 3 of 9 · 2 min to go" in generating
    assert 'value="3" max="9"' in generating
    assert "Reading 4<" in told(Progress("reading", 4, None, None, 0))
    assert duration(0.2) == "1 s"
