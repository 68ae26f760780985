import { parseSpan } from "@/conditions/operators";
import { useText } from "./useText";

/** A length of time as definitions write it ("30 days"), in the viewer's words. */
export function useLength(): (said: string) => string {
  const { t } = useText();
  return (said) => {
    const found = parseSpan(said);
    return found === null ? said : `${found.count} ${t(`units.${found.unit}`)}`;
  };
}
