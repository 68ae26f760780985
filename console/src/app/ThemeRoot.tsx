import { App, ConfigProvider, type ConfigProviderProps, theme } from "antd";
import { type PropsWithChildren, useEffect, useLayoutEffect, useState } from "react";
import { type Language, useDark, usePreferences } from "./preferences";
import { themes } from "./theme";

type Locale = NonNullable<ConfigProviderProps["locale"]>;

const locales: Record<Language, () => Promise<Locale>> = {
  "zh-CN": async () => {
    await import("dayjs/locale/zh-cn");
    return (await import("antd/locale/zh_CN")).default;
  },
  en: async () => (await import("antd/locale/en_US")).default,
};

/** Ant Design's own texts (and the calendar's) in a language. */
export async function loadLocale(language: Language): Promise<Locale> {
  const [locale, dayjs] = await Promise.all([locales[language](), import("dayjs")]);
  dayjs.default.locale(language === "zh-CN" ? "zh-cn" : "en");
  return locale;
}

/** Ant Design's tokens as variables for app/console.css. */
function Variables() {
  const { token } = theme.useToken();
  const dark = useDark();
  useLayoutEffect(() => {
    const values: Record<string, string> = {
      layout: token.colorBgLayout,
      panel: token.colorBgContainer,
      subtle: dark ? "#1a2427" : "#f8fafa",
      hover: dark ? "#1f2b2e" : "#f0f4f4",
      track: dark ? "#2b383b" : "#e3eaeb",
      line: token.colorBorderSecondary,
      "line-soft": dark ? "#222d30" : "#edf1f1",
      text: token.colorText,
      "text-2": token.colorTextSecondary,
      "text-3": token.colorTextTertiary,
      link: token.colorLink,
      accent: token.colorPrimary,
      "accent-soft": dark ? "#173539" : "#e3f1f1",
      "accent-line": dark ? "#2b6267" : "#9ccbce",
      "accent-text": dark ? "#7fd9df" : "#08565c",
      ok: token.colorSuccess,
      warn: token.colorWarning,
      bad: token.colorError,
      "bad-soft": dark ? "#2a1a17" : "#fdf3f1",
      "bad-line": dark ? "#5e332b" : "#f1c9c2",
      mono: token.fontFamilyCode,
    };
    const root = document.documentElement;
    for (const [name, value] of Object.entries(values)) root.style.setProperty(`--op-${name}`, value);
    root.style.colorScheme = dark ? "dark" : "light";
    root.style.fontFamily = token.fontFamily;
  }, [token, dark]);
  return null;
}

/**
 * Theme and locale around everything. The first locale is there before the first render: Ant Design builds another tree
 * without one, and everything below would start anew (with what was typed lost) when it came.
 */
export function ThemeRoot({ first, children }: PropsWithChildren<{ first: Locale }>) {
  const { language } = usePreferences();
  const dark = useDark();
  const [locale, setLocale] = useState(first);
  useEffect(() => {
    let wanted = true;
    void loadLocale(language).then((texts) => {
      if (wanted) setLocale(texts);
    });
    return () => {
      wanted = false;
    };
  }, [language]);
  return (
    <ConfigProvider theme={dark ? themes.dark : themes.light} locale={locale} button={{ autoInsertSpace: false }}>
      <Variables />
      <App component={false}>{children}</App>
    </ConfigProvider>
  );
}
