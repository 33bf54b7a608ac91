"""Downloads in the page that shows an episode: what they were, and their bytes a click away."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from handeye.environments.browser.host import BrowserHost
from handeye.episodes.reader import Episode
from handeye.episodes.schema import Download, Outcome
from handeye.episodes.store import blob_name
from handeye.episodes.viewer import write_html
from handeye.episodes.writer import EpisodeWriter
from handeye.tools.handles import Content

from .test_downloads_on_disk import HEADER, download, seen

pytestmark = pytest.mark.browser

EVIL = b"<script>document.title = 'owned'</script>"


async def test_downloads_are_shown_with_their_bytes(host: BrowserHost, tmp_path: Path) -> None:
    small, evil, large = (
        download(b"a,b\n1,2\n"),
        download(EVIL, "x<img src=x>.html"),
        download(b"z" * 3_000_000, "z.bin"),
    )
    evil = evil.model_copy(update={"mime": "text/html"})
    lost = Download(name="bomb", size=5, content=Content(missing="too large: a download may have 4 bytes"))
    writer = EpisodeWriter(tmp_path / "e", HEADER)
    writer.observation(seen("o0000", small, evil, large, lost))
    await writer.close(HEADER.model_copy(update={"outcome": Outcome(status="unverified", stop="done")}))
    file = write_html(Episode.open(tmp_path / "e"), tmp_path / "e.html")
    assert file.stat().st_size < 1_000_000
    context = await (await host.browser()).new_context()
    try:
        page = await context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        await page.goto(file.as_uri())
        panel = page.locator("#panel")
        for words in ("r.csv", "8 bytes", small.sha256, blob_name(small.sha256 or ""), "text/csv", "http://x/r"):
            await expect(panel).to_contain_text(words or "")
        for words in ("z.bin", "too large for this page", blob_name(large.sha256 or ""), "bomb", "may have 4 bytes"):
            await expect(panel).to_contain_text(words)
        for name, data in (("r.csv", b"a,b\n1,2\n"), ("x<img src=x>.html", EVIL)):
            async with page.expect_download() as coming:
                await panel.get_by_role("link", name=name).click()
            assert (await (await coming.value).path()).read_bytes() == data
        assert not problems and "owned" not in await page.title()
    finally:
        await context.close()
