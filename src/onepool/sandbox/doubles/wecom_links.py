"""Acquisition links (获客链接) at WeCom: the list of their numbers, and each with its name.

https://developer.work.weixin.qq.com/document/path/97297
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from onepool.sandbox.doubles.wecom_words import say
from onepool.sandbox.wire import Asked, Told, paged, told

if TYPE_CHECKING:
    from onepool.sandbox.doubles.wecom import Wecom

_NAMES: Final = ("抖音直播间", "南京路门店海报", "老客推荐")
_PAGE: Final = 100


class Links:
    """The links of one corp."""

    def __init__(self, corp: Wecom) -> None:
        self._corp = corp
        self.links: dict[str, dict[str, Any]] = {}
        for name in _NAMES:
            number = f"cawcde{corp.stage.chance.text(16, 'link', corp.corp, name)}"
            self.links[number] = {
                "link_id": number, "link_name": name, "url": f"https://work.weixin.qq.com/ca/{number}",
                "create_time": corp.stage.seconds - 86_400, "skip_verify": True, "mark_source": True,
            }  # fmt: skip

    def calls(self) -> dict[str, tuple[str, Callable[[Asked], Told]]]:
        """Who answers which call."""
        return {
            "customer_acquisition/list_link": ("POST", self._list),
            "customer_acquisition/get": ("POST", self._get),
        }

    def _list(self, asked: Asked) -> Told:
        what = "customer_acquisition/list_link"
        limit = asked.object.get("limit", _PAGE)
        if not isinstance(limit, int) or not 1 <= limit <= _PAGE:
            return say(40058, what)
        size = self._corp.behaviour.page or limit
        listed, following = paged(sorted(self.links), asked.object.get("cursor"), size)
        return told({"errcode": 0, "errmsg": "ok", "link_id_list": listed, "next_cursor": following}, what=what)

    def _get(self, asked: Asked) -> Told:
        what = "customer_acquisition/get"
        link = self.links.get(str(asked.object.get("link_id")))
        if link is None:
            return say(40058, what)
        staff = {"user_list": list(self._corp.staff), "department_list": []}
        return told({"errcode": 0, "errmsg": "ok", "link": link, "range": staff}, what=what)
