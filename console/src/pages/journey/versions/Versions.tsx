import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Button, Select, Table } from "antd";
import { lazy, Suspense } from "react";
import { type JourneyChange, journeys, type JourneyVersion } from "@/api/journeys";
import { settled } from "@/journeys/range";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Exact, Time } from "@/parts/Figures";
import { Loaded, Nothing, Waiting } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { Frame } from "../Frame";
import { Range } from "../Range";

const Kept = lazy(() => import("./Side").then((module) => ({ default: module.Kept })));
const Beside = lazy(() => import("./Beside").then((module) => ({ default: module.Beside })));
const Tried = lazy(() => import("./Tried").then((module) => ({ default: module.Tried })));
const Draft = lazy(() => import("./Side").then((module) => ({ default: module.Draft })));

function Changes({ items }: { items: JourneyChange[] }) {
  const { t, title } = useText();
  if (items.length === 0) return <p className="op-mute">{t("journey.versions.same")}</p>;
  return (
    <ul className="op-list" data-testid="journey-diff">
      {items.map((one) => (
        <li key={`${one.op} ${one.place}`}>
          <Status kind={one.op === "added" ? "ok" : one.op === "removed" ? "error" : "warning"}>{t(`journey.versions.${one.op}`)}</Status>
          <span>
            {title(one.sentence, one.place)} <code className="op-code op-mute">{one.place}</code>
          </span>
        </li>
      ))}
    </ul>
  );
}

// What the server writes for a journey that was made from a template.
const MADE = /^template (\w+)$/;

/** What was published when and why, and how any two differ. */
export function Versions() {
  const { t } = useText();
  const { name } = useParams({ from: "/shell/journeys/$name/versions" });
  const search = useSearch({ from: "/shell/journeys/$name/versions" });
  const navigate = useNavigate({ from: "/journeys/$name/versions" });
  const journey = useQuery(journeys.one(name));
  const query = useQuery(journeys.versions(name));
  const items = query.data?.items ?? [];
  const draft = journey.data?.draft != null;
  // The draft stands for a version beyond all; 0 is never given to one.
  const b = search.b ?? (draft ? 0 : (items[0]?.version ?? 0));
  const a = search.a ?? (draft ? items[0]?.version : items[1]?.version);
  const after = b === 0 ? "draft" : b;
  const range = settled(search, 90);
  const diff = useQuery({ ...journeys.diff(name, a ?? 0, after), enabled: a !== undefined });
  const options = [...(draft ? [{ value: 0, label: t("journey.versions.draft") }] : []), ...items.map((one) => ({ value: one.version, label: t("journey.version", { version: one.version }) }))];
  return (
    <Loaded query={journey} rows={10}>
      {(found) => (
        <Frame journey={found}>
          <div className="op-stack">
            <Panel title={t("journey.versions.title")} flush>
              <Loaded query={query} rows={4}>
                {() =>
                  items.length === 0 ? (
                    <Nothing title={t("journey.versions.none")} text={t("journey.versions.noneText")} />
                  ) : (
                    <Table<JourneyVersion>
                      size="small"
                      rowKey="version"
                      dataSource={items}
                      pagination={false}
                      scroll={{ x: 1000 }}
                      data-testid="journey-versions"
                      columns={[
                        { title: t("journey.versions.number"), className: "op-nowrap", render: (_, row) => t("journey.version", { version: row.version }) },
                        { title: t("journey.versions.state"), render: (_, row) => (row.live ? <Status kind="ok">{t("journey.versions.current")}</Status> : <Status kind="info">{t("journey.versions.old")}</Status>) },
                        { title: t("journey.list.live"), align: "right", render: (_, row) => <Exact value={row.live_runs} /> },
                        { title: t("journey.versions.at"), className: "op-nowrap", render: (_, row) => <Time at={row.at} /> },
                        { title: t("journey.versions.by"), render: (_, row) => author(row.author) },
                        { title: t("journey.versions.reason"), render: (_, row) => row.published_because || (MADE.test(row.reason) ? t("journey.versions.fromTemplate", { name: MADE.exec(row.reason)?.[1] }) : row.reason) },
                        { title: t("journey.versions.hash"), render: (_, row) => <code className="op-code" title={row.hash}>{row.hash.slice(0, 12)}</code> },
                        {
                          title: "",
                          align: "right",
                          render: (_, row, i) =>
                            items[i + 1] !== undefined && (
                              <Button type="link" size="small" onClick={() => void navigate({ search: { a: items[i + 1]?.version, b: row.version } })}>
                                {t("journey.versions.compare")}
                              </Button>
                            ),
                        },
                      ]}
                    />
                  )
                }
              </Loaded>
            </Panel>
            {a !== undefined && (
              <Panel
                title={t("journey.versions.differences")}
                extra={
                  <span className="op-row">
                    <Select size="small" style={{ width: 130 }} aria-label={t("journey.versions.before")} value={a} options={options.filter((one) => one.value !== 0)} onChange={(next: number) => void navigate({ search: (before) => ({ ...before, a: next }) })} />
                    →
                    <Select size="small" style={{ width: 130 }} aria-label={t("journey.versions.after")} value={b} options={options} onChange={(next: number) => void navigate({ search: (before) => ({ ...before, b: next === 0 ? undefined : next }) })} />
                  </span>
                }
              >
                <div className="op-stack">
                  <Loaded query={diff} rows={4}>
                    {(data) => <Changes items={data.items} />}
                  </Loaded>
                  <Suspense fallback={<Waiting rows={6} />}>
                    <div className="op-halves-2">
                      <Kept name={name} version={a} changes={diff.data?.items ?? []} />
                      {b === 0 ? <Draft name={name} changes={diff.data?.items ?? []} /> : <Kept name={name} version={b} changes={diff.data?.items ?? []} />}
                    </div>
                  </Suspense>
                </div>
              </Panel>
            )}
            {a !== undefined && b !== 0 && a !== b && (
              <Panel title={t("journey.beside.results")} extra={<Range size="small" of={range} days={90} onChange={(next) => void navigate({ search: (before) => ({ ...before, ...next, version: undefined }) })} />}>
                <Suspense fallback={<Waiting rows={8} />}>
                  <Beside name={name} a={a} b={b} range={range} />
                </Suspense>
              </Panel>
            )}
            {a !== undefined && a !== b && (
              <Panel title={t("journey.beside.backtest")}>
                <Suspense fallback={<Waiting rows={4} />}>
                  <Tried key={`${a} ${b}`} name={name} a={a} b={b} />
                </Suspense>
              </Panel>
            )}
          </div>
        </Frame>
      )}
    </Loaded>
  );
}
