"""Who there is, what they belong to and what they may reach: by opaque ids, filled by apps above."""

from anwang.access.models.accounts import Account, Accounts, Membership, Sender
from anwang.access.models.audit import (
    AuditCheckpoint,
    AuditEntry,
    AuditLeaf,
    Cosignature,
    Tombstone,
    Verification,
    Witness,
)
from anwang.access.models.glass import Alarm, AlarmMark, Glass
from anwang.access.models.invitations import FactorReset, Invitation
from anwang.access.models.looks import LookRule, SafeAdult
from anwang.access.models.relations import Relation
from anwang.access.models.sessions import AccountSession, Guess, KnownPlace, LinkedIdentity
from anwang.access.models.standing import Fulfilment, Requirement
from anwang.access.models.trust import Attempt, Conflict, Notice, Seal, SealMember
from anwang.access.models.twofold import Rank, Twofold, TwofoldAct

__all__ = [
    "Account",
    "AccountSession",
    "Accounts",
    "Alarm",
    "AlarmMark",
    "Attempt",
    "AuditCheckpoint",
    "AuditEntry",
    "AuditLeaf",
    "Conflict",
    "Cosignature",
    "FactorReset",
    "Fulfilment",
    "Glass",
    "Guess",
    "Invitation",
    "KnownPlace",
    "LinkedIdentity",
    "LookRule",
    "Membership",
    "Notice",
    "Rank",
    "Relation",
    "Requirement",
    "SafeAdult",
    "Seal",
    "SealMember",
    "Sender",
    "Tombstone",
    "Twofold",
    "TwofoldAct",
    "Verification",
    "Witness",
]
