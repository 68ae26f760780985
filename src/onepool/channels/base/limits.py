"""Limits of platforms that could not be checked against their pages: each is a setting of the touchpoint, with what is
believed as its default, and what a touchpoint says holds for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeGuard

import msgspec

from onepool.channels.base.manifest import Manifest, Quota, Setting, Window

_HOUR: Final = 3_600


def adjustable(windows: Sequence[Window] = (), quotas: Sequence[Quota] = ()) -> tuple[Setting, ...]:
    """The settings of what is unverified among them: ``limit_NAME`` of a quota, ``window_ALLOWANCE_messages`` and
    ``window_ALLOWANCE_hours`` of a window (windows of one allowance have them together)."""
    found = {quota_setting(one): _setting(quota_setting(one), one.title, one.count) for one in quotas if one.unverified}
    for one in windows:
        if not one.unverified:
            continue
        messages, hours = window_settings(one)
        title = {"zh": "回复窗口内可发消息数", "en": "Messages within the reply window"}
        found.setdefault(messages, _setting(messages, title, one.messages))
        if one.seconds is not None:
            title = {"zh": "回复窗口（小时）", "en": "Hours of the reply window"}
            found.setdefault(hours, _setting(hours, title, one.seconds // _HOUR))
    return tuple(found.values())


def quota_setting(quota: Quota) -> str:
    """The name of the setting of a quota."""
    return f"limit_{quota.name}"


def window_settings(window: Window) -> tuple[str, str]:
    """The names of the settings of a window: messages and hours."""
    return f"window_{window.allowance}_messages", f"window_{window.allowance}_hours"


def under(manifest: Manifest, settings: Mapping[str, Any]) -> Manifest:
    """The manifest as it holds for a touchpoint with these settings (the very manifest, where they change nothing)."""
    if not chosen(manifest, settings):
        return manifest
    quotas = tuple(
        msgspec.structs.replace(one, count=_number(settings, quota_setting(one), one.count)) if one.unverified else one
        for one in manifest.quotas
    )
    windows = tuple(_window(one, settings) if one.unverified else one for one in manifest.windows)
    return msgspec.structs.replace(manifest, quotas=quotas, windows=windows)


def chosen(manifest: Manifest, settings: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """What a touchpoint says of the limits that may be set: (setting, number), without what is the default anyway."""
    names = [one.name for one in adjustable(manifest.windows, manifest.quotas)] if settings else ()
    said = ((name, settings.get(name), manifest.setting(name)) for name in names)
    return tuple((name, value) for name, value, setting in said
                 if _fits(value) and setting is not None and value != setting.default)  # fmt: skip


def _window(window: Window, settings: Mapping[str, Any]) -> Window:
    messages, hours = window_settings(window)
    seconds = window.seconds
    if seconds is not None and _fits(settings.get(hours)):
        seconds = _number(settings, hours, 0) * _HOUR
    return msgspec.structs.replace(window, messages=_number(settings, messages, window.messages), seconds=seconds)


def _number(settings: Mapping[str, Any], name: str, default: int) -> int:
    value = settings.get(name)
    return value if _fits(value) else default


def _fits(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _setting(name: str, title: Mapping[Any, str], default: int) -> Setting:
    return Setting(
        name=name, kind="integer", title=dict(title), default=default, least=1, most=100_000_000,
        unverified=True, noted=False,
    )  # fmt: skip
