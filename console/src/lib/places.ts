import { useQuery } from "@tanstack/react-query";
import { queries } from "@/api/queries";
import { useText } from "./useText";

/** Titles of channels and touchpoints by name; a name that nobody defined stands for itself. */
export function usePlaces(): { channel: (name: string) => string; touchpoint: (name: string) => string } {
  const { title } = useText();
  const items = useQuery(queries.touchpoints()).data?.items;
  const names = useQuery(queries.names()).data?.channels;
  return {
    channel: (name) => title(items?.find((one) => one.channel === name)?.channel_title ?? names?.find((one) => one.name === name)?.title, name),
    touchpoint: (name) => title(items?.find((one) => one.name === name)?.title, name),
  };
}
