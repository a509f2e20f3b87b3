// The same request as a command line.

import { outputName, sampleUrl } from "./names.js";

/** A POSIX shell word: quoted unless it is plainly safe. */
export function shellWord(text) {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * The curl command that sends the pictures with this order. Files are those of the current folder;
 * samples are fetched there first. The key itself is never in it.
 */
export function curlCommand(origin, { kind, endpoint, fields }, { target, source }, withKey) {
  const words = ["curl", "-F", `target=@${curlFileName(target.name)}`];
  if (source) words.push("-F", `source=@${curlFileName(source.name)}`);
  for (const [name, value] of fields) words.push(isPlain(value) ? "-F" : "--form-string", `${name}=${value}`);
  words.push(origin + endpoint, "-o", notAnOption(outputName(target.name, kind)));
  const fetches = [target, source].filter((picture) => picture?.sample)
    .map((picture) => `curl -fsSO ${shellWord(sampleUrl(origin, picture))} && `);
  const key = withKey ? [`-H "Authorization: Bearer $ITTEN_KEY"`] : [];
  return [...new Set(fetches)].join("") + [...words.map(shellWord), ...key].join(" ");
}

// In -F, curl reads `@`, `<` and `;` of a value as its own.
const isPlain = (value) => /^[A-Za-z0-9#.][A-Za-z0-9#. ,-]*$/.test(value);

// In a file's name also `,`, and it takes a name that holds them in double quotes.
function curlFileName(name) {
  const plain = notAnOption(name);
  if (!/[;,"\\]/.test(plain) && plain.trim() === plain) return plain;
  return `"${plain.replace(/["\\]/g, "\\$&")}"`;
}

// A lone `-` would mean standard input, and `-x` look like an option.
function notAnOption(name) {
  return name.startsWith("-") ? `./${name}` : name;
}
