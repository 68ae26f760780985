import { CheckCircleOutlined, ClockCircleOutlined, CloseCircleOutlined, InfoCircleOutlined, WarningOutlined } from "@ant-design/icons";
import type { PropsWithChildren } from "react";

export type StatusKind = "ok" | "warning" | "error" | "info" | "idle";

const icons = { ok: CheckCircleOutlined, warning: WarningOutlined, error: CloseCircleOutlined, info: InfoCircleOutlined, idle: ClockCircleOutlined };

/** A state: always an icon and a word, never colour alone. */
export function Status({ kind, children }: PropsWithChildren<{ kind: StatusKind }>) {
  const Icon = icons[kind];
  return (
    <span className="op-status" data-kind={kind}>
      <Icon aria-hidden />
      <span>{children}</span>
    </span>
  );
}
