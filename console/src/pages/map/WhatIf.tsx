import { ExperimentOutlined } from "@ant-design/icons";
import { Button, Form, Select, Slider, Table } from "antd";
import { useState } from "react";
import { type DataMap, useWhatIf, type WhatIf as Answer } from "@/api/insight";
import { exact, percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Exact, Figure, Figures } from "@/parts/Figures";
import { Problem } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import type { MapWords } from "./words";

/** The touchpoint to begin with: the largest of those whose customers can be told apart by what they have. */
export function likeliest(data: DataMap): DataMap["places"][number] | undefined {
  const strong = new Set(data.identifier_cells.filter((one) => one.strength === "strong" && one.identifiers > 0).map((one) => one.touchpoint));
  const largest = (some: DataMap["places"]): DataMap["places"][number] | undefined => [...some].sort((a, b) => b.customers - a.customers)[0];
  return largest(data.places.filter((one) => one.customers > 0 && strong.has(one.touchpoint))) ?? largest(data.places.filter((one) => one.customers > 0));
}

/** What it would bring if more customers of a touchpoint gave an identifier. */
export function WhatIfPanel({ data, words }: { data: DataMap; words: MapWords }) {
  const { t, language } = useText();
  const given = [...new Set(data.identifier_cells.filter((one) => one.strength === "strong" && one.identifiers > 0).map((one) => one.type))];
  const known = data.places.filter((one) => one.customers > 0);
  const [touchpoint, setTouchpoint] = useState(likeliest(data)?.touchpoint ?? "");
  const [gives, setGives] = useState(given.includes("phone") ? "phone" : (given[0] ?? "phone"));
  const [share, setShare] = useState(30);
  const ask = useWhatIf();
  const answer = ask.data;
  return (
    <div className="op-stack">
      <Panel title={t("map.whatIf")} testId="map-what-if">
        <Form layout="vertical" onFinish={() => ask.mutate({ touchpoint, gives, share: share / 100, level: 0.9 })} style={{ maxWidth: 560 }}>
          <Form.Item label={t("map.whatIfTouchpoint")} htmlFor="what-if-touchpoint">
            <Select id="what-if-touchpoint" value={touchpoint} onChange={setTouchpoint} options={known.map((one) => ({ value: one.touchpoint, label: words.touchpoint(one.touchpoint) }))} />
          </Form.Item>
          <Form.Item label={t("map.whatIfGives")} htmlFor="what-if-gives">
            <Select id="what-if-gives" value={gives} onChange={setGives} options={given.map((type) => ({ value: type, label: words.identifier(type) }))} />
          </Form.Item>
          <Form.Item label={t("map.whatIfShare", { share: percent(share / 100, language) })}>
            <Slider value={share} onChange={setShare} min={0} max={100} step={5} ariaLabelForHandle={t("map.whatIfShare", { share: percent(share / 100, language) })} />
          </Form.Item>
          <Button type="primary" htmlType="submit" icon={<ExperimentOutlined />} loading={ask.isPending} disabled={touchpoint === ""} data-testid="what-if-run">
            {t("map.whatIfRun")}
          </Button>
        </Form>
      </Panel>
      {ask.isError && <Problem error={ask.error} />}
      {answer !== undefined && answer.customers === 0 && (
        <p role="status" data-testid="what-if-nobody">
          <Status kind="warning">{t("map.whatIfNobody", { touchpoint: words.touchpoint(answer.touchpoint) })}</Status>
        </p>
      )}
      {answer !== undefined && answer.customers > 0 && <Outcome answer={answer} words={words} />}
    </div>
  );
}

function Outcome({ answer, words }: { answer: Answer; words: MapWords }) {
  const { t, language } = useText();
  const interval = (one: Answer["joined"]): string => t("map.interval", { low: exact(one.low, language), high: exact(one.high, language), level: percent(answer.level, language) });
  const names = { touchpoint: words.touchpoint(answer.touchpoint), gives: words.identifier(answer.gives) };
  return (
    <div className="op-stack" data-testid="what-if-answer">
      <Figures label={t("map.whatIfAnswer", { ...names, givers: exact(answer.givers, language), without: exact(answer.without, language) })}>
        <Figure label={t("map.wouldJoin")} note={interval(answer.joined)}>
          <Exact value={Math.round(answer.joined.middle)} testId="what-if-joined" />
        </Figure>
        <Figure label={t("map.wouldMerge")} note={interval(answer.duplicates)}>
          <Exact value={Math.round(answer.duplicates.middle)} testId="what-if-duplicates" />
        </Figure>
        <Figure label={t("map.wouldReach")} note={interval(answer.reachable)}>
          <Exact value={Math.round(answer.reachable.middle)} testId="what-if-reachable" />
        </Figure>
        <Figure label={t("map.givers")} note={t("map.giversOf", { without: exact(answer.without, language), customers: exact(answer.customers, language) })}>
          <Exact value={answer.givers} />
        </Figure>
      </Figures>
      <Panel title={t("map.assumptions")}>
        {answer.borrowed && <Status kind="warning">{t("map.borrowed", names)}</Status>}
        <ul>
          <li>{t("map.learnedFrom", { ...names, gave: exact(answer.gave, language), known: exact(answer.known, language) })}</li>
          <li>{t("map.assumeAlike", { selection: answer.selection })}</li>
          <li>{t("map.assumeProved")}</li>
          <li>{t("map.assumeConsent", { may: exact(answer.may_join, language), without: exact(answer.without, language) })}</li>
          {answer.refused > 0 && <li>{t("map.assumeRefused", { refused: exact(answer.refused, language) })}</li>}
          <li>{t("map.assumeDraws", { draws: exact(answer.draws, language), level: percent(answer.level, language) })}</li>
        </ul>
        <Table
          size="small"
          rowKey={(row) => `${row.touchpoints} ${row.active}`}
          dataSource={answer.groups}
          pagination={false}
          columns={[
            { title: t("map.knownAt"), render: (_, row) => t(row.touchpoints >= 3 ? "map.knownAtMore" : "map.knownAtSome", { count: row.touchpoints }) },
            { title: t("map.activity"), render: (_, row) => t(row.active ? "map.active" : "map.quiet") },
            { title: t("map.without"), align: "right", render: (_, row) => <Exact value={row.without} /> },
            { title: t("map.gave"), align: "right", render: (_, row) => <Exact value={row.gave} /> },
            { title: t("map.gaveJoined"), align: "right", render: (_, row) => <Exact value={row.joined} /> },
          ]}
        />
      </Panel>
    </div>
  );
}
