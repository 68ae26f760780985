"""One pass over the attribute facts and one over the tag values that conditions name."""

from __future__ import annotations

from sqlglot import exp

from onepool.audience.conditions.compiler.behaviour import LeafSql
from onepool.audience.conditions.compiler.predicates import Reader, relative_tests, typed
from onepool.audience.conditions.compiler.scope import Scope, table
from onepool.audience.conditions.compiler.sql import (
    E,
    both,
    certain,
    col,
    filtered,
    fn,
    instant,
    micros,
    named,
    number,
    order_key,
    paren,
)
from onepool.audience.conditions.model import AttributeLeaf, TagLeaf

_TAG_COLUMNS = {"text": ("value", "VARCHAR"), "number": ("number", "DOUBLE"), "list": ("list", "VARCHAR[]")}


class FactPass:
    """The latest value of each attribute up to the instant."""

    def __init__(self, reader: Reader, scope: Scope) -> None:
        self.reader = reader
        self.scope = scope
        self._columns: dict[str, str] = {}

    def value(self, attribute: str) -> exp.Column:
        """Its canonical text per customer."""
        return col(self._columns.setdefault(attribute, f"a{len(self._columns) + 1}"))

    def typed_value(self, attribute: str) -> E:
        """It as a value of the attribute's type."""
        return typed(self.value(attribute), str(self.reader.ctx.names.attributes[attribute]))

    def leaf(self, leaf: AttributeLeaf) -> LeafSql:
        sql_type = str(self.reader.ctx.names.attributes[leaf.attribute])
        value = self.typed_value(leaf.attribute)
        level = self.reader.ctx.names.levels.get(f"attribute:{leaf.attribute}")
        found = LeafSql(certain(self.reader.tests(value, sql_type, leaf, level)), figure=self.value(leaf.attribute))
        for test, operand in relative_tests(leaf):
            found.turns += self.reader.turns(value, sql_type, test, operand)
        found.turns.append(micros(col("facts_ahead")))
        if len(found.turns) == 1:
            found.later = found.later_not = exp.Not(this=exp.Is(this=found.turns[0], expression=exp.null()))
        return found

    def attributes(self) -> dict[str, str]:
        """Column -> attribute."""
        return {name: attribute for attribute, name in self._columns.items()}

    def texts(self) -> dict[str, str]:
        """Column -> attribute, of those whose values are texts."""
        known = self.reader.ctx.names.attributes
        return {name: one for name, one in self.attributes().items() if str(known[one]) == "VARCHAR"}

    def steps(self) -> list[tuple[str, exp.Query]]:
        if not self._columns:
            return []
        known = exp.LTE(this=col("time"), expression=instant(self.reader.at))
        measures = []
        for attribute, name in self._columns.items():
            same = exp.EQ(this=col("attribute"), expression=self.reader.params.text(attribute))
            # A fact without a value says that there is no longer one: it must win over older facts, hence arg_max_null.
            latest = fn("arg_max_null", col("value"), order_key(col("time"), col("seq")))
            measures.append(named(filtered(latest, both(same, known)), name))
        ahead = filtered(exp.Min(this=col("time")), exp.Not(this=paren(known.copy())))
        wanted = [self.reader.params.text(attribute) for attribute in self._columns]
        query = (
            exp.select(col("customer_id"), *measures, named(ahead, "facts_ahead"))
            .from_(table("attribute_facts"))
            .join(table(self.scope.owners), using=["identifier_id"])
            .where(exp.In(this=col("attribute"), expressions=wanted))
            .group_by(col("customer_id"))
        )
        return [(self.names()[0], query)]

    def names(self) -> list[str]:
        """Names of the steps."""
        return ["attributes"] if self._columns else []


def tag_past(at: int) -> exp.Subquery:
    """What is known of tags up to an instant: (customer_id, tag, value, number, list, as_of, change_id).

    Of a tag that was computed for all before, that run is the beginning: changes before it count no more.
    """
    columns = [col(name) for name in ("customer_id", "tag", "value", "number", "list", "as_of")]
    before = exp.LTE(this=col("as_of"), expression=instant(at))
    latest = exp.select(col("tag"), named(exp.Max(this=col("as_of")), "began"))
    latest = latest.from_(table("tag_partitions")).where(before.copy()).group_by(col("tag"))
    ran = exp.select(*columns, named(number(-1), "change_id")).from_(table("tag_partitions")).where(before.copy())
    changed = exp.select(*columns, col("change_id")).from_(table("tag_changes")).where(before)
    since = exp.GTE(this=col("as_of"), expression=exp.func("COALESCE", col("began"), col("as_of")))
    both_of = exp.union(changed, ran, distinct=False).subquery("told")
    return (
        exp.select(exp.Star())
        .from_(both_of)
        .join(latest.subquery("runs"), using=["tag"], join_type="left")
        .where(since)
        .subquery("past")
    )


class TagPass:
    """The values of tags: as they are now, or as they were at the instant (`Context.past_tags`)."""

    def __init__(self, reader: Reader, scope: Scope) -> None:
        self.reader = reader
        self.scope = scope
        self._columns: dict[str, str] = {}

    def leaf(self, leaf: TagLeaf) -> LeafSql:
        column, sql_type = _TAG_COLUMNS[self.reader.ctx.names.tags[leaf.tag].type]
        value = col(f"{self._columns.setdefault(leaf.tag, f't{len(self._columns) + 1}')}_{column}")
        never = exp.false()
        return LeafSql(certain(self.reader.tests(value, sql_type, leaf)), figure=value, later=never, later_not=never)

    def steps(self) -> list[tuple[str, exp.Query]]:
        if not self._columns:
            return []
        past = self.reader.ctx.past_tags
        measures = []
        for tag, name in self._columns.items():
            same: E = exp.EQ(this=col("tag"), expression=self.reader.params.text(tag))
            if past:
                same = both(same, exp.LTE(this=col("as_of"), expression=instant(self.reader.at)))
            column = _TAG_COLUMNS[self.reader.ctx.names.tags[tag].type][0]
            value = (
                fn("arg_max_null", col(column), order_key(col("as_of"), col("change_id")))
                if past
                else fn("any_value", col(column))
            )
            measures.append(named(filtered(value, same), f"{name}_{column}"))
        wanted = [self.reader.params.text(tag) for tag in self._columns]
        query = (
            exp.select(col("customer_id"), *measures)
            .from_(tag_past(self.reader.at) if past else table("tag_values"))
            .where(exp.In(this=col("tag"), expressions=wanted))
            .group_by(col("customer_id"))
        )
        if not self.scope.everyone:
            asked = exp.select(col("customer_id")).from_(table("customers"))
            query = query.where(exp.In(this=col("customer_id"), query=asked.subquery()))
        return [(self.names()[0], query)]

    def names(self) -> list[str]:
        """Names of the steps."""
        return ["tags"] if self._columns else []
