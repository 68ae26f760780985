import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Segmented } from "antd";
import { lazy, Suspense, useState } from "react";
import { type TagDetail, tags } from "@/api/tags";
import { useText } from "@/lib/useText";
import { Loaded, Waiting } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { graphOf } from "../lineage/graph";
import { Impact } from "../lineage/Impact";
import { List } from "../lineage/List";

const Canvas = lazy(() => import("../lineage/Canvas").then((module) => ({ default: module.Canvas })));

/** What this tag is made of, and what is made of it. */
export function LineageTab({ tag }: { tag: TagDetail }) {
  const { t } = useText();
  const navigate = useNavigate();
  const query = useQuery(tags.lineageOf(tag.name));
  const [view, setView] = useState<"graph" | "list">("graph");
  const open = (id: string): void => void navigate({ to: "/lineage", search: { of: id } });
  return (
    <Loaded query={query} rows={8}>
      {(data) => {
        const graph = graphOf(data);
        return (
          <div className="op-two">
            <Panel
              title={t("lineage.flow")}
              flush
              extra={
                <>
                  <Link to="/lineage" search={{ of: `tag:${tag.name}` }}>
                    {t("lineage.whole")}
                  </Link>
                  <Segmented
                    size="small"
                    aria-label={t("common.showAs")}
                    value={view}
                    onChange={setView}
                    options={[
                      { value: "graph", label: t("map.drawing") },
                      { value: "list", label: t("oneid.list") },
                    ]}
                  />
                </>
              }
            >
              {view === "list" ? (
                <List graph={graph} onChoose={open} />
              ) : (
                <Suspense fallback={<Waiting rows={8} />}>
                  <Canvas graph={graph} chosen={`tag:${tag.name}`} height={420} onChoose={open} />
                </Suspense>
              )}
            </Panel>
            <Impact graph={graph} chosen={`tag:${tag.name}`} />
          </div>
        );
      }}
    </Loaded>
  );
}
