import type { DataMap, Gap } from "@/api/insight";
import { compact, percent, relative, span } from "@/lib/format";
import { useNow } from "@/lib/now";
import { useText } from "@/lib/useText";
import type { Group } from "@/pages/touchpoints/words";
import type { Box, Line } from "./drawing";
import type { Cell } from "./state";

const MOST_SUBJECTS = 4;

/** Names and figures of the map in the viewer's language. */
export function useMapWords(data: DataMap) {
  const { t, title, language } = useText();
  const now = useNow();
  const touchpoint = (name: string): string => title(data.places.find((one) => one.touchpoint === name)?.title, name);
  const identifier = (type: string): string => title(data.identifier_titles[type], type);
  const signal = (kind: string, name: string): string => title(data.signal_titles[`${kind}:${name}`], name);
  const field = (name: string): string => title(data.field_titles[name], name);
  const seen = (at: string | null): string => (at === null ? t("map.never") : relative(at, now, language));
  /** What is missing, by name: the first few, unless all are wanted. */
  const subjects = (gap: Gap, whole = false): string => {
    const names = gap.subjects.map((name, at) => title(gap.subject_titles[at], name));
    const most = whole || names.length <= MOST_SUBJECTS + 1 ? names.length : MOST_SUBJECTS;
    const said = new Intl.ListFormat(language, { type: "unit" }).format(names.slice(0, most));
    return most < names.length ? `${said} ${t("map.more", { count: names.length - most })}` : said;
  };
  return {
    touchpoint,
    identifier,
    signal,
    field,
    seen,
    group: (group: Group): string => t(`touchpoints.groups.${group}`),
    box: (box: Box): string => (box.kind === "touchpoint" ? touchpoint(box.name) : box.kind === "identifier" ? identifier(box.name) : signal("event", box.name)),
    note: (box: Box): string => {
      const parts = [box.kind === "signal" ? t("map.times", { figure: compact(box.count, language) }) : t("map.people", { figure: compact(box.count, language) }), seen(box.at)];
      if (box.island) parts.unshift(t("map.island"));
      return parts.join(" · ");
    },
    line: (line: Line): string => [compact(line.count, language), percent(line.share, language), ...(line.at === null ? [] : [seen(line.at)])].join(" · "),
    cell: ({ kind, touchpoint: at, name, other }: Cell): string =>
      t(`map.cells.${kind}`, {
        touchpoint: touchpoint(at),
        other: touchpoint(other ?? ""),
        name: kind === "identifier" ? identifier(name ?? "") : kind === "event" ? signal("event", name ?? "") : kind === "attribute" ? signal("profile", name ?? "") : title(data.reach.find((one) => one.touchpoint === at && one.message === name)?.title, name ?? ""),
      }),
    subjects,
    gap: (gap: Gap, whole = false): string => {
      const figure = (key: string): number => Number(gap.figures[key] ?? 0);
      return t(`map.gap.${gap.kind}`, {
        subject: subjects(gap, whole),
        customers: compact(gap.customers, language),
        of: compact(figure("of"), language),
        events: compact(figure("events"), language),
        joined: compact(figure("joined"), language),
        lag: span(figure("seconds"), language),
        usual: span(figure("usual"), language),
        share: percent(figure("share"), language),
      });
    },
  };
}

export type MapWords = ReturnType<typeof useMapWords>;
