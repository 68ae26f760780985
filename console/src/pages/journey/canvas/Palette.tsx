import { KINDS } from "@/journeys/model";
import { useText } from "@/lib/useText";
import { useEditing } from "../editor/context";
import { ICONS } from "../icons";
import { DRAGGED } from "./dragged";
import { wayAfter } from "./after";

/** The kinds of steps: dragged onto a way, or put after the chosen step by a click. */
export function Palette() {
  const { t } = useText();
  const editing = useEditing();
  return (
    <div className="op-palette" role="toolbar" aria-orientation="vertical" aria-label={t("journey.palette")}>
      {KINDS.map((kind) => {
        const Icon = ICONS[kind];
        return (
          <button
            key={kind}
            type="button"
            className="op-palette-item"
            draggable
            title={t(`journey.kindHints.${kind}`)}
            data-kind={kind}
            data-testid={`palette-${kind}`}
            onDragStart={(event) => {
              event.dataTransfer.setData(DRAGGED, kind);
              event.dataTransfer.effectAllowed = "copy";
            }}
            onClick={() => editing.add(wayAfter(editing), kind)}
          >
            <Icon aria-hidden />
            <span>{t(`journey.kinds.${kind}`)}</span>
          </button>
        );
      })}
    </div>
  );
}
