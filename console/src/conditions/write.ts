/** From the editor's form to JSON. */
import { type Events, type Group, isObject, type Json, type JsonObject, type Node, type Step, type Test } from "./model";

function testsJson(tests: Test[], currency: string | null): JsonObject {
  const out: JsonObject = {};
  for (const test of tests) out[test.op] = test.value;
  if (currency !== null) out.currency = currency;
  return out;
}

/** `where` and `at` of a behaviour or a step. */
function eventsJson({ where, channel, touchpoint }: Events): JsonObject {
  const out: JsonObject = {};
  if (where.length > 0) {
    const fields: JsonObject = {};
    for (const filter of where) {
      const before = fields[filter.field];
      fields[filter.field] = { ...(isObject(before) ? before : {}), ...testsJson(filter.tests, filter.currency) };
    }
    out.where = fields;
  }
  if (channel.length > 0 || touchpoint.length > 0) {
    out.at = { ...(channel.length > 0 && { channel }), ...(touchpoint.length > 0 && { touchpoint }) };
  }
  return out;
}

function stepJson(step: Step): JsonObject {
  const out: JsonObject = { [step.did ? "did" : "did_not"]: step.event, ...eventsJson(step) };
  if (step.gap !== null) {
    const { at_least, at_most } = step.gap;
    out.gap = { ...(at_least !== null && { at_least }), ...(at_most !== null && { at_most }) };
  }
  if (step.lasting !== null) out.for = step.lasting;
  return out;
}

function plain(node: Node): Json {
  switch (node.kind) {
    case "group":
      return { [node.mode]: node.children.map(toJson) };
    case "attribute":
    case "tag":
      return { [node.kind]: node.name, ...testsJson(node.tests, node.currency) };
    case "segment":
    case "list":
      return { [node.kind]: node.name };
    case "consent":
      return { consent: { purpose: node.purpose, ...(node.channel !== null && { channel: node.channel }) } };
    case "reachable":
      return { reachable: { channel: node.channel, ...(node.touchpoint !== null && { touchpoint: node.touchpoint }) } };
    case "sequence":
      return {
        sequence: node.steps.map(stepJson),
        ...(node.within !== null && { within: node.within }),
        ...(node.span !== null && { span: node.span }),
      };
    case "raw":
      return node.value;
    case "behaviour": {
      const out: JsonObject = { [node.did ? "did" : "did_not"]: node.event };
      if (node.which !== null) out[node.which] = true;
      Object.assign(out, eventsJson(node));
      if (node.figure !== null) {
        const { name, of, tests, currency } = node.figure;
        out[name] = { ...(of !== null && { of }), ...testsJson(tests, currency) };
      }
      if (node.within !== null) out.within = node.within;
      if (node.since !== null) out.since = node.since;
      return out;
    }
  }
}

export function toJson(node: Node): Json {
  let out = plain(node);
  for (let i = 0; i < node.not; i++) out = { not: out };
  return out;
}

/** The condition to save: a plain group of one is its only part. */
export function toJsonRoot(root: Group): Json {
  const [only] = root.children;
  return root.children.length === 1 && only !== undefined && root.not === 0 ? toJson(only) : toJson(root);
}
