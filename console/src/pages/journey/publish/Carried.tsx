import { useQueries, useQuery, useQueryClient } from "@tanstack/react-query";
import { Checkbox, Progress } from "antd";
import { useEffect } from "react";
import { backtests } from "@/api/backtests";
import { ApiError } from "@/api/errors";
import type { JsonObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { CaseDifferences } from "../simulate/Cases";

const PERCENT = 100;

/** Whether somebody retired the case meanwhile. */
const isGone = (error: Error): boolean => error instanceof ApiError && error.code === "case-unknown";

interface Props {
  journey: string;
  definition: JsonObject;
  /** Publish although a case comes out otherwise, or before all are through. */
  anyway: boolean;
  onAnyway: (anyway: boolean) => void;
  /** Whether every case came to what it came to once. */
  onPassed: (passed: boolean) => void;
}

/** The journey's cases over what is to be published, one after the other, so that it can be seen how far they are. */
export function Carried({ journey, definition, anyway, onAnyway, onPassed }: Props) {
  const { t } = useText();
  const cache = useQueryClient();
  const cases = useQuery(backtests.cases(journey));
  const names = cases.data?.items.map((one) => one.name) ?? [];
  const through = (name: string): boolean => {
    const status = cache.getQueryState(backtests.result(journey, definition, name, true).queryKey)?.status;
    return status === "success" || status === "error";
  };
  const results = useQueries({ queries: names.map((name, place) => backtests.result(journey, definition, name, names.slice(0, place).every(through))) });
  const done = results.filter((one) => one.isSuccess || one.isError).length;
  const wrong = results.flatMap((one, place) => {
    const item = one.data?.items[0];
    // A case of which nothing came back has not passed.
    return one.isError || (one.isSuccess && item?.passed !== true) ? [{ name: names[place] ?? "", item, error: one.error }] : [];
  });
  const passed = cases.isSuccess && done === names.length && wrong.length === 0;
  useEffect(() => {
    onPassed(passed);
  }, [passed, onPassed]);
  const anywayBox = (
    <Checkbox checked={anyway} onChange={(event) => onAnyway(event.target.checked)} data-testid="publish-anyway">
      {t("journey.cases.anyway")}
    </Checkbox>
  );
  if (cases.isError) {
    return (
      <section aria-label={t("journey.cases.label")}>
        <Problem error={cases.error} retry={() => void cases.refetch()} />
        {anywayBox}
      </section>
    );
  }
  if (names.length === 0) return null;
  return (
    <section aria-label={t("journey.cases.label")} data-testid="publish-cases" data-done={done} data-failed={wrong.length}>
      <h3>{t("journey.cases.label")}</h3>
      {done < names.length ? (
        <div role="status">
          <Progress percent={Math.round((done / names.length) * PERCENT)} size="small" showInfo={false} aria-label={t("journey.cases.label")} />
          <p className="op-mute">{t("journey.cases.running", { done, total: names.length, name: names[done] ?? "" })}</p>
        </div>
      ) : (
        wrong.length === 0 && <Status kind="ok">{t("journey.cases.allPassed", { count: names.length })}</Status>
      )}
      {wrong.length > 0 && (
        <>
          <ul className="op-cases">
            {wrong.map(({ name, item, error }) => (
              <li key={name} data-testid="case" data-passed={false}>
                <div className="op-row">
                  <strong>{name}</strong>
                  <Status kind="error">{t("journey.cases.failed")}</Status>
                </div>
                {item !== undefined ? <CaseDifferences of={item} /> : error === null || isGone(error) ? <p>{t("journey.cases.gone")}</p> : <Problem error={error} />}
              </li>
            ))}
          </ul>
          <p className="op-hint">{t("journey.cases.mend")}</p>
        </>
      )}
      {!passed && anywayBox}
    </section>
  );
}
