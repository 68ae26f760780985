"""A workspace: one folder with its settings, definitions, log, state and pool."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onepool.clock import Clock, SystemClock
from onepool.collect.accounts import Accounts
from onepool.collect.again import try_again
from onepool.collect.log import Log, NewRecord, SqliteLog
from onepool.collect.touchpoint import Touchpoint
from onepool.definitions import Definition, Definitions, canonical
from onepool.errors import WorkspaceError
from onepool.identity import parse_rules
from onepool.layout import install, installed
from onepool.pool import DuckDBEngine, Engine, PoolBusy
from onepool.pool.remote import RemoteEngine
from onepool.settings import Settings, load_settings, resolve_secret
from onepool.standards import Standard, StandardSettings, load_standard
from onepool.state import State
from onepool.state.store import get_meta, set_meta

if TYPE_CHECKING:
    from onepool.collect.pulls import Puller
    from onepool.pool.behaviour import BehaviourIndex

SETTINGS_FILE = "onepool.yaml"
FOLDERS = (
    "touchpoints", "standard", "identity", "lists", "tags", "segments", "destinations", "coupons", "messages",
    "policies", "journeys",
)  # fmt: skip

_RULES = "rules_logged"

_REPLAYED_AT_ONCE = 40
_REPLAY_BYTES = 16 << 20
"""Log records in one request to try again; one of an imported file has about a megabyte."""

CONTROL_TOUCHPOINT = "onepool"
"""The touchpoint name of control records in the log."""

SANDBOX_ADDRESS = "sandbox.address"
"""In the data folder while the platforms' doubles run for this workspace: where they are."""


