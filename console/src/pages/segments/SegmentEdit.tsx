import { CloudOutlined, RollbackOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Alert, Button, Input, Skeleton, Tabs } from "antd";
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { type Names, queries, type Segment } from "@/api/queries";
import { ConditionEditor } from "@/conditions/editor/ConditionEditor";
import { useHistory } from "@/conditions/history";
import { missing } from "@/conditions/missing";
import type { Group, JsonObject } from "@/conditions/model";
import { fromJsonRoot } from "@/conditions/read";
import { toJsonRoot } from "@/conditions/write";
import { useSession } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Loaded } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { UsedBy } from "@/parts/UsedBy";
import { unchanged, type Written } from "./edit/drafts";
import { PreviewPanel, usePreview } from "./edit/PreviewPanel";
import { useFound, useKeeping } from "./edit/useDraft";
import { freshName, NAME } from "./naming";
import "./segments.css";

const YamlTab = lazy(() => import("./edit/YamlTab").then((tab) => ({ default: tab.YamlTab })));
const Publish = lazy(() => import("./edit/Publish").then((part) => ({ default: part.Publish })));

const NOTHING: JsonObject = { all: [] };

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

interface FieldsProps {
  written: Written;
  fixedName: boolean;
  tried: boolean;
  onChange: (change: Partial<Written>) => void;
}

function Fields({ written, fixedName, tried, onChange }: FieldsProps) {
  const { t, language } = useText();
  const short = language === "en" ? "en" : "zh";
  const titleMissing = written.title.zh.trim() === "" && written.title.en.trim() === "";
  const nameWrong = !NAME.test(written.name);
  return (
    <div style={{ display: "grid", gridTemplateColumns: "1fr 1fr 220px", gap: 12, marginBottom: 8 }}>
      <label>
        <span className="op-mute">{t("editor.title")}</span>
        <Input
          value={written.title[short]}
          maxLength={60}
          status={tried && titleMissing ? "error" : undefined}
          placeholder={t("editor.titleHint")}
          onChange={(event) => onChange({ title: { ...written.title, [short]: event.target.value } })}
          data-testid="segment-title"
        />
        {tried && titleMissing && <span className="op-place">{t("editor.titleMissing")}</span>}
      </label>
      <label>
        <span className="op-mute">{t("editor.description")}</span>
        <Input value={written.description} maxLength={2000} onChange={(event) => onChange({ description: event.target.value })} data-testid="segment-description" />
      </label>
      <label>
        <span className="op-mute">{t("editor.name")}</span>
        <Input className="op-code" value={written.name} disabled={fixedName} status={nameWrong ? "error" : undefined} onChange={(event) => onChange({ name: event.target.value })} data-testid="segment-name" />
        {nameWrong && <span className="op-place">{t("editor.nameWrong")}</span>}
      </label>
    </div>
  );
}

interface EditorProps {
  segment: Segment | null;
  names: Names;
  /** What a new segment begins with. */
  begun?: { condition: JsonObject; title: string };
  tab: "build" | "yaml";
  onTab: (tab: "build" | "yaml") => void;
}

