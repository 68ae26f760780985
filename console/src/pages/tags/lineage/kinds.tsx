import { AimOutlined, ApiOutlined, BranchesOutlined, ExportOutlined, FieldStringOutlined, IdcardOutlined, KeyOutlined, NotificationOutlined, TagOutlined, TeamOutlined, UnorderedListOutlined } from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { LineageNode } from "./graph";

export const ICONS = {
  touchpoint: ApiOutlined,
  event: AimOutlined,
  field: FieldStringOutlined,
  identifier: KeyOutlined,
  attribute: IdcardOutlined,
  tag: TagOutlined,
  segment: TeamOutlined,
  list: UnorderedListOutlined,
  destination: ExportOutlined,
  journey: BranchesOutlined,
  broadcast: NotificationOutlined,
};

/** What a node stands for, as a link to its page where it has one. */
export function NodeLink({ node, children }: { node: LineageNode; children: ReactNode }) {
  if (node.missing) return <>{children}</>;
  if (node.kind === "tag") return <Link to="/tags/$name" params={{ name: node.name }}>{children}</Link>;
  if (node.kind === "segment") return <Link to="/segments/$name" params={{ name: node.name }}>{children}</Link>;
  if (node.kind === "list") return <Link to="/lists/$name" params={{ name: node.name }}>{children}</Link>;
  if (node.kind === "journey") return <Link to="/journeys/$name" params={{ name: node.name }}>{children}</Link>;
  if (node.kind === "broadcast") return <Link to="/broadcasts/$name" params={{ name: node.name }}>{children}</Link>;
  if (node.kind === "touchpoint") return <Link to="/touchpoints/$name" params={{ name: node.name }}>{children}</Link>;
  return <>{children}</>;
}
