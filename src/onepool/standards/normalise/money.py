"""Amounts of money: decimal, four places, with the currency where the text names one."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any, Final

from onepool.standards.faults import Fault
from onepool.standards.normalise.scalars import ABSENT, plain

PLACES: Final = Decimal("0.0001")
LIMIT: Final = Decimal(10) ** 14
"""DECIMAL(18,4) holds what is below this."""

CURRENCIES: Final = frozenset(
    """AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
    HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA
    MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD
    RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX
    USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL""".split()  # noqa: SIM905
)
"""Codes of ISO 4217 in use."""

_NAMED: Final = {
    "人民币": "CNY", "RMB": "CNY", "CN¥": "CNY", "元": "CNY", "块": "CNY", "￥": "CNY", "美元": "USD",
    "美金": "USD", "US$": "USD", "港币": "HKD", "港元": "HKD", "HK$": "HKD", "新台币": "TWD", "台币": "TWD",
    "NT$": "TWD", "日元": "JPY", "JP¥": "JPY", "円": "JPY", "欧元": "EUR", "€": "EUR", "英镑": "GBP", "£": "GBP",
    "韩元": "KRW", "₩": "KRW", "A$": "AUD", "C$": "CAD", "S$": "SGD", "₽": "RUB", "₹": "INR", "฿": "THB",
}  # fmt: skip
_SHARED: Final = {
    "¥": ("CNY", frozenset({"CNY", "JPY"})),
    "$": ("USD", frozenset({"USD", "HKD", "TWD", "AUD", "CAD", "SGD", "NZD", "MXN", "MOP"})),
}
"""Signs of several currencies: the one meant where nothing else is said, and those it may mean."""

_UNITS: Final = {"": 1, "万": 10_000, "萬": 10_000, "亿": 100_000_000, "千": 1_000, "k": 1_000, "w": 10_000}
_WORDS = "|".join(sorted((re.escape(word) for word in (*_NAMED, *_SHARED)), key=len, reverse=True))
_AMOUNT = re.compile(
    rf"""(?P<open>\()?\s*(?P<sign>[+-]?)\s*(?P<before>{_WORDS}|[A-Za-z]{{3}})?\s*(?P<sign2>[+-]?)\s*
    (?P<digits>\d{{1,3}}(?:,\d{{3}})+|\d+|(?=\.\d))(?P<fraction>\.\d*)?\s*(?P<unit>[万萬亿千kw])?\s*
    (?P<after>{_WORDS}|[A-Za-z]{{3}})?(?P<cheer>整)?\s*(?P<close>\))?""",
    re.VERBOSE | re.ASCII,
)
_YUAN_SIGN = str.maketrans({"￥": "¥", "−": "-", "–": "-", "﹣": "-"})


def currency(value: Any) -> str | None:
    """The ISO 4217 code of a currency written as code, sign or name."""
    if value is None:
        return None
    if isinstance(value, str):
        written = plain(value).translate(_YUAN_SIGN)
        upper = written.upper()
        if upper in CURRENCIES:
            return upper
        if (named := _currency_word(written)) is not None:
            return named[0]
        if written.lower() in ABSENT:
            return None
    raise Fault("type.currency", value)


def _currency_word(word: str) -> tuple[str, frozenset[str]] | None:
    """The currency that a word or sign means, and all it may mean; None if it means none."""
    if word in _SHARED:
        return _SHARED[word]
    code = _NAMED.get(word) or _NAMED.get(word.upper()) or (word.upper() if word.upper() in CURRENCIES else None)
    return None if code is None else (code, frozenset({code}))


def sign(code: str, may: frozenset[str]) -> str:
    """What to write beside an amount so that it says no more and no less of its currency than it did."""
    return next((word for word, (_, all_) in _SHARED.items() if len(may) > 1 and all_ == may), code)


def exact(value: Decimal, shown: object) -> Decimal:
    """To four places, half to even; raises Fault where DECIMAL(18,4) can't hold it."""
    if not value.is_finite() or abs(value) >= LIMIT:
        raise Fault("type.money", shown)
    found = value.quantize(PLACES, ROUND_HALF_EVEN)
    if abs(found) >= LIMIT:
        raise Fault("type.money", shown)
    return found + 0  # -0.0000 is 0


def money(value: Any, *, fen: bool = False) -> tuple[Decimal, str | None, frozenset[str]] | None:
    """(amount, currency named in the text, currencies it may mean), or None if nothing is there.

    `fen`: a bare number counts hundredths (分), as WeChat Pay and many order systems send.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        raise Fault("type.money", value)
    if isinstance(value, int | float | Decimal):
        try:
            amount = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        except InvalidOperation:
            raise Fault("type.money", value) from None
        if not amount.is_finite():
            raise Fault("type.money", value)
        return exact(amount / 100 if fen else amount, value), None, frozenset()
    if not isinstance(value, str):
        raise Fault("type.money", value)
    return _written(value, fen)


def _written(value: str, fen: bool) -> tuple[Decimal, str | None, frozenset[str]] | None:
    written = plain(value).translate(_YUAN_SIGN)
    if written.lower() in ABSENT:
        return None
    try:
        bare = Decimal(written)
    except InvalidOperation:
        bare = None
    if bare is not None and "_" not in written:
        if not bare.is_finite():
            raise Fault("type.money", value)
        return exact(bare / 100 if fen else bare, value), None, frozenset()
    match = _AMOUNT.fullmatch(written)
    if match is None or (match["open"] is None) != (match["close"] is None):
        raise Fault("type.money", value)
    meant: list[tuple[str, frozenset[str]]] = []
    for word in (match["before"], match["after"]):
        if word:
            found = _currency_word(word)
            if found is None:
                raise Fault("type.money", value)
            meant.append(found)
    if len(meant) == 2 and not meant[0][1] & meant[1][1]:
        raise Fault("type.money", value)
    signs = (match["sign"] + match["sign2"]).replace("+", "")
    if len(signs) > 1 or (match["open"] and signs) or (match["cheer"] and not match["after"]):
        raise Fault("type.money", value)
    amount = (
        Decimal((match["digits"].replace(",", "") or "0") + (match["fraction"] or "")) * _UNITS[match["unit"] or ""]
    )
    if fen and not meant and not match["unit"]:
        amount /= 100
    if signs or match["open"]:
        amount = -amount
    if not meant:
        return exact(amount, value), None, frozenset()
    code, may = min(meant, key=lambda one: len(one[1]))  # "¥100 JPY": the code decides what the sign leaves open
    return exact(amount, value), code, may
