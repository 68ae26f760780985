import { useQuery } from "@tanstack/react-query";
import { AutoComplete, Button, Drawer, Input, Segmented, Select, Spin } from "antd";
import { useRef, useState } from "react";
import { type CustomerList, type ListUpload, type UploadMode, useUpload } from "@/api/lists";
import { queries } from "@/api/queries";
import { matches } from "@/conditions/names";
import { exact } from "@/lib/format";
import { useText } from "@/lib/useText";
import { Drop } from "@/parts/Drop";
import { Problem } from "@/parts/Loaded";
import { Report } from "./Report";
import { LARGEST_MB, pasted, pastedFile, scopesOf, typeText } from "./uploading";

const ACCEPT = ".csv,.tsv,.txt,.xlsx,.jsonl,.parquet,.gz";
const MODES: UploadMode[] = ["add", "replace", "remove"];
/** Types that need no "where from". */
const ALONE = new Set(["", "phone", "email", "id_card", "customer"]);

interface Props {
  list: CustomerList;
  onClose: () => void;
}

/** Identifiers onto a list, in place of what is on it, or off it: what would happen is counted first. */
export function Upload({ list, onClose }: Props) {
  const { t, title, language } = useText();
  const standard = useQuery(queries.standard());
  const touchpoints = useQuery(queries.touchpoints());
  const [from, setFrom] = useState<"file" | "paste">("file");
  const [file, setFile] = useState<File | null>(null);
  const [text, setText] = useState("");
  const [type, setType] = useState("");
  const [scope, setScope] = useState("");
  const [column, setColumn] = useState("");
  const [mode, setMode] = useState<UploadMode>("add");
  const [outcome, setOutcome] = useState<{ of: ListUpload; done: boolean } | null>(null);
  const upload = useUpload();
  const abort = useRef<AbortController>(null);
  const tooLarge = file !== null && file.size > LARGEST_MB * 1024 * 1024;
  const told = file === null ? t("lists.drop") : `${file.name} · ${t("lists.size", { figure: exact(file.size / 1024, language, 1) })}`;
  const count = pasted(text).length;
  const ready = from === "file" ? file !== null && !tooLarge : count > 0 && type !== "";
  // What was counted holds only for what was asked.
  const changed = <T,>(set: (value: T) => void) => (value: T): void => {
    set(value);
    setOutcome(null);
    upload.reset();
  };
  const send = (check: boolean): void => {
    abort.current = new AbortController();
    const body = from === "file" ? file : pastedFile(text);
    if (body === null) return;
    upload.mutate(
      { name: list.name, file: body, filename: from === "file" ? (file?.name ?? "") : t("lists.pastedName"), type: typeText(type, scope), mode, column: from === "file" ? column.trim() : "", check, signal: abort.current.signal },
      { onSuccess: (of) => setOutcome({ of, done: !check }) },
    );
  };
  const cancel = (): void => {
    abort.current?.abort();
    upload.reset();
  };
  const types = (standard.data?.identifiers ?? []).filter((one) => one.strength !== "never").map((one) => ({ value: one.name, label: title(one.title, one.name), search: `${one.name} ${one.title.zh} ${one.title.en}` }));
  const checked = outcome !== null && !outcome.done;
  const done = outcome?.done === true;
  return (
    <Drawer
      open
      size={560}
      title={t("lists.uploadTo", { name: title(list.title, list.name) })}
      onClose={() => {
        abort.current?.abort();
        onClose();
      }}
      footer={
        <div className="op-row" style={{ justifyContent: "flex-end" }}>
          {upload.isPending && (
            <>
              <Spin size="small" />
              <Button onClick={cancel}>{t("lists.cancel")}</Button>
            </>
          )}
          {done ? (
            <Button type="primary" onClick={onClose} data-testid="list-close">
              {t("lists.close")}
            </Button>
          ) : (
            <>
              <Button disabled={!ready || upload.isPending} onClick={() => send(true)} data-testid="list-check">
                {t("lists.check")}
              </Button>
              <Button type="primary" danger={mode !== "add"} disabled={!checked || outcome.of.entries === 0 || upload.isPending} title={checked ? undefined : t("lists.checkFirst")} onClick={() => send(false)} data-testid="list-send">
                {t(`lists.act.${mode}`)}
              </Button>
            </>
          )}
        </div>
      }
    >
      <div className="op-stack">
        <Segmented<"file" | "paste">
          block
          aria-label={t("lists.from")}
          value={from}
          onChange={changed(setFrom)}
          options={[
            { value: "file", label: t("lists.file") },
            { value: "paste", label: t("lists.paste") },
          ]}
        />
        {from === "file" ? (
          <Drop words={told} formats={t("lists.formats", { most: LARGEST_MB })} accept={ACCEPT} chosen={file !== null} testPrefix="list" onFile={changed(setFile)} />
        ) : (
          <label>
            <span className="op-mute">{t("lists.pasteHint")}</span>
            <Input.TextArea autoSize={{ minRows: 6, maxRows: 12 }} className="op-code" spellCheck={false} value={text} onChange={(event) => changed(setText)(event.target.value)} data-testid="list-paste" />
            <span className="op-mute" style={{ fontSize: 12.5 }}>
              {t("lists.values", { count, figure: exact(count, language) })}
            </span>
          </label>
        )}
        {tooLarge && <p className="op-place">{t("lists.tooLarge", { most: LARGEST_MB })}</p>}
        <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr", gap: 12 }}>
          <label>
            <span className="op-mute">{t("lists.type")}</span>
            <Select
              showSearch={{ filterOption: matches }}
              style={{ width: "100%" }}
              aria-label={t("lists.type")}
              value={type}
              loading={standard.isPending}
              onChange={(next: string) => {
                changed(setType)(next);
                setScope(scopesOf(next, touchpoints.data?.items ?? [])[0] ?? "");
              }}
              options={[...(from === "file" ? [{ value: "", label: t("lists.byColumn"), search: "" }] : []), ...types, { value: "customer", label: t("lists.customerId"), search: "customer id" }]}
              data-testid="list-type"
            />
          </label>
          {!ALONE.has(type) && (
            <label>
              <span className="op-mute">{t("lists.scope")}</span>
              <AutoComplete style={{ width: "100%" }} aria-label={t("lists.scope")} value={scope} onChange={(next: string | undefined) => changed(setScope)(next ?? "")} options={scopesOf(type, touchpoints.data?.items ?? []).map((value) => ({ value }))} />
            </label>
          )}
          {from === "file" && (
            <label>
              <span className="op-mute">{t("lists.columnOpen")}</span>
              <Input value={column} maxLength={200} onChange={(event) => changed(setColumn)(event.target.value)} data-testid="list-column" />
            </label>
          )}
        </div>
        <div>
          <span className="op-mute">{t("lists.mode")}</span>
          <div>
            <Segmented<UploadMode> aria-label={t("lists.mode")} value={mode} onChange={changed(setMode)} options={MODES.map((one) => ({ value: one, label: t(`lists.modes.${one}`) }))} />
          </div>
        </div>
        {upload.isError && <Problem error={upload.error} />}
        {outcome !== null && <Report of={outcome.of} done={outcome.done} />}
      </div>
    </Drawer>
  );
}
