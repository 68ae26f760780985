import { describe, expect, it } from "vitest";
import type { Setting } from "@/api/touchpoints";
import { faultsAt, faultsOf, freshName, parted, savedOf, shownOf } from "./form";

const setting = (name: string, more: Partial<Setting> = {}): Setting => ({ name, kind: "text", title: { zh: name, en: name }, help: null, required: false, default: null, options: {}, pattern: null, unverified: false, ...more });
const none = new Set<string>();

describe("the form of a touchpoint", () => {
  it("asks for what is needed first, and for at most seven things before more", () => {
    const many = [setting("a"), setting("needed", { required: true }), setting("unsure", { unverified: true }), ...["b", "c", "d", "e"].map((one) => setting(one))];
    const { first, more } = parted("any", many);
    expect(first.map((one) => one.name)).toEqual(["a", "needed", "b", "c", "d"]);
    expect(more.map((one) => one.name)).toEqual(["unsure", "e"]);
    expect(parted("webhook", [setting("rules", { kind: "object" }), setting("each")]).first.map((one) => one.name)).toEqual(["each"]);
  });

  it("says what is missing or looks wrong before anything is sent", () => {
    const settings = [setting("appid", { required: true, pattern: "wx[0-9]+" }), setting("token", { kind: "secret", required: true }), setting("odd", { pattern: "(?P<x>a)" }), setting("list", { kind: "object" })];
    expect(faultsOf(settings, {}, none, none)).toEqual({ appid: "missing", token: "missing" });
    expect(faultsOf(settings, { appid: "nonsense", token: "s" }, none, new Set(["list"]))).toEqual({ appid: "pattern", list: "text" });
    expect(faultsOf(settings, { appid: "wx1", odd: "b" }, new Set(["token"]), none)).toEqual({});
  });

  it("saves no defaults, nothing empty, and secrets apart", () => {
    const settings = [setting("appid"), setting("mode", { default: "safe" }), setting("must", { default: "x", required: true }), setting("key", { kind: "secret" }), setting("other", { kind: "secret" }), setting("env", { kind: "secret" })];
    const { settings: saved, secrets } = savedOf(settings, { appid: " wx1 ", mode: "safe", must: "x", key: " s3cret ", env: "env:ONEPOOL_SECRET_KEY" }, { other: "file:secrets/a.other" });
    expect(saved).toEqual({ appid: "wx1", must: "x", other: "file:secrets/a.other", env: "env:ONEPOOL_SECRET_KEY" });
    expect(secrets).toEqual({ key: "s3cret" });
    expect(shownOf(settings, { key: "file:secrets/a.key", appid: "wx1" })).not.toHaveProperty("key");
  });

  it("puts the server's faults at their fields", () => {
    expect(faultsAt([{ place: "settings.appid", message: "no" }, { place: "name", message: "taken" }])).toEqual({ appid: "no" });
  });

  it("finds a name that is free", () => {
    expect([freshName("sms", []), freshName("sms", ["sms", "sms_2"])]).toEqual(["sms", "sms_3"]);
  });
});
