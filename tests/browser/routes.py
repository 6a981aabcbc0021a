"""Every address of the URLconf, and how a browser test comes to it: lists held against lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from demo.filling import account_id
from tests.browser.world import World


@dataclass(frozen=True)
class Shown:
    """A page: who sees it, where it lies, and the status it answers with."""

    who: str
    where: Callable[[World], str]
    status: int = 200


# Route name -> the page. A new route without a line here, or in NO_PAGE, fails.
PAGES: dict[str, Shown] = {
    "access:sign-in": Shown("", lambda w: "/sign-in/"),
    "access:again": Shown("operator", lambda w: "/sign-in/again/"),
    "access:account": Shown("operator", lambda w: "/account/"),
    "access:password": Shown("operator", lambda w: "/account/password/"),
    "access:first-password": Shown("", lambda w: "/sign-in/first/"),
    "access:code": Shown("operator", lambda w: "/account/code/"),
    "access:passkey": Shown("operator", lambda w: "/account/passkey/"),
    "web:looked-at-me": Shown("citizen", lambda w: "/me/"),
    "access:standing": Shown("lapsed-worker", lambda w: "/account/training/"),
    "web:my-reach": Shown("child-worker", lambda w: "/account/reach/"),
    "web:staff": Shown("administrator", lambda w: "/staff/"),
    "web:staff-invite": Shown("administrator", lambda w: "/staff/invite/"),
    "web:staff-account": Shown("administrator", lambda w: f"/staff/{account_id('child-worker')}/"),
    "web:staff-reach": Shown(
        "administrator", lambda w: f"/staff/{account_id('child-worker')}/reach/"
    ),
    "web:home": Shown("operator", lambda w: "/"),
    "intake:mandated": Shown("teacher", lambda w: "/report/"),
    "intake:consult": Shown("hotline", lambda w: "/consult/"),
    "intake:mine": Shown("teacher", lambda w: "/receipts/"),
    "intake:receipt": Shown("teacher", lambda w: f"/receipts/{w.mine}/"),
    "intake:add": Shown("teacher", lambda w: f"/receipts/{w.mine}/add/"),
    "intake:reporter": Shown("teacher", lambda w: f"/receipts/{w.mine}/reporter/"),
    "triage:desk": Shown("desk", lambda w: "/desk/"),
    "triage:find": Shown("desk", lambda w: "/desk/find/?q=%E6%99%AF%E5%B0%8F%E5%AE%89"),
    "triage:report": Shown("desk", lambda w: f"/desk/{w.again}/"),
    "triage:change": Shown("desk", lambda w: f"/desk/{w.open}/change/"),
    "triage:answer": Shown("desk", lambda w: f"/desk/{w.open}/answer/"),
    "triage:reopen": Shown("desk", lambda w: f"/desk/{w.open}/reopen/"),
    "triage:protected": Shown("desk", lambda w: f"/protected/{w.again}/"),
    "triage:own-messages": Shown("teacher", lambda w: f"/receipts/{w.mine}/messages/"),
    "access:two-persons": Shown("child-lead", lambda w: "/two-persons/"),
    "cases:inbox": Shown("child-worker", lambda w: "/inbox/"),
    "cases:refuse": Shown("child-worker", lambda w: f"/inbox/{w.offer}/refuse/"),
    "cases:seals": Shown("child-lead", lambda w: "/seals/"),
    "cases:seal-ask": Shown("desk", lambda w: f"/seals/ask/{w.open}/"),
    "cases:families": Shown("child-worker", lambda w: "/families/"),
    "cases:family": Shown("child-worker", lambda w: f"/families/{w.family}/"),
    "cases:case": Shown("child-worker", lambda w: f"/cases/{w.case}/"),
    "cases:safe-adults": Shown("child-worker", lambda w: f"/cases/{w.case}/safe-adults/"),
    "web:audit": Shown("auditor", lambda w: "/audit/"),
    "web:notices": Shown("desk", lambda w: "/notices/"),
    # By somebody whom no other page signs in, since the form opens to a fresh proof alone.
    "web:glass": Shown("health-lead", lambda w: "/glass/"),
    "web:glass-figures": Shown("desk", lambda w: "/glass/figures/"),
    "web:reviews": Shown("desk", lambda w: "/reviews/"),
    "web:conflicts": Shown("desk", lambda w: "/conflicts/"),
    "registries:quarantine": Shown("operator", lambda w: f"/registries/deliveries/{w.delivery}/"),
    "registries:feeds": Shown("operator", lambda w: "/registries/"),
    "rulebook:policies": Shown("desk", lambda w: "/policies/"),
    "rulebook:policy": Shown("desk", lambda w: "/policies/1/"),
}
# Pages that are no route of their own: other states of the same ones, and errors.
STATES: dict[str, Shown] = {
    "a desk that waits for a team": Shown("desk", lambda w: f"/desk/{w.offered}/"),
    "a report as its team sees it": Shown("child-worker", lambda w: f"/desk/{w.offered}/"),
    "nothing found": Shown("desk", lambda w: "/desk/find/?q=nobody"),
    "no such page": Shown("desk", lambda w: "/nothing/here/", 404),
    "not one's own report": Shown("desk", lambda w: f"/receipts/{w.mine}/", 404),
    "a room of others": Shown("teacher", lambda w: "/desk/", 403),
}
NO_PAGE = {
    "access:accept-rules": "POST",
    "web:staff-code": "POST; shown once, looked at in tests/web/test_joining.py",
    "web:staff-factors": "POST",
    "web:staff-give": "POST",
    "web:staff-take": "POST",
    "web:staff-end": "POST",
    "web:staff-reopen": "POST",
    "web:staff-sign-out": "POST",
    "web:staff-train": "POST",
    "web:staff-untrain": "POST",
    "web:audit-export": "a file to save",
    "web:audit-bury": "needs an entry; a plain form, tests/web/test_audit_search.py",
    "web:see-notices": "POST",
    "web:through-glass": "opens for an hour; looked at in tests/web/test_oversight.py",
    "web:end-glass": "POST",
    "web:review-glass": "POST",
    "web:review-alarm": "POST",
    "web:end-conflict": "POST",
    "web:health": "plain text",
    "web:violations": "for browsers",
    "access:leave": "leads away",
    "access:second": "needs half a sign-in: test_accounts.py",
    "access:passkey-sign-in": "POST",
    "access:passkey-options": "POST",
    "access:new-passkey-options": "POST",
    "access:recovery": "POST: test_accounts.py",
    "access:remove-factor": "POST",
    "access:end-session": "POST",
    "access:end-other-sessions": "POST",
    "access:oidc": "leads to another system: test_accounts.py",
    "access:oidc-again": "leads to another system",
    "access:oidc-answer": "comes from another system",
    "access:oidc-link": "leads to another system",
    "access:oidc-unlink": "POST",
    "access:sign-out": "POST",
    "set_language": "POST",
    "intake:draft": "POST",
    "intake:discard": "POST",
    "intake:attachment": "a file to save",
    "triage:queue": "a part of triage:desk, renewed by itself",
    "cases:offers": "a part of cases:inbox, renewed by itself",
    "cases:accept": "POST",
    "cases:seal-names": "for the named; the form of cases:seal-ask",
    "cases:seal-end": "for the named; the form of cases:seal-ask",
    "cases:seal-carry-out": "POST",
    "cases:done": "POST",
    "cases:close": "POST",
    "cases:safe-adult-name": "POST",
    "cases:safe-adult-end": "POST",
    "triage:confirm": "POST",
    "triage:withdraw": "POST",
    "triage:join": "POST",
    "triage:separate": "POST",
    "triage:undo": "POST",
    "api-v1:openapi-json": "for programs",
    "api-v1:api-root": "for programs",
    "api-v1:deliver_report": "for programs",
    "api-v1:messages_of_report": "for programs",
    "api-v1:answer_to_office": "for programs",
    "access:two-ask": "POST",
    "access:two-approve": "POST",
    "access:two-decline": "POST",
    "triage:ask-reporter": "POST",
    "triage:ask-safe": "POST",
    "triage:reveal-reporter": "POST; shown once, looked at in tests/triage/test_protected.py",
    "triage:reveal-safe": "POST; as above",
    "triage:safe": "POST; as above",
    "triage:keep-safe": "POST",
    "triage:call-help": "POST",
    "triage:write": "POST",
    "triage:help": "made by a call for help; looked at in tests/triage/test_protected.py",
    "triage:help-address": "POST; as above",
    "triage:help-done": "POST",
}
