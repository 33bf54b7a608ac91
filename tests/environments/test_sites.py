"""Practice sites over real HTTP, and their pages in a real Chromium."""

from __future__ import annotations

import http.client
import io
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from PIL import Image
from playwright.async_api import Page, async_playwright

from handeye.environments.sites import Request, Response, RunningSite, open_site
from handeye.environments.sites.miniwob import tasks
from handeye.environments.sites.shop import photographs
from handeye.environments.sites.shop.catalogue import Catalogue
from handeye.environments.sites.shop.checkout import COUNTRIES
from handeye.tools.errors import UnknownName, UsageError

ANSWERS = {
    "full_name": "Ada Lovelace",
    "email": "ada@example.com",
    "address": "12 St James's Square",
    "postcode": "SW1Y 4JH",
    "city": "London",
    "country": "United Kingdom",
    "delivery_date": "2026-03-14",
    "delivery": "express",
    "gift_wrap": "yes",
    "notes": "Leave it with <b>the porter</b>",
    "terms": "yes",
}


def browser_path() -> str:
    path = os.environ.get("HANDEYE_BROWSER") or shutil.which("chromium")
    if path is None:
        pytest.skip("no Chromium: set HANDEYE_BROWSER")
    return path


@asynccontextmanager
async def browser_page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path(), args=["--no-sandbox"])
        try:
            yield await browser.new_page(viewport={"width": 1280, "height": 720})
        finally:
            await browser.close()


@pytest.fixture
def shop() -> Iterator[RunningSite]:
    with open_site("shop") as running:
        yield running


@pytest.fixture
def visitor(shop: RunningSite) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shop.url, follow_redirects=True) as client:
        yield client


# --- serving ---


def test_an_unknown_site_is_named_with_a_suggestion() -> None:
    with pytest.raises(UnknownName, match="did you mean 'shop'"):
        open_site("shopp")


def test_a_site_can_be_a_dotted_path() -> None:
    with open_site("handeye.environments.sites.shop:Shop") as running:
        assert httpx.get(running.page("/")).status_code == 200


def test_a_defect_of_a_site_is_logged_and_does_not_end_the_serving(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def respond(self, request: Request) -> Response:
            if request.path == "/broken":
                raise KeyError("shelf")
            return Response(b"fine")

        def path(self, page: str) -> str:
            return page

    with RunningSite(Broken()) as running:
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(running.page("/broken"))
        assert httpx.get(running.page("/")).text == "fine"
    assert "KeyError: 'shelf'" in caplog.text


def test_closing_twice_is_harmless_and_drops_open_connections() -> None:
    running = open_site("shop")
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(running.url).port or 0)
    connection.request("GET", "/information")
    connection.getresponse().read()
    running.close()
    running.close()
    assert connection.sock.recv(1) == b""
    connection.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(running.url)


def test_a_connection_serves_several_requests_and_head_has_no_body(shop: RunningSite) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(shop.url).port or 0)
    connection.request("GET", "/information")
    first = connection.getresponse()
    body = first.read()
    socket = connection.sock
    connection.request("HEAD", "/information")
    second = connection.getresponse()
    assert second.read() == b""
    assert second.getheader("Content-Length") == str(len(body))
    assert second.getheader("Cache-Control") == "no-store"
    assert connection.sock is socket
    connection.close()


@pytest.mark.parametrize(
    "path", ["/static/../site.py", "/static/%2e%2e/site.py", "/static//etc/passwd", "/static/a%00b"]
)
def test_no_path_leads_out_of_the_static_files(shop: RunningSite, path: str) -> None:
    assert _raw(shop, "GET", path) == 404


