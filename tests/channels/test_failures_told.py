"""Receipts of messages that did not arrive say why in the words of the closed list, as answers to sending do."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from tests.channels import cases

from onepool.channels.base.receipts import Reason


def failures() -> list[Any]:
    """Every `message_failed` that an example of a WeChat channel ends in."""
    found = []
    for table in cases.tables():
        if table.name in ("wechat_oa", "wechat_mini", "wecom"):
            found += [pytest.param(one, id=f"{table.name}: {one['message_id']}") for one in _failed(table.content)]
    return found


def _failed(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, list):
        return [one for each in part for one in _failed(each)]
    if not isinstance(part, dict):
        return []
    mine = [part] if part.get("name") == "message_failed" and "fields" in part else []
    return mine + [one for each in part.values() for one in _failed(each)]


@pytest.mark.parametrize("item", failures())
def test_a_reason_is_one_of_the_closed_list(item: dict[str, Any]) -> None:
    assert item["fields"]["failure_reason"] in get_args(Reason)
