import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Pagination, Segmented, Select } from "antd";
import { useEffect, useRef, useState } from "react";
import { identity, type ReviewItem, type Verdict } from "@/api/identity";
import { DECIDED } from "@/app/routes/identity";
import { exact } from "@/lib/format";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Money, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { Frame } from "../Frame";
import { Queue, useNames } from "./Queue";
import { Sides } from "./Sides";
import { useKeys } from "./useKeys";
import { useVerdicts } from "./useVerdicts";
import { VERDICTS, Verdicts } from "./Verdicts";
import { WhyProposed } from "./WhyProposed";

const SIZE = 20;
const DAY_MS = 86_400_000;
/** What can be answered about a pair that was put off. */
const LATER = ["merge", "never", "resume"] as const;

function Pair({ item }: { item: ReviewItem }) {
  const { t } = useText();
  const name = useNames();
  return (
    <Panel
      title={t("oneid.pair", { a: name(item.a), b: name(item.b) })}
      testId="review-pair"
      extra={
        <>
          <span className="op-mute">{t("oneid.valueAtStake")}</span> <Money value={item.value} currency={item.a.currency} />
        </>
      }
    >
      <div className="op-stack">
        <WhyProposed item={item} />
        <Sides a={item.a} b={item.b} />
        <p className="op-mute" style={{ fontSize: 13 }}>
          {t("oneid.foundAt")} <Time at={item.at} />
          {item.later !== null && (
            <span data-testid="put-off">
              {" · "}
              {t("oneid.putOffUntil")} <Time at={item.later.until} /> {author(item.later.author)} {item.later.reason}
            </span>
          )}
        </p>
      </div>
    </Panel>
  );
}

