import { useQueries, useQuery } from "@tanstack/react-query";
import { Button, Drawer, Input, InputNumber, Select, Switch } from "antd";
import { lazy, Suspense, useId, useState } from "react";
import { type TablePreview, tables } from "@/api/tables";
import { changeOf, type Detail, useSaveTouchpoint } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { Loaded, Problem, Waiting } from "@/parts/Loaded";
import { Columns } from "./Columns";
import { gapOf, joinsOf, linesOf } from "./joins";
import { Joins } from "./Joins";
import { entriesOf, type Entry, freeName, type Kind, KINDS, listOf, reproposed, withEntry, withList } from "./model";
import { OrderLines } from "./OrderLines";
import "./databases.css";

const EntryYaml = lazy(() => import("./EntryYaml").then((part) => ({ default: part.EntryYaml })));

interface Props {
  touchpoint: Detail;
  /** The table that is changed; undefined for a new one. */
  entry: Entry | undefined;
  onClose: () => void;
}

/**
 * One table: look at it, say what it is and what its columns mean, save. Touchpoint and table stay as they were when this
 * opened: what somebody else saves meanwhile is a conflict, which the server tells, and is not written over.
 */
export function TableDrawer({ touchpoint: now, entry: given, onClose }: Props) {
  const { t } = useText();
  const [touchpoint] = useState(now);
  const [entry] = useState(given);
  const names = useQuery({ ...tables.names(touchpoint.name), enabled: entry === undefined });
  const [table, setTable] = useState(entry?.table);
  const id = useId();
  return (
    <Drawer open size="large" title={entry === undefined ? t("tables.add") : t("tables.change", { table: entry.table })} onClose={onClose} destroyOnHidden data-testid="table-drawer">
      <div className="op-stack">
        {entry === undefined && (
          <div className="op-labelled">
            <label htmlFor={id}>{t("tables.table")}</label>
            <Select
              id={id}
              showSearch
              style={{ width: "100%" }}
              placeholder={t("tables.pick")}
              loading={names.isLoading}
              value={table}
              onChange={setTable}
              options={(names.data?.items ?? []).map((one) => ({ value: one, label: one }))}
              data-testid="table-pick"
            />
            {names.isError && <Problem error={names.error} retry={() => void names.refetch()} />}
          </div>
        )}
        {table !== undefined && <Look key={table} touchpoint={touchpoint} table={table} entry={entry} onClose={onClose} />}
      </div>
    </Drawer>
  );
}

function Look({ touchpoint, table, entry, onClose }: { touchpoint: Detail; table: string; entry: Entry | undefined; onClose: () => void }) {
  const [kind, setKind] = useState<Kind | undefined>(entry?.kind);
  const look = useQuery(tables.look(touchpoint.name, table, kind));
  // What was typed stays while another proposal is on its way, and where none comes.
  const [seen, setSeen] = useState<TablePreview>();
  if (look.data !== undefined && !look.isPlaceholderData && look.data !== seen) setSeen(look.data);
  if (seen === undefined) return <Loaded query={look} rows={8}>{() => <Waiting rows={8} />}</Loaded>;
  return (
    <>
      {look.isError && <Problem error={look.error} retry={() => void look.refetch()} />}
      <Form touchpoint={touchpoint} preview={seen} entry={entry} onKind={setKind} onClose={onClose} />
    </>
  );
}

interface FormProps {
  touchpoint: Detail;
  preview: TablePreview;
  entry: Entry | undefined;
  onKind: (kind: Kind) => void;
  onClose: () => void;
}

const EVERY = 300;

