import pytest
from pydantic import ValidationError

from tempose.core.errors import InputError
from tempose.models.config import PRESETS, Config, ModelConfig, preset


@pytest.mark.parametrize("name", PRESETS)
def test_presets_fit_their_own_size(name):
    config = preset(name)
    unit = 2 ** (len(config.channel_multipliers) - 1)
    assert config.size[0] % unit == config.size[1] % unit == 0
    assert max(config.texture_levels) < len(config.channel_multipliers)


def test_every_field_is_explained():
    import ast
    import inspect

    for kind in ModelConfig.mro():
        if issubclass(kind, Config):
            body = ast.parse(inspect.getsource(kind)).body[0].body
            for before, after in zip(body, [*body[1:], None], strict=True):
                if isinstance(before, ast.AnnAssign):
                    assert isinstance(after, ast.Expr), f"{before.target.id} has no docstring"


def test_unknown_fields_and_changes_are_refused():
    fields = preset("pidm-256").model_dump()
    with pytest.raises(ValidationError, match="widths"):
        ModelConfig(**fields, widths=3)
    with pytest.raises(ValidationError, match="frozen"):
        preset("pidm-256").dropout = 0.5


def test_only_a_model_that_builds_on_a_prior_corrects_it():
    fields = preset("people-128").model_dump()
    with pytest.raises(ValidationError, match="give sigma_data as well"):
        ModelConfig(**{**fields, "sigma_data": None})


def test_unknown_preset_names_the_nearest():
    with pytest.raises(InputError, match="did you mean 'people-128'"):
        preset("people-127")
