import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { type JourneyRow, journeys, type Results } from "@/api/journeys";
import type { Language } from "@/app/preferences";
import { type Edge, ENTRY } from "@/journeys/model";
import { asked, settled } from "@/journeys/range";
import type { EditorSearch } from "@/journeys/state";
import { money } from "@/lib/format";
import { useText } from "@/lib/useText";
import type { Figures } from "../canvas/Canvas";
import type { StepFigure, StepFigures } from "../canvas/Step";
import { useEnding } from "../ends";

const REFRESH_MS = 10_000;
const END = "end:";

interface Found {
  figures: Figures | null;
  versions: number[];
  count: (edge: Edge) => void;
  show: (name: string, which: StepFigure) => void;
}

/** How many customers came to each step and went each way, while that is asked for; and the way to those behind a figure. */
export function useFigures(journey: JourneyRow, search: EditorSearch): Found {
  const navigate = useNavigate();
  const ending = useEnding();
  const { language } = useText();
  const { days, all, from, to, version } = search;
  const range = useMemo(() => settled({ days, all, from, to, version }, 30), [days, all, from, to, version]);
  const on = search.live === 1 && journey.version !== null;
  const query = useMemo(() => asked(range), [range]);
  const results = useQuery({ ...journeys.results(journey.name, query), enabled: on, refetchInterval: REFRESH_MS }).data;
  const figures = useMemo((): Figures | null => {
    if (!on || results === undefined) return null;
    return {
      entered: results.entered,
      nodes: new Map(results.nodes.map((one) => [one.node, stepOf(results, one, ending, language)])),
      edges: new Map([[`${ENTRY} start`, results.entered], ...results.edges.flatMap((one): [string, number][] => (one.node === null ? [] : [[`${one.node} ${one.edge}`, one.count]]))]),
    };
  }, [on, results, ending, language]);
  const runs = useCallback((more: object) => void navigate({ to: "/journeys/$name/runs", params: { name: journey.name }, search: { ...range, ...more } }), [navigate, journey.name, range]);
  const count = useCallback(({ node, edge }: Edge) => runs(node === ENTRY ? {} : { node, edge }), [runs]);
  const show = useCallback(
    (name: string, which: StepFigure) => {
      if (name === ENTRY) runs({});
      else if (which === "in") runs({ reached: name });
      else if (which === "out") runs({ left: name });
      else if (which === "waiting") runs({ node: name, state: "live" });
      else if (which.startsWith(END)) runs({ node: name, edge: which });
      else void navigate({ to: "/deliveries", search: { ...range, journey: journey.name, node: name, group: which === "suppressed" ? "held" : (which as "sent") } });
    },
    [runs, navigate, journey.name, range],
  );
  return { figures, versions: results?.versions ?? [], count, show };
}

function stepOf(results: Results, of: Results["nodes"][number], ending: (reason: string) => string, language: Language): StepFigures {
  const suppressed = of.suppressed.reduce((sum, part) => sum + part.count, 0);
  const sends = of.sent + suppressed + of.failed + of.underway;
  return {
    in: of.in,
    waiting: of.waiting,
    out: of.out,
    ended: results.edges.flatMap((one) => (one.node === of.node && one.edge.startsWith(END) ? [{ reason: one.edge.slice(END.length), said: ending(one.edge.slice(END.length)), count: one.count }] : [])),
    sends: sends === 0 ? null : { suppressed, sent: of.sent, delivered: of.delivered, clicked: of.clicked, goals: of.goals, perSend: of.per_send === null || results.revenue === null ? null : money(of.per_send, results.revenue.currency, language) },
  };
}
