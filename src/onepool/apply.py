"""Definitions as files: compare with the workspace (`plan`), take over (`apply`), write out (`export`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from onepool.apply_lists import check_list, exported, fill, is_filled, with_digest
from onepool.audience.catalog import kept_events
from onepool.audience.conditions.parse import plain_data
from onepool.audience.definitions import check_segment, check_tag
from onepool.audience.tags import with_files
from onepool.channels import registry
from onepool.collect.accounts import check_settings
from onepool.collect.touchpoint import Touchpoint
from onepool.definitions import Definition, canonical
from onepool.errors import OnePoolError
from onepool.identity import parse_rules
from onepool.journeys.cases import parse_case
from onepool.journeys.check import refuse_faulty
from onepool.journeys.known import known_of
from onepool.reach import check as check_destination
from onepool.reach import parse as parse_destination
from onepool.reach.coupons import parse_coupon
from onepool.reach.messages import surroundings, usable_message
from onepool.reach.policies import check as check_policy
from onepool.reach.policies import parse as parse_policy
from onepool.reach.policy_model import NAME as POLICY
from onepool.standards import Standard, load_standard, parse_options
from onepool.workspace import Workspace, touchpoint_of
from onepool.yaml_core import load_all

FOLDERS = {
    "touchpoint": "touchpoints",
    "standard": "standard",
    "identity": "identity",
    "list": "lists",
    "tag": "tags",
    "segment": "segments",
    "destination": "destinations",
    "coupon": "coupons",
    "message": "messages",
    "policy": "policies",
    "journey": "journeys",
    "case": "cases",
}
"""Folder of each kind, in the order in which they are applied: a tag may use the standard, a segment a tag.
Journeys are saved as drafts: what is live changes when they are published. Cases are what a journey has to do again."""


PLAIN = frozenset({"touchpoint", "destination", "coupon", "message", "policy", "journey", "case", "list"})
"""Kinds whose files are stored without YAML's own types."""

TOUCHPOINT_KEYS = (
    "touchpoint", "channel", "title", "scopes", "mapping", "write_key", "joining", "settings", "paused", "sandbox",
)  # fmt: skip


