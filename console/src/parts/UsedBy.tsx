import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { queries } from "@/api/queries";
import { useText } from "@/lib/useText";

/** The segments and tags that refer to something, by their titles. */
export function UsedBy({ names, none }: { names: string[]; none: string }) {
  const { title } = useText();
  const segments = useQuery(queries.segments()).data?.items;
  const tags = useQuery(queries.tags()).data?.items;
  if (names.length === 0) return <span className="op-mute">{none}</span>;
  return (
    <ul className="op-list">
      {names.map((name) => {
        const segment = segments?.find((one) => one.name === name);
        const tag = tags?.find((one) => one.name === name);
        return (
          <li key={name}>
            {segment !== undefined ? (
              <Link to="/segments/$name" params={{ name }}>
                {title(segment.title, name)}
              </Link>
            ) : tag !== undefined ? (
              <Link to="/tags/$name" params={{ name }}>
                {title(tag.title, name)}
              </Link>
            ) : (
              name
            )}
          </li>
        );
      })}
    </ul>
  );
}
