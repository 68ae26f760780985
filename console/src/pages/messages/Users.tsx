import { Link } from "@tanstack/react-router";
import { useTitles } from "@/lib/titles";

/** What refers to a message or a batch of coupons, as the server names it: `journey:cart_recall`. */
export function Users({ names, none }: { names: string[]; none: string }) {
  const titles = useTitles();
  if (names.length === 0) return <span className="op-mute">{none}</span>;
  return (
    <>
      {names.map((user) => {
        const [kind, name = user] = user.split(/:(.*)/s);
        return (
          <div key={user}>
            {kind === "journey" ? (
              <Link to="/journeys/$name" params={{ name }} title={name}>
                {titles.journey(name)}
              </Link>
            ) : kind === "broadcast" ? (
              <Link to="/broadcasts/$name" params={{ name }}>
                {name}
              </Link>
            ) : (
              user
            )}
          </div>
        );
      })}
    </>
  );
}
