import { MoonOutlined, SunOutlined } from "@ant-design/icons";
import { Button, Dropdown } from "antd";
import type { ReactNode } from "react";
import { showLanguage } from "@/i18n";
import { useText } from "@/lib/useText";
import { type Language, preferences, type ThemeChoice, useDark, usePreferences } from "./preferences";

// Each language under its own name, so that it can be found by those who read only that one.
const languages: { key: Language; label: string }[] = [
  { key: "zh-CN", label: "\u7b80\u4f53\u4e2d\u6587" },
  { key: "en", label: "English" },
];

export function LanguageMenu({ icon }: { icon: ReactNode }) {
  const { t } = useText();
  const { language } = usePreferences();
  const shown = languages.find((one) => one.key === language)?.label;
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        items: languages,
        selectedKeys: [language],
        onClick: ({ key }) => {
          const chosen = key as Language;
          void showLanguage(chosen).then(() => preferences.set({ language: chosen }));
        },
      }}
    >
      <Button type="text" icon={icon} aria-label={`${t("user.language")} ${shown ?? ""}`} data-testid="language">
        {shown}
      </Button>
    </Dropdown>
  );
}

const choices: ThemeChoice[] = ["system", "light", "dark"];

export function ThemeMenu() {
  const { t } = useText();
  const dark = useDark();
  const { theme } = usePreferences();
  return (
    <Dropdown
      trigger={["click"]}
      menu={{
        items: choices.map((key) => ({ key, label: t(`user.themes.${key}`) })),
        selectedKeys: [theme],
        onClick: ({ key }) => preferences.set({ theme: key as ThemeChoice }),
      }}
    >
      <Button type="text" icon={dark ? <MoonOutlined /> : <SunOutlined />} aria-label={t("user.theme")} data-testid="theme" />
    </Dropdown>
  );
}
