import { CloseOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Select } from "antd";
import { useText } from "@/lib/useText";
import { isObject, type Json } from "../model";
import { matches } from "../names";
import { useReferences } from "./references";

const ENTRY = "entry";

/** Since when a behaviour counts in a journey: since the entry, or since the customer came to a node. */
export function Since({ value, onChange }: { value: Json; onChange: (value: Json) => void }) {
  const { t } = useText();
  const references = useReferences();
  if (value === null) {
    return references === null ? null : (
      <Button type="link" size="small" icon={<PlusOutlined />} onClick={() => onChange(ENTRY)} data-testid="add-since">
        {t("editor.addSince")}
      </Button>
    );
  }
  const node = isObject(value) && typeof value.node === "string" ? value.node : null;
  const nodes = references?.nodes ?? [];
  const unknown = node !== null && !nodes.some((one) => one.value === node);
  return (
    <div className="op-line">
      <span className="op-label">{t("editor.since")}</span>
      <Select
        showSearch={{ filterOption: matches }}
        style={{ width: 190 }}
        popupMatchSelectWidth={260}
        aria-label={t("editor.since")}
        value={node === null ? ENTRY : `node:${node}`}
        options={[{ value: ENTRY, label: t("editor.sinceEntry"), search: "entry" }, ...(unknown ? [{ value: `node:${node}`, label: node, search: node }] : []), ...nodes.map((one) => ({ ...one, value: `node:${one.value}` }))]}
        onChange={(next: string) => onChange(next === ENTRY ? ENTRY : { node: next.slice("node:".length) })}
        data-testid="condition-since"
      />
      <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t("editor.removeSince")} onClick={() => onChange(null)} />
    </div>
  );
}
