import hashlib
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import pytest
import torch

from tempose.core.errors import CheckpointError
from tempose.evaluation.weights import (
    ALEXNET,
    ALEXNET_HEADS,
    I3D,
    INCEPTION,
    VGG16,
    VGG16_HEADS,
    download,
    find,
    verified,
)

CONTENT = b"weights"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
PUBLISHED = replace(INCEPTION, sha256=DIGEST)


@pytest.mark.parametrize("weights", [ALEXNET, VGG16, ALEXNET_HEADS, VGG16_HEADS, INCEPTION, I3D])
def test_every_file_has_a_name_and_a_digest(weights):
    assert weights.file.endswith((".pt", ".pth"))
    assert int(weights.sha256, 16) > 0
    assert len(weights.sha256) in (8, 64)
    if weights.file.endswith(".pt"):
        assert len(weights.sha256) == 64  # a program; eight digits could be imitated


def test_the_published_file_is_taken(tmp_path):
    path = tmp_path / "anything.pt"
    path.write_bytes(CONTENT)
    assert verified(path, PUBLISHED) == path


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "inception.pt"
    path.write_bytes(CONTENT + b"!")
    with pytest.raises(CheckpointError, match=r"FID and KID needs it: its SHA-256 is .* download it again from https"):
        verified(path, PUBLISHED)


def test_a_missing_file_says_what_and_where(tmp_path):
    with pytest.raises(CheckpointError, match=r"FVD needs i3d_torchscript.pt \(51 MB\), and there is no file .*https"):
        verified(tmp_path / "none.pt", I3D)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A cache of torch's own, and the files that were asked for."""
    asked = []

    def fetch(url, path, hash_prefix):
        asked.append((url, hash_prefix))
        Path(path).write_bytes(CONTENT)

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", fetch)
    return asked


def test_a_folder_is_looked_into_and_nothing_is_downloaded(hub, tmp_path):
    (tmp_path / PUBLISHED.file).write_bytes(CONTENT)
    assert find(PUBLISHED, tmp_path) == tmp_path / PUBLISHED.file
    with pytest.raises(CheckpointError, match="there is no file"):
        find(I3D, tmp_path)
    assert hub == []
    assert find(PUBLISHED, None).read_bytes() == CONTENT


def test_a_file_is_downloaded_once(hub):
    paths = {download(PUBLISHED) for _ in range(2)}
    assert [path.name for path in paths] == ["inception-2015-12-05.pt"]
    assert hub == [(PUBLISHED.url, DIGEST)]


def test_without_a_network_it_says_how_to_go_on(hub, monkeypatch):
    def fail(url, path, hash_prefix):
        raise URLError("no route")

    monkeypatch.setattr(torch.hub, "download_url_to_file", fail)
    with pytest.raises(CheckpointError, match=r"cannot be downloaded from https.* no route.* name its folder"):
        download(PUBLISHED)
