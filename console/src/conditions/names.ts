/** What may be named in a condition, as the menus of the editor need it. */
import type { Names } from "@/api/queries";
import type { Language } from "@/app/preferences";
import { titleOf } from "@/lib/title";
import { type Kind, kindOf } from "./operators";

export interface Option {
  value: string;
  label: string;
  /** Both titles and the technical name: what is typed is looked for in all of them. */
  search: string;
}

export interface OptionGroup {
  label: string;
  options: Option[];
}

export interface FieldOption extends Option {
  kind: Kind;
  values: string[];
  /** What values are called, in the viewer's language. */
  called: Map<string, string>;
}

type Titled = { name: string; title: { zh: string; en: string } };

function option(one: Titled, language: Language): Option {
  return { value: one.name, label: titleOf(one.title, language, one.name), search: `${one.name} ${one.title.zh} ${one.title.en}`.toLowerCase() };
}

function called(titles: Record<string, { zh: string; en: string }>, language: Language): Map<string, string> {
  return new Map(Object.entries(titles).map(([value, title]) => [value, titleOf(title, language, value)]));
}

export class NameBook {
  readonly attributes: FieldOption[];
  readonly tags: FieldOption[];
  readonly segments: Option[];
  readonly channels: Option[];
  readonly touchpoints: Option[];
  readonly events: Option[];
  /** Entering and leaving segments: only where somebody asks who did, or did not. */
  readonly moves: Option[];
  readonly lists: Option[];
  readonly purposes: Option[];
  /** Channels that a consent can be for. */
  readonly consentChannels: Option[];
  /** Channels that messages can go out on. */
  readonly reachChannels: Option[];
  private readonly ways: Map<string, Option[]>;
  private readonly groups: Map<string, Option[]>;
  private readonly fields: Map<string, FieldOption[]>;

  constructor(names: Names, language: Language) {
    const field = (one: Names["attributes"][number]): FieldOption => ({ ...option(one, language), kind: kindOf(one.type), values: one.values, called: called(one.value_titles, language) });
    this.attributes = names.attributes.map(field);
    this.tags = names.tags.map((one) => ({ ...option(one, language), kind: kindOf(one.type), values: one.values, called: called(one.value_titles, language) }));
    this.segments = names.segments.map((one) => option(one, language));
    this.channels = names.channels.map((one) => option(one, language));
    this.touchpoints = names.touchpoints.map((one) => option(one, language));
    this.events = names.events.map((one) => option(one, language));
    this.moves = names.moves.map((one) => option(one, language));
    const options = (list: Titled[]): Option[] => list.map((one) => option(one, language));
    this.lists = options(names.lists);
    this.purposes = options(names.purposes);
    this.consentChannels = options(names.consent_channels);
    this.reachChannels = options(names.reach_channels);
    this.ways = new Map(names.reach_channels.map((one) => [one.name, options(one.touchpoints)]));
    this.fields = new Map([...names.events, ...names.moves].map((one) => [one.name, one.fields.map(field)]));
    this.groups = new Map();
    for (const one of names.events) {
      const group = one.group ?? "";
      this.groups.set(group, [...(this.groups.get(group) ?? []), option(one, language)]);
    }
  }

  fieldsOf(event: string): FieldOption[] {
    return this.fields.get(event) ?? [];
  }

  /** Whether it is entering or leaving a segment. */
  isMove(event: string): boolean {
    return this.moves.some((one) => one.value === event);
  }

  field(event: string, name: string): FieldOption | undefined {
    return this.fieldsOf(event).find((one) => one.value === name);
  }

  /** Touchpoints through which people are reached on a channel. */
  touchpointsOf(channel: string): Option[] {
    return this.ways.get(channel) ?? [];
  }

  /** Events under the headings of the data standard. */
  eventGroups(heading: (group: string) => string): OptionGroup[] {
    return [...this.groups].map(([group, options]) => ({ label: heading(group), options }));
  }
}

/** Whether an option is meant by what was typed. */
export function matches(typed: string, one?: { search?: unknown; label?: unknown }): boolean {
  const said = typeof one?.search === "string" ? one.search : typeof one?.label === "string" ? one.label : "";
  return said.toLowerCase().includes(typed.trim().toLowerCase());
}
