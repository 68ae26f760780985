import { CheckCircleOutlined, PlusCircleOutlined, WarningOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Drawer, Input, InputNumber, Select } from "antd";
import { lazy, Suspense, useMemo, useState } from "react";
import { type JourneyTemplate, journeys, type TemplateParam, useFromTemplate, useMakeJourney } from "@/api/journeys";
import { type Named, optionsOf, reach } from "@/api/reachable";
import { queries } from "@/api/queries";
import { SpanInput } from "@/conditions/editor/Inputs";
import type { Json, JsonObject } from "@/conditions/model";
import { matches, NameBook } from "@/conditions/names";
import { blank, freeName } from "@/journeys/operations";
import { titled } from "@/journeys/titled";
import { said } from "@/lib/said";
import { useText } from "@/lib/useText";
import { Loaded, Problem, Waiting } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import "../journey/journey.css";

const Preview = lazy(() => import("./Preview").then((module) => ({ default: module.Preview })));
const NAME = /^[a-z][a-z0-9_]{0,62}$/;
/** As the server takes it: no query, since what a message adds comes behind it. */
const ADDRESS = /^https:\/\/[^\s/?#]+(\/[^\s?#]*)?$/;

type Brings = JourneyTemplate["creates"];

/** A value of a template to fill in. */
function Param({ param, brought, value, onChange }: { param: TemplateParam; brought: Brings; value: Json; onChange: (value: Json) => void }) {
  const { title, language } = useText();
  const names = useQuery(queries.names()).data;
  const coupons = useQuery({ ...reach.coupons(), enabled: param.kind === "coupon" }).data;
  const messages = useQuery({ ...reach.messages(), enabled: param.kind === "message" }).data;
  const book = useMemo(() => (names === undefined ? null : new NameBook(names, language)), [names, language]);
  const label = title(param.title, param.name);
  const text = typeof value === "string" ? value : value === null ? "" : String(value);
  const id = `param-${param.name}`;
  /** What is there, and what the template makes when it is used. */
  const withBrought = (rows: Named[] | undefined, kind: string) => optionsOf([...(rows ?? []), ...brought.filter((one) => one.kind === kind && rows?.some((row) => row.name === one.name) !== true)], language);
  const pick = (options: { value: string; label: string; search: string }[]) => (
    <Select id={id} style={{ minWidth: 280 }} showSearch={{ filterOption: matches }} value={text === "" ? undefined : text} options={text === "" || options.some((one) => one.value === text) ? options : [{ value: text, label: text, search: text }, ...options]} onChange={(next: string) => onChange(next)} />
  );
  return (
    <div className="op-field" data-wide="true">
      <label htmlFor={id}>{label}</label>
      <div>
        {param.kind === "number" && <InputNumber id={id} value={typeof value === "number" ? value : null} onChange={(next) => onChange(next)} />}
        {param.kind === "span" && (
          // A length before something is written with a minus; the label says "before" already.
          <SpanInput label={label} value={text.replace(/^-/, "")} onChange={(next) => onChange(text.startsWith("-") ? `-${next}` : next)} />
        )}
        {param.kind === "products" && <Select id={id} mode="tags" style={{ width: "100%" }} tokenSeparators={[",", "\uff0c", " "]} value={Array.isArray(value) ? value.map(String) : []} onChange={(next: string[]) => onChange(next)} />}
        {param.kind === "coupon" && pick(withBrought(coupons, "coupon"))}
        {param.kind === "message" && pick(withBrought(messages, "message"))}
        {param.kind === "segment" && pick(book?.segments ?? [])}
        {param.kind === "time" && <Input id={id} type="time" style={{ width: 130 }} value={text} onChange={(event) => onChange(event.target.value)} />}
        {param.kind === "address" && <Input id={id} type="url" style={{ maxWidth: 420 }} value={text} status={ADDRESS.test(text) ? undefined : "error"} onChange={(event) => onChange(event.target.value)} data-testid={id} />}
        {param.kind === "text" && <Input id={id} value={text} onChange={(event) => onChange(event.target.value)} data-testid={id} />}
        {param.help !== null && <div className="op-hint">{title(param.help, "")}</div>}
      </div>
    </div>
  );
}

/** A template before it is used: how it runs, what it makes, what is to be filled in. */
function Use({ template, taken, onClose }: { template: JourneyTemplate; taken: ReadonlySet<string>; onClose: () => void }) {
  const { t, title, language } = useText();
  const navigate = useNavigate();
  const make = useFromTemplate();
  const [name, setName] = useState(() => freeName(taken, template.name));
  const [called, setCalled] = useState(() => title(template.title, template.name));
  const [params, setParams] = useState<JsonObject>(() => Object.fromEntries(template.params.map((one) => [one.name, one.default as Json])));
  const wrong = !NAME.test(name) || taken.has(name);
  const unsaid = template.params.some((one) => one.kind === "address" && !ADDRESS.test(String(params[one.name] ?? "")));
  // With what is filled in so far: the steps say the coupon and the days that were chosen.
  const shown = useMemo(() => ({ ...template.definition, params }), [template.definition, params]);
  const act = (): void =>
    make.mutate(
      { template: template.name, journey: name, title: titled(template.title, called, language), params },
      { onSuccess: (made) => void navigate({ to: "/journeys/$name", params: { name: made.name } }) },
    );
  return (
    <Drawer
      open
      size={760}
      title={title(template.title, template.name)}
      onClose={onClose}
      footer={
        <Button type="primary" loading={make.isPending} disabled={wrong || unsaid || called.trim() === ""} onClick={act} data-testid="template-use">
          {t("journey.gallery.use")}
        </Button>
      }
    >
      <div className="op-stack">
        <p>{title(template.summary, "")}</p>
        {make.isError && <Problem error={make.error} />}
        {template.problems.map((one) => (
          <div key={one.place + one.message} className="op-place" style={{ color: "var(--op-warn)" }}>
            <WarningOutlined aria-hidden style={{ marginTop: 4 }} /> {said(one.message, language)}
          </div>
        ))}
        <Suspense fallback={<Waiting rows={6} />}>
          <Preview definition={shown} brought={template.creates} />
        </Suspense>
        <div className="op-halves-2">
          <div className="op-field" data-wide="true">
            <label htmlFor="template-title">{t("journey.gallery.title")}</label>
            <Input id="template-title" value={called} maxLength={60} onChange={(event) => setCalled(event.target.value)} data-testid="template-title" />
          </div>
          <div className="op-field" data-wide="true">
            <label htmlFor="template-name">{t("journey.gallery.name")}</label>
            <div>
              <Input id="template-name" className="op-code" value={name} status={wrong ? "error" : undefined} onChange={(event) => setName(event.target.value)} data-testid="template-name" />
              {wrong && <span className="op-place">{t(taken.has(name) ? "journey.gallery.taken" : "editor.nameWrong")}</span>}
            </div>
          </div>
        </div>
        {template.params.map((one) => (
          <Param key={one.name} param={one} brought={template.creates} value={params[one.name] ?? null} onChange={(value) => setParams({ ...params, [one.name]: value })} />
        ))}
        {template.creates.length > 0 && (
          <section aria-label={t("journey.gallery.creates")}>
            <h3 style={{ fontSize: 14 }}>{t("journey.gallery.creates")}</h3>
            <ul className="op-list">
              {template.creates.map((one) => (
                <li key={`${one.kind} ${one.name}`}>
                  {one.exists ? <CheckCircleOutlined aria-hidden style={{ color: "var(--op-text-3)" }} /> : <PlusCircleOutlined aria-hidden style={{ color: "var(--op-ok)" }} />}
                  <span>
                    {t(`journey.gallery.kinds.${one.kind}`)} · {title(one.title, one.name)} <span className="op-mute">{one.exists && t("journey.gallery.exists")}</span>
                  </span>
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </Drawer>
  );
}

/** Where a journey begins: from nothing, or from a programme that works. */
export function Gallery() {
  const { t, title, language } = useText();
  const navigate = useNavigate({ from: "/journeys/new" });
  const { template, q = "" } = useSearch({ from: "/shell/journeys/new" });
  const query = useQuery(journeys.templates());
  const list = useQuery(journeys.list()).data?.items;
  const make = useMakeJourney();
  const taken = useMemo(() => new Set(list?.map((one) => one.name)), [list]);
  const empty = (): void =>
    make.mutate(blank(freeName(taken, "journey"), { zh: t("journey.gallery.untitled"), en: language === "en" ? t("journey.gallery.untitled") : "Untitled" }), {
      onSuccess: (made) => void navigate({ to: "/journeys/$name", params: { name: made.name }, search: { panel: "entry" } }),
    });
  return (
    <>
      <PageHead
        crumb={<Link to="/journeys">{t("nav.journeys")}</Link>}
        title={t("journey.gallery.head")}
        sub={t("journey.gallery.sub")}
        actions={
          <Button loading={make.isPending} disabled={list === undefined} onClick={empty} data-testid="journey-blank">
            {t("journey.gallery.blank")}
          </Button>
        }
      />
      {make.isError && <Problem error={make.error} />}
      <div className="op-toolbar" data-search>
        <Input.Search allowClear style={{ width: 280 }} aria-label={t("journey.gallery.search")} placeholder={t("journey.gallery.search")} value={q} onChange={(event) => void navigate({ search: (before) => ({ ...before, q: event.target.value === "" ? undefined : event.target.value }), replace: true })} />
      </div>
      <Loaded query={query} rows={8}>
        {({ items }) => {
          const wanted = q.trim().toLowerCase();
          const shown = items.filter((one) => `${one.name} ${one.title.zh} ${one.title.en} ${one.summary.zh} ${one.summary.en}`.toLowerCase().includes(wanted));
          const categories = [...new Set(shown.map((one) => one.category))];
          const chosen = items.find((one) => one.name === template);
          return (
            <div className="op-stack">
              {categories.map((category) => (
                <section key={category} aria-labelledby={`category-${category}`}>
                  <h2 id={`category-${category}`} style={{ fontSize: 15, margin: "0 0 8px" }}>
                    {t(`journey.gallery.categories.${category as "acquire"}`, { defaultValue: category })}
                  </h2>
                  <ul className="op-gallery">
                    {shown
                      .filter((one) => one.category === category)
                      .map((one) => (
                        <li key={one.name}>
                          <button type="button" className="op-template" onClick={() => void navigate({ search: (before) => ({ ...before, template: one.name }) })} data-testid={`template-${one.name}`}>
                            <strong>{title(one.title, one.name)}</strong>
                            <span className="op-mute">{title(one.summary, "")}</span>
                          </button>
                        </li>
                      ))}
                  </ul>
                </section>
              ))}
              {chosen !== undefined && list !== undefined && <Use key={chosen.name} template={chosen} taken={taken} onClose={() => void navigate({ search: (before) => ({ ...before, template: undefined }) })} />}
            </div>
          );
        }}
      </Loaded>
    </>
  );
}