class Workspace:
    """Everything that belongs to one brand's OnePool. Opens its stores when they are first used."""

    def __init__(self, root: Path, settings: Settings, clock: Clock | None = None) -> None:
        self.root = root
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self._standard: tuple[int, Standard] | None = None
        self.problem: str | None = None
        """Why the tick of this process can't go on at the moment, without personal data."""
        self.behaviour: BehaviourIndex | None = None
        """The behaviour index that a worker of this process keeps."""

    @property
    def data(self) -> Path:
        """Where the stores are."""
        return self.root / "data"

    @property
    def sandbox(self) -> str | None:
        """Address of the platforms' doubles: where they run for this workspace, else where the settings say."""
        try:
            return (self.data / SANDBOX_ADDRESS).read_text(encoding="utf-8").strip() or self.settings.sandbox
        except OSError:
            return self.settings.sandbox

    @property
    def socket(self) -> Path:
        """The worker's address for other processes of this machine; only the owner may connect."""
        return self.data / "worker.sock"

    @cached_property
    def state(self) -> State:
        if self.settings.state is None:
            return State.at(self.data / "state.sqlite")
        return State(resolve_secret(self.settings.state))

    @cached_property
    def definitions(self) -> Definitions:
        return Definitions(self.state, self.clock)

    @cached_property
    def log(self) -> Log:
        self.data.mkdir(parents=True, exist_ok=True)
        return SqliteLog(self.data / "log.sqlite")

    @cached_property
    def pool(self) -> Engine:
        """The pool: held by this process, or asked of the running worker when that one holds it (reading only)."""
        try:
            pool = self.open_pool()
            with pool.write() as session:
                if not installed(session):
                    # What the workspace adds comes with the tick that meets it in the log.
                    install(session, load_standard())
            return pool
        except PoolBusy:
            if not self.socket.exists():
                raise
            return RemoteEngine(self.socket)

    def forget_remote_pool(self) -> None:
        """Let the pool be opened anew if so far another process, gone by now perhaps, was asked for it."""
        if isinstance(self.__dict__.get("pool"), RemoteEngine):
            self.__dict__.pop("pool").close()

    def open_pool(self, path: Path | None = None) -> DuckDBEngine:
        """Open a pool file of this workspace for this process alone. Raises PoolBusy."""
        self.data.mkdir(parents=True, exist_ok=True)
        pool = self.settings.pool
        return DuckDBEngine(
            path or self.data / "pool.duckdb", self.settings.time_zone, memory=pool.memory, threads=pool.threads
        )

    def standard(self) -> Standard:
        """The data standard: what the package brings, and what this workspace adds."""
        revision = self.definitions.revision()
        if self._standard is None or self._standard[0] != revision:
            extra = [definition.body for definition in self.definitions.current("standard")]
            self._standard = (revision, load_standard(extra))
        return self._standard[1]

    @property
    def standard_settings(self) -> StandardSettings:
        """How input is read in this workspace now."""
        known = self.standard().identifier_types
        for name in self.settings.digests:
            if name not in known or not known[name].digest_of:
                told = ", ".join(kind.name for kind in known.values() if kind.digest_of)
                raise WorkspaceError(f"there is no digest {name}", where="digests", hint=f"known: {told}")
        return self.settings_of(reading_settings(self.settings))

    def settings_of(self, reading: Mapping[str, Any]) -> StandardSettings:
        """The settings that a rules record in the log holds, with this workspace's key of digests."""
        salt = self.settings.digest_salt
        return StandardSettings(
            **{**reading, "digests": tuple(reading.get("digests", ()))},
            digest_key=self._digest_key,
            digest_salt=b"" if salt is None else resolve_secret(salt).encode(),
        )

    def touchpoints(self) -> dict[str, Touchpoint]:
        """The touchpoints by name."""
        return {d.name: touchpoint_of(d.name, d.body) for d in self.definitions.current("touchpoint")}

    def save(
        self,
        kind: str,
        name: str,
        body: Mapping[str, Any],
        *,
        author: str,
        reason: str = "",
        expected: int | None = None,
        log_rules: bool = True,
    ) -> Definition:
        """Store a checked definition; one that changes how input is read also goes into the log, in its order.
        `expected`: see `Definitions.save`.

        Who saves many may do without (``log_rules`` False) and call `log_rules` after the last one.
        """
        before = self.definitions.get(kind, name)
        body = dict(body)
        if kind == "standard":
            # What can't be read as a standard must not reach the log. Raises StandardError.
            others = [one.body for one in self.definitions.current("standard") if one.name != name]
            load_standard([*others, body])
        if kind == "identity":
            # Raises RulesError.
            parse_rules(body, self.standard())
        if kind == "touchpoint" and not body.get("write_key"):
            body["write_key"] = (before.body.get("write_key") if before else None) or f"wk_{secrets.token_urlsafe(18)}"
        saved = self.definitions.save(kind, name, body, author=author, reason=reason, expected=expected)
        if kind == "touchpoint":
            try_again(self.state, name)
        if log_rules and kind in ("standard", "touchpoint"):
            self.log_rules()
        return saved

    def log_rules(self) -> None:
        """Write what decides how input is read into the log, if it changed since: in force from here.

        Called when a definition or the settings may have changed, before anything is read under them.
        """
        # Inside of a write transaction of the state, so that of two changes at once the later is the last in the log.
        with self.state.write() as connection:
            rules = rules_of(self.definitions, self.settings)
            digest = hashlib.sha256(canonical(rules).encode()).hexdigest()
            if get_meta(connection, _RULES) == digest:
                return
            self._control("standard", rules)
            set_meta(connection, _RULES, digest)

    def replay_quarantine(self, items: Sequence[tuple[int, int]]) -> int:
        """Ask for quarantined things, by (log offset, item), to be tried again. Returns how many.

        One request to try again covers a few log records, since a tick holds all of them in memory.
        """
        by_record: dict[int, list[int]] = {}
        for offset, item in items:
            by_record.setdefault(offset, []).append(item)
        offsets = sorted(by_record)
        for first in range(0, len(offsets), _REPLAYED_AT_ONCE):
            some = offsets[first : first + _REPLAYED_AT_ONCE]
            self._control("replay", [[offset, item] for offset in some for item in by_record[offset]])
        return len(items)

    def replayed(self, first: int, last: int) -> list[tuple[int, int]]:
        """What was asked to be tried again by the records of the log from `first` to `last`, as (log offset, item)."""
        found: list[tuple[int, int]] = []
        at = first - 1
        while at < last:
            page = [one for one in self.log.read(at, last - at, _REPLAY_BYTES) if one.offset <= last]
            if not page:
                break
            for record in page:
                if record.protocol == "replay":
                    found += [(int(offset), int(item)) for offset, item in json.loads(record.body)]
            at = page[-1].offset
        return found

    def applied(self) -> int:
        """The log offset up to which the pool is complete: what was logged up to here can be queried."""
        exists = self.pool.query(
            "SELECT 1 FROM information_schema.tables WHERE table_schema = 'main' AND table_name = 'meta'"
        )
        if exists.num_rows == 0:
            return 0
        found = self.pool.query("SELECT value FROM meta WHERE key = 'log_offset'")
        return int(found.column("value")[0].as_py()) if found.num_rows else 0

    def decided(self) -> int:
        """The log offset up to which the state is complete; never behind the pool."""
        return int(self.state.meta("log_offset") or 0)

    def puller(self) -> Puller:
        """What fetches from the platforms; to be closed by whoever asked for it."""
        # Few commands fetch: the others should not wait for what it takes.
        from onepool.collect.pulls import Puller

        accounts = Accounts(self.data, lambda: self.sandbox)
        return Puller(self.data, self.state, self.log, self.clock, accounts, self.touchpoints)

    def close(self) -> None:
        """Close what was opened."""
        for name in ("pool", "log", "state"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()
        self.__dict__.pop("definitions", None)

    def _control(self, protocol: str, body: object) -> None:
        raw = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        self.log.append([NewRecord(self.clock.now(), CONTROL_TOUCHPOINT, protocol, b"{}", raw)])

    @cached_property
    def _digest_key(self) -> bytes:
        """The key of digests of id-card numbers: made once, kept beside the data, readable by the owner only."""
        path = self.data / "digest.key"
        if not path.exists():
            self.data.mkdir(parents=True, exist_ok=True)
            _write_once(path, secrets.token_hex(32))
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
        if len(key) != 32:
            raise WorkspaceError(
                "the key of digests is damaged", where=str(path), hint="put it back from a backup; digests depend on it"
            )
        return key


def _write_once(path: Path, text: str) -> None:
    """Write a small file that only the owner may read: whole or not at all, and once, whoever else tries to."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def open_workspace(root: Path | str, clock: Clock | None = None) -> Workspace:
    """Open the workspace in a folder. Raises WorkspaceError when it is none."""
    path = Path(root).resolve()
    return Workspace(path, load_settings(path / SETTINGS_FILE), clock)


def init_workspace(root: Path | str, settings_text: str | None = None, clock: Clock | None = None) -> Workspace:
    """Make a new workspace in a folder that has none."""
    path = Path(root).resolve()
    if (path / SETTINGS_FILE).exists():
        raise WorkspaceError("there is a workspace already", where=str(path))
    for folder in FOLDERS:
        (path / folder).mkdir(parents=True, exist_ok=True)
    # Customers' data, sessions and keys are in there: for the owner only.
    (path / "data").mkdir(mode=0o700, exist_ok=True)
    (path / SETTINGS_FILE).write_text(settings_text or _SETTINGS, encoding="utf-8")
    workspace = open_workspace(path, clock)
    workspace.log_rules()
    return workspace


def reading_settings(settings: Settings) -> dict[str, Any]:
    """The settings that decide how input is read."""
    told = {"digests": sorted(set(settings.digests))} if settings.digests else {}
    return {
        "zone": settings.time_zone,
        "country": settings.country,
        "currency": settings.currency,
        "unknown_events": settings.unknown_events,
        **told,
    }


def rules_of(definitions: Definitions, settings: Settings) -> dict[str, Any]:
    """Everything that decides how a log record is read: settings, extensions of the standard, touchpoints."""
    return {
        "settings": reading_settings(settings),
        "standard": [definition.body for definition in definitions.current("standard")],
        "touchpoints": {definition.name: definition.body for definition in definitions.current("touchpoint")},
    }


def touchpoint_of(name: str, body: Mapping[str, Any]) -> Touchpoint:
    """A touchpoint from its definition."""
    title = body.get("title") or {}
    return Touchpoint(
        name=name,
        channel=str(body["channel"]),
        title={"zh": title, "en": title} if isinstance(title, str) else dict(title),
        write_key=body.get("write_key"),
        scopes=dict(body.get("scopes") or {}),
        mapping=body.get("mapping"),
        joining=str(body.get("joining") or "free"),
        settings=dict(body.get("settings") or {}),
        paused=bool(body.get("paused")),
        sandbox=bool(body.get("sandbox")),
    )


_SETTINGS = """\
# The settings of this workspace. Every key has a default; see docs/reference/settings.md.
name: OnePool
time_zone: Asia/Shanghai
country: CN
currency: CNY
language: zh-CN
# What to do with events that the data standard does not name: keep | refuse
unknown_events: keep
"""
