"""Limits that could not be checked against platforms' pages: each is a setting, and changes what happens."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from onepool.channels import registry
from onepool.channels.base import Account, Manifest
from onepool.channels.base.limits import adjustable, chosen, under
from onepool.channels.connection import Connection
from onepool.clock import FakeClock
from onepool.collect.accounts import check_settings
from onepool.reach.buckets import Buckets, limits_of

SETTINGS = [
    (manifest.name, one.name)
    for manifest in registry.manifests()
    for one in adjustable(manifest.windows, manifest.quotas)
]
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _numbers(manifest: Manifest) -> dict[str, int | None]:
    found: dict[str, int | None] = {f"limit_{one.name}": one.count for one in manifest.quotas}
    for one in manifest.windows:
        found[f"window_{one.allowance}_messages"] = one.messages
        found[f"window_{one.allowance}_hours"] = None if one.seconds is None else one.seconds // 3_600
    return found


def test_whatever_is_unverified_is_a_setting_and_nothing_else_is() -> None:
    assert {name for name, _ in SETTINGS} == {
        "douyin", "wecom", "sms", "youzan", "xiaohongshu", "taobao", "tmall", "jd",
    }  # fmt: skip
    for manifest in registry.manifests():
        wanted = {f"limit_{one.name}" for one in manifest.quotas if one.unverified}
        for one in manifest.windows:
            hours = {f"window_{one.allowance}_hours"} if one.seconds is not None else set()
            wanted |= {f"window_{one.allowance}_messages", *hours} if one.unverified else set()
        drawn = {one.name for one in manifest.settings if one.name.startswith(("limit_", "window_"))}
        assert drawn - {"window_unit"} == wanted
        assert all((setting := manifest.setting(name)) is not None and setting.unverified for name in wanted)


@pytest.mark.parametrize(("channel", "setting"), SETTINGS)
def test_a_setting_changes_its_limit_and_nothing_else(channel: str, setting: str) -> None:
    manifest = registry.channel(channel).manifest
    declared = manifest.setting(setting)
    assert declared is not None and _numbers(manifest)[setting] == declared.default
    changed = under(manifest, {setting: 2})
    assert _numbers(changed) == {**_numbers(manifest), setting: 2}
    assert under(manifest, {}) is manifest
    assert under(manifest, {setting: declared.default}) is manifest
    assert chosen(manifest, {setting: 2}) == ((setting, 2),)
    for wrong in (0, -1, "7", True, None, 10**12):
        if not (isinstance(wrong, int) and wrong > 0) or isinstance(wrong, bool):
            assert under(manifest, {setting: wrong}) is manifest
        told = [name for name, _ in check_settings({setting: wrong}, manifest) if name == setting]
        assert told == ([] if wrong is None else [setting])


@pytest.mark.parametrize("channel", [name for name, setting in SETTINGS if setting == "limit_calls"])
def test_fetching_keeps_to_the_pace_that_is_set(channel: str) -> None:
    account = Account("tp", channel, {"limit_calls": 2})
    line = Connection(registry.channel(channel), account, FakeClock(NOW))
    assert [line._pace.turn() for _ in range(2)] == pytest.approx([0.0, 0.5])
    line.close()
    # What is sent counts by the same limit.
    sent = Buckets(limits_of(under(registry.channel(channel).manifest, account.settings), []), "{}", UTC)  # type: ignore[arg-type]
    assert sent.rate() == 2.0
