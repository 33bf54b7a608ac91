"""Which server answers at an address, and which models it serves; and the settings that say where it is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from ...episodes.schema.base import first_problem
from ...tools.errors import ModelUnknown, UsageError
from . import faults

_WHOLE_PROTOCOL = frozenset({"vllm", "handeye"})


def _key_of_environment() -> SecretStr | None:
    found = (os.environ.get("HANDEYE_API_KEY") or os.environ.get("OPENAI_API_KEY") or "").strip()
    return SecretStr(found) if found else None


class VllmConfig(BaseModel):
    """Where the model is, and how patiently it is asked.

    Attributes:
        url: ``http://host:8000/v1``; ``/v1`` may be missing where there is no other path, ``#name`` at the end names the model.
        model: The name under which the server serves it; None takes the first that it serves.
        api_key: Sent as a bearer token; by default what ``HANDEYE_API_KEY`` holds, else ``OPENAI_API_KEY``.
        connect_seconds: For a connection to be made.
        read_seconds: Between two pieces of an answer, the wait for the first one included.
        total_seconds: For one request, tries that failed included.
        retries: Further tries after one that failed for want of a connection, or with HTTP 408, 429 or 5xx.
        backoff_seconds: The first pause lies between 0 and this; each further one may be twice as long.
        concurrency: Requests in flight at once; others wait for their turn.
        stream: Whether answers come piece by piece. A server notices sooner that nobody listens any more, and progress can be shown.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = "http://127.0.0.1:8000/v1"
    model: str | None = None
    api_key: SecretStr | None = Field(default_factory=_key_of_environment)
    connect_seconds: float = Field(default=10, gt=0)
    read_seconds: float = Field(default=300, gt=0)
    total_seconds: float = Field(default=900, gt=0)
    retries: int = Field(default=4, ge=0)
    backoff_seconds: float = Field(default=0.5, ge=0)
    concurrency: int = Field(default=8, gt=0)
    stream: bool = True

    @classmethod
    def of(cls, url: str) -> Self:
        """The settings for an address, all else by default.

        Raises:
            UsageError: It is no address.
        """
        try:
            return cls(url=url)
        except ValidationError as error:
            shown = url.partition("#")[0].partition("?")[0].rpartition("@")[2]
            raise UsageError(
                f"{shown!r} is not the address of a model: {first_problem(error)}",
                remedy="It looks like http://127.0.0.1:8000/v1; #name after it says which of the server's models.",
            ) from error

    @field_validator("url")
    @classmethod
    def _reads(cls, url: str) -> str:
        try:
            parsed = httpx.URL(url.strip())
        except httpx.InvalidURL as error:
            raise ValueError(f"not a URL: {error}") from error
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError("the address of a model looks like http://127.0.0.1:8000/v1")
        path = parsed.path.rstrip("/").removesuffix("/chat/completions")
        return str(parsed.copy_with(path=path or "/v1"))

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        fragment = httpx.URL(self.url).fragment
        if fragment and self.model not in (None, fragment):
            raise ValueError(f"the address names the model {fragment!r}, `model` names {self.model!r}")
        return self

    @property
    def name(self) -> str | None:
        """The model that is wanted, by `model` or by the address."""
        return self.model or httpx.URL(self.url).fragment or None

    @property
    def address(self) -> str:
        """Of the server, for people: without a name of a person, a query or a fragment, which may hold what is private."""
        return str(httpx.URL(self.url).copy_with(username=None, password=None, query=None, fragment=None))

    def at(self, path: str) -> httpx.URL:
        """A path below the address."""
        base = httpx.URL(self.url)
        return base.copy_with(path=base.path + path, fragment=None)


@dataclass(frozen=True)
class Server:
    """What answers, as it says itself.

    Attributes:
        kind: ``vllm``, ``handeye`` (a `ModelEndpoint`), or whatever other servers call themselves; empty when they do not.
        model: The name that is asked for.
        version: Of vLLM.
        root: Where the model came from, a name or a path.
    """

    kind: str
    model: str
    version: str = ""
    root: str = ""

    @property
    def whole(self) -> bool:
        """Whether it knows everything that vLLM adds to the protocol. Then nothing is ever left out."""
        return self.kind in _WHOLE_PROTOCOL


class _Card(BaseModel):
    id: str
    owned_by: str | None = None
    root: str | None = None


class _Cards(BaseModel):
    data: list[_Card]


class _Version(BaseModel):
    version: str


async def find(client: httpx.AsyncClient, config: VllmConfig, key: str = "") -> Server:
    """Asks a server what it is and picks the model.

    Raises:
        Failed: Nothing answers, or not as a model server does, or it serves no such model.
    """
    address, name = config.address, config.name
    try:
        response = await client.get(config.at("/models"))
    except httpx.HTTPError as error:
        raise faults.broken(error, address) from error
    if response.status_code != 200:
        if response.status_code in (404, 405) and name and not faults.looks_like_html(response.text):
            return Server("", name)  # hosted ones need not list what they serve
        raise faults.refused(response, response.content, address, name or "", key)
    try:
        cards = _Cards.model_validate_json(response.content).data
    except ValidationError as error:
        raise faults.Failed(faults.garbled(response.content, str(error), address)) from error
    kind = (cards[0].owned_by or "") if cards else ""
    card = next((each for each in cards if name in (None, each.id)), None)
    if card is None and (name is None or kind in _WHOLE_PROTOCOL):
        served = ", ".join(repr(each.id) for each in cards) or "none"
        error_ = ModelUnknown(
            f"{address} serves no model {name!r}" if name else f"{address} serves no model",
            remedy=f"It serves: {served}. Name one in `model` or after a # at the end of the address.",
        )
        raise faults.Failed(error_, status=404)
    version = await _version(client, config) if kind in _WHOLE_PROTOCOL else ""
    return Server(kind, card.id if card else name or "", version, (card and card.root) or "")


async def _version(client: httpx.AsyncClient, config: VllmConfig) -> str:
    root = httpx.URL(config.url)
    root = root.copy_with(path=root.path.removesuffix("/v1") + "/version", fragment=None)
    try:
        response = await client.get(root)
        return _Version.model_validate_json(response.content).version
    except (httpx.HTTPError, ValidationError):
        return ""  # a proxy in front need not let it through; nothing depends on it


def on_this_machine(url: str) -> bool:
    """Whether an address is of the loopback interface."""
    host = httpx.URL(url).host
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
