import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Table } from "antd";
import { lazy, Suspense, useState } from "react";
import { identity, type ModelVersion } from "@/api/identity";
import { exact } from "@/lib/format";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Dash, Exact, Time } from "@/parts/Figures";
import { Loaded, Waiting } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";

// Seldom asked for on a page that is read often.
const DifferenceOf = lazy(() => import("./Difference").then((module) => ({ default: module.DifferenceOf })));
const Restore = lazy(() => import("./Restore").then((module) => ({ default: module.Restore })));

const SHOWN = 10;

/** Every version of the model: how it came to be, by whom, its thresholds and counts; two are compared, one comes back. */
export function Versions({ shown }: { shown: number }) {
  const { t, language } = useText();
  const may = useMay("identity.rules");
  const { against } = useSearch({ from: "/shell/identity/model" });
  const navigate = useNavigate({ from: "/identity/model" });
  const list = useQuery({ ...identity.modelVersions(), placeholderData: keepPreviousData });
  const [to, setTo] = useState<ModelVersion>();
  const figure = (value: number) => <span className="op-num">{exact(value, language, 3)}</span>;
  return (
    <>
      <Panel title={t("oneid.modelVersions")} flush>
        <p className="op-mute" style={{ padding: "0 16px 8px" }}>
          {t("oneid.modelVersionsText")}
        </p>
        <Loaded query={list} rows={3}>
          {(data) => (
            <Table
              size="small"
              rowKey="version"
              data-testid="model-versions"
              dataSource={data.items}
              pagination={data.items.length > SHOWN ? { pageSize: SHOWN, showSizeChanger: false, style: { padding: "0 16px" } } : false}
              scroll={{ x: "max-content" }}
              columns={[
                { title: t("oneid.version"), render: (_, row) => <span className="op-num">{row.version}</span> },
                { title: t("oneid.cause"), render: (_, row) => (row.restored === null ? t(`oneid.causes.${row.cause}`) : t("oneid.restoredFrom", { version: row.restored })) },
                { title: t("oneid.by"), render: (_, row) => author(row.author) },
                { title: t("oneid.at"), render: (_, row) => <Time at={row.at} /> },
                { title: t("oneid.likelihood.join"), align: "right", render: (_, row) => figure(row.join) },
                { title: t("oneid.likelihood.review"), align: "right", render: (_, row) => figure(row.review) },
                { title: t("oneid.records"), align: "right", render: (_, row) => <Exact value={row.records} /> },
                { title: t("oneid.labels"), align: "right", render: (_, row) => <Exact value={row.labels} /> },
                { title: t("oneid.reasonLabel"), render: (_, row) => (row.cause === "learned" || row.cause === "reviewed" || row.reason === "" ? <Dash /> : row.reason) },
                {
                  title: "",
                  align: "right",
                  render: (_, row) => (
                    <span className="op-row" style={{ justifyContent: "flex-end" }}>
                      {row.current && <Status kind="ok">{t("oneid.inForce")}</Status>}
                      {row.version !== shown && (
                        <>
                          <Button size="small" type="link" onClick={() => void navigate({ search: { version: row.current ? undefined : row.version } })} data-testid={`model-see-${row.version}`}>
                            {t("oneid.see")}
                          </Button>
                          <Button size="small" type="link" onClick={() => void navigate({ search: (before) => ({ ...before, against: row.version }) })} data-testid={`model-compare-${row.version}`}>
                            {t("oneid.compareWith", { version: shown })}
                          </Button>
                        </>
                      )}
                      {!row.current && (
                        <Button size="small" disabled={!may} onClick={() => setTo(row)} data-testid={`model-restore-${row.version}`}>
                          {t("oneid.restore")}
                        </Button>
                      )}
                    </span>
                  ),
                },
              ]}
            />
          )}
        </Loaded>
      </Panel>
      {against !== undefined && against !== shown && (
        <Panel
          title={t("oneid.differenceOf", { one: Math.min(shown, against), other: Math.max(shown, against) })}
          extra={
            <Button size="small" onClick={() => void navigate({ search: (before) => ({ ...before, against: undefined }) })}>
              {t("oneid.clear")}
            </Button>
          }
        >
          <Suspense fallback={<Waiting rows={6} />}>
            <DifferenceOf before={Math.min(shown, against)} after={Math.max(shown, against)} />
          </Suspense>
        </Panel>
      )}
      {to !== undefined && (
        <Suspense fallback={null}>
          <Restore to={to} present={list.data?.items[0]?.version ?? to.version} onClose={() => setTo(undefined)} />
        </Suspense>
      )}
    </>
  );
}
