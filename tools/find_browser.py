"""Find, or install, what the tests need of the system: a browser, whose path is printed, and Pango.

    python tools/find_browser.py            find it or install it
    python tools/find_browser.py --find     only find it

Looked for in this order: ANWANG_CHROMIUM, /usr/bin/chromium, Playwright's own. Installed from
Debian as root, else by Playwright into the user's cache. Exit status 0 with the path; 1 without a
browser where CI is set; elsewhere 0 with nothing printed, and the browser tests say they were
skipped. 2 when ANWANG_CHROMIUM names no program: a wish is not silently replaced.
"""

import argparse
import ctypes
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

DEBIAN_CHROMIUM = Path("/usr/bin/chromium")
DEBIAN_PACKAGES = ("chromium", "fonts-noto-cjk")
# What the writer of PDF loads -> the Debian package that brings it.
PDF_LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}
INSTALL_SECONDS = 900
START_SECONDS = 60
# What ldd calls a missing library -> the Debian package that brings it (bookworm's names).
PACKAGES_OF_LIBRARIES = {
    "libasound.so.2": "libasound2",
    "libatk-1.0.so.0": "libatk1.0-0",
    "libatk-bridge-2.0.so.0": "libatk-bridge2.0-0",
    "libatspi.so.0": "libatspi2.0-0",
    "libcairo.so.2": "libcairo2",
    "libcups.so.2": "libcups2",
    "libdbus-1.so.3": "libdbus-1-3",
    "libdrm.so.2": "libdrm2",
    "libexpat.so.1": "libexpat1",
    "libgbm.so.1": "libgbm1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgio-2.0.so.0": "libglib2.0-0",
    "libgobject-2.0.so.0": "libglib2.0-0",
    "libnspr4.so": "libnspr4",
    "libnss3.so": "libnss3",
    "libnssutil3.so": "libnss3",
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libsmime3.so": "libnss3",
    "libudev.so.1": "libudev1",
    "libX11.so.6": "libx11-6",
    "libxcb.so.1": "libxcb1",
    "libXcomposite.so.1": "libxcomposite1",
    "libXdamage.so.1": "libxdamage1",
    "libXext.so.6": "libxext6",
    "libXfixes.so.3": "libxfixes3",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libXrandr.so.2": "libxrandr2",
}


class WrongWish(Exception):
    """ANWANG_CHROMIUM names a file that is not a program."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def wished(environment: Mapping[str, str]) -> Path | None:
    """The browser that ANWANG_CHROMIUM names, or None when it is not set."""
    wish = environment.get("ANWANG_CHROMIUM")
    if not wish:
        return None
    if not is_program(Path(wish)):
        raise WrongWish(f"ANWANG_CHROMIUM names no program: {wish}. Correct it or unset it.")
    return Path(wish)


def playwrights_own() -> Path | None:
    """The browser Playwright would start if it is there; None where Playwright is missing."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if is_program(path) else None


def found(environment: Mapping[str, str]) -> Path | None:
    """The first browser in the order of the module's text."""
    wish = wished(environment)
    if wish is not None:
        return wish
    return DEBIAN_CHROMIUM if is_program(DEBIAN_CHROMIUM) else playwrights_own()


def run(command: list[str], environment: Mapping[str, str]) -> bool:
    """Run an installer quietly; show the end of what it said when it fails."""
    try:
        done = subprocess.run(
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        say(f"{command[0]}: {error}")
        return False
    if done.returncode:
        say("\n".join(done.stdout.splitlines()[-3:]))
    return done.returncode == 0


def install_from_debian(
    environment: Mapping[str, str], packages: Iterable[str] = DEBIAN_PACKAGES
) -> None:
    say(f"Installing {' and '.join(packages)} from Debian; this may take minutes ...")
    quiet = {**environment, "DEBIAN_FRONTEND": "noninteractive"}
    if run(["apt-get", "update", "-qq"], quiet):
        run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], quiet)


def install_with_playwright(environment: Mapping[str, str]) -> None:
    say("Installing Chromium with Playwright; this may take minutes ...")
    run([sys.executable, "-m", "playwright", "install", "chromium"], environment)


def may_install() -> bool:
    """Whether this user can install Debian's packages here."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def packages_for_pdf() -> list[str]:
    """Debian packages of the libraries for PDF that cannot be loaded here."""
    lacking = []
    for library, package in PDF_LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            lacking.append(package)
    return lacking


def look_for_pdf(environment: Mapping[str, str], *, find_only: bool) -> None:
    """Install what PDF needs where that can be done; say what to do where it cannot."""
    lacking = packages_for_pdf()
    if lacking and not find_only and may_install():
        install_from_debian(environment, lacking)
        lacking = packages_for_pdf()
    if lacking:
        say(f"No PDF here; as root: apt-get install {' '.join(lacking)}")


def installers() -> list[Callable[[Mapping[str, str]], None]]:
    """The ways to install that this user and machine have, best first."""
    return (
        [install_from_debian, install_with_playwright]
        if may_install()
        else [install_with_playwright]
    )


def packages_for(libraries: Iterable[str]) -> list[str]:
    """Debian packages that bring the libraries; an unknown library stands by its own name."""
    return sorted({PACKAGES_OF_LIBRARIES.get(name, name) for name in libraries})


def missing_libraries(browser: Path) -> list[str]:
    """Libraries the program asks for and the system lacks. A start script has none of its own."""
    ldd = shutil.which("ldd")
    if ldd is None:
        return []
    answer = subprocess.run(
        [ldd, str(browser)], capture_output=True, text=True, timeout=START_SECONDS, check=False
    )
    return sorted(re.findall(r"(\S+) => not found", answer.stdout))


def main() -> int:
    parser = argparse.ArgumentParser(description="Find or install the browser for the tests.")
    parser.add_argument("--find", action="store_true", help="do not install anything")
    options = parser.parse_args()
    try:
        browser = found(os.environ)
        for install in [] if options.find or browser else installers():
            install(os.environ)
            browser = found(os.environ)
            if browser is not None:
                break
    except WrongWish as error:
        say(str(error))
        return 2
    look_for_pdf(os.environ, find_only=options.find)
    missing = missing_libraries(browser) if browser else []
    if missing:
        say(f"{browser} cannot start; as root: apt-get install {' '.join(packages_for(missing))}")
        browser = None
    if browser is None:
        if not missing:
            say("No browser: set ANWANG_CHROMIUM, or as root: apt-get install chromium")
        return 1 if os.environ.get("CI") else 0
    print(browser)
    return 0


if __name__ == "__main__":
    sys.exit(main())
