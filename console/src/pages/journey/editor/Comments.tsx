import { CheckOutlined, RollbackOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { App, Button, Input, Select, Switch } from "antd";
import { useId, useState } from "react";
import { comments, type JourneyComment, useAddComment, useResolveComment } from "@/api/comments";
import { inOrder } from "@/journeys/model";
import { threads } from "@/journeys/comments";
import { useMay } from "@/lib/session";
import { author } from "@/lib/title";
import { useText } from "@/lib/useText";
import { Time } from "@/parts/Figures";
import { Loaded, useErrorText } from "@/parts/Loaded";
import { stepOptions, type Words } from "../words";
import { useEditing } from "./context";

function useFailed() {
  const { message } = App.useApp();
  const errorText = useErrorText();
  return (error: unknown): void => {
    const text = errorText(error);
    void message.error([text.title, ...text.details].join(" "));
  };
}

/** One comment, with what was made of it. */
function Said({ journey, one }: { journey: string; one: JourneyComment }) {
  const { t } = useText();
  const may = useMay("journeys.write");
  const resolve = useResolveComment(journey);
  const onError = useFailed();
  const done = one.resolved_at !== null;
  return (
    <li className="op-comment" data-resolved={done} data-testid="comment">
      <header>
        <strong>{author(one.author)}</strong>
        <span className="op-mute">
          <Time at={one.at} show="relative" />
        </span>
        {may && (
          <Button size="small" type="text" icon={done ? <RollbackOutlined /> : <CheckOutlined />} loading={resolve.isPending} onClick={() => resolve.mutate({ id: one.id, resolved: !done }, { onError })} data-testid="comment-resolve">
            {t(done ? "journey.comments.reopen" : "journey.comments.resolve")}
          </Button>
        )}
      </header>
      <p>{one.text}</p>
      {done && (
        <p className="op-mute">
          {t("journey.comments.resolvedBy", { who: author(one.resolved_by) })} <Time at={one.resolved_at} show="relative" />
        </p>
      )}
    </li>
  );
}

/** Where something is said; of a step, or of the journey with a choice of the step. */
function Say({ journey, node, words }: { journey: string; node?: string; words: Words }) {
  const { t } = useText();
  const { definition } = useEditing();
  const add = useAddComment(journey);
  const onError = useFailed();
  const [text, setText] = useState("");
  const [about, setAbout] = useState("");
  const id = useId();
  const keep = (): void => {
    if (text.trim() !== "") add.mutate({ text, node: (node ?? about) || null }, { onSuccess: () => setText(""), onError });
  };
  return (
    <div className="op-comment-say">
      <label htmlFor={id}>{t("journey.comments.say")}</label>
      {node === undefined && <Select<string> aria-label={t("journey.comments.about")} value={about} onChange={setAbout} options={[{ value: "", label: t("journey.comments.whole") }, ...stepOptions(definition, words)]} />}
      <Input.TextArea
        id={id}
        autoSize={{ minRows: 2, maxRows: 8 }}
        maxLength={2000}
        value={text}
        placeholder={t("journey.comments.placeholder")}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) keep();
        }}
        data-testid="comment-text"
      />
      <Button disabled={text.trim() === ""} loading={add.isPending} onClick={keep} data-testid="comment-add">
        {t("journey.comments.add")}
      </Button>
    </div>
  );
}

/** What was said of one step, or of the journey and all its steps. */
export function Comments({ journey, node, words }: { journey: string; node?: string; words: Words }) {
  const { t } = useText();
  const may = useMay("journeys.write");
  const { definition, setOpen } = useEditing();
  const [resolved, setResolved] = useState(false);
  const query = useQuery(comments.of(journey));
  return (
    <Loaded query={query} rows={3}>
      {({ items }) => {
        const mine = node === undefined ? items : items.filter((one) => one.node === node);
        const shown = threads(mine, inOrder(definition), resolved);
        const hidden = mine.filter((one) => one.resolved_at !== null).length;
        return (
          <section className="op-comments" data-testid="comments">
            {node !== undefined && <h3>{t("journey.comments.label")}</h3>}
            {hidden > 0 && (
              <label className="op-row">
                <Switch size="small" checked={resolved} onChange={setResolved} data-testid="comments-resolved" /> {t("journey.comments.showResolved", { count: hidden })}
              </label>
            )}
            {shown.length === 0 && <p className="op-mute">{t("journey.comments.none")}</p>}
            {shown.map((thread) => (
              <div key={thread.node}>
                {node === undefined && (
                  <h3>
                    {thread.node === "" ? (
                      t("journey.comments.whole")
                    ) : thread.gone ? (
                      <span className="op-mute">{t("journey.comments.gone", { step: thread.node })}</span>
                    ) : (
                      <Button type="link" size="small" onClick={() => setOpen({ kind: "node", name: thread.node })}>
                        {words.step(definition, thread.node)}
                      </Button>
                    )}
                  </h3>
                )}
                <ul>
                  {thread.items.map((one) => (
                    <Said key={one.id} journey={journey} one={one} />
                  ))}
                </ul>
              </div>
            ))}
            {may && <Say journey={journey} node={node} words={words} />}
          </section>
        );
      }}
    </Loaded>
  );
}
