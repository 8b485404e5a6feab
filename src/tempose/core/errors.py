"""The errors that a user can cause, each with a sentence that says how to mend it.

Every error that tempose raises on purpose is a `TemposeError`, itself a `ValueError`. Its message
says what was given, what is wanted and how to mend it; the command line prints it without a
traceback and leaves with exit code 2.
"""


class TemposeError(ValueError):
    """Something that was given to tempose cannot be used as it is."""


class InputError(TemposeError):
    """An argument has the wrong shape, range, type or name."""


class MediaError(TemposeError):
    """A picture or video cannot be read or written."""


class PoseError(TemposeError):
    """Key points cannot be found in a picture or read from a file."""


class DataError(TemposeError):
    """A dataset or a clip of it is missing, damaged or of the wrong form."""


class CheckpointError(TemposeError):
    """Weights or training state do not fit what they are loaded into."""
