import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Select, Skeleton, Tag } from "antd";
import { useEffect, useRef, useState } from "react";
import { queries, type TimelineItem, timelinePage } from "@/api/queries";
import { clock } from "@/lib/format";
import { usePlaces } from "@/lib/places";
import { useZone } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Money } from "@/parts/Figures";
import { Nothing, Problem } from "@/parts/Loaded";
import { valueText } from "@/parts/Value";
import { byDay } from "./days";
import { Lines } from "./Orders";

const PAGE = 50;
/** Facts of an event said in its line; the rest opens on demand. */
const SAID = 4;
/** These stand at the end of the line already. */
const SHOWN = new Set(["amount", "currency"]);

function Event({ item }: { item: TimelineItem }) {
  const { t, title, language } = useText();
  const zone = useZone();
  const [open, setOpen] = useState(false);
  const fields = useFieldTitles(item.event);
  const places = usePlaces();
  const where = [...new Set([item.channel === null ? null : places.channel(item.channel), item.touchpoint === null ? null : places.touchpoint(item.touchpoint)])].filter((one) => one !== null);
  const facts = Object.entries(item.fields)
    .filter(([name, value]) => !SHOWN.has(name) && value !== null && typeof value !== "object")
    .slice(0, SAID)
    .map(([name, value]) => `${fields(name)} ${valueText(value, language, t("common.yes"), t("common.no"), zone)}`);
  return (
    <li className="op-event" data-money={item.amount !== null} data-testid="timeline-event">
      <time dateTime={item.time} className="op-num op-mute">
        {clock(item.time, zone)}
      </time>
      <span className="op-dot" aria-hidden />
      <div style={{ minWidth: 0 }}>
        <span style={{ fontWeight: 550 }}>{title(item.title, item.event)}</span>{" "}
        <Tag variant="filled" style={{ marginInline: 4 }}>
          {where.join(" · ")}
        </Tag>
        <Button type="link" size="small" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t(open ? "common.less" : "common.more")}
        </Button>
        {facts.length > 0 && <div className="op-fields">{facts.join(" · ")}</div>}
        {open && (
          <div className="op-stack" style={{ marginTop: 8, gap: 8 }}>
            {item.lines.length > 0 && <Lines lines={item.lines} currency={item.currency} />}
            <pre className="op-pre">{JSON.stringify({ event: item.event, event_id: item.event_id, time: item.time, received_at: item.received_at, identifier: item.identifier, fields: item.fields }, null, 2)}</pre>
          </div>
        )}
      </div>
      <strong style={{ textAlign: "right" }}>{item.amount !== null && <Money value={item.amount} currency={item.currency} />}</strong>
    </li>
  );
}

/** Titles of an event's fields from the data standard; a field it does not know keeps its own name. */
function useFieldTitles(event: string): (field: string) => string {
  const { title } = useText();
  const standard = useQuery(queries.standard()).data;
  const fields = standard?.events.find((one) => one.name === event)?.fields;
  return (field) => title(fields?.find((one) => one.name === field)?.title, field);
}

export function Timeline({ id, channels, events }: { id: number; channels: string[]; events: string[] }) {
  const { t, title } = useText();
  const zone = useZone();
  const search = useSearch({ from: "/shell/customers/$id" });
  const navigate = useNavigate({ from: "/customers/$id" });
  const standard = useQuery(queries.standard()).data;
  const places = usePlaces();
  const end = useRef<HTMLDivElement>(null);
  const { event, channel } = search;
  const pages = useInfiniteQuery({
    queryKey: ["customer", id, "timeline", event, channel],
    queryFn: ({ pageParam, signal }) => timelinePage(id, { before: pageParam, limit: PAGE, event, channel }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    // Who has read on is not asked for all of it again and again.
    refetchInterval: ({ state }) => (state.data?.pages.length === 1 ? 10_000 : false),
  });
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pages;

  useEffect(() => {
    const mark = end.current;
    if (mark === null || !hasNextPage) return;
    const watch = new IntersectionObserver((seen) => {
      if (seen.some((one) => one.isIntersecting) && !isFetchingNextPage) void fetchNextPage();
    }, { rootMargin: "600px" });
    watch.observe(mark);
    return () => watch.disconnect();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  const items = pages.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div data-testid="timeline">
      <div className="op-row" style={{ padding: "12px 16px" }}>
        <Select
          allowClear
          showSearch={{ optionFilterProp: "label" }}
          style={{ width: 220 }}
          aria-label={t("timeline.byEvent")}
          placeholder={t("timeline.byEvent")}
          value={event}
          onChange={(next: string | undefined) => void navigate({ search: (before) => ({ ...before, event: next }), replace: true })}
          options={events.map((name) => ({ value: name, label: title(standard?.events.find((one) => one.name === name)?.title, name) }))}
        />
        <Select
          allowClear
          style={{ width: 180 }}
          aria-label={t("timeline.byChannel")}
          placeholder={t("timeline.byChannel")}
          value={channel}
          onChange={(next: string | undefined) => void navigate({ search: (before) => ({ ...before, channel: next }), replace: true })}
          options={channels.map((name) => ({ value: name, label: places.channel(name) }))}
        />
      </div>
      {pages.isError && <Problem error={pages.error} retry={() => void pages.refetch()} />}
      {pages.isPending && <Skeleton active style={{ padding: 16 }} paragraph={{ rows: 8 }} title={false} />}
      {pages.isSuccess && items.length === 0 && <Nothing title={t("timeline.none")} text={t(event !== undefined || channel !== undefined ? "timeline.noneFiltered" : "timeline.noneText")} />}
      {byDay(items, zone).map((one) => (
        <section key={one.day} aria-label={one.day}>
          <h3 className="op-day op-num">
            {one.day} <span className="op-mute" style={{ fontWeight: 400 }}>{t("timeline.count", { count: one.items.length })}</span>
          </h3>
          <ul style={{ listStyle: "none", margin: 0, padding: "4px 0" }}>
            {one.items.map((item) => (
              <Event key={item.event_id} item={item} />
            ))}
          </ul>
        </section>
      ))}
      <div ref={end} style={{ minHeight: 1 }}>
        {isFetchingNextPage && <Skeleton active style={{ padding: 16 }} paragraph={{ rows: 3 }} title={false} />}
      </div>
      {items.length > 0 && !hasNextPage && <p className="op-mute" style={{ textAlign: "center", padding: 16 }}>{t("timeline.end")}</p>}
    </div>
  );
}
