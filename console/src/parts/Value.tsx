import { useText } from "@/lib/useText";
import { useZone } from "@/lib/session";
import { dateTime, exact } from "@/lib/format";
import { Dash } from "./Figures";

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/** A value of any kind as text: lists joined, instants in the viewer's zone, objects as compact JSON. */
export function valueText(value: unknown, language: "zh-CN" | "en", yes: string, no: string, zone?: string): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? yes : no;
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 10_000 ? String(value) : exact(value, language, 4);
  if (typeof value === "string") return INSTANT.test(value) ? dateTime(value, zone) : value;
  if (Array.isArray(value)) return value.map((one) => valueText(one, language, yes, no, zone)).join(language === "en" ? ", " : "\u3001");
  return JSON.stringify(value);
}

export function Value({ value }: { value: unknown }) {
  const { t, language } = useText();
  const zone = useZone();
  const text = valueText(value, language, t("common.yes"), t("common.no"), zone);
  return text === "" ? <Dash /> : <>{text}</>;
}
