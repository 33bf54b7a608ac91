"""No declared value gets past redaction, in whatever spelling; nothing of ours is harmed by it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel

from handeye.episodes.schema import LINE, BeginLine, Decision, EndLine, Evidence, Outcome, Probe, Sent, Task
from handeye.tools.actions import Click, Key, Place, Target, Type
from handeye.tools.errors import ActionError, UsageError
from handeye.tools.secrets import Secrets, placeholder

NASTY = "pä ss\"&<w/rd>'\\x+%😀#?=,;:@"
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
value = st.text(st.characters(exclude_categories=["Cs"]), min_size=3, max_size=20).filter(
    lambda each: len(each.strip()) >= 3 and "<secret:" not in each
)


def javascript(text: str) -> str:
    """What ``encodeURIComponent`` makes of it."""
    return quote(text, safe="!'()*-._~")


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(each):04x}" if ord(each) < 0x10000 else each for each in text)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "quoted": quote,
    "quoted wholly": lambda text: quote(text, safe=""),
    "form": quote_plus,
    "encodeURIComponent": javascript,
    "encodeURI": lambda text: quote(text, safe=";,/?:@&=+$#!'()*-._~"),
    "lower-case hex": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "HTML": html.escape,
    "HTML text": lambda text: html.escape(text, quote=False),
    "HTML by number": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "HTML by hex": lambda text: "".join(f"&#x{ord(each):X};" for each in text),
    "HTML apostrophe": lambda text: html.escape(text, quote=False).replace("'", "&apos;").replace('"', "&#34;"),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON with escaped slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JavaScript": escaped,
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "URL in a URL": lambda text: quote(quote(text, safe=""), safe=""),
    "HTML in HTML": lambda text: html.escape(html.escape(text)),
    "spaces collapsed": lambda text: re.sub(r"\s+", "  ", text),
    "no-break space": lambda text: text.replace(" ", "\N{NO-BREAK SPACE}"),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_is_redacted(spelling: str) -> None:
    secrets = Secrets({"pw": NASTY})
    shown = SPELLINGS[spelling](NASTY)
    assert secrets.redact(f"before={shown}&after") == "before=<secret:pw>&after"
    assert secrets.occurs_in(f"x{shown}")


@given(
    st.dictionaries(st.from_regex("[a-z_]{1,6}", fullmatch=True), value, min_size=1, max_size=3), text, text, st.data()
)
def test_no_value_survives(values: dict[str, str], before: str, after: str, data: st.DataObject) -> None:
    assume("<secret:" not in before + after)
    secrets = Secrets(values)
    inside = data.draw(st.sampled_from(sorted(values.values())))
    redacted = secrets.redact(f"{before}{inside}{after}")
    # a value may be a part of a placeholder; what lies between placeholders must hold none
    for rest in re.split("|".join(re.escape(placeholder(name)) for name in values), redacted):
        assert not any(each in rest for each in values.values())
    assert not secrets.occurs_in(redacted)
    assert secrets.redact(redacted) == redacted


def test_of_overlapping_secrets_the_longer_one_counts() -> None:
    secrets = Secrets({"user": "kari", "mail": "kari@example.com", "host": "example.com"})
    assert secrets.redact("kari@example.com, kari, example.com") == "<secret:mail>, <secret:user>, <secret:host>"


def test_redacting_twice_changes_nothing() -> None:
    secrets = Secrets({"secret": "secret", "pw": "ret:"})
    once = secrets.redact("my secret, ret:")
    assert once == "my <secret:secret>, <secret:pw>"
    assert secrets.redact(once) == once
    assert not secrets.occurs_in(once)


def test_other_text_is_left_alone() -> None:
    secrets = Secrets({"pw": "aaa"})
    assert secrets.redact("aa a &apos;&apos;&apos; %62%62%62") == "aa a &apos;&apos;&apos; %62%62%62"
    assert Secrets().redact(NASTY) == NASTY
    assert not Secrets().occurs_in(NASTY)
    assert not Secrets()
    assert secrets


def test_what_the_keyboard_gets() -> None:
    secrets = Secrets({"user": "kari", "pw": NASTY})
    assert secrets.reveal("<secret:user>\t<secret:pw>!") == f"kari\t{NASTY}!"
    assert secrets.redact(secrets.reveal("<secret:pw>")) == "<secret:pw>"
    assert secrets.reveal("<secret>, <secret:>, <secret:1>") == "<secret>, <secret:>, <secret:1>"


def test_a_placeholder_without_a_value_is_not_typed() -> None:
    with pytest.raises(ActionError, match="no secret 'pin'") as failure:
        Secrets({"pw": "hunter2"}).reveal("<secret:pin>")
    assert "pw" in failure.value.remedy
    with pytest.raises(ActionError) as failure:
        Secrets().reveal("<secret:pin>")
    assert "none are declared" in failure.value.remedy


@pytest.mark.parametrize("short", ["", "ab", "   ", "a \n"])
def test_a_short_secret_is_refused(short: str) -> None:
    with pytest.raises(UsageError, match="'pw' has") as failure:
        Secrets({"pw": short})
    assert short == "" or repr(short) not in str(failure.value)


def test_values_are_in_no_representation() -> None:
    secrets = Secrets({"pw": "hunter2"})
    assert repr(secrets) == "Secrets(pw)"
    assert secrets.names == ("pw",)


def test_nested_data_keys_included() -> None:
    secrets = Secrets({"pw": "hunter2"})
    found = secrets.redact_all({"a": ["x hunter2", 5, None], "hunter2": ({"b": "hunter2"},), "c": True})
    assert found == {"a": ["x <secret:pw>", 5, None], "<secret:pw>": ({"b": "<secret:pw>"},), "c": True}


def redacted(record: BaseModel, values: dict[str, str]) -> Any:
    return json.loads(LINE.dump_json(Secrets(values).redact_all(record)))


def test_records_keep_what_is_ours() -> None:
    intent = Click[Place](at=Target(description="click saw"), modifiers=("Control",))
    line = BeginLine(
        step=3, at=1.0, saw="o0123", decision=Decision(intent=intent, calls=("c0123",), memo={"123": "123"})
    )
    found = redacted(line, {"a": "click", "b": "saw", "c": "123", "d": "Control", "e": "begin", "f": "decision"})
    assert LINE.validate_python(found).kind == "begin"
    assert found["saw"] == "o0123"
    assert found["decision"]["calls"] == ["c0123"]
    assert found["decision"]["memo"] == {"<secret:c>": "<secret:c>"}
    assert found["decision"]["intent"]["verb"] == "click"
    assert found["decision"]["intent"]["modifiers"] == ["Control"]
    assert found["decision"]["intent"]["at"]["description"] == "<secret:a> <secret:b>"


def test_records_lose_what_is_not() -> None:
    outcome = Outcome(status="passed", stop="done", values={"order": "o hunter2", "more": ["hunter2"]})
    found = Secrets({"pw": "hunter2", "key": "order"}).redact_all(outcome)
    assert found.values == {"order": "o <secret:pw>", "more": ["<secret:pw>"]}
    evidence = Evidence(probe=Probe(kind="http", argument="/?q=hunter2"), value={"hunter2": {"deep": ["hunter2"]}})
    assert "hunter2" not in Secrets({"pw": "hunter2"}).redact_all(evidence).model_dump_json()
    end = EndLine(step=0, at=1.0, sent=(Sent(device="keyboard", event="type", detail="hunter2"),), timings={"act": 1.0})
    assert "hunter2" not in Secrets({"pw": "hunter2"}).redact_all(end).model_dump_json()


def test_a_task_whose_names_are_values_still_reads() -> None:
    task = Task.model_validate(
        {"inputs": {"user": "kari"}, "secrets": {"password": "SHOP"}, "steps": ["back", {"type": "password"}]}
    )
    found = Secrets({"password": "password", "step": "back", "u": "user"}).redact_all(task)
    again = Task.model_validate_json(found.model_dump_json())
    assert again.secrets == {"password": "SHOP"}
    assert again.steps[0] == "back"
    assert "<secret:password>" in again.model_dump_json()


def test_chords_are_ours() -> None:
    found = Secrets({"pw": "Enter"}).redact_all(Type[Place](text="press Enter"))
    assert found.text == "press <secret:pw>"
    assert Secrets({"pw": "Enter"}).redact_all(Key(keys=("Enter",))) == Key(keys=("Enter",))
