/**
 * The kinds of files, and what tells them apart: a column that no other kind has.
 */

/** @type {Record<string, { label: string, column: RegExp }>} by the last segment of the path that takes them */
export const KINDS = {
  polls: { label: "Polls", column: /^status$/i },
  hours: { label: "Weekly hours", column: /^(day|dayofweek)$/i },
  timezones: { label: "Zones", column: /^timezone_str$/i },
  "special-days": { label: "Special days", column: /^date$/i },
  exclusions: { label: "Exclusions", column: /^(from_utc|weekly)$/i },
  attributes: { label: "Attributes", column: /./ },
};

const HEAD = 4096; // bytes of a file that its header is in

/** @param {File} file */
async function head(file) {
  const bytes = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    const reader = file.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
    const { value } = await reader.read();
    await reader.cancel();
    return new TextDecoder().decode(value?.slice(0, HEAD));
  }
  const mark = bytes[0] * 256 + bytes[1];
  return new TextDecoder(mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : "utf-8").decode(bytes);
}

/**
 * The kind that a file is likely of, by its header. The service decides.
 * @param {File} file
 */
export async function guess(file) {
  const lines = (await head(file)).split(/\r?\n/).filter((line) => line && !/^sep=/i.test(line));
  const columns = (lines[0] ?? "").split(/[,;\t]/).map((name) => name.replace(/^\s*"?|"?\s*$/g, ""));
  const found = Object.entries(KINDS).find(([, { column }]) => columns.some((name) => column.test(name)));
  return found?.[0] ?? "polls";
}
