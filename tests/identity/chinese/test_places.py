"""Regions and addresses compared from the large to the small."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.identity.matching.chinese.addresses import ADDRESS, Address, parse_address
from onepool.identity.matching.chinese.regions import REGION, ancestors
from onepool.standards.normalise.region import by_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("浙江省杭州市西湖区", "330106"),
        ("浙江 杭州", "330100"),
        ("浙江", "330000"),
        ("330106", "330106"),
        ("330106001000", "330106"),
        ("廣東省深圳市", "440300"),
        ("北京市朝阳区", "110105"),
        ("Mars", "mars"),
        ("未知", None),
    ],
)
def test_regions_become_codes(text: str, code: str | None) -> None:
    assert REGION.clean([text]) == [code]


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("330106", "330106", 0),
        ("330106", "330100", 1),
        ("330100", "330100", 1),
        ("330106", "330102", 2),
        ("330106", "330000", 3),
        ("330000", "330000", 3),
        ("330106", "330200", 4),
        ("330106", "110105", 5),
        ("110105", "110000", 1),
        ("110105", "110108", 2),
        ("330106", "mars", -1),
        ("mars", "mars", 0),
    ],
)
def test_regions_along_the_tree(one: str, other: str, level: int) -> None:
    values = np.array(list(dict.fromkeys([one, other])), dtype=object)
    last = np.array([len(values) - 1])
    assert REGION.compare(values, np.array([0]), last)[0] == level
    assert REGION.compare(values, last, np.array([0]))[0] == level
    if level in (1, 2, 3, 4):
        shared = REGION.shared()[level]([one, other])
        assert shared[0] == shared[1] is not None


def test_every_code_has_its_ancestors() -> None:
    tree = ancestors()
    assert set(tree) == set(by_code())
    for code, (province, city, district) in tree.items():
        assert province in tree and (not city or tree[city][0] == province)
        assert code in (province, city, district)
        if district:
            assert city


FULL = "浙江省杭州市西湖区文三路123号阳光花园3栋2单元1201室"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (FULL, Address("330106", "", "文三路", "123", "阳光", "3", "2", "1201", "")),
        ("杭州西湖区文三路123号阳光花园3-2-1201", Address("330106", "", "文三路", "123", "阳光", "3", "2", "1201", "")),
        ("浙江杭州西湖文三路123号", Address("330106", "", "文三路", "123", "", "", "", "", "")),
        ("西湖区文三路123号", Address("", "", "文三路", "123", "", "", "", "", "")),
        ("上海上海市浦东新区碧波路690号2号楼", Address("310115", "", "碧波路", "690", "", "2", "", "", "")),
        ("上海市徐汇区漕溪路100弄5号601室", Address("310104", "", "漕溪路", "100-5", "", "", "", "601", "")),
        ("北京市朝阳区三里屯街道工体北路8号院", Address("110105", "三里屯街道", "工体北路", "8", "", "", "", "", "")),
        ("廣東省深圳市南山區粵海街道科苑路十五號", Address("440305", "粤海街道", "科苑路", "15", "", "", "", "", "")),
        ("南京东路12号", Address("", "", "南京东路", "12", "", "", "", "", "")),
        ("浙江省杭州市西湖区***", Address("330106", "", "", "", "", "", "", "", "")),
        ("", Address("", "", "", "", "", "", "", "", "")),
    ],
)
def test_addresses_are_taken_apart(text: str, want: Address) -> None:
    assert parse_address(text) == want


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        (FULL, FULL, "same"),
        (FULL, "西湖区文三路123号阳光小区三幢2单元1201", "same room"),
        (FULL, "浙江杭州西湖文三路123号3-2-1201", "same room"),
        (FULL, "浙江省杭州市西湖区阳光花园3栋2单元", "same building, room not told"),
        (FULL, "杭州市西湖区文三路123号", "same estate or house, the rest not told"),
        (FULL, "杭州市西湖区阳光花园5栋301", "same estate or house, another room"),
        (FULL, "杭州市西湖区阳光花园3栋2单元1202", "same estate or house, another room"),
        (FULL, "杭州市西湖区文三路999号", "same road or alike"),
        (FULL, "杭州市西湖区古墩路1号", "same district"),
        (FULL, "杭州市上城区解放路1号", "same city"),
        (FULL, "上海市浦东新区文三路123号阳光花园3栋2单元1201室", "different"),
    ],
)
def test_addresses(one: str, other: str, level: str) -> None:
    values = np.array(list(dict.fromkeys(ADDRESS.clean([one, other]))), dtype=object)
    last = np.array([len(values) - 1])
    assert ADDRESS.levels[ADDRESS.compare(values, np.array([0]), last)[0]] == level
    assert ADDRESS.levels[ADDRESS.compare(values, last, np.array([0]))[0]] == level


def test_keys_of_addresses() -> None:
    values = [one or "" for one in ADDRESS.clean([FULL, "西湖区阳光小区3幢1201", "杭州市"])]
    assert ADDRESS.keys()["room"](values) == ["阳光 3 1201", "阳光 3 1201", None]
    assert ADDRESS.tokens()["place"](values) == [["阳光", "文三路123"], ["阳光"], []]
    assert ADDRESS.shared()[6](values) == ["330106", None, None]
    assert ADDRESS.shared()[7](values) == ["3301", None, "3301"]


def test_equal_addresses_agree_as_far_as_they_tell() -> None:
    assert ADDRESS.itself is not None
    texts = [FULL, "杭州市西湖区阳光花园3栋", "杭州市西湖区阳光花园", "杭州市西湖区", "杭州市"]
    values = np.array(ADDRESS.clean(texts), dtype=object)
    assert ADDRESS.itself(values).tolist() == [0, 2, 3, 6, 7]


PLACE = st.text("浙江省杭州市西湖区文三路号阳光花园栋单元室0123456789-#弄 上海*|", max_size=24)


@settings(deadline=None)
@given(st.lists(st.one_of(PLACE, st.text(max_size=8)), min_size=1, max_size=10))
def test_any_text_is_taken_apart_and_compared_both_ways(texts: list[str]) -> None:
    for kind in (ADDRESS, REGION):
        cleaned = sorted({one for one in kind.clean(texts) if one is not None})
        assert kind.clean(cleaned) == cleaned
        if not cleaned:
            continue
        values = np.array(cleaned, dtype=object)
        left, right = (side.ravel() for side in np.indices((len(values), len(values))))
        there, back = kind.compare(values, left, right), kind.compare(values, right, left)
        assert np.array_equal(there, back)
        assert ((there >= -1) & (there < len(kind.levels))).all()
