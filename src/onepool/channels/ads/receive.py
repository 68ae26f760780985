"""Click monitors: a GET whose parameters are macros that the platform replaces. Nothing is signed: a secret address.

Ocean Engine: https://event-manager.oceanengine.com/docs/ ; Tencent Ads: https://datanexus.qq.com/doc/develop (点击监测)
"""

from __future__ import annotations

import hmac
import re
from datetime import datetime
from typing import Any, Final

from onepool.channels.base import Account, Decoded, Gathering, Keep, Push, Refused, Reply, Request, json_reply

OCEAN, TENCENT = "ocean_engine", "tencent"
_ANSWERS: Final = {OCEAN: {"code": 0, "message": "success"}, TENCENT: {"ret": 0, "msg": "OK"}}
_MACRO: Final = re.compile(r"__[A-Za-z0-9_]+__")
_MD5: Final = re.compile(r"[0-9a-fA-F]{32}")
_EMPTY: Final = frozenset({"", "null", "none", "unknown", "00000000-0000-0000-0000-000000000000"})
_LONGEST: Final = 512
_SYSTEMS: Final = {"0": "Android", "1": "iOS", "android": "Android", "ios": "iOS"}

_OCEAN_FIELDS: Final = {
    "ad_id": ("promotion_id", "aid"),
    "ad_group_id": ("project_id", "campaign_id"),
    "creative_id": ("cid", "creative_id"),
    "campaign": ("campaign_id",),
}
_TENCENT_FIELDS: Final = {
    "ad_id": ("ad_id", "adgroup_id"),
    "ad_name": ("adgroup_name",),
    "ad_group_id": ("adgroup_id",),
    "creative_id": ("creative_id", "dynamic_creative_id"),
    "campaign": ("campaign_id",),
}
_COMMON: Final = frozenset({"ip", "ua", "user_agent", "model", "os", "device_os_type", "callback", "ts", "click_time"})


def check(request: Request, account: Account, now: datetime) -> Reply:
    """The address must end with the secret. Raises Refused."""
    del now
    secret = account.text("path_secret")
    if not secret:
        raise Refused(403, "not-configured", "this touchpoint has no secret address yet")
    if not hmac.compare_digest(request.rest.rpartition("/")[2].encode(), secret.encode()):
        raise Refused(403, "signature", "the address does not end with this touchpoint's secret")
    if request.method != "GET":
        raise Refused(405, "method", "clicks come with GET")
    platform = _platform(account.text("platform"))
    answer = _ANSWERS[platform]
    if platform == TENCENT and (said := account.text("click_answer")):
        # What the platform expects could not be checked: the touchpoint says it.
        return Reply(body=said.encode(), content_type="application/json", keep=Keep() if request.query else None)
    return json_reply(answer, keep=Keep() if request.query else None)


def read(push: Push) -> Decoded:
    """One event ``ad_clicked``. A parameter that the platform left as a macro is empty."""
    found = Gathering()
    try:
        said = {name: value for name, value in push.args.items() if not _absent(value)}
    except ValueError as error:
        found.refuse("ads.unreadable", f"the query can't be read: {error}", push.query)
        return found.decoded()
    tencent = _platform(str(push.settings.get("platform") or "")) == TENCENT
    click = said.get("click_id", "") if tencent else said.get("callback", "") or said.get("clickid", "")
    ids, hashed = _devices(said)
    if not click and not ids:
        found.refuse("ads.nobody", "a click with neither its number nor a device in clear joins nobody", push.query)
        return found.decoded()
    names = _TENCENT_FIELDS if tencent else _OCEAN_FIELDS
    fields: dict[str, Any] = {
        name: next((said[one] for one in sources if one in said), None) for name, sources in names.items()
    }
    fields |= {
        "media": TENCENT if tencent else OCEAN,
        "click_id": click[:_LONGEST],
        "callback": said.get("callback") if tencent else None,
        "ip": said.get("ip"),
        "user_agent": said.get("user_agent") or said.get("ua"),
        "device_model": said.get("model"),
        "os": _SYSTEMS.get((said.get("device_os_type") or said.get("os") or "").lower()),
        **hashed,
    }
    taken = {one for sources in names.values() for one in sources} | _COMMON | set(_DEVICES) | {"click_id", "clickid"}
    # Whatever else the monitor's address carries stays, under its own names.
    fields |= {name: value for name, value in said.items() if name not in taken and name not in fields}
    found.add(
        "event",
        "ad_clicked",
        ids,
        time=_moment(said.get("click_time") if tencent else said.get("ts")),
        message_id=click or said.get("track_id") or said.get("request_id"),
        fields=fields,
    )
    return found.decoded()


_DEVICES: Final = ("idfa", "oaid", "imei", "android_id", "muid", "hash_oaid", "hash_android_id", "caid", "mac", "mac1")


def _devices(said: dict[str, str]) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
    """Devices in clear as identifiers; hashed ones stay fields, since a hash is another value than what it hides."""
    ids: list[tuple[str, str, str]] = []
    hashed: dict[str, str] = {}
    for name in ("idfa", "oaid", "imei", "android_id"):
        value = said.get(name, "")
        if not value.strip("0"):
            continue
        if _MD5.fullmatch(value) and name != "oaid":
            hashed[f"{name}_md5"] = value.lower()
        elif len(value) <= 128:
            ids.append((name, "", value))
    if "muid" in said:
        hashed["muid"] = said["muid"].lower()
    for name in ("hash_oaid", "hash_android_id"):
        if name in said:
            hashed[name.removeprefix("hash_") + "_md5"] = said[name].lower()
    hashed |= {name: said[name] for name in ("caid",) if name in said}
    return ids, hashed


def _absent(value: str) -> bool:
    return bool(_MACRO.fullmatch(value)) or value.strip().lower() in _EMPTY or len(value) > 4096


def _platform(name: str) -> str:
    return TENCENT if name == TENCENT else OCEAN


def _moment(value: str | None) -> int | float | None:
    """Seconds or milliseconds since 1970, as seconds."""
    if value is None or not value.isascii() or not value.isdigit() or len(value) > 14:
        return None
    return int(value) / 1000 if len(value) > 11 else int(value)
