import type { LinkStatus } from "@/api/identity";
import { usePlaces } from "@/lib/places";
import { useText } from "@/lib/useText";
import type { StatusKind } from "@/parts/Status";

/** The signs of a link's state: the same wherever a link is shown. */
export const LINK_KINDS: Record<LinkStatus, StatusKind> = {
  joined: "ok",
  follows: "info",
  conflict: "error",
  void: "warning",
  no_consent: "idle",
  withdrawn: "warning",
  cut: "idle",
  blocked: "warning",
  unused: "idle",
  retired: "idle",
};

/** All states, in the order they are listed. */
export const LINK_STATES = Object.keys(LINK_KINDS) as LinkStatus[];

/** Words for the names of OneID: states, reasons, rules, kinds of decisions. A name nobody knows stands for itself. */
export function useWords() {
  const { t } = useText();
  const places = usePlaces();
  return {
    status: (name: string): string => t(`oneid.status.${name as "joined"}`, { defaultValue: name }),
    /** `limit:unionid@wx-open` is the reason `limit` with its slot. */
    reason: (name: string | null): string => {
      if (name === null || name === "") return "";
      const at = name.indexOf(":");
      const [code, detail] = at < 0 ? [name, ""] : [name.slice(0, at), name.slice(at + 1)];
      const word = t(`oneid.reason.${code as "limit"}`, { defaultValue: code });
      return detail === "" ? word : t("oneid.reasonOf", { reason: word, detail });
    },
    rule: (name: string): string => t(`oneid.rule.${name as "same_event"}`, { defaultValue: name }),
    consent: (name: string): string => t(`oneid.consent.${name as "unknown"}`, { defaultValue: name }),
    decision: (name: string): string => t(`oneid.decision.${name as "merge"}`, { defaultValue: name }),
    strength: (name: string): string => t(`oneid.strength.${name as "strong"}`, { defaultValue: name }),
    joining: (name: string): string => t(`oneid.joining.${name as "free"}`, { defaultValue: name }),
    level: (name: string): string => t(`oneid.levels.${name as "same"}`, { defaultValue: name }),
    touchpoint: places.touchpoint,
  };
}
