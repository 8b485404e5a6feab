"""Speed and memory, measured: every case compares configurations that take turns in one process."""
