"""Where people live: cities by weight, their districts, and addresses with a compound, a building and a room."""

from __future__ import annotations

import functools
from dataclasses import dataclass, fields

import numpy as np

from onepool.demo.people.arrays import F64, I64, Bools, Chance, Texts, pick, weighted
from onepool.standards.normalise.region import divisions

# Residents in millions, rounded (census of 2020); cities not named here count as _SMALL.
_MILLIONS = {
    "重庆": 32, "上海": 25, "北京": 22, "成都": 21, "广州": 19, "深圳": 18, "天津": 14, "西安": 13, "苏州": 13,
    "郑州": 13, "武汉": 12, "杭州": 12, "临沂": 11, "石家庄": 11, "东莞": 10, "青岛": 10, "长沙": 10, "哈尔滨": 10,
    "温州": 10, "佛山": 9.5, "宁波": 9.4, "合肥": 9.4, "南京": 9.3, "济南": 9.2, "长春": 9, "沈阳": 9, "徐州": 9,
    "泉州": 8.8, "南宁": 8.7, "昆明": 8.5, "福州": 8.3, "无锡": 7.5, "大连": 7.4, "金华": 7, "南通": 7.7,
    "嘉兴": 5.4, "绍兴": 5.3, "厦门": 5.2, "太原": 5.3, "贵阳": 6, "南昌": 6.2, "常州": 5.3, "珠海": 2.4, "海口": 2.9,
}  # fmt: skip
_SMALL = 2.5
# Area code of each province's capital; numbers have eight digits, in those of SHORT_LINES seven.
AREA_CODES = {
    "北京": "010", "天津": "022", "河北": "0311", "山西": "0351", "内蒙古": "0471", "辽宁": "024", "吉林": "0431",
    "黑龙江": "0451", "上海": "021", "江苏": "025", "浙江": "0571", "安徽": "0551", "福建": "0591", "江西": "0791",
    "山东": "0531", "河南": "0371", "湖北": "027", "湖南": "0731", "广东": "020", "广西": "0771", "海南": "0898",
    "重庆": "023", "四川": "028", "贵州": "0851", "云南": "0871", "西藏": "0891", "陕西": "029", "甘肃": "0931",
    "青海": "0971", "宁夏": "0951", "新疆": "0991",
}  # fmt: skip
SHORT_LINES = ("山西", "内蒙古", "广西", "西藏", "甘肃", "青海", "宁夏", "新疆")
_PROVINCES_LEFT_OUT = ("台湾", "香港", "澳门")
_CITIES_LEFT_OUT = ("三沙",)

_ROAD_NAMES = (
    *("人民", "中山", "建设", "解放", "和平", "新华", "文化", "长江", "黄河", "友谊", "胜利", "青年", "学府"),
    *("滨河", "环城", "迎宾", "光明", "前进", "东风", "朝阳", "科技", "创业", "翠湖", "凤凰", "银杏"),
)
ROADS = tuple(f"{name}{kind}" for name in _ROAD_NAMES for kind in ("路", "大街", "东路"))
COMPOUNDS = (
    *("阳光", "锦绣", "金色", "翠湖", "碧水", "东方", "绿洲", "紫竹", "明珠", "枫林", "玫瑰", "世纪", "御景"),
    *("丽景", "凯旋", "紫荆", "香樟", "桂花", "银河", "星河", "名仕", "江南", "蓝天", "华府", "和谐", "幸福"),
)
KINDS = ("花园", "家园", "小区", "苑", "名邸", "公馆", "新村", "华庭", "雅居", "城")


@dataclass(frozen=True)
class Cities:
    """The cities in use, and their districts: those of city c are ``first[c] .. first[c + 1]`` of ``district``."""

    province: Texts
    name: Texts
    weight: F64
    first: I64
    district: Texts


@dataclass(slots=True)
class Homes:
    """Addresses, one entry per home; ``city`` and ``district`` are places in Cities, the rest small numbers."""

    city: I64
    district: I64
    road: I64
    number: I64
    compound: I64
    kind: I64
    building: I64
    unit: I64
    room: I64

    def taken(self, places: I64) -> Homes:
        """The homes at these places."""
        return Homes(*(getattr(self, one.name)[places] for one in fields(self)))


@functools.cache
def _all_cities() -> Cities:
    found = [
        one
        for one in divisions()
        if one.level == 2 and one.province not in _PROVINCES_LEFT_OUT and one.short not in _CITIES_LEFT_OUT
    ]
    districts: dict[tuple[str, str], list[str]] = {}
    for one in divisions():
        if one.level == 3:
            districts.setdefault((one.province, one.city), []).append(one.name)
    found = [one for one in found if (one.province, one.short) in districts]
    lists = [districts[one.province, one.short] for one in found]
    return Cities(
        np.array([one.province for one in found], object),
        np.array([one.short for one in found], object),
        np.array([_MILLIONS.get(one.short, _SMALL) for one in found]),
        np.cumsum([0, *map(len, lists)]).astype(np.int64),
        np.array([name for names in lists for name in names], object),
    )


def draw_cities(chance: Chance, people: int) -> Cities:
    """The cities of a brand with so many customers: one for every 400, the big ones first of all."""
    every = _all_cities()
    count = int(np.clip(people // 400, 3, every.name.size))
    keys = chance.random(every.name.size) ** (1 / every.weight)  # weighted draw without replacement
    chosen = np.sort(np.argsort(-keys, kind="stable")[:count])
    lists = [every.district[every.first[c] : every.first[c + 1]] for c in chosen]
    return Cities(
        every.province[chosen],
        every.name[chosen],
        every.weight[chosen],
        np.cumsum([0, *(one.size for one in lists)]).astype(np.int64),
        np.concatenate(lists),
    )


def draw_homes(chance: Chance, cities: Cities, city: I64) -> Homes:
    """A home in each of these cities."""
    size = city.size
    spread = cities.first[city + 1] - cities.first[city]
    return Homes(
        city=city,
        district=cities.first[city] + (chance.random(size) * spread).astype(np.int64),
        road=chance.integers(0, len(ROADS), size),
        number=chance.integers(1, 999, size),
        compound=chance.integers(0, len(COMPOUNDS), size),
        kind=weighted(chance, 1 / (np.arange(len(KINDS)) + 2.0), size),
        building=chance.integers(1, 40, size),
        unit=chance.integers(1, 5, size),
        room=chance.integers(1, 33, size) * 100 + chance.integers(1, 5, size),
    )


def compound_names(homes: Homes, alias: Bools) -> Texts:
    """The compounds' names; under an alias with another ending."""
    kind = np.where(alias, (homes.kind + 3) % len(KINDS), homes.kind)
    return pick(COMPOUNDS, homes.compound) + pick(KINDS, kind)
