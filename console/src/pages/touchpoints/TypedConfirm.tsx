import { Input, Modal } from "antd";
import { type ReactNode, useState } from "react";
import { useText } from "@/lib/useText";

interface Props {
  title: string;
  text: string;
  /** What is typed to confirm. */
  name: string;
  act: string;
  busy: boolean;
  /** What went wrong at the last try. */
  problem?: ReactNode;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something that has no undo: the name is typed first. */
export function TypedConfirm({ title, text, name, act, busy, problem, onConfirm, onClose }: Props) {
  const { t } = useText();
  const [typed, setTyped] = useState("");
  return (
    <Modal
      open
      title={title}
      okText={act}
      cancelText={t("touchpoints.cancel")}
      okButtonProps={{ danger: true, disabled: typed.trim() !== name, loading: busy, ...{ "data-testid": "typed-confirm" } }}
      onOk={onConfirm}
      onCancel={onClose}
    >
      <label>
        <p>{text}</p>
        <p>{t("touchpoints.typeName", { name })}</p>
        <Input value={typed} spellCheck={false} autoComplete="off" onChange={(event) => setTyped(event.target.value)} style={{ marginTop: 8 }} data-testid="typed-name" />
      </label>
      {problem}
    </Modal>
  );
}