@pytest.mark.parametrize("path", ["/../registration.py", "/%2e%2e/registration.py", "/miniwob", "/miniwob/none.html"])
def test_no_path_leads_out_of_the_miniwob_pages(path: str) -> None:
    with open_site("miniwob") as running:
        assert _raw(running, "GET", path) == 404


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Length": "many"}, b""),
        ({"Content-Length": "-1"}, b""),
        ({"Content-Length": "99999999"}, b""),
        ({"Content-Type": "application/json"}, b"{}"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=\xff"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=%ff"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"&".join([b"a=1"] * 2000)),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"product=nothing"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"product=tide-mug&quantity=0"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"product=tide-mug&quantity=1e9"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"product=tide-mug&size=Huge"),
    ],
)
def test_a_bad_form_is_refused(shop: RunningSite, headers: dict[str, str], body: bytes) -> None:
    assert _raw(shop, "POST", "/cart/add", headers, body) == 400


def test_a_path_that_is_not_utf8_is_refused(shop: RunningSite) -> None:
    assert _raw(shop, "GET", "/%ff") == 400


def _raw(
    running: RunningSite, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> int:
    """The status of a request that no client has tidied up."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(running.url).port or 0)
    connection.request(method, path, body=body, headers=headers or {})
    status = connection.getresponse().status
    connection.close()
    return status


# --- the shop ---


def test_search_finds_every_word_in_any_number(visitor: httpx.Client) -> None:
    names = {found["name"] for found in visitor.get("/api/products", params={"q": "blue MUGS"}).json()}
    assert names == {"Tide Mug", "Speckled Mug", "Pebble Cup", "Kiln Second Mug"}
    assert visitor.get("/api/products", params={"q": "submarine"}).json() == []
    assert "Nothing on our shelves" in visitor.get("/search", params={"q": "submarine"}).text


def test_results_can_be_sorted_by_price(visitor: httpx.Client) -> None:
    prices = [found["price"] for found in visitor.get("/api/products", params={"sort": "price-low"}).json()]
    assert len(prices) >= 24
    assert prices == sorted(prices)
    page = visitor.get("/search", params={"q": "blue mug", "sort": "price-low"}).text
    assert page.index("Kiln Second Mug") < page.index("Pebble Cup") < page.index("Tide Mug")


def test_the_seed_lays_out_the_shelves_and_changes_nothing_else() -> None:
    ours, first, again, other = Catalogue(), Catalogue(7), Catalogue(7), Catalogue("7")
    assert first.products == again.products
    assert len({ours.products, first.products, other.products}) == 3
    assert set(ours.products) == set(first.products) == set(other.products)


def test_every_page_has_its_photographs_and_they_never_change(visitor: httpx.Client) -> None:
    page = visitor.get("/search", params={"q": "teapot"}).text
    sources = re.findall(r'<img src="(/photos/[^"]+)"', page)
    assert len(sources) == 5
    for source in sources:
        image = Image.open(io.BytesIO(visitor.get(source).content))
        assert (image.format, image.size) == ("JPEG", (photographs.SMALL, photographs.SMALL))
    product = Catalogue().get("tide-mug")
    assert product is not None
    drawn = photographs.product.__wrapped__(product, "Blue")
    assert drawn == photographs.product(product, "Blue") == visitor.get("/photos/tide-mug.Blue.jpg").content
    assert drawn != photographs.product(product, "White")
    assert visitor.get("/photos/tide-mug.Plaid.jpg").status_code == 404


def test_no_page_asks_for_anything_from_elsewhere(visitor: httpx.Client) -> None:
    visitor.post("/cart/add", data={"product": "tide-mug"})
    for path in ("/", "/search?q=", "/product/tide-mug", "/cart", "/checkout", "/account/login", "/nowhere"):
        assert not re.search(r"""(?:src|href|action)=["']?(?:https?:)?//""", visitor.get(path).text), path
    assert "//" not in visitor.get("/static/shop.css").text


def test_a_cart_is_filled_changed_and_emptied(visitor: httpx.Client) -> None:
    order = {"product": "tide-mug", "size": "Large (450 ml)", "colour": "White", "quantity": "2"}
    page = visitor.post("/cart/add", data=order)
    assert page.url.path == "/cart"
    assert "Tide Mug was added to your cart." in page.text
    assert "£36.00" in page.text
    assert "was added" not in visitor.get("/cart").text
    visitor.post("/cart/add", data=order)
    assert "£72.00" in visitor.get("/cart").text
    assert "£54.00" in visitor.post("/cart/update", data={"row": "0", "quantity": "3"}).text
    assert visitor.post("/cart/update", data={"row": "9", "quantity": "3"}).status_code == 400
    assert "Your cart is empty" in visitor.post("/cart/remove", data={"row": "0"}).text


def test_an_order_is_placed_once_and_told_by_the_api(visitor: httpx.Client) -> None:
    visitor.post("/cart/add", data={"product": "tide-mug", "colour": "White", "quantity": "2"})
    page = visitor.post("/checkout", data=ANSWERS)
    assert page.history[0].status_code == 303
    assert page.url.path == "/orders/10042"
    assert "Order confirmed" in page.text
    assert "Order #10042" in page.text
    assert "<b>the porter</b>" not in page.text
    order = visitor.get("/api/orders/10042").json()
    assert [(line["product"], line["colour"], line["quantity"]) for line in order["lines"]] == [
        ("tide-mug", "White", 2)
    ]
    assert (order["full_name"], order["notes"]) == (ANSWERS["full_name"], ANSWERS["notes"])
    assert (order["subtotal"], order["delivery_price"], order["gift_wrap_price"]) == (36.0, 9.9, 3.5)
    assert order["total"] == 49.4
    # Sending the form again finds an empty cart.
    assert visitor.post("/checkout", data=ANSWERS).url.path == "/cart"
    assert visitor.get("/api/orders").json() == [order]
    assert visitor.get("/orders/10043").status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("full_name", " ", "Enter your full name"),
        ("email", "ada@", "Enter an email address like name@example.com"),
        ("address", "", "Enter your address"),
        ("postcode", "!", "Enter a postcode of 2 to 10 letters and digits"),
        ("city", "x" * 101, "Use at most 100 characters"),
        ("country", "", "Choose a country"),
        ("country", "Atlantis", "Choose a country from the list"),
        ("delivery_date", "", "Choose a delivery date"),
        ("delivery_date", "2026-02-30", "Enter a date that exists"),
        ("delivery_date", "2026-W10-1", "Enter a date that exists"),
        ("delivery", "owl", "Choose a delivery option"),
        ("terms", "", "Accept the terms and conditions to place your order"),
    ],
)
def test_a_wrong_answer_is_said_and_the_others_are_kept(
    visitor: httpx.Client, field: str, value: str, message: str
) -> None:
    visitor.post("/cart/add", data={"product": "tide-mug"})
    page = visitor.post("/checkout", data=ANSWERS | {field: value})
    assert page.status_code == 422
    # Once above the form, once at the field.
    assert page.text.count(message) >= 2
    kept = {"full_name": "Ada Lovelace", "address": "12 St James&#39;s Square", "notes": "with &lt;b&gt;the porter"}
    assert all(text in page.text for name, text in kept.items() if name != field)
    assert visitor.get("/api/orders").json() == []


