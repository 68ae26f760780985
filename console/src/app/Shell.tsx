import {
  ApartmentOutlined,
  ApiOutlined,
  BranchesOutlined,
  CarryOutOutlined,
  ContactsOutlined,
  ControlOutlined,
  DatabaseOutlined,
  DeploymentUnitOutlined,
  ExportOutlined,
  FileProtectOutlined,
  GiftOutlined,
  GlobalOutlined,
  HomeOutlined,
  ImportOutlined,
  InboxOutlined,
  MenuFoldOutlined,
  MenuUnfoldOutlined,
  MessageOutlined,
  NotificationOutlined,
  OrderedListOutlined,
  SafetyCertificateOutlined,
  SearchOutlined,
  SendOutlined,
  TagsOutlined,
  TeamOutlined,
  UserOutlined,
} from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useMatchRoute } from "@tanstack/react-router";
import { Button, Dropdown } from "antd";
import { lazy, Suspense, useCallback, useState } from "react";
import { logOut, queries } from "@/api/queries";
import { compact } from "@/lib/format";
import { type Permission, useSession } from "@/lib/session";
import { useText } from "@/lib/useText";
import icon from "./icon.svg";
import { LanguageMenu, ThemeMenu } from "./Menus";
import { useKeys } from "./useKeys";

const Palette = lazy(() => import("./Palette").then((part) => ({ default: part.Palette })));
const KeysHelp = lazy(() => import("./KeysHelp").then((part) => ({ default: part.KeysHelp })));
const Password = lazy(() => import("@/pages/login/Password").then((page) => ({ default: page.Password })));

const places = [
  { to: "/", key: "home", icon: HomeOutlined },
  { to: "/customers", key: "customers", icon: ContactsOutlined },
  { to: "/identity", key: "identity", icon: ApartmentOutlined, needs: "identity.read" },
  { to: "/segments", key: "segments", icon: TeamOutlined, also: "/overlap" },
  { to: "/lists", key: "lists", icon: OrderedListOutlined },
  { to: "/tags", key: "tags", icon: TagsOutlined },
  { to: "/journeys", key: "journeys", icon: BranchesOutlined, needs: "journeys.read" },
  { to: "/broadcasts", key: "broadcasts", icon: NotificationOutlined, needs: "deliveries.read" },
  { to: "/messages", key: "messages", icon: MessageOutlined, needs: "messages.read" },
  { to: "/coupons", key: "coupons", icon: GiftOutlined, needs: "messages.read" },
  { to: "/deliveries", key: "deliveries", icon: SendOutlined, needs: "deliveries.read" },
  { to: "/tasks", key: "tasks", icon: CarryOutOutlined, needs: "deliveries.read" },
  { to: "/consents", key: "consents", icon: FileProtectOutlined, needs: "consents.read" },
  { to: "/policies", key: "policies", icon: ControlOutlined, needs: "deliveries.read" },
  { to: "/touchpoints", key: "touchpoints", icon: ApiOutlined },
  { to: "/destinations", key: "destinations", icon: ExportOutlined, needs: "destinations.read" },
  { to: "/databases", key: "databases", icon: DatabaseOutlined },
  { to: "/imports", key: "imports", icon: ImportOutlined, needs: "quarantine.read" },
  { to: "/map", key: "map", icon: DeploymentUnitOutlined },
  { to: "/quality", key: "quality", icon: SafetyCertificateOutlined },
  { to: "/quarantine", key: "quarantine", icon: InboxOutlined },
] as const;

function Navigation({ narrow }: { narrow: boolean }) {
  const { t, language } = useText();
  const match = useMatchRoute();
  const permissions = useSession()?.user.permissions;
  const may = (permission: Permission): boolean => permissions?.includes(permission) ?? false;
  const waiting = useQuery({ ...queries.home(), refetchInterval: 60_000 }).data?.quarantine_open ?? 0;
  return (
    <ul className="op-nav">
      {places.filter((place) => !("needs" in place) || may(place.needs)).map((place) => {
        const { to, key, icon: Icon } = place;
        const here = match({ to, fuzzy: to !== "/" }) !== false || ("also" in place && match({ to: place.also }) !== false);
        return (
          <li key={to}>
            <Link to={to} aria-current={here ? "page" : undefined} aria-label={narrow ? t(`nav.${key}`) : undefined} title={narrow ? t(`nav.${key}`) : undefined} data-testid={`nav-${key}`}>
              <Icon aria-hidden />
              {!narrow && <span>{t(`nav.${key}`)}</span>}
              {!narrow && key === "quarantine" && waiting > 0 && <span className="op-badge">{compact(waiting, language)}</span>}
            </Link>
          </li>
        );
      })}
    </ul>
  );
}

