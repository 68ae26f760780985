import { WarningOutlined } from "@ant-design/icons";
import { Button } from "antd";
import { said } from "@/lib/said";
import { useText } from "@/lib/useText";
import { type TagProblem, useFactory } from "./context";
import { valueAt } from "./definition";

const NONE: TagProblem[] = [];

/** What is wrong at a place, and what was probably not meant; what the server proposes is one click away. */
export function Problems({ list, doubts = NONE }: { list: TagProblem[]; doubts?: TagProblem[] }) {
  const { t, language } = useText();
  const { definition, set } = useFactory();
  return (
    <>
      {[...list, ...doubts].map((one, index) => {
        const warns = index >= list.length;
        const here = valueAt(definition, one.place);
        const { suggestion } = one;
        // A suggestion that stands for a text is one click away; of a key it can only be said.
        const usable = suggestion !== null && typeof here === "string";
        return (
          <div key={one.place + one.message} className="op-place" role={warns ? "status" : "alert"} data-severity={warns ? "warning" : "error"} data-testid={warns ? "value-warning" : "tag-problem"}>
            <WarningOutlined aria-hidden style={{ marginTop: 4 }} />
            <span>
              {said(one.message, language)}
              {suggestion !== null && !usable && ` ${t("editor.suggestion", { name: suggestion })}`}{" "}
              {usable && (
                <Button type="link" size="small" style={{ padding: 0, height: "auto" }} onClick={() => set(one.place, suggestion)}>
                  {t("factory.useSuggestion", { name: suggestion })}
                </Button>
              )}
            </span>
          </div>
        );
      })}
    </>
  );
}
