import { useQuery } from "@tanstack/react-query";
import { App, Button, Input, Modal, Select, Table } from "antd";
import { useMemo, useState } from "react";
import { type TagDetail, tags, type TagVersion, useSaveTag } from "@/api/tags";
import type { JsonObject } from "@/conditions/model";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Loaded, Problem } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { write } from "../factory/yaml";
import { compared } from "./diff";

function Diff({ before, after }: { before: TagVersion; after: TagVersion }) {
  const { t } = useText();
  const lines = useMemo(() => compared(write((before.definition ?? {}) as JsonObject), write((after.definition ?? {}) as JsonObject)), [before, after]);
  return (
    <pre className="op-pre op-diff" data-testid="version-diff">
      {lines.map((line, i) => (
        <div key={i} data-op={line.op}>
          <span aria-hidden>{line.op === "added" ? "+ " : line.op === "removed" ? "\u2212 " : "  "}</span>
          {line.op !== "same" && <span className="op-visually-hidden">{t(`tagVersions.${line.op}`)}</span>}
          {line.text}
        </div>
      ))}
    </pre>
  );
}

function Restore({ tag, version, onClose }: { tag: TagDetail; version: TagVersion; onClose: () => void }) {
  const { t } = useText();
  const { message } = App.useApp();
  const save = useSaveTag(tag.name);
  const [reason, setReason] = useState(() => t("touchpoints.backTo", { version: version.version }));
  return (
    <Modal
      open
      title={t("tagVersions.restoreOf", { version: version.version })}
      okText={t("tagVersions.restore")}
      cancelText={t("touchpoints.cancel")}
      okButtonProps={{ loading: save.isPending, disabled: reason.trim() === "", ...{ "data-testid": "restore-confirm" } }}
      onOk={() =>
        // The new version may be there before this has its answer, and the list is another one then: it is told all the same.
        void save.mutateAsync({ definition: (version.definition ?? {}) as JsonObject, version: tag.version, reason: reason.trim() }).then(
          (saved) => {
            void message.success(t("touchpoints.savedVersion", { version: saved.version }));
            onClose();
          },
          () => undefined,
        )
      }
      onCancel={onClose}
    >
      <p className="op-mute" style={{ marginBottom: 10 }}>
        {t("tagVersions.restoreText")}
      </p>
      <label>
        {t("publish.reason")}
        <Input.TextArea autoSize={{ minRows: 2 }} maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} />
      </label>
      {save.isError && <Problem error={save.error} />}
    </Modal>
  );
}

function Content({ tag, items }: { tag: TagDetail; items: TagVersion[] }) {
  const { t, title } = useText();
  const may = useMay("tags.write");
  const [newest, previous] = items;
  const [pair, setPair] = useState<[number, number]>([previous?.version ?? newest?.version ?? 0, newest?.version ?? 0]);
  const [back, setBack] = useState<TagVersion | null>(null);
  const at = (version: number): TagVersion | undefined => items.find((one) => one.version === version);
  const [before, after] = [at(pair[0]), at(pair[1])];
  const options = items.map((one) => ({ value: one.version, label: t("tagVersions.number", { version: one.version }) }));
  return (
    <div className="op-two">
      <Panel title={t("segments.versions")} flush>
        <Table<TagVersion>
          size="small"
          rowKey="version"
          data-testid="tag-versions"
          dataSource={items}
          pagination={items.length > 12 ? { pageSize: 12, showSizeChanger: false, style: { padding: "0 16px" } } : false}
          columns={[
            { title: t("tags.version"), width: 64, render: (_, one) => <span className="op-num">{one.version}</span> },
            {
              title: t("tagVersions.what"),
              render: (_, one) => (
                <>
                  <div>{one.reason || <span className="op-mute">{t("tagVersions.noReason")}</span>}</div>
                  <div className="op-mute" style={{ fontSize: 12.5 }}>
                    {one.definition === null ? t("tagVersions.retired") : title(one.sentence, "")}
                  </div>
                </>
              ),
            },
            { title: t("tagVersions.who"), render: (_, one) => author(one.author) },
            { title: t("segments.at"), align: "right", render: (_, one) => <Time at={one.at} /> },
            {
              title: "",
              align: "right",
              render: (_, one) => (
                <span className="op-row" style={{ flexWrap: "nowrap", justifyContent: "flex-end" }}>
                  {one.version !== newest?.version && (
                    <Button size="small" type="text" onClick={() => setPair([one.version, newest?.version ?? one.version])}>
                      {t("tagVersions.compare")}
                    </Button>
                  )}
                  {may && one.definition !== null && one.version !== tag.version && (
                    <Button size="small" onClick={() => setBack(one)} data-testid={`restore-${one.version}`}>
                      {t("tagVersions.restore")}
                    </Button>
                  )}
                </span>
              ),
            },
          ]}
        />
      </Panel>
      <Panel title={t("tagVersions.difference")}>
        {items.length < 2 ? (
          <p className="op-mute">{t("tagVersions.only")}</p>
        ) : (
          <>
            <div className="op-row" style={{ marginBottom: 10 }}>
              <Select size="small" style={{ width: 110 }} aria-label={t("tagVersions.before")} value={pair[0]} options={options} onChange={(next) => setPair([next, pair[1]])} /> →
              <Select size="small" style={{ width: 110 }} aria-label={t("tagVersions.after")} value={pair[1]} options={options} onChange={(next) => setPair([pair[0], next])} />
            </div>
            {before !== undefined && after !== undefined && <Diff before={before} after={after} />}
          </>
        )}
      </Panel>
      {back !== null && <Restore tag={tag} version={back} onClose={() => setBack(null)} />}
    </div>
  );
}

/** Every version: what it said, who saved it and why, how two differ, and the way back. */
export function Versions({ tag }: { tag: TagDetail }) {
  const query = useQuery(tags.versions(tag.name));
  return <Loaded query={query} rows={6}>{({ items }) => <Content key={items[0]?.version} tag={tag} items={items} />}</Loaded>;
}
