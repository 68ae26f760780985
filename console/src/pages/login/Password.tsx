import { App, Form, Input, Modal } from "antd";
import { useChangePassword } from "@/api/queries";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";

const SHORTEST = 12;

export function Password({ onClose }: { onClose: () => void }) {
  const { t } = useText();
  const { message } = App.useApp();
  const [form] = Form.useForm<{ current: string; new: string; again: string }>();
  const change = useChangePassword();
  return (
    <Modal open title={t("user.password")} okText={t("common.save")} onCancel={onClose} onOk={() => form.submit()} confirmLoading={change.isPending} destroyOnHidden>
      <Form
        form={form}
        layout="vertical"
        requiredMark={false}
        onFinish={(values) =>
          change.mutate(
            { current: values.current, new: values.new },
            {
              onSuccess: () => {
                void message.success(t("user.passwordChanged"));
                onClose();
              },
            },
          )
        }
      >
        <Form.Item name="current" label={t("user.passwordCurrent")} rules={[{ required: true, message: t("login.passwordMissing") }]}>
          <Input.Password autoComplete="current-password" />
        </Form.Item>
        <Form.Item name="new" label={t("user.passwordNew")} rules={[{ required: true, min: SHORTEST, message: t("user.passwordShort", { count: SHORTEST }) }]}>
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        <Form.Item
          name="again"
          label={t("user.passwordAgain")}
          dependencies={["new"]}
          rules={[{ validator: (_, value) => (value === form.getFieldValue("new") ? Promise.resolve() : Promise.reject(new Error(t("user.passwordDiffers")))) }]}
        >
          <Input.Password autoComplete="new-password" />
        </Form.Item>
        {change.isError && <Problem error={change.error} />}
      </Form>
    </Modal>
  );
}
