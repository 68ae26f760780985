import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import type { TextAreaRef } from "antd/es/input/TextArea";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { tags } from "@/api/tags";
import { isObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { useFactory } from "../context";
import { textAt, valueAt } from "../definition";
import { faultOf } from "../expression";
import { Row, WindowAt } from "../Fields";
import { functionsIn } from "../schema";
import { CutAt } from "./Cut";
import { FigureAt } from "./Figure";

const NAME = /^[a-z][a-z0-9_]{0,59}$/;

/** The figures that the formula is made of, each under a name. */
function Inputs({ names }: { names: string[] }) {
  const { t } = useText();
  const { change, set } = useFactory();
  const [typed, setTyped] = useState("");
  const fresh = typed.trim();
  const usable = NAME.test(fresh) && !names.includes(fresh);
  const add = (): void => {
    if (!usable) return;
    set(`inputs.${fresh}`, { did: "order_paid", times: true });
    setTyped("");
  };
  const drop = (name: string): void =>
    change((before) => {
      const said = before.inputs;
      const { [name]: _, ...rest } = isObject(said) ? said : {};
      return { ...before, inputs: rest };
    });
  return (
    <Row label={t("factory.inputs")} hint={t("factory.inputsHint")} places={["inputs"]} inner={names.map((name) => `inputs.${name}`)} wide>
      {names.map((name) => (
        <div key={name} className="op-rule" data-testid={`input-${name}`}>
          <div className="op-row">
            <strong className="op-code">{name}</strong>
            <span style={{ marginLeft: "auto" }}>
              <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t("factory.inputAway", { name })} onClick={() => drop(name)} />
            </span>
          </div>
          <div className="op-rule-body op-form">
            <FigureAt place={`inputs.${name}`} />
            <WindowAt place={`inputs.${name}.within`} />
          </div>
        </div>
      ))}
      <div className="op-row">
        <Input className="op-code" style={{ width: 200 }} aria-label={t("factory.inputName")} placeholder={t("factory.inputName")} value={typed} status={fresh !== "" && !usable ? "error" : undefined} onChange={(event) => setTyped(event.target.value)} onPressEnter={add} data-testid="input-name" />
        <Button icon={<PlusOutlined />} disabled={!usable} onClick={add} data-testid="input-add">
          {t("factory.inputAdd")}
        </Button>
      </div>
    </Row>
  );
}

export function ExpressionForm() {
  const { t, title } = useText();
  const { definition, names: book, set } = useFactory();
  const box = useRef<TextAreaRef>(null);
  const schema = useQuery(tags.schema()).data;
  const functions = functionsIn(schema);
  const said = valueAt(definition, "inputs");
  const names = isObject(said) ? Object.keys(said) : [];
  const text = textAt(definition, "expression");
  const self = textAt(definition, "tag");
  const known = { inputs: names, functions: functions.map((one) => one.name), tags: book.tags.map((one) => one.value).filter((one) => one !== self), attributes: book.attributes.map((one) => one.value) };
  const fault = text.trim() === "" || functions.length === 0 ? null : faultOf(text, known);
  const put = (word: string): void => {
    const area = box.current?.resizableTextArea?.textArea;
    const [from, to] = [area?.selectionStart ?? text.length, area?.selectionEnd ?? text.length];
    set("expression", text.slice(0, from) + word + text.slice(to));
    requestAnimationFrame(() => {
      area?.focus();
      // Between the brackets of a function.
      const at = from + word.length - (word.endsWith("()") ? 1 : 0);
      area?.setSelectionRange(at, at);
    });
  };
  return (
    <>
      <Inputs names={names} />
      <Row label={t("factory.expression")} places={["expression"]} wide>
        <Input.TextArea ref={box} aria-label={t("factory.expression")} className="op-code" spellCheck={false} autoSize={{ minRows: 3, maxRows: 10 }} value={text} status={fault === null ? undefined : "error"} onChange={(event) => set("expression", event.target.value)} data-testid="tag-expression" />
        {fault !== null && (
          <div className="op-place" role="alert" data-testid="expression-fault">
            {fault.what === "sign" && t("factory.faults.sign", { word: fault.word })}
            {fault.what === "open" && t("factory.faults.open")}
            {fault.what === "closed" && t("factory.faults.closed")}
            {fault.what === "name" && (
              <span>
                {t("factory.faults.name", { word: fault.word })} {fault.meant !== null && t("editor.suggestion", { name: fault.meant })}
              </span>
            )}
          </div>
        )}
        <div className="op-chips" style={{ marginTop: 8 }}>
          {names.map((name) => (
            <button key={name} type="button" className="op-chip op-code" onClick={() => put(name)}>
              {name}
            </button>
          ))}
          {functions.map((one) => (
            <button key={one.name} type="button" className="op-chip op-code" title={title({ zh: one.zh, en: one.en }, one.name)} onClick={() => put(`${one.name}()`)}>
              {one.name}()
            </button>
          ))}
        </div>
        <div className="op-hint">{t("factory.expressionHint")}</div>
      </Row>
      <CutAt />
    </>
  );
}
