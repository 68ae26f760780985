import { useNavigate } from "@tanstack/react-router";
import { Input, Modal } from "antd";
import { useState } from "react";
import { useCreateList } from "@/api/lists";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { freshName, NAME } from "@/pages/segments/naming";

/** Makes an empty list, and goes on to filling it. */
export function NewList({ onClose }: { onClose: () => void }) {
  const { t } = useText();
  const navigate = useNavigate();
  const create = useCreateList();
  const [title, setTitle] = useState("");
  const [name, setName] = useState(() => freshName(new Date(), "list"));
  const ready = title.trim() !== "" && NAME.test(name);
  const make = (): void =>
    create.mutate(
      { name, title: { zh: title.trim(), en: title.trim() }, description: "", reason: "" },
      { onSuccess: (made) => void navigate({ to: "/lists/$name", params: { name: made.name }, search: { act: "upload" } }) },
    );
  return (
    <Modal open title={t("lists.new")} okText={t("lists.create")} cancelText={t("lists.cancel")} okButtonProps={{ disabled: !ready, loading: create.isPending, ...{ "data-testid": "list-create" } }} onOk={make} onCancel={onClose}>
      <div className="op-stack" style={{ gap: 12 }}>
        <label>
          <span className="op-mute">{t("lists.title")}</span>
          <Input value={title} maxLength={60} placeholder={t("lists.titleHint")} onChange={(event) => setTitle(event.target.value)} onPressEnter={() => ready && make()} data-testid="list-title" />
        </label>
        <label>
          <span className="op-mute">{t("editor.name")}</span>
          <Input className="op-code" value={name} status={NAME.test(name) ? undefined : "error"} onChange={(event) => setName(event.target.value)} data-testid="list-name" />
          {!NAME.test(name) && <span className="op-place">{t("editor.nameWrong")}</span>}
        </label>
        {create.isError && <Problem error={create.error} />}
      </div>
    </Modal>
  );
}
