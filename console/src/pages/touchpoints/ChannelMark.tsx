import {
  AlipayCircleOutlined,
  ApiOutlined,
  AppstoreOutlined,
  BellOutlined,
  DatabaseOutlined,
  FileTextOutlined,
  FormOutlined,
  GlobalOutlined,
  MailOutlined,
  MessageOutlined,
  MobileOutlined,
  NotificationOutlined,
  PhoneOutlined,
  ShopOutlined,
  ShoppingOutlined,
  TaobaoOutlined,
  TikTokOutlined,
  VideoCameraOutlined,
  WechatOutlined,
  WechatWorkOutlined,
  WeiboOutlined,
} from "@ant-design/icons";
import type { ComponentType } from "react";

const marks: Record<string, ComponentType> = {
  wechat_oa: WechatOutlined, wechat_mini: AppstoreOutlined, wechat_channels: VideoCameraOutlined, wecom: WechatWorkOutlined,
  douyin: TikTokOutlined, kuaishou: VideoCameraOutlined, xiaohongshu: ShoppingOutlined, weibo: WeiboOutlined, tmall: TaobaoOutlined, taobao: TaobaoOutlined, jd: ShoppingOutlined,
  pinduoduo: ShoppingOutlined, youzan: ShopOutlined, weimob: ShopOutlined, alipay: AlipayCircleOutlined,
  sms: MessageOutlined, email: MailOutlined, push: BellOutlined, phone: PhoneOutlined, direct_mail: MailOutlined, ads: NotificationOutlined,
  app: MobileOutlined, web: GlobalOutlined, h5: GlobalOutlined, store: ShopOutlined, crm: DatabaseOutlined, erp: DatabaseOutlined, database: DatabaseOutlined, file: FileTextOutlined, webhook: FormOutlined,
};

/** The sign of a channel; its title stands beside it. */
export function ChannelMark({ channel }: { channel: string }) {
  const Mark = marks[channel] ?? ApiOutlined;
  return (
    <span className="op-channel" aria-hidden>
      <Mark />
    </span>
  );
}
