"""The tags and segments of a workspace, parsed, in the order in which they can be computed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from onepool.audience.conditions import Condition, ConditionError, Context, check
from onepool.audience.conditions.check import segments_of
from onepool.audience.conditions.moves.model import moves_named
from onepool.audience.definitions import parse_segment, workspace_names
from onepool.audience.lists.definition import lists_named
from onepool.audience.tags import TagDefinition, check_definition, needs_population, parse_tag, tags_used
from onepool.audience.tags.uses import conditions_in
from onepool.workspace import Workspace


@dataclass(frozen=True)
class Catalog:
    """Everything that is computed of customers.

    `tag_levels`: names in order; a tag uses only tags of earlier levels. `daily`: `tag:name` and `segment:name` of
    those that depend, perhaps through others, on a comparison with all customers. `hashes`: `tag:name` and
    `segment:name` -> hash of everything that decides the outcome. `problems`: definitions that can't be used (a field
    they name is gone, say), each with the reason; they are computed no more. `lists`: list -> `tag:name` and
    `segment:name` of those that ask for it, perhaps through others. `moves`: segment -> those that ask who came into
    it or left it, likewise.
    """

    tags: Mapping[str, TagDefinition]
    segments: Mapping[str, Condition]
    tag_levels: list[list[str]]
    daily: frozenset[str]
    hashes: Mapping[str, str]
    context: Context
    problems: Mapping[str, str]
    lists: Mapping[str, frozenset[str]]
    moves: Mapping[str, frozenset[str]]


def load_catalog(workspace: Workspace) -> Catalog:
    """Parse and order the current definitions. A broken one costs only itself and those that use it."""
    tag_bodies = {item.name: item for item in workspace.definitions.current("tag")}
    segment_bodies = {item.name: item for item in workspace.definitions.current("segment")}
    names = workspace_names(
        workspace.standard(),
        {name: item.body for name, item in tag_bodies.items()},
        {name: item.body for name, item in segment_bodies.items()},
        workspace.touchpoints().values(),
        kept_events(workspace),
        [item.body for item in workspace.definitions.current("list")],
    )
    problems: dict[str, str] = {}
    tags: dict[str, TagDefinition] = {}
    segments: dict[str, Condition] = {}
    for name, item in tag_bodies.items():
        try:
            tag = parse_tag(item.body)
            found = check_definition(tag, names)
            if found:
                raise ConditionError(found)
            tags[name] = tag
        except ConditionError as error:
            problems[f"tag:{name}"] = str(error)
    for name, item in segment_bodies.items():
        try:
            condition = parse_segment(item.body).when
            found = check(condition, names, name)
            if found:
                raise ConditionError(found)
            segments[name] = condition
        except ConditionError as error:
            problems[f"segment:{name}"] = str(error)
    uses = _uses(tags, segments)
    usable = _usable(uses, problems)
    settled = _Settled(uses)
    common = [workspace.standard().version, workspace.settings.time_zone, workspace.settings.currency]
    own = {f"tag:{name}": item.hash for name, item in tag_bodies.items()}
    own |= {f"segment:{name}": item.hash for name, item in segment_bodies.items()}
    bodies = {f"tag:{name}": item.body for name, item in tag_bodies.items()}
    bodies |= {f"segment:{name}": item.body for name, item in segment_bodies.items()}
    ways = repr(sorted(names.ways.items()))
    own = {key: digest + ways if _names_key(bodies[key], "reachable") else digest for key, digest in own.items()}
    compared = {f"tag:{name}" for name, tag in tags.items() if needs_population(tag)}
    return Catalog(
        tags={name: tag for name, tag in tags.items() if f"tag:{name}" in usable},
        segments={name: condition for name, condition in segments.items() if f"segment:{name}" in usable},
        tag_levels=_levels(sorted(name for name in tags if f"tag:{name}" in usable), settled),
        daily=frozenset(key for key in usable if compared & settled.of(key)),
        hashes={key: _digest([*common, *(own[used] for used in sorted(settled.of(key)))]) for key in sorted(usable)},
        context=Context(names, workspace.settings.time_zone, workspace.settings.currency),
        problems=problems,
        lists=_asking({key: frozenset(lists_named(body)) for key, body in bodies.items()}, usable, settled),
        moves=_asking({key: frozenset(moves_named(body)) for key, body in bodies.items()}, usable, settled),
    )


def _asking(
    named: Mapping[str, frozenset[str]], usable: frozenset[str], settled: _Settled
) -> dict[str, frozenset[str]]:
    """What is named -> the definitions that ask for it, directly or through others. `named`: what each names itself."""
    every = frozenset().union(*named.values())
    return {
        one: frozenset(key for key in usable if any(one in named[used] for used in settled.of(key))) for one in every
    }


def _names_key(body: object, key: str) -> bool:
    """Whether a mapping in it, at any depth, has the key."""
    if isinstance(body, Mapping):
        return key in body or any(_names_key(value, key) for value in body.values())
    return isinstance(body, list | tuple) and any(_names_key(value, key) for value in body)


def kept_events(workspace: Workspace) -> list[str]:
    """Events found in the pool though the data standard does not know them."""
    pool = workspace.pool
    exists = pool.query("SELECT 1 FROM information_schema.tables WHERE table_schema = 'main' AND table_name = 'intake'")
    if exists.num_rows == 0:
        return []
    found = pool.query("SELECT DISTINCT event FROM intake WHERE unknown > 0 ORDER BY event")
    names: list[str] = found.column("event").to_pylist()
    return names


class _Settled:
    """What each definition uses, directly or through others, itself included."""

    def __init__(self, uses: Mapping[str, frozenset[str]]) -> None:
        self._uses = uses
        self._known: dict[str, frozenset[str]] = {}

    def of(self, key: str) -> frozenset[str]:
        if key not in self._known:
            found = {key}
            waiting = [key]
            while waiting:
                for used in self._uses.get(waiting.pop(), frozenset()) - found:
                    found.add(used)
                    waiting.append(used)
            self._known[key] = frozenset(found)
        return self._known[key]


def _uses(tags: Mapping[str, TagDefinition], segments: Mapping[str, Condition]) -> dict[str, frozenset[str]]:
    """What each definition names directly: `tag:x`, `segment:y`."""
    uses: dict[str, frozenset[str]] = {}
    for name, tag in tags.items():
        own = {f"tag:{used}" for used in tags_used(tag)}
        uses[f"tag:{name}"] = frozenset(own).union(*(_named(condition) for _, condition in conditions_in(tag)))
    for name, condition in segments.items():
        uses[f"segment:{name}"] = _named(condition)
    return uses


def _named(condition: Condition) -> frozenset[str]:
    tags = {f"tag:{name}" for name in tags_used(condition)}
    return frozenset(tags | {f"segment:{name}" for _, name in segments_of(condition)})


def _usable(uses: Mapping[str, frozenset[str]], problems: dict[str, str]) -> frozenset[str]:
    """Definitions all of whose parts can be used; the others are added to the problems."""
    settled = _Settled(uses)
    usable = set()
    for key in uses:
        missing = sorted(used for used in settled.of(key) if used not in uses)
        if missing:
            problems.setdefault(key, f"uses what can't be used: {', '.join(missing)}")
        else:
            usable.add(key)
    return frozenset(usable)


def _levels(names: list[str], settled: _Settled) -> list[list[str]]:
    """Tags in order: each level uses only tags of the levels before."""
    levels: list[list[str]] = []
    done: set[str] = set()
    left = list(names)
    while left:
        level = [
            name
            for name in left
            if {used for used in settled.of(f"tag:{name}") if used.startswith("tag:")} <= done | {f"tag:{name}"}
        ]
        if not level:
            # A circle can't be saved; should one be there all the same, its tags are left out.
            break
        levels.append(level)
        done |= {f"tag:{name}" for name in level}
        left = [name for name in left if name not in level]
    return levels


def _digest(parts: list[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
