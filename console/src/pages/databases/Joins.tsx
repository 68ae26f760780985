import { DeleteOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Input, Select } from "antd";
import { useState } from "react";
import { type TablePreview, tables } from "@/api/tables";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { type Join, joinsOf, renamed, withMatches, withNewJoin, withoutJoin } from "./joins";
import { Matches } from "./Matches";
import type { Entry } from "./model";

interface Props {
  touchpoint: string;
  /** Columns that a join may match with: the main table's and those of the joins before it. */
  main: readonly string[];
  /** The joined tables as far as they are loaded, by their names. */
  looks: ReadonlyMap<string, TablePreview>;
  draft: Entry;
  onChange: (entry: Entry) => void;
}

export const keyOf = (preview: TablePreview): string | undefined => {
  const keys = preview.columns.filter((one) => one.key);
  return keys.length === 1 ? keys[0]?.name : undefined;
};

/** Other tables of which one row stands beside each row: chosen, matched by columns, and mapped like the main one's. */
export function Joins({ touchpoint, main, looks, draft, onChange }: Props) {
  const { t } = useText();
  const client = useQueryClient();
  const [error, setError] = useState<unknown>(null);
  const joins = joinsOf(draft);
  const before = (at: number): string[] => [...main, ...joins.slice(0, at).flatMap((one) => columnsOf(one, looks).map((column) => `${one.name}.${column}`))];
  const add = async (table: string): Promise<void> => {
    setError(null);
    try {
      const look = await client.fetchQuery(tables.look(touchpoint, table, undefined));
      const columns = look.columns.map((one) => one.name);
      onChange(withNewJoin(draft, table, before(joins.length), columns, keyOf(look)));
    } catch (failed) {
      setError(failed);
    }
  };
  return (
    <div className="op-stack" style={{ gap: 8 }} data-testid="table-joins">
      <div>
        <strong>{t("tables.joins")}</strong>
        <p className="op-hint">{t("tables.joinsHelp")}</p>
      </div>
      {joins.map((one, at) => (
        <div className="op-join" key={`${one.table} ${at}`} data-testid={`join-${at}`}>
          <div className="op-row" style={{ justifyContent: "space-between" }}>
            <span className="op-row">
              <span className="op-code">{one.table}</span>
              <Named key={one.name} join={one} onName={(name) => onChange(renamed(draft, at, name))} />
            </span>
            <Button size="small" type="text" icon={<DeleteOutlined />} aria-label={t("tables.joinRemove", { table: one.table })} onClick={() => onChange(withoutJoin(draft, at))} />
          </div>
          <Matches table={one.table} on={one.on} here={before(at)} there={columnsOf(one, looks)} onChange={(on) => onChange(withMatches(draft, at, on))} />
        </div>
      ))}
      <TablePick touchpoint={touchpoint} label={t("tables.joinAdd")} onPick={(table) => void add(table)} testId="join-add" />
      {error !== null && <Problem error={error} />}
    </div>
  );
}

const columnsOf = (join: Join, looks: ReadonlyMap<string, TablePreview>): string[] => looks.get(join.table)?.columns.map((one) => one.name) ?? [];

/** Under which name the other table's columns are written; it holds when it is left. */
function Named({ join, onName }: { join: Join; onName: (name: string) => void }) {
  const { t } = useText();
  const [name, setName] = useState(join.name);
  return <Input size="small" className="op-code" style={{ width: 130 }} spellCheck={false} prefix={t("tables.joinName")} aria-label={t("tables.joinNameOf", { table: join.table })} value={name} onChange={(event) => setName(event.target.value)} onBlur={() => onName(name)} onPressEnter={() => onName(name)} />;
}

/** The tables of the database, to choose one more. */
export function TablePick({ touchpoint, label, onPick, testId }: { touchpoint: string; label: string; onPick: (table: string) => void; testId: string }) {
  const names = useQuery(tables.names(touchpoint));
  return (
    <>
      <Select showSearch style={{ width: 260 }} aria-label={label} placeholder={label} loading={names.isLoading} value={null} onChange={(table: string | null) => table !== null && onPick(table)} options={(names.data?.items ?? []).map((one) => ({ value: one, label: one }))} data-testid={testId} />
      {names.isError && <Problem error={names.error} retry={() => void names.refetch()} />}
    </>
  );
}
