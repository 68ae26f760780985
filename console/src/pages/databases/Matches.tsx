import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Select } from "antd";
import { useText } from "@/lib/useText";
import type { Match } from "./joins";

interface Props {
  /** The other table's name, for those who hear the page. */
  table: string;
  on: readonly Match[];
  here: readonly string[];
  there: readonly string[];
  onChange: (on: Match[]) => void;
}

/** Pairs of columns that are equal in both tables. */
export function Matches({ table, on, here, there, onChange }: Props) {
  const { t } = useText();
  const choices = (names: readonly string[], without: readonly string[] = []) => names.filter((one) => !without.includes(one)).map((value) => ({ value, label: value }));
  const others = (at: number): string[] => on.flatMap(([left], place) => (place === at ? [] : [left]));
  const put = (at: number, match: Match): void => onChange(on.map((one, place) => (place === at ? match : one)));
  return (
    <div className="op-stack" style={{ gap: 6 }}>
      {on.map(([left, right], at) => (
        <div className="op-row" key={`${at} ${on.length}`}>
          <Select showSearch style={{ width: 190 }} className="op-code" aria-label={t("tables.matchHere", { table })} placeholder={t("tables.column")} value={left === "" ? undefined : left} options={choices(here, others(at))} onChange={(next: string) => put(at, [next, right])} />
          <span aria-hidden>=</span>
          <Select showSearch style={{ width: 190 }} className="op-code" aria-label={t("tables.matchThere", { table })} placeholder={t("tables.column")} value={right === "" ? undefined : right} options={choices(there)} onChange={(next: string) => put(at, [left, next])} />
          {on.length > 1 && <Button size="small" type="text" icon={<DeleteOutlined />} aria-label={t("tables.matchRemove")} onClick={() => onChange(on.filter((_, place) => place !== at))} />}
        </div>
      ))}
      {on.every(([left]) => left !== "") && (
        <div>
          <Button size="small" type="link" icon={<PlusOutlined />} style={{ paddingInline: 0 }} onClick={() => onChange([...on, ["", ""]])}>
            {t("tables.matchAdd")}
          </Button>
        </div>
      )}
    </div>
  );
}