export function Shell() {
  const { t } = useText();
  const session = useSession();
  // Times are the workspace's; a viewer elsewhere is told which.
  const zone = session?.workspace.time_zone;
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const [narrow, setNarrow] = useState(false);
  const [password, setPassword] = useState(false);

  const [open, setOpen] = useState<"palette" | "keys">();
  const showPalette = useCallback(() => setOpen("palette"), []);
  const showKeys = useCallback(() => setOpen("keys"), []);
  useKeys({ onPalette: showPalette, onHelp: showKeys });
  const permissions = session?.user.permissions;
  const reached = places.filter((place) => !("needs" in place) || permissions?.includes(place.needs) === true);

  const leave = async (): Promise<void> => {
    await logOut();
    // A new page, so that nothing of what was seen stays in memory and nothing on this one asks again.
    window.location.assign("/login");
  };

  return (
    <div className="op-shell" data-narrow={narrow}>
      <a className="op-skip" href="#main">
        {t("nav.skip")}
      </a>
      <Link to="/" className="op-brand" title={t("nav.home")}>
        <img src={icon} alt="" />
        <span className={narrow ? "op-visually-hidden" : undefined}>OnePool</span>
      </Link>
      <header className="op-header">
        <Button type="text" icon={narrow ? <MenuUnfoldOutlined /> : <MenuFoldOutlined />} aria-label={t("nav.fold")} aria-expanded={!narrow} onClick={() => setNarrow(!narrow)} />
        <span className="op-mute op-place-name">
          {session?.workspace.name}
          {zone !== undefined && zone !== here && <span title={t("user.zone")}> · {zone}</span>}
        </span>
        <span className="op-grow" />
        <Button type="text" icon={<SearchOutlined />} aria-label={t("palette.label")} title={`${t("palette.label")} (Ctrl K)`} onClick={showPalette} data-testid="palette" />
        <LanguageMenu icon={<GlobalOutlined />} />
        <ThemeMenu />
        <Dropdown
          trigger={["click"]}
          menu={{
            items: [
              { key: "who", disabled: true, label: `${session?.user.email ?? ""} · ${session === undefined ? "" : t(`roles.${session.user.role}`)}` },
              { type: "divider" },
              { key: "password", label: t("user.password") },
              { key: "keys", label: t("palette.keys") },
              { key: "leave", label: t("user.signOut"), "data-testid": "sign-out" } as { key: string; label: string },
            ],
            onClick: ({ key }) => {
              if (key === "password") setPassword(true);
              if (key === "keys") showKeys();
              if (key === "leave") void leave();
            },
          }}
        >
          <Button type="text" icon={<UserOutlined />} aria-label={`${t("user.menu")} ${session?.user.name ?? ""}`} data-testid="user-menu">
            {session?.user.name}
          </Button>
        </Dropdown>
      </header>
      <nav className="op-side" aria-label={t("nav.label")}>
        <Navigation narrow={narrow} />
      </nav>
      <main className="op-main" id="main" tabIndex={-1} data-scroll-restoration-id="main">
        <div className="op-page">
          <Outlet />
        </div>
      </main>
      {open !== undefined && (
        <Suspense>
          {open === "palette" ? <Palette places={reached} onClose={() => setOpen(undefined)} /> : <KeysHelp places={reached} onClose={() => setOpen(undefined)} />}
        </Suspense>
      )}
      {password && (
        <Suspense>
          <Password onClose={() => setPassword(false)} />
        </Suspense>
      )}
    </div>
  );
}
