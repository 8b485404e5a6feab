"""Training in two stages, and fitting to one person."""
