import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { queries } from "@/api/queries";
import { titleOf } from "./title";
import { useText } from "./useText";

/** Channels by their titles in the language of the viewer; what has none by its name. */
export function useChannelName(): (name: string) => string {
  const { language } = useText();
  const names = useQuery(queries.names()).data;
  return useMemo(() => {
    const titles = new Map([...(names?.channels ?? []), ...(names?.reach_channels ?? [])].map((one) => [one.name, titleOf(one.title, language, one.name)]));
    return (name) => titles.get(name) ?? name;
  }, [names, language]);
}
