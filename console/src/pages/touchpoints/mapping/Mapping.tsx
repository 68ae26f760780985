import { PlusOutlined, RollbackOutlined, SaveOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { useBlocker, useNavigate, useSearch } from "@tanstack/react-router";
import { App, Button, Input, Tabs } from "antd";
import { useCallback, useId, useMemo, useState } from "react";
import { queries } from "@/api/queries";
import { type Change, changeOf, useSaveTouchpoint } from "@/api/touchpoints";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Loaded, Nothing, Problem } from "@/parts/Loaded";
import type { TabProps } from "../detail/Overview";
import { GeneralEditor } from "./GeneralEditor";
import type { Use } from "./JsonTree";
import { MappingYaml } from "./MappingYaml";
import { type Draft, draftOf, newRule, type Rule, savedOf, withPair } from "./model";
import { attributeChoices, fieldChoices, guess, identifierChoices } from "./names";
import { RuleEditor } from "./RuleEditor";
import { SamplePane } from "./SamplePane";
import { type Target, TargetContext } from "./target";
import { TriedPane } from "./TriedPane";
import { sentNames, type Source, useThings, useTried } from "./useSample";
import { WaitingHere } from "./WaitingHere";

/** How what comes from a touchpoint is read: made on a payload, tried on the latest, saved as a version. */
export function Mapping({ touchpoint, channel }: TabProps) {
  const { t, title } = useText();
  const { message } = App.useApp();
  const search = useSearch({ from: "/shell/touchpoints/$name" });
  const navigate = useNavigate({ from: "/touchpoints/$name" });
  const may = useMay("touchpoints.write");
  const standard = useQuery(queries.standard());
  const save = useSaveTouchpoint();
  const webhook = channel.name === "webhook";
  // The version that is edited; one that somebody else saves meanwhile is told when saving.
  const [base, setBase] = useState(touchpoint);
  const [draft, setDraft] = useState<Draft>(() => draftOf(touchpoint.settings, touchpoint.mapping));
  const [broken, setBroken] = useState(false);
  const [active, setActive] = useState<number>();
  const [reason, setReason] = useState("");
  const [target, setTarget] = useState<Target>();
  const [pasted, setPasted] = useState<string>();
  const eachId = useId();
  const source = useMemo<Source>(() => (pasted !== undefined ? { kind: "pasted", text: pasted } : search.sample !== undefined ? { kind: "quarantined", id: search.sample } : { kind: "latest" }), [pasted, search.sample]);
  const { body, query, current } = useTried(base, draft, source, webhook, !broken);
  const arrivals = useMemo(() => query.data?.items ?? [], [query.data]);
  const shown = arrivals.find((one) => one.offset === search.at) ?? arrivals[0];
  const things = useThings(touchpoint, body, shown, draft.each, webhook);
  const sent = useMemo(() => sentNames(arrivals), [arrivals]);
  const saved = JSON.stringify(savedOf(draft, base.settings, webhook));
  const unsaved = saved !== JSON.stringify(savedOf(draftOf(base.settings, base.mapping), base.settings, webhook));
  useBlocker({ shouldBlockFn: ({ current: from, next }) => unsaved && from.pathname !== next.pathname && !window.confirm(t("mapping.leave")), enableBeforeUnload: unsaved });

  const putRule = useCallback((id: number, change: (rule: Rule) => Rule) => setDraft((before) => ({ ...before, rules: before.rules.map((one) => (one.id === id ? change(one) : one)) })), []);
  const move = (id: number, by: number): void =>
    setDraft((before) => {
      const at = before.rules.findIndex((one) => one.id === id);
      const rules = [...before.rules];
      const [one] = rules.splice(at, 1);
      if (one !== undefined) rules.splice(at + by, 0, one);
      return { ...before, rules };
    });
  const activeRule = draft.rules.find((one) => one.id === active) ?? draft.rules.at(-1);

  /** A place of the sample into the rule at work; the first click makes the rule. */
  const use = (what: Use, path: string, key: string, value: unknown): void => {
    const names = standard.data;
    if (names === undefined) return;
    const rule = activeRule !== undefined && !("raw" in activeRule) ? activeRule : newRule();
    const wanted = (): Rule => {
      switch (what) {
        case "message_id":
        case "time":
          return { ...rule, [what]: path };
        case "when":
          return { ...rule, when: withPair(rule.when, path, typeof value === "object" ? undefined : value) };
        case "ids":
          return { ...rule, ids: withPair(rule.ids, guess(key, identifierChoices(names, title)), path) };
        case "fields":
          return { ...rule, fields: withPair(rule.fields, guess(key, fieldChoices(names, rule.event, title)), path) };
        default:
          return { ...rule, traits: withPair(rule.traits, guess(key, attributeChoices(names, title)), path) };
      }
    };
    const next = wanted();
    setDraft((before) => ({ ...before, rules: before.rules.some((one) => one.id === next.id) ? before.rules.map((one) => (one.id === next.id ? next : one)) : [...before.rules, next] }));
    setActive(next.id);
  };

  const store = (): void => {
    const { settings, mapping } = savedOf(draft, base.settings, webhook);
    const change: Change = { ...changeOf(base), settings: settings as Change["settings"], mapping: mapping as Change["mapping"], reason: reason.trim() };
    save.mutate(
      { name: touchpoint.name, secrets: {}, body: change },
      {
        onSuccess: (made) => {
          setBase(made);
          setReason("");
          void message.success(t("touchpoints.savedVersion", { version: made.version }));
        },
      },
    );
  };

  const rules = (names: NonNullable<typeof standard.data>) => (
    <div className="op-stack" style={{ gap: 12 }}>
      <div className="op-map-each">
        <label htmlFor={eachId}>{t("mapping.each")}</label>
        <Input id={eachId} className="op-code" style={{ width: 240 }} spellCheck={false} value={draft.each} onChange={(event) => setDraft((before) => ({ ...before, each: event.target.value }))} data-testid="mapping-each" />
        <span className="op-mute">{t("mapping.eachHelp")}</span>
      </div>
      {draft.rules.length === 0 && <Nothing title={t("mapping.noRules")} text={t("mapping.noRulesText")} />}
      {draft.rules.map((rule, i) => (
        <RuleEditor
          key={rule.id}
          rule={rule}
          number={i + 1}
          count={draft.rules.length}
          active={rule.id === activeRule?.id}
          standard={names}
          put={(change) => putRule(rule.id, change)}
          onActive={() => setActive(rule.id)}
          onMove={(by) => move(rule.id, by)}
          onRemove={() => setDraft((before) => ({ ...before, rules: before.rules.filter((one) => one.id !== rule.id) }))}
        />
      ))}
      <div>
        <Button
          icon={<PlusOutlined />}
          onClick={() => {
            const made = newRule();
            setDraft((before) => ({ ...before, rules: [...before.rules, made] }));
            setActive(made.id);
          }}
          data-testid="add-rule"
        >
          {t("mapping.addRule")}
        </Button>
      </div>
    </div>
  );
  return (
    <TargetContext value={useMemo(() => ({ target, setTarget }), [target])}>
      <div className="op-mapping">
        <div className="op-stack op-mapping-side">
          <SamplePane
            arrivals={arrivals}
            shown={shown}
            things={things}
            source={source}
            onSource={(next) => {
              setPasted(next.kind === "pasted" ? next.text : undefined);
              if (next.kind === "latest" && search.sample !== undefined) void navigate({ search: (before) => ({ ...before, sample: undefined }), replace: true });
            }}
            onShow={(at) => void navigate({ search: (before) => ({ ...before, at }), replace: true })}
            onUse={webhook && may ? use : undefined}
          />
          <TriedPane query={query} current={current} shown={shown} />
        </div>
        <div className="op-stack">
          <section className="op-panel" aria-label={t("touchpoints.tabs.mapping")}>
            <div className="op-body" style={{ padding: "4px 16px 16px" }}>
              <Loaded query={standard} rows={8}>
                {(names) => (
                  <Tabs
                    destroyOnHidden
                    items={[
                      ...(webhook ? [{ key: "rules", label: t("mapping.rules"), children: rules(names) }] : []),
                      { key: "general", label: t("mapping.generalTab"), children: <GeneralEditor general={draft.general} standard={names} sent={sent} put={(change) => setDraft((before) => ({ ...before, general: change(before.general) }))} /> },
                      { key: "yaml", label: "YAML", children: <MappingYaml draft={draft} webhook={webhook} onChange={setDraft} onBroken={setBroken} /> },
                    ]}
                  />
                )}
              </Loaded>
              {may && (
                <div className="op-savebar">
                  <Input aria-label={t("touchpoints.reason")} placeholder={t("touchpoints.reasonHint")} style={{ flex: 1, minWidth: 140 }} value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
                  <Button
                    icon={<RollbackOutlined />}
                    disabled={!unsaved}
                    onClick={() => {
                      setDraft(draftOf(base.settings, base.mapping));
                      save.reset();
                    }}
                  >
                    {t("mapping.discard")}
                  </Button>
                  <Button type="primary" icon={<SaveOutlined />} disabled={!unsaved || broken} loading={save.isPending} onClick={store} data-testid="mapping-save">
                    {t("common.save")}
                  </Button>
                </div>
              )}
              {save.isError && <Problem error={save.error} />}
            </div>
          </section>
          <WaitingHere touchpoint={touchpoint.name} unsaved={unsaved} />
        </div>
      </div>
    </TargetContext>
  );
}
