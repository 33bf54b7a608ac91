"""What a context remembers of its user: written to a file, so that a login is done once."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path

from playwright.async_api import BrowserContext

from ....tools.errors import UsageError
from ..host import boundary


async def save_state(context: BrowserContext, file: Path) -> None:
    """Writes cookies, local storage and IndexedDB, readable by this user alone, whole or not at all.

    Raises:
        EnvironmentFailed: The browser does not hand them out.
        UsageError: The file cannot be written.
    """
    with boundary("the browser does not hand out its state"):
        state = await context.storage_state(indexed_db=True)
    aside = file.with_name(f".{file.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        # whoever is signed in by it is that person: not even for a moment may others read it
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            json.dump(state, out, ensure_ascii=False, indent=1)
            out.flush()
            os.fsync(out.fileno())
        aside.replace(file)
    except OSError as error:
        raise UsageError(
            f"cannot write {file}: {error.strerror or error}", remedy="name another file with --save-state"
        ) from error
    finally:
        aside.unlink(missing_ok=True)
