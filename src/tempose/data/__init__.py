"""Datasets: people drawn by code, published layouts, and the one prepared format."""
