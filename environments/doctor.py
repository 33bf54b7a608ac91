"""What this machine has of what handeye needs, and the command that brings the rest.

``examine`` looks, ``fix`` repairs what it can without asking anything, ``report`` does both for ``handeye doctor``.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import requires
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.text import Text

from ..tools.errors import BrowserMissing
from . import system
from .browser.find import VARIABLE, Browser, find_browser, playwright_package

# Module → distribution. The distributions are those of pyproject.toml; a test holds the two together.
PACKAGES = {
    "httpx": "httpx",
    "isal": "isal",
    "h11": "h11",
    "idna": "idna",
    "jinja2": "jinja2",
    "mss": "mss",
    "numpy": "numpy",
    "onnxruntime": "onnxruntime",
    "PIL": "pillow",
    "playwright": "playwright",
    "psutil": "psutil",
    "pybase64": "pybase64",
    "pydantic": "pydantic",
    "rapidocr": "rapidocr",
    "rich": "rich",
    "scipy": "scipy",
    "trustme": "trustme",
    "typer": "typer",
    "yaml": "PyYAML",
}

EXTRAS = {
    "desktop": ("Xlib" if sys.platform == "linux" else "pyautogui", "input through the operating system"),
    "gym": ("gymnasium", "the suites as environments of Gymnasium"),
    "hub": ("huggingface_hub", "data sets of a hub"),
    "inspect": ("inspect_ai", "the suites as tasks of Inspect"),
    "local": ("torch", "models in this process"),
    "miniwob": ("miniwob", "the MiniWoB++ benchmark"),
    "ray": ("ray", "many machines"),
    "store": ("fsspec", "runs in an object store"),
    "serve": ("vllm", "a model server of your own"),
    "webarena": ("webarena_verified", "the scorer of WebArena-Verified"),
}

# What Playwright's driver is linked to and a minimal Debian or Ubuntu lacks → the package that has it.
_DRIVER_LIBRARIES = {"libatomic.so.1": "libatomic1", "libgcc_s.so.1": "libgcc-s1", "libstdc++.so.6": "libstdc++6"}

# What a private screen needs besides Xvfb → the package that has it, and the service through which programs describe themselves.
_SANDBOX = {"openbox": "openbox", "dbus-daemon": "dbus", "setxkbmap": "x11-xkb-utils"}
_ACCESSIBILITY = ("/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher")

_FONTS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")
_START_MILLISECONDS = 30_000
_PAGE = "data:text/html,<body style='background:rgb(0,200,0)'>"

State = Literal["there", "missing", "wanted", "extra"]
Repair = Literal["", "apt", "browser", "libraries", "pip"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for.

    Attributes:
        name: What it is.
        state: ``there``; ``missing``: nothing works without it; ``wanted``: part of handeye does; ``extra``: optional.
        detail: What was found, or what goes wrong.
        remedy: The command that fixes it, or what a person has to do. Empty where nothing is to be done.
        repair: How ``fix`` goes about it. Empty where only a person can.
        parts: The packages that the repair installs.
    """

    name: str
    state: State
    detail: str
    remedy: str = ""
    repair: Repair = ""
    parts: tuple[str, ...] = ()


def examine() -> list[Finding]:
    """Looks at everything; takes some seconds, because it imports every dependency and starts the browser."""
    return [_python(), *_packages(), *_driver_and_browser(), _fonts(), _display(), *_sandbox(), _ocr(), *_extras()]


def fix(findings: Sequence[Finding], say: Callable[[str], None] = lambda line: None) -> None:
    """Runs the repairs of ``findings``, without asking anything. What came of it, a new ``examine`` tells.

    Args:
        findings: What ``examine`` returned.
        say: Told what is being done, a line at a time.
    """

    def parts(repair: Repair) -> list[str]:
        return [part for finding in findings if finding.repair == repair for part in finding.parts]

    def attempt(what: str, problem: str) -> None:
        say(f"{what}: {problem or 'done'}")

    repairs = {finding.repair for finding in findings}
    if missing := parts("pip"):
        attempt(f"pip install {shlex.join(missing)}", system.install_python(missing))
    if missing := parts("apt"):
        attempt(f"apt-get install {shlex.join(missing)}", system.install_packages(missing))
    if "browser" in repairs:
        attempt("playwright install chromium", system.install_playwright_browser())
    if repairs & {"browser", "libraries"}:
        _make_browser_start(attempt)


