import { useText } from "@/lib/useText";
import type { IdentifierBrief } from "@/api/identity";

type Named = Pick<IdentifierBrief, "type" | "title" | "scope" | "value" | "generation">;

/** An identifier as one line of text: its type, its (masked) value, and its scope where it has one. */
export function useIdentifierText(): (one: Named) => string {
  const { title } = useText();
  return (one) => [title(one.title, one.type), one.scope === "" ? one.value : `${one.value} @${one.scope}`].join(" ");
}

export function Identifier({ of }: { of: Named }) {
  const { t, title } = useText();
  return (
    <span>
      <span className="op-mute">{title(of.title, of.type)}</span> <span className="op-code">{of.value}</span>
      {of.scope !== "" && <span className="op-mute op-code"> @{of.scope}</span>}
      {of.generation > 0 && <span className="op-mute"> {t("oneid.owner", { count: of.generation + 1 })}</span>}
    </span>
  );
}
