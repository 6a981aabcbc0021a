"""What the product does not have, so that nobody can attack it there; and what it never does in code.

A requirement that guards a thing we do not have is held by its absence: whoever brings the thing in
is stopped here, and then has the requirement to meet.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
# Packages and words whose coming means that a new interpreter or channel is there.
ABSENT = {
    "ldap": {"ldap", "ldap3", "python-ldap"},
    "xpath": {"lxml", "xpath", "elementpath"},
    "latex": {"pylatex", "latex"},
    "jndi": {"jpype1", "jaydebeapi", "pyjnius"},
    "memcache": {"pymemcache", "pylibmc", "python-memcached", "redis", "django-redis"},
    "mail": {"anymail", "django-anymail", "aiosmtplib", "smtplib", "imaplib", "email"},
    "graphql": {"graphene", "strawberry-graphql", "ariadne", "graphql-core"},
    "websocket": {"channels", "websockets", "wsproto", "daphne", "simple-websocket"},
    "webrtc": {"aiortc", "aioice", "pion"},
    "xml": {"xml", "defusedxml", "xmltodict", "lxml"},
    "saml": {"pysaml2", "python3-saml", "djangosaml2"},
    "sms": {"twilio", "vonage", "messagebird"},
    "markdown": {"markdown", "bleach", "nh3", "docutils", "mistune"},
    "authorization server": {"django-oauth-toolkit", "authlib", "oauthlib"},
    "native code": {"ctypes", "cffi", "pybind11"},
    "template language": {"jinja2", "mako", "chameleon"},
}
# The kernel is asked that children end with their parent; the allocator, that it gives memory back.
# XML from outside is read in two places, as a whole and as a stream, which take no entities
# (tests/rulebook/test_exchange.py, tests/registries/test_files.py).
ALLOWED = {
    "native code": {"config/programs.py", "anwang/common/working.py"},
    "xml": {"anwang/rulebook/rules/exchange/safe_xml.py", "anwang/registries/rules/ods.py"},
}
UNSAFE_MARKUP = re.compile(
    r"autoescape off|\|\s*safe\b|\|\s*safeseq|<script(?![^>]*\bsrc=)[^>]*>|\son\w+=|style="
)
SCRIPTS = sorted((ROOT / "anwang/common/static/anwang/js").glob("*.js"))


def sources() -> Iterator[Path]:
    for folder in ("anwang", "config"):
        yield from sorted((ROOT / folder).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> set[str]:
    """First parts of the modules that a file imports, absolute imports alone."""
    names = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Dotted name and node of every call of a file."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


@cache
def locked() -> frozenset[str]:
    text = (ROOT / "requirements/run.txt").read_text(encoding="utf-8")
    return frozenset(one.lower() for one in re.findall(r"(?m)^([\w.-]+)==", text))


@pytest.mark.parametrize("what", ABSENT)
def test_there_is_no(what: str) -> None:
    using = [
        str(path.relative_to(ROOT))
        for path in sources()
        if imported(path) & ABSENT[what]
        and str(path.relative_to(ROOT)) not in ALLOWED.get(what, set())
    ]
    assert using == [], f"{what}: meet its requirements in docs/asvs.yaml, then take it out here"


@pytest.mark.parametrize(
    "what", ["ldap", "latex", "memcache", "graphql", "websocket", "webrtc", "saml"]
)
def test_no_package_brings(what: str) -> None:
    assert locked() & ABSENT[what] == set()


def test_nothing_is_kept_in_a_shared_cache() -> None:
    backends = {one["BACKEND"] for one in settings.CACHES.values()}
    assert backends == {"django.core.cache.backends.locmem.LocMemCache"}
    used = [p for p in sources() if any("core.cache" in ast.unparse(n) for n in ast.walk(tree(p))
            if isinstance(n, ast.ImportFrom) and n.module)]  # fmt: skip
    assert used == [], "protected values stay out of caches (R4): a change of rights works at once"


def test_no_text_is_run_as_code() -> None:
    run = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources()
        for name, node in calls(path)
        if name in ("eval", "exec", "compile", "__import__", "os.system", "os.popen")
        or name.startswith(("pickle.", "marshal.", "shelve."))
    ]
    # Levels of the shipped linkage model, read by our own parser first (tools/waivers.yaml).
    assert {one.partition(":")[0] for one in run} <= {"anwang/people/rules/expressions.py"}, run


def test_programs_are_started_with_a_list_and_never_by_a_shell() -> None:
    wrong = []
    for path in sources():
        for name, node in calls(path):
            if not name.startswith("subprocess."):
                continue
            shell = any(word.arg == "shell" for word in node.keywords)
            text = node.args and isinstance(node.args[0], ast.Constant | ast.JoinedStr | ast.BinOp)
            if shell or text:
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


def test_patterns_are_constants_or_escaped() -> None:
    """A regular expression made of what somebody typed must escape it."""
    wrong = []
    for path in sources():
        for name, node in calls(path):
            if not re.fullmatch(r"re\.(compile|search|match|fullmatch|sub|findall|split)", name):
                continue
            first = node.args[0]
            if isinstance(first, ast.JoinedStr) and "re.escape" not in path.read_text(
                encoding="utf-8"
            ):
                names = {n.id for n in ast.walk(first) if isinstance(n, ast.Name)}
                if not all(one.isupper() or one.strip("_").isupper() for one in names):
                    wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


def test_chance_comes_from_the_operating_system() -> None:
    weak = [str(p.relative_to(ROOT)) for p in sources() if "random" in imported(p)]
    dated = [
        str(p.relative_to(ROOT))
        for p in sources()
        for name, _ in calls(p)
        if name.endswith("uuid1")
    ]
    assert weak == [] and dated == []


def test_only_strong_primitives_are_used() -> None:
    """AES-256-GCM, Ed25519, SHA-2 and HMAC from one library; whoever adds one adds it here."""
    allowed = re.compile(
        r"AESGCM|InvalidTag|InvalidSignature|Ed25519\w+|Encoding|PublicFormat|PrivateFormat|NoEncryption"
        r"|X25519\w+|HKDF|hashes|serialization|aes_key_\w+|InvalidUnwrap"
    )
    wrong = []
    for path in sources():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cryptography"):
                wrong += [
                    f"{path.relative_to(ROOT)}: {a.name}"
                    for a in node.names
                    if not allowed.fullmatch(a.name)
                ]
        for name, _ in calls(path):
            # Published lists of breached passwords are looked up by SHA-1; it protects nothing there.
            if re.fullmatch(r"hashlib\.(md5|sha1|new|sha224)", name) \
                    and path.name != "breached_passwords.py":  # fmt: skip
                wrong.append(f"{path.relative_to(ROOT)}: {name}")
    assert wrong == []


def test_keys_have_256_bits() -> None:
    from config.home import key

    assert len(key("a-key-for-this-test")) == 32


def test_templates_never_switch_escaping_off() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {found}"
        for path in sorted(ROOT.glob("anwang/*/templates/**/*.html"))
        for found in UNSAFE_MARKUP.findall(path.read_text(encoding="utf-8"))
    ]  # fmt: skip
    assert wrong == []


def test_scripts_use_no_sink_no_storage_and_no_other_window() -> None:
    bad = re.compile(
        r"\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser"
        r"|setHTMLUnsafe|postMessage|localStorage\.set|sessionStorage\.set|indexedDB\.open|__proto__"
        r"|serviceWorker\.register|new WebSocket|RTCPeerConnection|importScripts|window\.open\("
    )
    found = [f"{s.name}: {m}" for s in SCRIPTS for m in bad.findall(s.read_text(encoding="utf-8"))]
    assert SCRIPTS and found == []


def test_no_link_leads_to_a_scheme_that_runs() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in sorted(ROOT.glob("anwang/*/templates/**/*.html"))
        if re.search(
            r"""(href|src|action)=["']\s*(javascript|vbscript|http):""",
            path.read_text(encoding="utf-8"),
        )
    ]
    assert wrong == []


def test_no_account_is_shipped() -> None:
    """Keys in the repository are sought by `tools/check_security.py`, before any test."""
    migrations = "\n".join(
        p.read_text(encoding="utf-8") for p in ROOT.glob("anwang/*/migrations/*.py")
    )
    # An administrator's function makes accounts when it is called; a migration makes none.
    migrations = re.sub(r"as \$\$.*?\$\$", "", migrations, flags=re.DOTALL)
    assert not re.search(r"insert into access_account\b", migrations, re.IGNORECASE)
