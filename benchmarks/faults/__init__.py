"""Damaged files for everything that reads files from outside."""
