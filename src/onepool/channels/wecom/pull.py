"""Fetching from WeCom: contacts by member of staff, group chats with their members, tags, acquisition links, customer
service.

https://developer.work.weixin.qq.com/document/path/92994 , 92120 , 92122 , 92117 , 97297 (links), 94670
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime
from typing import Any, Final

from onepool.channels.base import Account, Answer, Call, Cursor, Page, PullFailed, Pulling, Stream
from onepool.channels.base.wechat_api import body_of
from onepool.channels.wecom import pages

_DAY: Final = 86_400
_STAFF: Final = 100  # of one call
_NOT_ALLOWED: Final = frozenset({"84061", "84074", "60011", "60111", "301002", "86008"})
"""Codes about one member of staff or chat: no licence, not in scope, gone. The others go on."""

_GONE: Final = frozenset({"40058", "40096"})
"""Codes about a link that was deleted since it was listed (unverified)."""

_TOO_MANY_STAFF: Final = "81017"
"""A corp of more than 1,000 members of staff has to name the owners whose chats it lists."""

_MOST_DESKS: Final = 5_000

_Step = Generator[Call | Page, Answer | None, dict[str, Any]]


def _get(account: Account, path: str, query: Mapping[str, str] | None = None) -> Call:
    return Call("GET", account.url("api", f"/cgi-bin/{path}"), query=dict(query or {}), idempotent=True)


def _post(account: Account, path: str, body: Mapping[str, Any]) -> Call:
    return Call("POST", account.url("api", f"/cgi-bin/{path}"), json=dict(body), idempotent=True)


def _asked(call: Call) -> Generator[Call | Page, Answer | None, tuple[dict[str, Any], bytes]]:
    answer = yield call
    assert answer is not None
    return body_of(answer), answer.body


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str) and one] if isinstance(value, list) else []


def _staff(account: Account) -> Generator[Call | Page, Answer | None, list[str]]:
    """Members of staff who may have contacts: the setting's, else all that the platform names."""
    chosen = _texts(list(account.get("staff") or []))
    if chosen:
        return chosen
    body, _ = yield from _asked(_get(account, "externalcontact/get_follow_user_list"))
    return _texts(body.get("follow_user"))


def _paged(
    account: Account, path: str, body: Mapping[str, Any], kept: str
) -> Generator[Call | Page, Answer | None, tuple[dict[str, Any], bytes]]:
    """One page of a list; with a ``kept`` cursor, of an earlier run, from the start where it is no longer accepted."""
    try:
        return (yield from _asked(_post(account, path, body)))
    except PullFailed as error:
        if error.retry or not kept or error.code in _NOT_ALLOWED:
            raise
    return (yield from _asked(_post(account, path, {**body, "cursor": ""})))


