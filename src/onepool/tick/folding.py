"""Facts that change a value instead of giving one: what holds after each of them.

Such a fact (table `attribute_facts`, column `change`) is `once` (the value, where there is none), `add` (a number) or
`append` (texts to a list); `operand` keeps what it said. Its `value` is what holds after it, of all that is known of
the customer by then, in the order of (time, seq). So everybody else reads facts as ever: the latest value counts, at
any instant. Joined, split and late facts change what holds after others, so all of a changed customer's are worked out
anew.

A number added to what is no number, and texts appended to what is no list, change nothing. Numbers are exact with nine
decimal places; lists keep the first place of equal texts and, once they grow, at most `MOST_TEXTS` of them.
"""

from __future__ import annotations

from typing import Final

from onepool.pool import Session

MOST_TEXTS: Final = 500
"""Texts of a list that grows by appending; those after are dropped (the limit of the Sensors platform)."""

_NUMBER = r"-?[0-9]{1,18}(\.[0-9]{1,20})?([eE]-[0-9]{1,2})?"

_FOLD = f"""CREATE OR REPLACE TEMP TABLE folded AS
WITH concerned AS (
    SELECT DISTINCT c.customer_id, f.attribute FROM attribute_facts f
    JOIN customer_of c ON c.identifier_id = f.identifier_id
    SEMI JOIN _changed x ON x.customer_id = c.customer_id WHERE f.change IS NOT NULL),
said AS (
    SELECT c.customer_id, f.attribute, f.time, f.seq, f.value, f.change, f.operand,
        count(*) FILTER (f.change IS NULL) OVER (
            PARTITION BY c.customer_id, f.attribute ORDER BY f.time, f.seq ROWS UNBOUNDED PRECEDING) AS part
    FROM attribute_facts f JOIN customer_of c ON c.identifier_id = f.identifier_id
    SEMI JOIN concerned k ON k.customer_id = c.customer_id AND k.attribute = f.attribute),
begun AS (
    SELECT *, row_number() OVER said_since AS place,
        first_value(CASE WHEN change IS NULL THEN value END) OVER said_since AS given,
        part > 0 AND first_value(value) OVER said_since IS NOT NULL AS has_value
    FROM said
    WINDOW said_since AS (PARTITION BY customer_id, attribute, part ORDER BY time, seq ROWS UNBOUNDED PRECEDING)),
started AS (
    SELECT *, coalesce(given, first_value(operand IGNORE NULLS) OVER since) AS start,
        change IS NOT NULL AND NOT (NOT has_value AND place = CASE WHEN part = 0 THEN 1 ELSE 2 END) AS counts
    FROM begun
    WINDOW since AS (PARTITION BY customer_id, attribute, part ORDER BY place ROWS UNBOUNDED PRECEDING)),
kinds AS (
    SELECT *,
        CASE WHEN regexp_full_match(start, '{_NUMBER}') THEN TRY_CAST(start AS DECIMAL(38, 9)) END AS number,
        CASE WHEN start LIKE '[%' AND json_valid(start)
            THEN from_json(start, '["VARCHAR"]')[:{MOST_TEXTS}] END AS texts
    FROM started),
appended AS (
    SELECT customer_id, attribute, part, place, texts,
        unnest(from_json(operand, '["VARCHAR"]')) AS word,
        generate_subscripts(from_json(operand, '["VARCHAR"]'), 1) AS nth
    FROM kinds WHERE counts AND change = 'append' AND texts IS NOT NULL),
firsts AS (
    SELECT customer_id, attribute, part, place, word, nth FROM appended WHERE NOT list_contains(texts, word)
    QUALIFY row_number() OVER (PARTITION BY customer_id, attribute, part, word ORDER BY place, nth) = 1),
grown AS (
    SELECT customer_id, attribute, part, list(word ORDER BY place, nth)[:{MOST_TEXTS}] AS texts
    FROM firsts GROUP BY customer_id, attribute, part),
steps AS (SELECT customer_id, attribute, part, place, count(*) AS texts FROM firsts GROUP BY ALL),
running AS (
    SELECT k.*, sum(CASE WHEN counts AND change = 'add' THEN operand::DECIMAL(38, 9) END) OVER since AS added,
        sum(s.texts) OVER since AS longer, g.texts AS all_appended
    FROM kinds k
    LEFT JOIN grown g ON g.customer_id = k.customer_id AND g.attribute = k.attribute AND g.part = k.part
    LEFT JOIN steps s ON s.customer_id = k.customer_id AND s.attribute = k.attribute AND s.part = k.part
        AND s.place = k.place
    WINDOW since AS (
        PARTITION BY k.customer_id, k.attribute, k.part ORDER BY k.place ROWS UNBOUNDED PRECEDING))
SELECT seq, attribute, CASE
    WHEN number IS NOT NULL AND added IS NOT NULL
        THEN CASE WHEN number + added = 0 THEN '0' ELSE rtrim(rtrim((number + added)::VARCHAR, '0'), '.') END
    WHEN longer > 0 THEN to_json((list_filter(texts, lambda word, nth: list_position(texts, word) = nth)
        || all_appended[:longer::BIGINT])[:{MOST_TEXTS}])::VARCHAR
    ELSE start END AS value
FROM running WHERE change IS NOT NULL"""


def fold(session: Session) -> None:
    """Give the facts that change a value what holds after them, for the customers in relation `_changed`."""
    some = session.query("SELECT 1 AS one FROM attribute_facts WHERE change IS NOT NULL LIMIT 1")
    if some.num_rows == 0:
        return
    session.execute(_FOLD)
    session.execute(
        """UPDATE attribute_facts SET value = f.value FROM folded f
        WHERE attribute_facts.seq = f.seq AND attribute_facts.attribute = f.attribute
            AND attribute_facts.change IS NOT NULL AND attribute_facts.value IS DISTINCT FROM f.value"""
    )
    session.execute("DROP TABLE folded")
