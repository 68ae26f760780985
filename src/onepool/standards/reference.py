"""The reference of the data standard as Markdown, made from the standard itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from onepool.standards.faults import RULES
from onepool.standards.load import load_standard
from onepool.standards.model import Attribute, EventType, Field, ObjectType, Personal, Scope
from onepool.standards.standard import Standard

_INTRO = """# Data standard

Made from the code by `script/generate`. What the pool admits: events, objects, attributes of customers, identifiers. A
workspace extends it with YAML of the same shape (`standard/*.yaml`); see [the files it ships with]({files}).

Names are found whatever their case, blanks, `_`, `-` and `.`; every name may also be written as one of its synonyms or
titles. What breaks the standard waits in quarantine, whole, with the rule it broke. Unknown events are kept or refused
by the workspace's setting `unknown_events`; unknown fields are always kept, in the JSON column `fields`."""

_IDENTIFIERS = """A `strong` identifier joins what it stands beside, a `weak` one only follows, `never` is known and
never joins. Where a scope is required, the same text in two scopes names two persons; without one, the touchpoint's
`scopes` and then its name decide. Attributes and fields that are identifiers (`phone`, `email`, `id_card`, `member_no`)
identify.

A value that is well formed but names nobody is kept apart and never identifies: masked numbers (`138****1234`), numbers
with an extension (privacy numbers of marketplaces) and blocked values stay as `masked_phone` or `masked_email`; a
landline stays as `phone`. A malformed value makes the whole item wait, as does an item about a person without any
usable identifier (`identifier.none`)."""

_MAPPING = """A touchpoint's YAML may say, under `mapping`, how its input is read:

```yaml
mapping:
  events: {下单成功: order_paid}          # the sender's name: the standard's
  fields: {实付款: amount}
  attributes: {客户名: name}
  identifiers: {会员卡: member_no@gold}   # a field or attribute that names the person: type, or type@scope
  ignore: [debug]                        # not kept
  money: fen                             # bare numbers count hundredths
  currency: CNY                          # of amounts that name none
  zone: UTC                              # of times without one
  excel_dates: true                      # small numbers are Excel's days
```"""

_FILES = "../../src/onepool/standards/builtin"

_TYPES = {
    "text": "free text",
    "id": "name or number of a thing, at most 512 characters",
    "integer": "whole number of 64 bits",
    "number": "finite number",
    "money": "decimal of four places; `¥1,234.50`, `1.2万`, `USD 5` are read, the currency goes to `currency`",
    "boolean": "yes or no: `true`, `1`, `是`, …",
    "time": "instant: ISO 8601, `2024/1/2 3:04`, `20240102`, seconds or milliseconds since 1970. "
    "Without a zone, the workspace's holds",
    "date": "calendar date",
    "text_list": "list of texts",
    "items": "order lines",
    "currency": "code of ISO 4217",
    "channel": "kind of platform",
    "province": "province, short name (`浙江`)",
    "city": "city, short name (`杭州`)",
    "district": "district, full name (`西湖区`); with province and city it gives `region_code` (GB/T 2260)",
    "phone": "E.164; masked numbers and numbers with an extension never identify",
    "email": "lower case",
    "gender": "`male`, `female`, `other`, `unknown`",
    "id_card": "checked by GB 11643, kept as a keyed digest only",
}


def render(standard: Standard | None = None) -> str:
    """The whole reference; of the built-in standard unless another is given."""
    standard = standard or load_standard()
    parts = [
        _INTRO.format(files=_FILES),
        "## Events",
        *_events(standard),
        "## Fields",
        _fields(standard),
        "### Common fields",
        "Any event may carry these; what the event lacks is taken from the sender's context. "
        + ", ".join(f"`{name}`" for name in standard.common)
        + ".",
        "### Order lines",
        "Members of `items`: "
        + ", ".join(f"`{name}`" for name in standard.item_fields)
        + ". Others are kept in `fields`.",
        "## Objects",
        *(_object(item) for item in standard.objects.values()),
        "## Attributes of customers",
        _attributes(standard),
        "## Identifiers",
        _IDENTIFIERS,
        _identifiers(standard),
        "## Mapping of a touchpoint",
        _MAPPING,
        "## Channels",
        _table(
            ("channel", "中文", "English", "also known as"),
            ((f"`{c.name}`", c.title["zh"], c.title["en"], _also(c.synonyms)) for c in standard.channels.values()),
        ),
        "## Types",
        _table(("type", "meaning"), ((f"`{name}`", meaning) for name, meaning in _TYPES.items())),
        "## Rules of quarantine",
        _table(("rule", "中文", "English"), ((f"`{rule}`", zh, en) for rule, (zh, en) in RULES.items())),
    ]
    return "\n\n".join(parts) + "\n"


def _events(standard: Standard) -> Iterable[str]:
    groups: dict[str, list[EventType]] = {}
    for event in standard.events.values():
        groups.setdefault(event.group, []).append(event)
    for group, events in groups.items():
        yield f"### {group.capitalize()}"
        yield _table(
            ("event", "中文", "English", "fields (required in bold)", "also known as"),
            (
                (
                    f"`{event.name}`",
                    event.title["zh"],
                    event.title["en"],
                    _named(event),
                    _also(event.synonyms),
                )
                for event in events
            ),
        )


def _named(item: EventType | ObjectType) -> str:
    return ", ".join(f"**`{name}`**" if name in item.required else f"`{name}`" for name in item.fields)


def _fields(standard: Standard) -> str:
    return _table(
        ("field", "type", "中文", "English", "personal", "also known as"),
        (_described(field) for field in standard.fields.values()),
    )


def _described(item: Field | Attribute) -> tuple[str, ...]:
    personal = "" if item.personal is Personal.NONE else str(item.personal)
    return (f"`{item.name}`", str(item.type), item.title["zh"], item.title["en"], personal, _also(item.synonyms))


def _object(item: ObjectType) -> str:
    head = f"### `{item.name}` · {item.title['zh']} · {item.title['en']}"
    return f"{head}\n\nNamed by **`{item.id}`**. Fields: {_named(item)}."


def _attributes(standard: Standard) -> str:
    return _table(
        ("attribute", "type", "中文", "English", "personal", "identifier", "also known as"),
        (
            (*_described(item)[:5], f"`{item.identifier}`" if item.identifier else "", _also(item.synonyms))
            for item in standard.attributes.values()
        ),
    )


def _identifiers(standard: Standard) -> str:
    return _table(
        ("type", "class", "priority", "scope", "per customer", "customers", "中文", "English"),
        (
            (
                f"`{kind.name}`",
                str(kind.strength),
                str(kind.priority),
                "required" if kind.scope is Scope.REQUIRED else "",
                _limit(kind.max_per_customer),
                _limit(kind.max_customers),
                kind.title["zh"],
                kind.title["en"],
            )
            for kind in standard.identifier_types.values()
        ),
    )


def _limit(number: int | None) -> str:
    return "" if number is None else str(number)


def _also(synonyms: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in synonyms)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str] | Mapping[str, str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