function Content({ items, total }: { items: ReviewItem[]; total: number }) {
  const { t } = useText();
  const search = useSearch({ from: "/shell/identity/review" });
  const navigate = useNavigate({ from: "/identity/review" });
  const frame = useRef<HTMLDivElement>(null);
  const [reason, setReason] = useState("");
  const [days, setDays] = useState<number>(7);
  const verdicts = useVerdicts();
  const change = (next: Partial<typeof search>): void => void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const at = Math.max(0, items.findIndex((one) => one.id === search.at));
  const active = items[at];
  const chosen = (search.sel ?? "").split(",").filter((id) => items.some((one) => one.id === id));
  const choose = (ids: string[]): void => change({ sel: ids.length === 0 ? undefined : ids.join(",") });
  const targets = chosen.length > 0 ? chosen : active === undefined ? [] : [active.id];

  const focus = (id: string | undefined): void => frame.current?.querySelector<HTMLElement>(`[data-item="${id}"]`)?.focus();
  // What was decided is looked at here, and taken back among the decisions.
  const put = search.status === "later";
  const open = search.status === undefined || put;
  const decide = (verdict: Verdict): void => {
    if (!open) return;
    const until = verdict === "later" ? new Date(Date.now() + days * DAY_MS).toISOString() : undefined;
    const after = (): void => {
      setReason("");
      // The next one that is still there, so that the keyboard can go on.
      const next = items.slice(at).find((one) => !targets.includes(one.id)) ?? items.find((one) => !targets.includes(one.id));
      change({ at: next?.id, sel: undefined });
      focus(next?.id);
    };
    verdicts.decide(targets, verdict, reason.trim(), after, until);
  };
  const move = (by: 1 | -1): void => {
    const next = items[Math.min(items.length - 1, Math.max(0, at + by))];
    if (next === undefined) return;
    change({ at: next.id });
    focus(next.id);
  };
  useKeys(frame, {
    move,
    decide,
    undo: verdicts.undoLast,
    toggle: () => active !== undefined && choose(chosen.includes(active.id) ? chosen.filter((id) => id !== active.id) : [...chosen, active.id]),
  });
  const activeId = active?.id;
  useEffect(() => {
    // The queue has the focus from the start, and again when what had it is gone: its keys are what the page is for.
    if (document.activeElement === document.body) frame.current?.querySelector<HTMLElement>(`[data-item="${activeId}"]`)?.focus({ preventScroll: true });
  }, [activeId]);

  if (active === undefined) {
    return (
      <section className="op-panel">
        <Nothing title={t("oneid.queueEmpty")} text={t("oneid.queueEmptyText")} />
      </section>
    );
  }
  return (
    <div ref={frame} className="op-review">
      <section className="op-panel" aria-label={t("oneid.queue")}>
        <Queue items={items} active={active.id} chosen={chosen} onActive={(id) => change({ at: id })} onChosen={choose} />
        {total > SIZE && (
          <div style={{ padding: "8px 12px" }}>
            <Pagination size="small" current={search.page ?? 1} pageSize={SIZE} total={total} showSizeChanger={false} onChange={(page) => change({ page, at: undefined, sel: undefined })} />
          </div>
        )}
      </section>
      <div className="op-stack">
        {open && (
          <section className="op-panel" aria-label={t("oneid.decide")} style={{ padding: "12px 16px", position: "sticky", top: 0, zIndex: 2 }}>
            <Verdicts keys verdicts={put ? LATER : VERDICTS} count={targets.length} busy={verdicts.busy} reason={reason} onReason={setReason} onVerdict={decide} />
            <div className="op-keys" style={{ marginTop: 8 }}>
              {(["move", "toggle", "merge", "never", "later", "undo"] as const).map((key) => (
                <span key={key}>
                  <kbd>{{ move: "↑ ↓", toggle: "X", merge: "M", never: "N", later: "L", undo: "Ctrl Z" }[key]}</kbd> {t(`oneid.keys.${key}`)}
                </span>
              ))}
              {!put && (
                <Select
                  size="small"
                  style={{ width: 150 }}
                  aria-label={t("oneid.laterFor")}
                  value={days}
                  onChange={setDays}
                  options={[1, 7, 30, 90].map((one) => ({ value: one, label: t("oneid.laterDays", { count: one }) }))}
                  data-testid="later-days"
                />
              )}
              {chosen.length > 1 && <Status kind="info">{t("oneid.manyChosen", { count: chosen.length })}</Status>}
            </div>
          </section>
        )}
        <Pair key={active.id} item={active} />
      </div>
    </div>
  );
}

export function Review() {
  const { t, language } = useText();
  const search = useSearch({ from: "/shell/identity/review" });
  const navigate = useNavigate({ from: "/identity/review" });
  const kind = search.kind ?? "all";
  const list = useQuery({ ...identity.review({ kind, status: search.status ?? "open", page: search.page ?? 1, size: SIZE }), refetchInterval: 15_000 });
  return (
    <Frame
      page="review"
      actions={
        <>
          <Segmented
            aria-label={t("oneid.kind")}
            value={kind}
            onChange={(next: "all" | "candidate" | "conflict") => void navigate({ search: { kind: next === "all" ? undefined : next, status: search.status } })}
            options={(["all", "candidate", "conflict"] as const).map((one) => ({ value: one, label: t(`oneid.kinds.${one}`) }))}
          />
          <Select
            style={{ width: 130 }}
            aria-label={t("home.state")}
            value={search.status ?? "open"}
            onChange={(next: (typeof DECIDED)[number] | "open") => void navigate({ search: { kind: search.kind, status: next === "open" ? undefined : next } })}
            options={(["open", ...DECIDED] as const).map((one) => ({ value: one, label: t(`oneid.candidateStates.${one}`) }))}
            data-testid="review-status"
          />
        </>
      }
      sub={list.data === undefined ? t("oneid.subs.review") : `${t("oneid.subs.review")} ${t("oneid.waiting", { count: list.data.total, figure: exact(list.data.total, language) })}`}
    >
      <Loaded query={list} rows={10}>
        {(data) => <Content items={data.items} total={data.total} />}
      </Loaded>
    </Frame>
  );
}
