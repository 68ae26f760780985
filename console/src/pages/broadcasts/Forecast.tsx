import { useQuery } from "@tanstack/react-query";
import { type BroadcastDetail, broadcasts } from "@/api/broadcasts";
import { exact, money } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Exact, Figure, Figures } from "@/parts/Figures";
import { Loaded } from "@/parts/Loaded";

/** What would become of it if it started now: nobody presses start without having seen whom it reaches. */
export function Forecast({ of }: { of: BroadcastDetail }) {
  const { t, title, language } = useText();
  const query = useQuery(broadcasts.forecast(of.name, of.version));
  return (
    <Loaded query={query} rows={3}>
      {(found) => (
        <div className="op-stack" data-testid="broadcast-forecast">
          <Figures label={t("reach.broadcasts.forecast")}>
            <Figure small label={t("reach.broadcasts.atOnce")}>
              <Exact value={found.at_once} testId="forecast-at-once" />
            </Figure>
            <Figure small label={t("reach.broadcasts.putOff")}>
              <Exact value={found.put_off} />
            </Figure>
            <Figure small label={t("reach.broadcasts.duplicates")}>
              <Exact value={found.duplicates} />
            </Figure>
            <Figure small label={t("reach.broadcasts.cost")}>
              {found.cost === null ? <span className="op-mute">{t("reach.broadcasts.noPrice")}</span> : money(found.cost, found.currency, language)}
            </Figure>
          </Figures>
          {found.left_out.length > 0 && (
            <dl className="op-facts" aria-label={t("reach.broadcasts.leftOut")}>
              {found.left_out.map((one) => (
                <div key={one.reason} style={{ display: "contents" }}>
                  <dt>{one.reason_words === null ? one.reason : title(one.reason_words, one.reason)}</dt>
                  <dd className="op-num">{exact(one.customers, language)}</dd>
                </div>
              ))}
            </dl>
          )}
          <p className="op-hint">{t(found.sample < found.audience ? "reach.broadcasts.forecastSample" : "reach.broadcasts.forecastHint", { figure: exact(found.sample, language) })}</p>
        </div>
      )}
    </Loaded>
  );
}
