/** Granary from a file of items in the artifact store to the accepted request with its slices. */
import { UPLOAD } from "../accept.ts";
import { contend, MODEL } from "../contender.ts";
import { onlyRequest, openGranary } from "../granary.ts";

await contend(async ({ folder, simulatorUrl, itemsSha256 = "" }) => {
  await using workspace = await openGranary(folder, simulatorUrl);
  await workspace.submitter.ensure();
  const data = {
    source: "bench",
    requestId: "items",
    provider: "openai",
    model: MODEL,
    itemsRef: { path: UPLOAD, sha256: itemsSha256 },
  };
  const [reply] = await workspace.submitter.handle([{ id: "bench-submit", type: "submit", data }]);
  if (reply?.status !== "accepted") throw new Error(`not accepted: ${JSON.stringify(reply)}`);
  return { items: (await onlyRequest(workspace)).itemCount, waitMs: 0 };
});
