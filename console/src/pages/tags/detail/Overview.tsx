import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { lazy, Suspense, useState } from "react";
import { type TagDetail, tags } from "@/api/tags";
import { sideOf } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Exact, Time } from "@/parts/Figures";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { UsedBy } from "@/parts/UsedBy";
import { useScheduleWords } from "../factory/scheduleWords";
import { Mode, useTagWords } from "../words";
import { Distribution } from "./Distribution";

const Upload = lazy(() => import("./Upload").then((module) => ({ default: module.Upload })));
const Definition = lazy(() => import("./Definition").then((module) => ({ default: module.Definition })));

function Spread({ spread }: { spread: NonNullable<TagDetail["spread"]> }) {
  const { t } = useText();
  const names = ["minimum", "p25", "median", "mean", "p75", "maximum"] as const;
  return (
    <Panel title={t("tags.spread")}>
      <dl className="op-facts" style={{ gridTemplateColumns: "max-content 1fr" }}>
        {names.map((name) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{t(`tags.quantiles.${name}`)}</dt>
            <dd style={{ textAlign: "right" }}>
              <Exact value={spread[name]} digits={2} />
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

/** Of a learned tag: whether its latest run was published, and the way to its card. */
function Learned({ tag }: { tag: TagDetail }) {
  const { t, title } = useText();
  const card = useQuery(tags.model(tag.name)).data;
  if (card === undefined) return null;
  return (
    <Panel title={t("card.label")}>
      {card === null ? (
        <p className="op-mute">{t("card.none")}</p>
      ) : (
        <>
          {card.refusals.length > 0 && <Status kind="error">{t("card.refused")}</Status>}
          <p>{title(card.summary, card.method)}</p>
        </>
      )}
      <p style={{ marginTop: 8 }}>
        <Link to="/tags/$name" params={{ name: tag.name }} search={{ tab: "model" }}>
          {t("card.open")}
        </Link>
      </p>
    </Panel>
  );
}

function About({ tag }: { tag: TagDetail }) {
  const { t, language } = useText();
  const words = useTagWords();
  const schedule = useScheduleWords();
  const { purpose } = tag.definition;
  const [text, setText] = useState(false);
  return (
    <Panel
      title={t("tags.about")}
      extra={
        <Button size="small" type="link" onClick={() => setText(!text)} aria-expanded={text}>
          {t(text ? "tags.hideYaml" : "tags.showYaml")}
        </Button>
      }
    >
      <dl className="op-facts">
        <dt>{t("tags.saysLabel")}</dt>
        <dd>{words.says(tag.says)}</dd>
        <dt>{t("tags.kind")}</dt>
        <dd>{words.kind(tag.kind)}</dd>
        {tag.group !== null && (
          <>
            <dt>{t("factory.group")}</dt>
            <dd>{tag.group.split("/").map((one) => sideOf(one, language)).join("/")}</dd>
          </>
        )}
        <dt>{t("schedule.label")}</dt>
        <dd>
          <Mode mode={tag.mode} />
          {tag.schedule !== null && <div className="op-mute">{schedule(tag.schedule)}</div>}
          {tag.next_run !== null && (
            <div className="op-mute">
              {t("tags.nextRun")} <Time at={tag.next_run} />
            </div>
          )}
        </dd>
        {tag.owner !== null && (
          <>
            <dt>{t("factory.owner")}</dt>
            <dd>{tag.owner}</dd>
          </>
        )}
        {typeof purpose === "string" && (
          <>
            <dt>{t("factory.purpose")}</dt>
            <dd>{purpose}</dd>
          </>
        )}
      </dl>
      {text && (
        <Suspense>
          <Definition definition={tag.definition} />
        </Suspense>
      )}
    </Panel>
  );
}

export function Overview({ tag }: { tag: TagDetail }) {
  const { t } = useText();
  return (
    <div className="op-two">
      <div className="op-stack">
        <Distribution tag={tag} />
        {tag.kind === "import" && (
          <Suspense>
            <Upload tag={tag} />
          </Suspense>
        )}
      </div>
      <div className="op-stack">
        {tag.kind === "model" && <Learned tag={tag} />}
        {tag.spread !== null && <Spread spread={tag.spread} />}
        <About tag={tag} />
        <Panel title={t("tags.usedBy")}>
          <UsedBy names={tag.used_by} none={t("tags.unusedText")} />
        </Panel>
      </div>
    </div>
  );
}
