import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Names } from "@/api/queries";
import { NameBook } from "@/conditions/names";
import { startTexts } from "@/i18n";
import { FactoryContext } from "./context";
import { type Definition, withValue } from "./definition";
import { ValueTitles } from "./ValueTitles";

const raw: Names = { events: [], moves: [], attributes: [], tags: [], segments: [], channels: [], touchpoints: [], purposes: [], consent_channels: [], reach_channels: [], lists: [], regions: [] };
let saved: Definition = {};

function Host({ start }: { start: Definition }) {
  const [definition, setDefinition] = useState<Definition>(start);
  const set: Parameters<typeof FactoryContext.Provider>[0]["value"] = {
    definition,
    raw,
    names: new NameBook(raw, "en"),
    currency: "CNY",
    problems: [],
    set: (place, value) => {
      saved = withValue(definition, place, value);
      setDefinition(saved);
    },
    change: setDefinition,
  };
  return (
    <FactoryContext value={set}>
      <ValueTitles values={["VIP", "lost"]} />
    </FactoryContext>
  );
}

/** Types a text key by key, as a person does: each key is added to what the box holds by then. */
function type(box: HTMLInputElement, text: string): void {
  for (const key of text) fireEvent.change(box, { target: { value: box.value + key } });
}

beforeAll(() => startTexts("en"));
afterEach(cleanup);

describe("titles of values", () => {
  const box = (value: string): HTMLInputElement => screen.getAllByLabelText<HTMLInputElement>(new RegExp(`^${value}: `))[0] as HTMLInputElement;

  it("are typed through the value itself", () => {
    render(<Host start={{ value_titles: { lost: { zh: "\u6d41\u5931", en: "gone" } } }} />);
    type(box("VIP"), "VIP \u5ba2\u6237");
    expect(box("VIP").value).toBe("VIP \u5ba2\u6237");
    expect(saved.value_titles).toEqual({ lost: { zh: "\u6d41\u5931", en: "gone" }, VIP: { zh: "VIP \u5ba2\u6237", en: "VIP" } });
  });

  it("are none where they are the value itself", () => {
    render(<Host start={{ value_titles: { other: { zh: "\u5176\u4ed6", en: "other" } } }} />);
    type(box("VIP"), "VIP");
    expect(box("VIP").value).toBe("VIP");
    fireEvent.blur(box("VIP"));
    expect(box("VIP").value).toBe("");
    expect(saved.value_titles).toEqual({ other: { zh: "\u5176\u4ed6", en: "other" } });
  });

  it("keep the box of a value that nothing else names while its title is the value", () => {
    render(<Host start={{ value_titles: { old: { zh: "oldest", en: "old" } } }} />);
    const typed = box("old");
    fireEvent.change(typed, { target: { value: "old" } });
    type(typed, "er");
    expect(box("old")).toBe(typed);
    expect(saved.value_titles).toEqual({ old: { zh: "older", en: "old" } });
  });
});