def _contacts(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    """The cursor: `at`, the member of staff whose contacts are next, and `next`, the page of theirs."""
    filled = bool(cursor.get("filled"))
    call = f"{pages.CONTACTS if filled else pages.CONTACTS_FIRST}:{now:%G-W%V}"
    people = yield from _staff(account)
    # In an order that stays the same when people come and go.
    people = sorted(set(people))
    following = str(cursor.get("next", ""))
    begun = str(cursor.get("at", ""))
    people = [person for person in people if person >= begun]
    reached = bool(begun)
    for person, after in zip(people, [*people[1:], ""], strict=True):
        page = kept = following if person == begun else ""
        while True:
            # One member of staff a call: a failure is then about that one only.
            body = {"userid_list": [person], "cursor": page, "limit": _STAFF}
            try:
                found, raw = yield from _paged(account, "externalcontact/batch/get_by_user", body, kept)
            except PullFailed as error:
                if error.code not in _NOT_ALLOWED:
                    raise
                break
            page, kept, reached = str(found.get("next_cursor") or ""), "", True
            going = {"filled": filled, "at": person if page else after, "next": page}
            yield Page(call, raw, going if going["at"] else None)
            if not page:
                break
    # Where nobody's contacts could be read yet, the first whole run is still to come.
    yield Page("end", b"{}", {"filled": filled or reached})


def _groups(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    """The cursor: `next`, the page of the list of chats; `at`, the owner with whom its part of the owners begins."""
    filled = bool(cursor.get("filled"))
    call = f"{pages.GROUPS if filled else pages.GROUPS_FIRST}:{now:%G-W%V}"
    begun, following = str(cursor.get("at", "")), str(cursor.get("next", ""))
    owners = _texts(list(account.get("staff") or []))
    if not owners and not begun:
        try:
            yield from _chats(account, call, [], following, {"filled": filled})
        except PullFailed as error:
            if error.code != _TOO_MANY_STAFF:
                raise
        else:
            yield Page("end", b"{}", {"filled": True})
            return
        following = ""
    owners = [one for one in sorted(set(owners or (yield from _staff(account)))) if one >= begun]
    parts = [owners[start : start + _STAFF] for start in range(0, len(owners), _STAFF)]
    for part, after in zip(parts, [*parts[1:], [""]], strict=True):
        yield from _chats(account, call, part, following, {"filled": filled, "at": part[0]})
        following = ""
        if after[0]:
            yield Page("end", b"{}", {"filled": filled, "at": after[0]})
    yield Page("end", b"{}", {"filled": True})


def _chats(account: Account, call: str, owners: list[str], kept: str, going: Cursor) -> Pulling:
    """Group chats of these owners (of everybody where none is named), from page ``kept`` of their list on."""
    following = kept
    while True:
        asked: dict[str, Any] = {"status_filter": 0, "cursor": following, "limit": 1000}
        if owners:
            asked["owner_filter"] = {"userid_list": owners}
        listed, _ = yield from _paged(account, "externalcontact/groupchat/list", asked, kept)
        chats = listed.get("group_chat_list")
        for chat in chats if isinstance(chats, list) else []:
            number = chat.get("chat_id") if isinstance(chat, dict) else None
            if not isinstance(number, str):
                continue
            wanted = {"chat_id": number, "need_name": 1}
            try:
                _, raw = yield from _asked(_post(account, "externalcontact/groupchat/get", wanted))
            except PullFailed as error:
                if error.code not in _NOT_ALLOWED:
                    raise
                continue
            yield Page(call, raw)
        following, kept = str(listed.get("next_cursor") or ""), ""
        if not following:
            return
        yield Page("end", b"{}", {**going, "next": following})


def _tags(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    del cursor
    _, raw = yield from _asked(_post(account, "externalcontact/get_corp_tag_list", {}))
    yield Page(f"{pages.TAGS}:{now:%G-W%V}", raw)


def _links(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    """The cursor: `next`, the page of the list of links. A push about a link says its number only."""
    if not account.get("acquisition_links", False):
        return
    # Day by day: what a push said of a link since then stands instead of its name.
    call = f"{pages.LINKS}:{now:%Y-%m-%d}"
    following = kept = str(cursor.get("next", ""))
    while True:
        asked = {"limit": 100, "cursor": following}
        listed, _ = yield from _paged(account, "externalcontact/customer_acquisition/list_link", asked, kept)
        for number in _texts(listed.get("link_id_list")):
            wanted = {"link_id": number}
            try:
                _, raw = yield from _asked(_post(account, "externalcontact/customer_acquisition/get", wanted))
            except PullFailed as error:
                if error.code not in _NOT_ALLOWED and error.code not in _GONE:
                    raise
                continue
            yield Page(call, raw)
        following, kept = str(listed.get("next_cursor") or ""), ""
        yield Page("end", b"{}", {"next": following} if following else {})
        if not following:
            return


def _service(account: Account, cursor: Cursor, now: datetime) -> Pulling:
    """The cursor: per customer-service account the platform's own."""
    del now
    if not account.get("customer_service", False):
        return
    places: dict[str, str] = dict(cursor.get("places") or {})
    for number in (yield from _desks(account)):
        kept = places.get(number, "")
        while True:
            before = places.get(number, "")
            asked = {"cursor": before, "open_kfid": number, "limit": 1000}
            found, raw = yield from _paged(account, "kf/sync_msg", asked, kept)
            following, kept = str(found.get("next_cursor") or ""), ""
            # There may be more although this page has no message; the place in the list is what moves.
            moved = bool(following) and following != before
            if moved:
                places[number] = following
            if moved or found.get("msg_list"):
                yield Page(pages.SERVICE, raw, {"places": dict(places)})
            if not found.get("has_more") or not moved:
                break


def _desks(account: Account) -> Generator[Call | Page, Answer | None, list[str]]:
    """Customer-service accounts, all pages of them."""
    numbers: list[str] = []
    for start in range(0, _MOST_DESKS, _STAFF):
        asked = {"offset": start, "limit": _STAFF}
        listed, _ = yield from _asked(_post(account, "kf/account/list", asked))
        desks = listed.get("account_list")
        desks = desks if isinstance(desks, list) else []
        numbers += _texts([desk.get("open_kfid") for desk in desks if isinstance(desk, dict)])
        if len(desks) < _STAFF:
            break
    return list(dict.fromkeys(numbers))


STREAMS: Final = {
    "contacts": Stream("contacts", {"zh": "客户", "en": "Contacts"}, _contacts, every=_DAY),
    "groups": Stream("groups", {"zh": "客户群", "en": "Group chats"}, _groups, every=_DAY),
    "tags": Stream("tags", {"zh": "企业标签", "en": "Tags"}, _tags, every=_DAY),
    "links": Stream("links", {"zh": "获客链接", "en": "Acquisition links"}, _links, every=_DAY),
    "service": Stream("service", {"zh": "微信客服消息", "en": "Customer-service messages"}, _service, every=60),
}
