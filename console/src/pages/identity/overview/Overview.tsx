import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { Table } from "antd";
import { identity, type Overview as Data } from "@/api/identity";
import { CONFLICT_REASONS } from "@/app/routes/identity";
import { compact, exact, percent } from "@/lib/format";
import { useText } from "@/lib/useText";
import { CustomerName } from "@/parts/CustomerName";
import { Count, Exact, Figure, Figures, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status, type StatusKind } from "@/parts/Status";
import { Frame } from "../Frame";
import { Identifier } from "../Identifier";
import { LINK_KINDS, LINK_STATES, useWords } from "../words";
import { Changes, Joined, Sizes } from "./Charts";

function Numbers({ data }: { data: Data }) {
  const { t, language } = useText();
  const share = (part: number): string => (data.customers > 0 ? t("oneid.ofCustomers", { share: percent(part / data.customers, language) }) : "");
  return (
    <Figures label={t("oneid.figures")}>
      <Figure label={t("oneid.customers")}>
        <Link to="/customers" style={{ color: "inherit" }}>
          <Count value={data.customers} testId="oneid-customers" />
        </Link>
      </Figure>
      <Figure label={t("oneid.identifiers")} note={data.customers > 0 && t("oneid.perCustomer", { figure: exact(data.identifiers / data.customers, language, 2) })}>
        <a href="#types" style={{ color: "inherit" }}>
          <Count value={data.identifiers} testId="oneid-identifiers" />
        </a>
      </Figure>
      <Figure label={t("oneid.linked")} note={share(data.linked)}>
        <a href="#sizes" style={{ color: "inherit" }}>
          <Count value={data.linked} />
        </a>
      </Figure>
      <Figure label={t("oneid.anonymous")} note={share(data.anonymous)}>
        <a href="#types" style={{ color: "inherit" }}>
          <Count value={data.anonymous} />
        </a>
      </Figure>
      <Figure label={t("oneid.openConflicts")} note={data.conflicts.open > 0 && t("oneid.toDecide")}>
        <Link to="/identity/conflicts" style={{ color: "inherit" }}>
          <Count value={data.conflicts.open} testId="oneid-conflicts" />
        </Link>
      </Figure>
      <Figure label={t("oneid.openCandidates")} note={
          <>
            {(["joined", "merged", "never"] as const).map((status) => (
              <Link key={status} to="/identity/review" search={{ kind: "candidate", status }} style={{ display: "inline-block", marginInlineEnd: 8, whiteSpace: "nowrap" }}>
                {t(`oneid.candidateStates.${status}`)} {compact(data.candidates[status], language)}
              </Link>
            ))}
          </>
        }>
        <Link to="/identity/review" search={{ kind: "candidate" }} style={{ color: "inherit" }}>
          <Count value={data.candidates.open} testId="oneid-candidates" />
        </Link>
      </Figure>
    </Figures>
  );
}

function Types({ rows }: { rows: Data["by_type"] }) {
  const { t, title, language } = useText();
  const words = useWords();
  return (
    <div id="types">
      <Panel title={t("oneid.byType")} flush>
        <Table
          size="middle"
          rowKey="type"
          data-testid="oneid-types"
          dataSource={rows}
          pagination={rows.length > 20 ? { pageSize: 20, showSizeChanger: false, style: { padding: "0 16px" } } : false}
          locale={{ emptyText: <Nothing title={t("oneid.noIdentifiers")} text={t("oneid.noIdentifiersText")} /> }}
          columns={[
            {
              title: t("customer.idType"),
              render: (_, row) => (
                <Link to="/identity/rules" search={{ type: row.type }}>
                  {title(row.title, row.type)} <span className="op-mute op-code">{row.type}</span>
                </Link>
              ),
            },
            { title: t("oneid.class"), onCell: once, onHeaderCell: once, render: (_, row) => words.strength(row.class) },
            { title: t("oneid.identifiers"), align: "right", onCell: once, onHeaderCell: once, defaultSortOrder: "descend", sorter: (a, b) => a.identifiers - b.identifiers, render: (_, row) => <Exact value={row.identifiers} /> },
            { title: t("oneid.customers"), align: "right", onCell: once, onHeaderCell: once, sorter: (a, b) => a.customers - b.customers, render: (_, row) => <Exact value={row.customers} /> },
            {
              title: t("home.touchpoints"),
              render: (_, row) => (
                <span className="op-chips">
                  {row.touchpoints.map((one) => (
                    <Link key={one.touchpoint} className="op-chip" to="/identity/identifiers" search={{ type: row.type, touchpoint: one.touchpoint }} data-testid={`named-${row.type}-${one.touchpoint}`}>
                      {words.touchpoint(one.touchpoint)} <small className="op-num">{compact(one.identifiers, language)}</small>
                    </Link>
                  ))}
                </span>
              ),
            },
          ]}
        />
      </Panel>
    </div>
  );
}

