import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Checkbox, Segmented, Select } from "antd";
import { lazy, Suspense, useMemo } from "react";
import { type Lineage as Data, tags } from "@/api/tags";
import { matches } from "@/conditions/names";
import { useText } from "@/lib/useText";
import { Loaded, Nothing, Waiting } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { around, connected, graphOf, KINDS, withoutFields } from "./graph";
import { Impact } from "./Impact";
import { List } from "./List";

// The canvas is large: it comes when it is looked at.
const Canvas = lazy(() => import("./Canvas").then((module) => ({ default: module.Canvas })));

function Page({ data }: { data: Data }) {
  const { t, title } = useText();
  const navigate = useNavigate({ from: "/lineage" });
  const { of, view = "graph", fields, only } = useSearch({ from: "/shell/lineage" });
  const whole = useMemo(() => graphOf(data), [data]);
  const chosen = whole.nodes.some((one) => one.id === of) ? (of ?? null) : null;
  // A chosen field is shown though fields are not.
  const withFields = fields === 1 || chosen?.startsWith("field:") === true;
  const shown = useMemo(() => {
    const graph = connected(withFields ? whole : withoutFields(whole));
    return chosen !== null && (only === 1 || chosen.startsWith("field:")) ? around(graph, chosen) : graph;
  }, [whole, withFields, only, chosen]);
  const put = (next: { of?: string; view?: "list"; fields?: 1; only?: 1 }): void => void navigate({ search: (before) => ({ ...before, ...next }) });
  const groups = KINDS.map((kind) => ({
    label: t(`lineage.kinds.${kind}`),
    options: whole.nodes.filter((one) => one.kind === kind).map((one) => ({ value: one.id, label: title(one.title, one.name), search: `${one.name} ${one.title.zh} ${one.title.en}`.toLowerCase() })),
  })).filter((one) => one.options.length > 0);
  if (whole.nodes.length === 0) {
    return (
      <section className="op-panel">
        <Nothing title={t("lineage.none")} text={t("lineage.noneText")} actions={<Link to="/tags/new">{t("tags.new")}</Link>} />
      </section>
    );
  }
  return (
    <div className="op-stack">
      <div className="op-row" data-search>
        <Select
          style={{ width: 320 }}
          allowClear
          showSearch={{ filterOption: matches }}
          aria-label={t("lineage.search")}
          placeholder={t("lineage.search")}
          value={chosen ?? undefined}
          options={groups}
          onChange={(next?: string) => put({ of: next })}
          data-testid="lineage-search"
        />
        <Segmented
          aria-label={t("common.showAs")}
          value={view}
          onChange={(next) => put({ view: next === "list" ? "list" : undefined })}
          options={[
            { value: "graph", label: t("map.drawing") },
            { value: "list", label: t("oneid.list") },
          ]}
        />
        <Checkbox checked={fields === 1} onChange={(event) => put({ fields: event.target.checked ? 1 : undefined })}>
          {t("lineage.fields")}
        </Checkbox>
        <Checkbox checked={only === 1} disabled={chosen === null} onChange={(event) => put({ only: event.target.checked ? 1 : undefined })}>
          {t("lineage.only")}
        </Checkbox>
      </div>
      <div className={chosen === null ? "op-stack" : "op-two"}>
        <Panel title={t("lineage.flow")} flush>
          {view === "list" ? (
            <List graph={shown} onChoose={(id) => put({ of: id })} />
          ) : (
            <Suspense fallback={<Waiting rows={10} />}>
              <Canvas graph={shown} chosen={chosen} height={600} onChoose={(id) => put({ of: id === chosen ? undefined : id })} />
            </Suspense>
          )}
        </Panel>
        <Impact graph={whole} chosen={chosen} />
      </div>
    </div>
  );
}

/** Where everything comes from and where it goes. */
export function Lineage() {
  const { t } = useText();
  const query = useQuery(tags.lineage());
  return (
    <>
      <PageHead crumb={<Link to="/tags">{t("nav.tags")}</Link>} title={t("lineage.title")} sub={t("lineage.sub")} />
      <Loaded query={query} rows={12}>
        {(data) => <Page data={data} />}
      </Loaded>
    </>
  );
}
