"""Guessing the kinds of columns: by their names in English and Chinese, then by what is in them."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from onepool.identity.matching.dates import clean_date
from onepool.identity.matching.prepare import flat

#: first pattern found in the lower-case column name (spaces and dashes as _) decides; None: look at the contents
_BY_NAME: tuple[tuple[str, str], ...] = (
    (r"^(record_id|entity_id|cluster|cluster_id|label|truth|person_id_truth)$", "ignore"),
    (r"first_and|and_(sur|last)_?name|full_?name", "name"),
    (r"(given|first|fore|christian)_?name|(^|_)fname$|^名$|名字$", "given_name"),
    (r"surname|last_?name|family_?name|(^|_)lname$|^姓$|姓氏", "surname"),
    (r"nick|昵称|alias|display_?name|别名", "nickname"),
    (r"user_?name|login", "exact_id"),
    (r"birth_?(date|day)|date_?of_?birth|(^|_)dob$|生日|出生(日期|年月)", "date"),
    (r"birth_?year|year_?of_?birth|(^|_)yob$|出生年", "year"),
    (r"birth_?place|place_?of_?birth|(^|_)pob$|出生地|籍贯", "category"),
    (r"e_?mail|邮箱|邮件", "email"),
    (r"id_?card|id_?number|national_?id|身份证|证件", "id_card"),
    (r"mask.*(phone|mobile|tel)|(phone|mobile|tel).*mask|脱敏.*(手机|电话)|手机.*脱敏", "masked_phone"),
    (r"phone|mobile|(^|_)tel($|_|e)|手机|电话|联系方式", "phone"),
    (r"gender|(^|_)sex$|性别", "gender"),
    (r"post_?code|(^|_)zip|postal|邮编|邮政编码", "postcode"),
    (r"province|(^|_)city|district|region|(^|_)state$|省|市|区县|地区|区域", "region"),
    (r"^(name|姓名)_of_|_name_of_person$", "name"),
    (r"address|street|suburb|addr|地址|住址|街道|小区", "address"),
    (r"full_?name|real_?name|person_?name|customer_?name|receiver|^name$|_name$|姓名|收货人|收件人|客户名", "name"),
    (r"(member|vip|card)_?(level|grade|tier)|会员(等级|级别)|卡(等级|级别)", "member_level"),
    (r"member_?level|会员(等)?级|等级$", "member_level"),
    (r"^(source|channel|touchpoint|system|time|date|来源|渠道|触点)$", "ignore"),
    (r"occupation|profession|job|职业|level|grade|city|country|国家|nationality", "category"),
    (
        r"(order|purchase|payment|pay|paid|bought|placed)_?(on|at|time|date)$|(下单|购买|付款|支付|成交)(时间|日期)",
        "moment",
    ),
    (r"(^|_)(product|sku|item|goods)_?(id|no|code|number)$|(商品|货品)(编号|编码|id)|货号", "product"),
    (r"tags?$|interests?|标签|products?$|商品", "token_set"),
    (r"(^|_)(unionid|openid|uid|ssn|soc_sec_id|passport|member_no|card_no)($|_)|会员号|会员卡|卡号|护照", "exact_id"),
    (r"(^|_)id$", "exact_id"),
    (r"_at$|_time$|时间$|created|updated|note|remark|备注", "ignore"),
)
_MASKED = re.compile(r"^\d{3}\*+\d{3,4}$")
_PHONE = re.compile(r"^(\+?86)?1\d{10}$")
_ID_CARD = re.compile(r"^\d{17}[\dXx]$")
_SAMPLE = 2_000


def guess_columns(records: pa.Table) -> dict[str, str]:
    """Column -> kind for every column but ``record_id``; columns that say nothing about persons become ``ignore``."""
    out = {}
    for name in records.column_names:
        if name == "record_id":
            continue
        values = [value for value in _texts(records.column(name)) if value]
        kind = _guess(name, values)
        if kind == "exact_id" and _names_the_record(records.column(name)):
            kind = "ignore"
        out[name] = kind
    return out


def _names_the_record(column: pa.ChunkedArray) -> bool:
    """Whether no two records share a value: then it is the record's number, and says nothing about persons."""
    known = column.drop_null()
    return len(known) > 1 and pc.count_distinct(known).as_py() == len(known)


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    array = flat(column.slice(0, _SAMPLE))
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        array = pc.list_flatten(array)
    return [None if value is None else str(value).strip() for value in array.to_pylist()]


def _guess(name: str, values: list[str]) -> str:
    if not values or len(set(values)) == 1:
        return "ignore"
    wanted = re.sub(r"[\s\-.]+", "_", name.strip().casefold())
    content = _by_contents(values)
    # What values look like beats a name where it is beyond doubt: "phone" may hold masked phones.
    if content in ("masked_phone", "email", "id_card", "phone"):
        return content
    for pattern, kind in _BY_NAME:
        if re.search(pattern, wanted):
            if kind == "date" and content == "year":
                return "year"
            return kind
    return content


def _share(values: list[str], pattern: re.Pattern[str]) -> float:
    return sum(bool(pattern.match(value)) for value in values) / len(values)


def _by_contents(values: list[str]) -> str:
    for kind, pattern in (("masked_phone", _MASKED), ("id_card", _ID_CARD), ("phone", _PHONE)):
        if _share(values, pattern) > 0.8:
            return kind
    if sum("@" in value and "." in value for value in values) > 0.8 * len(values):
        return "email"
    if _share(values, re.compile(r"^(1[6-9]|20)\d\d$")) > 0.9:
        return "year"
    dated = [value for value in clean_date(values) if value and "1500" <= value[:4] <= "2100"]
    if len(dated) > 0.8 * len(values):
        return "date"
    distinct = len(set(values)) / len(values)
    if distinct > 0.5 and _share(values, re.compile(r"^[\w\-]*\d[\w\-]*$")) > 0.9:
        return "exact_id"
    mean_words = sum(len(value.split()) for value in values) / len(values)
    if mean_words > 3:
        return "token_set" if distinct > 0.2 else "category"
    if distinct < 0.05:
        return "category"
    return "text"
