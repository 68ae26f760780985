import { NodeIndexOutlined, PlusOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Checkbox, Input, Segmented, Select, Table } from "antd";
import { useState } from "react";
import { queries } from "@/api/queries";
import type { TagRow } from "@/api/tags";
import { useMay } from "@/lib/session";
import { sideOf } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Exact, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { Share } from "@/parts/Share";
import { Status } from "@/parts/Status";
import { GROUPINGS, MODES } from "./catalogue/state";
import { branchKeys, chosen, grown, type Node } from "./catalogue/tree";
import { DRIFTS } from "./drift";
import { Drift, Mode, useTagWords } from "./words";

/** Names on the left of a row: a group with its number, or a tag. */
function Name({ node }: { node: Node }) {
  const { t, title } = useText();
  if (node.branch) {
    return (
      <span style={{ fontWeight: 600 }}>
        {node.label} <span className="op-mute op-num" style={{ fontWeight: 400 }}>{t("tags.inGroup", { count: node.tags })}</span>
      </span>
    );
  }
  const { tag } = node;
  return (
    <span>
      <Link to="/tags/$name" params={{ name: tag.name }} style={{ fontWeight: 550 }} data-testid={`tag-${tag.name}`}>
        {title(tag.title, tag.name)}
      </Link>{" "}
      <span className="op-mute op-code">{tag.name}</span>
      {tag.problem !== null && (
        <div>
          <Status kind="error">{tag.problem}</Status>
        </div>
      )}
    </span>
  );
}

function Use({ tag }: { tag: TagRow }) {
  const { t } = useText();
  return tag.used_by.length === 0 ? <Status kind="idle">{t("tags.unused")}</Status> : <span className="op-num" title={tag.used_by.join(", ")}>{tag.used_by.length}</span>;
}

function Catalogue({ tags, customers }: { tags: TagRow[]; customers: number }) {
  const { t, title, language } = useText();
  const words = useTagWords();
  const navigate = useNavigate({ from: "/tags" });
  const { q, by = "says", mode, drift, unused } = useSearch({ from: "/shell/tags" });
  const [closed, setClosed] = useState<readonly string[]>([]);
  const collator = new Intl.Collator(language === "en" ? "en" : "zh");
  const found = chosen(tags, { q, mode, drift, unused: unused === 1 });
  const tree = grown(found, by, { ...words, step: (one) => sideOf(one, language), title: (one) => title(one.title, one.name), none: t("tags.noGroup"), compare: collator.compare });
  const open = branchKeys(tree).filter((key) => !closed.includes(key));
  const put = (next: Partial<{ q: string; by: typeof by; mode: typeof mode; drift: typeof drift; unused: 1 }>): void => void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  const clear = (
    <Button size="small" onClick={() => void navigate({ search: { by } })}>
      {t("customers.clear")}
    </Button>
  );
  return (
    <div className="op-stack">
      <div className="op-row" data-search>
        <Input style={{ width: 260 }} allowClear aria-label={t("tags.search")} placeholder={t("tags.search")} value={q ?? ""} onChange={(event) => put({ q: event.target.value || undefined })} data-testid="tags-search" />
        <Segmented aria-label={t("tags.groupBy")} value={by} onChange={(next) => put({ by: next === "says" ? undefined : next })} options={GROUPINGS.map((value) => ({ value, label: t(`tags.groupings.${value}`) }))} />
        <Select allowClear style={{ width: 130 }} aria-label={t("tags.mode")} placeholder={t("tags.mode")} value={mode} onChange={(next) => put({ mode: next })} options={MODES.map((value) => ({ value, label: t(`tags.modes.${value}`) }))} />
        <Select allowClear style={{ width: 130 }} aria-label={t("tags.drift")} placeholder={t("tags.drift")} value={drift} onChange={(next) => put({ drift: next })} options={DRIFTS.map((value) => ({ value, label: t(`tags.drifts.${value}`) }))} />
        <Checkbox checked={unused === 1} onChange={(event) => put({ unused: event.target.checked ? 1 : undefined })}>
          {t("tags.onlyUnused")}
        </Checkbox>
      </div>
      <section className="op-panel" aria-label={t("nav.tags")}>
        <Table<Node>
          size="middle"
          rowKey="key"
          data-testid="tags-table"
          dataSource={tree}
          pagination={false}
          scroll={{ x: "max-content" }}
          expandable={{
            expandedRowKeys: open,
            rowExpandable: (node) => node.branch,
            onExpand: (expand, node) => setClosed(expand ? closed.filter((key) => key !== node.key) : [...closed, node.key]),
            indentSize: 20,
          }}
          locale={{ emptyText: <Nothing title={t("tags.noneFound")} text={t("tags.noneFoundText")} actions={clear} /> }}
          columns={[
            { title: t("tags.tag"), render: (_, node) => <Name node={node} /> },
            { title: t("tags.kind"), render: (_, node) => !node.branch && words.kind(node.tag.kind) },
            { title: t("tags.mode"), render: (_, node) => !node.branch && <Mode mode={node.tag.mode} /> },
            { title: t("tags.coverage"), width: 190, render: (_, node) => !node.branch && <Share share={customers === 0 ? 0 : node.tag.coverage / customers} label={t("tags.coverage")} /> },
            { title: t("tags.values"), align: "right", render: (_, node) => !node.branch && <Exact value={node.tag.values} /> },
            { title: t("tags.drift"), render: (_, node) => !node.branch && <Drift psi={node.tag.psi} /> },
            { title: t("tags.freshness"), align: "right", render: (_, node) => !node.branch && <Time at={node.tag.freshness} show="relative" /> },
            { title: t("tags.usedBy"), align: "right", render: (_, node) => !node.branch && <Use tag={node.tag} /> },
          ]}
        />
      </section>
    </div>
  );
}

export function Tags() {
  const { t } = useText();
  const may = useMay("tags.write");
  const navigate = useNavigate();
  const list = useQuery({ ...queries.tags(), refetchInterval: 15_000 });
  const make = (
    <Button type="primary" icon={<PlusOutlined />} onClick={() => void navigate({ to: "/tags/new" })} data-testid="tag-new">
      {t("tags.new")}
    </Button>
  );
  return (
    <>
      <PageHead
        title={t("nav.tags")}
        sub={t("tags.sub")}
        actions={
          <>
            <Button icon={<NodeIndexOutlined />} onClick={() => void navigate({ to: "/lineage" })}>
              {t("lineage.title")}
            </Button>
            {may && make}
          </>
        }
      />
      <Loaded query={list} rows={8}>
        {(data) =>
          data.items.length === 0 ? (
            <section className="op-panel">
              <Nothing title={t("tags.none")} text={t("tags.noneText")} actions={may ? make : undefined} />
            </section>
          ) : (
            <Catalogue tags={data.items} customers={data.customers} />
          )
        }
      </Loaded>
    </>
  );
}
