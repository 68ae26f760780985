"""What each platform calls a person. Ids are made from the person's number, so none has to be kept."""

from __future__ import annotations

import numpy as np

from onepool.demo.brand import places
from onepool.demo.people.arrays import I64, Bools, Texts, codes

_PREFIX: dict[str, tuple[str, int]] = {
    places.OA: ("oDEMO5mPq1Rz0Ua", 1),
    places.MINI: ("oMINI0xk7Lw3TbQ", 2),
    "unionid": ("oUNIO_demo6d2Hs", 3),
    places.WECOM: ("wmDEMOEAAA1kq7wpTn2", 4),
    places.DOUYIN: ("_000demoDy", 5),
    places.YOUZAN: ("yzDEMO7gH", 6),
    places.TMALL: ("AAHdemo", 7),
    "ouid": ("BAEdemo", 8),
    "omid": ("CDFdemo", 9),
    places.JD: ("oxDEMO", 10),
    places.XHS: ("60de", 11),
    "mp_device": ("17", 12),
    "app_device": ("", 13),
    "cookie": ("", 14),
    "oaid": ("", 15),
    "email": ("", 16),
    "click": ("demoCLK", 17),
    "kiosk": ("kiosk", 18),
}


def made(kind: str, number: I64, seed: int) -> Texts:
    """The ids of a kind of these persons (of devices: of these tenures)."""
    prefix, salt = _PREFIX[kind]
    return codes(prefix, number, seed * 64 + salt)


def mixed(number: I64) -> I64:
    """Numbers from 0 to 2**61, in which neighbours have nothing in common."""
    found = (number.astype(np.uint64) + np.uint64(40_503)) * np.uint64(2_654_435_761)
    found ^= found >> np.uint64(29)
    found *= np.uint64(0x9E3779B97F4A7C15)
    return (found >> np.uint64(3)).astype(np.int64)


def member_numbers(person: I64) -> Texts:
    """The number of the programme's card."""
    return np.array([f"MY{number:09d}" for number in (400_000_000 + person * 7).tolist()], object)


CRM_FIRST, CRM_AGAIN, CRM_BEFORE = 10_000_000, 70_000_000, 40_000_000
"""Where the numbers of the CRM's records begin: of members, of their second records, of those known before."""


def crm_ids(person: I64, base: int = CRM_FIRST) -> Texts:
    """The number of the CRM's record."""
    return np.array([f"C{number:08d}" for number in (base + person).tolist()], object)


def web_users(person: I64) -> Texts:
    """The number of an account of the shop, which mini program and app share."""
    return np.array([f"u{number:07d}" for number in (1_000_000 + person * 3).tolist()], object)


def site_users(person: I64) -> Texts:
    """The number of an account of the site, which has accounts of its own."""
    return np.array([f"w{number:07d}" for number in (2_000_000 + person * 3).tolist()], object)


def came_by_ad(person: I64) -> Bools:
    """Whether somebody's first contact was a click on an advertisement."""
    found: Bools = (person * 2654435761 % 1000) < 340
    return found


def at_ocean(person: I64) -> Bools:
    """Whether that was at Ocean Engine; the others clicked at Tencent."""
    found: Bools = (person * 40503 % 10) < 6
    return found


def first_clicks(person: I64, seed: int) -> Texts:
    """The number of that click."""
    return made("click", person, seed)


_DOMAINS = ("qq.com", "163.com", "126.com", "sina.com", "outlook.com")


def emails(person: I64, seed: int) -> Texts:
    """The address of each person."""
    local = made("email", person, seed)
    return np.array(
        [f"m{name}@{_DOMAINS[number % len(_DOMAINS)]}" for name, number in zip(local, person.tolist(), strict=True)],
        object,
    )
