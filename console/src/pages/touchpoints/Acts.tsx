import { DownOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button, Dropdown, Input } from "antd";
import { useId, useState } from "react";
import { type SandboxAct, touchpoints, useSandboxAct } from "@/api/touchpoints";
import type texts from "@/i18n/sandbox.zh-CN.json";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { givenOf } from "./given";

type ActName = keyof (typeof texts)["sandbox"]["acts"];

/** Lets somebody of the sandbox follow, write, order …: what comes of it arrives at this touchpoint. */
export function Acts({ name }: { name: string }) {
  const { t } = useText();
  // An act that came after this page is shown by its name.
  const words = (one: string): string => t(`sandbox.acts.${one as ActName}`, { defaultValue: one });
  const state = useQuery(touchpoints.sandbox(name));
  const act = useSandboxAct(name);
  const [person, setPerson] = useState("");
  const [more, setMore] = useState("");
  const [wrong, setWrong] = useState(false);
  const id = { person: useId(), more: useId() };
  if (state.data === undefined) return null;
  if (!state.data.running || state.data.acts.length === 0) {
    return (
      <p className="op-mute" data-testid="sandbox-away">
        {t(state.data.running ? "sandbox.none" : "sandbox.away")}
      </p>
    );
  }
  const run = (one: string): void => {
    const given = givenOf(more);
    setWrong(given === undefined);
    if (given === undefined) return;
    const body: SandboxAct = { do: one, person: person.trim() === "" ? "*" : person.trim(), given };
    // Who has ordered is the one who pays: the next act is theirs, unless another name is written.
    act.mutate(body, { onSuccess: (done) => setPerson(done.person) });
  };
  return (
    <div className="op-sandbox-acts" data-testid="sandbox-acts">
      <div className="op-row">
        <Dropdown trigger={["click"]} menu={{ items: state.data.acts.map((one) => ({ key: one, label: words(one) })), onClick: ({ key }) => run(key) }}>
          <Button loading={act.isPending} data-testid="sandbox-act">
            {t("sandbox.act")} <DownOutlined aria-hidden />
          </Button>
        </Dropdown>
        <label htmlFor={id.person}>{t("sandbox.who")}</label>
        <Input id={id.person} style={{ width: 150 }} spellCheck={false} placeholder={t("sandbox.whoHelp")} value={person} onChange={(event) => setPerson(event.target.value)} data-testid="sandbox-person" />
        <label htmlFor={id.more}>{t("sandbox.more")}</label>
        <Input id={id.more} style={{ width: 220 }} className="op-code" spellCheck={false} status={wrong ? "error" : ""} placeholder={t("sandbox.moreHelp")} value={more} onChange={(event) => setMore(event.target.value)} data-testid="sandbox-given" />
      </div>
      <div role="status">
        {wrong && <Status kind="error">{t("sandbox.wrong")}</Status>}
        {!wrong && act.isSuccess && (
          <span className="op-row" data-testid="sandbox-done">
            <Status kind="ok">{t("sandbox.done", { person: act.data.person, act: words(act.data.do) })}</Status>
            <Link to="/touchpoints/$name" params={{ name }} search={{ tab: "arrivals" }}>
              {t("sandbox.see")}
            </Link>
          </span>
        )}
      </div>
      {act.isError && <Problem error={act.error} />}
    </div>
  );
}
