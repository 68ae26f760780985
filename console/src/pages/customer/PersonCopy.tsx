import { DownloadOutlined } from "@ant-design/icons";
import { Button, Form, Input, Modal, Radio } from "antd";
import { useState } from "react";
import { useCopy } from "@/api/queries";
import { save } from "@/lib/download";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";

const SHORTEST_REASON = 3;
type Asked = { reason: string; format: "json" | "csv" };

/** All that is kept about a person, as a file for them. It is in clear, so a reason is asked for and kept. */
export function PersonCopy({ customerId }: { customerId: number }) {
  const { t } = useText();
  const may = useMay("customers.reveal");
  const copy = useCopy(customerId);
  const [asking, setAsking] = useState(false);
  const [form] = Form.useForm<Asked>();
  if (!may) return null;
  const take = (body: Asked): void =>
    copy.mutate(body, {
      onSuccess: (file) => {
        save(`customer-${customerId}.zip`, file);
        setAsking(false);
      },
    });
  return (
    <>
      <Button type="text" size="small" icon={<DownloadOutlined />} data-testid="customer-copy" onClick={() => setAsking(true)}>
        {t("customer.copy")}
      </Button>
      <Modal
        open={asking}
        title={t("customer.copyTitle")}
        okText={t("customer.copyTake")}
        confirmLoading={copy.isPending}
        onCancel={() => setAsking(false)}
        onOk={() => form.submit()}
        destroyOnHidden
      >
        <p style={{ marginBottom: 12 }}>{t("customer.copyText")}</p>
        <Form form={form} layout="vertical" requiredMark={false} initialValues={{ format: "json" }} onFinish={take}>
          <Form.Item name="format" label={t("customer.copyFormat")}>
            <Radio.Group
              options={[
                { value: "json", label: t("customer.copyJson") },
                { value: "csv", label: t("customer.copyCsv") },
              ]}
            />
          </Form.Item>
          <Form.Item name="reason" label={t("customer.copyReason")} rules={[{ required: true, min: SHORTEST_REASON, message: t("customer.copyReasonMissing") }]}>
            <Input maxLength={500} />
          </Form.Item>
        </Form>
        {copy.isError && <Problem error={copy.error} />}
      </Modal>
    </>
  );
}
