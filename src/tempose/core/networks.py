"""Networks in ONNX files that users bring. They may be anybody's: what they take, and how long they run, is bounded."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np

from tempose.core.errors import InputError

# A side of the pictures that a network takes, in pixels; and seconds for one of them: a loop in it may never end.
MOST_SIDE, MOST_SECONDS = 4096, 300.0


class Network:
    """A network, with what of onnxruntime's interface is used. Its weights are read from its own folder alone."""

    def __init__(self, path: Path | str) -> None:
        """Load it; onnxruntime must be installed.

        Raises:
            InputError: the file is missing, no ONNX model, or refers to a file elsewhere.
        """
        import onnxruntime

        if not Path(path).is_file():
            raise InputError(f"there is no network {path}; wanted an ONNX file", path=path)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions have no common base of their own
            raise InputError(f"{path} is not an ONNX model that onnxruntime can run", path=path) from error
        self.path = path

    def get_inputs(self) -> list[Any]:
        """What it takes, as onnxruntime tells it."""
        return list(self._session.get_inputs())

    def get_outputs(self) -> list[Any]:
        """What it gives, as onnxruntime tells it."""
        return list(self._session.get_outputs())

    def check_size(self, height: int, width: int) -> None:
        """Whether pictures of that size, which the file says, are within bounds.

        Raises:
            InputError: they are not.
        """
        if not 1 <= min(height, width) <= max(height, width) <= MOST_SIDE:
            raise InputError(
                f"{self.path} takes pictures of {width}×{height}; wanted sides from 1 to {MOST_SIDE} pixels",
                path=self.path,
            )

    def run(self, names: list[str], values: dict[str, np.ndarray]) -> list[np.ndarray]:
        """The outputs of these names.

        Raises:
            InputError: it does not run on these values, or not within MOST_SECONDS.
        """
        import onnxruntime

        options = onnxruntime.RunOptions()
        options.log_severity_level = 4
        late = threading.Timer(MOST_SECONDS, setattr, (options, "terminate", True))
        late.daemon = True
        late.start()
        try:
            return list(self._session.run(names, values, options))
        except Exception as error:  # its exceptions have no common base of their own
            given = ", ".join("×".join(map(str, value.shape)) for value in values.values())
            problem = f"takes more than {MOST_SECONDS:g} seconds" if options.terminate else f"does not run on {given}"
            raise InputError(f"{self.path} {problem}", path=self.path) from error
        finally:
            late.cancel()
