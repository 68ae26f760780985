import { Modal, Switch } from "antd";
import { Fragment } from "react";
import { useText } from "@/lib/useText";
import type { Place } from "./Palette";
import { preferences, usePreferences } from "./preferences";
import { GOES } from "./useKeys";
import "./palette.css";

/** Which keys there are, and the switch for those that are single. */
export function KeysHelp({ places, onClose }: { places: readonly Place[]; onClose: () => void }) {
  const { t } = useText();
  const { keys } = usePreferences();
  const goes = Object.entries(GOES).flatMap(([key, to]) => places.filter((one) => one.to === to).map((one) => ({ key, name: t(`nav.${one.key as "home"}`) })));
  return (
    <Modal open footer={null} title={t("palette.keys")} onCancel={onClose} width={460}>
      <dl className="op-keys" data-testid="keys-help">
        <dt>
          <kbd>Ctrl</kbd> <kbd>K</kbd>
        </dt>
        <dd>{t("palette.label")}</dd>
        <dt>
          <kbd>/</kbd>
        </dt>
        <dd>{t("palette.search")}</dd>
        {goes.map(({ key, name }) => (
          <Fragment key={key}>
            <dt>
              <kbd>g</kbd> <kbd>{key}</kbd>
            </dt>
            <dd>{name}</dd>
          </Fragment>
        ))}
        <dt>
          <kbd>?</kbd>
        </dt>
        <dd>{t("palette.keys")}</dd>
      </dl>
      <label className="op-row">
        <Switch checked={keys} onChange={(next) => preferences.set({ keys: next })} data-testid="keys-on" />
        {t("palette.single")}
      </label>
    </Modal>
  );
}
