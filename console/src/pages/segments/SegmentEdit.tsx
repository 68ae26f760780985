import { RollbackOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useBlocker, useNavigate, useParams } from "@tanstack/react-router";
import { App, Button, Input, Tabs } from "antd";
import { useCallback, useEffect, useMemo, useState } from "react";
import { type Names, queries, type Segment, useSaveSegment } from "@/api/queries";
import { ConditionEditor } from "@/conditions/editor/ConditionEditor";
import { useHistory } from "@/conditions/history";
import { missing } from "@/conditions/missing";
import { type Group, isObject } from "@/conditions/model";
import { fromJsonRoot } from "@/conditions/read";
import { newGroup } from "@/conditions/tree";
import { toJsonRoot } from "@/conditions/write";
import { useText } from "@/lib/useText";
import { Loaded, Problem } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { freshName, NAME } from "./naming";
import { PreviewPanel, usePreview } from "./PreviewPanel";
import { YamlTab } from "./YamlTab";

function useUndoKeys(undo: () => void, redo: () => void): void {
  useEffect(() => {
    const act = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement | null;
      if (!(event.ctrlKey || event.metaKey) || target?.closest("input, textarea")) return;
      const key = event.key.toLowerCase();
      if (key === "z" && !event.shiftKey) undo();
      else if (key === "y" || (key === "z" && event.shiftKey)) redo();
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", act);
    return () => window.removeEventListener("keydown", act);
  }, [undo, redo]);
}

function Editor({ segment, names }: { segment: Segment | null; names: Names }) {
  const { t, title, language } = useText();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const save = useSaveSegment(segment?.name ?? null);
  const tree = useHistory<Group>(useMemo(() => (segment === null ? newGroup("all") : fromJsonRoot(segment.condition)), [segment]));
  const [name, setName] = useState(segment?.name ?? freshName(new Date()));
  const [titles, setTitles] = useState(segment?.title ?? { zh: "", en: "" });
  const [description, setDescription] = useState(segment?.description ?? "");
  const [tab, setTab] = useState<"build" | "yaml">("build");
  const [broken, setBroken] = useState(false);
  const [tried, setTried] = useState(false);
  const [saved, setSaved] = useState(false);
  useUndoKeys(tree.undo, tree.redo);

  const root = tree.now;
  const condition = useMemo(() => toJsonRoot(root), [root]);
  const unfinished = useMemo(() => missing(root).size, [root]);
  const preview = usePreview(condition, unfinished === 0 && !broken);
  const short = language === "en" ? "en" : "zh";
  const dirty = !saved && (segment === null ? root.children.length > 0 || titles.zh !== "" || titles.en !== "" : JSON.stringify(toJsonRoot(fromJsonRoot(segment.condition))) !== JSON.stringify(condition) || titles.zh !== segment.title.zh || titles.en !== segment.title.en || description !== segment.description);

  useBlocker({ shouldBlockFn: () => dirty && !window.confirm(t("editor.leave")), enableBeforeUnload: () => dirty });

  const titleMissing = titles.zh.trim() === "" && titles.en.trim() === "";
  const nameWrong = !NAME.test(name);
  const ready = !titleMissing && !nameWrong && unfinished === 0 && !broken;

  const submit = (): void => {
    setTried(true);
    if (!ready || !isObject(condition)) return;
    const zh = titles.zh.trim() || titles.en.trim();
    const en = titles.en.trim() || titles.zh.trim();
    save.mutate(
      { name, title: { zh, en }, description, condition, reason: "", version: segment?.version ?? null },
      {
        onSuccess: (made) => {
          setSaved(true);
          void message.success(t("editor.saved", { name: title(made.title, made.name) }));
        },
      },
    );
  };
  useEffect(() => {
    if (saved) void navigate({ to: "/segments/$name", params: { name: save.data?.name ?? name } });
  }, [saved, save.data, name, navigate]);

  const change = useCallback((next: Group) => tree.set(next), [tree]);
  return (
    <>
      <PageHead
        crumb={<Link to="/segments">{t("nav.segments")}</Link>}
        title={segment === null ? t("segments.new") : title(segment.title, segment.name)}
        actions={
          <>
            <Button icon={<RollbackOutlined />} aria-label={t("editor.undo")} title={t("editor.undo")} disabled={!tree.canUndo} onClick={tree.undo} />
            <Button icon={<RollbackOutlined style={{ transform: "scaleX(-1)" }} />} aria-label={t("editor.redo")} title={t("editor.redo")} disabled={!tree.canRedo} onClick={tree.redo} />
            <Button type="primary" loading={save.isPending} onClick={submit} data-testid="segment-save">
              {t("common.save")}
            </Button>
          </>
        }
      />
      <div className="op-two" style={{ gridTemplateColumns: "minmax(0, 1fr) 320px" }}>
        <section className="op-panel" aria-label={t("editor.label")} style={{ padding: 16 }}>
          <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr 220px", gap: 12, marginBottom: 8 }}>
            <label>
              <span className="op-mute">{t("editor.title")}</span>
              <Input
                value={titles[short]}
                maxLength={60}
                status={tried && titleMissing ? "error" : undefined}
                placeholder={t("editor.titleHint")}
                onChange={(event) => setTitles({ ...titles, [short]: event.target.value })}
                data-testid="segment-title"
              />
              {tried && titleMissing && <span className="op-place">{t("editor.titleMissing")}</span>}
            </label>
            <label>
              <span className="op-mute">{t("editor.description")}</span>
              <Input value={description} maxLength={2000} onChange={(event) => setDescription(event.target.value)} data-testid="segment-description" />
            </label>
            <label>
              <span className="op-mute">{t("editor.name")}</span>
              <Input className="op-code" value={name} disabled={segment !== null} status={nameWrong ? "error" : undefined} onChange={(event) => setName(event.target.value)} data-testid="segment-name" />
              {nameWrong && <span className="op-place">{t("editor.nameWrong")}</span>}
            </label>
          </div>
          {save.isError && <Problem error={save.error} />}
          <Tabs
            activeKey={tab}
            onChange={(key) => setTab(key === "yaml" ? "yaml" : "build")}
            destroyOnHidden
            items={[
              {
                key: "build",
                label: t("editor.build"),
                children: <ConditionEditor root={root} names={names} problems={preview.data?.problems ?? []} parts={preview.current ? (preview.data?.parts ?? []) : []} onChange={change} />,
              },
              { key: "yaml", label: "YAML", children: <YamlTab root={root} onChange={change} onBroken={setBroken} /> },
            ]}
          />
        </section>
        <PreviewPanel preview={preview} unfinished={unfinished > 0 || broken} empty={root.children.length === 0} />
      </div>
    </>
  );
}

export function SegmentNew() {
  const names = useQuery(queries.names());
  return <Loaded query={names} rows={10}>{(data) => <Editor segment={null} names={data} />}</Loaded>;
}

export function SegmentEdit() {
  const { name } = useParams({ from: "/shell/segments/$name/edit" });
  const names = useQuery(queries.names());
  const segment = useQuery({ ...queries.segment(name), refetchOnWindowFocus: false });
  return (
    <Loaded query={segment} rows={10}>
      {(data) => <Loaded query={names} rows={10}>{(known) => <Editor key={data.name} segment={data} names={known} />}</Loaded>}
    </Loaded>
  );
}
