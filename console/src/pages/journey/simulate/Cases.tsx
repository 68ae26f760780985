import { DeleteOutlined, PlayCircleOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Popconfirm } from "antd";
import { useState } from "react";
import { backtests, type CaseResult, type JourneyCase, useDropCase } from "@/api/backtests";
import type { Definition } from "@/journeys/model";
import { dateTime, exact } from "@/lib/format";
import { said } from "@/lib/said";
import { useZone } from "@/lib/session";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Loaded, Nothing, Problem } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { useEditing } from "../editor/context";
import { useFigureName } from "./figures";

/** What came out of a case otherwise than expected, or why it could not be carried out. */
export function CaseDifferences({ of }: { of: CaseResult }) {
  const { t, language } = useText();
  const named = useFigureName();
  if (of.problem !== null) return <p>{said(of.problem, language)}</p>;
  if (of.passed) return null;
  return (
    <table className="op-beside">
      <thead>
        <tr>
          <th scope="col">{t("journey.simulate.figure")}</th>
          <th scope="col">{t("journey.cases.expected")}</th>
          <th scope="col">{t("journey.cases.found")}</th>
        </tr>
      </thead>
      <tbody>
        {of.differences.map((one) => (
          <tr key={one.figure}>
            <th scope="row">
              {named(one.figure)}
              {one.step !== null && <span className="op-mute"> {t("journey.cases.step", { number: one.step })}</span>}
            </th>
            <td>{one.expected || "–"}</td>
            <td>{one.found || "–"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Case({ of, result }: { of: JourneyCase; result: CaseResult | undefined }) {
  const { t, language } = useText();
  const zone = useZone();
  const { definition, readOnly } = useEditing();
  const drop = useDropCase(String(definition.journey));
  return (
    <li data-testid="case" data-passed={result?.passed}>
      <div className="op-row">
        <strong>{of.name}</strong>
        {result !== undefined && <Status kind={result.passed ? "ok" : "error"}>{t(result.passed ? "journey.cases.passed" : "journey.cases.failed")}</Status>}
        {!readOnly && (
          <Popconfirm title={t("journey.cases.dropAsk", { name: of.name })} onConfirm={() => drop.mutate(of.name)}>
            <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t("journey.cases.drop", { name: of.name })} loading={drop.isPending} />
          </Popconfirm>
        )}
      </div>
      <p className="op-mute">
        {of.segment === null && of.customers.length === 1 && <CustomerName id={of.customers[0] ?? 0} name={null} newTab />} {dateTime(of.start, zone)} – {dateTime(of.end, zone)} · {t("journey.simulate.entered")} {exact(of.entered, language)}
      </p>
      {of.note !== "" && <p>{of.note}</p>}
      {result !== undefined && <CaseDifferences of={result} />}
      {drop.isError && <Problem error={drop.error} />}
    </li>
  );
}

/** Simulations that were kept: what the journey as it is drawn now does otherwise than it did then. */
export function Cases() {
  const { t } = useText();
  const { definition } = useEditing();
  const name = String(definition.journey);
  const [wanted, setWanted] = useState<Definition | null>(null);
  const cases = useQuery(backtests.cases(name));
  const run = useQuery(backtests.results(name, wanted ?? definition, wanted !== null));
  const results = new Map((run.data?.items ?? []).map((one) => [one.name, one]));
  return (
    <>
      <p className="op-hint">{t("journey.cases.hint")}</p>
      <Loaded query={cases}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing title={t("journey.cases.none")} text={t("journey.cases.noneHint")} />
          ) : (
            <>
              <div className="op-row">
                <Button
                  type="primary"
                  icon={<PlayCircleOutlined />}
                  loading={run.isFetching}
                  onClick={() => {
                    if (wanted === definition) void run.refetch();
                    else setWanted(definition);
                  }}
                  data-testid="cases-run"
                >
                  {t("journey.cases.run")}
                </Button>
                {wanted !== null && wanted !== definition && <Status kind="warning">{t("journey.simulate.old")}</Status>}
              </div>
              {run.isError && <Problem error={run.error} />}
              <ul className="op-cases">
                {items.map((one) => (
                  <Case key={one.name} of={one} result={wanted === definition && !run.isFetching ? results.get(one.name) : undefined} />
                ))}
              </ul>
            </>
          )
        }
      </Loaded>
    </>
  );
}
