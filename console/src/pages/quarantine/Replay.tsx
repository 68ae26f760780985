import { RedoOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Popconfirm, Spin } from "antd";
import { useEffect } from "react";
import { queries, type ReplayResult, useReplay, waitingLists } from "@/api/queries";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { useErrorText } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { useRuleWords } from "./rules";

interface Props {
  what: Parameters<ReturnType<typeof useReplay>["mutate"]>[0];
  count: number;
  label: string;
  disabled?: boolean;
  size?: "small";
  testId: string;
  onDone: (result: ReplayResult) => void;
}

/** Tries things again after their number was confirmed. */
export function ReplayButton({ what, count, label, disabled = false, size, testId, onDone }: Props) {
  const { t, language } = useText();
  const { message } = App.useApp();
  const replay = useReplay();
  const errorText = useErrorText();
  const run = (): void =>
    replay.mutate(what, {
      onSuccess: onDone,
      onError: (error) => {
        const text = errorText(error);
        void message.error([text.title, ...text.details].join(" "), 8);
      },
    });
  return (
    <Popconfirm
      title={t("quarantine.confirm", { count, figure: exact(count, language) })}
      description={t("quarantine.confirmText")}
      okText={t("quarantine.confirmOk")}
      cancelText={t("quarantine.confirmCancel")}
      okButtonProps={{ ...{ "data-testid": "replay-confirm" } }}
      disabled={disabled}
      onConfirm={run}
    >
      <Button size={size} icon={<RedoOutlined />} loading={replay.isPending} disabled={disabled} data-testid={testId}>
        {label}
      </Button>
    </Popconfirm>
  );
}

const POLL_MS = 700;

/** What became of the last replay, once the tick has been there. */
export function ReplayOutcome({ replay }: { replay: ReplayResult }) {
  const { t, language } = useText();
  const cache = useQueryClient();
  const words = useRuleWords();
  const { first, offset } = replay;
  const query = useQuery({ ...queries.replay(first ?? 1, offset ?? 1), enabled: first !== null && offset !== null, refetchInterval: (one) => (one.state.data?.done === true ? false : POLL_MS) });
  const done = query.data?.done === true;
  useEffect(() => {
    if (!done) return;
    // What waited, and what came of it on all pages, is another now.
    void cache.invalidateQueries(waitingLists);
    void cache.invalidateQueries({ queryKey: ["home"] });
  }, [cache, done]);
  if (replay.replayed === 0 || first === null) return <p className="op-mute" role="status">{t("quarantine.nothingToReplay")}</p>;
  if (query.data === undefined || !done)
    return (
      <p role="status" className="op-row">
        <Spin size="small" aria-label={t("common.loading")} /> {t("quarantine.replayed", { count: replay.replayed, figure: exact(replay.replayed, language) })}
      </p>
    );
  const { tried, accepted, waiting } = query.data;
  return (
    <div role="status" className="op-replayed" data-testid="replay-outcome" data-accepted={accepted}>
      <Status kind={accepted === tried ? "ok" : accepted === 0 ? "error" : "warning"}>{t("quarantine.outcome", { count: tried, tried: exact(tried, language), accepted: exact(accepted, language), waiting: exact(tried - accepted, language) })}</Status>
      {waiting.slice(0, 5).map((one) => (
        <div key={`${one.rule} ${one.field} ${one.touchpoint}`} className="op-mute">
          {words(one.rule)} {!!one.field && <code className="op-code">{one.field}</code>} <span className="op-num">{exact(one.count, language)}</span>
        </div>
      ))}
    </div>
  );
}