def test_there_is_nothing_to_check_out_in_an_empty_cart(visitor: httpx.Client) -> None:
    page = visitor.get("/checkout")
    assert page.url.path == "/cart"
    assert "there is nothing to check out" in page.text


def test_an_account_opens_with_any_email_and_a_long_password(visitor: httpx.Client) -> None:
    refused = visitor.post("/account/login", data={"email": "ada@example.com", "password": "short"})
    assert refused.status_code == 422
    assert 'value="ada@example.com"' in refused.text
    assert "short" not in refused.text
    welcome = visitor.post("/account/login", data={"email": "ada@example.com", "password": "correct horse"})
    assert welcome.url.path == "/account"
    visitor.post("/cart/add", data={"product": "tide-mug"})
    assert 'value="ada@example.com"' in visitor.get("/checkout").text
    visitor.post("/checkout", data=ANSWERS)
    assert "Order #10042" in visitor.get("/account").text
    visitor.post("/account/logout")
    assert visitor.get("/account").url.path == "/account/login"


def test_two_shops_and_two_visitors_never_see_each_other(shop: RunningSite, visitor: httpx.Client) -> None:
    with open_site("shop") as other_shop, httpx.Client(base_url=shop.url, follow_redirects=True) as other_visitor:
        visitor.post("/cart/add", data={"product": "tide-mug"})
        assert "Your cart is empty" in other_visitor.get("/cart").text
        visitor.post("/checkout", data=ANSWERS)
        assert httpx.get(other_shop.page("/api/orders")).json() == []
        other_visitor.post("/cart/add", data={"product": "bud-vase"})
        assert other_visitor.post("/checkout", data=ANSWERS).url.path == "/orders/10043"


