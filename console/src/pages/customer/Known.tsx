import { QuestionCircleOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import type { Customer } from "@/api/queries";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Nothing } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Value } from "@/parts/Value";

/** The customer's tags; each opens the reason for its value. */
export function TagsOf({ tags, onWhy }: { tags: Customer["tags"]; onWhy: (tag: string) => void }) {
  const { t, title, valueTitle } = useText();
  return (
    <Panel title={t("nav.tags")} extra={<span className="op-mute op-num">{tags.length}</span>} testId="customer-tags">
      {tags.length === 0 ? (
        <Nothing title={t("customer.noTags")} text={t("customer.noTagsText")} actions={<Link to="/tags">{t("nav.tags")}</Link>} />
      ) : (
        <ul className="op-list">
          {tags.map((tag) => (
            <li key={tag.tag}>
              <Link to="/tags/$name" params={{ name: tag.tag }} className="op-mute" style={{ flex: "0 0 40%" }}>
                {title(tag.title, tag.tag)}
              </Link>
              <span style={{ flex: 1, minWidth: 0, overflowWrap: "anywhere" }}>
                <Value value={(tag.list ?? [tag.value]).map((one) => valueTitle(tag.value_titles, one))} />
              </span>
              <Button type="text" size="small" icon={<QuestionCircleOutlined />} aria-label={t("why.ofTag", { tag: title(tag.title, tag.tag) })} onClick={() => onWhy(tag.tag)} data-testid={`why-tag-${tag.tag}`}>
                {t("why.short")}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

export function SegmentsOf({ segments, onWhy }: { segments: Customer["segments"]; onWhy: (segment: string) => void }) {
  const { t, title } = useText();
  return (
    <Panel title={t("nav.segments")} extra={<span className="op-mute op-num">{segments.length}</span>} testId="customer-segments">
      {segments.length === 0 ? (
        <Nothing title={t("customer.noSegments")} actions={<Link to="/segments/new">{t("segments.new")}</Link>} />
      ) : (
        <ul className="op-list">
          {segments.map((one) => (
            <li key={one.segment}>
              <span style={{ flex: 1, minWidth: 0 }}>
                <Link to="/segments/$name" params={{ name: one.segment }}>
                  {title(one.title, one.segment)}
                </Link>
                <span className="op-mute" style={{ display: "block", fontSize: 12.5 }}>
                  {t("segments.since")} <Time at={one.since} />
                </span>
              </span>
              <Button type="text" size="small" icon={<QuestionCircleOutlined />} aria-label={t("why.ofSegment", { segment: title(one.title, one.segment) })} onClick={() => onWhy(one.segment)} data-testid={`why-segment-${one.segment}`}>
                {t("why.short")}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

