"""Names that permissions and audit share. The meaning of each stands in docs/glossary.md."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Roles of people (docs/formats/README.md)."""

    CITIZEN = "citizen"
    MANDATED_REPORTER = "mandated-reporter"
    HOTLINE = "hotline"
    DESK = "desk"
    TEAM_WORKER = "team-worker"
    LEAD = "lead"
    SUPERVISOR = "supervisor"
    PARTNER = "partner"
    COUNTY_MANAGER = "county-manager"
    MINISTRY = "ministry"
    STATISTICIAN = "statistician"
    AUDITOR = "auditor"
    PRIVACY_OFFICER = "privacy-officer"
    REPORTER_PROTECTION_OFFICER = "reporter-protection-officer"
    SECURITY_OFFICER = "security-officer"
    OPERATOR = "operator"


class Act(StrEnum):
    """What an audit entry says was done."""

    SIGNED_IN = "signed-in"
    SIGN_IN_FAILED = "sign-in-failed"
    SIGNED_OUT = "signed-out"
    READ = "read"
    SEARCHED = "searched"
    REFUSED = "refused"
    DELIVERED = "delivered"
    REPORT_RECEIVED = "report-received"
    DRAFT_SAVED = "draft-saved"
    DRAFT_DISCARDED = "draft-discarded"
    ATTACHMENT_OPENED = "attachment-opened"
    RECORDS_LOADED = "records-loaded"
    ROW_REPLAYED = "row-replayed"
    RECORDS_LINKED = "records-linked"
    REPORT_SCREENED = "report-screened"
    CLOCK_MISSED = "clock-missed"
    DECISION_CONFIRMED = "decision-confirmed"
    DECISION_CHANGED = "decision-changed"
    SAME_EVENT_JUDGED = "same-event-judged"
    OFFER_MADE = "offer-made"
    OFFER_REFUSED = "offer-refused"
    OFFER_WITHDRAWN = "offer-withdrawn"
    CASE_OPENED = "case-opened"
    CASE_CLOSED = "case-closed"
    DUTY_DONE = "duty-done"
    REPORT_ANSWERED = "report-answered"
    REPORT_REOPENED = "report-reopened"
    LINK_JUDGED = "link-judged"
    POLICY_LOADED = "policy-loaded"
    SENDER_ADDED = "sender-added"
    ACCOUNT_ADDED = "account-added"
    RIGHTS_CHANGED = "rights-changed"
