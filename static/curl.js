// The same request as a command line.

/** A POSIX shell word: quoted unless it is plainly safe. */
export function shellWord(text) {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The curl command that sends the file (found in the current folder) with these fields. */
export function curlCommand(origin, fileName, fields) {
  const words = ["curl", "-F", `target=@${curlFileName(fileName)}`];
  for (const [name, value] of fields) words.push("-F", `${name}=${value}`);
  words.push(`${origin}/shade`, "-o", notAnOption(outputName(fileName)));
  return words.map(shellWord).join(" ");
}

/** The name of the result: that of the input, marked, as PNG. */
export function outputName(fileName) {
  const stem = fileName.replace(/\.[A-Za-z0-9]{1,5}$/, "") || "picture";
  return `${stem}-itten.png`;
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