def report(fix_them: bool) -> int:
    """Prints what is there and what is missing, after repairing it where asked.

    Args:
        fix_them: Repair first what can be repaired.

    Returns:
        The exit code: 0 when nothing that handeye needs is missing, else 2.
    """
    console = Console(highlight=False, soft_wrap=True)
    findings = examine()
    if fix_them and any(finding.repair for finding in findings):
        fix(findings, lambda line: console.print(Text(f"… {line}", "dim")))
        findings = examine()
    for finding in findings:
        console.print(_line(finding))
    if not any(finding.state == "missing" for finding in findings):
        return 0
    if not fix_them and any(finding.repair for finding in findings):
        console.print("\nhandeye doctor --fix runs what can be run without asking.")
    elif packages := sorted({part for each in findings if each.repair in ("apt", "browser") for part in each.parts}):
        console.print(Text(f"\nOne command for all that the system lacks:\n    {system.apt_line(packages)}"))
    return 2


def _line(finding: Finding) -> Text:
    sign, style = {
        "there": ("✓", "green"),
        "missing": ("✗", "bold red"),
        "wanted": ("!", "yellow"),
        "extra": ("·", "dim"),
    }[finding.state]
    line = Text.assemble((f"{sign} ", style), (f"{finding.name:<16}", "bold"), finding.detail)
    if finding.remedy:
        line.append(f"\n  {'':<16}→ {finding.remedy}", "cyan")
    return line


def _python() -> Finding:
    return Finding("Python", "there", f"{platform.python_version()} at {sys.executable}")


def _packages() -> Iterator[Finding]:
    needed = {word.split(";")[0].strip(): word for word in requires("handeye") or [] if "extra ==" not in word}
    sound = 0
    for module, distribution in PACKAGES.items():
        try:
            importlib.import_module(module)
        except (ImportError, OSError) as error:
            requirement = next((word for word in needed if word.lower().startswith(distribution.lower())), distribution)
            remedy = shlex.join([sys.executable, "-m", "pip", "install", requirement])
            yield Finding(distribution, "missing", f"cannot be imported: {error}", remedy, "pip", (requirement,))
        else:
            sound += 1
    yield Finding("packages", "there", f"{sound} of {len(PACKAGES)} import")


def _driver_and_browser() -> Iterator[Finding]:
    driver = _driver()
    yield driver
    yield from _browser(start_it=driver.state == "there")


def _driver() -> Finding:
    name = "driver"
    if not (problem := system.driver_problem()):
        return Finding(name, "there", "Playwright's starts")
    lacking = _lacking_libraries(playwright_package().parent / "node")
    packages = tuple(sorted({_DRIVER_LIBRARIES[library] for library in lacking if library in _DRIVER_LIBRARIES}))
    if packages and system.has_apt():
        return Finding(name, "missing", problem, system.apt_line(packages), "apt", packages)
    remedy = f"install what provides {', '.join(lacking)}" if lacking else "reinstall the Python package playwright"
    return Finding(name, "missing", problem, remedy)


def _browser(*, start_it: bool) -> Iterator[Finding]:
    try:
        browser = find_browser()
    except BrowserMissing as error:
        by_hand = bool(os.environ.get(VARIABLE))
        if by_hand:
            yield Finding("browser", "missing", error.message, error.remedy)
        else:
            package = system.browser_package()
            yield Finding(
                "browser", "missing", error.message, _browser_remedy(), "browser", (package,) if package else ()
            )
        return
    yield Finding("browser", "there", f"{browser.version or 'Chromium'} at {browser.path} ({browser.source})")
    if lacking := _lacking_libraries(browser.path):
        yield _libraries(browser, ", ".join(lacking))
    elif not start_it:
        pass  # nothing can be started, and the driver's own finding says why
    elif problem := _start_problem(browser):
        yield Finding(
            "browser starts", "missing", problem, f"run {browser.path} by hand, or set {VARIABLE} to another browser"
        )
    else:
        yield Finding("browser starts", "there", "and renders a page, without a window")
    if browser.headless_only:
        yield Finding("browser window", "wanted", "this browser has none: --headed needs another", _browser_remedy())


def _libraries(browser: Browser, lacking: str) -> Finding:
    own = browser.source == "playwright"
    command = shlex.join([sys.executable, "-m", "playwright", "install-deps", "chromium"])
    remedy = command if own and system.has_apt() else f"install what {browser.path} needs, e.g. by reinstalling it"
    return Finding("shared libraries", "missing", f"not found: {lacking}", remedy, "libraries" if own else "")


