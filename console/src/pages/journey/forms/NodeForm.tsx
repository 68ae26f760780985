import { CopyOutlined, DeleteOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import { type ReactNode, useState } from "react";
import { kindOf, nodesOf } from "@/journeys/model";
import { rename } from "@/journeys/operations";
import { useText } from "@/lib/useText";
import { problemsAt, useFactory } from "@/pages/tags/factory/context";
import { textAt } from "@/pages/tags/factory/definition";
import { Row } from "@/pages/tags/factory/Fields";
import { Problems } from "@/pages/tags/factory/Problems";
import { useEditing } from "../editor/context";
import type { Words } from "../words";
import { CallForm, CouponForm, EndForm, ProfileForm, TagForm, TaskForm, WebhookForm } from "./Acts";
import { BranchForm, RepeatForm, SplitForm, WaitForm } from "./Flow";
import { SendForm } from "./Send";

const NAME = /^[a-z]\w{0,62}$/;

/** The name by which conditions, figures and the text know a step. */
function NameRow({ name }: { name: string }) {
  const { t } = useText();
  const { definition, change, setOpen } = useEditing();
  const [said, setSaid] = useState(name);
  const taken = said !== name && nodesOf(definition).has(said);
  const wrong = !NAME.test(said) || taken;
  const keep = (): void => {
    if (wrong || said === name) return setSaid(name);
    change((before) => rename(before, name, said));
    setOpen({ kind: "node", name: said });
  };
  return (
    <Row label={t("journey.nodeName")} hint={t("journey.nodeNameHint")}>
      {(id) => <Input id={id} className="op-code" value={said} status={wrong ? "error" : undefined} onChange={(event) => setSaid(event.target.value)} onBlur={keep} onPressEnter={keep} data-testid="node-name" />}
    </Row>
  );
}

/** All that is said of one step. */
export function NodeForm({ name, words }: { name: string; words: Words }) {
  const { t } = useText();
  const { definition, problems, set } = useFactory();
  const { remove, copy, readOnly } = useEditing();
  const node = nodesOf(definition).get(name);
  if (node === undefined) return null;
  const place = `nodes.${name}`;
  const kind = kindOf(node);
  const props = { name, words };
  const forms: Record<NonNullable<typeof kind>, () => ReactNode> = {
    send: () => <SendForm {...props} />,
    wait: () => <WaitForm {...props} />,
    branch: () => <BranchForm {...props} />,
    split: () => <SplitForm {...props} />,
    issue_coupon: () => <CouponForm {...props} />,
    set_profile: () => <ProfileForm {...props} />,
    tag: () => <TagForm {...props} />,
    task: () => <TaskForm {...props} />,
    webhook: () => <WebhookForm {...props} />,
    call_journey: () => <CallForm {...props} />,
    repeat: () => <RepeatForm {...props} />,
    end: () => <EndForm name={name} />,
  };
  // What no control of the form is bound to is said at its head.
  const whole = problemsAt(problems, place).filter((one) => one.place === place || one.place === `${place}.do`);
  return (
    <fieldset className="op-plain" disabled={readOnly}>
      <div className="op-form">
        <Problems list={whole} />
        {kind === null ? <p className="op-hint">{t("journey.unknownKind")}</p> : forms[kind]()}
        <Row label={t("journey.note")}>
          {(id) => <Input.TextArea id={id} autoSize={{ minRows: 1, maxRows: 5 }} placeholder={t("journey.noteHint")} value={textAt(definition, `${place}.note`)} onChange={(event) => set(`${place}.note`, event.target.value === "" ? undefined : event.target.value)} data-testid="node-note" />}
        </Row>
        <NameRow key={name} name={name} />
        <div className="op-row">
          <Button icon={<CopyOutlined />} onClick={() => copy([name])}>
            {t("journey.copy")}
          </Button>
          <Button danger icon={<DeleteOutlined />} onClick={() => remove([name])} data-testid="node-remove">
            {t("journey.remove")}
          </Button>
        </div>
      </div>
    </fieldset>
  );
}
