"""What one running shop remembers: carts, who is signed in, and orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .catalogue import Product
from .checkout import GIFT_WRAP, delivery_price

FIRST_ORDER = 10042
MOST = 20
"""Pieces of one thing that a cart takes."""


@dataclass
class Line:
    """One row of a cart."""

    product: Product
    size: str
    colour: str
    quantity: int

    @property
    def total(self) -> int:
        """Pence for the row."""
        return self.product.pence * self.quantity


@dataclass
class Session:
    """One visitor: a cart, an email address once signed in, and a notice to show once."""

    lines: list[Line] = field(default_factory=list)
    email: str = ""
    notice: str = ""

    @property
    def count(self) -> int:
        """Pieces in the cart."""
        return sum(line.quantity for line in self.lines)

    @property
    def goods(self) -> int:
        """Pence for what is in the cart."""
        return sum(line.total for line in self.lines)

    def add(self, product: Product, size: str, colour: str, quantity: int) -> None:
        """Puts something into the cart; more of the same joins the row that is there."""
        for line in self.lines:
            if (line.product, line.size, line.colour) == (product, size, colour):
                line.quantity = min(line.quantity + quantity, MOST)
                return
        self.lines.append(Line(product, size, colour, min(quantity, MOST)))

    def take_notice(self) -> str:
        """The notice, which is gone once shown."""
        notice, self.notice = self.notice, ""
        return notice


@dataclass(frozen=True)
class Order:
    """What was ordered; nothing of it changes any more."""

    number: int
    lines: tuple[Line, ...]
    details: Mapping[str, str]
    gift_wrap: bool
    email_of_account: str

    @property
    def goods(self) -> int:
        """Pence for the goods alone."""
        return sum(line.total for line in self.lines)

    @property
    def delivery_price(self) -> int:
        """Pence for the delivery."""
        return delivery_price(self.details["delivery"], self.goods)

    @property
    def gift_wrap_price(self) -> int:
        """Pence for the wrapping."""
        return GIFT_WRAP if self.gift_wrap else 0

    @property
    def total(self) -> int:
        """Pence in all."""
        return self.goods + self.delivery_price + self.gift_wrap_price

    def as_json(self) -> dict[str, object]:
        """The order as the API tells it, prices in pounds."""
        return {
            "number": self.number,
            **self.details,
            "gift_wrap": self.gift_wrap,
            "lines": [
                {
                    "product": line.product.slug,
                    "name": line.product.name,
                    "size": line.size,
                    "colour": line.colour,
                    "quantity": line.quantity,
                    "price": line.product.pence / 100,
                    "total": line.total / 100,
                }
                for line in self.lines
            ],
            "subtotal": self.goods / 100,
            "delivery_price": self.delivery_price / 100,
            "gift_wrap_price": self.gift_wrap_price / 100,
            "total": self.total / 100,
            "currency": "GBP",
        }


class State:
    """Visitors and orders of one running shop. Numbers count up from the same start, so that runs can be compared."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self.orders: dict[int, Order] = {}

    def session(self, token: str) -> Session | None:
        """The visitor who holds the token."""
        return self._sessions.get(token)

    def open_session(self) -> tuple[str, Session]:
        """A new visitor and their token, which is a mere number: the shop is on loopback and lives for one episode."""
        token = f"visitor-{len(self._sessions) + 1}"
        self._sessions[token] = session = Session()
        return token, session

    def place_order(self, session: Session, form: Mapping[str, str]) -> Order:
        """Turns the cart into an order; ``form`` has been found free of errors."""
        names = ("full_name", "email", "address", "city", "postcode", "country", "delivery_date", "delivery", "notes")
        order = Order(
            number=FIRST_ORDER + len(self.orders),
            lines=tuple(session.lines),
            details={name: form.get(name, "").strip() for name in names},
            gift_wrap=bool(form.get("gift_wrap")),
            email_of_account=session.email,
        )
        self.orders[order.number] = order
        session.lines = []
        return order
