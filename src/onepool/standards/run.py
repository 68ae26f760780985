"""One run of standardising: things are sorted by what they are and read together, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec.structs import asdict

from onepool.channels.base.items import Change
from onepool.clock import to_micros
from onepool.collect.inbound import Broken, Item, decode
from onepool.collect.log import Record
from onepool.standards.asked import Asked
from onepool.standards.assemble import Assembler
from onepool.standards.batch import Batch, Touchpoint
from onepool.standards.columns import micros
from onepool.standards.errors import StandardError
from onepool.standards.faults import MOST_IDENTIFIERS, MOST_MEETINGS, WIDE, Fault
from onepool.standards.fields import FieldReader, Fields, Read, Source, Things
from onepool.standards.gathered import SEQ_BITS, Carried, Gathered, Key
from onepool.standards.guard import deep
from onepool.standards.model import FieldType
from onepool.standards.names import loose
from onepool.standards.options import NO_OPTIONS, Options, parse_options
from onepool.standards.persons import PersonReader, Persons
from onepool.standards.settings import StandardSettings
from onepool.standards.standard import Standard

_EARLIEST: Final = 631_152_000_000_000  # 1990-01-01: before it there is no time of an event, only a broken clock
_LONGEST_NAME: Final = 128
_HOUR: Final = 3_600_000_000

Stamps: TypeAlias = Sequence[Any] | pa.ChunkedArray
"""Times as written by the sender."""


class Run:
    """One call: positions are places in `items`, over all records, until rows are numbered at the end."""

    def __init__(
        self,
        standard: Standard,
        settings: StandardSettings,
        touchpoints: Mapping[str, Touchpoint],
        asked: Asked | None = None,
    ) -> None:
        """`asked`: what the caller will take; see `standardise`."""
        self.asked = asked
        self.standard = standard
        self.settings = settings
        self.touchpoints = touchpoints
        self.items: Sequence[Item] = ()
        self.carried: Carried | None = None
        self.record_of: list[int] = []
        self.broken: list[tuple[int, Broken]] = []
        self.faults: dict[int, tuple[str, Fault]] = {}
        self.names: list[str] = []
        self.unknown: set[int] = set()
        self.unread: set[int] = set()  # what must not be looked into
        self._misled: dict[str, str] = {}
        self.groups: dict[Key, list[int]] = {}
        self._options: dict[str, Options] = {}

    def run(self, records: Sequence[Record]) -> Batch:
        self.records = records
        self._decode()
        self.touchpoint_of = [records[number].touchpoint for number in self.record_of]
        self._group()
        self._times()
        self._persons()
        reads = [(key, members, self._read(key, members)) for key, members in self.groups.items()]
        self._identified()
        gathered = Gathered(
            standard=self.standard,
            settings=self.settings,
            touchpoints=self.touchpoints,
            records=records,
            record_of=self.record_of,
            items=self.items,
            kinds=self._kinds(),
            message_ids=self._message_ids(),
            numbers=self._numbers(),
            touchpoint_of=self.touchpoint_of,
            names=self.names,
            time=self.time,
            received=self.received,
            broken=self.broken,
            faults=self.faults,
            unknown=self.unknown,
            persons=self.persons,
            carried=self.carried,
            reads=reads,
        )
        return Assembler(gathered).batch()

    def _decode(self) -> None:
        """What the records hold, and of which record it is."""
        items: list[Item] = []
        for number, record in enumerate(self.records):
            decoded = decode(record)
            items += decoded.items
            self.record_of += [number] * len(decoded.items)
            self.broken += [(number, broken) for broken in decoded.broken]
        self.items = items

    def _kinds(self) -> Sequence[str]:
        return [item.kind for item in self.items]

    def _message_ids(self) -> Sequence[str | None]:
        return [item.message_id for item in self.items]

    def _numbers(self) -> npt.NDArray[np.int64]:
        return np.array([item.item for item in self.items], np.int64)

    def _stamps(self, places: Sequence[int]) -> tuple[Stamps, Stamps]:
        """When things happened, and when they were sent, by the sender's clock."""
        return [self.items[at].time for at in places], [self.items[at].sent_at for at in places]

    def _group(self) -> None:
        """Sorts things by what they are: kind, standard name, and the options under which they are read."""
        known: dict[tuple[str, str, str], tuple[str, bool, list[int]]] = {}
        for at, item in enumerate(self.items):
            sent = (self.touchpoint_of[at], item.kind, item.name)
            found = known.get(sent)
            if found is None:
                found = known[sent] = self._grouped(*sent)
            name, understood, members = found
            self.names.append(name)
            if deep(item.fields) or deep(item.traits):
                self.faults[at] = ("fields", Fault("value.depth"))
                self.unread.add(at)
            elif sent[0] in self._misled:
                self.faults[at] = ("touchpoint", Fault("touchpoint.mapping", problem=self._misled[sent[0]]))
                self.unread.add(at)
            elif understood:
                members.append(at)
            elif item.kind == "object":
                self.faults[at] = ("name", Fault("object.unknown", item.name))
            else:
                members.append(at)
                self._not_understood([at], item.name)

    def _not_understood(self, places: Sequence[int], name: str) -> None:
        """Events that the standard doesn't know: kept as they are, or refused."""
        self.unknown.update(places)
        if self.settings.unknown_events == "refuse" or len(name) > _LONGEST_NAME:
            self.faults.update((at, ("name", Fault("event.unknown", name))) for at in places)

    def _grouped(self, touchpoint: str, kind: str, sent: str) -> tuple[str, bool, list[int]]:
        """Standard name of what was sent, whether it has one, and the group it goes to."""
        options = self._options_of(touchpoint)
        name, understood = self._name(kind, sent, options)
        if kind == "object" and not understood:
            return name, False, []
        return name, understood, self.groups.setdefault((kind, name, options), [])

    def _options_of(self, touchpoint: str) -> Options:
        options = self._options.get(touchpoint)
        if options is None:
            known = self.touchpoints.get(touchpoint)
            parsed = NO_OPTIONS
            if known is not None:
                try:
                    parsed = parse_options(known.mapping, self.standard, touchpoint)
                except StandardError as error:
                    self._misled[touchpoint] = error.problems[0]
            # Equal options are one object, so that their things are read together.
            options = next((other for other in self._options.values() if asdict(other) == asdict(parsed)), parsed)
            self._options[touchpoint] = options
        return options

    def _name(self, kind: str, sent: str, options: Options) -> tuple[str, bool]:
        """The standard's name for what was sent, and whether it has one."""
        if kind == "event":
            mapped = options.event_of.get(loose(sent))
            event = self.standard.events.get(mapped) if mapped else self.standard.event_named(sent)
            return (event.name, True) if event is not None else (sent.replace("\0", "").strip(), False)
        if kind == "object":
            found = self.standard.object_named(sent)
            return (found.name, True) if found is not None else (sent, False)
        return kind, True

    def _times(self) -> None:
        """Event times in UTC, the sender's clock set right: received - (sent - stamped)."""
        received = np.array([to_micros(record.received_at) for record in self.records], np.int64)
        count = len(self.items)
        self.received: npt.NDArray[np.int64] = received[self.record_of] if count else np.zeros(0, np.int64)
        self.time = self.received.copy()
        for options, places in self._by_options().items():
            reader = FieldReader(self.standard, self.settings, options)
            times, sent_at = self._stamps(places)
            stamped, faults = micros(times, reader.zone, excel=options.excel_dates)
            for number, fault in faults.items():
                self.faults.setdefault(places[number], ("time", fault))
            sent, _ = micros(sent_at, reader.zone, excel=False)
            where = np.array(places, np.int64)
            given = stamped.is_valid().to_numpy(zero_copy_only=False)
            corrected = stamped.fill_null(0).to_numpy() + np.where(
                sent.is_valid().to_numpy(zero_copy_only=False), self.received[where] - sent.fill_null(0).to_numpy(), 0
            )
            self.time[where[given]] = corrected[given]
        limit = self.received + self.settings.future_hours * _HOUR
        for at in np.flatnonzero(self.time > limit).tolist():
            self.faults.setdefault(at, ("time", Fault("time.future")))
            self.time[at] = self.received[at]
        for at in np.flatnonzero(self.time < _EARLIEST).tolist():
            self.faults.setdefault(at, ("time", Fault("time.past")))
            self.time[at] = self.received[at]

    def _by_options(self) -> dict[Options, list[int]]:
        """Positions of things by the options under which they are read."""
        found: dict[Options, list[int]] = {}
        by_touchpoint = {
            name: found.setdefault(self._options_of(name), []) for name in dict.fromkeys(self.touchpoint_of)
        }
        if len(found) == 1:
            next(iter(found.values())).extend(range(len(self.items)))
        else:
            for at, touchpoint in enumerate(self.touchpoint_of):
                by_touchpoint[touchpoint].append(at)
        return found

    def _persons(self) -> None:
        """Identifiers and attributes, per set of options."""
        self.persons = Persons()
        self.scopes = {
            name: known.scopes if (known := self.touchpoints.get(name)) is not None else {}
            for name in dict.fromkeys(self.touchpoint_of)
        }
        self.readers: dict[Options, PersonReader] = {}
        ids = [item.ids for item in self.items]
        for options, places in self._by_options().items():
            reader = self.readers[options] = PersonReader(self.standard, self.settings, options)
            reader.sent(self.persons, places, ids, self.scopes, self.touchpoint_of)
            told = [
                at
                for at in places
                if (self.items[at].traits or self.items[at].kind == "profile") and at not in self.unread
            ]
            if told:
                for change, places_ in self._by_change(told).items():
                    traits = [self._traits(self.items[at]) for at in places_]
                    reader.traits(self.persons, places_, traits, self.scopes, self.touchpoint_of, change)

    def _by_change(self, places: Sequence[int]) -> dict[Change, list[int]]:
        """Positions of things by what they do with a person's values."""
        found: dict[Change, list[int]] = {}
        for at in places:
            found.setdefault(self.items[at].change, []).append(at)
        return found

    @staticmethod
    def _traits(item: Item) -> Fields:
        """A profile says all it says of the person, in whichever part of it."""
        return {**item.fields, **item.traits} if item.kind == "profile" else item.traits

    def _read(self, key: Key, members: Sequence[int]) -> Read:
        """Fields of the things of one group; the faults found."""
        kind, name, options = key
        if kind not in ("event", "object"):
            return Read()
        reader = FieldReader(self.standard, self.settings, options)
        required: tuple[str, ...] = ()
        if kind == "object":
            declared = self.standard.objects[name]
            read = reader.read(self._things(members), (declared.id, *declared.fields), declared.aliases)
            required = (declared.id, *declared.required)
        elif (event := self.standard.events.get(name)) is not None:
            things = self._things(members, in_context=True)
            read = reader.read(things, self.standard.event_fields(name), event.aliases)
            required = event.required
            self._identifying(read, members, options)
        else:
            read = reader.read(self._things(members), self.standard.secret, {})
        for place, fault in sorted(read.faults.items()):
            self.faults.setdefault(members[place], fault)
        for wanted in required:
            column = read.typed.get(wanted)
            if column is not None and column.array.null_count == 0:
                continue
            rule = "object.id" if kind == "object" and wanted == self.standard.objects[name].id else "required"
            for place, at in enumerate(members):
                if rule == "required" and self.items[at].change == "delete":
                    continue
                if column is None or column.json[place] is None:
                    self.faults.setdefault(at, (wanted, Fault(rule, field=wanted)))
        return read

    def _things(self, members: Sequence[int], *, in_context: bool = False) -> Source:
        """The fields of some things."""
        contexts = [self.items[at].context for at in members] if in_context else ()
        return Things([self.items[at].fields for at in members], contexts)

    def _identifying(self, read: Read, members: Sequence[int], options: Options) -> None:
        """Fields that name the person (a form's phone), and those that the touchpoint's mapping says do."""
        person = self.readers[options]
        for name, column in read.typed.items():
            kind = self.standard.fields[name].identifier
            if kind is None:
                continue
            for place, value in enumerate(column.json):
                at = members[place]
                if value is not None and self.standard.fields[name].type is FieldType.ID_CARD:
                    self.persons.ids.append((at, kind, "", value))  # the field holds its digest already
                elif value is not None:
                    person.identify(
                        self.persons, at, kind, "", value, self.scopes[self.touchpoint_of[at]], self.touchpoint_of[at]
                    )
        for sent, (kind, scope) in ((name, options.identifier_of[loose(name)]) for name in options.identifiers):
            for at in members:
                value = self.items[at].fields.get(sent)
                if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                    person.identify(
                        self.persons,
                        at,
                        kind,
                        scope,
                        str(value),
                        self.scopes[self.touchpoint_of[at]],
                        self.touchpoint_of[at],
                    )

    def _crowded(self, count: npt.NDArray[np.int64]) -> list[int]:
        """Wide items that come after a record has made more work than one may, by what of it is asked for."""
        taken = np.where(count <= MOST_IDENTIFIERS, count, 0)
        record = np.asarray(self.record_of, np.int64)
        if self.asked is not None and record.size:
            offsets = np.array([one.offset for one in self.records], np.int64)
            taken[~self.asked.among(offsets[record] << SEQ_BITS | self._numbers())] = 0
        wide = np.flatnonzero(taken > WIDE)
        if wide.size == 0:
            return []
        meetings = np.cumsum(taken * taken)
        first = np.searchsorted(record, record[wide])
        before = np.where(first > 0, meetings[first - 1], 0)
        found: list[int] = wide[meetings[wide] - before > MOST_MEETINGS].tolist()
        return found

    def _identified(self) -> None:
        """What is about a person must say about whom."""
        for at, fault in self.persons.faults.items():
            self.faults.setdefault(at, fault)
        of = self.carried
        place = [one[0] for one in dict.fromkeys(self.persons.ids)] if of is None else of.place
        count = np.bincount(np.asarray(place, np.int64), minlength=len(self.items))
        kinds = self._kinds()
        for at in np.flatnonzero(count > MOST_IDENTIFIERS).tolist():
            if kinds[at] != "object":
                self.faults.setdefault(at, ("ids", Fault("identifier.many", count=str(count[at]))))
        for at in self._crowded(count):
            if kinds[at] != "object":
                self.faults.setdefault(at, ("ids", Fault("identifier.crowded")))
        for at in np.flatnonzero(count < 2).tolist():
            kind = kinds[at]
            if count[at] == 0 and kind != "object":
                self.faults.setdefault(at, ("ids", Fault("identifier.none")))
            elif count[at] == 1 and kind == "link":
                self.faults.setdefault(at, ("ids", Fault("identifier.single")))
