import { Analytics } from "@segment/analytics-node";
import { tell } from "./story.mjs";

const { ENDPOINT, WRITE_KEY } = process.env;
const client = new Analytics({ writeKey: WRITE_KEY, host: ENDPOINT, maxRetries: 2 });
client.on("error", (error) => {
  console.error(error);
  process.exitCode = 1;
});
tell(client, "timestamp");
await client.closeAndFlush();
