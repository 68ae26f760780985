/** Canonical conditions for property tests: what the language allows, as the server would store it. */
import fc from "fast-check";
import type { Json } from "./model";

const name = fc.stringMatching(/^[a-z][a-z_]{0,8}$/);
const scalar = fc.oneof(fc.string({ minLength: 1, maxLength: 8 }), fc.integer({ min: -1000, max: 100_000 }), fc.boolean());
const number = fc.integer({ min: 0, max: 100_000 });
const span = fc.tuple(fc.integer({ min: 2, max: 90 }), fc.constantFrom("minutes", "hours", "days", "weeks", "months")).map(([n, unit]) => `${n} ${unit}`);
const moment = fc.integer({ min: 1, max: 28 }).map((day) => `2026-11-${String(day).padStart(2, "0")}`);

const numberTest = fc.oneof(
  number.map((n) => ({ at_least: n })),
  number.map((n) => ({ below: n })),
  fc.tuple(number, number).map(([low, high]) => ({ above: low, at_most: high })),
  fc.tuple(number, number).map((pair) => ({ between: pair })),
);

const predicate: fc.Arbitrary<Record<string, Json>> = fc.oneof(
  scalar.map((value) => ({ is: value })),
  fc.array(scalar, { minLength: 1, maxLength: 4 }).map((values) => ({ in: values })),
  fc.string({ minLength: 1, maxLength: 5 }).map((text) => ({ contains: text })),
  fc.constant({ is_set: true }),
  numberTest,
  numberTest.map((test) => ({ ...test, currency: "USD" })),
  span.map((last) => ({ last })),
  moment.map((after) => ({ after })),
  fc.constant({ day_of_week: ["monday", "sunday"] }),
  fc.constant({ hour_of_day: [22, 23, 0] }),
  numberTest.map((size) => ({ size })),
  fc.oneof(span.map((next) => ({ next })), span.map((last) => ({ last })), fc.constantFrom("today", "this month", "next month")).map((near) => ({ anniversary: { in: near } })),
  fc.array(fc.constantFrom("330000", "330100", "310000"), { minLength: 1, maxLength: 3 }).map((region) => ({ region })),
) as fc.Arbitrary<Record<string, Json>>;

const figure = fc.oneof(
  numberTest.map((test) => ({ times: test })),
  numberTest.map((test) => ({ days: test })),
  fc.tuple(fc.constantFrom("sum", "avg", "min", "max", "distinct"), name, numberTest).map(([kind, of, test]) => ({ [kind]: { of, ...test } })),
);

const within = fc.oneof(
  span.map((last) => ({ last })),
  fc.constantFrom("day", "month", "year").map((unit) => ({ this: unit })),
  fc.constant({ previous: "week" }),
  fc.tuple(moment, moment).map((pair) => ({ between: pair })),
  fc.tuple(moment, moment).map(([after, before]) => ({ after, before })),
);

const at = fc
  .record({ channel: fc.array(name, { minLength: 1, maxLength: 3 }), touchpoint: fc.array(name, { minLength: 1, maxLength: 2 }) }, { requiredKeys: [] })
  .filter((slice) => Object.keys(slice).length > 0);

const behaviour = fc
  .record(
    {
      head: fc.constantFrom("did", "did_not"),
      event: name,
      extra: fc.oneof(figure, fc.constantFrom({ first: true }, { last: true }), fc.constant({})),
      where: fc.dictionary(name, predicate, { minKeys: 1, maxKeys: 3 }),
      at,
      within,
      since: fc.oneof(fc.constant("entry"), name.map((node) => ({ node }))),
    },
    { requiredKeys: ["head", "event"] },
  )
  .map(({ head, event, extra, ...rest }) => ({ [head]: event, ...(head === "did_not" && extra && ("first" in extra || "last" in extra) ? {} : extra), ...rest }));

const where = fc.dictionary(name, predicate, { minKeys: 1, maxKeys: 2 });
const gap = fc.record({ at_least: span, at_most: span }, { requiredKeys: [] }).filter((one) => Object.keys(one).length > 0);
const didStep = fc.record({ did: name, where, at, gap }, { requiredKeys: ["did"] });
const didNotStep = fc.record({ did_not: name, where, at, for: span }, { requiredKeys: ["did_not"] });
const firstStep = didStep.map(({ gap: _, ...step }) => step);

const sequence = fc
  .record({ first: firstStep, more: fc.array(fc.oneof(didStep, didNotStep), { maxLength: 4 }), within, span }, { requiredKeys: ["first", "more"] })
  .map(({ first, more, ...rest }) => ({ sequence: [first, ...more], ...rest }));

const leaf = fc.oneof(
  fc.tuple(name, predicate).map(([attribute, test]) => ({ attribute, ...test })),
  fc.tuple(name, predicate).map(([tag, test]) => ({ tag, ...test })),
  name.map((segment) => ({ segment })),
  name.map((list) => ({ list })),
  fc.record({ purpose: name, channel: name }, { requiredKeys: ["purpose"] }).map((consent) => ({ consent })),
  fc.record({ channel: name, touchpoint: name }, { requiredKeys: ["channel"] }).map((reachable) => ({ reachable })),
  behaviour,
  sequence,
);

export const condition = fc.letrec<{ node: Json }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    leaf as fc.Arbitrary<Json>,
    fc.array(tie("node"), { minLength: 1, maxLength: 4 }).map((all) => ({ all })),
    fc.array(tie("node"), { minLength: 1, maxLength: 4 }).map((any) => ({ any })),
    tie("node").map((not) => ({ not })),
  ),
})).node;
