"""A photo and a model in files, and the command line in this process."""

import pytest
from cli.calls import called
from subjects import save_photo, save_small_model


@pytest.fixture(scope="session")
def shelf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shelf")
    save_photo(folder / "me.png")
    save_small_model(folder / "model")
    return folder


@pytest.fixture
def tempose(monkeypatch, capsys):
    return lambda *arguments: called(monkeypatch, capsys, *arguments)
