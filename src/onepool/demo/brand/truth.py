"""The truth about a generated brand, in files apart: who is who, campaigns and their effects, faults planted.

``records.csv`` and ``truth-<date>.csv`` have the columns of ``onepool identity evaluate --truth``: an identifier as
``type:value`` or ``type@scope:value``, and its person. What names nobody (privacy numbers, order tokens, mistyped and
staff's phones) is not in them.
"""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from onepool.demo.brand import ids, places
from onepool.demo.brand.life import Life
from onepool.demo.brand.plan import DAY
from onepool.demo.brand.scene import Scene
from onepool.demo.brand.standins import PLACEHOLDERS
from onepool.demo.people import noise
from onepool.demo.people.arrays import I64, Texts
from onepool.demo.people.owners import entity_ids
from onepool.demo.people.population import NEVER

DATES = 4
_ROWS = 100_000

KEYS: dict[str, str] = {
    "oa": f"openid@{places.OA_APPID}",
    "mini": f"openid@{places.MINI_APPID}",
    "unionid": f"unionid@{places.OPEN_PLATFORM}",
    "wecom": f"external_userid@{places.CORP}",
    "douyin": f"douyin_open_id@{places.DOUYIN_KEY}",
    "youzan": "yz_open_id",
    "tmall": f"buyer_open_uid@{places.TAOBAO_KEY}",
    "ouid": f"ouid@{places.TMALL}",
    "omid": f"omid@{places.MEMBERSHIP}",
    "jd": f"jd_open_id@{places.JD_KEY}",
    "member": f"member_no@{places.MEMBERSHIP}",
    "user": "user_id@mianyu_user",
    "site_user": "user_id@mianyu_site",
    "crm": f"crm_id@{places.CRM_SYSTEM}",
    "crm_again": f"crm_id@{places.CRM_SYSTEM}",
    "crm_before": f"crm_id@{places.CRM_SYSTEM}",
    "email": "email",
}
"""How each kind of identifier is written."""


def write_truth(life: Life, folder: Path) -> dict[str, Any]:
    """Writes everything into ``folder``. Returns counts."""
    folder.mkdir(parents=True, exist_ok=True)
    scene = life.scene
    plan = scene.customers.plan
    counts: dict[str, Any] = {}
    until = {folder / "records.csv": int(NEVER)}
    for part in range(1, DATES + 1):
        day = round(plan.days * part / DATES)
        date = plan.first + timedelta(days=day)
        until[folder / f"truth-{date.isoformat()}.csv"] = day * DAY
    for path, second in until.items():
        counts[path.name] = _owners(scene, path, second)
    _devices(scene, folder / "devices.csv")
    _people(scene, folder / "people.csv")
    counts["campaigns"] = _campaigns(life, folder)
    faults = [{"touchpoint": t, "rule": r, "count": n} for (t, r), n in sorted(scene.shown.dirty.items())]
    _json(folder / "faults.json", {"refused": faults, "late": life.disturbed.late, "double": life.disturbed.double})
    counts["second-hand numbers"] = _second_hand(scene, folder / "recycled.csv")
    _json(folder / "planted.json", _planted(scene))
    about = {
        "brand": scene.goods.brand, "generated": True, "customers": plan.customers, "days": plan.days,
        "seed": plan.seed, "first": plan.first.isoformat(), "last": plan.last.isoformat(),
        "rates": scene.customers.rates.as_dict(),
    }  # fmt: skip
    _json(folder / "plan.json", about)
    return counts


def _owners(scene: Scene, path: Path, until: int) -> int:
    written = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("record_id", "entity_id"))
        for kind, key in KEYS.items():
            person = np.flatnonzero(scene.shown.first[kind] < until)
            for first in range(0, person.size, _ROWS):
                some = person[first : first + _ROWS]
                _write(rows, key, _texts(scene, kind, some), entity_ids(some))
            written += person.size
        tenure = _phone_owners(scene, until)
        chains = scene.customers.phones.chains
        for first in range(0, tenure.size, _ROWS):
            some = tenure[first : first + _ROWS]
            texts = np.array(
                [f"+86{one}" for one in noise.phone_texts(scene.customers.phones.number[some]).tolist()], object
            )
            _write(rows, "phone", texts, entity_ids(chains.owner[chains.slot[some]]))
        return written + int(tenure.size)


def _write(rows: Any, key: str, texts: Texts, entities: Texts) -> None:
    rows.writerows((f"{key}:{text}", entity) for text, entity in zip(texts.tolist(), entities.tolist(), strict=True))


def _texts(scene: Scene, kind: str, person: I64) -> Texts:
    made = {
        "member": ids.member_numbers, "user": ids.web_users, "site_user": ids.site_users, "crm": ids.crm_ids,
    }  # fmt: skip
    if kind in made:
        return made[kind](person)
    if kind == "crm_again":
        return ids.crm_ids(person, ids.CRM_AGAIN)
    if kind == "crm_before":
        return ids.crm_ids(person, ids.CRM_BEFORE)
    if kind == "email":
        return ids.emails(person, scene.seed)
    return scene.ids(kind, person)


