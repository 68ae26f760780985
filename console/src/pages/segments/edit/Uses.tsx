import { Link } from "@tanstack/react-router";
import type { SegmentPlan } from "@/api/segments";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";

/** What uses a segment, each with what the change means for it. */
export function Uses({ of }: { of: SegmentPlan["used_by"] }) {
  const { t, title, language } = useText();
  if (of.length === 0) return <p className="op-mute">{t("segments.unused")}</p>;
  return (
    <ul className="op-list" data-testid="plan-uses">
      {of.map((one) => {
        const name = title(one.title, one.name);
        return (
          <li key={`${one.kind} ${one.name}`} style={{ flexWrap: "wrap" }}>
            <span className="op-mute">{t(`plan.kinds.${one.kind}`)}</span>
            {one.kind === "segment" ? (
              <Link to="/segments/$name" params={{ name: one.name }} target="_blank">
                {name}
              </Link>
            ) : one.kind === "tag" ? (
              <Link to="/tags/$name" params={{ name: one.name }} target="_blank">
                {name}
              </Link>
            ) : (
              <span>{name}</span>
            )}
            {one.before !== null && one.after !== null && (
              <span className="op-num">
                {exact(one.before, language)} → {exact(one.after, language)}
              </span>
            )}
            <span className="op-mute" style={{ flexBasis: "100%" }}>
              {title(one.means, "")}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
