import { SaveOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import { useState } from "react";
import { useKeepCase } from "@/api/backtests";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { useEditing } from "../editor/context";
import { asked, type Choice } from "./asked";

const NAME = /^[\p{L}\p{N}_-]{1,60}$/u;

/** Keeps what was just simulated: from then on the journey is expected to come to the same. */
export function KeepCase({ choice, sample }: { choice: Choice; sample: number }) {
  const { t } = useText();
  const { definition } = useEditing();
  const [name, setName] = useState("");
  const keep = useKeepCase(String(definition.journey));
  return (
    <form
      className="op-row"
      onSubmit={(event) => {
        event.preventDefault();
        keep.mutate({ ...asked(definition, choice, sample), name, note: "" });
      }}
    >
      <Input style={{ width: 180 }} aria-label={t("journey.cases.name")} placeholder={t("journey.cases.name")} value={name} onChange={(event) => setName(event.target.value.trim())} data-testid="case-name" />
      <Button htmlType="submit" icon={<SaveOutlined />} disabled={!NAME.test(name)} loading={keep.isPending} data-testid="case-keep">
        {t("journey.cases.keep")}
      </Button>
      {keep.isSuccess && <Status kind="ok">{t("journey.cases.kept")}</Status>}
      {keep.isError && <Problem error={keep.error} />}
    </form>
  );
}
