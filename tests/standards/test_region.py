"""Names of places to GB/T 2260 codes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onepool.standards.normalise.region import Place, by_code, divisions, place_of, resolve, short_name

WEST_LAKE = Place("浙江", "杭州", "西湖区", "330106")
PUDONG = Place("上海", "上海", "浦东新区", "310115")


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        (("浙江省", "杭州市", "西湖区"), WEST_LAKE),
        (("浙江", "杭州", "西湖"), WEST_LAKE),
        ((None, "杭州市", "西湖区"), WEST_LAKE),
        (("浙江省杭州市西湖区", None, None), WEST_LAKE),
        ((None, "浙江 杭州 西湖区", None), WEST_LAKE),
        ((None, "浙江省/杭州市/西湖区", None), WEST_LAKE),
        (("上海", "浦东", None), PUDONG),
        ((None, "上海 浦东", None), PUDONG),
        (("沪", None, "浦东新区"), PUDONG),
        (("Shanghai", "Shanghai", "浦东新区"), PUDONG),
        (("上海市", "上海市", None), Place("上海", "上海", None, "310000")),
        ((None, "上海市", None), Place("上海", "上海", None, "310000")),
        ((None, "上海", None), Place("上海", "上海", None, "310000")),
        ((None, "重庆市", None), Place("重庆", "重庆", None, "500000")),
        ((None, "Tianjin", None), Place("天津", "天津", None, "120000")),
        ((None, "沪", None), Place("上海", "上海", None, "310000")),
        ((None, "北京市", "朝阳区"), Place("北京", "北京", "朝阳区", "110105")),
        ((None, "上海市", "浦东新区"), PUDONG),
        (("北京市", "市辖区", "朝阳区"), Place("北京", "北京", "朝阳区", "110105")),
        (("重庆市", "县", "云阳县"), Place("重庆", "重庆", "云阳县", "500235")),
        ((None, None, "云阳县"), Place("重庆", "重庆", "云阳县", "500235")),
        ((None, "昆山", None), Place("江苏", "苏州", "昆山市", "320583")),
        (("湖北", "仙桃", None), Place("湖北", "仙桃", "仙桃市", "429004")),
        (("广东省", "东莞市", None), Place("广东", "东莞", None, "441900")),
        (("新疆维吾尔自治区", "伊犁州", "伊宁市"), Place("新疆", "伊犁", "伊宁市", "654002")),
        (("内蒙", "呼市", "新城区"), Place("内蒙古", "呼和浩特", "新城区", "150102")),
        (("吉林", "吉林", None), Place("吉林", "吉林", None, "220200")),
        (("广西壮族自治区", None, None), Place("广西", None, None, "450000")),
        (("香港", "九龙", "观塘区"), Place("香港", "九龙", "观塘区", "810000")),
        (("台湾省", "新竹县", None), Place("台湾", "新竹县", None, "710000")),
        (("江苏", "南京", "鼓楼区"), Place("江苏", "南京", "鼓楼区", "320106")),
        (("", None, " "), Place(None, None, None, None)),
    ],
)
def test_resolved(sent: tuple[str | None, str | None, str | None], place: Place) -> None:
    assert resolve(*sent) == place


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ((None, None, "鼓楼区"), "ambiguous"),
        (("江苏", None, "鼓楼区"), "ambiguous"),
        ((None, "海南", None), "ambiguous"),
        ((None, None, "朝阳区"), "ambiguous"),
        (("浙江", "上海", None), "contradiction"),
        (("浙江", "杭州", "浦东新区"), "contradiction"),
        ((None, "London", None), "unknown"),
        (("浙江", "杭州市西湖区文三路", None), "unknown"),
    ],
)
def test_left_as_sent(sent: tuple[str | None, str | None, str | None], why: str) -> None:
    assert resolve(*sent) == Place(*sent, None, why)


def test_every_division_finds_itself_by_its_full_and_by_its_canonical_names() -> None:
    for one in divisions():
        place = place_of(one)
        assert place == resolve(place.province, place.city, place.district)
        if one.level == 3:
            assert resolve(one.province, one.city, one.name) == place


def test_codes_are_of_gb_2260() -> None:
    assert by_code()["110000"].name == "北京市"
    assert by_code()["330100"].name == "杭州市"
    assert sum(one.level == 1 for one in divisions()) == 34
    assert len({one.code for one in divisions() if one.level == 3 and one.code[:2] not in ("71", "81", "82")}) > 2800


def test_short_names() -> None:
    assert short_name("延边朝鲜族自治州", 2) == "延边"
    assert short_name("内蒙古自治区", 1) == "内蒙古"
    assert short_name("和县", 3) == "和县"
    assert short_name("阿拉善盟", 2) == "阿拉善"


@settings(deadline=None)
@given(st.tuples(*[st.none() | st.text(max_size=6) | st.sampled_from(["上海", "浙江省", "鼓楼区", "杭州 西湖"])] * 3))
def test_resolving_again_changes_nothing(sent: tuple[str | None, str | None, str | None]) -> None:
    once = resolve(*sent)
    again = resolve(once.province, once.city, once.district)
    assert again == once
