"""Every Chinese text on a screen has its English, and the catalogue is built as Django reads it."""

import gettext
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import compile_messages as catalogue  # noqa: E402
import extract_messages as sources  # noqa: E402


def part(folder: Path, name: str, text: str) -> Path:
    path = folder / "en" / "parts" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_every_chinese_text_has_an_english_translation_and_none_is_stale() -> None:
    found = sources.faults(sources.uses_under(ROOT), catalogue.messages_of(catalogue.LOCALE / "en"))
    assert not found, "\n".join([f"{len(found)} faults; tools/extract_messages.py", *found])


def test_parts_are_joined_sorted_and_compiled_with_plural_and_context(tmp_path: Path) -> None:
    part(tmp_path, "b.po", 'msgid "值班台"\nmsgstr "Duty desk"\n')
    part(
        tmp_path,
        "a.po",
        '# a remark\nmsgid "%(n)s 件"\nmsgid_plural "%(n)s 件"\n'
        'msgstr[0] "%(n)s report"\nmsgstr[1] "%(n)s reports"\n\n'
        'msgctxt "person"\nmsgid "開"\n'
        'msgstr ""\n"Op"\n"en \\"it\\"\\n"\n\nmsgid "值班台"\nmsgstr "Duty desk"\n',
    )
    assert catalogue.compile_language(tmp_path / "en") == 3
    with (tmp_path / "en/LC_MESSAGES/django.mo").open("rb") as file:
        english = gettext.GNUTranslations(file)
    assert english.gettext("值班台") == "Duty desk"
    assert english.pgettext("person", "開") == 'Open "it"\n'
    assert [english.ngettext("%(n)s 件", "%(n)s 件", n) for n in (1, 2)] == [
        "%(n)s report",
        "%(n)s reports",
    ]
    again = catalogue.messages_in(tmp_path / "en/LC_MESSAGES/django.po")
    with pytest.raises(catalogue.MessageError, match="no header"):
        list(again)


def test_two_parts_that_translate_differently_are_refused_and_both_named(tmp_path: Path) -> None:
    part(tmp_path, "desk.po", 'msgid "派案"\nmsgstr "Dispatch"\n')
    part(tmp_path, "cases.po", '\nmsgid "派案"\nmsgstr "Assign"\n')
    with pytest.raises(catalogue.MessageError, match=r"cases\.po:2 .* desk\.po:1"):
        catalogue.messages_of(tmp_path / "en")


@pytest.mark.parametrize(
    "text",
    [
        'msgid "甲"\nmsgstr Desk\n',
        'msgid "甲"\n',
        'msgid "甲"\nmsgstr "a"\nmsgstr "b"\n',
        '"甲"\n',
        'msgid "甲\\"\nmsgstr "a"\n',
        'msgid "甲"\nmsgid_plural "甲"\nmsgstr "a"\n',
    ],
)
def test_a_broken_part_is_refused_with_file_and_line(tmp_path: Path, text: str) -> None:
    path = part(tmp_path, "desk.po", text)
    with pytest.raises(catalogue.MessageError, match=r"^desk\.po:\d"):
        list(catalogue.messages_in(path))


def test_an_untranslated_text_is_left_out_so_that_the_source_shows(tmp_path: Path) -> None:
    part(tmp_path, "desk.po", 'msgid "甲"\nmsgstr ""\n')
    catalogue.compile_language(tmp_path / "en")
    with (tmp_path / "en/LC_MESSAGES/django.mo").open("rb") as file:
        assert gettext.GNUTranslations(file).gettext("甲") == "甲"


def test_texts_are_found_in_templates_with_their_lines() -> None:
    source = (
        "{% load i18n %}\n{% translate '值班台' %}\n"
        '{% trans "開" context "door" %}{{ name|default:_("無") }}\n'
        "{% blocktranslate trimmed with n=total %}\n  共 {{ n }} 件\n{% endblocktranslate %}\n"
        "{% blocktranslate count n=total %}一件{% plural %}{{ n }} 件{% endblocktranslate %}\n"
    )
    found = [
        (use.where, use.context, use.text, use.plural)
        for use in sources.uses_in_template(source, "a.html")
    ]
    assert found == [
        ("a.html:2", None, "值班台", None),
        ("a.html:3", "door", "開", None),
        ("a.html:3", None, "無", None),
        ("a.html:4", None, "共 %(n)s 件", None),
        ("a.html:7", None, "一件", "%(n)s 件"),
    ]


def test_texts_are_found_in_python_and_an_f_string_is_a_fault() -> None:
    source = (
        'a = _("甲"\n  "乙")\nb = ngettext("一件", "%(n)s 件", n)\n'
        'c = pgettext_lazy("door", "開")\n'
        "d = translation.gettext_lazy('丙')\ne = _(f'{n} 件')\nf = _(name)\n"
    )
    found = {
        use.where: (use.context, use.text, use.plural, bool(use.fault))
        for use in sources.uses_in_python(source, "a.py")
    }
    assert found == {
        "a.py:1": (None, "甲乙", None, False),
        "a.py:3": (None, "一件", "%(n)s 件", False),
        "a.py:4": ("door", "開", None, False),
        "a.py:5": (None, "丙", None, False),
        "a.py:6": (None, "", None, True),
    }


def test_missing_stale_chinese_and_misfilled_translations_are_all_named() -> None:
    uses = [
        sources.Use("甲", "a.html:1"),
        sources.Use("乙", "a.html:2"),
        sources.Use("%(n)s 件", "a.html:3"),
        sources.Use("OK", "a.html:4"),
    ]
    messages = [
        catalogue.Message("乙", ("乙 B",), "a.po:1"),
        catalogue.Message("%(n)s 件", ("reports",), "a.po:3"),
        catalogue.Message("丁", ("D",), "a.po:5"),
    ]
    assert sources.faults(uses, messages) == [
        'a.html:1: "甲" has no English translation.',
        'a.html:2: "乙" has Han in its English (a.po:1).',
        'a.html:3: "%(n)s 件" and its English have different placeholders (a.po:3).',
        'parts/a.po:5: "丁" is no longer used.',
    ]
