import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { queries } from "@/api/queries";
import { useText } from "@/lib/useText";

/** What refers to something, as the server names it: `segment:vip`. */
function parted(user: string): { kind: string; name: string } {
  const at = user.indexOf(":");
  return { kind: user.slice(0, Math.max(0, at)), name: user.slice(at + 1) };
}

/** The titles of what refers to something. */
export function useUserTitles(): (user: string) => string {
  const { title } = useText();
  const segments = useQuery(queries.segments()).data?.items;
  const tags = useQuery(queries.tags()).data?.items;
  return (user) => {
    const { kind, name } = parted(user);
    const found = kind === "segment" ? segments?.find((one) => one.name === name) : kind === "tag" ? tags?.find((one) => one.name === name) : undefined;
    return title(found?.title, name);
  };
}

function To({ user, children }: { user: string; children: ReactNode }) {
  const { kind, name } = parted(user);
  if (kind === "segment") return <Link to="/segments/$name" params={{ name }}>{children}</Link>;
  if (kind === "tag") return <Link to="/tags/$name" params={{ name }}>{children}</Link>;
  if (kind === "list") return <Link to="/lists/$name" params={{ name }}>{children}</Link>;
  return <>{children}</>;
}

/** The segments, tags and others that refer to something, by their titles. */
export function UsedBy({ names, none }: { names: string[]; none: string }) {
  const { t } = useText();
  const titleOf = useUserTitles();
  if (names.length === 0) return <span className="op-mute">{none}</span>;
  return (
    <ul className="op-list">
      {names.map((user) => {
        const { kind } = parted(user);
        return (
          <li key={user}>
            <To user={user}>{titleOf(user)}</To>
            {kind !== "" && <span className="op-mute">{t(`users.${kind as "tag"}`, { defaultValue: kind })}</span>}
          </li>
        );
      })}
    </ul>
  );
}
