import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { journeys } from "@/api/journeys";
import { queries } from "@/api/queries";
import type { EditorSearch } from "@/journeys/state";
import { Loaded } from "@/parts/Loaded";
import { Editor } from "./editor/Editor";
import "./journey.css";
import "@/pages/tags/factory/factory.css";

/** One journey: the drawing, the list or the text of it, and the form of what is chosen. */
export function JourneyPage() {
  const { name } = useParams({ from: "/shell/journeys/$name" });
  const search = useSearch({ from: "/shell/journeys/$name" });
  const navigate = useNavigate({ from: "/journeys/$name" });
  const names = useQuery(queries.names());
  const journey = useQuery(journeys.one(name));
  const put = (next: EditorSearch): void => void navigate({ search: (before) => ({ ...before, ...next }), replace: true });
  return (
    <Loaded query={journey} rows={14}>
      {(data) => (
        <Loaded query={names} rows={14}>
          {(known) => <Editor key={data.name} journey={data} names={known} search={search} onSearch={put} />}
        </Loaded>
      )}
    </Loaded>
  );
}
