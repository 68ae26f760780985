import { CloseCircleOutlined, CopyOutlined, ReloadOutlined } from "@ant-design/icons";
import type { UseQueryResult } from "@tanstack/react-query";
import { App, Button, Skeleton } from "antd";
import type { ReactNode } from "react";
import { ApiError, OfflineError } from "@/api/errors";
import { said } from "@/lib/said";
import { useText } from "@/lib/useText";

/** Text to the clipboard, said aloud when done. */
export function useCopy(): (text: string) => void {
  const { t } = useText();
  const { message } = App.useApp();
  return (text) => {
    void navigator.clipboard.writeText(text).then(
      () => message.success(t("common.copied")),
      () => message.error(t("common.copyFailed")),
    );
  };
}

export function Copy({ text, label }: { text: string; label: string }) {
  const copy = useCopy();
  return <Button type="text" size="small" icon={<CopyOutlined />} aria-label={label} onClick={() => copy(text)} />;
}

// For these the words of the catalogue say only the kind; what the server adds is worth reading.
const TELLING = new Set(["bad-request", "invalid-request", "condition", "definition", "conflict", "journey-changed", "message-changed", "coupon-changed", "broadcast-changed", "forbidden", "no-permission", "password-weak", "not-found", "pool", "query-failed", "decision", "identity-rules", "matching", "stopped"]);

/** A refused or failed request in the viewer's words: by its stable code where the catalogue knows it, else as the server said it. */
export function useErrorText(): (error: unknown) => { title: string; details: string[]; hint: string | null; id: string | null } {
  const { t, language } = useText();
  return (error) => {
    if (error instanceof OfflineError) return { title: t("errors.code.offline"), details: [], hint: t("errors.offlineHint"), id: null };
    if (error instanceof ApiError) {
      const known = t(`errors.code.${error.code as "offline"}`, { defaultValue: "" });
      const told = known === "" || TELLING.has(error.code);
      const faults = error.problems.map((one) => [one.place, said(one.message, language)].filter(Boolean).join(": "));
      return {
        title: known !== "" ? known : t("errors.refused"),
        details: faults.length > 0 ? faults : told ? [[error.where, said(error.message, language)].filter(Boolean).join(": ")] : [],
        hint: told ? error.hint : null,
        id: error.id === "" ? error.code : `${error.code} ${error.id}`,
      };
    }
    return { title: t("errors.unexpected"), details: [error instanceof Error ? error.message : String(error)], hint: null, id: null };
  };
}

export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useText();
  const text = useErrorText()(error);
  return (
    <div className="op-problem" role="alert">
      <CloseCircleOutlined aria-hidden />
      <div style={{ minWidth: 0 }}>
        <strong>{text.title}</strong>
        {text.details.map((detail) => (
          <div key={detail} style={{ overflowWrap: "anywhere" }}>
            {detail}
          </div>
        ))}
        {text.hint !== null && <div className="op-mute">{text.hint}</div>}
        <div className="op-row" style={{ marginTop: 6 }}>
          {retry !== undefined && (
            <Button size="small" icon={<ReloadOutlined />} onClick={retry}>
              {t("common.retry")}
            </Button>
          )}
          {text.id !== null && (
            <span className="op-mute op-code">
              {text.id} <Copy text={text.id} label={t("errors.copyId")} />
            </span>
          )}
        </div>
      </div>
    </div>
  );
}

/** An empty place that says what to do next. */
export function Nothing({ title, text, actions }: { title: string; text?: ReactNode; actions?: ReactNode }) {
  return (
    <div className="op-nothing">
      <h3>{title}</h3>
      {text !== undefined && <p>{text}</p>}
      {actions !== undefined && <div className="op-row" style={{ justifyContent: "center" }}>{actions}</div>}
    </div>
  );
}

/** The shape of what is on its way. */
export function Waiting({ rows }: { rows: number }) {
  const { t } = useText();
  return (
    <div aria-busy="true" aria-label={t("common.loading")} role="status" style={{ padding: 8 }}>
      <Skeleton active title={false} paragraph={{ rows }} />
    </div>
  );
}

interface LoadedProps<T> {
  query: UseQueryResult<T>;
  rows?: number;
  children: (data: T) => ReactNode;
}

/** A query's three faces: skeleton, problem with retry, content (old content stays while new is on its way). */
export function Loaded<T>({ query, rows = 4, children }: LoadedProps<T>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError) return <Problem error={query.error} retry={() => void query.refetch()} />;
  return <Waiting rows={rows} />;
}
