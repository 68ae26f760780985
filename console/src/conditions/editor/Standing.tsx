import { Select } from "antd";
import { useText } from "@/lib/useText";
import type { ConsentLeaf, MemberLeaf, ReachableLeaf } from "../model";
import { matches, type Option } from "../names";
import { useEditing } from "./context";

/** The known options, and the chosen one even when nobody knows it any more. */
function withChosen(options: Option[], chosen: string | null): Option[] {
  return chosen === null || chosen === "" || options.some((one) => one.value === chosen) ? options : [{ value: chosen, label: chosen, search: chosen }, ...options];
}

interface PickProps {
  label: string;
  placeholder: string;
  value: string | null;
  options: Option[];
  width?: number;
  /** Whether it may be left open. */
  open?: boolean;
  onChange: (value: string | null) => void;
  testId?: string;
}

function Pick({ label, placeholder, value, options, width = 180, open = false, onChange, testId }: PickProps) {
  return (
    <Select
      showSearch={{ filterOption: matches }}
      allowClear={open}
      style={{ width }}
      popupMatchSelectWidth={260}
      aria-label={label}
      placeholder={placeholder}
      value={value === null || value === "" ? undefined : value}
      onChange={(next: string | undefined) => onChange(next ?? null)}
      options={withChosen(options, value)}
      data-testid={testId}
    />
  );
}

export function MemberHead({ leaf, set }: { leaf: MemberLeaf; set: (leaf: MemberLeaf) => void }) {
  const { t } = useText();
  const { names } = useEditing();
  const list = leaf.kind === "list";
  return (
    <>
      <span className="op-label">{t(list ? "editor.onList" : "editor.inSegment")}</span>
      <Pick
        label={t(list ? "editor.list" : "editor.segment")}
        placeholder={t(list ? "editor.chooseList" : "editor.chooseSegment")}
        width={240}
        value={leaf.name}
        options={list ? names.lists : names.segments}
        onChange={(name) => set({ ...leaf, name: name ?? "" })}
        testId={`condition-${leaf.kind}`}
      />
      {list && names.lists.length === 0 && <span className="op-label">{t("editor.noLists")}</span>}
    </>
  );
}

/** Consent to a purpose, on one channel or in general. */
export function ConsentHead({ leaf, set }: { leaf: ConsentLeaf; set: (leaf: ConsentLeaf) => void }) {
  const { t } = useText();
  const { names } = useEditing();
  return (
    <>
      <span className="op-label">{t("editor.consentTo")}</span>
      <Pick
        label={t("editor.purpose")}
        placeholder={t("editor.choosePurpose")}
        value={leaf.purpose}
        options={names.purposes}
        onChange={(purpose) => set({ ...leaf, purpose: purpose ?? "" })}
        testId="condition-purpose"
      />
      <Pick label={t("editor.channel")} placeholder={t("editor.anyChannel")} open value={leaf.channel} options={names.consentChannels} onChange={(channel) => set({ ...leaf, channel })} />
    </>
  );
}

/** A live, permitted address. */
export function ReachableHead({ leaf, set }: { leaf: ReachableLeaf; set: (leaf: ReachableLeaf) => void }) {
  const { t } = useText();
  const { names } = useEditing();
  return (
    <>
      <span className="op-label">{t("editor.reachableOn")}</span>
      <Pick
        label={t("editor.channel")}
        placeholder={t("editor.chooseChannel")}
        value={leaf.channel}
        options={names.reachChannels}
        onChange={(channel) => set({ ...leaf, channel: channel ?? "", touchpoint: null })}
        testId="condition-channel"
      />
      {leaf.channel !== "" && (
        <Pick
          label={t("editor.touchpoint")}
          placeholder={t("editor.anyTouchpoint")}
          open
          value={leaf.touchpoint}
          options={names.touchpointsOf(leaf.channel)}
          onChange={(touchpoint) => set({ ...leaf, touchpoint })}
        />
      )}
    </>
  );
}
