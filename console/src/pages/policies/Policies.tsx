import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { App, Button, Input, Tabs } from "antd";
import { lazy, Suspense, useState } from "react";
import { policies, type PolicyDetail, useSavePolicy } from "@/api/policies";
import { said } from "@/lib/said";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Loaded, Problem, Waiting } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { Accounts } from "./Accounts";
import { Caps, Control, Holidays, Prices, Quiet, Windows } from "./Rules";
import "./policies.css";

const Speed = lazy(() => import("./Speed").then((part) => ({ default: part.Speed })));
const YamlEdit = lazy(() => import("@/pages/messages/YamlEdit").then((part) => ({ default: part.YamlEdit })));

function Editor({ detail }: { detail: PolicyDetail }) {
  const { t, language } = useText();
  const may = useMay("policies.write");
  const { message } = App.useApp();
  const { tab = "rules" } = useSearch({ from: "/shell/policies" });
  const navigate = useNavigate({ from: "/policies" });
  const [policy, setPolicy] = useState(detail.definition);
  const [broken, setBroken] = useState(false);
  const [reason, setReason] = useState("");
  const check = useQuery({ ...policies.check(policy), enabled: may }).data;
  const save = useSavePolicy();
  const changed = JSON.stringify(policy) !== JSON.stringify(detail.definition);
  const problems = check?.problems ?? [];
  const props = { policy, readOnly: !may, onChange: setPolicy };
  const act = (): void => {
    // The saved version may be shown before this has its answer, in another editor: it is told all the same.
    void save.mutateAsync({ definition: policy, reason, version: detail.version ?? 0 }).then(
      (saved) => void message.success(t("reach.saved", { version: saved.version ?? 1 })),
      () => undefined,
    );
  };
  return (
    <>
      <PageHead
        title={t("nav.policies")}
        sub={
          <>
            {t("reach.policies.sub")} ·{" "}
            {detail.version === null ? (
              t("reach.policies.shipped")
            ) : (
              <>
                {t("reach.version", { version: detail.version })} · {author(detail.author)} <Time at={detail.changed} show="relative" />
              </>
            )}
          </>
        }
        actions={
          may && (
            <>
              {changed && <Input style={{ width: 200 }} aria-label={t("reach.changeReason")} placeholder={t("reach.changeReason")} value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} data-testid="policy-reason" />}
              <Button type="primary" disabled={!changed || broken || problems.length > 0} loading={save.isPending} onClick={act} data-testid="policy-save">
                {t("common.save")}
              </Button>
            </>
          )
        }
      />
      {save.isError && <Problem error={save.error} />}
      <div role="status">
        {problems.map((one) => (
          <Status key={one.place + one.message} kind="error">
            <code className="op-code">{one.place}</code> {said(one.message, language)}
          </Status>
        ))}
      </div>
      <Tabs
        activeKey={tab}
        destroyOnHidden
        onChange={(key) => void navigate({ search: { tab: key === "rules" ? undefined : (key as "speed") }, replace: true })}
        items={[
          {
            key: "rules",
            label: t("reach.policies.tabs.rules"),
            disabled: broken,
            children: (
              <div className="op-stack">
                <Quiet {...props} />
                <Windows {...props} />
                <Caps {...props} />
                <Control {...props} />
                <Holidays {...props} />
                <Prices {...props} />
              </div>
            ),
          },
          {
            key: "speed",
            label: t("reach.policies.tabs.speed"),
            disabled: broken,
            children: (
              <Suspense fallback={<Waiting rows={10} />}>
                <Speed {...props} />
              </Suspense>
            ),
          },
          { key: "accounts", label: t("reach.policies.tabs.accounts"), children: <Accounts /> },
          {
            key: "yaml",
            label: "YAML",
            children: (
              <Suspense fallback={<Waiting rows={10} />}>
                <YamlEdit value={policy} readOnly={!may} onChange={setPolicy} onBroken={setBroken} />
              </Suspense>
            ),
          },
        ]}
      />
    </>
  );
}

/** What holds for all messages: when, how often, to whom; and how fast accounts send. */
export function Policies() {
  // What is being written is not swept away by what others save: they are told of each other when it is saved.
  const query = useQuery({ ...policies.current(), refetchOnWindowFocus: false });
  return (
    <Loaded query={query} rows={12}>
      {(detail) => <Editor key={detail.version} detail={detail} />}
    </Loaded>
  );
}
