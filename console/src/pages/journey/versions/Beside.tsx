import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useMemo } from "react";
import { journeys, type Results } from "@/api/journeys";
import { queries } from "@/api/queries";
import type { JsonObject } from "@/conditions/model";
import { asked } from "@/journeys/range";
import type { RangeSearch } from "@/journeys/state";
import { exact, money, percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Dash } from "@/parts/Figures";
import { Loaded } from "@/parts/Loaded";
import { useWords } from "../words";

interface Props {
  name: string;
  a: number;
  b: number;
  range: RangeSearch;
}

type Row = [key: string, said: ReactNode, (of: Results, version: number) => ReactNode];

/** What two versions brought: who entered, who reached each step, goals, messages, cost, uplift. */
export function Beside({ name, a, b, range }: Props) {
  const { t, language } = useText();
  const query = useQuery(journeys.compare(name, useMemo(() => ({ ...asked({ ...range, version: undefined }), a, b }), [range, a, b])));
  const definition: JsonObject = useQuery(journeys.version(name, b)).data?.definition ?? {};
  const words = useWords(useQuery(queries.names()).data, definition.params);
  const share = (value: number | null | undefined): ReactNode => (value == null ? <Dash /> : percent(value, language));
  const sum = (value: number | string | null | undefined, of: Results): ReactNode => (value == null || of.revenue === null ? <Dash /> : money(value, of.revenue.currency, language));
  const behind = (version: number, value: number, search: object): ReactNode => (
    <Link to="/journeys/$name/runs" params={{ name }} search={{ ...range, ...search, version }}>
      {exact(value, language)}
    </Link>
  );
  return (
    <Loaded query={query} rows={8}>
      {(found) => {
        const steps = [...new Set([found.a, found.b].flatMap((one) => one.nodes.map(({ node }) => node)))];
        const controls = [...new Set([found.a, found.b].flatMap((one) => one.uplift.map(({ against }) => against)))];
        const rows: Row[] = [
          ["entered", t("journey.list.entered"), (of, version) => behind(version, of.entered, {})],
          ["live", t("journey.list.live"), (of, version) => behind(version, of.live, { state: "live" })],
          ...steps.map((node): Row => [`step-${node}`, <span title={node}>{t("journey.beside.reached", { step: words.step(definition, node) })}</span>, (of, version) => {
            const step = of.nodes.find((one) => one.node === node);
            return step === undefined ? <Dash /> : behind(version, step.in, { reached: node });
          }]),
          ["goals", t("journey.report.goals"), (of) => exact(of.goal.goals, language)],
          ["rate", t("journey.report.rate"), (of) => share(of.goal.rate)],
          ["sends", t("journey.report.sends"), (of) => exact(of.nodes.reduce((all, one) => all + one.sent, 0), language)],
          ["cost", t("journey.publish.cost"), (of) => sum(of.revenue?.cost, of)],
          ["perSend", t("journey.report.perSend"), (of) => sum(of.revenue?.per_send, of)],
          ...controls.map((against): Row => [
            `uplift-${against}`,
            `${t("journey.beside.uplift")} · ${against.startsWith("split:") ? t("journey.report.against.split", { step: words.step(definition, against.slice(6)) }) : t(`journey.report.against.${against as "holdout"}`)}`,
            (of) => {
              const one = of.uplift.find((each) => each.against === against);
              if (one === undefined || one.value === null || one.low === null || one.high === null) return <Dash />;
              return (
                <span title={one.enough ? undefined : t("journey.report.verdict.few")}>
                  {percent(one.value, language)} ({percent(one.low, language)} – {percent(one.high, language)}){!one.enough && ` · ${t("journey.report.verdict.few")}`}
                </span>
              );
            },
          ]),
        ];
        return (
          <div className="op-scroll">
            <table className="op-beside" data-testid="versions-beside">
              <thead>
                <tr>
                  <th scope="col">{t("journey.simulate.figure")}</th>
                  <th scope="col">{t("journey.version", { version: a })}</th>
                  <th scope="col">{t("journey.version", { version: b })}</th>
                </tr>
              </thead>
              <tbody>
                {rows.map(([key, said, show]) => (
                  <tr key={key} data-testid={`beside-${key}`}>
                    <th scope="row">{said}</th>
                    <td className="op-num">{show(found.a, a)}</td>
                    <td className="op-num">{show(found.b, b)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            <p className="op-hint">{t("journey.beside.noLot")}</p>
          </div>
        );
      }}
    </Loaded>
  );
}
