"""How a server fails, in words of ours: what its error bodies and broken connections mean, and what to do about them."""

from __future__ import annotations

import json
import re
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from ...tools.errors import ContextTooLong, ImagesRefused, ModelError, ModelUnknown, ModelUnreachable
from ...tools.words import cut

_LONGEST = 600
_AGAIN = frozenset({408, 429, 500, 502, 503, 504, 529})
_CONTEXT = re.compile(
    r"maximum context length|context_length_exceeded|maximum model length|exceed_context_size|available context size"
    r"|exceeds? the (?:model'?s )?(?:maximum )?context|context window|greater than max_model_len",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"(?:context (?:length|size|window)|model length)\D{0,40}?(?:is|of|\()\s*(\d+)|\"n_ctx\":\s*(\d+)|max_model_len=(\d+)",
    re.IGNORECASE,
)
_LENGTH = re.compile(
    r"contains (?:at least )?(\d+)|prompt \(length (\d+)\)|input length \((\d+)\)|max_tokens=(\d+)|resulted in (\d+)"
    r"|requested (\d+)|has (\d+) input tokens"
    r"|\"n_prompt_tokens\":\s*(\d+)",
    re.IGNORECASE,
)
_TOO_MANY = re.compile(r"at most (\d+) image", re.IGNORECASE)
_NO_IMAGES = re.compile(
    r"not a multi-?modal model|image input is not supported|does not support (?:image|vision)|mmproj"
    r"|image_url is only supported|no support for images",
    re.IGNORECASE,
)
_BAD_IMAGE = re.compile(
    r"cannot identify image|failed to (?:load|decode|process) (?:the )?image|invalid image", re.IGNORECASE
)
_UNKNOWN_MODEL = re.compile(
    r"model.{0,200}(?:does not exist|not found)|model_not_found|DeploymentNotFound", re.IGNORECASE
)
_OTHER_ADDRESS = "The address is most often one that ends in /v1: http://host:8000/v1."
_CACHE_MISS = re.compile(r"cache[ _]miss", re.IGNORECASE)
_UNKNOWN_PARAMETER = re.compile(
    r"(?:unknown|unrecognized|unsupported|unexpected|extra|invalid|not permitted|not allowed|not supported|not support)"
    r".{0,80}(?:parameter|argument|field|property|inputs?|key)"
    r"|(?:parameter|argument|field|property|inputs?).{0,80}(?:unknown|unrecognized|unsupported|not permitted|not allowed|not supported)"
    r"|extra_forbidden|unknown_parameter|unsupported_parameter|unsupported_value",
    re.IGNORECASE | re.DOTALL,
)


