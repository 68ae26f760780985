import type { PropsWithChildren } from "react";
import { useText } from "@/lib/useText";
import { Status } from "@/parts/Status";

const OWN = new Set(["template_error", "account_error", "unknown", "transient", "rate_limited"]);

/** Why a message did not go out, in words; faults that somebody has to mend stand out. `children`: a sentence that says it already. */
export function Reason({ name, children }: PropsWithChildren<{ name: string }>) {
  const { t } = useText();
  return <Status kind={OWN.has(name) ? "error" : "warning"}>{children ?? t(`journey.reasons.${name as "capped"}`, { defaultValue: name })}</Status>;
}