def _browser_remedy() -> str:
    if package := system.browser_package():
        return system.apt_line([package])
    return shlex.join([sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"])


def _lacking_libraries(program: Path) -> list[str]:
    """Shared libraries that a program is linked to and this system lacks; empty where that cannot be told."""
    if sys.platform != "linux" or shutil.which("ldd") is None:
        return []
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, errors="replace", check=False)
    return sorted({line.split("=>")[0].strip() for line in linked.stdout.splitlines() if "not found" in line})


def _start_problem(browser: Browser) -> str:
    """Starts the browser without a window and has it paint a page; returns what went wrong, or empty."""
    from PIL import Image
    from playwright.sync_api import Error, sync_playwright

    try:
        with sync_playwright() as playwright:
            started = playwright.chromium.launch(executable_path=browser.path, timeout=_START_MILLISECONDS)
            page = started.new_page(viewport={"width": 64, "height": 64})
            page.goto(_PAGE, timeout=_START_MILLISECONDS)
            picture = page.screenshot(timeout=_START_MILLISECONDS)
            started.close()
    except (Error, OSError) as error:
        said = [line.strip() for line in str(error).splitlines() if line.strip()]
        telling = [line for line in said if "error while loading" in line or "FATAL" in line]
        return f"does not start: {(telling or said or [type(error).__name__])[0]}"
    painted = Image.open(io.BytesIO(picture)).convert("RGB").getpixel((32, 32))
    return "" if painted == (0, 200, 0) else f"starts, but paints a green page as {painted}"


def _make_browser_start(attempt: Callable[[str, str], None]) -> None:
    """Takes one step after the other until a browser starts: its libraries, then the distribution's package."""
    if _starts():
        return
    try:
        downloaded = find_browser().source == "playwright"
    except BrowserMissing:
        downloaded = False
    if downloaded:
        attempt("playwright install-deps chromium", system.install_playwright_libraries())
        if _starts():
            return
    if package := system.browser_package():  # for a download that lacks libraries too: the package depends on them
        attempt(f"apt-get install {package}", system.install_packages([package, "fonts-liberation"]))
    elif system.has_apt():
        attempt("apt-get install chromium", "here that is only a pointer to a snap, which cannot be driven reliably")


def _starts() -> bool:
    return all(finding.state != "missing" for finding in _driver_and_browser())


def _fonts() -> Finding:
    if sys.platform != "linux":
        return Finding("fonts", "there", "the system's")
    kinds = {".ttf", ".otf", ".ttc"}
    places = [Path(place).expanduser() for place in _FONTS]
    found = next((file for place in places for file in place.rglob("*") if file.suffix.lower() in kinds), None)
    if found:
        return Finding("fonts", "there", f"such as {found.name}")
    packages = ("fonts-liberation",)
    return Finding("fonts", "missing", "no text can be painted", system.apt_line(packages), "apt", packages)


def _display() -> Finding:
    if sys.platform != "linux":
        return Finding("screen", "there", "the system's")
    if xvfb := shutil.which("Xvfb"):
        return Finding("virtual display", "there", xvfb)
    packages = ("xvfb",)
    remedy = system.apt_line(packages)
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    detail = f"no Xvfb; the screen is {screen}" if screen else "no Xvfb, and no screen: --headed cannot work"
    return Finding("virtual display", "wanted", f"{detail}; the tests need it", remedy, "apt", packages)


def _sandbox() -> Iterator[Finding]:
    """What a desktop of one's own consists of besides its display."""
    if sys.platform != "linux":
        return
    name = "desktop sandbox"
    if lacking := [program for program in _SANDBOX if shutil.which(program) is None]:
        packages = tuple(sorted({_SANDBOX[program] for program in lacking}))
        yield Finding(name, "extra", f"not found: {', '.join(lacking)}", system.apt_line(packages))
    elif not any(Path(place).exists() for place in _ACCESSIBILITY):
        detail = "without AT-SPI: programs there cannot say what is on the screen"
        yield Finding(name, "extra", detail, system.apt_line(("at-spi2-core",)))
    else:
        yield Finding(name, "there", "a window manager, a session bus, AT-SPI")


def _ocr() -> Finding:
    spec = importlib.util.find_spec("rapidocr")
    folder = Path(spec.origin).parent / "models" if spec and spec.origin else None
    models = sorted(folder.glob("*.onnx")) if folder else []
    if all(any(part in model.name for model in models) for part in ("_det_", "_rec_")):
        return Finding("screen text", "there", f"{len(models)} models with rapidocr")
    remedy = shlex.join([sys.executable, "-m", "pip", "install", "--force-reinstall", "--no-deps", "rapidocr"])
    return Finding("screen text", "missing", f"no models in {folder or 'rapidocr'}", remedy, "pip", ("rapidocr",))


def _extras() -> Iterator[Finding]:
    for extra, (module, purpose) in EXTRAS.items():
        if importlib.util.find_spec(module):
            yield Finding(f"[{extra}]", "there", purpose)
        else:
            command = shlex.join([sys.executable, "-m", "pip", "install", f"handeye[{extra}]"])
            yield Finding(f"[{extra}]", "extra", f"{purpose}: not installed", command)
