import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Drawer } from "antd";
import { type Customer, queries } from "@/api/queries";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Loaded } from "@/parts/Loaded";
import { Status } from "@/parts/Status";
import { Value } from "@/parts/Value";
import { Why } from "@/parts/Why";

function TagReason({ id, tag }: { id: number; tag: string }) {
  const { t, title } = useText();
  const why = useQuery(queries.tagWhy(id, tag));
  return (
    <Loaded query={why}>
      {(data) => (
        <div className="op-stack">
          <div>
            <span className="op-mute">{t("why.value")}</span>{" "}
            <strong>
              <Value value={data.value === null ? null : title(data.value_title, data.value)} />
            </strong>
            <div className="op-mute">
              {t("why.at")} <Time at={data.at} />
            </div>
          </div>
          <Why reason={data.reason} />
        </div>
      )}
    </Loaded>
  );
}

export function SegmentReason({ id, segment }: { id: number; segment: string }) {
  const { t } = useText();
  const why = useQuery(queries.segmentWhy(id, segment));
  return (
    <Loaded query={why}>
      {(data) => (
        <div className="op-stack">
          <div>
            <Status kind={data.member ? "ok" : "idle"}>{t(data.member ? "why.member" : "why.noMember")}</Status>
            <div className="op-mute">
              {t("why.at")} <Time at={data.at} />
            </div>
          </div>
          <Why reason={data.reason} />
        </div>
      )}
    </Loaded>
  );
}

/** Why the customer has a tag's value (`tag:name`) or is in a segment (`segment:name`). */
export function WhyDrawer({ customer, what, onClose }: { customer: Customer; what: string; onClose: () => void }) {
  const { t, title } = useText();
  const [kind, name] = [what.slice(0, what.indexOf(":")), what.slice(what.indexOf(":") + 1)];
  const id = customer.customer_id;
  const tag = kind === "tag";
  const known = tag ? customer.tags.find((one) => one.tag === name)?.title : customer.segments.find((one) => one.segment === name)?.title;
  const label = title(known, name);
  return (
    <Drawer
      open
      size={520}
      onClose={onClose}
      title={tag ? t("why.ofTag", { tag: label }) : t("why.ofSegment", { segment: label })}
      extra={
        tag ? (
          <Link to="/tags/$name" params={{ name }}>
            {t("why.definition")}
          </Link>
        ) : (
          <Link to="/segments/$name" params={{ name }}>
            {t("why.definition")}
          </Link>
        )
      }
    >
      {tag ? <TagReason id={id} tag={name} /> : <SegmentReason id={id} segment={name} />}
    </Drawer>
  );
}