@pytest.mark.browser
async def test_a_purchase_in_a_browser(shop: RunningSite) -> None:
    async with browser_page() as page:
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(shop.page("/search?q=blue+mug"))
        await page.get_by_label("Sort by").select_option("Price: low to high")
        await page.wait_for_url("**sort=price-low")
        cards = page.get_by_role("listitem").filter(has=page.get_by_role("button", name="Add to cart"))
        assert await cards.count() == 4
        await cards.first.get_by_role("link", name="Kiln Second Mug", exact=True).click()
        await page.get_by_label("Colour").select_option("Oatmeal")
        photo = page.locator("#photo")
        assert await photo.get_attribute("src") == "/photos/kiln-second-mug.Oatmeal.jpg"
        await page.locator("form.options").get_by_role("button", name="Add to cart").click()
        await page.get_by_role("link", name="Go to checkout").click()
        place = page.get_by_role("button", name="Place order")
        box = await place.bounding_box()
        assert box is not None
        assert box["y"] > 720  # only seen after scrolling
        assert await page.get_by_label("Country").locator("option").count() == len(COUNTRIES) + 1 >= 21
        for label in ("Full name", "Email", "Address", "Postcode", "City", "Delivery date", "Notes"):
            await page.get_by_label(label, exact=True).fill(ANSWERS[label.lower().replace(" ", "_")])
        await page.get_by_label("Country").select_option(ANSWERS["country"])
        await page.get_by_label("Express").check()
        await page.get_by_label("Gift wrap").check()
        await page.get_by_label("I accept the terms and conditions").check()
        assert await page.get_by_label("Order summary").get_by_text("£22.40").count() == 1
        await place.click()
        await page.get_by_role("heading", name="Order confirmed").wait_for()
        assert errors == []
    async with httpx.AsyncClient() as client:
        assert (await client.get(shop.page("/api/orders/10042"))).json()["total"] == 22.4


# --- MiniWoB++ ---


def test_the_registered_tasks_are_listed_and_served_begun() -> None:
    names = tasks()
    assert len(names) == 125
    assert {"click-test", "book-flight", "use-colorwheel-2"} <= set(names)
    with open_site("miniwob", seed=1) as running, httpx.Client() as client:
        for name in names:
            page = client.get(running.page(name))
            assert page.status_code == 200, name
            assert page.text.count("core.startEpisodeReal();\n") == 1, name
        assert client.get(running.page("flight.Alaska")).status_code == 200
        assert 'href="/miniwob/click-test.html?seed=1"' in client.get(running.url).text


