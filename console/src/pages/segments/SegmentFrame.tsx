import { EditOutlined } from "@ant-design/icons";
import { Link, useMatchRoute, useNavigate } from "@tanstack/react-router";
import { Button } from "antd";
import type { PropsWithChildren, ReactNode } from "react";
import type { Segment } from "@/api/queries";
import { useMay } from "@/lib/session";
import { useText } from "@/lib/useText";
import { PageHead } from "@/parts/PageHead";
import "./segments.css";

const places = [
  { to: "/segments/$name", key: "overview" },
  { to: "/segments/$name/portrait", key: "portrait" },
  { to: "/segments/$name/versions", key: "versions" },
] as const;

/** The head of a segment's pages, with the way from one to the other. */
export function SegmentFrame({ segment, actions, children }: PropsWithChildren<{ segment: Segment; actions?: ReactNode }>) {
  const { t, title } = useText();
  const may = useMay("segments.write");
  const match = useMatchRoute();
  const navigate = useNavigate();
  const params = { name: segment.name };
  return (
    <>
      <PageHead
        crumb={<Link to="/segments">{t("nav.segments")}</Link>}
        title={title(segment.title, segment.name)}
        sub={
          <>
            <span className="op-code">{segment.name}</span>
            {segment.description !== "" && ` · ${segment.description}`}
          </>
        }
        actions={
          <>
            {actions}
            {may && (
              <Button type="primary" icon={<EditOutlined />} onClick={() => void navigate({ to: "/segments/$name/edit", params })} data-testid="segment-edit">
                {t("segments.edit")}
              </Button>
            )}
          </>
        }
      />
      <nav className="op-subnav" aria-label={t("segments.pagesOf")}>
        {places.map(({ to, key }) => (
          <Link key={key} to={to} params={params} activeOptions={{ exact: true, includeSearch: false }} aria-current={match({ to, params }) !== false ? "page" : undefined} data-testid={`segment-nav-${key}`}>
            {t(`segments.pages.${key}`)}
          </Link>
        ))}
        <Link to="/overlap" search={{ segments: segment.name }} data-testid="segment-nav-overlap">
          {t("segments.pages.overlap")}
        </Link>
      </nav>
      {children}
    </>
  );
}
