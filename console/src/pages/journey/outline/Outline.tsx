import { ArrowRightOutlined, DeleteOutlined, EditOutlined, MessageOutlined, PlusOutlined, WarningOutlined } from "@ant-design/icons";
import { Button, Dropdown } from "antd";
import { useMemo, useRef, useState } from "react";
import { type Edge, KINDS, nodesOf, slotsOf } from "@/journeys/model";
import { move } from "@/journeys/operations";
import { useText } from "@/lib/useText";
import { useEditing } from "../editor/context";
import { ICONS } from "../icons";
import type { Words } from "../words";
import { outline, type OutlineRow } from "./rows";

/** The menu takes the focus when it opens, as a menu should: it was asked for. */
const FOCUSED = { autoFocus: true };

/** The same journey as a list: everything that the drawing can do, by keyboard too. */
export function Outline({ words }: { words: Words }) {
  const { t } = useText();
  const editing = useEditing();
  const { definition, open, readOnly, faults, comments, setOpen, add, remove, change, copy, paste, clipboard } = editing;
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [at, setAt] = useState(0);
  const [adding, setAdding] = useState<string | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const rows = useMemo(() => outline(definition, closed), [definition, closed]);
  const nodes = useMemo(() => nodesOf(definition), [definition]);
  const here = Math.min(at, rows.length - 1);
  const focus = (i: number): void => {
    const to = Math.max(0, Math.min(rows.length - 1, i));
    setAt(to);
    list.current?.querySelectorAll<HTMLElement>("[role=treeitem]")[to]?.focus();
  };
  const show = (row: OutlineRow): void => {
    if (row.link) return focus(rows.findIndex((one) => one.name === row.name && !one.link));
    setOpen({ kind: "node", name: row.name });
  };
  /** The way that a step put below a row stands on. */
  const below = (row: OutlineRow): Edge => {
    const slots = slotsOf(nodes.get(row.name) ?? {});
    const slot = slots.find((one) => one.edge === "next") ?? slots.at(-1);
    return row.link || slot === undefined ? (row.edge ?? { node: row.name, edge: "next" }) : { node: row.name, edge: slot.edge };
  };
  const shift = (row: OutlineRow, by: -1 | 1): void => {
    const other = rows[rows.indexOf(row) + by];
    if (other === undefined) return;
    const to = by < 0 ? other.edge : below(other);
    if (to === null) return;
    change((before) => move(before, row.name, to));
    focus(rows.indexOf(row) + by);
  };
  const close = (name: string, shut: boolean): void => {
    const next = new Set(closed);
    if (shut) next.add(name);
    else next.delete(name);
    setClosed(next);
  };
  const keys = (event: React.KeyboardEvent, row: OutlineRow, i: number): void => {
    if ((event.target as HTMLElement).getAttribute("role") !== "treeitem") return;
    const command = event.ctrlKey || event.metaKey;
    if (event.altKey && event.key === "ArrowUp") shift(row, -1);
    else if (event.altKey && event.key === "ArrowDown") shift(row, 1);
    else if (event.key === "ArrowDown") focus(i + 1);
    else if (event.key === "ArrowUp") focus(i - 1);
    else if (event.key === "Home") focus(0);
    else if (event.key === "End") focus(rows.length - 1);
    else if (event.key === "ArrowLeft" && !closed.has(row.name) && row.forks) close(row.name, true);
    else if (event.key === "ArrowLeft") focus(rows.findLastIndex((one, k) => k < i && one.depth < row.depth));
    else if (event.key === "ArrowRight" && closed.has(row.name)) close(row.name, false);
    else if (event.key === "Enter" || event.key === " ") show(row);
    else if ((event.key === "Delete" || event.key === "Backspace") && !readOnly && !row.link) {
      remove([row.name]);
      focus(i);
    } else if ((event.key === "Insert" || event.key === "+") && !readOnly) setAdding(row.id);
    else if (command && event.key.toLowerCase() === "c") copy([row.name]);
    else if (command && event.key.toLowerCase() === "v" && clipboard !== null && !readOnly) paste(below(row));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="op-outline">
      <p className="op-hint" id="outline-help">
        {t("journey.outlineHelp")}
      </p>
      <button type="button" className="op-outline-entry" onClick={() => setOpen({ kind: "panel", name: "entry" })}>
        <strong>{t("journey.entry")}</strong> {words.entry(definition)}
      </button>
      <ul role="tree" aria-label={t("journey.outline")} aria-describedby="outline-help" ref={list} data-testid="journey-outline">
        {rows.map((row, i) => {
          const node = nodes.get(row.name) ?? {};
          const Icon = ICONS[(node.do as "send") ?? "end"] ?? WarningOutlined;
          const wrong = faults.get(row.name)?.errors ?? 0;
          const saidOf = row.link ? 0 : (comments.get(row.name) ?? 0);
          const from = row.edge === null ? undefined : nodes.get(row.edge.node);
          const way = !row.choice || row.edge === null || from === undefined ? "" : words.way(from, row.edge.edge);
          const said = `${words.kind(node)} · ${words.summary(node)}`;
          return (
            <li
              key={row.id}
              role="treeitem"
              aria-level={row.depth + 1}
              aria-expanded={row.forks ? !closed.has(row.name) : undefined}
              aria-selected={open?.kind === "node" && open.name === row.name}
              aria-labelledby={`outline-text-${i}`}
              tabIndex={i === here ? 0 : -1}
              data-link={row.link}
              data-testid={row.link ? `goes-${row.edge?.node}-${row.edge?.edge}` : `outline-${row.name}`}
              style={{ paddingInlineStart: 10 + row.depth * 20 }}
              onKeyDown={(event) => keys(event, row, i)}
              onFocus={() => setAt(i)}
              onDoubleClick={() => show(row)}
            >
              <span className="op-outline-row" id={`outline-text-${i}`}>
                {way !== "" && <span className="op-outline-way">{way}</span>}
                {row.link ? <ArrowRightOutlined aria-hidden /> : <Icon aria-hidden />}
                <span className="op-outline-text">{row.link ? t("journey.goesTo", { step: said }) : said}</span>
                <code className="op-mute op-code">{row.name}</code>
                {wrong > 0 && <WarningOutlined role="img" aria-label={t("journey.errors", { count: wrong })} style={{ color: "var(--op-bad)" }} />}
                {saidOf > 0 && (
                  <span className="op-mute op-num" role="img" aria-label={t("journey.comments.open", { count: saidOf })}>
                    <MessageOutlined aria-hidden /> {saidOf}
                  </span>
                )}
              </span>
              <span className="op-end">
                <Button tabIndex={-1} type="text" size="small" icon={<EditOutlined />} aria-label={t("journey.edit", { step: said })} onClick={() => show(row)} />
                {!readOnly && (
                  <Dropdown
                    trigger={["click"]}
                    open={adding === row.id}
                    {...FOCUSED}
                    onOpenChange={(on) => setAdding(on ? row.id : null)}
                    menu={{
                      items: KINDS.map((kind) => ({ key: kind, label: t(`journey.kinds.${kind}`) })),
                      onClick: ({ key, domEvent }) => {
                        domEvent.stopPropagation();
                        setAdding(null);
                        add(below(row), key as "send");
                      },
                    }}
                  >
                    <Button tabIndex={-1} type="text" size="small" icon={<PlusOutlined />} aria-label={t("journey.addBelow", { step: said })} />
                  </Dropdown>
                )}
                {!readOnly && !row.link && <Button tabIndex={-1} type="text" size="small" icon={<DeleteOutlined />} aria-label={t("journey.removeStep", { step: said })} onClick={() => remove([row.name])} />}
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
