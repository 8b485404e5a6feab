"""Networks of anybody's: none is waited for without end, none makes of its sizes more than can be."""

import numpy as np
import pytest
from networks import onnx_model, onnx_that_never_ends

from tempose.core.errors import InputError
from tempose.core.networks import MOST_SIDE, Network

pytest.importorskip("onnxruntime", reason="the extra matte is not installed")
PICTURE = {"x": np.ones((1, 3, 8, 8), np.float32)}


@pytest.fixture
def network(tmp_path):
    def made(content):
        (tmp_path / "net.onnx").write_bytes(content)
        return Network(tmp_path / "net.onnx")

    return made


def test_a_network_gives_what_it_says(network):
    mean = network(onnx_model((1, 3, 8, 8), (1, 1, 8, 8), axis=1))
    (found,) = mean.run(["y"], PICTURE)
    np.testing.assert_array_equal(found, np.ones((1, 1, 8, 8)))
    mean.check_size(1, MOST_SIDE)
    for size in ((0, 8), (8, MOST_SIDE + 1), (-8, 8)):
        with pytest.raises(InputError, match=rf"net\.onnx takes pictures of {size[1]}×{size[0]}; wanted sides from 1"):
            mean.check_size(*size)


def test_one_that_never_ends_is_ended(network, monkeypatch):
    endless = network(onnx_that_never_ends(side=8))
    monkeypatch.setattr("tempose.core.networks.MOST_SECONDS", 0.2)
    with pytest.raises(InputError, match=r"net\.onnx takes more than 0\.2 seconds"):
        endless.run(["y"], PICTURE)


def test_what_does_not_fit_is_told(network):
    mean = network(onnx_model((1, 3, 8, 8), (1, 1, 8, 8), axis=1))
    with pytest.raises(InputError, match=r"net\.onnx does not run on 1×3×4×4") as error:
        mean.run(["y"], {"x": PICTURE["x"][..., :4, :4]})
    assert "\n" not in str(error.value)
    for content in (b"", b"hello", onnx_model((1, 3, 8, 8), (1, 1, 8, 8), axis=1)[:-20]):
        with pytest.raises(InputError, match="is not an ONNX model"):
            network(content)
