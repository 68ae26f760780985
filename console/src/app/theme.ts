import { theme as antd, type ThemeConfig } from "antd";
import { still } from "./preferences";

const font =
  '-apple-system, BlinkMacSystemFont, "Segoe UI", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", sans-serif';

const shared = {
  fontFamily: font,
  fontFamilyCode: 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", "Noto Sans Mono CJK SC", monospace',
  borderRadius: 6,
  borderRadiusLG: 8,
  wireframe: false,
  // Ant Design waits for its animations to end, so they are switched off here and not by style.
  motion: !still,
};

// All text tokens keep 4.5:1 on the page and panel backgrounds (scripts/look.mjs checks with axe).
const light: ThemeConfig = {
  algorithm: antd.defaultAlgorithm,
  token: {
    ...shared,
    colorPrimary: "#0b6e75",
    colorPrimaryHover: "#117b83",
    colorPrimaryActive: "#08565c",
    colorPrimaryBg: "#e3f1f1",
    colorPrimaryBgHover: "#d3e9ea",
    colorPrimaryBorder: "#9ccbce",
    colorPrimaryBorderHover: "#6fb3b8",
    controlItemBgActive: "#e3f1f1",
    controlItemBgActiveHover: "#d3e9ea",
    controlOutline: "rgba(11, 110, 117, 0.16)",
    colorInfo: "#0b6e75",
    colorInfoBg: "#e9f4f4",
    colorSuccessBg: "#edf8f1",
    colorWarningBg: "#fff5e8",
    colorErrorBg: "#fdf3f1",
    colorLink: "#0a646b",
    colorSuccess: "#1a7541",
    colorWarning: "#a35200",
    colorError: "#c0301c",
    colorTextBase: "#182226",
    colorText: "#1c2629",
    colorTextSecondary: "#47545a",
    colorTextTertiary: "#566368",
    colorTextQuaternary: "#647176",
    colorTextPlaceholder: "#647176",
    colorTextDescription: "#566368",
    colorTextDisabled: "#7a868b",
    colorBgLayout: "#f3f5f5",
    colorBorder: "#cfd7d9",
    colorBorderDisabled: "#dde3e4",
    colorBorderSecondary: "#e3e8e9",
  },
  components: {
    Table: { headerBg: "#f8fafa", headerColor: "#47545a", cellPaddingBlockMD: 9, cellPaddingInlineMD: 12, rowHoverBg: "#f2f8f8", headerSortActiveBg: "#f0f5f5", headerSortHoverBg: "#eaf1f1", bodySortBg: "#fafcfc" },
    Tabs: { horizontalMargin: "0 0 12px 0" },
    Button: { primaryShadow: "none", defaultShadow: "none" },
  },
};

const dark: ThemeConfig = {
  algorithm: antd.darkAlgorithm,
  token: {
    ...shared,
    colorPrimary: "#45bcc4",
    colorPrimaryHover: "#62cbd2",
    colorPrimaryActive: "#35a3ab",
    colorPrimaryBg: "#173539",
    colorPrimaryBgHover: "#1d4247",
    colorPrimaryBorder: "#2b6267",
    controlItemBgActive: "#173539",
    controlItemBgActiveHover: "#1d4247",
    colorInfo: "#45bcc4",
    colorLink: "#62cbd2",
    colorSuccess: "#5cc588",
    colorWarning: "#e5a14c",
    colorError: "#f0806e",
    colorBgBase: "#12191b",
    colorText: "#e4eaeb",
    colorTextSecondary: "#b9c4c7",
    colorTextTertiary: "#a0adb1",
    colorTextQuaternary: "#8f9ca0",
    colorTextPlaceholder: "#8f9ca0",
    colorTextDescription: "#a0adb1",
    colorTextDisabled: "#7b888c",
    colorTextLightSolid: "#072225",
    colorBgLayout: "#0e1416",
    colorBgContainer: "#161f21",
    colorBgElevated: "#1d282b",
    colorBorder: "#3a484c",
    colorBorderDisabled: "#2f3b3e",
    colorBorderSecondary: "#283437",
  },
  components: {
    Table: { headerBg: "#1a2427", headerColor: "#b9c4c7", cellPaddingBlockMD: 9, cellPaddingInlineMD: 12, rowHoverBg: "#1b2729", headerSortActiveBg: "#1f2b2e", headerSortHoverBg: "#243236", bodySortBg: "#182224" },
    Tabs: { horizontalMargin: "0 0 12px 0" },
    Button: { primaryShadow: "none", defaultShadow: "none", primaryColor: "#072225", dangerColor: "#2a0a05" },
    Tooltip: { colorTextLightSolid: "#e4eaeb", colorBgSpotlight: "#2b383b" },
  },
};

export const themes = { light, dark };

/** Chart colours, apart for colour-blind viewers too; at most eight series on one chart. */
export const palette = {
  light: ["#0b6e75", "#d0690b", "#4c5fb0", "#8a4d8f", "#6b8e23", "#a8324e", "#2f7fc1", "#7a6a4f"],
  dark: ["#45bcc4", "#f0a04b", "#92a2ec", "#cf93d4", "#a9cb5f", "#ee8aa0", "#72b7f0", "#c3ae88"],
};
