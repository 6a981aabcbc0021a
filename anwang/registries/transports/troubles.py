"""Why a source did not deliver or answer: one word each, for screens, records and tests."""

from __future__ import annotations

from typing import Final

from anwang.registries.rules.words import Words

TEXTS: Final = {
    "not-connected": Words("尚未設定連線", "No connection is set"),
    "unreachable": Words("連不上", "Cannot be reached"),
    "too-slow": Words("沒有在時限內回應", "Did not answer in time"),
    "refused": Words("帳號或權杖被拒", "Refused our credentials"),
    "host-key": Words("主機金鑰與設定不同，可能被冒充", "Another host key than the one pinned"),
    "redirected": Words("要我們改連別處，未照做", "Sent us elsewhere; not followed"),
    "broken-answer": Words("回應的格式不對", "Its answer is not in the agreed form"),
    "too-large": Words("大小超過上限", "Larger than allowed"),
    "changed-meanwhile": Words("傳送途中檔案被換掉", "The file changed while it was fetched"),
    "cut-short": Words("傳送中斷，下次接續", "Cut short; the rest follows next time"),
    "packed-wrong": Words("壓縮檔不合規定", "The archive is not as agreed"),
    "other-person": Words("回應的是另一個人，未採用", "Answered about another person; not used"),
    "other-request": Words("回應不屬於這次查詢，未採用", "Answered another request; not used"),
    "not-signed": Words("回應的簽章不符，未採用", "Its signature is not right; not used"),
    "resting": Words("連續失敗，暫停詢問", "Failed again and again; not asked for a while"),
    "no-lookup": Words("這個來源不提供即時查詢", "This source cannot be asked about one person"),
    "no-number": Words("沒有可用的身分證字號", "No identity number to ask by"),
    "not-covered": Words("這個來源不收這個年齡的人", "This source holds nobody of that age"),
    "not-allowed": Words(
        "依規定不得為此目的查詢", "May not be asked for this purpose or by this role"
    ),
    "error": Words("對方系統發生錯誤", "Its system reported an error"),
}


class SourceTrouble(Exception):
    """A source did not do its part. `code` is one of TEXTS; nothing that it sent is quoted."""

    def __init__(self, code: str) -> None:
        assert code in TEXTS, code
        super().__init__(TEXTS[code].en)
        self.code = code

    @property
    def text(self) -> Words:
        """What happened, for people."""
        return TEXTS[self.code]
