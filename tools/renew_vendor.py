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
import hashlib
import json
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
    ROOT / "tests/vendor/manifest.json",
)


class VendorMismatch(Exception):
    """A vendored file is not what its manifest says."""


def font_css(text: str) -> str:
    """The font package's style sheet under the family name our tokens use."""
    return text.replace("'Noto Sans TC Variable'", "'Noto Sans TC'")


# Files that we derive instead of copying, by the name they get here.
DERIVED: dict[str, Callable[[str], str]] = {"noto-sans-tc.css": font_css}


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
            derive = DERIVED.get(Path(path).name)
            found[path] = derive(content[source].decode()).encode() if derive else content[source]
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
