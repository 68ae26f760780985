import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { BroadcastDetail } from "@/api/broadcasts";
import { lists } from "@/api/lists";
import { messages } from "@/api/messages";
import { queries } from "@/api/queries";
import { said } from "@/lib/said";
import { useChannelName } from "@/lib/useChannelName";
import { useText } from "@/lib/useText";
import { contents, object, text } from "@/pages/messages/definition";
import { Said } from "@/pages/messages/Aside";
import { Waiting } from "@/parts/Loaded";
import { Panel } from "@/parts/PageHead";
import { Status } from "@/parts/Status";
import "@/pages/messages/messages.css";

/** Whom it is for: the name behind which they stand, or that a condition chooses them. */
function Whom({ of }: { of: BroadcastDetail }) {
  const { t, title } = useText();
  const audience = object(of.definition.audience);
  const [segment, list] = [text(audience.segment), text(audience.list)];
  const segments = useQuery({ ...queries.segments(), enabled: segment !== "" }).data?.items;
  const listed = useQuery({ ...lists.all(), enabled: list !== "" }).data?.items;
  if (segment !== "") {
    return (
      <Link to="/segments/$name" params={{ name: segment }}>
        {title(segments?.find((one) => one.name === segment)?.title, segment)}
      </Link>
    );
  }
  if (list !== "") {
    return (
      <Link to="/lists/$name" params={{ name: list }}>
        {title(listed?.find((one) => one.name === list)?.title, list)}
      </Link>
    );
  }
  return t("reach.broadcasts.byCondition");
}

/** What goes out, as somebody would get it: whoever decides on it reads it here. */
export function What({ of }: { of: BroadcastDetail }) {
  const { t, title, language } = useText();
  const channel = useChannelName();
  const message = useQuery(messages.one(of.message)).data;
  // Without a template it is the message's first content for the channel that goes out.
  const own = contents(message?.definition ?? {}).find((one) => text(one.channel) === of.channel);
  const template = text(of.definition.template) || text(own?.template) || undefined;
  const shown = useQuery({ ...messages.preview({ definition: message?.definition ?? {}, template, customer_id: null }), enabled: message !== undefined });
  const found = shown.data;
  return (
    <Panel title={t("reach.broadcasts.what")} testId="broadcast-what">
      <div className="op-stack" style={{ gap: 10 }}>
        <dl className="op-facts">
          <dt>{t("reach.broadcasts.whom")}</dt>
          <dd>
            <Whom of={of} />
          </dd>
          <dt>{t("reach.message")}</dt>
          <dd>
            <Link to="/messages/$name" params={{ name: of.message }}>
              {title(message?.title, of.message)}
            </Link>{" "}
            · {channel(of.channel)}
          </dd>
        </dl>
        {message !== undefined && shown.isPending && <Waiting rows={3} />}
        {found?.problem != null && <Status kind="error">{said(found.problem, language)}</Status>}
        {found?.text != null && <div className="op-message-shown">{found.text}</div>}
        {found?.text === null && found.content !== null && (
          <div className="op-message-shown" style={{ whiteSpace: "normal" }}>
            <Said value={found.content} />
          </div>
        )}
      </div>
    </Panel>
  );
}
