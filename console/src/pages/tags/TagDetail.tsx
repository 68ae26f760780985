import { DeleteOutlined, EditOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Button, Tabs } from "antd";
import { lazy, Suspense, useState } from "react";
import { queries } from "@/api/queries";
import type { TagDetail as Detail } from "@/api/tags";
import { exact, percent } from "@/lib/format";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Count, Exact, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Waiting } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { isNumber } from "./detail/number";
import { Overview } from "./detail/Overview";
import { pause } from "./detail/pause";
import type { TagTab } from "./detail/state";
import { Drift, Mode, useTagWords } from "./words";
import "./tags.css";

// What most visits do not look at comes when it is looked at.
const ModelCard = lazy(() => import("./card/ModelCard").then((module) => ({ default: module.ModelCard })));
const Runs = lazy(() => import("./detail/Runs").then((module) => ({ default: module.Runs })));
const Explain = lazy(() => import("./detail/Explain").then((module) => ({ default: module.Explain })));
const LineageTab = lazy(() => import("./detail/LineageTab").then((module) => ({ default: module.LineageTab })));
const Versions = lazy(() => import("./detail/Versions").then((module) => ({ default: module.Versions })));
const Remove = lazy(() => import("./detail/Remove").then((module) => ({ default: module.Remove })));

const PAGES = { overview: Overview, model: ModelCard, runs: Runs, explain: Explain, lineage: LineageTab, versions: Versions } as const;

function Content({ tag }: { tag: Detail }) {
  const { t, title, language } = useText();
  const words = useTagWords();
  const may = useMay("tags.write");
  const search = useSearch({ from: "/shell/tags/$name" });
  const navigate = useNavigate({ from: "/tags/$name" });
  const [removing, setRemoving] = useState(false);
  const tabs: TagTab[] = ["overview", ...(tag.kind === "model" ? (["model"] as const) : []), "runs", "explain", "lineage", "versions"];
  const tab = search.tab !== undefined && tabs.includes(search.tab) ? search.tab : "overview";
  const Shown = PAGES[tab];
  const psi = tag.last_run?.psi ?? null;
  return (
    <>
      <PageHead
        crumb={<Link to="/tags">{t("nav.tags")}</Link>}
        title={title(tag.title, tag.name)}
        sub={
          <>
            <span className="op-code">{tag.name}</span> · {words.kind(tag.kind)} · <Mode mode={tag.mode} />
          </>
        }
        actions={
          may && (
            <>
              <Button icon={<DeleteOutlined />} aria-label={t("tags.retire")} title={t("tags.retire")} onClick={() => setRemoving(true)} data-testid="tag-retire" />
              <Button type="primary" icon={<EditOutlined />} onClick={() => void navigate({ to: "/tags/$name/edit", params: { name: tag.name } })} data-testid="tag-edit">
                {t("tags.edit")}
              </Button>
            </>
          )
        }
      />
      <div className="op-stack">
        <Figures label={t("tags.figures")}>
          <Figure label={t("tags.covered")} note={tag.total > 0 && t("tags.ofAll", { share: percent(tag.coverage / tag.total, language), total: exact(tag.total, language) })}>
            <Link to="/customers" search={{ tag: tag.name }} style={{ color: "inherit" }}>
              <Count value={tag.coverage} testId="tag-coverage" />
            </Link>
          </Figure>
          {tag.spread === null || !isNumber(tag) ? (
            <Figure label={t("tags.values")}>
              <Count value={tag.distribution.length} />
            </Figure>
          ) : (
            <Figure label={t("tags.quantiles.median")}>
              <Exact value={tag.spread.median} digits={2} />
            </Figure>
          )}
          <Figure small label={t("tags.drift")} note={tag.last_run !== null && <Time at={tag.last_run.as_of} />}>
            <Drift psi={psi} />
          </Figure>
          <Figure small label={t("tags.freshness")} note={tag.freshness !== null && <Time at={tag.freshness} />}>
            <Time at={tag.freshness} show="relative" />
          </Figure>
          <Figure small label={t("tags.version")} note={author(tag.author)}>
            {tag.version}
          </Figure>
        </Figures>
        {tag.sentence !== null && (
          <p className="op-sentence" data-testid="tag-sentence" style={{ background: "var(--op-panel)" }}>
            {title(tag.sentence, "")}
          </p>
        )}
        {tag.problems.length > 0 && (
          <div className="op-problem" role="alert">
            <div>
              <Status kind="error">{t("tags.broken")}</Status>
              {tag.problems.map((one) => (
                <div key={one.place + one.message}>
                  <code className="op-code">{one.place}</code> {one.message}
                </div>
              ))}
            </div>
          </div>
        )}
      </div>
      <Tabs
        style={{ marginTop: 8 }}
        activeKey={tab}
        destroyOnHidden
        onChange={(key) => void navigate({ search: { tab: key === "overview" ? undefined : (key as TagTab) } })}
        items={tabs.map((key) => ({
          key,
          label: <span data-testid={`tab-${key}`}>{t(`tags.tabs.${key}`)}</span>,
          children: key === tab && (
            <Suspense fallback={<Waiting rows={8} />}>
              <Shown tag={tag} />
            </Suspense>
          ),
        }))}
      />
      {removing && (
        <Suspense>
          <Remove tag={tag} onClose={() => setRemoving(false)} />
        </Suspense>
      )}
    </>
  );
}

export function TagDetail() {
  const { name } = useParams({ from: "/shell/tags/$name" });
  // A tag that was just saved is computed with the next tick. Every look reads all its values, so later ones are rarer.
  const tag = useQuery({ ...queries.tag(name), refetchInterval: ({ state }) => pause(state.data, state.dataUpdateCount) });
  return <Loaded query={tag} rows={12}>{(data) => <Content key={data.name} tag={data} />}</Loaded>;
}
