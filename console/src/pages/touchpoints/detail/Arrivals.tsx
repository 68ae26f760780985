import { PauseCircleOutlined, PlayCircleOutlined } from "@ant-design/icons";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useEffect, useState } from "react";
import { type Arrival, arrivalsAfter, touchpoints } from "@/api/touchpoints";
import { useText } from "@/lib/useText";
import { Loaded, Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import { ArrivalCard } from "./ArrivalCard";
import type { TabProps } from "./Overview";

const EVERY_MS = 2_000;
const KEPT = 50;

/** Only what is new is asked for; the page keeps the last fifty. */
function useNewer(name: string, paused: boolean, ready: boolean): boolean {
  const cache = useQueryClient();
  const { queryKey } = touchpoints.arrivals(name);
  const [failing, setFailing] = useState(false);
  useEffect(() => {
    if (paused || !ready) return;
    const stop = new AbortController();
    const ask = async (): Promise<void> => {
      if (document.visibilityState === "hidden") return;
      try {
        const known = cache.getQueryData(queryKey)?.items ?? [];
        const newer = await arrivalsAfter(name, known[0]?.offset ?? 0, stop.signal);
        setFailing(false);
        if (newer.items.length > 0) cache.setQueryData(queryKey, (before) => ({ items: [...newer.items, ...(before?.items ?? [])].slice(0, KEPT) }));
      } catch {
        // Leaving the page ends the question; anything else is shown until one succeeds.
        if (!stop.signal.aborted) setFailing(true);
      }
    };
    const timer = setInterval(() => void ask(), EVERY_MS);
    return () => {
      clearInterval(timer);
      stop.abort();
    };
    // The key is made anew at each render and always says the same.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [cache, name, paused, ready]);
  return failing;
}

/** What comes in, as it comes: raw beside what the standard made of it. */
export function Arrivals({ touchpoint, channel }: TabProps) {
  const { t } = useText();
  const [paused, setPaused] = useState(false);
  const list = useQuery({ ...touchpoints.arrivals(touchpoint.name), refetchOnWindowFocus: false });
  const failing = useNewer(touchpoint.name, paused, list.isSuccess);
  const [open, setOpen] = useState<ReadonlySet<number> | null>(null);
  return (
    <Panel
      title={t("touchpoints.arrivals")}
      testId="arrivals"
      extra={
        <>
          <Status kind={failing ? "error" : paused ? "idle" : "ok"}>{t(failing ? "touchpoints.notLive" : paused ? "touchpoints.halted" : "touchpoints.watching")}</Status>
          <Button size="small" icon={paused ? <PlayCircleOutlined /> : <PauseCircleOutlined />} aria-pressed={paused} onClick={() => setPaused(!paused)} data-testid="arrivals-pause">
            {t(paused ? "touchpoints.resumeView" : "touchpoints.pauseView")}
          </Button>
        </>
      }
    >
      <Loaded query={list} rows={8}>
        {(data) => {
          if (data.items.length === 0)
            return (
              <Nothing
                title={t("touchpoints.noArrivals")}
                text={t(channel.hook ? "touchpoints.noArrivalsHook" : "touchpoints.noArrivalsText")}
                actions={
                  <Link to="/touchpoints/$name" params={{ name: touchpoint.name }} search={{ tab: "settings" }}>
                    {t("touchpoints.onTheirSide")}
                  </Link>
                }
              />
            );
          // Until somebody opens or closes one, the newest is open.
          const shown = open ?? new Set(data.items.slice(0, 1).map((one) => one.offset));
          const toggle = (one: Arrival): void => {
            const next = new Set(shown);
            if (!next.delete(one.offset)) next.add(one.offset);
            setOpen(next);
          };
          return (
            <ol className="op-arrivals" aria-live={paused ? "off" : "polite"} aria-relevant="additions">
              {data.items.map((one) => (
                <ArrivalCard key={one.offset} arrival={one} touchpoint={touchpoint.name} open={shown.has(one.offset)} onToggle={() => toggle(one)} />
              ))}
            </ol>
          );
        }}
      </Loaded>
    </Panel>
  );
}
