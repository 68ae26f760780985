import { useQuery } from "@tanstack/react-query";
import { type JourneyChange, journeys } from "@/api/journeys";
import { queries } from "@/api/queries";
import type { JsonObject } from "@/conditions/model";
import { nodesOf } from "@/journeys/model";
import { useText } from "@/lib/useText";
import { Loaded } from "@/parts/Loaded";
import { ICONS } from "../icons";
import { outline } from "../outline/rows";
import { useWords } from "../words";

interface Props {
  title: string;
  definition: JsonObject;
  changes: JourneyChange[];
}

/** One version step by step; steps that differ from the other side stand out. */
function Steps({ title, definition, changes }: Props) {
  const { t } = useText();
  // A version says its own parameters, not those of the draft.
  const words = useWords(useQuery(queries.names()).data, definition.params);
  // A step that lost a field is still there.
  const touched = new Map(changes.flatMap((one) => (one.node === null ? [] : [[one.node, one.place === `nodes.${one.node}` ? one.op : ("changed" as const)] as const])));
  const nodes = nodesOf(definition);
  return (
    <section aria-label={title} className="op-outline op-part">
      <h3 style={{ fontSize: 14, margin: 0 }}>{title}</h3>
      <ul>
        {outline(definition, new Set()).map((row) => {
          const node = nodes.get(row.name) ?? {};
          const op = row.link ? undefined : touched.get(row.name);
          const Icon = ICONS[node.do as "send"] ?? ICONS.end;
          const from = row.edge === null ? undefined : nodes.get(row.edge.node);
          const way = !row.choice || row.edge === null || from === undefined ? "" : words.way(from, row.edge.edge);
          const said = `${words.kind(node)} · ${words.summary(node)}`;
          return (
            <li key={row.id} data-link={row.link} aria-current={op !== undefined ? "true" : undefined} style={{ paddingInlineStart: 6 + row.depth * 16, ...(op !== undefined && { background: "var(--op-accent-soft)" }) }}>
              {way !== "" && <span className="op-outline-way">{way}</span>}
              <Icon aria-hidden />
              <span className="op-outline-text">{row.link ? t("journey.goesTo", { step: said }) : said}</span>
              {op !== undefined && <span className="op-end op-mute">{t(`journey.versions.${op}`)}</span>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** A version that was published. */
export function Kept({ name, version, ...rest }: Omit<Props, "title" | "definition"> & { name: string; version: number }) {
  const { t } = useText();
  return (
    <Loaded query={useQuery(journeys.version(name, version))} rows={6}>
      {({ definition }) => <Steps title={t("journey.version", { version })} definition={definition} {...rest} />}
    </Loaded>
  );
}

/** What is being written. */
export function Draft({ name, ...rest }: Omit<Props, "title" | "definition"> & { name: string }) {
  const { t } = useText();
  return (
    <Loaded query={useQuery(journeys.one(name))} rows={6}>
      {({ definition }) => <Steps title={t("journey.versions.draft")} definition={definition} {...rest} />}
    </Loaded>
  );
}
