import pytest

from tempose.core.errors import InputError
from tempose.diffusion.pipeline import PersonVideoPipeline
from tempose.models.accounting import account, as_table


def test_the_published_accounting():
    counts = account("pidm-256")
    assert counts.image_model == 162_374_406
    assert counts.texture_encoder == 31_162_368
    assert counts.unused_as_published == 17_981_312
    assert counts.temporal == 5_785_600
    table = as_table(counts)
    for number in ("180,355,718", "5,785,600", "186,141,318", "168,160,006"):
        assert number in table


def test_the_small_preset_stays_small():
    counts = account("people-128")
    assert counts.video_model <= 12_000_000
    assert counts.unused_as_published is None


def test_a_saved_model_counts_as_its_preset(tmp_path):
    PersonVideoPipeline.from_preset("people-128").save_pretrained(tmp_path)
    saved, named = account(str(tmp_path)), account("people-128")
    assert (saved.image_model, saved.temporal) == (named.image_model, named.temporal)


def test_unknown_model():
    with pytest.raises(InputError, match="there is no preset"):
        account("pidm-257")
