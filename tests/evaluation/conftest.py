import pytest
from evaluation.sets import write_set


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """Three drawn people that no test changes."""
    return write_set(tmp_path_factory.mktemp("people") / "set")