function Form({ touchpoint, preview, entry, onKind, onClose }: FormProps) {
  const { t } = useText();
  const taken = entriesOf(touchpoint.settings).map((one) => one.name);
  const proposed = { ...preview.proposal, name: freeName(taken, preview.proposal.name) };
  const [draft, setDraft] = useState<Entry>(entry ?? proposed);
  const [from, setFrom] = useState(proposed);
  if (entry === undefined && from.kind !== proposed.kind) {
    setFrom(proposed);
    setDraft(reproposed(draft, from, proposed));
  }
  const [asText, setAsText] = useState(false);
  const [broken, setBroken] = useState(false);
  const save = useSaveTouchpoint();
  const beside = [...new Set([...joinsOf(draft).map((one) => one.table), ...(draft.kind === "order" ? [linesOf(draft)?.table ?? ""] : [])])].filter((one) => one !== "");
  const found = useQueries({ queries: beside.map((one) => tables.look(touchpoint.name, one, undefined)) });
  const looks = new Map(found.flatMap(({ data }, at) => (data === undefined ? [] : [[beside[at] ?? "", data] as const])));
  const gap = gapOf(draft);
  const id = { name: useId(), kind: useId(), key: useId(), cursor: useId(), every: useId(), text: useId() };
  const columns = preview.columns.map((one) => ({ value: one.name, label: one.name }));
  const store = (): void =>
    save.mutate({ name: touchpoint.name, secrets: {}, body: { ...changeOf(touchpoint), settings: withEntry(touchpoint.settings, entry?.name, draft) } }, { onSuccess: onClose });
  return (
    <>
      <div className="op-row" style={{ alignItems: "flex-end" }}>
        <div className="op-labelled">
          <label htmlFor={id.name}>{t("tables.name")}</label>
          <Input id={id.name} className="op-code" style={{ width: 200 }} spellCheck={false} value={draft.name} onChange={(event) => setDraft({ ...draft, name: event.target.value })} data-testid="table-name" />
        </div>
        <div className="op-labelled">
          <label htmlFor={id.kind}>{t("tables.kind")}</label>
          <Select<Kind>
            id={id.kind}
            style={{ width: 170 }}
            value={draft.kind}
            onChange={(kind) => {
              setDraft({ ...draft, kind });
              if (entry === undefined) onKind(kind);
            }}
            options={KINDS.map((value) => ({ value, label: t(`tables.kinds.${value}`) }))}
            data-testid="table-kind"
          />
        </div>
        <div className="op-labelled">
          <label htmlFor={id.every}>{t("tables.every")}</label>
          <InputNumber id={id.every} style={{ width: 150 }} min={0} max={604_800} value={typeof draft.every === "number" ? draft.every : EVERY} onChange={(every) => setDraft({ ...draft, every: every ?? EVERY })} suffix={t("tables.seconds")} />
        </div>
      </div>
      <div className="op-labelled">
        <label htmlFor={id.key}>{t("tables.key")}</label>
        <Select id={id.key} mode="multiple" style={{ width: "100%" }} value={listOf(draft, "key")} onChange={(names: string[]) => setDraft(withList(draft, "key", names))} options={columns} />
        <p className="op-hint">{t("tables.keyHelp")}</p>
      </div>
      <div className="op-labelled">
        <label htmlFor={id.cursor}>{t("tables.cursor")}</label>
        <Select id={id.cursor} mode="multiple" allowClear style={{ width: "100%" }} value={listOf(draft, "cursor")} onChange={(names: string[]) => setDraft(withList(draft, "cursor", names))} options={columns} />
        <p className="op-hint">{t("tables.cursorHelp")}</p>
      </div>
      <div className="op-row">
        <Switch id={id.text} checked={asText} disabled={broken} onChange={setAsText} data-testid="table-as-text" />
        <label htmlFor={id.text}>{t("tables.asText")}</label>
      </div>
      {asText ? (
        <Suspense fallback={<Waiting rows={8} />}>
          <EntryYaml definition={draft} onChange={setDraft} onBroken={setBroken} />
        </Suspense>
      ) : (
        <>
          <Joins touchpoint={touchpoint.name} main={preview.columns.map((one) => one.name)} looks={looks} draft={draft} onChange={setDraft} />
          <Columns preview={preview} looks={looks} draft={draft} onChange={setDraft} />
          {draft.kind === "order" && <OrderLines touchpoint={touchpoint.name} main={preview} looks={looks} draft={draft} onChange={setDraft} />}
        </>
      )}
      {found.map((one, at) => one.isError && <Problem key={beside[at]} error={one.error} retry={() => void one.refetch()} />)}
      {gap !== null && !asText && (
        <p className="op-hint" role="status" data-testid="table-gap">
          {t(`tables.gaps.${gap}`)}
        </p>
      )}
      {save.isError && <Problem error={save.error} />}
      <div className="op-row" style={{ justifyContent: "flex-end" }}>
        <Button onClick={onClose}>{t("touchpoints.cancel")}</Button>
        <Button type="primary" disabled={broken || (gap !== null && !asText)} loading={save.isPending} onClick={store} data-testid="table-save">
          {t("common.save")}
        </Button>
      </div>
    </>
  );
}
