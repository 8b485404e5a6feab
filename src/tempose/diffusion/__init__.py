"""Diffusion mathematics apart from the networks: loss, solvers, guidance, windows."""
