import { DeleteOutlined, EditOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Button, Table } from "antd";
import { lazy, Suspense } from "react";
import { type BroadcastDetail, broadcasts, useDropBroadcast, useSaveBroadcast } from "@/api/broadcasts";
import type { DeliveryState } from "@/api/reach";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { STATES } from "@/pages/deliveries/states";
import { Approving } from "@/pages/messages/Approving";
import { Dash, Exact, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { Share } from "@/parts/Share";
import { Status } from "@/parts/Status";
import { Yaml } from "@/parts/Yaml";
import { useUndoable } from "@/parts/undo";
import { Forecast } from "./Forecast";
import { What } from "./What";
import { BroadcastState, Deeds } from "./words";

const Edit = lazy(() => import("./Edit").then((part) => ({ default: part.Edit })));

/** A draft can be changed and taken away until it starts. */
function Drafting({ broadcast }: { broadcast: BroadcastDetail }) {
  const { t, title } = useText();
  const { act } = useSearch({ from: "/shell/broadcasts/$name" });
  const navigate = useNavigate();
  const drop = useDropBroadcast();
  const again = useSaveBroadcast(undefined);
  const undoable = useUndoable();
  const params = { name: broadcast.name };
  // A draft is taken away at once; the toast brings it back.
  const take = (): void =>
    void undoable(t("common.removed", { name: title(broadcast.title, broadcast.name) }), drop.mutateAsync(broadcast.name), () => again.mutateAsync(broadcast.definition)).then((gone) => {
      if (gone) void navigate({ to: "/broadcasts" });
    });
  return (
    <>
      <Button icon={<EditOutlined />} onClick={() => void navigate({ to: "/broadcasts/$name", params, search: { act: "edit" } })} data-testid="broadcast-edit">
        {t("reach.broadcasts.change")}
      </Button>
      <Button icon={<DeleteOutlined />} aria-label={t("reach.broadcasts.drop")} title={t("reach.broadcasts.drop")} loading={drop.isPending} onClick={take} data-testid="broadcast-drop" />
      {act === "edit" && (
        <Suspense>
          <Edit broadcast={broadcast} onClose={() => void navigate({ to: "/broadcasts/$name", params, search: {} })} />
        </Suspense>
      )}
    </>
  );
}

function Content({ broadcast }: { broadcast: BroadcastDetail }) {
  const { t, title } = useText();
  const may = useMay("journeys.write");
  const mayStart = !broadcast.approval_needed || broadcast.approval === "approved";
  const before = broadcast.status === "draft" || broadcast.status === "asked";
  // One that waits for its time is still ahead, paused or not: whom it will reach must be seen until it begins.
  const ahead = broadcast.started === null && broadcast.status !== "cancelled" && broadcast.status !== "done";
  return (
    <>
      <PageHead
        crumb={<Link to="/broadcasts">{t("nav.broadcasts")}</Link>}
        title={title(broadcast.title, broadcast.name)}
        sub={
          <span className="op-row">
            <BroadcastState of={broadcast} />
            <span className="op-code">{broadcast.name}</span> {author(broadcast.author)} <Time at={broadcast.created} show="relative" />
          </span>
        }
        actions={
          <>
            {may && before && <Drafting broadcast={broadcast} />}
            <Deeds broadcast={broadcast} mayStart={mayStart} />
          </>
        }
      />
      <div className="op-stack">
        <Figures label={t("reach.broadcasts.progress")}>
          <Figure label={t(broadcast.audience === null ? "reach.broadcasts.total" : "reach.broadcasts.now")}>
            <Exact value={broadcast.audience ?? broadcast.total} testId="broadcast-audience" />
          </Figure>
          <Figure small label={t("reach.broadcasts.planned")} note={<Exact value={broadcast.planned} />}>
            <Share share={broadcast.total === 0 ? 0 : broadcast.planned / broadcast.total} label={t("reach.broadcasts.planned")} />
          </Figure>
          <Figure label={t("reach.broadcasts.waiting")}>
            <Exact value={broadcast.waiting} />
          </Figure>
          <Figure label={t("reach.broadcasts.sent")}>
            <Exact value={broadcast.sent} testId="broadcast-sent" />
          </Figure>
          <Figure label={t("reach.states.suppressed")}>
            <Exact value={broadcast.suppressed} />
          </Figure>
          <Figure label={t("reach.states.failed")}>
            <Exact value={broadcast.failed} />
          </Figure>
          <Figure label={t("reach.broadcasts.duplicates")}>
            <Exact value={broadcast.duplicates} />
          </Figure>
        </Figures>
        {ahead && (
          <Panel title={t("reach.broadcasts.forecast")}>
            <Forecast of={broadcast} />
          </Panel>
        )}
        <div className="op-two">
          <Panel
            title={t("reach.counts")}
            flush
            extra={
              <Link to="/deliveries" search={{ broadcast: broadcast.name }}>
                {t("common.all")}
              </Link>
            }
          >
            <Table
              size="middle"
              rowKey={(one) => `${one.state} ${one.reason ?? ""}`}
              dataSource={broadcast.counts}
              pagination={false}
              locale={{ emptyText: <Nothing title={t("reach.none")} text={t("reach.broadcasts.notYet")} /> }}
              columns={[
                { title: t("reach.state"), render: (_, one) => <Status kind={STATES[one.state as DeliveryState]}>{t(`reach.states.${one.state as DeliveryState}`)}</Status> },
                { title: t("reach.reason"), render: (_, one) => (one.reason === null ? <Dash /> : one.reason_words === null ? one.reason : title(one.reason_words, one.reason)) },
                {
                  title: t("reach.broadcasts.messages"),
                  align: "right",
                  render: (_, one) => (
                    <Link to="/deliveries" search={{ broadcast: broadcast.name, state: one.state as DeliveryState, reason: one.reason ?? undefined }}>
                      <Exact value={one.messages} />
                    </Link>
                  ),
                },
              ]}
            />
          </Panel>
          <div className="op-stack">
            {(broadcast.approval_needed || broadcast.approval !== null) && (
              <Panel title={t("reach.approvals.title")}>
                <Approving kind="broadcast" name={broadcast.name} version={broadcast.version} mayAsk={may && before} usable />
              </Panel>
            )}
            <What of={broadcast} />
            <Panel title={t("reach.yaml.label")}>
              <Yaml value={broadcast.definition} />
            </Panel>
          </div>
        </div>
      </div>
    </>
  );
}

/** One broadcast: how far it is, what became of its messages, and the way to stop it. */
export function BroadcastPage() {
  const { name } = useParams({ from: "/shell/broadcasts/$name" });
  const query = useQuery({ ...broadcasts.one(name), refetchInterval: 5_000 });
  return (
    <Loaded query={query} rows={10}>
      {(broadcast) => <Content broadcast={broadcast} />}
    </Loaded>
  );
}
