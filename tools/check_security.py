"""Static tools as gates: bandit, semgrep with our rules, a scan for secrets, pins with hashes.

    python tools/check_security.py            run all; status 1 where anything stands without a waiver
    python tools/check_security.py --sbom     write sbom.cdx.json of what is installed (make sbom)

Nothing is asked of the network. A waiver (tools/waivers.yaml) names tool, rule, place, reason and
the day it ends; one that ended, or that nothing needs any more, fails too. These tools are gates,
never the proof: that is tests/trust.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / ".venv" / "bin"
PRODUCT = ("anwang", "config", "demo")
WAIVERS = ROOT / "tools" / "waivers.yaml"
LONGEST_WAIVER_DAYS = 370
# What holds no secret by its nature: fonts, compiled texts, files of others, hashes of pins, invented
# numbers as examples.
NO_SECRETS = re.compile(
    r"woff2$|\.mo$|/vendor/|^requirements/|\.png$|trust-results|golden/|/normal-forms\.yaml"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a tool found: place is `path` or, where a line says more, `path:line`."""

    tool: str
    rule: str
    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.tool} {self.rule} {self.path}:{self.line} {self.text}"


@dataclass(frozen=True, slots=True)
class Waiver:
    """Why a finding of a rule in a file stands, and until when."""

    tool: str
    rule: str
    path: str
    reason: str
    until: dt.date

    def covers(self, found: Finding) -> bool:
        return (self.tool, self.rule, self.path) == (found.tool, found.rule, found.path)


def read_waivers(path: Path = WAIVERS) -> list[Waiver]:
    """The waivers of the file. Raises ValueError for one without a reason or with no near end."""
    waivers = [Waiver(**row) for row in yaml.safe_load(path.read_text(encoding="utf-8"))]
    for one in waivers:
        if len(one.reason) < 20:
            raise ValueError(f"{one.rule} in {one.path}: a waiver says why, in a sentence.")
    return waivers


def judged(found: Iterable[Finding], waivers: Iterable[Waiver], today: dt.date) -> list[str]:
    """What stops the build: findings without a waiver, waivers that ended, are too long or idle."""
    found, waivers = list(found), list(waivers)
    faults = [str(one) for one in found if not any(w.covers(one) for w in waivers)]
    for one in waivers:
        where = f"waiver of {one.tool} {one.rule} in {one.path}"
        if one.until < today:
            faults.append(f"{where} ended on {one.until}: mend the place, or give a new reason")
        elif (one.until - today).days > LONGEST_WAIVER_DAYS:
            faults.append(f"{where} lasts beyond a year")
        if not any(one.covers(each) for each in found):
            faults.append(f"{where} is not needed any more: take it out")
    return faults


def _run(*command: str) -> str:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if not done.stdout.strip():
        raise RuntimeError(f"{command[0]} said nothing: {done.stderr[-2000:]}")
    return done.stdout


def bandit() -> list[Finding]:
    """Rules of medium and high severity; ruff's `S` has the low ones and B608 beside the place."""
    told = json.loads(
        _run(
            "bandit",
            "-q",
            "-ll",
            "-r",
            *PRODUCT,
            "-x",
            "*/migrations/*",
            "-s",
            "B608",
            "-f",
            "json",
        )
    )
    return [
        Finding("bandit", one["test_id"], one["filename"].removeprefix("./"), one["line_number"],
                one["issue_text"])
        for one in told["results"]
    ]  # fmt: skip


def semgrep(*places: str, jobs: int = 2) -> list[Finding]:
    """Our rules of tools/semgrep, offline."""
    told: dict[str, Any] = json.loads(
        _run("semgrep", "scan", "--config", "tools/semgrep", "--metrics", "off", "--quiet",
             "--disable-version-check", "--no-git-ignore", "--json", "--jobs", str(jobs),
             *(places or PRODUCT))
    )  # fmt: skip
    if told["errors"]:
        raise RuntimeError(f"semgrep could not read: {told['errors'][:3]}")
    return [
        Finding("semgrep", one["check_id"].rpartition(".")[2], one["path"], one["start"]["line"],
                one["extra"]["message"])
        for one in told["results"]
    ]  # fmt: skip


def secrets() -> list[Finding]:
    """What looks like a credential in any file of the repository."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    files = [one for one in listed.stdout.splitlines() if not NO_SECRETS.search(one)]
    files = [one for one in files if one.startswith((*PRODUCT, "tools", "docs", ".ci", "benchmarks"))
             or "/" not in one]  # fmt: skip
    if not files:
        return []  # an unpacked archive: its files were scanned where it was made
    told = json.loads(_run("detect-secrets", "scan", *files))
    return [
        Finding("detect-secrets", one["type"], path, one["line_number"], "looks like a secret")
        for path, many in told["results"].items()
        for one in many
    ]


def pins() -> list[Finding]:
    """Requirements without an exact version and a hash, or from an address."""
    return [one for path in sorted((ROOT / "requirements").glob("*.txt"))
            for one in pins_of(path.read_text(encoding="utf-8"), f"requirements/{path.name}")]  # fmt: skip


def pins_of(text: str, path: str) -> list[Finding]:
    """`pins` of one lock file."""
    found = []
    for part in re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n?", "", text)):
        entry = part.strip()
        if not entry:
            continue
        if not re.match(r"^[A-Za-z0-9._\[\],-]+==[^\s;\\]+", entry):
            found.append(Finding("pins", "exact-version", path, 0, entry[:80]))
        if "--hash=sha256:" not in entry:
            found.append(Finding("pins", "hash", path, 0, entry.split()[0]))
        if re.search(r"https?://|git\+", entry):
            found.append(Finding("pins", "address", path, 0, entry.split()[0]))
    return found


def bill_of_materials() -> str:
    """Every package that a user runs, with its hashes, as CycloneDX 1.6 in JSON."""
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    locked = (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")
    entries = re.findall(
        r"(?m)^([\w.-]+)(?:\[[^\]]*\])?==(\S+)((?:[^\n]*\n?    --hash.*)*)", locked
    )
    parts = [
        Component(
            type=ComponentType.LIBRARY, name=name, version=version,
            purl=PackageURL("pypi", None, name.lower(), version),
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one)
                    for one in re.findall(r"sha256:([0-9a-f]{64})", rest)],
        )
        for name, version, rest in entries
    ]  # fmt: skip
    return str(JsonV1Dot6(Bom(components=parts)).output_as_string(indent=1))


TOOLS: dict[str, Callable[[], list[Finding]]] = {
    "bandit": bandit, "semgrep": semgrep, "detect-secrets": secrets, "pins": pins,
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sbom", action="store_true", help="write sbom.cdx.json and end")
    if parser.parse_args().sbom:
        (ROOT / "sbom.cdx.json").write_text(bill_of_materials(), encoding="utf-8")
        print("sbom.cdx.json")
        return 0
    begun = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        found = [one for many in pool.map(lambda tool: tool(), TOOLS.values()) for one in many]
    today = dt.datetime.now(dt.UTC).date()  # noqa: TID251 - a waiver ends by the calendar
    faults = judged(found, read_waivers(), today)
    for one in faults:
        print(one)
    print(f"{len(found)} findings, {len(faults)} faults, {time.monotonic() - begun:.0f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
