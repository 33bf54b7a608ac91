"""Harbour & Kiln, a shop for tableware: search, options, a cart, a long checkout, orders and an account."""

from .site import Shop

__all__ = ["Shop"]
