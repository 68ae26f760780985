import { CheckCircleOutlined, CloseCircleOutlined, MinusCircleOutlined } from "@ant-design/icons";
import type { components } from "@/api/schema";
import { useText } from "@/lib/useText";

type Reason = components["schemas"]["Reason"];

function Mark({ holds }: { holds: boolean | null }) {
  const { t } = useText();
  if (holds === null) return <MinusCircleOutlined aria-hidden style={{ color: "var(--op-text-3)" }} />;
  const Icon = holds ? CheckCircleOutlined : CloseCircleOutlined;
  return <Icon aria-label={t(holds ? "why.holds" : "why.holdsNot")} role="img" style={{ color: holds ? "var(--op-ok)" : "var(--op-text-3)" }} />;
}

/** Each part of a definition with its truth, the figure found and the events that made it so. */
export function Why({ reason, onEvent }: { reason: Reason; onEvent?: (id: string) => void }) {
  const { t, title } = useText();
  const group = reason.children.length > 0;
  return (
    <ul className="op-why">
      <li>
        <span style={{ display: "flex", gap: 8, alignItems: "baseline" }}>
          <Mark holds={reason.holds} />
          <span>
            <span style={{ fontWeight: group ? 600 : 400 }}>
              {reason.kind === "all" || reason.kind === "any" || reason.kind === "not" ? t(`why.${reason.kind}`) : title(reason.sentence, reason.kind)}
            </span>
            {reason.figure !== null && <span className="op-mute"> · {t("why.found", { figure: reason.figure })}</span>}
            {reason.event_ids.length > 0 && (
              <span className="op-mute">
                {" · "}
                {onEvent === undefined ? (
                  t("why.events", { count: reason.event_ids.length })
                ) : (
                  <button type="button" className="op-chip" onClick={() => onEvent(reason.event_ids[0] ?? "")}>
                    {t("why.events", { count: reason.event_ids.length })}
                  </button>
                )}
              </span>
            )}
          </span>
        </span>
        {reason.children.map((child, i) => (
          // A reason has no id; its place among its siblings never changes.
          <Why key={i} reason={child} onEvent={onEvent} />
        ))}
      </li>
    </ul>
  );
}
