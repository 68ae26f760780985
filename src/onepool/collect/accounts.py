"""A touchpoint's account: its settings checked against the channel's manifest, secrets looked up."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from filelock import FileLock, Timeout

from onepool.channels import registry
from onepool.channels.base import Account, Manifest, Setting
from onepool.collect import doubles
from onepool.collect.touchpoint import Touchpoint
from onepool.errors import OnePoolError

_MAX_SECRET: Final = 64 << 10
_LOCK_SECONDS: Final = 30.0


class AccountError(OnePoolError):
    """A touchpoint's settings can't be used: something is missing, of a wrong kind, or a secret that isn't there."""

    code = "account"


class Accounts:
    """Accounts of touchpoints, made once for each version of a touchpoint.

    ``data``: the folder that ``file:`` references are relative to. ``sandbox``: the address of the platforms' doubles,
    for touchpoints that ask for it; a function says where they run at the moment.
    """

    def __init__(self, data: Path, sandbox: str | Callable[[], str | None] | None = None) -> None:
        self._data = data
        self._sandbox = sandbox if callable(sandbox) else lambda: sandbox
        self._made: dict[str, _Made] = {}

    def of(self, touchpoint: Touchpoint) -> Account:
        """The account of a touchpoint. Raises AccountError naming the setting, ChannelError for an unknown channel.

        Secrets are looked up again when a secret's file was replaced: the touchpoint itself is the same then.
        """
        known = self._made.get(touchpoint.name)
        sandbox = self._sandbox() if touchpoint.sandbox else None
        if (
            known is not None
            and (known.touchpoint is touchpoint or known.touchpoint == touchpoint)
            and known.sandbox == sandbox
        ):
            stamps = _stamps(known.files)
            if known.stamps == stamps:
                return known.account
            files = known.files
        else:
            files = self._files(touchpoint)
            stamps = _stamps(files)
        account = make_account(touchpoint, self._data, sandbox)
        self._made[touchpoint.name] = _Made(touchpoint, sandbox, files, stamps, account)
        return account

    def _files(self, touchpoint: Touchpoint) -> list[str]:
        """The files of a touchpoint's secrets."""
        named = (touchpoint.settings.get(name) for name in registry.channel(touchpoint.channel).manifest.secrets)
        return [str(self._data / one[5:]) for one in named if isinstance(one, str) and one.startswith("file:")]


class _Made(NamedTuple):
    touchpoint: Touchpoint
    sandbox: str | None
    files: list[str]
    stamps: list[tuple[int, int]]
    account: Account


def _stamps(files: Sequence[str]) -> list[tuple[int, int]]:
    """What tells a replaced file of a secret from the one before. Asked for with every push."""
    stamps = []
    for file in files:
        try:
            found = os.stat(file)  # noqa: PTH116  a third of the time of pathlib's
            stamps.append((found.st_mtime_ns, found.st_ino))
        except (OSError, ValueError):
            stamps.append((0, 0))  # make_account says what is wrong
    return stamps


def make_account(touchpoint: Touchpoint, data: Path, sandbox: str | None = None) -> Account:
    """See `Accounts.of`."""
    manifest = registry.channel(touchpoint.channel).manifest
    where = f"touchpoint {touchpoint.name}"
    problems = check_settings(touchpoint.settings, manifest)
    if problems:
        name, message = problems[0]
        raise AccountError(message, where=f"{where}: settings.{name}")
    settings: dict[str, Any] = {}
    for setting in manifest.settings:
        value = touchpoint.settings.get(setting.name, setting.default)
        if value is None or value == "":
            continue
        if setting.kind == "secret":
            value = look_up(str(value), data, f"{where}: settings.{setting.name}")
        settings[setting.name] = value
    endpoints = dict(manifest.endpoints)
    if touchpoint.sandbox:
        if not sandbox:
            raise AccountError("this touchpoint uses the sandbox, and no sandbox runs", where=where, hint=doubles.START)
        base = sandbox.rstrip("/")
        endpoints = {name: f"{base}/{manifest.name}/{name}" for name in endpoints}
    in_files = [name for name in manifest.secrets if str(touchpoint.settings.get(name, "")).startswith("file:")]
    keep = {name: partial(keep_secret, touchpoint, data, name) for name in in_files}
    renewing = partial(_renewing, touchpoint, data, in_files) if in_files else None
    return Account(touchpoint.name, touchpoint.channel, settings, dict(touchpoint.scopes), endpoints, keep, renewing)


@contextmanager
def _renewing(touchpoint: Touchpoint, data: Path, names: Sequence[str]) -> Iterator[Mapping[str, str]]:
    """One process at a time changes a touchpoint's kept secrets: the platform makes the old one void, so whoever comes
    second must begin with the new one. Raises AccountError."""
    where = f"touchpoint {touchpoint.name}"
    folder = data / "sync"
    lock = FileLock(folder / f"{re.sub(r'[^A-Za-z0-9_-]', '_', touchpoint.name)}.secrets.lock", timeout=_LOCK_SECONDS)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except (Timeout, OSError) as error:
        raise AccountError("another process is renewing this touchpoint's secrets", where=where) from error
    try:
        yield {name: look_up(str(touchpoint.settings[name]), data, where) for name in names
               if touchpoint.settings.get(name)}  # fmt: skip
    finally:
        lock.release()


