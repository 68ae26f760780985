import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Input, type InputRef, Modal } from "antd";
import { type KeyboardEvent, useDeferredValue, useId, useRef, useState } from "react";
import { journeys } from "@/api/journeys";
import { reach } from "@/api/reachable";
import { queries } from "@/api/queries";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import "./palette.css";

export interface Place {
  to: string;
  key: string;
}

interface Found {
  id: string;
  label: string;
  kind: string;
  href: string;
}

/** Of one kind, so many are shown. */
const MOST = 6;
/** Customers are asked for from so many characters on. */
const SHORTEST = 2;

/** What there is, by its name: pages, deeds, segments, tags, journeys, messages, coupons, customers. */
export function Palette({ places, onClose }: { places: readonly Place[]; onClose: () => void }) {
  const { t, title } = useText();
  const navigate = useNavigate();
  const id = useId();
  const field = useRef<InputRef>(null);
  const [typed, setTyped] = useState("");
  const [at, setAt] = useState(0);
  const wanted = useDeferredValue(typed.trim());
  const reads = { journeys: useMay("journeys.read"), messages: useMay("messages.read"), customers: useMay("customers.read"), writes: useMay("journeys.write"), segments: useMay("segments.write"), composes: useMay("messages.write") };
  const programmes = useQuery({ ...journeys.list(), enabled: reads.journeys, staleTime: 60_000 }).data?.items ?? [];
  const segments = useQuery({ ...queries.segments(), staleTime: 60_000 }).data?.items ?? [];
  const tags = useQuery({ ...queries.tags(), staleTime: 60_000 }).data?.items ?? [];
  const messages = useQuery({ ...reach.messages(), enabled: reads.messages }).data ?? [];
  const coupons = useQuery({ ...reach.coupons(), enabled: reads.messages }).data ?? [];
  const people = useQuery({ ...queries.customers({ q: wanted, page: 1, size: 5 }), enabled: reads.customers && wanted.length >= SHORTEST }).data?.items ?? [];

  const named = (kind: "segments" | "tags" | "journeys" | "messages" | "coupons", rows: readonly { name: string; title?: { zh: string; en: string } | null }[]): Found[] =>
    rows.map((one) => ({ id: `${kind}-${one.name}`, label: title(one.title, one.name), kind: t(`nav.${kind}`), href: `/${kind}/${encodeURIComponent(one.name)}` }));
  const deeds: Found[] = [
    ...(reads.writes ? [{ id: "new-journey", label: t("palette.newJourney"), kind: t("palette.deed"), href: "/journeys/new" }, { id: "new-broadcast", label: t("palette.newBroadcast"), kind: t("palette.deed"), href: "/broadcasts?act=new" }] : []),
    ...(reads.segments ? [{ id: "new-segment", label: t("palette.newSegment"), kind: t("palette.deed"), href: "/segments/new" }] : []),
    ...(reads.composes ? [{ id: "new-message", label: t("palette.newMessage"), kind: t("palette.deed"), href: "/messages/new" }] : []),
  ];
  const pages = places.map((one) => ({ id: `page-${one.key}`, label: t(`nav.${one.key as "home"}`), kind: t("palette.page"), href: one.to }));
  const needle = wanted.toLowerCase();
  const matching = (rows: Found[]): Found[] => rows.filter((one) => `${one.label} ${one.id}`.toLowerCase().includes(needle)).slice(0, needle === "" ? undefined : MOST);
  const found =
    needle === ""
      ? [...deeds, ...pages]
      : [
          ...matching(pages),
          ...matching(deeds),
          ...matching(named("journeys", programmes)),
          ...matching(named("segments", segments)),
          ...matching(named("tags", tags)),
          ...matching(named("messages", messages)),
          ...matching(named("coupons", coupons)),
          ...(wanted.length >= SHORTEST ? people : []).map((one) => ({ id: `customer-${one.customer_id}`, label: one.name ?? t("customers.numbered", { id: one.customer_id }), kind: t("nav.customers"), href: `/customers/${one.customer_id}` })),
        ];
  const here = Math.min(at, found.length - 1);
  const go = (one: Found | undefined): void => {
    if (one === undefined) return;
    onClose();
    void navigate({ href: one.href });
  };
  const key = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      const next = (here + step + found.length) % found.length;
      setAt(next);
      document.getElementById(`${id}-${next}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") go(found[here]);
  };
  return (
    <Modal open footer={null} closable={false} title={<span className="op-visually-hidden">{t("palette.label")}</span>} onCancel={onClose} width={560} style={{ top: 80 }} className="op-palette" afterOpenChange={(open) => open && field.current?.focus()}>
      <Input
        ref={field}
        size="large"
        role="combobox"
        aria-expanded
        aria-autocomplete="list"
        aria-controls={`${id}-list`}
        aria-activedescendant={found.length > 0 ? `${id}-${here}` : undefined}
        aria-label={t("palette.label")}
        placeholder={t("palette.placeholder")}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={key}
        data-testid="palette-input"
      />
      <ul id={`${id}-list`} role="listbox" aria-label={t("palette.label")} data-testid="palette-list">
        {found.map((one, i) => (
          // The keyboard stays in the field above, as a combobox has it; the mouse may choose as well.
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events
          <li key={one.id} id={`${id}-${i}`} role="option" aria-selected={i === here} tabIndex={-1} onMouseMove={() => setAt(i)} onClick={() => go(one)}>
            <span>{one.label}</span>
            <span className="op-mute">{one.kind}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="op-mute" role="status">{t("palette.nothing")}</p>}
    </Modal>
  );
}
