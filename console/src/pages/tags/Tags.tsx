import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Input, Table } from "antd";
import { useState } from "react";
import { queries } from "@/api/queries";
import { useText } from "@/lib/useText";
import { Dash, Exact, Time } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { Share } from "@/parts/Share";

/** Tag kinds and what a tag says, in words; kinds of plug-ins keep their own name. */
export function useTagWords() {
  const { t } = useText();
  return {
    kind: (kind: string): string => t(`tags.kinds.${kind as "metric"}`, { defaultValue: kind }),
    says: (says: string | null): string => (says === null ? "" : t(`tags.says.${says as "value"}`, { defaultValue: says })),
  };
}

export function Tags() {
  const { t, title, language } = useText();
  const words = useTagWords();
  const list = useQuery(queries.tags());
  const [typed, setTyped] = useState("");
  return (
    <>
      <PageHead title={t("nav.tags")} sub={t("tags.sub")} />
      <Loaded query={list} rows={8}>
        {(data) => (
          <div className="op-stack">
            <div data-search style={{ maxWidth: 320 }}>
              <Input allowClear aria-label={t("tags.search")} placeholder={t("tags.search")} value={typed} onChange={(event) => setTyped(event.target.value)} />
            </div>
            <section className="op-panel" aria-label={t("nav.tags")}>
              <Table
                size="middle"
                rowKey="name"
                data-testid="tags-table"
                dataSource={data.items.filter((one) => `${one.name} ${one.title.zh} ${one.title.en}`.toLowerCase().includes(typed.trim().toLowerCase()))}
                pagination={data.items.length > 50 ? { pageSize: 50 } : false}
                showSorterTooltip={false}
                locale={{ emptyText: <Nothing title={t("tags.none")} text={t("tags.noneText")} actions={<code className="op-code">onepool apply</code>} /> }}
                columns={[
                  {
                    title: t("tags.tag"),
                    sorter: (a, b) => title(a.title, a.name).localeCompare(title(b.title, b.name), language === "en" ? "en" : "zh"),
                    render: (_, one) => (
                      <span>
                        <Link to="/tags/$name" params={{ name: one.name }} style={{ fontWeight: 550 }}>
                          {title(one.title, one.name)}
                        </Link>{" "}
                        <span className="op-mute op-code">{one.name}</span>
                      </span>
                    ),
                  },
                  { title: t("tags.kind"), render: (_, one) => words.kind(one.kind) },
                  { title: t("tags.saysLabel"), render: (_, one) => words.says(one.says) || <Dash /> },
                  {
                    title: t("tags.coverage"),
                    width: 200,
                    sorter: (a, b) => a.coverage - b.coverage,
                    render: (_, one) => <Share share={data.customers === 0 ? 0 : one.coverage / data.customers} label={t("tags.coverage")} />,
                  },
                  { title: t("tags.covered"), align: "right", render: (_, one) => <Exact value={one.coverage} /> },
                  { title: t("tags.values"), align: "right", render: (_, one) => <Exact value={one.values} /> },
                  { title: t("tags.usedBy"), align: "right", render: (_, one) => (one.used_by.length === 0 ? <span className="op-mute">{t("tags.unused")}</span> : one.used_by.length) },
                  { title: t("tags.asOf"), align: "right", render: (_, one) => <Time at={one.as_of} show="relative" /> },
                ]}
              />
            </section>
          </div>
        )}
      </Loaded>
    </>
  );
}
