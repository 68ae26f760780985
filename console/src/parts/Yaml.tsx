import { stringify } from "yaml";

/** A value as YAML text; fetched lazily, since only those who read definitions need it. */
export function Yaml({ value }: { value: unknown }) {
  return <pre className="op-pre">{stringify(value, { lineWidth: 0 })}</pre>;
}
