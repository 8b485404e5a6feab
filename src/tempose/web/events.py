"""How the page's events run: what they are for programs, whether they wait, what is made of their values."""

from typing import Any

# An event of the page itself: not for programs, no spinner over the parts.
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

# One that is answered at once.
QUIET: dict[str, Any] = {**PRIVATE, "queue": False}

# One that goes on for as long as a job, for many visitors, with values as the page sent them.
MANY: dict[str, Any] = {**PRIVATE, "concurrency_limit": None, "preprocess": False}
