import { useQuery } from "@tanstack/react-query";
import { useBlocker, useSearch } from "@tanstack/react-router";
import { Button } from "antd";
import { useState } from "react";
import { identity, type Rules as Data } from "@/api/identity";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Loaded } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Frame } from "../Frame";
import { Globals } from "./Globals";
import { Publish } from "./Publish";
import { Touchpoints } from "./Touchpoints";
import { TypesTable } from "./TypesTable";
import { useDraft } from "./useDraft";
import { Versions } from "./Versions";

function Version({ rules }: { rules: Data }) {
  const { t } = useText();
  if (rules.version === 0) return <>{t("oneid.standardRules")}</>;
  return (
    <>
      {t("oneid.rulesVersion", { version: rules.version })} {author(rules.author)} <Time at={rules.at} show="relative" />
    </>
  );
}

function Editor({ rules }: { rules: Data }) {
  const { t } = useText();
  const may = useMay("identity.rules");
  const { type } = useSearch({ from: "/shell/identity/rules" });
  const [draft, setDraft] = useDraft(rules);
  const [open, setOpen] = useState(false);
  const changes = Object.keys(draft).length;
  // The draft is kept through reloads of this tab; only closing the tab would lose it.
  useBlocker({ shouldBlockFn: () => false, enableBeforeUnload: () => changes > 0 });
  return (
    <Frame
      page="rules"
      actions={
        may && (
          <>
            <Button disabled={changes === 0} onClick={() => setDraft({})}>
              {t("oneid.discard")}
            </Button>
            <Button type="primary" disabled={changes === 0} onClick={() => setOpen(true)} data-testid="rules-open">
              {changes === 0 ? t("oneid.previewRules") : t("oneid.previewChanges", { count: changes })}
            </Button>
          </>
        )
      }
    >
      <div className="op-stack">
        <Panel title={t("oneid.types")} flush extra={<span className="op-mute"><Version rules={rules} /></span>}>
          <p className="op-mute" style={{ padding: "0 16px 8px" }}>
            {t("oneid.typesText")}
          </p>
          <TypesTable rules={rules} draft={draft} may={may} shown={type} onChange={setDraft} />
        </Panel>
        <div className="op-halves">
          <Globals rules={rules} draft={draft} may={may} onChange={setDraft} />
          <Touchpoints rows={rules.touchpoints} />
        </div>
        <Versions rules={rules} />
      </div>
      {open && changes > 0 && <Publish rules={rules} draft={draft} onClose={() => setOpen(false)} onPublished={() => setOpen(false)} />}
    </Frame>
  );
}

export function Rules() {
  const rules = useQuery({ ...identity.rules(), refetchOnWindowFocus: false });
  return <Loaded query={rules} rows={12}>{(data) => <Editor rules={data} />}</Loaded>;
}
