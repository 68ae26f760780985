"""Drives the real Sensors and GrowingIO clients."""

from __future__ import annotations

import os
import subprocess
from datetime import datetime
from typing import Any

from tests.clients.drive import NODE_FOLDER

APP_ID = "wx1234567890abcdef"


def address(url: str, write_key: str, path: str = "/sa") -> str:
    """What a shop puts into its client as server_url."""
    return f"{url}{path}?project=default&token={write_key}"


def python_story(consumer: Any, prefix: str) -> None:
    """Events, links, profiles and items, as a shop's server sends them."""
    from sensorsanalytics.sdk import SensorsAnalytics, SensorsAnalyticsIdentity

    client = SensorsAnalytics(consumer)
    user, visitor = f"{prefix}-u1", f"{prefix}-anon-1"
    seen = datetime(2024, 1, 2, 3, 4, 5, 7000)  # noqa: DTZ001  (the client writes it without a zone)
    client.track(visitor, "ViewProduct", {"product_id": "p-1", "price": 9.9, "seen": seen})
    client.track_signup(user, visitor)
    client.profile_set(user, {"nickname": "张三", "level": "gold"}, is_login_id=True)
    client.profile_set_once(user, {"nickname": "李四", "gender": "女"}, is_login_id=True)
    for count in (2, 3):
        client.profile_increment(user, {"visits": count}, is_login_id=True)
    client.profile_append(user, {"favourites": ["x"]}, is_login_id=True)
    client.profile_append(user, {"favourites": ["y", "x"]}, is_login_id=True)
    client.profile_unset(user, ["level"], is_login_id=True)
    client.item_set("book", f"{prefix}-b1", {"price": 3})
    client.item_set("book", f"{prefix}-b2", {"price": 4})
    client.item_delete("book", f"{prefix}-b2")
    login = SensorsAnalyticsIdentity(SensorsAnalyticsIdentity.LOGIN_ID, user)
    mobile = SensorsAnalyticsIdentity(SensorsAnalyticsIdentity.MOBILE, "13912345678")
    client.bind(login, mobile)
    client.track_by_id("AddCart", {"product_id": "p-1"}, mobile)
    client.unbind(mobile)
    client.profile_delete(user, is_login_id=True)
    client.flush()
    client.close()


def mini_story(url: str, write_key: str, prefix: str) -> None:
    """A mini program's visit, in the client's own runtime."""
    settings = {"ENDPOINT": address(url, write_key), "PREFIX": prefix}
    done = subprocess.run(
        ["node", "sensors-mini.mjs"],
        cwd=NODE_FOLDER,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode != 0:
        raise AssertionError(f"the client failed: {done.stdout[-2000:]} {done.stderr[-2000:]}")


def growing_story(url: str, write_key: str, prefix: str) -> None:
    """What a shop's server sends with GrowingIO's client."""
    from growingio_tracker import GrowingTracker

    client = GrowingTracker(write_key, "ds1", url)
    client.track_custom_event(
        "AddCart", anonymous_id=f"{prefix}-a1", login_user_id=f"{prefix}-u1", attributes={"product_id": "p-1"}
    )
    client.track_user(login_user_id=f"{prefix}-u1", attributes={"nickname": "张三"})
    client.track_custom_event("ViewProduct", login_user_key="phone", login_user_id="13912345678")
