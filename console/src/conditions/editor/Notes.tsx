import { BulbOutlined, InfoCircleOutlined, WarningOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { compact, exact } from "@/lib/format";
import { said } from "@/lib/said";
import { useText } from "@/lib/useText";
import { useEditing } from "./context";

/** How many customers a part alone selects; a step: how many get as far. */
export function PartSize({ id }: { id: string }) {
  const { t, language } = useText();
  const { sizes, approximate } = useEditing();
  const size = sizes.get(id);
  if (size === undefined) return null;
  const about = approximate ? "~" : "";
  return (
    <span
      className="op-mute op-num"
      style={{ fontSize: 12.5, alignSelf: "center", marginRight: 4 }}
      title={t("editor.partSize", { count: size, figure: about + exact(size, language) })}
      data-testid="part-size"
      data-value={size}
    >
      {t("editor.people", { count: size, figure: about + compact(size, language) })}
    </span>
  );
}

/** What is wrong with a part, or what it still lacks, at its place; what the server proposes is one click away. */
export function Notes({ id }: { id: string }) {
  const { t, language } = useText();
  const { missing, problems, warnings, fix } = useEditing();
  const notes = [...(problems.get(id) ?? []).map((problem) => ({ problem, warns: false })), ...(warnings.get(id) ?? []).map((problem) => ({ problem, warns: true }))];
  const lacks = missing.get(id);
  return (
    <>
      {lacks !== undefined && (
        <div className="op-place" style={{ color: "var(--op-text-3)" }}>
          <InfoCircleOutlined aria-hidden style={{ marginTop: 4 }} /> {t(`editor.missing.${lacks}`)}
        </div>
      )}
      {notes.map(({ problem, warns }) => {
        const mend = fix(problem);
        return (
          <div key={problem.place + problem.message} className="op-place" role={warns ? "status" : "alert"} data-severity={warns ? "warning" : "error"} data-testid={warns ? "value-warning" : undefined}>
            <WarningOutlined aria-hidden style={{ marginTop: 4 }} />
            <span>
              {said(problem.message, language)}{" "}
              {problem.suggestion !== null &&
                (mend === null ? (
                  t("editor.suggestion", { name: problem.suggestion })
                ) : (
                  <Button size="small" icon={<BulbOutlined />} onClick={mend} data-testid="use-suggestion">
                    {t("editor.useSuggestion", { name: problem.suggestion })}
                  </Button>
                ))}
            </span>
          </div>
        );
      })}
    </>
  );
}
