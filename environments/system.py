"""Installs what a package index cannot: the distribution's packages, and Playwright's own browser.

Nothing here asks for anything: as root or with a ``sudo`` that needs no password it acts, else it names the command.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence

# A browser is 180 MB. Without a network the download gives up by itself within seconds; where packets are dropped in
# silence it is the connection's limit that ends it, five tries of ten seconds each.
_DOWNLOAD_SECONDS = 900
_CONNECT_MILLISECONDS = "10000"
_PACKAGES_SECONDS = 1200


def has_apt() -> bool:
    """Whether this is Debian, Ubuntu or one of their kin."""
    return shutil.which("apt-get") is not None


def apt_line(packages: Sequence[str]) -> str:
    """The command that a person types to get ``packages``."""
    sudo = "" if _is_root() else "sudo "
    return f"{sudo}apt-get update && {sudo}apt-get install -y {shlex.join(packages)}"


def install_packages(packages: Sequence[str]) -> str:
    """Installs packages of the distribution.

    Returns:
        Empty when they are installed, else why they are not.
    """
    if not has_apt():
        return "apt-get is not on this system"
    prefix = _as_root()
    if prefix is None:
        return "needs root, or a sudo that asks for no password"
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qy", "-o", "DPkg::Lock::Timeout=300"]
    _run([*apt, "update"], seconds=_PACKAGES_SECONDS)  # an old list may do: the installation tells
    return _run([*apt, "install", "--no-install-recommends", *packages], seconds=_PACKAGES_SECONDS)


def install_python(requirements: Sequence[str]) -> str:
    """Installs Python packages into this interpreter's environment, also over broken ones.

    Returns:
        Empty when they are installed, else why they are not.
    """
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps"]
    without = _run([*pip, *requirements], seconds=_PACKAGES_SECONDS)
    # Once more for what they need in their turn, leaving alone what is sound.
    return without or _run(
        [sys.executable, "-m", "pip", "install", "--quiet", *requirements], seconds=_PACKAGES_SECONDS
    )


def browser_package() -> str | None:
    """The distribution's package that is a real Chromium; None where that is only a pointer to a snap (Ubuntu)."""
    if not has_apt():
        return None
    for name in ("chromium", "chromium-browser"):
        policy = subprocess.run(
            ["apt-cache", "policy", name],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
        candidate = next((line for line in policy.stdout.splitlines() if "Candidate:" in line), "")
        if candidate and "(none)" not in candidate and "snap" not in candidate:
            return name
    return None


def driver_problem() -> str:
    """Why Playwright's driver, a program of its own, does not start; empty when it does.

    Asked before Playwright is used from Python, where a driver that does not start raises a bare ``Exception``.
    """
    return _run([sys.executable, "-m", "playwright", "--version"], seconds=60)


def install_playwright_browser() -> str:
    """Downloads Playwright's own Chromium.

    Returns:
        Empty when it is there, else why it is not.
    """
    command = [sys.executable, "-m", "playwright", "install", "--no-shell", "chromium"]
    patience = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": _CONNECT_MILLISECONDS}
    return _run(command, seconds=_DOWNLOAD_SECONDS, environment=os.environ | patience)


def install_playwright_libraries() -> str:
    """Installs the shared libraries that Playwright's Chromium needs.

    Returns:
        Empty when they are there, else why they are not.
    """
    prefix = _as_root()
    if not has_apt() or prefix is None:
        return "needs root, or a sudo that asks for no password"
    return _run([*prefix, sys.executable, "-m", "playwright", "install-deps", "chromium"], seconds=_PACKAGES_SECONDS)


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _as_root() -> list[str] | None:
    if _is_root():
        return []
    if shutil.which("sudo") and not _run(["sudo", "-n", "true"], seconds=10):
        return ["sudo", "-n"]
    return None


def _run(command: list[str], *, seconds: float, environment: dict[str, str] | None = None) -> str:
    """Runs a command in silence; returns empty on success, else the last line that says why."""
    # A group of its own, so that a download's grandchildren end with it; but sudo remembers a password per terminal
    # and has to stay in the terminal's group.
    group = None if command[0] == "sudo" or sys.platform == "win32" else 0
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
            process_group=group,
        )
    except OSError as error:
        return str(error)
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"not done within {seconds:.0f} s"
    finally:
        if process.poll() is None:
            _end(process, whole_group=group is not None)
    return "" if process.returncode == 0 else _reason(output, process.returncode)


def _end(process: subprocess.Popen[str], *, whole_group: bool) -> None:
    try:
        if whole_group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.terminate()
    except (PermissionError, ProcessLookupError):
        return  # what sudo started is not ours to end
    process.wait()


def _reason(output: str, code: int) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("E:", "Error:", "ERROR:"))]
    return (telling or lines or [f"exit code {code}"])[-1]
