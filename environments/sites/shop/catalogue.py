"""What the shop sells, and how it is found."""

from __future__ import annotations

import csv
import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..base import Seed


@dataclass(frozen=True)
class Product:
    """One thing on the shelf.

    Attributes:
        slug: Its name in URLs and in the API.
        pence: Price in pence.
        rating: Mean of the reviews, out of 5.
        shape: What its photograph shows, see `photographs`.
        sizes: The sizes it comes in; the first is chosen unless the customer chooses.
        colours: Likewise.
    """

    slug: str
    name: str
    category: str
    pence: int
    rating: float
    reviews: int
    shape: str
    sizes: tuple[str, ...]
    colours: tuple[str, ...]
    description: str

    def colour_for(self, query: str) -> str:
        """The colour to show to somebody who searched for this: one that they named, or the first."""
        words = _words(query)
        return next((colour for colour in self.colours if colour.lower() in words), self.colours[0])


CATEGORIES = {
    "mugs": "Mugs & cups",
    "bowls": "Bowls",
    "teapots": "Teapots",
    "plates": "Plates",
    "boards": "Cutting boards",
    "vases": "Vases",
}
SORTS = {
    "featured": "Featured",
    "price-low": "Price: low to high",
    "price-high": "Price: high to low",
    "rating": "Customer rating",
}

_SIZES = {
    "mugs": ("Small (250 ml)", "Medium (350 ml)", "Large (450 ml)"),
    "bowls": ("Small (12 cm)", "Medium (16 cm)", "Large (22 cm)"),
    "teapots": ("2 cups (0.6 l)", "4 cups (1.1 l)"),
    "plates": ("Side (20 cm)", "Dinner (27 cm)"),
    "boards": ("Small (28 cm)", "Medium (36 cm)", "Large (45 cm)"),
    "vases": ("Short (18 cm)", "Tall (28 cm)"),
}


class Catalogue:
    """The shelves of one shop.

    Args:
        seed: Lays out the shelves: the same products at the same prices in another order; ``None`` keeps ours.
    """

    def __init__(self, seed: Seed = None) -> None:
        products = list(_stock())
        if seed is not None:
            random.Random(repr(seed)).shuffle(products)
        self.products = tuple(products)
        self._by_slug = {product.slug: product for product in products}

    def get(self, slug: str) -> Product | None:
        """The product of that name, if there is one."""
        return self._by_slug.get(slug)

    def search(self, query: str = "", category: str = "", sort: str = "featured") -> list[Product]:
        """The products in whose text every word of ``query`` occurs, plural or not; without a query all of them."""
        words = [_stem(word) for word in _words(query)]
        found = [
            product
            for product in self.products
            if category in ("", product.category) and set(words) <= _searchable(product)
        ]
        match sort:
            case "price-low":
                found.sort(key=lambda product: product.pence)
            case "price-high":
                found.sort(key=lambda product: -product.pence)
            case "rating":
                found.sort(key=lambda product: -product.rating)
        return found


def money(pence: int) -> str:
    """``1850`` as ``£18.50``."""
    return f"£{pence // 100}.{pence % 100:02d}"


@cache
def _stock() -> tuple[Product, ...]:
    with (Path(__file__).parent / "products.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Product(
                slug="-".join(_words(row["name"].replace("'", ""))),
                name=row["name"],
                category=row["category"],
                pence=int(row["pence"]),
                rating=float(row["rating"]),
                reviews=int(row["reviews"]),
                shape=row["shape"],
                sizes=_SIZES[row["category"]],
                colours=tuple(row["colours"].split(", ")),
                description=row["description"],
            )
            for row in csv.DictReader(file)
        )


def _searchable(product: Product) -> set[str]:
    text = (product.name, CATEGORIES[product.category], product.description, *product.colours)
    return {_stem(word) for word in _words(" ".join(text))}


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", text.lower())


def _stem(word: str) -> str:
    return word.removesuffix("s") if len(word) > 3 else word
