import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Select } from "antd";
import { type JourneyWhy, journeys } from "@/api/journeys";
import { matches } from "@/conditions/names";
import { useText } from "@/lib/useText";
import { Reason } from "@/pages/journey/Reason";
import { useEnding } from "@/pages/journey/ends";
import { Steps } from "@/pages/journey/runs/Steps";
import { JourneyState } from "@/pages/journey/State";
import { Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import "./journeys.css";

/** Things that did not start a run are told up to so many: the latest say it. */
const NOT_STARTED = 10;

const weight = (one: JourneyWhy): number => (one.runs.length > 0 ? 2 : one.not_started.length > 0 ? 1 : 0);

function One({ of, open }: { of: JourneyWhy; open: boolean }) {
  const { t, title } = useText();
  const ending = useEnding();
  return (
    <article className="op-why-journey" aria-label={title(of.title, of.journey)} data-testid={`why-${of.journey}`}>
      <header className="op-row">
        <Link to="/journeys/$name" params={{ name: of.journey }}>
          <strong>{title(of.title, of.journey)}</strong>
        </Link>
        <JourneyState of={{ status: of.status as "live" }} />
      </header>
      <p>{title(of.answer, "")}</p>
      {of.now !== null && <p className="op-mute">{title(of.now, "")}</p>}
      {of.runs.map((run, i) => (
        <details key={run.run_id} open={open && i === 0}>
          <summary>
            <Time at={run.entered} /> · {t("journey.version", { version: run.version })} · {t(`journey.states.${run.state as "live"}`, { defaultValue: run.state })}
            {run.reason !== null && (
              <>
                {" · "}
                {ending(run.reason)}
              </>
            )}
          </summary>
          <Steps steps={run.steps} />
        </details>
      ))}
      {of.not_started.length > 0 && (
        <details open={open && of.runs.length === 0}>
          <summary>{t("journey.why.notStarted", { figure: of.not_started.length })}</summary>
          <ol className="op-path">
            {of.not_started.slice(0, NOT_STARTED).map((one, i) => (
              // The same may have happened twice at one instant.
              <li key={i}>
                <Time at={one.at} />
                <div>
                  <Reason name={one.reason}>{title(one.what, one.reason)}</Reason>
                </div>
              </li>
            ))}
          </ol>
          {of.not_started.length > NOT_STARTED && <p className="op-mute">{t("journey.why.more", { figure: of.not_started.length - NOT_STARTED })}</p>}
        </details>
      )}
    </article>
  );
}

/** Why this customer did or did not get what journeys send: those that took them in first. */
export function Journeys({ id }: { id: number }) {
  const { t, title } = useText();
  const { journey } = useSearch({ from: "/shell/customers/$id" });
  const navigate = useNavigate({ from: "/customers/$id" });
  const query = useQuery(journeys.why(id));
  return (
    <div style={{ padding: 16 }}>
      <Loaded query={query} rows={8}>
        {(data) => {
          const all = [...data.journeys].sort((a, b) => weight(b) - weight(a) || title(a.title, a.journey).localeCompare(title(b.title, b.journey), "zh"));
          const shown = all.filter((one) => journey === undefined || one.journey === journey);
          if (all.length === 0) return <Nothing title={t("journey.why.none")} text={t("journey.why.noneText")} actions={<Link to="/journeys/new">{t("journey.list.new")}</Link>} />;
          return (
            <>
              <Select
                allowClear
                showSearch={{ filterOption: matches }}
                style={{ width: 280 }}
                aria-label={t("nav.journeys")}
                placeholder={t("journey.why.any")}
                value={journey}
                options={all.map((one) => ({ value: one.journey, label: title(one.title, one.journey), search: `${one.journey} ${one.title.zh} ${one.title.en}`.toLowerCase() }))}
                onChange={(next?: string) => void navigate({ search: (before) => ({ ...before, journey: next }), replace: true })}
                data-testid="why-journey"
              />
              {shown.map((one, i) => (
                <One key={one.journey} of={one} open={i === 0} />
              ))}
              {shown.length === 0 && <Nothing title={t("journey.why.none")} text={t("journey.why.noneText")} />}
            </>
          );
        }}
      </Loaded>
    </div>
  );
}