def _phone_owners(scene: Scene, until: int) -> I64:
    """One owner for each number: of those whose number it was when it was shown, the latest."""
    shown, phones = scene.shown, scene.customers.phones
    tenure = np.flatnonzero(shown.phone < until)
    tenure = tenure[np.lexsort((shown.phone[tenure], phones.number[tenure]))]
    number = phones.number[tenure]
    last = np.concatenate([number[1:] != number[:-1], np.ones(min(1, number.size), np.bool_)])
    found: I64 = tenure[last]
    return found


def _second_hand(scene: Scene, path: Path) -> int:
    """Every use of a number that was seen with several owners: who, from when to when. Returns how many numbers."""
    shown, phones, start = scene.shown, scene.customers.phones, scene.start
    number, count = np.unique(phones.number[shown.phone < NEVER], return_counts=True)
    tenure = np.flatnonzero((shown.phone < NEVER) & np.isin(phones.number, number[count > 1]))
    tenure = tenure[np.lexsort((shown.phone[tenure], phones.number[tenure]))]
    owner = entity_ids(phones.chains.owner[phones.chains.slot[tenure]])
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("record_id", "entity_id", "first_used", "last_used"))
        rows.writerows(
            (f"phone:+86{one}", who, _instant(start + first), _instant(start + last))
            for one, who, first, last in zip(
                noise.phone_texts(phones.number[tenure]).tolist(), owner.tolist(), shown.phone[tenure].tolist(),
                shown.phone_last[tenure].tolist(), strict=True,
            )
        )  # fmt: skip
    return int((count > 1).sum())


def _instant(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()


def _planted(scene: Scene) -> dict[str, Any]:
    """What names nobody though it looks as if it did: how much was sent where, and what many share."""
    values: dict[str, dict[str, int]] = {}
    for (kind, touchpoint), count in sorted(scene.shown.values.items()):
        values.setdefault(kind, {})[touchpoint] = count
    shared = [
        {"kind": kind, "record_id": record, "persons": persons}
        for (kind, record), persons in sorted(scene.shown.shared.items())
    ]
    return {"sent": values, "placeholders": [f"phone:+86{one}" for one in PLACEHOLDERS], "shared": shared}


def _devices(scene: Scene, path: Path) -> None:
    """Owners of cookies, the app's devices and advertising ids; more than one person may use them."""
    customers, shown = scene.customers, scene.shown
    shared = customers.devices.shared()
    kinds = (
        ("cookie", f"anonymous_id@{places.SITE}", shown.cookie),
        ("app_device", "android_id", shown.app),
        ("oaid", "oaid", shown.oaid),
    )
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("record_id", "entity_id", "shared"))
        for kind, key, first in kinds:
            tenure = np.flatnonzero(first < NEVER)
            owner = entity_ids(customers.devices.chains.owner[customers.devices.chains.slot[tenure]])
            texts = scene.ids(kind, tenure)
            rows.writerows(
                (f"{key}:{text}", who, both)
                for text, who, both in zip(texts.tolist(), owner.tolist(), shared[tenure].tolist(), strict=True)
            )


def _people(scene: Scene, path: Path) -> None:
    """Everybody: household, when they came, went quiet and came back."""
    customers = scene.customers
    start = customers.plan.start

    def at(seconds: I64) -> list[Any]:
        return [start + one if one < NEVER else "" for one in seconds.tolist()]

    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("entity_id", "household", "arrival", "quiet", "back", "member_since", "consented", "withdrew"))
        rows.writerows(
            zip(
                entity_ids(np.arange(customers.size)).tolist(), customers.people.household.tolist(),
                at(customers.arrival),
                at(customers.quiet), at(customers.back), at(customers.member), at(customers.consents),
                at(customers.withdraws), strict=True,
            )
        )  # fmt: skip


def _campaigns(life: Life, folder: Path) -> int:
    """What was planted, and who was in which arm."""
    listed = []
    with (folder / "assignments.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("campaign", "entity_id", "record_id", "arm"))
        for group in life.audiences:
            campaign = group.campaign
            numbers = ids.member_numbers(group.person).tolist()
            rows.writerows(
                (campaign.code, who, f"{KEYS['member']}:{number}", "treated" if arm else "control")
                for who, number, arm in zip(
                    entity_ids(group.person).tolist(), numbers, group.treated.tolist(), strict=True
                )
            )
            listed.append(
                {
                    "campaign": campaign.code, "name": campaign.name, "channel": campaign.channel,
                    "date": life.scene.customers.plan.day_of(campaign.day).isoformat(), "effect": campaign.effect,
                    "treated": int(group.treated.sum()), "control": int((~group.treated).sum()),
                }
            )  # fmt: skip
    _json(folder / "campaigns.json", listed)
    return len(listed)


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
