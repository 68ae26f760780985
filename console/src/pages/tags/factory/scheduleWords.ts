import { useText } from "@/lib/useText";
import { planOf } from "./cron";

/** A schedule in words. */
export function useScheduleWords(): (text: string) => string {
  const { t, language } = useText();
  return (text) => {
    const plan = planOf(text);
    switch (plan.every) {
      case "day":
        return t("schedule.day", { at: plan.at });
      case "week":
        return t("schedule.week", { at: plan.at, days: plan.on.map((one) => t(`schedule.weekdays.${one}`)).join(language === "en" ? ", " : "\u3001") });
      case "month":
        return t("schedule.month", { at: plan.at, day: plan.on });
      case "hours":
        return t("schedule.hours", { count: plan.hours });
      case "text":
        return t("schedule.text", { text });
    }
  };
}