function Editor({ segment, names, begun, tab, onTab }: EditorProps) {
  const { t, title } = useText();
  const navigate = useNavigate();
  const user = useSession()?.user.email ?? "";
  const [published] = useState(
    (): Written =>
      segment === null
        ? { name: freshName(new Date()), title: { zh: begun?.title ?? "", en: begun?.title ?? "" }, description: "", condition: toJsonRoot(fromJsonRoot(begun?.condition ?? NOTHING)) }
        : { name: segment.name, title: segment.title, description: segment.description, condition: toJsonRoot(fromJsonRoot(segment.condition)) },
  );
  const { key, found } = useFound(user, segment?.name ?? null, published);
  const [restored, setRestored] = useState(found);
  const tree = useHistory<Group>(useMemo(() => fromJsonRoot((found ?? published).condition), [found, published]));
  const [words, setWords] = useState<Omit<Written, "condition">>(found ?? published);
  const [broken, setBroken] = useState(false);
  const [tried, setTried] = useState(false);
  const [publishing, setPublishing] = useState(false);
  useUndoKeys(tree.undo, tree.redo);

  const root = tree.now;
  const condition = useMemo(() => toJsonRoot(root), [root]);
  const unfinished = useMemo(() => missing(root).size, [root]);
  const preview = usePreview(condition, unfinished === 0 && !broken);
  const written = useMemo((): Written => ({ name: words.name, title: words.title, description: words.description, condition }), [words, condition]);
  const keeping = useKeeping(key, written, published, segment?.version ?? null, found);
  const dirty = !unchanged(written, published);

  const ready = (words.title.zh.trim() !== "" || words.title.en.trim() !== "") && NAME.test(words.name) && unfinished === 0 && !broken && root.children.length > 0;
  const submit = (): void => {
    setTried(true);
    if (ready) setPublishing(true);
  };
  const discard = (): void => {
    setWords(published);
    tree.set(fromJsonRoot(published.condition));
    setRestored(null);
  };
  const change = useCallback((next: Group) => tree.set(next), [tree]);
  return (
    <>
      <PageHead
        crumb={<Link to="/segments">{t("nav.segments")}</Link>}
        title={segment === null ? t("segments.new") : title(segment.title, segment.name)}
        actions={
          <>
            {dirty && keeping.keptAt !== null && (
              <span className="op-mute" data-testid="draft-kept">
                <CloudOutlined aria-hidden /> {t("editor.draftKept")}
              </span>
            )}
            <Button icon={<RollbackOutlined />} aria-label={t("editor.undo")} title={t("editor.undo")} disabled={!tree.canUndo} onClick={tree.undo} data-testid="undo" />
            <Button icon={<RollbackOutlined style={{ transform: "scaleX(-1)" }} />} aria-label={t("editor.redo")} title={t("editor.redo")} disabled={!tree.canRedo} onClick={tree.redo} data-testid="redo" />
            <Button type="primary" onClick={submit} disabled={segment !== null && !dirty} data-testid="segment-save">
              {t("editor.publish")}
            </Button>
          </>
        }
      />
      {restored !== null && (
        <Alert
          type="info"
          showIcon
          style={{ marginBottom: 12 }}
          closable={{ onClose: () => setRestored(null) }}
          title={
            <>
              {t("editor.draftRestored")} <Time at={restored.at} />
              {segment !== null && restored.version !== segment.version && ` · ${t("editor.draftOlder", { version: segment.version })}`}
            </>
          }
          action={
            <Button size="small" onClick={discard} data-testid="draft-discard">
              {t("editor.draftDiscard")}
            </Button>
          }
          data-testid="draft-restored"
        />
      )}
      <div className="op-two op-editor">
        <section className="op-panel" aria-label={t("editor.label")} style={{ padding: 16 }}>
          <Fields written={written} fixedName={segment !== null} tried={tried} onChange={(next) => setWords((before) => ({ ...before, ...next }))} />
          <Tabs
            activeKey={tab}
            onChange={(next) => onTab(next === "yaml" ? "yaml" : "build")}
            destroyOnHidden
            items={[
              {
                key: "build",
                label: t("editor.build"),
                children: (
                  <ConditionEditor
                    root={root}
                    names={names}
                    problems={preview.data?.problems ?? []}
                    warnings={preview.current ? (preview.data?.warnings ?? []) : []}
                    parts={preview.current ? (preview.data?.parts ?? []) : []}
                    approximate={preview.data?.approximate}
                    onChange={change}
                  />
                ),
              },
              {
                key: "yaml",
                label: "YAML",
                children: (
                  <Suspense fallback={<Skeleton active />}>
                    <YamlTab root={root} onChange={change} onBroken={setBroken} />
                  </Suspense>
                ),
              },
            ]}
          />
          {tried && !ready && unfinished > 0 && <p className="op-place">{t("editor.unfinished", { count: unfinished })}</p>}
        </section>
        <div className="op-stack op-beside">
          <PreviewPanel preview={preview} unfinished={unfinished > 0 || broken} empty={root.children.length === 0} now={segment?.size} />
          {segment !== null && (
            <aside className="op-panel" aria-label={t("segments.usedBy")} style={{ padding: 16 }}>
              <h2 style={{ fontSize: 15, marginBottom: 4 }}>{t("segments.usedBy")}</h2>
              <UsedBy names={segment.used_by} none={t("segments.unused")} />
            </aside>
          )}
        </div>
      </div>
      {publishing && (
        <Suspense>
          <Publish
            segment={segment}
            written={written}
            heading={t(segment === null ? "plan.titleNew" : "plan.title")}
            onClose={() => setPublishing(false)}
            onPublished={(made) => {
              keeping.forget();
              void navigate({ to: "/segments/$name", params: { name: made.name } });
            }}
          />
        </Suspense>
      )}
    </>
  );
}

export function SegmentNew() {
  const { tab = "build", condition, title } = useSearch({ from: "/shell/segments/new" });
  const navigate = useNavigate({ from: "/segments/new" });
  const names = useQuery(queries.names());
  return (
    <Loaded query={names} rows={10}>
      {(data) => (
        <Editor
          segment={null}
          names={data}
          begun={condition === undefined ? undefined : { condition, title: title ?? "" }}
          tab={tab}
          onTab={(next) => void navigate({ search: (before) => ({ ...before, tab: next === "build" ? undefined : next }), replace: true })}
        />
      )}
    </Loaded>
  );
}

export function SegmentEdit() {
  const { name } = useParams({ from: "/shell/segments/$name/edit" });
  const { tab = "build" } = useSearch({ from: "/shell/segments/$name/edit" });
  const navigate = useNavigate({ from: "/segments/$name/edit" });
  const names = useQuery(queries.names());
  const segment = useQuery({ ...queries.segment(name), refetchOnWindowFocus: false });
  return (
    <Loaded query={segment} rows={10}>
      {(data) => (
        <Loaded query={names} rows={10}>
          {(known) => <Editor key={data.name} segment={data} names={known} tab={tab} onTab={(next) => void navigate({ search: { tab: next === "build" ? undefined : next }, replace: true })} />}
        </Loaded>
      )}
    </Loaded>
  );
}
