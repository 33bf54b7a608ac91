"""Postconditions of a task as what a Playwright script expects at its end."""

from __future__ import annotations

from ..schema import Check, Json, Task
from .outgoing import comment
from .playwright_steps import Lines, literal
from .recording import Tally


def expectations(task: Task, lines: Lines, tally: Tally) -> list[str]:
    """The statements for all postconditions; a comment for each that a page alone cannot show."""
    found: list[str] = []
    for check in task.postconditions:
        said = _expected(check, lines)
        if not said:
            tally.lose(f"a postcondition on {check.subject} (a comment)")
        found += [comment(f"expected: {check}"), *said]
    return found


def _expected(check: Check, lines: Lines) -> list[str]:
    body = "page.locator('body')"
    match check.subject:
        case "text":
            return [
                f"expect({body}).to_contain_text({lines.text(check.text or '')}, ignore_case=True, use_inner_text=True)"
            ]
        case "no_text":
            return [
                f"expect({body}).not_to_contain_text({lines.text(check.no_text or '')}, ignore_case=True, use_inner_text=True)"
            ]
        case "url":
            return [f"expect(page).to_have_url(re.compile({literal(check.url or '')}))"]
        case "http":
            address = lines.url(check.http or "")
            absolute = address if "://" in (check.http or "") else f"urljoin(page.url, {address})"
            read = "json()" if check.pick is not None else "text()"
            return _value(check, f"page.request.get({absolute}).{read}")
        case "script":
            return _value(check, f"page.evaluate({literal(check.script or '')})")
        case _:
            return []


def _value(check: Check, read: str) -> list[str]:
    for key in check.pick.split(".") if check.pick is not None else ():
        read += f"[{int(key)}]" if key.lstrip("-").isdigit() and key.isascii() else f"[{literal(key)}]"
    lines = [f"found = {read}"]
    if check.equals is not None:
        lines.append(f"assert found == {_json(check.equals)} or str(found) == {literal(_text(check.equals))}, found")
    if check.contains is not None:
        lines.append(f"assert {literal(check.contains)} in str(found), found")
    if check.matches is not None:
        lines.append(f"assert re.search({literal(check.matches)}, str(found)), found")
    if check.exists is False:
        return []
    if len(lines) == 1:
        lines.append("assert found not in (None, [], ''), found")
    return lines


def _json(value: Json) -> str:
    return ascii(value)


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ascii(value)
