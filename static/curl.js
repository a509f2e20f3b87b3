// The same request as a command line.

/** A POSIX shell word: quoted unless it is plainly safe. */
export function shellWord(text) {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The curl command that sends the file (found in the current folder) with this order. */
export function curlCommand(origin, fileName, { kind, endpoint, fields }, withKey) {
  const words = ["curl", "-F", `target=@${curlFileName(fileName)}`];
  for (const [name, value] of fields) words.push("-F", `${name}=${value}`);
  words.push(origin + endpoint, "-o", notAnOption(outputName(fileName, kind)));
  const key = withKey ? [`-H "Authorization: Bearer $ITTEN_KEY"`] : []; // never the key itself
  return [...words.map(shellWord), ...key].join(" ");
}

/** The name of the result: that of the input, marked. */
export function outputName(fileName, kind, ending = "png") {
  const stem = fileName.replace(/\.[A-Za-z0-9]{1,5}$/, "") || "picture";
  return `${stem}-${kind === "drawing" ? "drawing" : "itten"}.${ending}`;
}

// In -F, curl reads `;` and `,` as its own and takes a name that holds them in double quotes.
function curlFileName(name) {
  const plain = notAnOption(name);
  if (!/[;,"\\]/.test(plain) && plain.trim() === plain) return plain;
  return `"${plain.replace(/["\\]/g, "\\$&")}"`;
}

// A lone `-` would mean standard input, and `-x` look like an option.
function notAnOption(name) {
  return name.startsWith("-") ? `./${name}` : name;
}
