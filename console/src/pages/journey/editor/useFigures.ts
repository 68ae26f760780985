import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { type JourneyRow, journeys, since } from "@/api/journeys";
import { type Edge, ENTRY } from "@/journeys/model";
import type { EditorSearch } from "@/journeys/state";
import type { Figures } from "../canvas/Canvas";

const REFRESH_MS = 10_000;

/** How many customers came to each step and went each way, while that is asked for. */
export function useFigures(journey: JourneyRow, search: EditorSearch): { figures: Figures | null; count: (edge: Edge) => void } {
  const navigate = useNavigate();
  const days = search.days ?? 30;
  const on = search.live === 1 && journey.version !== null;
  const from = useMemo(() => since(days), [days]);
  const results = useQuery({ ...journeys.results(journey.name, { from }), enabled: on, refetchInterval: REFRESH_MS }).data;
  const figures = useMemo((): Figures | null => {
    if (!on || results === undefined) return null;
    return {
      entered: results.entered,
      nodes: new Map(results.nodes.map((one) => [one.node, { in: one.in, waiting: one.waiting, suppressed: one.suppressed.reduce((sum, part) => sum + part.count, 0) }])),
      edges: new Map([[`${ENTRY} start`, results.entered], ...results.edges.flatMap((one): [string, number][] => (one.node === null ? [] : [[`${one.node} ${one.edge}`, one.count]]))]),
    };
  }, [on, results]);
  const count = useCallback(
    ({ node, edge }: Edge) => void navigate({ to: "/journeys/$name/runs", params: { name: journey.name }, search: node === ENTRY ? { days } : { node, edge, days } }),
    [navigate, journey.name, days],
  );
  return { figures, count };
}
