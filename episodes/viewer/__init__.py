"""Shows an episode as one self-contained HTML page; renders, controls nothing."""

from .page import render, write_html

__all__ = ["render", "write_html"]
