import { Link } from "@tanstack/react-router";
import { Drawer } from "antd";
import type { Graph, Link as Evidence } from "@/api/identity";
import { percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Exact, Time } from "@/parts/Figures";
import { Copy, Nothing } from "@/parts/Loaded";
import { Identifier } from "../Identifier";
import { useWords } from "../words";
import { LinkState } from "./Lists";

function EventId({ label, id }: { label: string; id: string | null }) {
  const { t } = useText();
  if (id === null) return null;
  return (
    <>
      <dt>{label}</dt>
      <dd className="op-code">
        {id} <Copy text={id} label={t("common.copy")} />
      </dd>
    </>
  );
}

/** All that is known of a link: by which rule, where, when, how often, on what basis, and what came of it. */
export function Facts({ link }: { link: Evidence }) {
  const { t, language } = useText();
  const words = useWords();
  return (
    <dl className="op-facts" data-testid="evidence">
      <dt>{t("home.state")}</dt>
      <dd>
        <LinkState link={link} />
      </dd>
      <dt>{t("oneid.rule.title")}</dt>
      <dd>{words.rule(link.rule)}</dd>
      {link.confidence !== null && (
        <>
          <dt>{t("oneid.probability")}</dt>
          <dd className="op-num">{percent(link.confidence, language)}</dd>
        </>
      )}
      {link.touchpoint !== "" && (
        <>
          <dt>{t("home.touchpoint")}</dt>
          <dd>{words.touchpoint(link.touchpoint)}</dd>
        </>
      )}
      {link.decision !== null && (
        <>
          <dt>{t("oneid.what")}</dt>
          <dd>
            <Link to="/identity/decisions">{t("oneid.byDecision", { id: link.decision })}</Link>
          </dd>
        </>
      )}
      {link.trust !== null && (
        <>
          <dt>{t("oneid.trust.title")}</dt>
          <dd>{t(`oneid.trust.${link.trust}`)}</dd>
        </>
      )}
      <dt>{t("oneid.consent.title")}</dt>
      <dd>{words.consent(link.consent)}</dd>
      <dt>{t("oneid.count")}</dt>
      <dd>
        <Exact value={link.count} />
      </dd>
      <dt>{t("oneid.firstTime")}</dt>
      <dd>
        <Time at={link.first_time} />
      </dd>
      <dt>{t("oneid.lastTime")}</dt>
      <dd>
        <Time at={link.last_time} />
      </dd>
      <EventId label={t("oneid.firstEvent")} id={link.first_event} />
      {link.last_event !== link.first_event && <EventId label={t("oneid.lastEvent")} id={link.last_event} />}
    </dl>
  );
}

export function EvidenceDrawer({ graph, id, onClose }: { graph: Graph; id: number; onClose: () => void }) {
  const { t } = useText();
  const link = graph.links.find((one) => one.link_id === id);
  const ends = link === undefined ? [] : [link.a, link.b].map((end) => graph.nodes.find((one) => one.identifier_id === end)).filter((one) => one !== undefined);
  return (
    <Drawer open size={460} mask={false} title={t("oneid.evidence")} onClose={onClose}>
      {link === undefined ? (
        <Nothing title={t("oneid.noSuchLink")} />
      ) : (
        <div className="op-stack">
          <div>
            {ends.map((one) => (
              <div key={one.identifier_id}>
                <Identifier of={one} />
              </div>
            ))}
          </div>
          <Facts link={link} />
        </div>
      )}
    </Drawer>
  );
}
