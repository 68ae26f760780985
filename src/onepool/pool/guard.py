"""Which SQL a person may run: one SELECT over the analysts' views, and nothing that reaches beyond them.

The text is parsed, checked node by node against what is allowed, and what runs is written anew from the checked tree:
a text that this parser and the engine would read differently never gets to the engine. The engine itself is closed
as well (no files, no extensions, no settings).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from onepool.errors import OnePoolError
from onepool.pool.engine import quote
from onepool.pool.views import SCHEMA, VIEWS

LONGEST = 100_000
Select: TypeAlias = exp.Select | exp.SetOperation
_CTE_PREFIX = "q_"

# Scalar and aggregate functions that the parser has no type for and that only compute from their arguments.
_PLAIN_FUNCTION = re.compile(
    r"(abs|ceil|floor|round|sign|sqrt|cbrt|exp|ln|log|log2|log10|pow|power|mod|fmod|gcd|lcm|greatest|least|even|trunc"
    r"|isnan|isinf|isfinite|hash|md5|sha1|sha256|nullif|ifnull|coalesce|if|try|typeof|alias"
    r"|(list|array|map|struct|string|regexp|date|time|epoch|json|str|bit|bool|approx|quantile|regr|var|stddev|covar)"
    r"(_[a-z0-9_]+)?"
    r"|lower|upper|trim|ltrim|rtrim|lpad|rpad|left|right|length|strlen|substr|substring|replace|repeat|reverse|split"
    r"|split_part|contains|starts_with|ends_with|prefix|suffix|position|instr|concat|concat_ws|format|printf|translate"
    r"|ascii|chr|ord|unicode|levenshtein|jaccard|jaro_similarity|jaro_winkler_similarity|hamming|damerau_levenshtein"
    r"|unaccent|strip_accents|nfc_normalize|to_[a-z0-9]+|make_[a-z]+|extract|year|quarter|month|week|day|dayofweek"
    r"|dayofmonth|dayofyear|isodow|isoyear|weekday|weekofyear|yearweek|hour|minute|second|millisecond|microsecond"
    r"|monthname|dayname|last_day|age|strftime|strptime|try_strptime|timezone|century|decade|era|julian"
    r"|count|count_star|count_if|sum|sum_no_overflow|fsum|kahan_sum|avg|mean|min|max|min_by|max_by|arg_min|arg_max"
    r"|arg_min_null|arg_max_null|any_value|first|last|median|mode|mad|skewness|kurtosis|kurtosis_pop|entropy|product"
    r"|histogram|group_concat|listagg|corr|bitstring_agg|reservoir_quantile|favg|sem|geomean|geometric_mean|weighted_avg"
    r"|row_number|rank|dense_rank|percent_rank|cume_dist|ntile|lag|lead|first_value|last_value|nth_value|fill"
    r"|now|today|range|generate_series|unnest|flatten|len|cardinality|element_at|row|row_to_json|cast_to_type|grouping"
    r"|isodate|width_bucket|equi_width_bins|url_encode|url_decode|base64|from_base64|hex|unhex|bin|unbin)"
)
# Functions inside the families above that do more than compute.
_NOT_PLAIN = frozenset(
    {"json_execute_serialized_sql", "json_serialize_plan", "json_serialize_sql", "json_deserialize_sql"}
)
_FORBIDDEN: tuple[type[exp.Expr], ...] = (
    exp.DML,
    exp.DDL,
    exp.Command,
    exp.Into,
    exp.Lock,
    exp.Placeholder,
    exp.Parameter,
    exp.SessionParameter,
    exp.ReadCSV,
    exp.ReadParquet,
    exp.Pragma,
    exp.Set,
    exp.Use,
    exp.Attach,
    exp.Detach,
    exp.Copy,
    exp.Kill,
    exp.Describe,
    exp.Summarize,
    exp.Show,
    exp.Transaction,
    exp.Commit,
    exp.Rollback,
)


class QueryRefused(OnePoolError):
    """A query that may not run, and why."""

    code = "query-refused"


@dataclass(frozen=True, slots=True)
class CheckedQuery:
    """A query that passed; only `check` makes it. `tree` reads from the analysts' schema."""

    tree: Select


def check(sql: str, dialect: str, bound: frozenset[str] = frozenset()) -> CheckedQuery:
    """The query if it may run. `bound`: names that may stand in it as `:name`, and are bound by whoever runs it.

    Raises QueryRefused saying what is wrong with it.
    """
    if len(sql) > LONGEST:
        raise QueryRefused(f"the query is longer than {LONGEST} characters")
    try:
        tree = _parse(sql, dialect)
        _check_nodes(tree, bound)
        return CheckedQuery(_to_views(tree))
    except RecursionError as error:
        raise QueryRefused("the query is nested too deeply") from error