class Failed(Exception):
    """One try failed.

    Attributes:
        error: What it is for the caller, if nothing helps.
        status: Of HTTP; 0 when there was none.
        said: The words of the server.
        again: Whether the same may work a moment later.
        after: Seconds after which the server wants to be asked again.
    """

    def __init__(
        self, error: ModelError, *, status: int = 0, said: str = "", again: bool = False, after: float | None = None
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.status = status
        self.said = said
        self.again = again
        self.after = after

    @property
    def cache_miss(self) -> bool:
        """Whether the server may lack an image that came by its hash alone.

        Plainly said by some; what else goes wrong on such a request may be that, too, as long as nothing better is known.
        """
        return bool(_CACHE_MISS.search(self.said)) or (
            self.status in (400, 422, 500) and type(self.error) is ModelError
        )

    @property
    def unknown_parameter(self) -> bool:
        """Whether the server complains of a parameter that it does not know."""
        return self.status in (400, 422) and bool(_UNKNOWN_PARAMETER.search(self.said))


def broken(error: httpx.HTTPError, address: str) -> Failed:
    """A connection that could not be made, or that ended early."""
    said = str(error) or type(error).__name__
    why = _tls(error)
    if why is not None:
        found = ModelUnreachable(f"no secure connection to {address}: {why}", remedy=_tls_remedy(why))
        return Failed(found, said=said)
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout():
            remedy = "Start a server with `handeye serve`, or check the address."
            return Failed(
                ModelUnreachable(f"nothing answers at {address}: {said}", remedy=remedy), said=said, again=True
            )
        case httpx.TimeoutException():
            remedy = "See in its log whether it still works; a slow machine needs a longer `read_seconds`."
            return Failed(
                ModelUnreachable(f"{address} was silent for too long ({type(error).__name__})", remedy=remedy)
            )
        case _:
            return _broken_off(address, said)


def _tls(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return str(error)
        error = error.__cause__ or error.__context__
    return None


def _tls_remedy(why: str) -> str:
    if "CERTIFICATE" in why.upper():
        return "Its certificate must be one that this machine trusts: SSL_CERT_FILE names further ones."
    return "If the server speaks plain HTTP, write http:// in place of https://."


def refused(response: httpx.Response, body: bytes, address: str, model: str, hide: str = "") -> Failed:
    """An HTTP status that is no success.

    Args:
        response: Whose status and headers.
        body: What came with it.
        address: Of the server, for the message.
        model: The name that was asked for.
        hide: The api key: some servers repeat it.
    """
    failed = said(response.status_code, body, address, model, hide)
    failed.after = _retry_after(response.headers.get("Retry-After"))
    return failed


def said(status: int, body: bytes, address: str, model: str, hide: str = "") -> Failed:
    """An error as a server puts it, in a body or in the middle of a stream; see `refused`."""
    whole = body.decode(errors="replace")
    if hide:
        whole = whole.replace(hide, "…")
    error = _meaning(status, whole, address, model)
    return Failed(error, status=status, said=whole, again=status in _AGAIN and type(error) is ModelError)


def _meaning(status: int, whole: str, address: str, model: str) -> ModelError:
    words = cut(_words(whole), _LONGEST)
    if status in (401, 403):
        remedy = "Put the key that it wants into HANDEYE_API_KEY."
        return ModelError(f"{address} refuses the api key (HTTP {status}): {words}", remedy=remedy)
    if found := _TOO_MANY.search(whole):
        return _too_many(int(found[1]), address)
    if _NO_IMAGES.search(whole):
        remedy = "Serve a model that sees, with its image part (`--mmproj` for llama.cpp)."
        return ImagesRefused(f"the model at {address} takes no images: {words}", remedy=remedy)
    if _CONTEXT.search(whole):
        return _too_long(whole, words, address)
    if _BAD_IMAGE.search(whole):
        return ImagesRefused(f"{address} cannot read an image: {words}")
    if status == 404 and (_UNKNOWN_MODEL.search(whole) or '"param":"model"' in whole):
        return ModelUnknown(
            f"{address} serves no model {model!r}: {words}",
            remedy="Name one of those that it serves, in `model` or after a # at the end of the address.",
        )
    if status == 413:
        remedy = "Fewer or smaller images, or a larger limit on its side (client_max_body_size of a proxy)."
        return ImagesRefused(f"the request is too large for {address} (HTTP 413)", remedy=remedy)
    if status in (404, 405) or 300 <= status < 400 or looks_like_html(whole):
        return no_such_path(f"HTTP {status}: {words}", address)
    remedy = "" if status < 500 else "See its log."
    return ModelError(f"{address} answers with HTTP {status}: {words}", remedy=remedy)


def _too_many(limit: int, address: str) -> ModelError:
    if limit == 0:
        remedy = "Serve a model that sees, and without `--limit-mm-per-prompt '{\"image\": 0}'`."
        return ImagesRefused(f"the model at {address} takes no images", remedy=remedy)
    remedy = "Show it fewer frames, or serve it with a larger `--limit-mm-per-prompt '{\"image\": N}'`."
    return ImagesRefused(f"{address} takes at most {limit} image(s) in one request", remedy=remedy)


def _too_long(whole: str, words: str, address: str) -> ModelError:
    limit, length = (
        next(filter(None, found.groups()), "") if found else ""
        for found in (_LIMIT.search(whole), _LENGTH.search(whole))
    )
    remedy = "Show it fewer frames, or serve it with a larger `--max-model-len` (`-c` for llama.cpp)."
    if limit and f"max_tokens={length}" in whole:
        message = f"a reply of up to {length} tokens is asked for, the model at {address} has room for {limit} in all"
        remedy = "Ask for a smaller `max_tokens`, or serve it with a larger `--max-model-len`."
    elif limit and length and int(length) > int(limit):
        unit = "characters" if f"{length} characters" in whole else "tokens"
        message = f"the request has {length} {unit}, the model at {address} has room for {limit} tokens"
    else:
        message = f"the request does not fit into the context of the model at {address}: {words}"
    return ContextTooLong(message, remedy=remedy)


def no_such_path(words: str, address: str) -> ModelError:
    """Something answers there, but not as a model's server does."""
    return ModelError(f"what answers at {address} is no model server ({words})", remedy=_OTHER_ADDRESS)


def garbled(body: bytes, why: str, address: str) -> ModelError:
    """An answer of success that cannot be read."""
    whole = body.decode(errors="replace")
    if looks_like_html(whole):
        return no_such_path("it sends a web page", address)
    return ModelError(
        f"{address} sent an answer that is not of the OpenAI chat protocol ({cut(why, 200)}): {cut(whole, 200)}",
        remedy=_OTHER_ADDRESS,
    )


def unfinished(ended: bool, finish: str, choices: bool, address: str) -> Failed | None:
    """What is wrong with an answer that came without an error, if anything.

    Args:
        ended: Whether the server said that this is all.
        finish: Why the reply ended.
        choices: Whether there was one.
        address: Of the server.
    """
    if choices and (ended or finish):
        return None
    if ended:
        return Failed(
            ModelError(f"{address} answered without a reply: its list of choices is empty", remedy="See its log.")
        )
    return _broken_off(address)


def _broken_off(address: str, said: str = "") -> Failed:
    why = f": {said}" if said else ""
    remedy = "See in its log why it ended; `handeye serve` starts it again."
    found = ModelUnreachable(f"{address} broke off in the middle of its answer{why}", remedy=remedy)
    return Failed(found, said=said, again=True)


def looks_like_html(text: str) -> bool:
    """Whether it is a web page."""
    return text.lstrip()[:200].lower().startswith(("<!doctype", "<html", "<head", "<body"))


def _words(whole: str) -> str:
    """The message in an error body, of whichever server."""
    try:
        data: Any = json.loads(whole)
    except ValueError:
        return "a web page" if looks_like_html(whole) else whole.strip()
    for key in ("error", "message", "detail"):
        if isinstance(data, dict) and key in data:
            data = data[key]
    return data if isinstance(data, str) else json.dumps(data)


def _retry_after(value: str | None) -> float | None:
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        then = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (then - datetime.now(UTC)).total_seconds()) if then.tzinfo else None
