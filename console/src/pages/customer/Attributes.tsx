import { EyeOutlined } from "@ant-design/icons";
import { Button, Form, Input, Modal, Tooltip } from "antd";
import { useState } from "react";
import { type Customer, useReveal } from "@/api/queries";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Nothing, Problem } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Value } from "@/parts/Value";
import { PersonCopy } from "./PersonCopy";

const SHORTEST_REASON = 3;

/** Attributes with their source. Personal values come masked; those who may ask for them in clear give a reason, which is kept. */
export function Attributes({ customer }: { customer: Customer }) {
  const { t, title } = useText();
  const may = useMay("customers.reveal");
  const reveal = useReveal(customer.customer_id);
  const [asking, setAsking] = useState(false);
  const [form] = Form.useForm<{ reason: string }>();
  const clear = new Map(reveal.data?.values.filter((one) => one.kind === "attribute").map((one) => [one.name, one.value]));
  const masked = customer.attributes.some((one) => one.masked) || customer.identifiers.some((one) => one.masked);
  const said = new Set(clear.values());
  const revealed = reveal.data?.values.filter((one) => one.kind === "identifier" && !said.has(one.value)) ?? [];
  const typeTitle = (type: string): string => title(customer.identifiers.find((one) => one.type === type)?.title, type);
  return (
    <Panel
      title={t("customer.attributes")}
      testId="customer-attributes"
      extra={
        may ? (
          <>
            {masked && reveal.data === undefined && (
              <Button type="text" size="small" icon={<EyeOutlined />} onClick={() => setAsking(true)}>
                {t("customer.reveal")}
              </Button>
            )}
            <PersonCopy customerId={customer.customer_id} />
          </>
        ) : undefined
      }
    >
      {customer.attributes.length === 0 ? (
        <Nothing title={t("customer.noAttributes")} />
      ) : (
        <dl className="op-facts">
          {customer.attributes.map((one) => (
            <div key={one.attribute} style={{ display: "contents" }}>
              <dt>{title(one.title, one.attribute)}</dt>
              <dd>
                <Tooltip title={<>{one.touchpoint} <Time at={one.time} /></>}>
                  <span>
                    <Value value={clear.get(one.attribute) ?? title(one.value_title, one.value)} />
                  </span>
                </Tooltip>
              </dd>
            </div>
          ))}
          {revealed.map((one) => (
            <div key={one.name + one.scope + one.value} style={{ display: "contents" }}>
              <dt>{typeTitle(one.name)}</dt>
              <dd className="op-code">{one.value}</dd>
            </div>
          ))}
        </dl>
      )}
      <Modal
        open={asking}
        title={t("customer.revealTitle")}
        okText={t("customer.reveal")}
        confirmLoading={reveal.isPending}
        onCancel={() => setAsking(false)}
        onOk={() => form.submit()}
        destroyOnHidden
      >
        <p style={{ marginBottom: 12 }}>{t("customer.revealText")}</p>
        <Form form={form} layout="vertical" requiredMark={false} onFinish={(body) => reveal.mutate(body, { onSuccess: () => setAsking(false) })}>
          <Form.Item name="reason" label={t("customer.revealReason")} rules={[{ required: true, min: SHORTEST_REASON, message: t("customer.revealReasonMissing") }]}>
            <Input maxLength={500} />
          </Form.Item>
        </Form>
        {reveal.isError && <Problem error={reveal.error} />}
      </Modal>
    </Panel>
  );
}