def _parse(sql: str, dialect: str) -> Select:
    try:
        statements = [statement for statement in sqlglot.parse(sql, read=dialect) if statement is not None]
    except SqlglotError as error:
        raise QueryRefused(f"this is not SQL as OnePool reads it: {_first_line(error)}", code="query-syntax") from error
    if len(statements) != 1:
        raise QueryRefused("give exactly one SELECT", hint="without further statements behind a semicolon")
    tree = statements[0]
    while isinstance(tree, exp.Subquery) and tree.alias == "" and not tree.args.get("with_"):
        inner = tree.this
        if any(value for key, value in tree.args.items() if key != "this" and value):
            break
        tree = inner
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise QueryRefused("only SELECT may run", hint="the pool is read-only")
    return tree


def _check_nodes(tree: Select, bound: frozenset[str]) -> None:
    for node in tree.walk():
        if isinstance(node, exp.Placeholder) and node.name in bound:
            continue
        if isinstance(node, _FORBIDDEN):
            raise QueryRefused(
                f"{type(node).__name__.upper()} may not be used", hint="only SELECT over the views may run"
            )
        if isinstance(node, exp.Table):
            _check_table(node)
        elif isinstance(node, exp.Dot) and isinstance(node.expression, exp.Func):
            # schema.function(…) and value.function(…): the latter has a plain spelling.
            raise QueryRefused("write functions as name(value)", where=_short(node))
        elif isinstance(node, exp.Anonymous):
            _check_function(node.name, node)
        elif isinstance(node, exp.Func) and not isinstance(node, exp.Connector | exp.Predicate):
            _check_typed_function(node)


def _check_table(table: exp.Table) -> None:
    if not isinstance(table.this, exp.Identifier):
        raise QueryRefused("table functions may not be used", where=_short(table), hint="read from the views only")
    if table.catalog or (table.db and table.db.lower() != SCHEMA):
        raise QueryRefused("only the views may be read", where=_short(table), hint=f"they are: {', '.join(VIEWS)}")


def _check_function(name: str, node: exp.Expr) -> None:
    lower = name.lower()
    if lower in _NOT_PLAIN or not _PLAIN_FUNCTION.fullmatch(lower):
        raise QueryRefused(f"the function {name} may not be used", where=_short(node))


# Typed functions that tell of the server or the session, differ from call to call, or belong to other systems.
_TYPED_FORBIDDEN = re.compile(
    r"session.*|user|version|database|schema|nextval|next_value_for|get_.*|read_.*|setseed|sleep|rand.*|uuid|xml.*"
    r"|predict|ai_.*|generate_.*embedding.*|ml_.*|decrypt.*|encrypt.*|compress.*|decompress.*|load.*|host"
)
_CURRENT_TIME = frozenset({"current_date", "current_time", "current_timestamp", "current_datetime"})


def _check_typed_function(node: exp.Func) -> None:
    for name in (one.lower() for one in type(node).sql_names()):
        about_session = name.startswith("current") and name not in _CURRENT_TIME
        if about_session or _TYPED_FORBIDDEN.fullmatch(name):
            raise QueryRefused(f"the function {name} may not be used", where=_short(node))


def _to_views(tree: Select) -> Select:
    """Names of views point into the analysts' schema; names of WITH get a prefix that no table has.

    So a name that is out of its scope can never fall through to a table behind the views.
    """
    tree = tree.copy()
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for cte in list(tree.find_all(exp.CTE)):
        alias = cte.args["alias"]
        alias.set("this", exp.to_identifier(_CTE_PREFIX + cte.alias.lower(), quoted=True))
    for table in list(tree.find_all(exp.Table)):
        name = table.name.lower()
        if not table.db and name in named:
            target = exp.to_identifier(_CTE_PREFIX + name, quoted=True)
        elif name in VIEWS:
            target = exp.to_identifier(name, quoted=True)
            table.set("db", exp.to_identifier(SCHEMA, quoted=True))
        else:
            raise QueryRefused(
                f"there is no view {quote(table.name)}", where=_short(table), hint=f"the views are: {', '.join(VIEWS)}"
            )
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.name, quoted=True)))
        table.set("this", target)
    return tree


def _short(node: exp.Expr) -> str:
    return node.sql("duckdb")[:120]


def _first_line(error: Exception) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    return text.splitlines()[0][:300] if text else "unreadable"
