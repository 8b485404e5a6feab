"""How good frames and videos are, in figures that can be repeated."""
