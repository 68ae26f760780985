"""The language of templates: Liquid, cut down to values, filters and conditions.

Liquid (https://shopify.github.io/liquid/) by python-liquid. There are no loops, no assignments, no files and no
attributes of objects: a template can name variables, put them through the filters below, and choose by ``if``,
``unless`` and ``case``. What it writes is bounded (``output_stream_limit``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from liquid import Environment, FalsyStrictUndefined, Markup, Mode
from liquid.builtin import content, illegal, output
from liquid.builtin.filters.misc import default
from liquid.builtin.filters.string import append, downcase, prepend, strip, strip_html, upcase, url_encode
from liquid.builtin.tags import case_tag, comment_tag, if_tag, unless_tag
from liquid.exceptions import FilterArgumentError
from liquid.undefined import is_undefined

from onepool.reach.messages.typed import Day, Moment, Money, format_number, format_time

MAX_SOURCE: Final = 200_000
"""Characters of one template (the HTML of a mail)."""

MAX_OUTPUT: Final = 400_000
"""Characters that one template may write."""

ELLIPSIS: Final = "…"


class Missing(FalsyStrictUndefined):
    """A variable without a value: may be asked for by ``if`` and filled by ``default``, nothing else."""

    __slots__ = ()
    force_liquid_default = True


class Language(Environment):
    """The tags and filters that templates may use. ``language`` decides how money and days of the week are written."""

    block_nesting_limit = 10
    context_depth_limit = 10
    loop_iteration_limit = 1
    local_namespace_limit = 1
    output_stream_limit = MAX_OUTPUT
    suppress_blank_control_flow_blocks = False
    logical_not_operator = True
    logical_parentheses = True

    def __init__(self, language: str, *, html: bool) -> None:
        self.language = language
        super().__init__(tolerance=Mode.STRICT, undefined=Missing, strict_filters=True, autoescape=html)

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Only these."""
        del extra
        for tag in (
            content.Literal, output.Output, illegal.Illegal, if_tag.IfTag, unless_tag.UnlessTag, case_tag.CaseTag,
            comment_tag.CommentTag,
        ):  # fmt: skip
            self.add_tag(tag)
        for name, (function, *_words) in FILTERS.items():
            self.add_filter(name, function)

    def __hash__(self) -> int:  # the library caches lexers and parsers by it
        return hash((type(self), self.language, self.autoescape))

    def __eq__(self, other: object) -> bool:
        return self is other


@cache
def language_of(language: str, *, html: bool = False) -> Language:
    """The language for a workspace's tongue. ``html``: values are escaped for HTML."""
    return Language("zh" if language.startswith("zh") else "en", html=html)


def _present(value: object) -> object:
    """The value. A missing one complains by being made a text."""
    if is_undefined(value):
        str(value)
    return value


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise FilterArgumentError("a whole number is wanted", token=None)
    try:
        return int(value)
    except ValueError:
        raise FilterArgumentError("a whole number is wanted", token=None) from None


def truncate(value: object, most: object = 20, end: object = ELLIPSIS) -> object:
    """At most so many characters, the end sign counted."""
    text, length, sign = str(_present(value)), _number(most), str(end)
    if len(text) <= length:
        return text
    return text[: max(length - len(sign), 0)] + sign[: max(length, 0)]


def replace(value: object, old: object, new: object = "") -> str:
    """Every ``old`` as ``new``. Raises where the text would grow beyond what may be written."""
    text, what, by = str(_present(value)), str(old), str(new)
    if not what:
        raise FilterArgumentError("replace: the text to be replaced is empty", token=None)
    if len(text) + text.count(what) * max(len(by) - len(what), 0) > MAX_OUTPUT:
        raise FilterArgumentError("replace: the text becomes too long", token=None)
    return text.replace(what, by)


def date(value: object, form: object = "") -> str:
    """An instant in the customer's zone."""
    if not isinstance(_present(value), Moment | Day):
        raise FilterArgumentError("date goes with variables of type date", token=None)
    assert isinstance(value, Moment | Day)
    return format_time(value, str(form) or value.form, value.language)


def money(value: object, form: object = "") -> str:
    """An amount with its currency: ¥12.00. ``short``: without .00; ``plain``: without the currency."""
    if not isinstance(_present(value), Money):
        raise FilterArgumentError("money goes with variables of type money", token=None)
    if form not in ("", "short", "plain"):
        raise FilterArgumentError("money: short or plain is wanted", token=None)
    assert isinstance(value, Money)
    return value.text(str(form))


def number(value: object, places: object = 0) -> str:
    """A number with so many decimal places, rounded half up."""
    count = _number(places)
    if not 0 <= count <= 6:
        raise FilterArgumentError("number: 0 to 6 decimal places", token=None)
    try:
        return format_number(_present(value), count)
    except ValueError as error:
        raise FilterArgumentError(str(error), token=None) from None


FILTERS: Final[Mapping[str, tuple[Callable[..., Any], str, str, str]]] = {
    "default": (default, "没有值时用的文字", "what stands where there is no value", '{{ name | default: "亲" }}'),
    "truncate": (truncate, "最多多少个字（含省略号）", "at most so many characters", "{{ product | truncate: 20 }}"),
    "date": (date, "按客户时区的日期格式", "a date in the customer's zone", '{{ until | date: "%-m月%-d日" }}'),
    "money": (
        money,
        "金额（short 去掉 .00，plain 不带币种）",
        "an amount (short, plain)",
        '{{ amount | money: "short" }}',
    ),
    "number": (number, "保留几位小数", "so many decimal places", "{{ points | number: 0 }}"),
    "upcase": (upcase, "转为大写", "in capitals", "{{ code | upcase }}"),
    "downcase": (downcase, "转为小写", "in small letters", "{{ code | downcase }}"),
    "strip": (strip, "去掉首尾空白", "without blanks at the ends", "{{ name | strip }}"),
    "strip_html": (strip_html, "去掉 HTML 标签", "without HTML tags", "{{ text | strip_html }}"),
    "append": (append, "在后面接上", "with something behind it", '{{ name | append: "女士" }}'),
    "prepend": (prepend, "在前面接上", "with something before it", '{{ code | prepend: "No." }}'),
    "replace": (replace, "替换文字", "with a text replaced", '{{ name | replace: "-", " " }}'),
    "url_encode": (url_encode, "用于网址参数", "for the parameters of an address", "{{ code | url_encode }}"),
}
"""What templates may call: the function, what it does in Chinese and in English, an example."""

SHORTENING: Final = "truncate"

__all__ = ["ELLIPSIS", "FILTERS", "MAX_SOURCE", "SHORTENING", "Language", "Markup", "Missing", "language_of"]
