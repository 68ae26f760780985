/** Layers of a number: n cuts, n + 1 labels, as `cut` of a definition has them. */
import { isObject, type Json, type JsonObject } from "@/conditions/model";

export const MOST_LAYERS = 24;
export const WAYS = ["number", "percent", "rank"] as const;
export type Way = (typeof WAYS)[number];

export interface Layers {
  by: Way;
  at: (number | null)[];
  labels: string[];
}

/** The layers in a definition; null where they are written in a way the table can't show. */
export function layersOf(value: Json | undefined): Layers | null {
  if (!isObject(value)) return null;
  const by = WAYS.find((one) => one === value.by);
  const { at, labels } = value;
  if (by === undefined || !Array.isArray(at) || !Array.isArray(labels)) return null;
  if (!at.every((one) => typeof one === "number" || one === null) || !labels.every((one) => typeof one === "string")) return null;
  return { by, at, labels };
}

export const layersJson = ({ by, at, labels }: Layers): JsonObject => ({ by, at, labels });

/** One layer more after the given one: its lower end lies halfway to the next, or one step on. */
export function withLayer(layers: Layers, after: number, label: string): Layers {
  if (layers.labels.length >= MOST_LAYERS) return layers;
  const [low, high] = [layers.at[after - 1] ?? null, layers.at[after] ?? null];
  const ceiling = layers.by === "percent" ? 100 : null;
  const top = high ?? ceiling;
  const bottom = low ?? 0;
  const next = top === null ? bottom + step(layers.at) : middle(bottom, top, layers.by);
  const at = [...layers.at.slice(0, after), next, ...layers.at.slice(after)];
  return { ...layers, at, labels: [...layers.labels.slice(0, after + 1), label, ...layers.labels.slice(after + 1)] };
}

function step(at: (number | null)[]): number {
  const known = at.filter((one) => one !== null);
  const [last, before] = [known.at(-1), known.at(-2)];
  if (last === undefined) return 1;
  return before === undefined ? Math.max(1, last) : last - before;
}

function middle(low: number, high: number, by: Way): number {
  const half = (low + high) / 2;
  return by === "rank" ? Math.max(1, Math.round(half)) : Math.round(half * 100) / 100;
}

/** One layer less: its neighbour below takes it in (the lowest one goes to the one above). */
export function withoutLayer(layers: Layers, index: number): Layers {
  if (layers.labels.length <= 2) return layers;
  const cut = Math.max(0, index - 1);
  return { ...layers, at: layers.at.filter((_, i) => i !== cut), labels: layers.labels.filter((_, i) => i !== index) };
}

/** Layers at even shares of the customers, or the same labels cut in another way. */
export function evenly(labels: string[]): Layers {
  return { by: "percent", at: labels.slice(1).map((_, i) => Math.round(((i + 1) * 10_000) / labels.length) / 100), labels };
}

/** The first thing that keeps the layers from being saved. */
export function layersProblem({ by, at, labels }: Layers): "label" | "same" | "cut" | "rise" | "percent" | "place" | null {
  if (labels.some((one) => one.trim() === "")) return "label";
  if (new Set(labels).size < labels.length) return "same";
  if (at.some((one) => one === null)) return "cut";
  const cuts = at as number[];
  if (cuts.some((one, i) => i > 0 && one <= (cuts[i - 1] ?? one))) return "rise";
  if (by === "percent" && cuts.some((one) => one <= 0 || one >= 100)) return "percent";
  if (by === "rank" && cuts.some((one) => one < 1 || !Number.isInteger(one))) return "place";
  return null;
}
