import { Button, Dropdown } from "antd";
import { useState } from "react";
import { useText } from "@/lib/useText";
import { pathOf, type Step } from "./paths";
import { useTarget } from "./target";

/** What a place of the sample can be used as. */
export const USES = ["ids", "fields", "traits", "message_id", "time", "when"] as const;
export type Use = (typeof USES)[number];

const MOST = 60;
const LONG = 60;

interface Props {
  root: unknown;
  /** Undefined where places can't be picked. */
  onUse?: (use: Use, path: string, key: string, value: unknown) => void;
}

const short = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "";
  return text.length > LONG ? `${text.slice(0, LONG)}…` : text;
};

function Place({ steps, value, onUse }: { steps: Step[]; value: unknown } & Pick<Props, "onUse">) {
  const { t } = useText();
  const { target, setTarget } = useTarget();
  const name = String(steps.at(-1) ?? "$");
  const path = pathOf(steps);
  const leaf = typeof value !== "object" || value === null;
  const text = (
    <>
      <span className="op-tree-key">{name}</span>
      {leaf && <span className="op-tree-value">{`: ${short(value)}`}</span>}
    </>
  );
  if (onUse === undefined) return <span className="op-tree-place">{text}</span>;
  if (target !== undefined)
    return (
      <Button
        type="text"
        size="small"
        className="op-tree-place"
        title={path}
        data-path={path}
        onClick={() => {
          target.put(path, value);
          setTarget(undefined);
        }}
      >
        {text}
      </Button>
    );
  return (
    <Dropdown trigger={["click"]} menu={{ items: USES.map((use) => ({ key: use, label: t(`mapping.uses.${use}`) })), onClick: ({ key }) => onUse(key as Use, path, name, value) }}>
      <Button type="text" size="small" className="op-tree-place" title={path} data-path={path}>
        {text}
      </Button>
    </Dropdown>
  );
}

function Node({ steps, value, onUse }: { steps: Step[]; value: unknown } & Pick<Props, "onUse">) {
  const { t } = useText();
  const [open, setOpen] = useState(steps.length < 4);
  if (typeof value !== "object" || value === null)
    return (
      <li>
        <Place steps={steps} value={value} onUse={onUse} />
      </li>
    );
  const entries: [Step, unknown][] = Array.isArray(value) ? value.map((one, i) => [i, one]) : Object.entries(value);
  return (
    <li>
      <button type="button" className="op-tree-fold" aria-expanded={open} aria-label={t(open ? "mapping.fold" : "mapping.unfold", { what: pathOf(steps) })} onClick={() => setOpen(!open)}>
        {open ? "\u2212" : "+"}
      </button>
      <Place steps={steps} value={value} onUse={onUse} />
      <span className="op-mute op-minor">{Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`}</span>
      {open && (
        <ul>
          {entries.slice(0, MOST).map(([key, one]) => (
            <Node key={key} steps={[...steps, key]} value={one} onUse={onUse} />
          ))}
          {entries.length > MOST && <li className="op-mute">{t("mapping.moreEntries", { count: entries.length - MOST })}</li>}
        </ul>
      )}
    </li>
  );
}

/** A payload as a tree; a click on a place uses it. */
export function JsonTree({ root, onUse }: Props) {
  const { t } = useText();
  return (
    <ul className="op-tree" aria-label={t("mapping.sample")} data-testid="json-tree">
      <Node steps={[]} value={root} onUse={onUse} />
    </ul>
  );
}
