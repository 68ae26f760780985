import { useNavigate } from "@tanstack/react-router";
import { Modal } from "antd";
import { type TagDetail, useDeleteTag, useSaveTag } from "@/api/tags";
import type { JsonObject } from "@/conditions/model";
import { useText } from "@/lib/useText";
import { TypedConfirm } from "@/pages/touchpoints/TypedConfirm";
import { useUndoable } from "@/parts/undo";
import { UsedBy } from "@/parts/UsedBy";

/** Retiring a tag that nobody uses; of others, who uses it. */
export function Remove({ tag, onClose }: { tag: TagDetail; onClose: () => void }) {
  const { t, title } = useText();
  const navigate = useNavigate();
  const remove = useDeleteTag();
  const again = useSaveTag(null);
  const undoable = useUndoable();
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
        void undoable(t("common.removed", { name }), remove.mutateAsync({ name: tag.name, reason: "" }), () => again.mutateAsync({ definition: tag.definition as JsonObject, version: null, reason: "" })).then((gone) => {
          if (gone) void navigate({ to: "/tags" });
        })
      }
      onClose={onClose}
    />
  );
}
