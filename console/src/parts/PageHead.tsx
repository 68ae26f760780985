import { type PropsWithChildren, type ReactNode, useEffect } from "react";

interface Props {
  title: string;
  sub?: ReactNode;
  crumb?: ReactNode;
  actions?: ReactNode;
}

/** The page's only h1, its document title and its actions. */
export function PageHead({ title, sub, crumb, actions }: Props) {
  useEffect(() => {
    document.title = `${title} · OnePool`;
  }, [title]);
  return (
    <div className="op-head">
      <div>
        {crumb !== undefined && <div className="op-crumb">{crumb}</div>}
        <h1>{title}</h1>
        {sub !== undefined && <div className="op-sub">{sub}</div>}
      </div>
      {actions !== undefined && <div className="op-actions">{actions}</div>}
    </div>
  );
}

interface PanelProps {
  title: string;
  extra?: ReactNode;
  flush?: boolean;
  testId?: string;
}

/** A titled part of a page; `flush` lets a table run to the edges. */
export function Panel({ title, extra, flush = false, testId, children }: PropsWithChildren<PanelProps>) {
  return (
    <section className="op-panel" aria-label={title} data-testid={testId}>
      <header>
        <h2>{title}</h2>
        {extra !== undefined && <div className="op-extra">{extra}</div>}
      </header>
      <div className={flush ? "op-body op-flush" : "op-body"}>{children}</div>
    </section>
  );
}
