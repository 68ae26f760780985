import { useQuery } from "@tanstack/react-query";
import { Segmented, Select } from "antd";
import { lazy, Suspense, useCallback } from "react";
import { lists } from "@/api/lists";
import { type Problem, queries } from "@/api/queries";
import type { Json, JsonObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { object, text } from "@/pages/messages/definition";
import { Loaded, Waiting } from "@/parts/Loaded";

// Conditions bring their editor along: only for those who write one.
const ConditionField = lazy(() => import("@/conditions/editor/ConditionField").then((part) => ({ default: part.ConditionField })));

export const KINDS = ["segment", "list", "who"] as const;
type Kind = (typeof KINDS)[number];

/** Which of the three an audience is. */
export const kindOf = (audience: JsonObject): Kind => KINDS.find((kind) => kind in audience) ?? "segment";

/** Whether it names somebody at all; an empty condition names nobody yet. */
export function complete(audience: JsonObject): boolean {
  const kind = kindOf(audience);
  return kind === "who" ? Object.keys(object(audience.who)).length > 0 : text(audience[kind]) !== "";
}

const FRESH: Record<Kind, Json> = { segment: "", list: "", who: {} };

interface Props {
  audience: JsonObject;
  problems: Problem[];
  onChange: (audience: JsonObject) => void;
}

/** Whom a broadcast reaches: a segment, a list, or those for whom a condition holds. */
export function Audience({ audience, problems, onChange }: Props) {
  const { t, title } = useText();
  const kind = kindOf(audience);
  const segments = useQuery(queries.segments()).data?.items ?? [];
  const listed = useQuery({ ...lists.all(), enabled: kind === "list" }).data?.items ?? [];
  const names = useQuery({ ...queries.names(), enabled: kind === "who" });
  const condition = useCallback((who: Json) => onChange({ who }), [onChange]);
  const pick = (rows: { name: string; title?: { zh: string; en: string } | null }[], placeholder: string, testId: string) => (
    <Select
      style={{ width: "100%" }}
      showSearch={{ optionFilterProp: "label" }}
      aria-label={placeholder}
      placeholder={placeholder}
      value={text(audience[kind]) || undefined}
      onChange={(name: string) => onChange({ [kind]: name })}
      options={rows.map((one) => ({ value: one.name, label: title(one.title, one.name) }))}
      data-testid={testId}
    />
  );
  return (
    <div className="op-stack" style={{ gap: 8 }} role="group" aria-label={t("reach.broadcasts.whom")}>
      <Segmented<Kind> aria-label={t("reach.broadcasts.whom")} value={kind} options={KINDS.map((one) => ({ value: one, label: t(`reach.broadcasts.audiences.${one}`) }))} onChange={(next) => onChange({ [next]: FRESH[next] })} data-testid="broadcast-audience-kind" />
      {kind === "segment" && pick(segments, t("nav.segments"), "broadcast-segment")}
      {kind === "list" && pick(listed, t("nav.lists"), "broadcast-list")}
      {kind === "who" && (
        <Loaded query={names} rows={3}>
          {(found) => (
            <Suspense fallback={<Waiting rows={3} />}>
              <ConditionField value={audience.who} names={found} problems={problems} onChange={condition} />
            </Suspense>
          )}
        </Loaded>
      )}
    </div>
  );
}
