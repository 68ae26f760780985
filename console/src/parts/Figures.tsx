import { Tooltip } from "antd";
import type { PropsWithChildren, ReactNode } from "react";
import { compact, dateTime, exact, money, relative } from "@/lib/format";
import { useNow } from "@/lib/now";
import { useZone } from "@/lib/session";
import { useText } from "@/lib/useText";

/** A count in the short form of the language, the exact figure on hover and for screen readers. */
export function Count({ value, testId }: { value: number; testId?: string }) {
  const { language } = useText();
  const short = compact(value, language);
  const full = exact(value, language);
  if (short === full) {
    return (
      <span className="op-num" data-testid={testId} data-value={value}>
        {full}
      </span>
    );
  }
  return (
    <Tooltip title={full}>
      <span className="op-num" data-testid={testId} data-value={value}>
        <span aria-hidden>{short}</span>
        <span className="op-visually-hidden">{full}</span>
      </span>
    </Tooltip>
  );
}

export function Exact({ value, digits = 0, testId }: { value: number; digits?: number; testId?: string }) {
  const { language } = useText();
  return (
    <span className="op-num" data-testid={testId} data-value={value}>
      {exact(value, language, digits)}
    </span>
  );
}

export function Money({ value, currency }: { value: number | string | null | undefined; currency?: string | null }) {
  const { language } = useText();
  if (value === null || value === undefined) return <Dash />;
  return <span className="op-num">{money(value, currency, language)}</span>;
}

/** A time, relative and absolute: one is shown, the other is a hover away. */
export function Time({ at, show = "absolute" }: { at: string | null | undefined; show?: "absolute" | "relative" }) {
  const { language } = useText();
  const now = useNow();
  const zone = useZone();
  if (!at) return <Dash />;
  const absolute = dateTime(at, zone);
  const ago = relative(at, now, language);
  const words = `${absolute} ${zone ?? ""} (${ago})`;
  return (
    <Tooltip title={words}>
      <time dateTime={at} className="op-num">
        {show === "absolute" ? absolute : ago}
      </time>
    </Tooltip>
  );
}

/** What stands where there is no value. */
export function Dash() {
  const { t } = useText();
  return (
    <span className="op-mute">
      <span aria-hidden>–</span>
      <span className="op-visually-hidden">{t("common.none")}</span>
    </span>
  );
}

export function Figures({ label, children }: PropsWithChildren<{ label: string }>) {
  return (
    <section className="op-panel" aria-label={label}>
      <dl className="op-figures" style={{ margin: 0 }}>
        {children}
      </dl>
    </section>
  );
}

export function Figure({ label, note, small = false, children }: PropsWithChildren<{ label: string; note?: ReactNode; small?: boolean }>) {
  return (
    <div className="op-figure">
      <dt>{label}</dt>
      <dd className={small ? "op-small" : undefined}>
        {children}
        <div className="op-note">{note}</div>
      </dd>
    </div>
  );
}
