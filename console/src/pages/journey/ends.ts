import { useCallback } from "react";
import { useText } from "@/lib/useText";

/** Why a run ended, in words: the reasons that are the product's own, exits (`exit:NAME`), and what authors called theirs. */
export function useEnding(): (reason: string) => string {
  const { t } = useText();
  return useCallback(
    (reason) => {
      const exit = reason.startsWith("exit:");
      const name = exit ? reason.slice("exit:".length) : reason;
      const words = t(`journey.ends.${name as "completed"}`, { defaultValue: t(`journey.reasons.${name as "capped"}`, { defaultValue: name }) });
      return exit ? t("journey.exit.left", { as: words }) : words;
    },
    [t],
  );
}
