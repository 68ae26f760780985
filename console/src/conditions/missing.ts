/** What is not filled in yet. */
import type { Events, JsonObject, Node, Step, Test } from "./model";

function hasValue(test: Test): boolean {
  const { value } = test;
  if (value === null || value === "") return false;
  if (Array.isArray(value)) return value.length > 0 && value.every((one) => one !== null && one !== "");
  if (typeof value === "object") return Object.values(value).every((one) => one !== null && one !== "");
  return true;
}

export type Missing = "name" | "value" | "event" | "field" | "empty";

const valued = (tests: Test[]): boolean => tests.length > 0 && tests.every(hasValue);

function ofEvents({ event, where }: Events): Missing | null {
  if (event === "") return "event";
  if (where.some((filter) => filter.field === "")) return "field";
  return where.some((filter) => !valued(filter.tests)) ? "value" : null;
}

function ofStep(step: Step): Missing | null {
  const { gap } = step;
  return ofEvents(step) ?? (gap !== null && gap.at_least === null && gap.at_most === null ? "value" : null);
}

/** What is not filled in yet, by the id of the part or step. */
export function missing(node: Node, out = new Map<string, Missing>()): Map<string, Missing> {
  const put = (id: string, lack: Missing | null): void => {
    if (lack !== null) out.set(id, lack);
  };
  const timeless = (within: JsonObject | null): boolean => within !== null && !Object.values(within).every((value) => hasValue({ op: "", value }));
  switch (node.kind) {
    case "group":
      if (node.children.length === 0) out.set(node.id, "empty");
      for (const child of node.children) missing(child, out);
      break;
    case "segment":
    case "list":
      put(node.id, node.name === "" ? "name" : null);
      break;
    case "consent":
      put(node.id, node.purpose === "" ? "name" : null);
      break;
    case "reachable":
      put(node.id, node.channel === "" ? "name" : null);
      break;
    case "attribute":
    case "tag":
      put(node.id, node.name === "" ? "name" : valued(node.tests) ? null : "value");
      break;
    case "behaviour": {
      const { figure, within } = node;
      const ofFigure = figure === null ? null : figure.of === "" ? "field" : valued(figure.tests) ? null : "value";
      put(node.id, ofEvents(node) ?? ofFigure ?? (timeless(within) ? "value" : null));
      break;
    }
    case "sequence":
      for (const step of node.steps) put(step.id, ofStep(step));
      put(node.id, timeless(node.within) ? "value" : null);
      break;
    case "raw":
      break;
  }
  return out;
}
