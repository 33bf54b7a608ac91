"""The checkout form: what is asked, what it costs, and what is wrong with an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

COUNTRIES = (
    "Australia",
    "Austria",
    "Belgium",
    "Canada",
    "Croatia",
    "Czechia",
    "Denmark",
    "Estonia",
    "Finland",
    "France",
    "Germany",
    "Greece",
    "Hungary",
    "Iceland",
    "Ireland",
    "Italy",
    "Japan",
    "Latvia",
    "Lithuania",
    "Luxembourg",
    "Netherlands",
    "New Zealand",
    "Norway",
    "Poland",
    "Portugal",
    "Slovakia",
    "Slovenia",
    "Spain",
    "Sweden",
    "Switzerland",
    "United Kingdom",
    "United States",
)
DELIVERIES = {
    "standard": ("Standard", "3 to 5 working days", 490),
    "express": ("Express", "Next working day", 990),
}
GIFT_WRAP = 350
FREE_DELIVERY_FROM = 6000
"""Pence of goods from which standard delivery is free."""

_REQUIRED = {
    "full_name": "Enter your full name",
    "email": "Enter your email address",
    "address": "Enter your address",
    "postcode": "Enter your postcode",
    "city": "Enter your city",
    "country": "Choose a country",
    "delivery_date": "Choose a delivery date",
}
_LENGTHS = {"full_name": 100, "email": 200, "address": 200, "city": 100, "notes": 500}
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_POSTCODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{1,9}")


def errors_in(form: Mapping[str, str]) -> dict[str, str]:
    """A message for each field that must be corrected, in the order of the form.

    The delivery date is not compared with today: a script of last year must still run.
    """
    errors = {name: message for name, message in _REQUIRED.items() if not form.get(name, "").strip()}
    for name, most in _LENGTHS.items():
        if len(form.get(name, "")) > most:
            errors[name] = f"Use at most {most} characters"
    if "email" not in errors and not is_email(form["email"]):
        errors["email"] = "Enter an email address like name@example.com"
    if "postcode" not in errors and not _POSTCODE.fullmatch(form["postcode"].strip()):
        errors["postcode"] = "Enter a postcode of 2 to 10 letters and digits"
    if "country" not in errors and form["country"] not in COUNTRIES:
        errors["country"] = "Choose a country from the list"
    if "delivery_date" not in errors and not _is_date(form["delivery_date"]):
        errors["delivery_date"] = "Enter a date that exists"
    if form.get("delivery") not in DELIVERIES:
        errors["delivery"] = "Choose a delivery option"
    if not form.get("terms"):
        errors["terms"] = "Accept the terms and conditions to place your order"
    return errors


def is_email(text: str) -> bool:
    """Whether it has the form of an email address."""
    return _EMAIL.fullmatch(text.strip()) is not None


def delivery_price(delivery: str, goods: int) -> int:
    """Pence for delivering goods of that price."""
    free = delivery == "standard" and goods >= FREE_DELIVERY_FROM
    return 0 if free else DELIVERIES[delivery][2]


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):  # fromisoformat takes weeks and days of the year as well
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
