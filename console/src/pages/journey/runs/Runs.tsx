import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Button, Drawer, Select, Table } from "antd";
import { useMemo } from "react";
import { journeys, type RunRow } from "@/api/journeys";
import { queries } from "@/api/queries";
import type { Definition } from "@/journeys/model";
import { asked } from "@/journeys/range";
import { RUN_STATES, type RunState, type RunsSearch } from "@/journeys/state";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Dash, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Status, type StatusKind } from "@/parts/Status";
import { useEnding } from "../ends";
import { Frame } from "../Frame";
import { Range } from "../Range";
import { TryIt } from "../TryIt";
import { stepOptions, useWords } from "../words";
import { Steps } from "./Steps";

const MARKS: Record<string, StatusKind> = { ended: "info", paused: "warning", held: "idle", ready: "ok" };
const SIZE = 50;

/** How one customer went through the journey, and why. */
function Path({ name, run, onClose }: { name: string; run: string; onClose: () => void }) {
  const { t } = useText();
  const query = useQuery({ ...journeys.run(name, run), refetchInterval: 15_000 });
  return (
    <Drawer open size={560} title={t("journey.runs.path")} onClose={onClose}>
      <Loaded query={query} rows={8}>
        {(data) => (
          <div className="op-stack" data-testid="run-path">
            <dl className="op-facts">
              <dt>{t("journey.runs.customer")}</dt>
              <dd>
                <CustomerName id={data.customer_id} name={data.name} newTab />
              </dd>
              <dt>{t("journey.versions.number")}</dt>
              <dd>{t("journey.version", { version: data.version })}</dd>
            </dl>
            <Steps steps={data.steps} />
            {Object.keys(data.vars).length > 0 && (
              <dl className="op-facts">
                {Object.entries(data.vars).map(([key, value]) => (
                  <div key={key} style={{ display: "contents" }}>
                    <dt>
                      <code className="op-code">{key}</code>
                    </dt>
                    <dd>{String(value)}</dd>
                  </div>
                ))}
              </dl>
            )}
          </div>
        )}
      </Loaded>
    </Drawer>
  );
}

