import { QuestionCircleOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Input } from "antd";
import { useState } from "react";
import { identity } from "@/api/identity";
import { useText } from "@/lib/useText";
import { Loaded } from "@/parts/Loaded";
import { Frame } from "../Frame";
import { Explained } from "./Explained";

/** Any two customers or identifiers: why they are one, or why not. */
export function Explain() {
  const { t } = useText();
  const { a = "", b = "" } = useSearch({ from: "/shell/identity/explain" });
  const navigate = useNavigate({ from: "/identity/explain" });
  // What was typed before is void when the address changes otherwise (back button, a link from elsewhere).
  const [typed, setTyped] = useState({ from: [a, b].join("\n"), a, b });
  const now = typed.from === [a, b].join("\n") ? typed : { a, b };
  const asked = a !== "" && b !== "";
  const explanation = useQuery({ ...identity.explain(a, b), enabled: asked });
  const set = (next: { a?: string; b?: string }): void => setTyped({ from: [a, b].join("\n"), a: now.a, b: now.b, ...next });
  return (
    <Frame page="explain">
      <div className="op-stack">
        <form
          className="op-panel op-bar"
          style={{ alignItems: "flex-end", padding: 16, gap: 12 }}
          onSubmit={(event) => {
            event.preventDefault();
            void navigate({ search: { a: now.a.trim() || undefined, b: now.b.trim() || undefined } });
          }}
        >
          {(["a", "b"] as const).map((side) => (
            <label key={side} style={{ flex: "1 1 260px" }}>
              <span className="op-mute">{t(`oneid.explainSide.${side}`)}</span>
              <Input value={now[side]} maxLength={400} placeholder={t("oneid.explainHint")} onChange={(event) => set({ [side]: event.target.value })} data-testid={`explain-${side}`} />
            </label>
          ))}
          <Button type="primary" htmlType="submit" icon={<QuestionCircleOutlined />} disabled={now.a.trim() === "" || now.b.trim() === ""} data-testid="explain-ask">
            {t("oneid.explain")}
          </Button>
          <p className="op-mute" style={{ flexBasis: "100%", fontSize: 13 }}>
            {t("oneid.explainForms")}
          </p>
        </form>
        {asked && (
          <section className="op-panel" aria-label={t("oneid.explanation")} style={{ padding: 16 }}>
            <Loaded query={explanation}>{(data) => <Explained of={data} />}</Loaded>
          </section>
        )}
      </div>
    </Frame>
  );
}
