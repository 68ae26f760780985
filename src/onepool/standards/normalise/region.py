"""Names of Chinese provinces, cities and districts to GB/T 2260 codes.

Canonical names: provinces and cities in their short form as people say them (`浙江`, `杭州`, `延边`), districts in full
(`浦东新区`), since their short forms are often ambiguous. Data: see regions.md.
"""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from onepool.standards.normalise.scalars import plain


@dataclass(frozen=True, slots=True)
class Division:
    """One division. `level`: 1 province, 2 city, 3 district. `city`: canonical name of the city a district is in."""

    level: int
    code: str
    name: str
    short: str
    province: str
    city: str


@dataclass(frozen=True, slots=True)
class Place:
    """Canonical names and the code of the deepest division found. `why` says why there is no code:

    `unknown` (no such name: abroad, or misspelt), `ambiguous` (needs the province or city), `contradiction` (the city
    is not in the province). Then the names are as they were sent.
    """

    province: str | None
    city: str | None
    district: str | None
    code: str | None
    why: str = ""


_SAME_SHORT: Final = frozenset(["嘉义市", "嘉义县", "新竹市", "新竹县"])
_PEOPLES: Final = (
    "蒙古族|蒙古|回族|藏族|维吾尔族|维吾尔|苗族|彝族|壮族|布依族|朝鲜族|满族|侗族|瑶族|白族|土家族|哈尼族|哈萨克族|哈萨克|傣族|黎族|傈僳族|佤族|"
    "畲族|拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜族|柯尔克孜|土族|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯族|锡伯|阿昌族|"
    "普米族|塔吉克族|塔吉克|怒族|鄂温克族|德昂族|保安族|裕固族|独龙族|各族"
)
_AUTONOMOUS = re.compile(rf"(?:{_PEOPLES})*自治(?:区|州|县|旗)$")
_SUFFIX = re.compile(r"(?:特别行政区|自治区|省|市|地区|盟|新区|林区|矿区|区|县|旗)$")
_SHORT_PROVINCES: Final = {
    "内蒙古自治区": "内蒙古",
    "广西壮族自治区": "广西",
    "宁夏回族自治区": "宁夏",
    "新疆维吾尔自治区": "新疆",
}
_PROVINCE_ALIASES: Final = {
    "北京": "京 beijing", "天津": "津 tianjin", "河北": "冀 hebei", "山西": "晋 shanxi",
    "内蒙古": "蒙 内蒙 innermongolia neimenggu", "辽宁": "辽 liaoning", "吉林": "吉 jilin",
    "黑龙江": "黑 heilongjiang", "上海": "沪 申 shanghai", "江苏": "苏 jiangsu", "浙江": "浙 zhejiang",
    "安徽": "皖 anhui", "福建": "闽 fujian", "江西": "赣 jiangxi", "山东": "鲁 shandong", "河南": "豫 henan",
    "湖北": "鄂 hubei", "湖南": "湘 hunan", "广东": "粤 guangdong 廣東", "广西": "桂 guangxi 广西省",
    "海南": "琼 hainan", "重庆": "渝 chongqing", "四川": "川 蜀 sichuan", "贵州": "黔 贵 guizhou",
    "云南": "滇 云 yunnan", "西藏": "藏 tibet xizang", "陕西": "陕 秦 shaanxi", "甘肃": "甘 陇 gansu",
    "青海": "青 qinghai", "宁夏": "宁 ningxia", "新疆": "新 xinjiang", "台湾": "台 臺灣 taiwan",
    "香港": "港 hongkong hk", "澳门": "澳 澳門 macao macau",
}  # fmt: skip
_CITY_ALIASES: Final = {
    "广州": "guangzhou 羊城", "深圳": "shenzhen", "杭州": "hangzhou", "南京": "nanjing", "苏州": "suzhou",
    "成都": "chengdu", "武汉": "wuhan", "西安": "xian", "北京": "beijing 京 北京城区",
    "上海": "shanghai 沪 申 上海城区", "天津": "tianjin 津 天津城区", "重庆": "chongqing 渝 重庆城区 重庆郊县",
    "呼和浩特": "呼市", "乌鲁木齐": "乌市", "哈尔滨": "哈市", "湘西": "湘西州", "凉山": "凉山州",
    "恩施": "恩施州", "延边": "延边州", "大理": "大理州", "伊犁": "伊犁州",
}  # fmt: skip
MUNICIPALITIES: Final = frozenset(["北京", "天津", "上海", "重庆"])
_NO_CITY: Final = frozenset(
    ["市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "省直辖", "省直辖县", "直辖"]
)
_PARTS = re.compile(r"[\s/,，、|>·\-]+")


def short_name(name: str, level: int) -> str:
    """The name without what only says its kind: 延边朝鲜族自治州 -> 延边. 和县 stays: one character says little."""
    if name in _SAME_SHORT:
        return name
    if name in _SHORT_PROVINCES:
        return _SHORT_PROVINCES[name]
    short = _AUTONOMOUS.sub("", name)
    short = short if short != name else _SUFFIX.sub("", name)
    return short if len(short) >= 2 or (level < 3 and short) else name


@cache
def divisions() -> tuple[Division, ...]:
    """Every division, in the order of the codes."""
    raw = (resources.files("onepool.standards") / "normalise" / "regions.csv.gz").read_bytes()
    lines = [line.split(",") for line in gzip.decompress(raw).decode().splitlines()]
    provinces = {code[:2]: short_name(name, 1) for level, code, name, _ in lines if level == "1"}
    found = []
    for level, code, name, city in lines:
        short = short_name(name, int(level))
        # Counties right under a province (仙桃市) are their own city.
        city = short_name(city, 2) if city else short if level == "3" else ""
        found.append(Division(int(level), code, name, short, provinces[code[:2]], city))
    return tuple(found)


class _Index:
    """Spellings -> divisions, per level."""

    def __init__(self) -> None:
        self.levels: dict[int, dict[str, list[Division]]] = {level: defaultdict(list) for level in (1, 2, 3)}
        for one in divisions():
            level = self.levels[one.level]
            for name in {one.name, one.short, plain(one.name)}:
                level[name].append(one)
            if one.level == 2:
                level[f"{one.short}市"] = level[f"{one.short}市"] or [one]
                if one.name.endswith("自治州"):
                    level[f"{one.short}州"].append(one)
        for number, aliases in ((1, _PROVINCE_ALIASES), (2, _CITY_ALIASES)):
            for name, spellings in aliases.items():
                for spelling in spellings.split():
                    self.levels[number].setdefault(spelling, list(self.levels[number][name]))
        for name in list(_PROVINCE_ALIASES):
            if name not in MUNICIPALITIES:
                self.levels[1].setdefault(f"{name}省", self.levels[1][name])
        self.levels = {number: dict(names) for number, names in self.levels.items()}
        self.longest = {number: max(map(len, names)) for number, names in self.levels.items()}

    def find(self, level: int, name: str) -> list[Division]:
        """Divisions of this level that the name may mean."""
        return self.levels[level].get(name) or self.levels[level].get(name.lower().replace(" ", ""), [])

    def prefix(self, level: int, text: str, within: Division | None) -> tuple[Division, str] | None:
        """The one division whose name the text begins with (the longest name counts), and what follows."""
        for length in range(min(self.longest[level], len(text)), 1, -1):
            found = _inside(self.levels[level].get(text[:length], []), within)
            if len(found) == 1:
                return found[0], text[length:]
        return None


@cache
def _index() -> _Index:
    return _Index()


def _inside(found: Iterable[Division], within: Division | None) -> list[Division]:
    """Those of them that lie in the division."""
    if within is None:
        return list(found)
    return [
        one
        for one in found
        if one.province == within.province and (within.level == 1 or one.level < 3 or one.city in ("", within.short))
    ]


def resolve(province: str | None, city: str | None, district: str | None) -> Place:
    """The place that these names mean together. Never raises: what isn't found comes back as it was, with a reason.

    A name may stand in the wrong field or hold several levels (`上海 浦东`, `浙江省杭州市西湖区`). A name that
    several places have (`鼓楼区`) is only resolved within a province or city.
    """
    return _resolve(province, city, district)


def _resolve(province: str | None, city: str | None, district: str | None) -> Place:
    as_sent = (province, city, district)
    names = [plain(text) if text else "" for text in as_sent]
    if names[1] in _NO_CITY:
        names[1] = ""
    if not any(names):
        return Place(None, None, None, None)
    found: Division | None = None
    for level, name in enumerate(names, 1):
        if not name:
            continue
        step = _step(level, name, found)
        if isinstance(step, str):
            return Place(*as_sent, None, step)
        found = step
    if found is None:
        return Place(*as_sent, None, "unknown")
    return place_of(found)


def _step(level: int, name: str, within: Division | None) -> Division | str:
    """The division that a name in the field of this level means, inside what is known; or why there is none."""
    index = _index()
    anywhere: list[Division] = []
    for candidate in (level, *(other for other in (1, 2, 3) if other != level)):
        named = index.find(candidate, name)
        anywhere += named
        inside = _inside(named, within)
        if len(inside) == 1:
            if level == 2 and within is None and name in index.levels[1] and inside[0].short not in MUNICIPALITIES:
                return "ambiguous"  # 海南 in the place of a city is rarely the prefecture in Qinghai
            return within if within is not None and within.level > inside[0].level else inside[0]
        if inside:
            return "ambiguous"
    chained = _chain(name, within)
    if chained is not None:
        return chained
    return "contradiction" if anywhere else "unknown"


def _chain(text: str, within: Division | None) -> Division | None:
    """Several levels in one text, with or without something between them; None unless all of it is understood."""
    index = _index()
    found = within
    rest = _PARTS.sub("", text)
    for level in (1, 2, 3):
        step = index.prefix(level, rest, found)
        if step is not None:
            found, rest = step
    return found if not rest and found is not within else None


def named(level: int, name: str) -> list[Division]:
    """The divisions of a level that a name may mean, by any of its spellings."""
    return _index().find(level, name)


def chained(text: str) -> Division | None:
    """The division that a text of several levels means (浙江省杭州市西湖区), or None."""
    return _chain(text, None)


def place_of(division: Division) -> Place:
    """Names of a division and what it lies in."""
    city = division.short if division.level == 2 else division.city or None
    return Place(division.province, city, division.name if division.level == 3 else None, division.code)


@cache
def by_code() -> dict[str, Division]:
    """The division of each code; of several with one code the highest."""
    found: dict[str, Division] = {}
    for one in divisions():
        found.setdefault(one.code, one)
    return found
