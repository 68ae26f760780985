import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Button, Radio, Table } from "antd";
import { lazy, Suspense, useState } from "react";
import { queries, type Segment } from "@/api/queries";
import { segmentQueries, type SegmentVersion, type VersionDiff } from "@/api/segments";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { SegmentFrame } from "../SegmentFrame";
import { Changes } from "./Changes";

const Publish = lazy(() => import("../edit/Publish").then((part) => ({ default: part.Publish })));

/** One version as it read, in both languages. */
function Side({ label, version, sentence }: { label: string; version: SegmentVersion; sentence: VersionDiff["before_sentence"] }) {
  const { t, title, language } = useText();
  return (
    <section aria-label={label}>
      <h3 style={{ fontSize: 14 }}>
        {label} · {t("versions.number", { version: version.version })}
      </h3>
      <p className="op-mute" style={{ fontSize: 13 }}>
        {[author(version.author), version.reason].filter(Boolean).join(" · ")} <Time at={version.at} />
      </p>
      {sentence === null ? (
        <p className="op-mute">{t(version.condition === null ? "versions.removed" : "versions.unreadable")}</p>
      ) : (
        <div className="op-sentence" style={{ marginTop: 6 }}>
          {title(sentence, "")}
          <div className="op-mute" lang={language === "en" ? "zh-CN" : "en"} style={{ fontSize: 12.5, marginTop: 4 }}>
            {language === "en" ? sentence.zh : sentence.en}
          </div>
        </div>
      )}
    </section>
  );
}

function Diff({ name, a, b }: { name: string; a: number; b: number }) {
  const { t } = useText();
  const diff = useQuery(segmentQueries.diff(name, a, b));
  return (
    <Panel title={t("versions.diff")} testId="version-diff">
      <Loaded query={diff} rows={5}>
        {(data) => (
          <div className="op-stack">
            <div className="op-halves-2">
              <Side label={t("versions.before")} version={data.before} sentence={data.before_sentence} />
              <Side label={t("versions.after")} version={data.after} sentence={data.after_sentence} />
            </div>
            <Changes rows={data.diff} none={t("versions.same")} />
          </div>
        )}
      </Loaded>
    </Panel>
  );
}

function Content({ segment, versions }: { segment: Segment; versions: SegmentVersion[] }) {
  const { t } = useText();
  const may = useMay("segments.write");
  const search = useSearch({ from: "/shell/segments/$name/versions" });
  const navigate = useNavigate({ from: "/segments/$name/versions" });
  const [back, setBack] = useState<SegmentVersion>();
  const numbers = versions.map((one) => one.version).sort((x, y) => y - x);
  const known = (version: number | undefined): number | undefined => (version !== undefined && numbers.includes(version) ? version : undefined);
  const b = known(search.b) ?? numbers[0];
  const a = known(search.a) ?? numbers.find((one) => b !== undefined && one < b);
  const choose = (change: { a?: number; b?: number }): void => void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  return (
    <div className="op-stack">
      <Panel title={t("segments.versions")} flush>
        <Table<SegmentVersion>
          size="middle"
          rowKey="version"
          data-testid="versions-table"
          dataSource={[...versions].sort((x, y) => y.version - x.version)}
          pagination={versions.length > 10 ? { pageSize: 10, showSizeChanger: false, style: { padding: "0 16px" } } : false}
          columns={[
            {
              title: t("versions.before"),
              width: 76,
              render: (_, one) => <Radio checked={one.version === a} disabled={one.version === b} onChange={() => choose({ a: one.version })} aria-label={t("versions.asBefore", { version: one.version })} data-testid={`before-${one.version}`} />,
            },
            {
              title: t("versions.after"),
              width: 76,
              render: (_, one) => <Radio checked={one.version === b} disabled={one.version === a} onChange={() => choose({ b: one.version })} aria-label={t("versions.asAfter", { version: one.version })} data-testid={`after-${one.version}`} />,
            },
            { title: t("segments.version"), width: 80, render: (_, one) => <span className="op-num">v{one.version}</span> },
            { title: t("versions.author"), width: 200, render: (_, one) => author(one.author) },
            { title: t("versions.reason"), render: (_, one) => (one.reason === "" ? <span className="op-mute">–</span> : one.reason) },
            { title: t("versions.at"), align: "right", render: (_, one) => <Time at={one.at} /> },
            {
              title: "",
              align: "right",
              render: (_, one) =>
                one.version === segment.version ? (
                  <span className="op-mute">{t("versions.current")}</span>
                ) : (
                  one.condition !== null &&
                  may && (
                    <Button size="small" onClick={() => setBack(one)} data-testid={`restore-${one.version}`}>
                      {t("versions.restore")}
                    </Button>
                  )
                ),
            },
          ]}
        />
      </Panel>
      {a === undefined || b === undefined ? (
        <section className="op-panel">
          <Nothing title={t("versions.onlyOne")} text={t("versions.onlyOneText")} />
        </section>
      ) : (
        <Diff name={segment.name} a={a} b={b} />
      )}
      {back !== undefined && back.condition !== null && (
        <Suspense>
          <Publish
            segment={segment}
            written={{ name: segment.name, title: segment.title, description: segment.description, condition: back.condition as Record<string, never> }}
            heading={t("versions.restoreOf", { version: back.version })}
            onClose={() => setBack(undefined)}
            onPublished={() => {
              setBack(undefined);
              void navigate({ search: {} });
            }}
          />
        </Suspense>
      )}
    </div>
  );
}

/** Every version of a segment: who made it, why, what it changed, and the way back to it. */
export function Versions() {
  const { name } = useParams({ from: "/shell/segments/$name/versions" });
  const segment = useQuery(queries.segment(name));
  const history = useQuery(queries.history(name));
  return (
    <Loaded query={segment} rows={8}>
      {(data) => (
        <SegmentFrame segment={data}>
          <Loaded query={history} rows={8}>
            {({ versions }) => <Content segment={data} versions={versions} />}
          </Loaded>
        </SegmentFrame>
      )}
    </Loaded>
  );
}
