import {
  ApiOutlined,
  BranchesOutlined,
  ClockCircleOutlined,
  FlagOutlined,
  GiftOutlined,
  IdcardOutlined,
  NodeIndexOutlined,
  PercentageOutlined,
  RetweetOutlined,
  SendOutlined,
  SolutionOutlined,
  TagOutlined,
} from "@ant-design/icons";
import type { ComponentType } from "react";
import type { Kind } from "@/journeys/model";

export const ICONS: Record<Kind, ComponentType<{ "aria-hidden"?: boolean; style?: React.CSSProperties }>> = {
  send: SendOutlined,
  wait: ClockCircleOutlined,
  branch: BranchesOutlined,
  split: PercentageOutlined,
  issue_coupon: GiftOutlined,
  set_profile: IdcardOutlined,
  tag: TagOutlined,
  task: SolutionOutlined,
  webhook: ApiOutlined,
  call_journey: NodeIndexOutlined,
  repeat: RetweetOutlined,
  end: FlagOutlined,
};
