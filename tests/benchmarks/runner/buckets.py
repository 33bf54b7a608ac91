"""A bucket on a server that speaks S3, in a process of its own: what several processes write to at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from .conftest import until

MISSING = next(
    (f"{each} is not installed: ./setup.sh cluster" for each in ("s3fs", "moto", "flask") if not find_spec(each)), ""
)
"""Why there is no such server; empty where there is one."""

_SERVE = "import sys; from moto.server import main; main(['-H', '127.0.0.1', '-p', '0'])"


@contextmanager
def served(folder: Path) -> Iterator[dict[str, str]]:
    """The server, with a bucket ``runs``; gives the environment by which fsspec finds it."""
    log = folder / "s3.log"
    with log.open("wb") as file:
        # in a process: what is tested against it is on the other side of a real socket
        server = subprocess.Popen([sys.executable, "-c", _SERVE], stdout=file, stderr=file)
    try:
        found: list[str] = []

        def serves() -> bool:
            assert server.poll() is None, log.read_text()
            found[:] = re.findall(r"http://127\.0\.0\.1:\d+", log.read_text())
            return bool(found)

        until(serves, "the server's address")
        env = {
            "AWS_ENDPOINT_URL": found[0],
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        make = "import fsspec; fsspec.filesystem('s3').mkdir('runs')"
        subprocess.run([sys.executable, "-c", make], env={**os.environ, **env}, check=True)
        yield env
    finally:
        server.kill()
        server.wait()