class DefinitionError(OnePoolError):
    """A definition file is wrong."""

    code = "definition"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the files and the workspace. `fill`: a list is defined so, and lacks what its file has."""

    kind: str
    name: str
    action: Literal["add", "change", "remove", "fill"]
    body: dict[str, Any]
    where: str
    before: Definition | None = None
    """What the workspace has; applying it is refused when it has another one by then."""


def read_folder(root: Path) -> list[tuple[str, str, dict[str, Any], str]]:
    """All definitions in a workspace folder as (kind, name, body, place). Raises DefinitionError."""
    found: list[tuple[str, str, dict[str, Any], str]] = []
    seen: dict[tuple[str, str], str] = {}
    for kind, folder in FOLDERS.items():
        for path in sorted((root / folder).glob("*.y*ml")):
            for name, body, where in _read_file(kind, path, root):
                if (kind, name) in seen:
                    raise DefinitionError(f"{kind} {name} is defined twice", where=f"{where} and {seen[kind, name]}")
                seen[kind, name] = where
                found.append((kind, name, body, where))
    return found


def plan(workspace: Workspace, root: Path | None = None) -> list[Change]:
    """What `apply` would do. Files only add and change; `remove` is never planned for what was made in the console.

    Raises an error when a changed definition can't be used: what is planned can be applied.
    """
    changes = []
    for kind, name, body, where in read_folder(root or workspace.root):
        current = workspace.definitions.get(kind, name)
        if current is None:
            changes.append(Change(kind, name, "add", body, where))
        elif canonical(_comparable(kind, current.body, body)) != canonical(body):
            changes.append(Change(kind, name, "change", body, where, current))
        elif kind == "list" and not is_filled(workspace, body):
            changes.append(Change(kind, name, "fill", body, where))
    _check(workspace, changes, root or workspace.root)
    return changes


def apply(workspace: Workspace, *, author: str, reason: str = "", root: Path | None = None) -> list[Change]:
    """Take over what the files say. Everything is checked before anything is saved. Raises Changed where somebody saved
    something of it meanwhile; what was saved before stays, and the next time goes on there.

    Lists are filled last; cut short there, the next time goes on where it stood.
    """
    changes = plan(workspace, root)
    for change in changes:
        if change.action != "fill":
            expected = 0 if change.before is None else change.before.version
            workspace.save(change.kind, change.name, change.body, author=author, reason=reason, expected=expected,
                           log_rules=False)  # fmt: skip
    # Also where nothing is left to save: the last time may have been cut short before this.
    workspace.log_rules()
    for change in changes:
        if change.kind == "list":
            fill(workspace, change.body, root or workspace.root, author, change.where)
    return changes


def _check(workspace: Workspace, changes: Sequence[Change], root: Path) -> None:
    """Every change, beside all the others and what the workspace has."""
    extensions = {d.name: d.body for d in workspace.definitions.current("standard")}
    extensions |= {change.name: change.body for change in changes if change.kind == "standard"}
    standard = load_standard(list(extensions.values()))
    tags = {d.name: d.body for d in workspace.definitions.current("tag")}
    tags |= {change.name: change.body for change in changes if change.kind == "tag"}
    segments = {d.name: d.body for d in workspace.definitions.current("segment")}
    segments |= {change.name: change.body for change in changes if change.kind == "segment"}
    touchpoints = dict(workspace.touchpoints())
    for change in changes:
        if change.kind == "touchpoint":
            check_touchpoint(change.name, change.body, standard, change.where)
            touchpoints[change.name] = touchpoint_of(change.name, change.body)
    kept = kept_events(workspace)
    bodies = {d.name: d.body for d in workspace.definitions.current("list")}
    bodies |= {change.name: change.body for change in changes if change.kind == "list"}
    lists = list(bodies.values())
    for change in changes:
        if change.kind == "list":
            check_list(workspace, change.body, root, change.where)
        elif change.kind == "identity":
            if change.name != "rules":
                raise DefinitionError(
                    "the rules are called `rules`", where=change.where, hint="write `identity: rules`"
                )
            parse_rules(change.body, standard, change.where)
        elif change.kind == "tag":
            check_tag(change.body, standard, tags, segments, touchpoints.values(), change.where, kept, lists)
        elif change.kind == "segment":
            check_segment(change.body, standard, tags, segments, touchpoints.values(), change.where, kept, lists)
        elif change.kind == "destination":
            channels = {one.name: one.channel for one in touchpoints.values()}
            found = parse_destination(change.body, change.where)
            known = {str(body.get("list")) for body in lists}
            check_destination(found, standard, tags, segments, channels, change.where, known)
        elif change.kind == "coupon":
            parse_coupon(change.body)
        elif change.kind == "message":
            given = {one.name: one.body for one in workspace.definitions.current("coupon")}
            given |= {one.name: one.body for one in changes if one.kind == "coupon"}
            batches = [parse_coupon(body) for body in given.values()]
            around = surroundings(workspace.settings, standard, tags, touchpoints, batches)
            usable_message(change.body, around, change.where)
        elif change.kind == "case":
            parse_case(change.body, change.where)
        elif change.kind == "policy":
            _check_policy(change, touchpoints, {one.name for one in workspace.definitions.current("journey")}
                          | {one.name for one in changes if one.kind == "journey"})  # fmt: skip
    _check_journeys(workspace, changes, standard, {"tag": tags, "segment": segments}, touchpoints.values(), kept)


def _check_policy(change: Change, touchpoints: Mapping[str, Touchpoint], journeys: set[str]) -> None:
    if change.name != POLICY:
        raise DefinitionError(f"the policy is called {POLICY}", where=change.where, hint=f"write `policy: {POLICY}`")
    problems = check_policy(parse_policy(change.body), touchpoints, journeys)
    if problems:
        raise DefinitionError("; ".join(str(one) for one in problems), where=change.where)


def _check_journeys(
    workspace: Workspace,
    changes: Sequence[Change],
    standard: Standard,
    bodies: dict[str, dict[str, dict[str, Any]]],
    touchpoints: Iterable[Touchpoint],
    kept: Sequence[str],
) -> None:
    journeys = [change for change in changes if change.kind == "journey"]
    if not journeys:
        return
    for kind in ("list", "coupon", "message", "journey"):
        bodies[kind] = {d.name: d.body for d in workspace.definitions.current(kind)}
        bodies[kind] |= {change.name: change.body for change in changes if change.kind == kind}
    known = known_of(standard, bodies, touchpoints, kept)
    for change in journeys:
        refuse_faulty(change.body, known, change.where)


def check_touchpoint(name: str, body: Mapping[str, Any], standard: Standard, where: str) -> None:
    """Whether a touchpoint can be used as it is written. Raises DefinitionError, StandardError (of its mapping)."""
    if unknown := [str(key) for key in body if key not in TOUCHPOINT_KEYS]:
        raise DefinitionError(
            f"`{unknown[0]}` is not known here", where=where, hint=f"known: {', '.join(TOUCHPOINT_KEYS)}"
        )
    if not re.fullmatch(r"[A-Za-z0-9_]{1,60}", name):
        raise DefinitionError(
            "a name of letters, digits and _ is wanted, at most 60 long", where=f"{where}: touchpoint"
        )
    channel = body.get("channel")
    if not isinstance(channel, str):
        raise DefinitionError("a touchpoint needs a channel", where=where)
    if channel not in standard.channels:
        known = ", ".join(sorted(standard.channels))
        raise DefinitionError(f"there is no channel {channel}", where=where, hint=f"known: {known}")
    title, scopes = body.get("title") or {}, body.get("scopes") or {}
    if not isinstance(title, str) and not _texts(title):
        raise DefinitionError("a text, or {zh: …, en: …}, is wanted", where=f"{where}: title")
    if body.get("joining", "free") not in ("free", "consent", "never"):
        raise DefinitionError("free, consent or never is wanted", where=f"{where}: joining")
    if not _texts(scopes):
        raise DefinitionError("a mapping such as {user_id: crm} is wanted", where=f"{where}: scopes")
    for key in ("paused", "sandbox"):
        if not isinstance(body.get(key, False), bool):
            raise DefinitionError("true or false is wanted", where=f"{where}: {key}")
    settings = body.get("settings") or {}
    if not isinstance(settings, dict):
        raise DefinitionError("a mapping of settings is wanted", where=f"{where}: settings")
    if settings and registry.find(channel) is None:
        raise DefinitionError(f"nothing is installed for {channel}, so it has no settings", where=f"{where}: settings")
    if settings:
        for key, message in check_settings(settings, registry.channel(channel).manifest):
            raise DefinitionError(message, where=f"{where}: settings.{key}")
    parse_options(body.get("mapping"), standard, where)


def _texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for pair in value.items() for text in pair)


def export(workspace: Workspace, root: Path) -> list[Path]:
    """Write every current definition as a YAML file, lists with the files of their entries. Returns the YAML files.

    Snapshots are left out: no file makes them.
    """
    written = []
    for kind, folder in FOLDERS.items():
        for definition in workspace.definitions.current(kind):
            body = exported(definition.body, workspace.root, root) if kind == "list" else definition.body
            if body is None:
                continue
            path = root / folder / f"{definition.name}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            text = yaml.safe_dump(body, allow_unicode=True, sort_keys=False, width=110)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def _read_file(kind: str, path: Path, root: Path) -> Iterator[tuple[str, dict[str, Any], str]]:
    where = str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
    try:
        documents = load_all(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DefinitionError(f"not readable as YAML: {error}", where=where) from error
    number = 0
    for document in documents:
        for body in document if isinstance(document, list) else [document]:
            number += 1
            place = where if number == 1 else f"{where} [{number}]"
            if body is None:
                continue
            if not isinstance(body, dict):
                raise DefinitionError(f"a {kind} is written as a mapping", where=place)
            name = path.stem if kind == "standard" else body.get(kind)
            if not isinstance(name, str) or not name:
                raise DefinitionError(f"the name is missing: write `{kind}: its_name`", where=place)
            # YAML reads dates as objects.
            plain = with_files(body, root) if kind == "tag" else plain_data(body) if kind in PLAIN else body
            yield name, with_digest(plain, root, place) if kind == "list" else plain, place


def _comparable(kind: str, current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A touchpoint's write key is given by the workspace; a file that does not name one keeps it."""
    body = dict(current)
    if kind == "touchpoint" and "write_key" not in wanted:
        body.pop("write_key", None)
    return body
