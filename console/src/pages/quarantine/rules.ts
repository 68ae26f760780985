import { useText } from "@/lib/useText";

/** The words for a rule: by its own name, else by its ending (`youzan.unreadable`), else by its family (`type.money`). */
export function useRuleWords(): (rule: string) => string {
  const { t } = useText();
  return (rule) => {
    const [family = rule, ...rest] = rule.split(".");
    const keys = [rule.replaceAll(".", "_"), `ending_${rest.at(-1) ?? ""}`, family];
    return keys.map((key) => t(`quarantine.rules.${key as "required"}`, { defaultValue: "" })).find((words) => words !== "") ?? rule;
  };
}

/** What to do about a rule, for people who can mend the mapping or the source. */
export function useTodo(): (rule: string) => string {
  const { t } = useText();
  return (rule) => t(`quarantine.todo.${rule.replaceAll(".", "_") as "other"}`, { defaultValue: t(`quarantine.todo.${(rule.split(".")[0] ?? rule) as "other"}`, { defaultValue: t("quarantine.todo.other") }) });
}

/** Rules that another mapping can mend. */
export function mendable(rule: string): boolean {
  return !/^(tick|protocol|channel|file|email|value\.depth|touchpoint\.mapping)/.test(rule);
}
