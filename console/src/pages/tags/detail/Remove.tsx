import { useNavigate } from "@tanstack/react-router";
import { App, Modal } from "antd";
import { type TagDetail, useDeleteTag } from "@/api/tags";
import { useText } from "@/lib/useText";
import { TypedConfirm } from "@/pages/touchpoints/TypedConfirm";
import { useErrorText } from "@/parts/Loaded";
import { UsedBy } from "@/parts/UsedBy";

/** Retiring a tag that nobody uses; of others, who uses it. */
export function Remove({ tag, onClose }: { tag: TagDetail; onClose: () => void }) {
  const { t, title } = useText();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const remove = useDeleteTag();
  const errorText = useErrorText();
  const name = title(tag.title, tag.name);
  if (tag.used_by.length > 0) {
    return (
      <Modal open title={t("tags.retireUsed", { tag: name })} footer={null} onCancel={onClose}>
        <p className="op-mute" style={{ marginBottom: 8 }}>
          {t("tags.retireUsedText")}
        </p>
        <UsedBy names={tag.used_by} none="" />
      </Modal>
    );
  }
  return (
    <TypedConfirm
      title={t("tags.retireOf", { tag: name })}
      text={t("tags.retireText")}
      name={tag.name}
      act={t("tags.retire")}
      busy={remove.isPending}
      onConfirm={() =>
        remove.mutate(
          { name: tag.name, reason: "" },
          {
            onSuccess: () => void navigate({ to: "/tags" }),
            onError: (error) => void message.error([errorText(error).title, ...errorText(error).details].join(" "), 8),
          },
        )
      }
      onClose={onClose}
    />
  );
}
