import { App, Input, Modal } from "antd";
import { useState } from "react";
import { useSnapshot } from "@/api/lists";
import type { Segment } from "@/api/queries";
import { day } from "@/lib/format";
import { useZone } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { freshName, NAME } from "./naming";

/** Keeps the members of now as a list that does not follow the condition. */
export function Snapshot({ segment, onMade, onClose }: { segment: Segment; onMade: (list: string) => void; onClose: () => void }) {
  const { t, title } = useText();
  const { message } = App.useApp();
  const zone = useZone();
  const make = useSnapshot(segment.name);
  const [name, setName] = useState(() => freshName(new Date(), "list"));
  const [words, setWords] = useState(() => `${title(segment.title, segment.name)} ${day(new Date(), zone)}`.slice(0, 60));
  const [reason, setReason] = useState("");
  const ready = NAME.test(name) && words.trim() !== "";
  const act = (): void =>
    make.mutate(
      { list: name, title: { zh: words.trim(), en: words.trim() }, reason: reason.trim() },
      {
        onSuccess: (made) => {
          void message.success(t("segments.snapshotMade", { name: title(made.title, made.name) }));
          onMade(made.name);
        },
      },
    );
  return (
    <Modal open title={t("segments.snapshotTitle")} okText={t("segments.snapshot")} cancelText={t("lists.cancel")} okButtonProps={{ disabled: !ready, loading: make.isPending, ...{ "data-testid": "snapshot-make" } }} onOk={act} onCancel={onClose}>
      <div className="op-stack" style={{ gap: 12 }}>
        <p className="op-mute">{t("segments.snapshotText")}</p>
        <label>
          <span className="op-mute">{t("lists.title")}</span>
          <Input value={words} maxLength={60} onChange={(event) => setWords(event.target.value)} data-testid="snapshot-title" />
        </label>
        <label>
          <span className="op-mute">{t("editor.name")}</span>
          <Input className="op-code" value={name} status={NAME.test(name) ? undefined : "error"} onChange={(event) => setName(event.target.value)} data-testid="snapshot-name" />
          {!NAME.test(name) && <span className="op-place">{t("editor.nameWrong")}</span>}
        </label>
        <label>
          <span className="op-mute">{t("plan.reasonOpen")}</span>
          <Input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
        </label>
        {make.isError && <Problem error={make.error} />}
      </div>
    </Modal>
  );
}
