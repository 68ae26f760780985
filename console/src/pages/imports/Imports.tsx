import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Select, Table } from "antd";
import { useDeferredValue, useState } from "react";
import { type FileImport, type ImportedFile, type ImportKind, imports, KINDS, LARGEST_MB, useImport, useSendFile } from "@/api/imports";
import { queries } from "@/api/queries";
import { exact } from "@/lib/format";
import { usePlaces } from "@/lib/places";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Drop } from "@/parts/Drop";
import { Dash, Exact, Time } from "@/parts/Figures";
import { Loaded, Nothing, Problem } from "@/parts/Loaded";
import { PageHead, Panel } from "@/parts/PageHead";
import { Columns } from "./Columns";
import { wrongIn } from "./mapText";
import { ImportStatus, Job } from "./Outcome";
import "./imports.css";

/** The touchpoint of files of which nobody said where they come from. */
const FILES = "files";
const ACCEPT = ".csv,.tsv,.txt,.xlsx,.jsonl,.ndjson,.parquet,.gz,.zst";

/** Choose a file, say what it holds, see how it is read, try it, import it. */
function NewImport({ onBegun }: { onBegun: (id: string) => void }) {
  const { t, language } = useText();
  const places = usePlaces();
  const touchpoints = useQuery(queries.touchpoints()).data?.items ?? [];
  const [file, setFile] = useState<ImportedFile | null>(null);
  const [tooLarge, setTooLarge] = useState(false);
  const [kind, setKind] = useState<ImportKind>("orders");
  const [touchpoint, setTouchpoint] = useState(FILES);
  const [text, setText] = useState("");
  const send = useSendFile();
  const begin = useImport();
  const wrong = wrongIn(text);
  // What is half written is not looked at: the last text that could be read is.
  const [readable, setReadable] = useState("");
  if (wrong === null && readable !== text) setReadable(text);
  const map = useDeferredValue(readable);
  const asked = { file: file?.id ?? "", kind, touchpoint: touchpoint === FILES ? null : touchpoint, map };
  const look = useQuery({ ...imports.look(asked), enabled: file !== null });
  const take = (chosen: File): void => {
    begin.reset();
    setTooLarge(chosen.size > LARGEST_MB * 1024 * 1024);
    if (chosen.size > LARGEST_MB * 1024 * 1024) return;
    setFile(null);
    send.mutate({ file: chosen, signal: new AbortController().signal }, { onSuccess: setFile });
  };
  const start = (dry: boolean): void => begin.mutate({ ...asked, map: text, dry_run: dry }, { onSuccess: (job) => onBegun(job.id) });
  const names = [FILES, ...touchpoints.map((one) => one.name).filter((one) => one !== FILES)];
  const told = send.isPending ? t("imports.sending") : file === null ? t("imports.drop") : `${file.name} · ${t("imports.size", { figure: exact(file.size / 1024, language, 1) })}`;
  const ready = file !== null && wrong === null && look.error === null && !begin.isPending;
  return (
    <>
      <Panel title={t("imports.new")} testId="import-new">
        <div className="op-stack">
          <Drop words={told} formats={t("imports.formats", { most: LARGEST_MB })} accept={ACCEPT} chosen={file !== null} busy={send.isPending} testPrefix="import" onFile={take} />
          {tooLarge && <p role="alert">{t("imports.tooLarge", { most: LARGEST_MB })}</p>}
          {send.error !== null && <Problem error={send.error} />}
          <div className="op-row">
            <Select<ImportKind> style={{ width: 200 }} aria-label={t("imports.kind")} value={kind} onChange={setKind} options={KINDS.map((value) => ({ value, label: t(`imports.kinds.${value}`) }))} data-testid="import-kind" />
            <Select style={{ width: 240 }} showSearch={{ optionFilterProp: "label" }} aria-label={t("home.touchpoint")} value={touchpoint} onChange={setTouchpoint} options={names.map((value) => ({ value, label: value === FILES ? t("imports.files") : places.touchpoint(value) }))} data-testid="import-touchpoint" />
            <Button disabled={!ready} onClick={() => start(true)} data-testid="import-try">
              {t("imports.try")}
            </Button>
            <Button type="primary" disabled={!ready} onClick={() => start(false)} data-testid="import-start">
              {t("imports.start")}
            </Button>
          </div>
          {begin.error !== null && <Problem error={begin.error} />}
          {look.error !== null && <Problem error={look.error} />}
        </div>
      </Panel>
      {look.data !== undefined && file !== null && <Columns sight={look.data} text={text} wrong={wrong} onText={setText} />}
    </>
  );
}

function Past({ onOpen }: { onOpen: (id: string) => void }) {
  const { t } = useText();
  const places = usePlaces();
  const list = useQuery({ ...imports.list(), refetchInterval: 10_000 });
  return (
    <Panel title={t("imports.past")} flush testId="import-past">
      <Loaded query={list} rows={4}>
        {(data) => (
          <Table<FileImport>
            size="middle"
            rowKey="id"
            dataSource={data.items}
            locale={{ emptyText: <Nothing title={t("imports.none")} text={t("imports.noneText")} /> }}
            pagination={data.items.length > 10 ? { pageSize: 10, showSizeChanger: false, style: { padding: "0 16px" } } : false}
            columns={[
              { title: t("imports.at"), width: 150, render: (_, row) => <Time at={row.created_at} /> },
              {
                title: t("imports.fileName"),
                render: (_, row) => (
                  <Button type="link" size="small" style={{ padding: 0 }} onClick={() => onOpen(row.id)}>
                    {row.file}
                  </Button>
                ),
              },
              { title: t("imports.kind"), render: (_, row) => `${t(`imports.kinds.${row.kind}`)}${row.dry_run ? ` · ${t("imports.tried")}` : ""}` },
              { title: t("home.touchpoint"), render: (_, row) => (row.touchpoint === FILES ? t("imports.files") : places.touchpoint(row.touchpoint)) },
              { title: t("home.state"), render: (_, row) => <ImportStatus job={row} /> },
              { title: t("imports.accepted"), align: "right", render: (_, row) => (row.outcome === null ? <Dash /> : <Exact value={row.outcome.accepted} />) },
              { title: t("imports.refused"), align: "right", render: (_, row) => (row.outcome === null ? <Dash /> : <Exact value={row.outcome.quarantined} />) },
              { title: t("imports.duplicates"), align: "right", render: (_, row) => (row.outcome === null || row.dry_run ? <Dash /> : <Exact value={row.outcome.duplicates} />) },
              { title: t("imports.author"), render: (_, row) => row.author.replace(/^user:/, "") },
            ]}
          />
        )}
      </Loaded>
    </Panel>
  );
}

export function Imports() {
  const { t } = useText();
  const { job } = useSearch({ from: "/shell/imports" });
  const navigate = useNavigate({ from: "/imports" });
  const may = useMay("touchpoints.write");
  const open = (id: string): void => void navigate({ search: { job: id } });
  return (
    <>
      <PageHead title={t("imports.title")} sub={t("imports.sub")} crumb={<Link to="/touchpoints">{t("nav.touchpoints")}</Link>} />
      <div className="op-stack">
        {may && <NewImport onBegun={open} />}
        {job !== undefined && <Job key={job} id={job} />}
        <Past onOpen={open} />
      </div>
    </>
  );
}
