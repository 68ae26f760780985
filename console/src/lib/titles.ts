import { useQuery } from "@tanstack/react-query";
import { journeys } from "@/api/journeys";
import { reach } from "@/api/reachable";
import { useMay } from "./session";
import { useText } from "./useText";

/** Titles of journeys, messages and coupons by name, as far as the viewer may read them; another name stands for itself. */
export function useTitles(): Record<"journey" | "message" | "coupon", (name: string) => string> {
  const { title } = useText();
  const reads = { journeys: useMay("journeys.read"), messages: useMay("messages.read") };
  const journey = useQuery({ ...journeys.list(), enabled: reads.journeys, staleTime: 60_000 }).data?.items;
  const message = useQuery({ ...reach.messages(), enabled: reads.messages }).data;
  const coupon = useQuery({ ...reach.coupons(), enabled: reads.messages }).data;
  const of = (rows: { name: string; title: { zh: string; en: string } }[] | undefined) => (name: string) => title(rows?.find((one) => one.name === name)?.title, name);
  return { journey: of(journey), message: of(message), coupon: of(coupon) };
}
