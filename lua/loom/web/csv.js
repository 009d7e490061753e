/**
 * Files of CSV that people keep: as all of Loom's, with LF at the ends of lines.
 */

/** @param {unknown} value a field, quoted where it has to be; what a spreadsheet would compute is text to it */
export function field(value) {
  const plain = value === null || value === undefined ? "" : String(value);
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(plain) && Number.isNaN(Number(plain)) ? "'" + plain : plain;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/**
 * The text of a file.
 * @param {unknown[][]} rows
 */
export function text(rows) {
  return rows.map((row) => row.map(field).join(",") + "\n").join("");
}

/**
 * Has the browser keep a file.
 * @param {string} name
 * @param {string} content
 */
export function save(name, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "text/csv;charset=utf-8" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
