import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { type Arrival, type Detail, type PreviewRequest, touchpoints } from "@/api/touchpoints";
import { type Draft, savedOf } from "./model";
import { follow } from "./paths";

const PAUSE_MS = 400;

/** Where the payloads come from that the mapping is tried on. */
export type Source = { kind: "latest" } | { kind: "quarantined"; id: string } | { kind: "pasted"; text: string };

function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

function parsed(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** How the payloads would be read under the draft; asked anew when typing pauses. */
export function useTried(touchpoint: Detail, draft: Draft, source: Source, webhook: boolean, ready: boolean) {
  const body = useMemo((): PreviewRequest => {
    const { settings, mapping } = savedOf(draft, touchpoint.settings, webhook);
    const from = source.kind === "quarantined" ? { quarantined: source.id, sample: null } : source.kind === "pasted" ? { sample: source.text, quarantined: null } : { sample: null, quarantined: null };
    return { channel: touchpoint.channel, scopes: touchpoint.scopes, settings: settings as PreviewRequest["settings"], mapping: mapping as PreviewRequest["mapping"], content_type: "application/json", ...from };
  }, [touchpoint, draft, source, webhook]);
  const settled = useSettled(body);
  const query = useQuery({ ...touchpoints.preview(touchpoint.name, settled), enabled: ready && !(source.kind === "pasted" && source.text.trim() === "") });
  return { body: settled, query, current: settled === body && query.isSuccess && !query.isPlaceholderData };
}

/**
 * The things of a payload as rules see them. JSON is taken apart here; forms, XML and paths that only the server follows
 * are asked for: without any rule each thing waits, and says what it is.
 */
export function useThings(touchpoint: Detail, body: PreviewRequest, arrival: Arrival | undefined, each: string, webhook: boolean): unknown[] {
  const here = useMemo(() => {
    const content = arrival === undefined ? undefined : parsed(arrival.raw);
    if (content === undefined) return null;
    return webhook ? follow(each.trim() === "" ? "$" : each.trim(), content.value) : [content.value];
  }, [arrival, each, webhook]);
  const bare = useMemo((): PreviewRequest => ({ ...body, settings: { ...body.settings, rules: [] } }), [body]);
  const asked = useQuery({ ...touchpoints.preview(touchpoint.name, bare), enabled: webhook && arrival !== undefined && here === null });
  return useMemo(() => {
    if (here !== null) return here;
    const found = asked.data?.items.find((one) => one.offset === arrival?.offset) ?? asked.data?.items[0];
    return (found?.refused ?? []).flatMap((one) => {
      const thing = one.rule === "webhook.unmapped" ? parsed(one.sample) : undefined;
      return thing === undefined ? [] : [thing.value];
    });
  }, [here, asked.data, arrival]);
}

/** What the sender calls its events, and its fields and attributes. */
export function sentNames(arrivals: Arrival[]): { events: string[]; fields: string[] } {
  const events = new Set<string>();
  const fields = new Set<string>();
  for (const { items } of arrivals)
    for (const item of items) {
      if (typeof item.name === "string" && item.name !== "") events.add(item.name);
      for (const part of [item.fields, item.traits]) if (typeof part === "object" && part !== null) for (const name of Object.keys(part)) fields.add(name);
    }
  return { events: [...events].sort(), fields: [...fields].sort() };
}
