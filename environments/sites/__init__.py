"""Local web sites, served on loopback for the length of an episode: worlds to practise in."""

from .base import Request, Response, Site, redirect
from .server import SITES, RunningSite, open_site

__all__ = ["SITES", "Request", "Response", "RunningSite", "Site", "open_site", "redirect"]
