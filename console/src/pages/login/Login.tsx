import { GlobalOutlined } from "@ant-design/icons";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Button, Form, Input } from "antd";
import { useEffect } from "react";
import icon from "@/app/icon.svg";
import { LanguageMenu } from "@/app/Menus";
import { useLogin } from "@/api/queries";
import { useText } from "@/lib/useText";
import { Problem } from "@/parts/Loaded";
import { placeAfter } from "./next";

export function Login() {
  const { t } = useText();
  const navigate = useNavigate();
  const { next } = useSearch({ from: "/login" });
  const login = useLogin();
  useEffect(() => {
    document.title = `${t("login.title")} · OnePool`;
  }, [t]);
  return (
    <main className="op-login">
      <div className="op-words">
        <div className="op-row" style={{ gap: 12, fontSize: 20, fontWeight: 650 }}>
          <img src={icon} alt="" width={32} height={32} style={{ outline: "1px solid #ffffff40", borderRadius: 7 }} />
          OnePool
        </div>
        <div>
          <p style={{ fontSize: 30, lineHeight: 1.4, fontWeight: 600, maxWidth: "16em", textWrap: "balance" }}>{t("login.promise")}</p>
          <p style={{ marginTop: 16, maxWidth: "34em", color: "#bfdcde" }}>{t("login.what")}</p>
        </div>
        <div style={{ color: "#bfdcde", fontSize: 13 }}>{t("login.open")}</div>
      </div>
      <div className="op-form">
        <div style={{ width: 340 }}>
          <div className="op-row" style={{ justifyContent: "space-between", marginBottom: 24 }}>
            <h1 style={{ fontSize: 22 }}>{t("login.title")}</h1>
            <LanguageMenu icon={<GlobalOutlined />} />
          </div>
          <Form
            layout="vertical"
            requiredMark={false}
            onFinish={(values: { email: string; password: string }) =>
              login.mutate(values, { onSuccess: () => void navigate({ href: placeAfter(next) }) })
            }
          >
            <Form.Item name="email" label={t("login.email")} rules={[{ required: true, message: t("login.emailMissing") }]}>
              <Input size="large" autoComplete="username" data-testid="login-email" />
            </Form.Item>
            <Form.Item name="password" label={t("login.password")} rules={[{ required: true, message: t("login.passwordMissing") }]}>
              <Input.Password size="large" autoComplete="current-password" data-testid="login-password" />
            </Form.Item>
            {login.isError && (
              <Form.Item>
                <Problem error={login.error} />
              </Form.Item>
            )}
            <Button type="primary" size="large" block htmlType="submit" loading={login.isPending} data-testid="login-submit">
              {t("login.enter")}
            </Button>
          </Form>
          <p className="op-mute" style={{ marginTop: 20, fontSize: 13 }}>
            {t("login.first")}
          </p>
        </div>
      </div>
    </main>
  );
}
