"""Which column of a file is which column of the manifest. A renamed column holds the file: dropped
in silence, it would empty a field for a whole county."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final
from unicodedata import normalize

from anwang.registries.rules.held import FileHeld
from anwang.registries.rules.manifests import Manifest

# birthdate / birth_date 0.95, national_id_no / national_id 0.88; name_en / name 0.73.
_SAME_NAME_MISSPELT: Final = 0.82


@dataclass(frozen=True, slots=True)
class Header:
    """`names`: for each cell of the header our column, or None; `ignored`: headers nobody
    declared.
    """

    names: tuple[str | None, ...]
    ignored: tuple[str, ...]


def fold_header(text: str) -> str:
    """A header text as compared: full width, case, blanks and a stray byte-order mark folded."""
    return "_".join(normalize("NFKC", text).replace("\ufeff", "").strip().lower().split())


def header_of(manifest: Manifest, cells: Sequence[str]) -> Header:
    """Map the header `cells`. Raises FileHeld when a column is missing, repeated or seems
    renamed.
    """
    known = {fold_header(text): one.name for one in manifest.columns for text in one.headers}
    names = tuple(known.get(fold_header(cell)) for cell in cells)
    found = [name for name in names if name]
    if not found:
        raise FileHeld(
            "header-none",
            "第一列沒有任何說明書所列欄名，檔案未收。請補上標題列後重送。",
            "The first row holds no column name of the manifest. Send it with its header row.",
        )
    repeated = sorted({name for name in found if found.count(name) > 1})
    if repeated:
        raise FileHeld(
            "header-repeated",
            f"欄位重複：{'、'.join(repeated)}。請只留一欄後重送。",
            f"Columns appear twice: {', '.join(repeated)}. Keep one of each and send again.",
        )
    missing = [one for one in manifest.columns if one.required and one.name not in found]
    if missing:
        version = manifest.version
        zh = "、".join(f"{one.name}（{one.label.zh}）" for one in missing)
        raise FileHeld(
            "header-missing",
            f"缺少必要欄位：{zh}；依說明書第 {version} 版。請補上後重送。",
            f"Required columns are missing: {', '.join(one.name for one in missing)} "
            f"(manifest version {version}). Add them and send again.",
        )
    ignored = tuple(
        cell for cell, name in zip(cells, names, strict=True) if name is None and cell.strip()
    )
    _refuse_renamed(manifest, set(found), ignored)
    return Header(names, ignored)


def _refuse_renamed(manifest: Manifest, found: set[str], ignored: tuple[str, ...]) -> None:
    absent = [one.name for one in manifest.columns if one.name not in found]
    for cell in ignored:
        for name in absent:
            if SequenceMatcher(None, fold_header(cell), name).ratio() >= _SAME_NAME_MISSPELT:
                raise FileHeld(
                    "header-renamed",
                    f"第一列有未列欄名，疑為「{name}」改名，檔案未收。請用說明書的欄名，"
                    "或先更新說明書。",
                    f"An undeclared header looks like {name} renamed. Use the manifest's name, or "
                    "update the manifest first.",
                )
