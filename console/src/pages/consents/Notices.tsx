import { useQuery } from "@tanstack/react-query";
import { Button, Input, Table } from "antd";
import { useState } from "react";
import { consents, type Notice, useAddNotice } from "@/api/consents";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Loaded, Nothing, Problem } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";

/** The texts that people are shown when they are asked; each change is a version with a hash of its own. */
export function Notices() {
  const { t, language } = useText();
  const may = useMay("consents.write");
  const query = useQuery(consents.notices());
  const add = useAddNotice();
  const [name, setName] = useState("preference_page");
  const [zh, setZh] = useState("");
  const [en, setEn] = useState("");
  const texts = { ...(zh.trim() !== "" && { zh: zh.trim() }), ...(en.trim() !== "" && { en: en.trim() }) };
  const act = (): void =>
    add.mutate(
      { name, texts },
      {
        onSuccess: () => {
          setZh("");
          setEn("");
        },
      },
    );
  return (
    <div className="op-stack">
      <Loaded query={query}>
        {({ items }) => (
          <Table<Notice>
            size="middle"
            rowKey="label"
            data-testid="notices"
            dataSource={items}
            pagination={false}
            locale={{ emptyText: <Nothing title={t("reach.consents.noNotices")} text={t("reach.consents.noNoticesText")} /> }}
            columns={[
              { title: t("reach.consents.notice"), render: (_, one) => <code className="op-code">{one.label}</code> },
              { title: t("reach.consents.text"), render: (_, one) => one.texts[language === "en" ? "en" : "zh"] ?? Object.values(one.texts)[0] },
              { title: t("reach.consents.hash"), render: (_, one) => <code className="op-code">{(Object.values(one.hashes)[0] ?? "").slice(0, 12)}</code> },
              { title: t("versions.author"), render: (_, one) => author(one.author) },
              { title: t("reach.at"), align: "right", render: (_, one) => <Time at={one.at} /> },
            ]}
          />
        )}
      </Loaded>
      {may && (
        <Panel title={t("reach.consents.newNotice")}>
          <div className="op-stack" style={{ gap: 8, maxWidth: 640 }}>
            <label>
              <span className="op-mute">{t("editor.name")}</span>
              <Input className="op-code" value={name} maxLength={60} onChange={(event) => setName(event.target.value)} />
            </label>
            <Input.TextArea aria-label={t("reach.consents.textZh")} placeholder={t("reach.consents.textZh")} autoSize={{ minRows: 2 }} value={zh} onChange={(event) => setZh(event.target.value)} data-testid="notice-zh" />
            <Input.TextArea aria-label={t("reach.consents.textEn")} placeholder={t("reach.consents.textEn")} autoSize={{ minRows: 2 }} value={en} onChange={(event) => setEn(event.target.value)} />
            <div>
              <Button disabled={Object.keys(texts).length === 0 || name === ""} loading={add.isPending} onClick={act} data-testid="notice-add">
                {t("reach.consents.newNotice")}
              </Button>
            </div>
            {add.isError && <Problem error={add.error} />}
          </div>
        </Panel>
      )}
    </div>
  );
}
