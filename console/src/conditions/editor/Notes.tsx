import { InfoCircleOutlined, WarningOutlined } from "@ant-design/icons";
import { compact, exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { useEditing } from "./context";

/** How many customers a part alone selects. */
export function PartSize({ id }: { id: string }) {
  const { t, language } = useText();
  const size = useEditing().sizes.get(id);
  if (size === undefined) return null;
  return (
    <span className="op-mute op-num" style={{ fontSize: 12.5, alignSelf: "center", marginRight: 4 }} title={t("editor.partSize", { count: size, figure: exact(size, language) })} data-testid="part-size">
      {t("editor.people", { count: size, figure: compact(size, language) })}
    </span>
  );
}

/** What is wrong with a part, or what it still lacks, at its place. */
export function Notes({ id }: { id: string }) {
  const { t } = useText();
  const { missing, problems } = useEditing();
  const lacks = missing.get(id);
  return (
    <>
      {lacks !== undefined && (
        <div className="op-place" style={{ color: "var(--op-text-3)" }}>
          <InfoCircleOutlined aria-hidden style={{ marginTop: 4 }} /> {t(`editor.missing.${lacks}`)}
        </div>
      )}
      {problems.get(id)?.map((problem) => (
        <div key={problem.message} className="op-place" role="alert">
          <WarningOutlined aria-hidden style={{ marginTop: 4 }} />
          <span>
            {problem.message}
            {problem.suggestion !== null && ` ${t("editor.suggestion", { name: problem.suggestion })}`}
          </span>
        </div>
      ))}
    </>
  );
}
