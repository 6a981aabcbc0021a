"""Sends checkpoints to the witnesses outside, and keeps how each of them stands (D3).

A witness gets sizes, hashes and signatures, never an entry (B7). Protocol: C2SP tlog-witness.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import logging
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.db import transaction

from anwang.access.actions.audit_alarms import raise_alarm
from anwang.access.audit_key import signer
from anwang.access.audit_tree import frontier_of
from anwang.access.models import AuditCheckpoint, AuditLeaf, Cosignature, Witness
from anwang.access.rules.notes import BrokenNote, Checkpoint, NotSigned, PublicKey
from anwang.access.rules.proofs import consistency_proof
from anwang.access.vocabulary import NoticeKind
from anwang.common.clock import clock_now
from anwang.common.errors import AnwangError
from config import audit

logger = logging.getLogger(__name__)
TIMEOUT_SECONDS: Final = 3.0
SILENT_FOR: Final = dt.timedelta(minutes=5)
ENOUGH: Final = 2  # D3
LONGEST: Final = 64 * 1024
_ALARMS: Final = {
    "silent": NoticeKind.AUDIT_WITNESS_SILENT,
    "refused": NoticeKind.AUDIT_WITNESS_REFUSED,
}


class NoSuchWitness(AnwangError):
    """What was given is neither the file of a witness nor an address that answers."""


@dataclass(frozen=True, slots=True)
class Configured:
    """A witness as configured: whose signature counts, and where it listens."""

    key: PublicKey
    address: str


def configured() -> list[Configured]:
    """The witnesses of this instance. Raises BrokenNote for a key that is none."""
    return [Configured(PublicKey.of(key), address) for key, address in audit.witnesses()]


def _opened(request: urllib.request.Request | str) -> tuple[int, str]:
    """Status and text of an HTTP answer. Raises OSError when there is none."""
    address = request if isinstance(request, str) else request.full_url
    if urllib.parse.urlsplit(address).scheme not in ("http", "https"):
        raise OSError(f"not an address of a witness: {address}")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return answer.status, answer.read(LONGEST).decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(LONGEST).decode(errors="replace")


def _leaves(first: int, last: int) -> list[bytes]:
    """Hashes of the entries `first` up to `last`, that one left out."""
    found = AuditLeaf.objects.filter(position__gte=first, position__lt=last).order_by("position")
    return [bytes(leaf) for leaf in found.values_list("leaf_sha256", flat=True)]


def proof_between(old: int, new: int) -> list[bytes] | None:
    """The consistency proof from one checkpoint to a later; None where we never had the earlier."""
    if old == 0 or old == new:
        return []
    known = AuditCheckpoint.objects.filter(size=old).first()
    return None if known is None else consistency_proof(frontier_of(known), _leaves(old, new))


def _post(one: Configured, old: int, proof: Sequence[bytes], note: str) -> tuple[int, str]:
    lines = [f"old {old}", *(base64.b64encode(each).decode() for each in proof)]
    return _opened(
        urllib.request.Request(  # noqa: S310 - the scheme is looked at in _opened
            f"{one.address}/add-checkpoint",
            data=("\n".join(lines) + "\n\n" + note).encode(),
            method="POST",
        )
    )


def _offer(one: Configured, held: int, last: AuditCheckpoint) -> tuple[int, str]:
    """Offer the last checkpoint as an extension of what the witness holds; its status and text."""
    proof = proof_between(held, last.size) if held <= last.size else None
    if proof is None:
        return 422, "it holds a size that we never had"
    return _post(one, held, proof, last.signed)


def ask_witness(one: Configured) -> str:
    """Send the last checkpoint to one witness and keep its answer; returns its trouble, or nothing."""
    state, _ = Witness.objects.update_or_create(
        name=one.key.name, defaults={"address": one.address}
    )
    last = AuditCheckpoint.objects.order_by("-size").first()
    if last is None or not last.signed:
        return state.trouble
    if state.held_size == last.size and not state.trouble and _fresh(state):
        return ""
    try:
        status, text = _offer(one, state.held_size or 0, last)
        if status == 409 and text.strip().isdigit():
            status, text = _offer(one, int(text), last)
    except OSError as error:
        return _trouble(state, "silent", type(error).__name__)
    if status != 200:
        return _trouble(state, "silent" if status >= 500 else "refused", f"{status} {text[:80]}")
    return _keep(one, state, last, text)


def _fresh(state: Witness) -> bool:
    """Asked within the last minute: an unchanged log is shown again now and then, to be sure."""
    return state.answered_at is not None and clock_now() - state.answered_at < dt.timedelta(
        minutes=1
    )


def _keep(one: Configured, state: Witness, last: AuditCheckpoint, text: str) -> str:
    line = text.strip() + "\n"
    try:
        seen = one.key.cosigned_at(last.signed + line)
    except (NotSigned, BrokenNote):
        return _trouble(state, "refused", "its signature is not right")
    with transaction.atomic():
        Cosignature.objects.bulk_create(
            [
                Cosignature(
                    witness=one.key.name, size=last.size, line=line,
                    seen_at=dt.datetime.fromtimestamp(seen, dt.UTC),
                )
            ],
            ignore_conflicts=True,
        )  # fmt: skip
        state.held_size, state.answered_at = last.size, clock_now()
        state.trouble, state.trouble_since, state.told_at = "", None, None
        state.save()
    return ""


def _trouble(state: Witness, trouble: str, why: str) -> str:
    """Note the trouble; tell the officers of a refusal at once, of a silence after five minutes."""
    now = clock_now()
    with transaction.atomic():
        if state.trouble != trouble:
            state.trouble, state.trouble_since, state.told_at = trouble, now, None
            logger.warning("Witness %s: %s (%s).", state.name, trouble, why)
        since = state.trouble_since or now
        if state.told_at is None and (trouble == "refused" or now - since >= SILENT_FOR):
            raise_alarm(_ALARMS[trouble], {"witness": state.name, "since": since.isoformat()})
            state.told_at = now
        state.save()
    return trouble


def ask_witnesses() -> dict[str, str]:
    """Ask every configured witness; name -> trouble, or nothing."""
    return {one.key.name: ask_witness(one) for one in configured()}


def notes_of(source: str) -> list[str]:
    """The notes a witness holds of our log: all of its file, or the last of its address."""
    if source.startswith(("http://", "https://")):
        named = urllib.parse.quote(signer().name, safe="")
        try:
            status, text = _opened(f"{source.rstrip('/')}/checkpoint?origin={named}")
        except OSError:
            raise NoSuchWitness(f"{source} does not answer. Try again, or give its file.") from None
        return [text] if status == 200 else []
    try:
        lines = Path(source).read_text(encoding="utf-8").splitlines()
        return [json.loads(line)["note"] for line in lines]
    except (OSError, ValueError, KeyError):
        raise NoSuchWitness(f"{source} is not the file of a witness.") from None


def held_by(sources: Iterable[str], key: PublicKey | None = None) -> dict[int, set[bytes]]:
    """Size -> roots that witnesses hold and that our key signed. Raises NoSuchWitness."""
    ours, found = key or signer().public, {}  # type: PublicKey, dict[int, set[bytes]]
    for source in sources:
        for note in notes_of(source):
            try:
                checkpoint = Checkpoint.of(ours.opened(note))
            except (NotSigned, BrokenNote):
                continue
            if checkpoint.origin == ours.name and checkpoint.size:
                found.setdefault(checkpoint.size, set()).add(checkpoint.root)
    return found