/** The customers behind a figure: who is or was at a step, went a way, ended for a reason. */
export function Runs() {
  const { t, title, language } = useText();
  const ending = useEnding();
  const { name } = useParams({ from: "/shell/journeys/$name/runs" });
  const search = useSearch({ from: "/shell/journeys/$name/runs" });
  const navigate = useNavigate({ from: "/journeys/$name/runs" });
  const journey = useQuery(journeys.one(name));
  const book = useQuery(queries.names()).data;
  const words = useWords(book, journey.data?.definition.params);
  const put = (next: RunsSearch): void => void navigate({ search: (before) => ({ ...before, cursor: undefined, ...next }) });
  const { run, days, all, from, to, ...rest } = search;
  const narrowed = Object.values({ ...rest, days, from, to }).some((one) => one !== undefined);
  const range = useMemo(() => asked({ days, all, from, to }), [days, all, from, to]);
  const query = useQuery({ ...journeys.runs(name, { ...rest, from: range.from, to: range.to, limit: SIZE }), enabled: journey.data?.published != null, refetchInterval: 15_000 });
  const segmentTitle = (segment: string): string => title(book?.segments.find((one) => one.name === segment)?.title, segment);
  return (
    <Loaded query={journey} rows={10}>
      {(found) => {
        const definition: Definition = found.published?.definition ?? found.definition;
        if (found.published === null) {
          return (
            <Frame journey={found}>
              <Nothing title={t("journey.report.unpublished")} text={t("journey.report.unpublishedText")} actions={<TryIt name={name} />} />
            </Frame>
          );
        }
        return (
          <Frame journey={found}>
            <section className="op-panel" style={{ padding: 12 }}>
              <div className="op-toolbar">
                <Select allowClear showSearch style={{ width: 260 }} aria-label={t("journey.publish.step")} placeholder={t("journey.runs.anyStep")} value={search.node} options={stepOptions(definition, words)} onChange={(next?: string) => put({ node: next, edge: undefined, reached: undefined, left: undefined })} />
                {search.edge !== undefined && (
                  <button type="button" className="op-chip" aria-pressed onClick={() => put({ edge: undefined })}>
                    {t("journey.runs.way", { edge: search.edge })} ×
                  </button>
                )}
                {([["reached", search.reached], ["left", search.left]] as const).map(
                  ([way, step]) =>
                    step !== undefined && (
                      <button key={way} type="button" className="op-chip" aria-pressed onClick={() => put({ [way]: undefined })}>
                        {t(`journey.runs.${way}`, { step: words.step(definition, step) })} ×
                      </button>
                    ),
                )}
                {search.stage !== undefined && (
                  <button type="button" className="op-chip" aria-pressed onClick={() => put({ stage: search.segment === undefined ? undefined : "entered" })} data-testid="runs-stage">
                    {t("journey.runs.stage", { stage: t(`journey.report.steps.${search.stage}`) })} ×
                  </button>
                )}
                {search.segment !== undefined && (
                  <button type="button" className="op-chip" aria-pressed onClick={() => put({ segment: undefined })} data-testid="runs-segment">
                    {t("journey.runs.segment", { segment: segmentTitle(search.segment) })} ×
                  </button>
                )}
                {search.reason !== undefined && (
                  <button type="button" className="op-chip" aria-pressed onClick={() => put({ reason: undefined })}>
                    {t("journey.runs.reason", { reason: ending(search.reason) })} ×
                  </button>
                )}
                <Select<RunState> allowClear style={{ width: 160 }} aria-label={t("journey.runs.state")} placeholder={t("journey.runs.anyState")} value={search.state} options={RUN_STATES.map((one) => ({ value: one, label: t(`journey.states.${one}`) }))} onChange={(next?: RunState) => put({ state: next })} />
                <Range of={search} onChange={put} />
              </div>
              <Loaded query={query} rows={8}>
                {(data) =>
                  data.items.length === 0 ? (
                    narrowed ? (
                      <Nothing title={t("journey.runs.none")} text={t("journey.runs.noneText")} actions={<Button onClick={() => void navigate({ search: {} })}>{t("journey.runs.everybody")}</Button>} />
                    ) : (
                      <Nothing title={t("journey.runs.nobody")} text={t("journey.runs.nobodyText")} actions={<TryIt name={name} />} />
                    )
                  ) : (
                    <>
                      <p className="op-mute" data-testid="runs-total" data-value={data.total}>
                        {t("journey.runs.total", { figure: exact(data.total, language), count: data.total })}
                      </p>
                      <Table<RunRow>
                        size="small"
                        rowKey="run_id"
                        dataSource={data.items}
                        pagination={false}
                        scroll={{ x: 1080 }}
                        data-testid="runs-table"
                        columns={[
                          { title: t("journey.runs.customer"), render: (_, row) => <CustomerName id={row.customer_id} name={row.name} /> },
                          { title: t("journey.publish.step"), width: "26%", render: (_, row) => (row.node === null ? <Dash /> : <span title={row.node}>{words.step(definition, row.node)}</span>) },
                          {
                            title: t("journey.runs.state"),
                            render: (_, row) => (
                              <Status kind={MARKS[row.state] ?? "idle"}>
                                {t(`journey.states.${row.state as "live"}`, { defaultValue: row.state })}
                                {row.reason !== null && ` · ${row.ended === null ? t("journey.runs.before", { reason: ending(row.reason) }) : ending(row.reason)}`}
                              </Status>
                            ),
                          },
                          { title: t("journey.runs.entered"), className: "op-nowrap", render: (_, row) => <Time at={row.entered} /> },
                          { title: t("journey.runs.due"), className: "op-nowrap", render: (_, row) => <Time at={row.ended ?? row.due} /> },
                          { title: t("journey.runs.goal"), className: "op-nowrap", render: (_, row) => <Time at={row.goal_at} /> },
                          {
                            title: "",
                            align: "right",
                            render: (_, row) => (
                              <Button type="link" size="small" onClick={() => put({ run: row.run_id, cursor: search.cursor })} data-testid={`run-${row.run_id}`}>
                                {t("journey.runs.path")}
                              </Button>
                            ),
                          },
                        ]}
                      />
                      <div className="op-row" style={{ justifyContent: "flex-end", marginTop: 8 }}>
                        {search.cursor !== undefined && <Button onClick={() => put({ cursor: undefined })}>{t("journey.runs.first")}</Button>}
                        {data.next !== null && <Button onClick={() => put({ cursor: data.next ?? undefined })}>{t("journey.runs.next")}</Button>}
                      </div>
                    </>
                  )
                }
              </Loaded>
            </section>
            {run !== undefined && <Path name={name} run={run} onClose={() => put({ run: undefined, cursor: search.cursor })} />}
          </Frame>
        );
      }}
    </Loaded>
  );
}