function Reasons({ conflicts }: { conflicts: Data["conflicts"] }) {
  const { t } = useText();
  const words = useWords();
  return (
    <Panel title={t("oneid.conflictReasons")} testId="oneid-reasons">
      {conflicts.by_reason.length === 0 ? (
        <p className="op-mute">{t("oneid.noConflicts")}</p>
      ) : (
        <ul className="op-list">
          {conflicts.by_reason.map((one) => (
            <li key={one.reason}>
              <Link to="/identity/conflicts" search={{ reason: CONFLICT_REASONS.find((known) => known === one.reason) }}>
                {words.reason(one.reason)}
              </Link>
              <Exact value={one.count} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Links({ links }: { links: Data["links"] }) {
  const { t } = useText();
  const words = useWords();
  const known = LINK_STATES.flatMap((status) => ((links[status] ?? 0) > 0 ? [[status, links[status] ?? 0] as const] : []));
  return (
    <Panel title={t("oneid.linksByState")}>
      {known.length === 0 ? (
        <p className="op-mute">{t("oneid.noLinks")}</p>
      ) : (
        <ul className="op-list">
          {known.map(([status, count]) => (
            <li key={status}>
              <Status kind={LINK_KINDS[status] ?? "info"}>{status === "conflict" ? <Link to="/identity/conflicts">{words.status(status)}</Link> : words.status(status)}</Status>
              <Exact value={count} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Largest({ rows }: { rows: Data["largest"] }) {
  const { t } = useText();
  return (
    <Panel title={t("oneid.largest")} flush>
      <Table
        size="middle"
        rowKey="customer_id"
        data-testid="oneid-largest"
        dataSource={rows}
        pagination={false}
        columns={[
          { title: t("customers.columns.customer"), render: (_, row) => <CustomerName id={row.customer_id} name={row.name} /> },
          {
            title: t("oneid.identifiers"),
            align: "right",
            render: (_, row) => (
              <Link to="/customers/$id" params={{ id: String(row.customer_id) }} search={{ tab: "oneid" }}>
                <Exact value={row.identifiers} />
              </Link>
            ),
          },
          {
            title: t("customer.events"),
            align: "right",
            render: (_, row) => (
              <Link to="/customers/$id" params={{ id: String(row.customer_id) }}>
                <Exact value={row.events} />
              </Link>
            ),
          },
        ]}
      />
    </Panel>
  );
}

const SUSPECT: Record<Data["suspicious"][number]["reason"], { kind: StatusKind; text: "oneid.voidReason" | "oneid.status.blocked" | "oneid.nearLimit" }> = {
  void: { kind: "warning", text: "oneid.voidReason" },
  blocked: { kind: "warning", text: "oneid.status.blocked" },
  near: { kind: "info", text: "oneid.nearLimit" },
};

function Suspicious({ rows, unclaimed }: { rows: Data["suspicious"]; unclaimed: number }) {
  const { t, language } = useText();
  return (
    <Panel title={t("oneid.suspicious")} flush>
      <p className="op-mute" style={{ padding: "0 16px 8px" }}>
        {t("oneid.suspiciousText")} {unclaimed > 0 && <span data-testid="oneid-unclaimed">{t("oneid.unclaimed", { number: exact(unclaimed, language) })}</span>}
      </p>
      <Table
        size="middle"
        rowKey="identifier_id"
        data-testid="oneid-suspicious"
        dataSource={rows}
        pagination={rows.length > 10 ? { pageSize: 10, showSizeChanger: false, style: { padding: "0 16px" } } : false}
        scroll={{ x: "max-content" }}
        locale={{ emptyText: <Nothing title={t("oneid.noSuspicious")} /> }}
        columns={[
          {
            title: t("oneid.identifier"),
            // A value that joins nobody is a customer of its own: there its links are.
            render: (_, row) => (
              <Link to="/customers/$id" params={{ id: String(row.identifier_id) }} search={{ tab: "oneid" }}>
                <Identifier of={{ ...row, generation: 0 }} />
              </Link>
            ),
          },
          { title: t("oneid.why"), render: (_, row) => <Status kind={SUSPECT[row.reason].kind}>{t(SUSPECT[row.reason].text)}</Status> },
          { title: t("oneid.owners"), align: "right", render: (_, row) => <Exact value={row.owners} /> },
          { title: t("oneid.limit"), align: "right", render: (_, row) => (row.limit === null ? <span className="op-mute">{t("oneid.noLimit")}</span> : <Exact value={row.limit} />) },
          { title: t("oneid.links"), align: "right", render: (_, row) => <Exact value={row.links} /> },
          { title: t("oneid.customers"), align: "right", render: (_, row) => <Exact value={row.customers} /> },
        ]}
      />
    </Panel>
  );
}

/** Cells that stay on one line. */
const once = () => ({ className: "op-once" });

export function Overview() {
  const { t } = useText();
  const { days = 30 } = useSearch({ from: "/shell/identity" });
  const overview = useQuery({ ...identity.overview(days), refetchInterval: 15_000 });
  return (
    <Frame
      page="overview"
      sub={
        <>
          {t("oneid.subs.overview")}
          {overview.data !== undefined && (
            <>
              {" · "}
              {t("oneid.asOf")} <Time at={overview.data.at} show="relative" />
            </>
          )}
        </>
      }
    >
      <Loaded query={overview} rows={12}>
        {(data) => (
          <div className="op-stack">
            <Numbers data={data} />
            <Panel title={t("oneid.joinedShare")}>
              <Joined days={data.joined} />
            </Panel>
            <div className="op-halves">
              <Panel title={t("oneid.changes")}>
                <Changes days={data.changes} />
              </Panel>
              <div id="sizes">
                <Panel title={t("oneid.sizes")}>
                  <Sizes sizes={data.sizes} />
                </Panel>
              </div>
            </div>
            <Types rows={data.by_type} />
            <div className="op-thirds">
              <Reasons conflicts={data.conflicts} />
              <Links links={data.links} />
              <Largest rows={data.largest} />
            </div>
            <Suspicious rows={data.suspicious} unclaimed={data.unclaimed} />
          </div>
        )}
      </Loaded>
    </Frame>
  );
}
