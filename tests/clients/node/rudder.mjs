import Analytics from "@rudderstack/rudder-sdk-node";
import { tell } from "./story.mjs";

const { ENDPOINT, WRITE_KEY, GZIP } = process.env;
const client = new Analytics(WRITE_KEY, {
  dataPlaneUrl: ENDPOINT,
  gzip: GZIP === "1",
  flushInterval: 200,
  retryCount: 1,
  logLevel: "error",
  errorHandler: (error) => {
    console.error(error);
    process.exitCode = 1;
  },
});
tell(client, "originalTimestamp");
while (client.queue.length > 0) {
  await client.flush(); // one batch of 20 a time
}
await client.flush(); // waits for the last
process.exit();
