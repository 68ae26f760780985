import { SaveOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Select, Table } from "antd";
import { useMemo } from "react";
import { queries } from "@/api/queries";
import { type Intersection, type Overlap as Data, segmentQueries } from "@/api/segments";
import { matches } from "@/conditions/names";
import { exact, percent, span } from "@/lib/format";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { ChartOrTable } from "@/parts/Chart";
import { CustomerName } from "@/parts/CustomerName";
import { Dash, Exact } from "@/parts/Figures";
import { Loaded, Nothing } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { NewSegment } from "@/pages/segments/Segments";
import { chosen, conditionOf, DRAWN, FEWEST, keyOf, MOST } from "./sets";
import { UpSet } from "./UpSet";
import "../portrait.css";

type TitleOf = (segment: string) => string;

function useSave(titleOf: TitleOf): (one: Intersection) => void {
  const navigate = useNavigate();
  const { language } = useText();
  return (one) => void navigate({ to: "/segments/new", search: { condition: conditionOf(one), title: one.in.map(titleOf).join(language === "en" ? " and " : "\u2229").slice(0, 60) } });
}

/** Who is in the chosen intersection: a few of them, and the way to a segment of its own. */
function Chosen({ one, union, titleOf }: { one: Intersection; union: number; titleOf: TitleOf }) {
  const { t, language } = useText();
  const save = useSave(titleOf);
  const may = useMay("segments.write");
  const people = useQuery({ ...queries.preview(conditionOf(one)), enabled: may });
  return (
    <Panel title={t("overlap.selected")} testId="overlap-selected">
      <div className="op-stack" style={{ gap: 10 }}>
        <div>
          {one.in.map((name) => (
            <div key={name}>
              {t("overlap.in")} <Link to="/segments/$name" params={{ name }}>{titleOf(name)}</Link>
            </div>
          ))}
          {one.out.map((name) => (
            <div key={name} className="op-mute">
              {t("overlap.out")} <Link to="/segments/$name" params={{ name }}>{titleOf(name)}</Link>
            </div>
          ))}
        </div>
        <div>
          <span style={{ fontSize: 28, fontWeight: 600 }}>
            <Exact value={one.count} testId="overlap-count" />
          </span>{" "}
          <span className="op-mute">{t("overlap.ofUnion", { share: percent(union === 0 ? 0 : one.count / union, language) })}</span>
        </div>
        {may && (
          <Button icon={<SaveOutlined />} onClick={() => save(one)} data-testid="overlap-save">
            {t("overlap.save")}
          </Button>
        )}
        {people.data !== undefined && people.data.sample.length > 0 && (
          <div>
            <h3 className="op-mute" style={{ fontSize: 13 }}>
              {t("preview.sample")}
            </h3>
            <ul className="op-list">
              {people.data.sample.slice(0, 6).map((person) => (
                <li key={person.customer_id} style={{ padding: "3px 0" }}>
                  <CustomerName id={person.customer_id} name={person.name} />
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Panel>
  );
}

function Shown({ overlap }: { overlap: Data }) {
  const { t, title, language } = useText();
  const { at } = useSearch({ from: "/shell/overlap" });
  const navigate = useNavigate({ from: "/overlap" });
  const may = useMay("segments.write");
  const titles = useMemo(() => new Map(overlap.sizes.map((one) => [one.segment, title(one.title, one.segment)])), [overlap, title]);
  const titleOf: TitleOf = (name) => titles.get(name) ?? name;
  const save = useSave(titleOf);
  const selected = overlap.intersections.find((one) => keyOf(one) === at) ?? overlap.intersections[0];
  const select = (key: string): void => void navigate({ search: (before) => ({ ...before, at: key }), replace: true });
  const join = (names: string[]): string => names.map(titleOf).join(language === "en" ? ", " : "\u3001");
  if (selected === undefined) {
    return (
      <section className="op-panel">
        <Nothing title={t("overlap.nobody")} text={t("overlap.nobodyText")} />
      </section>
    );
  }
  return (
    <>
      <div className="op-two">
        <Panel title={t("overlap.intersections")}>
          <p className="op-mute" style={{ fontSize: 13, marginBottom: 8 }}>
            {t("overlap.note", { union: exact(overlap.union, language), total: exact(overlap.customers, language), time: span(overlap.seconds, language) })}
            {overlap.intersections.length > DRAWN && ` ${t("overlap.more", { count: DRAWN })}`}
          </p>
          <ChartOrTable
            chart={<UpSet overlap={overlap} selected={keyOf(selected)} onSelect={select} titleOf={titleOf} />}
            table={
              <Table<Intersection>
                size="small"
                rowKey={keyOf}
                data-testid="overlap-table"
                dataSource={overlap.intersections}
                pagination={false}
                scroll={{ y: 360 }}
                rowClassName={(one) => (one === selected ? "ant-table-row-selected" : "")}
                columns={[
                  {
                    title: t("overlap.in"),
                    render: (_, one) => (
                      <Button type="link" size="small" style={{ padding: 0, whiteSpace: "normal", textAlign: "left", height: "auto" }} onClick={() => select(keyOf(one))}>
                        {join(one.in)}
                      </Button>
                    ),
                  },
                  { title: t("overlap.out"), render: (_, one) => (one.out.length === 0 ? <Dash /> : join(one.out)) },
                  { title: t("overlap.people"), align: "right", width: 90, render: (_, one) => <Exact value={one.count} /> },
                  { title: t("overlap.share"), align: "right", width: 90, render: (_, one) => percent(overlap.union === 0 ? 0 : one.count / overlap.union, language) },
                  { title: "", align: "right", width: 48, render: (_, one) => may && <Button type="text" size="small" icon={<SaveOutlined />} aria-label={t("overlap.saveOf", { inside: join(one.in) })} title={t("overlap.save")} onClick={() => save(one)} /> },
                ]}
              />
            }
          />
        </Panel>
        <Chosen one={selected} union={overlap.union} titleOf={titleOf} />
      </div>
      <Panel title={t("overlap.alike")} flush>
        <Table<Data["jaccard"][number]>
          size="small"
          rowKey={(one) => `${one.a} ${one.b}`}
          dataSource={[...overlap.jaccard].sort((x, y) => (y.jaccard ?? 0) - (x.jaccard ?? 0))}
          pagination={false}
          columns={[
            { title: t("overlap.pair"), render: (_, one) => join([one.a, one.b]) },
            { title: t("overlap.common"), align: "right", render: (_, one) => <Exact value={one.common} /> },
            { title: t("overlap.jaccard"), align: "right", render: (_, one) => (one.jaccard === null ? <Dash /> : percent(one.jaccard, language)) },
          ]}
        />
      </Panel>
    </>
  );
}

/** Two to six segments held against each other. */
export function Overlap() {
  const { t, title } = useText();
  const search = useSearch({ from: "/shell/overlap" });
  const navigate = useNavigate({ from: "/overlap" });
  const segments = useQuery(queries.segments());
  const names = useMemo(() => chosen(search.segments, new Set(segments.data?.items.map((one) => one.name))), [search.segments, segments.data]);
  const overlap = useQuery({ ...segmentQueries.overlap(names), enabled: names.length >= FEWEST });
  return (
    <>
      <PageHead crumb={<Link to="/segments">{t("nav.segments")}</Link>} title={t("overlap.title")} sub={t("overlap.sub")} />
      <Loaded query={segments} rows={6}>
        {({ items }) => (
          <div className="op-stack">
            <label>
              <span className="op-mute">{t("overlap.choose", { fewest: FEWEST, most: MOST })}</span>
              <Select
                mode="multiple"
                maxCount={MOST}
                showSearch={{ filterOption: matches }}
                style={{ width: "100%" }}
                aria-label={t("overlap.choose", { fewest: FEWEST, most: MOST })}
                placeholder={t("editor.chooseSegment")}
                value={names}
                onChange={(next: string[]) => void navigate({ search: { segments: next.length === 0 ? undefined : next.join(",") }, replace: true })}
                options={items.map((one) => ({ value: one.name, label: title(one.title, one.name), search: `${one.name} ${one.title.zh} ${one.title.en}` }))}
                data-testid="overlap-segments"
              />
            </label>
            {names.length < FEWEST ? (
              <section className="op-panel">
                <Nothing title={t("overlap.few")} text={t("overlap.fewText", { fewest: FEWEST, most: MOST })} actions={items.length < FEWEST && <NewSegment />} />
              </section>
            ) : (
              <Loaded query={overlap} rows={10}>
                {(data) => <Shown overlap={data} />}
              </Loaded>
            )}
          </div>
        )}
      </Loaded>
    </>
  );
}
