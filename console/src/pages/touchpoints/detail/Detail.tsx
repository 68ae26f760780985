import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Tabs } from "antd";
import { lazy, Suspense } from "react";
import { type Channel, type Detail as Data, touchpoints } from "@/api/touchpoints";
import type { TOUCHPOINT_TABS } from "@/app/routes/touchpoints";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { Loaded, Waiting } from "@/parts/Loaded";
import { PageHead } from "@/parts/PageHead";
import { ChannelMark } from "../ChannelMark";
import { SandboxBadge, SandboxBanner } from "../Sandbox";
import { TouchpointStatus } from "../TouchpointStatus";
import { Arrivals } from "./Arrivals";
import { Overview } from "./Overview";
import "../touchpoints.css";

// Forms and the editor come with their tabs.
const Mapping = lazy(() => import("../mapping/Mapping").then((page) => ({ default: page.Mapping })));
const Settings = lazy(() => import("./Settings").then((page) => ({ default: page.Settings })));
const TestMessage = lazy(() => import("./TestMessage").then((page) => ({ default: page.TestMessage })));

type Tab = (typeof TOUCHPOINT_TABS)[number];

function Content({ touchpoint, channel }: { touchpoint: Data; channel: Channel }) {
  const { t, title } = useText();
  const search = useSearch({ from: "/shell/touchpoints/$name" });
  const navigate = useNavigate({ from: "/touchpoints/$name" });
  const reads = useMay("quarantine.read");
  const writes = useMay("touchpoints.write");
  const tabs: Tab[] = ["overview", ...(reads ? (["arrivals", "mapping"] as const) : []), "settings", ...(writes && channel.messages.length > 0 ? (["message"] as const) : [])];
  const tab = search.tab !== undefined && tabs.includes(search.tab) ? search.tab : "overview";
  const content = { overview: Overview, arrivals: Arrivals, mapping: Mapping, settings: Settings, message: TestMessage }[tab];
  const Shown = content;
  return (
    <>
      <PageHead
        crumb={<Link to="/touchpoints">{t("nav.touchpoints")}</Link>}
        title={title(touchpoint.title, touchpoint.name)}
        sub={
          <span className="op-row">
            <ChannelMark channel={touchpoint.channel} />
            {title(touchpoint.channel_title, touchpoint.channel)} · <span className="op-code">{touchpoint.name}</span>
            {touchpoint.sandbox && <SandboxBadge />}
          </span>
        }
        actions={<TouchpointStatus state={touchpoint.state} />}
      />
      <SandboxBanner touchpoint={touchpoint} />
      <Tabs
        activeKey={tab}
        destroyOnHidden
        onChange={(key) => void navigate({ search: { tab: key as Tab } })}
        items={tabs.map((key) => ({
          key,
          label: <span data-testid={`tab-${key}`}>{t(`touchpoints.tabs.${key}`)}</span>,
          children: key === tab && (
            <Suspense fallback={<Waiting rows={8} />}>
              <Shown touchpoint={touchpoint} channel={channel} />
            </Suspense>
          ),
        }))}
      />
    </>
  );
}

export function Detail() {
  const { name } = useParams({ from: "/shell/touchpoints/$name" });
  const detail = useQuery({ ...touchpoints.one(name), refetchInterval: 15_000 });
  const channels = useQuery(touchpoints.channels());
  return (
    <Loaded query={detail} rows={12}>
      {(data) => (
        <Loaded query={channels} rows={12}>
          {({ items }) => {
            const channel = items.find((one) => one.name === data.channel);
            return channel === undefined ? null : <Content key={data.name} touchpoint={data} channel={channel} />;
          }}
        </Loaded>
      )}
    </Loaded>
  );
}
