"""Dialects: words ↔ actions, one file for each family of models."""
