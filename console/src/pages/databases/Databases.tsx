import { PlusOutlined } from "@ant-design/icons";
import { useQueries, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Button } from "antd";
import { lazy, Suspense } from "react";
import { destinations } from "@/api/destinations";
import { queries } from "@/api/queries";
import { touchpoints } from "@/api/touchpoints";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Loaded, Nothing, Problem, Waiting } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { entriesOf } from "./model";
import { Read } from "./Read";
import { Written } from "./Written";

const TableDrawer = lazy(() => import("./TableDrawer").then((part) => ({ default: part.TableDrawer })));

/** The tables of databases: which are read, and which are written to. */
export function Databases() {
  const { t, title } = useText();
  const search = useSearch({ from: "/shell/databases" });
  const navigate = useNavigate({ from: "/databases" });
  const may = useMay("touchpoints.write");
  const outlets = useMay("destinations.read");
  const channels = useQuery(touchpoints.channels());
  const all = useQuery(queries.touchpoints());
  const written = useQuery({ ...destinations.all(), enabled: outlets, refetchInterval: 30_000 });
  const kinds = new Set((channels.data?.items ?? []).filter((one) => one.settings.some((setting) => setting.name === "tables" && setting.kind === "object")).map((one) => one.name));
  const sources = (all.data?.items ?? []).filter((one) => kinds.has(one.channel));
  const details = useQueries({ queries: sources.map((one) => ({ ...touchpoints.one(one.name), refetchInterval: 15_000 })) });
  const open = details.map((one) => one.data).find((one) => one?.name === search.at);
  const wanted = open === undefined || search.table === undefined ? undefined : entriesOf(open.settings).find((one) => one.name === search.table);
  const named = (channel: string): string => {
    const found = channels.data?.items.find((one) => one.name === channel);
    return found === undefined ? channel : title(found.title, channel);
  };
  const connect = may && (
    <span className="op-row">
      {[...kinds].map((channel) => (
        <Link key={channel} to="/touchpoints" search={{ connect: channel }} data-testid={`connect-${channel}`}>
          <Button icon={<PlusOutlined />}>{t("tables.connect", { channel: named(channel) })}</Button>
        </Link>
      ))}
    </span>
  );
  return (
    <>
      <PageHead title={t("nav.databases")} sub={t("tables.sub")} actions={sources.length > 0 && connect} />
      <div className="op-stack">
        <Loaded query={channels} rows={6}>
          {() => (
            <Loaded query={all} rows={6}>
              {() =>
                sources.length === 0 ? (
                  <section className="op-panel" aria-label={t("tables.read")}>
                    <Nothing title={t("tables.none")} text={t("tables.noneText")} actions={connect} />
                  </section>
                ) : (
                  <>
                    {details.map((one, at) =>
                      one.data === undefined && one.isError ? (
                        <Problem key={sources[at]?.name} error={one.error} retry={() => void one.refetch()} />
                      ) : one.data === undefined ? (
                        <Waiting key={sources[at]?.name} rows={4} />
                      ) : (
                        <Read key={one.data.name} touchpoint={one.data} onOpen={(table) => void navigate({ search: { at: one.data.name, table } })} />
                      ),
                    )}
                  </>
                )
              }
            </Loaded>
          )}
        </Loaded>
        {outlets && (
          <Panel title={t("tables.written")} flush testId="tables-written">
            <Loaded query={written} rows={3}>
              {({ items }) => <Written items={items.filter((one) => one.to === "database")} />}
            </Loaded>
          </Panel>
        )}
      </div>
      {open !== undefined && may && (search.table === undefined || wanted !== undefined) && (
        <Suspense>
          <TableDrawer key={`${open.name} ${search.table ?? ""}`} touchpoint={open} entry={wanted} onClose={() => void navigate({ search: {} })} />
        </Suspense>
      )}
    </>
  );
}
