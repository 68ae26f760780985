// The Sensors mini-program client in a runtime that answers like WeChat's, as far as the client asks.
import { createRequire } from "node:module";

const { ENDPOINT, PREFIX } = process.env;
const stored = new Map();
const requests = [];

const ask = (answer) => (asked = {}) => {
  asked.success?.(answer);
  asked.complete?.(answer);
  return answer;
};
globalThis.wx = {
  getStorageSync: (key) => stored.get(key) ?? "",
  setStorageSync: (key, value) => void stored.set(key, value),
  getStorage: ({ key, success, complete, fail }) => {
    const data = stored.get(key);
    if (data === undefined) fail?.({ errMsg: "getStorage:fail" });
    else success?.({ data });
    complete?.({ data });
  },
  setStorage: ({ key, data, success, complete }) => {
    stored.set(key, data);
    success?.({});
    complete?.({});
  },
  removeStorageSync: (key) => void stored.delete(key),
  removeStorage: ask({}),
  getSystemInfo: ask({ brand: "devtools", model: "iPhone 12", pixelRatio: 2, system: "iOS 15.1", platform: "ios", screenWidth: 390, screenHeight: 844, windowWidth: 390, windowHeight: 800, SDKVersion: "3.0.0", version: "8.0.5" }),
  getSystemInfoSync: () => ({ brand: "devtools", model: "iPhone 12", system: "iOS 15.1", platform: "ios", screenWidth: 390, screenHeight: 844, SDKVersion: "3.0.0" }),
  getNetworkType: ask({ networkType: "wifi" }),
  onNetworkStatusChange: () => {},
  getAccountInfoSync: () => ({ miniProgram: { appId: "wx1234567890abcdef", version: "1.2.3", envVersion: "release" } }),
  getLaunchOptionsSync: () => ({ path: "pages/index", query: {}, scene: 1011 }),
  getEnterOptionsSync: () => ({ path: "pages/index", query: {}, scene: 1011 }),
  onAppShow: () => {},
  onAppHide: () => {},
  canIUse: () => true,
  request: ({ url, data, method, header, success, fail, complete }) => {
    const sent = fetch(url, { method, headers: header, body: data }).then(
      async (answer) => {
        const told = { statusCode: answer.status, data: await answer.text() };
        (answer.ok ? success : fail)?.(told);
        complete?.(told);
        if (!answer.ok) process.exitCode = 1;
      },
      (error) => {
        console.error(error);
        process.exitCode = 1;
        fail?.(error);
      },
    );
    requests.push(sent);
    return { abort: () => {} };
  },
};
globalThis.App = (options) => void (globalThis.shop = options);
globalThis.Page = () => {};
globalThis.Component = () => {};
globalThis.Behavior = () => {};
globalThis.getApp = () => globalThis.shop;
globalThis.getCurrentPages = () => [{ route: "pages/index", options: {} }];

const sensors = createRequire(import.meta.url)("sa-sdk-miniprogram");
sensors.setPara({ name: "sensors", server_url: ENDPOINT, show_log: false, batch_send: { send_timeout: 300, max_length: 20 } });
App({ onLaunch() {} });
sensors.init();
sensors.track("ViewProduct", { product_id: "p-1", price: 12 });
sensors.setOpenid(`${PREFIX}-openid`);
sensors.setUnionid(`${PREFIX}-unionid`);
sensors.login(`${PREFIX}-u1`);
sensors.setProfile({ nickname: "张三" });
sensors.incrementProfile({ visits: 2 });
sensors.appendProfile({ favourites: ["x"] });
sensors.bind("$identity_mobile", "13912345678");
sensors.track("AddCart", { product_id: "p-1", first_seen: new Date(2024, 0, 2, 3, 4, 5, 7) });
for (let waited = 0; waited < 20; waited++) {
  await new Promise((done) => setTimeout(done, 200));
  if (waited > 6 && requests.length > 0) break;
}
await Promise.all(requests);
process.exit();
