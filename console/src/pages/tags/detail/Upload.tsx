import { UploadOutlined } from "@ant-design/icons";
import { Button, Input, Upload as Files } from "antd";
import { useState } from "react";
import { type TagDetail, type Uploaded, useUploadValues } from "@/api/tags";
import { exact } from "@/lib/format";
import { said } from "@/lib/said";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";

function Outcome({ found }: { found: Uploaded }) {
  const { t, language } = useText();
  return (
    <div data-testid="upload-outcome" data-matched={found.matched}>
      <Status kind={found.matched > 0 ? "ok" : "warning"}>{t("upload.matched", { matched: exact(found.matched, language), read: exact(found.read, language) })}</Status>
      <div className="op-mute">{t("upload.others", { unmatched: exact(found.unmatched, language), refused: exact(found.refused, language), duplicates: exact(found.duplicates, language) })}</div>
      {found.samples.length > 0 && (
        <ul className="op-faults">
          {found.samples.map((one) => (
            <li key={one}>{said(one, language)}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Values from a file, for customers by one of their identifiers. */
export function Upload({ tag }: { tag: TagDetail }) {
  const { t } = useText();
  const may = useMay("tags.write");
  const upload = useUploadValues(tag.name);
  const [type, setType] = useState("phone");
  if (!may) return null;
  const overwrites = tag.definition.mode === "overwrite";
  return (
    <Panel title={t("upload.title")}>
      <div className="op-stack" style={{ gap: 10 }}>
        <p className="op-mute">{t(overwrites ? "upload.overwrite" : "upload.append")}</p>
        <div className="op-row">
          <label className="op-row">
            {t("upload.type")}
            <Input className="op-code" style={{ width: 200 }} value={type} onChange={(event) => setType(event.target.value)} data-testid="upload-type" />
          </label>
          <Files accept=".csv,.txt" showUploadList={false} beforeUpload={(file) => (upload.mutate({ file, type: type.trim() || "customer_id" }), false)}>
            <Button icon={<UploadOutlined />} loading={upload.isPending} data-testid="upload-file">
              {t("upload.choose")}
            </Button>
          </Files>
        </div>
        <p className="op-hint">{t("upload.hint")}</p>
        {upload.isError && <Problem error={upload.error} />}
        {upload.data !== undefined && <Outcome found={upload.data} />}
      </div>
    </Panel>
  );
}
