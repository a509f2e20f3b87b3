// A graph job as a command line.

import { shellWord } from "../form/curl.js";

const LONGEST = 1500; // characters of JSON that a command line is read with

/** `{command, file}`: the command, and whether it needs the graph as a file in the folder. */
export function curlCommand(origin, { kind, document, name, params, deadline }, withKey) {
  const body = JSON.stringify({ kind, graph: document, params, deadline_s: deadline });
  const file = !document || body.length > LONGEST;
  const parts = ["-F", `kind=${kind}`, "-F", `graph=@${name}`, "--form-string", `params=${JSON.stringify(params)}`, "-F", `deadline_s=${deadline}`];
  const words = file ? parts : ["--json", body];
  const key = withKey ? [`-H "Authorization: Bearer $ITTEN_KEY"`] : [];
  return { command: [...["curl", ...words, `${origin}/jobs`, "-o", "result.json"].map(shellWord), ...key].join(" "), file };
}