def keep_secret(touchpoint: Touchpoint, data: Path, setting: str, value: str) -> None:
    """Replace the file that a touchpoint's secret is read from (a platform gave a new refresh token).

    Raises:
        AccountError: the secret is no file (``env:``), or the file can't be written.
    """
    where = f"touchpoint {touchpoint.name}: settings.{setting}"
    reference = str(touchpoint.settings.get(setting, ""))
    if not reference.startswith("file:"):
        hint = "keep it in a file (file:secrets/NAME)"
        raise AccountError("the platform changed this secret, and its new value can't be kept", where=where, hint=hint)
    path = data / reference[5:]
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, draft = tempfile.mkstemp(dir=path.parent)  # made with mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(value)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(path)
        finally:
            Path(draft).unlink(missing_ok=True)
    except OSError as error:
        message = f"the secret's new value can't be written: {type(error).__name__}"
        raise AccountError(message, where=where, hint=str(path)) from error


def check_settings(given: Mapping[str, Any], manifest: Manifest) -> list[tuple[str, str]]:
    """What is wrong with a touchpoint's settings as (setting, message); secrets are not looked up."""
    problems: list[tuple[str, str]] = []
    known = {setting.name for setting in manifest.settings}
    for name in given:
        if name not in known:
            listed = ", ".join(sorted(known)) or "none"
            problems.append((str(name), f"{manifest.name} has no setting {name}; there are {listed}"))
    for setting in manifest.settings:
        value = given.get(setting.name)
        if value is None or value == "":
            if setting.required:
                problems.append((setting.name, f"is needed: {setting.title.get('en', setting.name)}"))
        elif (message := _wrong(value, setting)) is not None:
            problems.append((setting.name, message))
    channel = registry.find(manifest.name)
    if not problems and channel is not None and channel.problems is not None:
        problems = channel.problems(given)
    return problems


def is_reference(value: object) -> bool:
    """Whether a text names a secret instead of being one."""
    return isinstance(value, str) and bool(re.fullmatch(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\0]+", value))


def look_up(reference: str, data: Path, where: str) -> str:
    """The secret behind ``env:NAME`` or ``file:PATH`` (relative to the data folder).

    Raises AccountError, also for an empty one.
    """
    if not is_reference(reference):
        raise AccountError("a secret is written as env:NAME or file:PATH only", where=where)
    if reference.startswith("env:"):
        name = reference[4:]
        if name not in os.environ:
            raise AccountError(f"the environment has no {name}", where=where, hint=f"set {name} before starting")
        found, hint = os.environ[name], f"set {name} before starting"
    else:
        path = data / reference[5:]
        try:
            with path.open(encoding="utf-8") as file:
                found, hint = file.read(_MAX_SECRET).strip(), str(path)
        except FileNotFoundError as error:
            raise AccountError(
                f"no secret is kept as {reference}", where=where, hint="enter it at the touchpoint, or make that file"
            ) from error
        except (OSError, UnicodeDecodeError) as error:
            raise AccountError(
                f"the secret's file can't be read: {type(error).__name__}", where=where, hint=str(path)
            ) from error
    if not found.strip():
        # Signatures made with it could be made by anybody.
        raise AccountError("the secret is empty", where=where, hint=hint)
    return found


def _wrong(value: Any, setting: Setting) -> str | None:
    kinds: dict[str, tuple[type, ...]] = {
        "text": (str, int),
        "choice": (str,),
        "secret": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
        "texts": (list, tuple),
        "mapping": (dict,),
        "object": (dict, list),
    }
    fits: bool = isinstance(value, kinds[setting.kind]) and not (isinstance(value, bool) and setting.kind != "boolean")
    if not fits:
        return f"a {setting.kind} is wanted, not {type(value).__name__}"
    if setting.kind == "secret" and not is_reference(value):
        return "a secret is written as env:NAME or file:PATH only, never as it is"
    if setting.kind == "texts" and not all(isinstance(one, str) for one in value):
        return "a list of texts is wanted"
    if setting.kind == "mapping" and not all(isinstance(text, str) for pair in value.items() for text in pair):
        return "a mapping of text to text is wanted"
    if setting.kind == "choice" and value not in setting.options:
        return f"one of {', '.join(setting.options)} is wanted"
    if setting.least is not None and value < setting.least:
        return f"at least {setting.least:,} is wanted"
    if setting.most is not None and value > setting.most:
        return f"at most {setting.most:,} is wanted"
    if (
        setting.pattern is not None
        and setting.kind in ("text", "choice")
        and not re.fullmatch(setting.pattern, str(value))
    ):
        return f"does not look right: {setting.pattern} is wanted"
    return None


def open_account(touchpoint: Touchpoint) -> Account:
    """A touchpoint's account without its secrets: enough to read what came in. Raises ChannelError."""
    manifest = registry.channel(touchpoint.channel).manifest
    known = {one.name: one.default for one in manifest.settings if one.default is not None}
    given = {key: value for key, value in touchpoint.settings.items() if key not in manifest.secrets}
    return Account(touchpoint.name, touchpoint.channel, {**known, **given}, dict(touchpoint.scopes))
