import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { App, Input, Modal, Select } from "antd";
import { useState } from "react";
import { queries, useSaveSegment } from "@/api/queries";
import type { TagDetail } from "@/api/tags";
import { kindOf } from "@/conditions/operators";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { freshName, NAME } from "@/pages/segments/naming";
import { Problem } from "@/parts/Loaded";

interface Props {
  tag: TagDetail;
  start: string[];
  onClose: () => void;
}

/** Customers with one or more of the values as a segment that keeps up. */
export function SaveSegment({ tag, start, onClose }: Props) {
  const { t, title, valueTitle, language } = useText();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const save = useSaveSegment(null);
  const names = useQuery(queries.names()).data;
  const [values, setValues] = useState(start);
  const [typed, setTyped] = useState<string | null>(null);
  const [name, setName] = useState(() => freshName(new Date()));
  const called = typed ?? `${title(tag.title, tag.name)}${language === "en" ? ": " : "\uff1a"}${values.map((one) => valueTitle(tag.value_titles, one)).join(language === "en" ? ", " : "\u3001")}`;
  const several = kindOf(names?.tags.find((one) => one.name === tag.name)?.type) === "list";
  const counted = tag.distribution.filter((one) => values.includes(one.value)).reduce((sum, one) => sum + one.count, 0);
  const [first] = values;
  const condition = several ? { tag: tag.name, any_of: values } : values.length === 1 && first !== undefined ? { tag: tag.name, is: first } : { tag: tag.name, in: values };
  const submit = (): void =>
    save.mutate(
      { name, title: { zh: called, en: called }, description: "", condition, reason: "", version: null },
      {
        onSuccess: (made) => {
          void message.success(t("editor.saved", { name: title(made.title, made.name) }));
          void navigate({ to: "/segments/$name", params: { name: made.name } });
        },
      },
    );
  return (
    <Modal open title={t("tags.asSegment")} okText={t("common.save")} cancelText={t("touchpoints.cancel")} okButtonProps={{ disabled: values.length === 0 || !NAME.test(name) || called.trim() === "", loading: save.isPending, ...{ "data-testid": "segment-confirm" } }} onOk={submit} onCancel={onClose}>
      <div className="op-stack" style={{ gap: 12 }}>
        <label>
          {t("tags.segmentValues")}
          <Select mode="multiple" style={{ width: "100%", marginTop: 4 }} value={values} onChange={setValues} options={tag.distribution.map((one) => ({ value: one.value, label: title(one.title, one.value) }))} data-testid="segment-values" />
        </label>
        {values.length > 0 && !several && <p className="op-mute">{t("tags.segmentSize", { count: counted, figure: exact(counted, language) })}</p>}
        <label>
          {t("editor.title")}
          <Input value={called} maxLength={60} onChange={(event) => setTyped(event.target.value)} style={{ marginTop: 4 }} data-testid="segment-title" />
        </label>
        <label>
          {t("editor.name")}
          <Input className="op-code" value={name} status={NAME.test(name) ? undefined : "error"} onChange={(event) => setName(event.target.value)} style={{ marginTop: 4 }} />
        </label>
        {save.isError && <Problem error={save.error} />}
      </div>
    </Modal>
  );
}