def test_a_page_is_named_in_several_ways_and_carries_the_seed() -> None:
    with open_site("miniwob", seed="a b") as running:
        expected = running.url + "miniwob/click-button.html?seed=%22a+b%22"
        for name in ("click-button", "click-button.html", "/miniwob/click-button.html", "miniwob/click-button.html"):
            assert running.page(name) == expected
        assert running.page("click-link?any=1") == running.url + "miniwob/click-link.html?any=1&seed=%22a+b%22"
        assert parse_qs(urlsplit(running.page("flight.AA")).query) == {"seed": ['"a b"']}
    with open_site("miniwob") as unseeded:
        assert unseeded.page("click-button") == unseeded.url + "miniwob/click-button.html"


@pytest.mark.parametrize("seed", [0, -3, 2**40, "", "1", "</script><script>alert(1)</script>", "\\1 \u2028 é \ud800"])
def test_the_seed_arrives_as_the_exact_literal(seed: int | str) -> None:
    with open_site("miniwob", seed=seed) as running:
        for url in (running.page("click-test"), running.url + "miniwob/click-test.html"):
            page = httpx.get(url).text
            assert page.count("</script>") == httpx.get(running.url + "miniwob/click-test.html?seed=1").text.count(
                "</script>"
            )
            literal = re.search(r"^\}\)\((.*)\);$", page, re.MULTILINE)
            assert literal is not None
            assert json.loads(literal[1]) == seed


@pytest.mark.parametrize("seed", ["", "x", "true", "1.5", "null,alert(1)", "[1]", "{}"])
def test_what_is_no_seed_is_refused(seed: str) -> None:
    with open_site("miniwob") as running:
        assert httpx.get(running.page("click-test"), params={"seed": seed}).status_code == 400


def test_without_the_package_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "miniwob", None)
    with pytest.raises(UsageError, match=r'pip install "handeye\[miniwob\]"'):
        open_site("miniwob")


@pytest.mark.browser
async def test_an_episode_is_in_progress_and_its_reward_stays() -> None:
    async with browser_page() as page:
        with open_site("miniwob", seed=3) as running:
            await page.goto(running.page("click-test"))
            assert await page.evaluate("[WOB_TASK_READY, WOB_DONE_GLOBAL, core.EPISODE_MAX_TIME]") == [
                True,
                False,
                1000000,
            ]
            assert not await page.locator("#sync-task-cover").is_visible()
            assert not await page.locator("#reward-display").is_visible()
            await page.get_by_role("button", name="Click Me!").click()
            assert await page.evaluate("[WOB_DONE_GLOBAL, WOB_RAW_REWARD_GLOBAL]") == [True, 1]
            assert await page.evaluate("WOB_REWARD_GLOBAL") > 0.5
            await page.mouse.click(80, 105)
            assert await page.evaluate("[WOB_DONE_GLOBAL, WOB_RAW_REWARD_GLOBAL]") == [True, 1]


@pytest.mark.slow
@pytest.mark.browser
async def test_the_same_seed_is_the_same_problem_and_the_type_of_a_seed_counts() -> None:
    async def problem(page: Page, seed: int | str, task: str) -> str:
        with open_site("miniwob", seed=seed) as running:
            await page.goto(running.page(task))
            utterance = await page.evaluate("core.getUtterance()")
            return f"{utterance}\n{await page.locator('#area').inner_html()}"

    async with browser_page() as page:
        # The last goes on setting itself up after it has asked for the start.
        for task in ("enter-text", "click-pie-nodelay", "draw-circle"):
            assert await problem(page, 1, task) == await problem(page, 1, task)
            assert await problem(page, 1, task) != await problem(page, 2, task)
        assert await problem(page, 1, "enter-text") != await problem(page, "1", "enter-text")


@pytest.mark.browser
async def test_a_task_in_a_frame_is_ready_when_its_frame_has_loaded() -> None:
    async with browser_page() as page:
        with open_site("miniwob", seed=1) as running:
            await page.goto(running.page("flight.Alaska"))
            await page.wait_for_function("WOB_TASK_READY")
            assert await page.frame_locator("#wrap").locator("form.miniwob-main-form").count() == 1
