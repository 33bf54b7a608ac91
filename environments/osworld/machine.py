"""Which virtual machine there is, and how to reach it: what is its user's, and not the task's."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

SERVER = "http://127.0.0.1:5000"
"""Where the machine's server listens when its port is forwarded as OSWorld's own providers do."""


class Machine(BaseModel):
    """One virtual machine of OSWorld.

    Attributes:
        server: Address of the server inside it.
        chromium: Port of its browser's debugging interface, at the same host.
        vlc: Port of its VLC, likewise.
        revert: Command line that puts it back into its first state, run by a shell before each task; empty leaves it as it is.
        cache: Folder of files that tasks download; one that lies in it is not fetched again.
        password: Of the machine's user: what ``{CLIENT_PASSWORD}`` in a command stands for.
        patience: Seconds that the server may take for an answer that has nothing to wait for.
        ready: Seconds that it may take to answer at all, after the machine was put back.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    server: str = SERVER
    chromium: int = Field(default=9222, ge=1, le=65535)
    vlc: int = Field(default=8080, ge=1, le=65535)
    revert: str = ""
    cache: Path = Path("~/.cache/handeye/osworld")
    password: str = "password"
    patience: float = Field(default=60, gt=0)
    ready: float = Field(default=300, gt=0)

    @field_validator("server")
    @classmethod
    def _address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError(f"{value!r} is no address of a server: {SERVER}")
        return value.rstrip("/")

    def at_port(self, port: int) -> str:
        """The address of another port of the machine."""
        host = urlsplit(self.server).hostname or ""
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"
