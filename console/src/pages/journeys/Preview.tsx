import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { queries } from "@/api/queries";
import type { JsonObject } from "@/conditions/model";
import { nodesOf } from "@/journeys/model";
import { useText } from "@/lib/useText";
import { ICONS } from "../journey/icons";
import { outline } from "../journey/outline/rows";
import { type Brought, useWords } from "../journey/words";

/** How a template runs, step by step. */
export function Preview({ definition, brought }: { definition: JsonObject; brought: Brought[] }) {
  const { t } = useText();
  const words = useWords(useQuery(queries.names()).data, definition.params, brought);
  const rows = useMemo(() => outline(definition, new Set()).filter((one) => !one.link), [definition]);
  const nodes = nodesOf(definition);
  return (
    <section className="op-panel op-outline" aria-label={t("journey.gallery.preview")} style={{ maxHeight: 300 }}>
      <p>
        <strong>{t("journey.entry")}</strong> {words.entry(definition)}
      </p>
      <ul>
        {rows.map((row) => {
          const node = nodes.get(row.name) ?? {};
          const from = row.edge === null ? undefined : nodes.get(row.edge.node);
          const way = !row.choice || row.edge === null || from === undefined ? "" : words.way(from, row.edge.edge);
          const Icon = ICONS[node.do as "send"] ?? ICONS.end;
          return (
            <li key={row.id} style={{ paddingInlineStart: 10 + row.depth * 20 }}>
              {way !== "" && <span className="op-outline-way">{way}</span>}
              <Icon aria-hidden />
              <span className="op-outline-text">
                {words.kind(node)} · {words.summary(node)}
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
