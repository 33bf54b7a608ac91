"""The pages of the shop: what each path shows, and what each form does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from ..base import Response
from .catalogue import CATEGORIES, SORTS, Product
from .checkout import COUNTRIES, DELIVERIES, FREE_DELIVERY_FROM, GIFT_WRAP, errors_in, is_email
from .frame import Counter, Visit
from .state import MOST, Order

Page: TypeAlias = Callable[[Counter, Visit], Response]

_FEATURED = 8


def find(method: str, path: str) -> tuple[Page, re.Match[str]] | None:
    """The page that answers, and what its pattern found in the path."""
    for its_method, pattern, page in _ROUTES:
        match = pattern.fullmatch(path)
        if match and its_method == method:
            return page, match
    return None


def _home(shop: Counter, visit: Visit) -> Response:
    covers = {slug: shop.catalogue.search(category=slug)[0] for slug in CATEGORIES}
    featured = shop.catalogue.search(sort="rating")[:_FEATURED]
    return shop.page("home.html", visit.session, covers=covers, products=featured)


def _search(shop: Counter, visit: Visit) -> Response:
    query = visit.request.query.get("q", "").strip()
    return _shelf(shop, visit, query, "", f"Results for “{query}”" if query else "Everything we make")


def _category(shop: Counter, visit: Visit) -> Response:
    slug = visit.match["slug"]
    if slug not in CATEGORIES:
        return shop.problem(404, session=visit.session)
    return _shelf(shop, visit, "", slug, CATEGORIES[slug])


def _shelf(shop: Counter, visit: Visit, query: str, category: str, heading: str) -> Response:
    sort = visit.request.query.get("sort", "featured")
    products = shop.catalogue.search(query, category, sort)
    return shop.page(
        "shelf.html",
        visit.session,
        query=query,
        heading=heading,
        products=products,
        sort=sort,
        sorts=SORTS,
    )


def _product(shop: Counter, visit: Visit) -> Response:
    product = shop.catalogue.get(visit.match["slug"])
    if product is None:
        return shop.problem(404, session=visit.session)
    same_shelf = shop.catalogue.search(category=product.category)
    related = [other for other in same_shelf if other is not product][:4]
    return shop.page("product.html", visit.session, product=product, products=related, most=MOST)


def _cart(shop: Counter, visit: Visit) -> Response:
    free_from = FREE_DELIVERY_FROM
    return shop.page("cart.html", visit.session, cart=visit.session, most=MOST, free_from=free_from)


def _cart_add(shop: Counter, visit: Visit) -> Response:
    form = visit.request.form
    product = shop.catalogue.get(form.get("product", ""))
    quantity = _quantity(form)
    if product is None or not quantity:
        return shop.problem(400, f"Choose a product and a quantity from 1 to {MOST}.", visit.session)
    size, colour = form.get("size", product.sizes[0]), form.get("colour", product.colours[0])
    if size not in product.sizes or colour not in product.colours:
        return shop.problem(400, f"{product.name} does not come in that size or colour.", visit.session)
    session = visit.remember()
    session.add(product, size, colour, quantity)
    session.notice = f"{product.name} was added to your cart."
    return visit.go("/cart")


def _cart_update(shop: Counter, visit: Visit) -> Response:
    quantity, row = _quantity(visit.request.form), _row(visit)
    if row is None or quantity is None:
        return shop.problem(400, f"Choose a quantity from 0 to {MOST}.", visit.session)
    line = visit.session.lines[row]
    if quantity:
        line.quantity = quantity
        visit.session.notice = f"The quantity of {line.product.name} is now {quantity}."
        return visit.go("/cart")
    return _cart_remove(shop, visit)


def _cart_remove(shop: Counter, visit: Visit) -> Response:
    row = _row(visit)
    if row is None:
        return shop.problem(400, "That row is no longer in your cart.", visit.session)
    line = visit.session.lines.pop(row)
    visit.session.notice = f"{line.product.name} was removed from your cart."
    return visit.go("/cart")


def _checkout(shop: Counter, visit: Visit) -> Response:
    if not visit.session.lines:
        visit.remember().notice = "Your cart is empty: there is nothing to check out."
        return visit.go("/cart")
    blank = {"email": visit.session.email, "delivery": "standard"}
    return _checkout_page(shop, visit, blank, {})


def _checkout_send(shop: Counter, visit: Visit) -> Response:
    if not visit.session.lines:
        return visit.go("/cart")
    errors = errors_in(visit.request.form)
    if errors:
        return _checkout_page(shop, visit, visit.request.form, errors)
    order = shop.state.place_order(visit.session, visit.request.form)
    return visit.go(f"/orders/{order.number}")


def _checkout_page(shop: Counter, visit: Visit, form: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    return shop.page(
        "checkout.html",
        visit.session,
        # 200 would do for a browser; a client that is none can tell by 422 that nothing was ordered.
        status=422 if errors else 200,
        cart=visit.session,
        form=form,
        errors=errors,
        countries=COUNTRIES,
        deliveries=DELIVERIES,
        gift_wrap=GIFT_WRAP,
        free_from=FREE_DELIVERY_FROM,
    )


def _order(shop: Counter, visit: Visit) -> Response:
    order = _ordered(shop, visit)
    if order is None:
        return shop.problem(404, "There is no order of that number.", visit.session)
    return shop.page("order.html", visit.session, order=order, deliveries=DELIVERIES)


def _login(shop: Counter, visit: Visit) -> Response:
    return shop.page("login.html", visit.session, email="", errors={})


def _login_send(shop: Counter, visit: Visit) -> Response:
    email, password = visit.request.form.get("email", "").strip(), visit.request.form.get("password", "")
    errors = {}
    if not is_email(email):
        errors["email"] = "Enter an email address like name@example.com"
    if len(password) < 8:
        errors["password"] = "Enter your password: it has at least 8 characters"
    if errors:
        return shop.page("login.html", visit.session, status=422, email=email, errors=errors)
    session = visit.remember()
    session.email = email
    session.notice = f"Welcome back. You are signed in as {email}."
    return visit.go("/account")


def _logout(shop: Counter, visit: Visit) -> Response:
    visit.session.email = ""
    visit.session.notice = "You are signed out."
    return visit.go("/")


def _account(shop: Counter, visit: Visit) -> Response:
    email = visit.session.email
    if not email:
        return visit.go("/account/login")
    orders = [order for order in shop.state.orders.values() if order.email_of_account == email]
    return shop.page("account.html", visit.session, orders=orders)


def _information(shop: Counter, visit: Visit) -> Response:
    return shop.page("information.html", visit.session)


def _api_products(shop: Counter, visit: Visit) -> Response:
    query = visit.request.query
    found = shop.catalogue.search(query.get("q", ""), query.get("category", ""), query.get("sort", "featured"))
    return Response.json([_product_json(product) for product in found])


def _api_orders(shop: Counter, visit: Visit) -> Response:
    return Response.json([order.as_json() for order in shop.state.orders.values()])


def _api_order(shop: Counter, visit: Visit) -> Response:
    order = _ordered(shop, visit)
    return Response.json(order.as_json()) if order else Response.json({"error": "no such order"}, status=404)


def _product_json(product: Product) -> dict[str, object]:
    return {
        "product": product.slug,
        "name": product.name,
        "category": product.category,
        "price": product.pence / 100,
        "currency": "GBP",
        "rating": product.rating,
        "reviews": product.reviews,
        "sizes": product.sizes,
        "colours": product.colours,
        "url": f"/product/{product.slug}",
    }


def _ordered(shop: Counter, visit: Visit) -> Order | None:
    # Only the numbers that the shop gives out; Python would also read digits of other scripts, and count forever.
    number = visit.match["number"]
    return shop.state.orders.get(int(number)) if len(number) < 9 else None


def _quantity(form: Mapping[str, str]) -> int | None:
    text = form.get("quantity", "1").strip()
    return int(text) if re.fullmatch("[0-9]{1,2}", text) and int(text) <= MOST else None


def _row(visit: Visit) -> int | None:
    text = visit.request.form.get("row", "")
    row = int(text) if re.fullmatch("[0-9]{1,3}", text) else -1
    return row if 0 <= row < len(visit.session.lines) else None


_ROUTES: tuple[tuple[str, re.Pattern[str], Page], ...] = tuple(
    (method, re.compile(pattern), page)
    for method, pattern, page in (
        ("GET", "/", _home),
        ("GET", "/search", _search),
        ("GET", "/category/(?P<slug>[a-z]+)", _category),
        ("GET", "/product/(?P<slug>[a-z0-9-]+)", _product),
        ("GET", "/cart", _cart),
        ("POST", "/cart/add", _cart_add),
        ("POST", "/cart/update", _cart_update),
        ("POST", "/cart/remove", _cart_remove),
        ("GET", "/checkout", _checkout),
        ("POST", "/checkout", _checkout_send),
        ("GET", "/orders/(?P<number>[0-9]+)", _order),
        ("GET", "/account", _account),
        ("GET", "/account/login", _login),
        ("POST", "/account/login", _login_send),
        ("POST", "/account/logout", _logout),
        ("GET", "/information", _information),
        ("GET", "/api/products", _api_products),
        ("GET", "/api/orders", _api_orders),
        ("GET", "/api/orders/(?P<number>[0-9]+)", _api_order),
    )
)
