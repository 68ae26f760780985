import type { JsonObject } from "@/conditions/model";
import { write } from "../factory/yaml";

/** The definition as the text of its file. */
export function Definition({ definition }: { definition: object }) {
  return (
    <pre className="op-pre" style={{ marginTop: 12, maxHeight: 420, overflow: "auto" }}>
      {write(definition as JsonObject)}
    </pre>
  );
}
