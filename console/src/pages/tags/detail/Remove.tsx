import { useNavigate } from "@tanstack/react-router";
import { Modal } from "antd";
import { type TagDetail, useDeleteTag } from "@/api/tags";
import { useText } from "@/lib/useText";
import { TypedConfirm } from "@/pages/touchpoints/TypedConfirm";
import { Problem } from "@/parts/Loaded";
import { useToast } from "@/parts/undo";
import { UsedBy } from "@/parts/UsedBy";

/**
 * Retiring a tag that nobody uses; of others, who uses it. There is no undo: a tag that is saved again has its values
 * with its next run only, and who has it since when begins anew.
 */
export function Remove({ tag, onClose }: { tag: TagDetail; onClose: () => void }) {
  const { t, title } = useText();
  const navigate = useNavigate();
  const remove = useDeleteTag();
  const toast = useToast();
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
      problem={remove.isError && <Problem error={remove.error} />}
      onConfirm={() =>
        remove.mutate(
          { name: tag.name, reason: "" },
          {
            onSuccess: () => {
              toast({ key: `retired ${tag.name}`, title: t("common.retired", { name }) });
              void navigate({ to: "/tags" });
            },
          },
        )
      }
      onClose={onClose}
    />
  );
}
